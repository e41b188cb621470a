"""The service behind the pages: answers that grow by replicates, newest question first, workers that may die."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from experiments.dashboard import service as module
from experiments.dashboard.desk import Desk
from experiments.dashboard.service import BUDGET, Answer, Answers, Ticket, key_of
from experiments.dashboard.workers import NICENESS, Kept, RememberingEngine, Task
from experiments.engine import ModelEngine
from experiments.ensemble import Outcome, Plan, replicate, run_plan
from experiments.pool import Failure, attempt
from sim.errors import InputError
from sim.scenario import Scenario, Setting, load_scenario

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
# What a short answer shares with a full one; the full one adds luck and the two halves of the policy.
SHARED = ("targets", "reached", "series", "fiscal", "province", "contradictions", "places")
WHOLE = 3


def plan_of(name: str = "as_written", **changes: Any) -> Plan:
    return replace(Desk(load_scenario(name)).plan(), **{"scale": 400, "replicates": WHOLE, **changes})


def shared(document: Any, leave: tuple[str, ...] = ()) -> Any:
    """Return the parts that two documents must share, as they travel to the page."""
    found = json.loads(json.dumps({name: document[name] for name in SHARED}, allow_nan=False))
    for row in found["targets"]:
        for name in leave:
            del row[name]
    return found


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """The answer of the library, in this process, with the plain engine."""
    return run_plan(plan_of())


@pytest.fixture(scope="module")
def answers() -> Iterator[Answers]:
    service = Answers(workers=2)
    yield service
    service.close()


def finished(answers: Answers, ticket: Ticket) -> Answer:
    answer = answers.wait(ticket, WHOLE, PATIENCE)
    assert answer.done == answer.wanted == WHOLE
    return answer


# The numbers


def test_the_answer_grows_and_is_at_every_size_that_of_the_library(answers, outcome):
    ticket = answers.ask("prefix", plan_of())
    seen = []
    for k in range(1, WHOLE + 1):
        answer = answers.wait(ticket, k, PATIENCE)
        assert answer.done >= k
        assert answer.document is not None
        assert answer.document["replicates"] == answer.done
        prefix = Outcome(
            replace(outcome.plan, replicates=answer.done), outcome.replicates[: answer.done], {}, outcome.units
        )
        assert shared(answer.document) == shared(prefix.verdict)
        seen.append(answer.done)
    assert seen[-1] == WHOLE
    assert (answer.error, answer.superseded, answer.cached) == (None, False, False)
    each = answers.outcome(ticket, WHOLE)
    assert each is not None
    assert [row.arms["policy"].targets for row in each.replicates] == [
        row.arms["policy"].targets for row in outcome.replicates
    ]
    assert answers.outcome(ticket, WHOLE + 1) is None


def test_the_first_replicates_of_a_long_run_are_the_short_run(outcome):
    short = run_plan(plan_of(replicates=1))
    first = Outcome(short.plan, outcome.replicates[:1], {}, outcome.units)
    assert shared(first.verdict) == shared(short.verdict)


def test_the_short_answer_equals_the_full_one_where_both_speak(outcome):
    full = run_plan(plan_of(explain=True)).verdict
    assert shared(full, leave=("luck_share",)) == shared(outcome.verdict, leave=("luck_share",))
    assert outcome.verdict["groups"] == {}
    assert full["groups"]["supports"]


def test_places_change_nothing_else(outcome):
    without = run_plan(plan_of(places=False, replicates=1)).verdict
    assert "places" not in without
    first = Outcome(replace(outcome.plan, replicates=1), outcome.replicates[:1], {}, outcome.units).verdict
    assert json.dumps({**first, "places": 0}) == json.dumps({**without, "places": 0})


@pytest.mark.slow
def test_a_worker_that_remembers_gives_the_numbers_of_one_that_does_not():
    """Workers keep starts, draws and results of other questions: none of it may leak into this one."""
    first = plan_of(places=False, scale=1000)
    changes: list[dict[str, Any]] = [
        {},
        {"scenario": load_scenario("as_written").with_levers({"I13a": 7.0})},
        {"rule": "final"},
        {"share": "implied"},
        {"path": "as_seen_in_2020"},
        {"horizon": 2030},
        {"assume": {"P01": 0.1}},
        {"seed": 8},
        {"scale": 500},
        {"places": True},
        {},
    ]
    remembers = RememberingEngine()
    remembers.prepare()
    for change in changes:
        plan = replace(first, **change)
        found, wanted = (replicate(plan, engine, 0) for engine in (remembers, ModelEngine()))
        assert found.parameters == wanted.parameters, change
        for arm in ("policy", "against"):
            mine, fresh = found.arms[arm], wanted.arms[arm]
            assert (mine.targets, mine.yearly, mine.paid, mine.rationed) == (
                fresh.targets,
                fresh.yearly,
                fresh.paid,
                fresh.rationed,
            ), change
            assert (mine.sites is None, fresh.sites is None) == (not plan.places, not plan.places)


def test_asking_again_after_undo_answers_at_once(answers):
    first = finished(answers, answers.ask("undo", plan_of()))
    answers.ask("undo", plan_of("baseline", replicates=1))
    again = answers.ask("undo", plan_of())
    assert again.cached
    answer = answers.look(again)
    assert (answer.done, answer.cached, answer.superseded) == (WHOLE, True, False)
    assert answer.document is first.document


def test_the_same_question_again_is_the_same_ticket(answers):
    plan = plan_of()
    assert answers.ask("same", plan) is answers.ask("same", replace(plan, workers=2))


def test_another_session_shares_the_answer(answers):
    finished(answers, answers.ask("one", plan_of()))
    ticket = answers.ask("two", plan_of())
    assert ticket.cached
    assert answers.look(ticket).done == WHOLE


def test_a_shared_answer_carries_the_name_that_its_session_uses(answers):
    plan = plan_of()
    finished(answers, answers.ask("first", plan))
    mine = replace(plan, scenario=replace(plan.scenario, name="mine", title={"en": "My own", "zh": "自拟"}))
    document = answers.look(answers.ask("second", mine)).document
    assert (document["scenario"], document["titles"]["scenario"]["en"]) == ("mine", "My own")
    again = answers.ask("second", plan)
    assert again.cached
    assert answers.look(again).document["scenario"] == plan.scenario.name


@pytest.mark.slow
@pytest.mark.parametrize("when", ["idle", "busy"])
def test_a_worker_that_is_killed_is_replaced_and_the_numbers_stay(when, outcome, caplog):
    service = Answers(workers=1)
    try:
        first = plan_of(replicates=20 if when == "busy" else 1)  # twenty keep it busy until it is killed
        service.wait(service.ask("killed", first), 1, PATIENCE)
        (pid,) = service.pids()
        os.kill(pid, signal.SIGKILL)
        if when == "busy":
            long = service.ask("killed", first)
            assert service.wait(long, 2, PATIENCE).error is None
            for index in (0, 1):
                found = service._questions[long.key].finished[index]
                assert not isinstance(found, Failure)
                for arm in ("policy", "against"):
                    assert found.arms[arm].targets == outcome.replicates[index].arms[arm].targets
        answer = finished(service, service.ask("killed", plan_of()))
        assert answer.error is None
        assert answer.document is not None
        assert answer.document["failed"] == 0
        assert shared(answer.document) == shared(outcome.verdict)
        assert service.pids() != [pid]
        assert f"code {-signal.SIGKILL}" in caplog.text
    finally:
        service.close()


# Failures


def broken_plan() -> Plan:
    """A plan that passes no door: only a mistake in the program could make it."""
    park = {
        "id": "north_park",
        "title_en": "x",
        "title_zh": "x",
        "near": "nowhere",
        "minutes": 1.0,
        "planned_area": 1.0,
    }
    return replace(plan_of(), scenario=Scenario("broken", parks=(park,)))


def test_a_run_that_fails_gives_a_code_and_the_service_goes_on(answers, caplog):
    answer = answers.wait(answers.ask("fails", broken_plan()), WHOLE, PATIENCE)
    assert answer.error is not None
    assert re.fullmatch("E-[0-9A-F]+", answer.error)
    assert answer.document is None
    assert f"{answer.error}: replicate" in caplog.text
    assert "Traceback" in caplog.text
    finished(answers, answers.ask("fails", plan_of()))
    assert answers.look(answers.ask("fails", broken_plan())).error == answer.error
    with answers._changed:  # the other worker may be at it still, and would write into the log of the next test
        assert answers._changed.wait_for(lambda: not any(q.running for q in answers._questions.values()), PATIENCE)


def test_what_the_user_can_mend_is_said_in_words(monkeypatch, outcome, caplog):
    def refuses(task: Task) -> Any:
        if task.plan.seed == 1:
            return attempt(refused, task.index)
        return outcome.replicates[task.index]

    gate = Gate(refuses)
    gate.let(100)
    monkeypatch.setattr(module, "Worker", gate.worker)
    service = Answers(workers=1, interrupts=False)
    try:
        answer = service.wait(service.ask("s", plan_of(seed=1)), WHOLE, PATIENCE)
        assert answer.error == "levers: I13a: too much; choose less"
        assert seeds(gate.tasks) == [(1, 0)]  # nothing more is tried
        assert "Traceback" not in caplog.text
        assert service.wait(service.ask("s", plan_of(seed=2)), WHOLE, PATIENCE).done == WHOLE
    finally:
        service.close()


def refused(_: int) -> Any:
    raise InputError("levers: I13a: too much; choose less")


def test_a_question_above_the_run_budget_is_refused(answers):
    with pytest.raises(ValueError, match=str(BUDGET)):
        answers.ask("greedy", plan_of(replicates=BUDGET + 1))


def test_the_key_of_a_question_is_what_decides_its_answer():
    plan = plan_of()
    assert key_of(plan) == key_of(replace(plan, workers=2))
    assert key_of(plan) == key_of(replace(plan, scenario=replace(plan.scenario, name="other", title={}, why={})))
    others = [
        replace(plan, **change)
        for change in (
            {"seed": 8},
            {"horizon": 2030},
            {"rule": "each"},
            {"share": "implied"},
            {"path": "as_seen_in_2020"},
            {"scale": 200},
            {"replicates": 20},
            {"assumptions": "central"},
            {"assume": {"P01": 0.05}},
            {"scenario": Scenario("x", levers={"I13a": Setting(5.0)})},
            {"scenario": Scenario("x", levers={"I13a": Setting(5.0, 5)})},
            {"against": Scenario("x", levers={"I13a": Setting(5.0)})},
        )
    ]
    assert len({key_of(row) for row in [plan, *others]}) == len(others) + 1


# Order, with workers that wait until they are told to go on


class Gate:
    """Stands in for worker processes: notes what is handed out, and answers when it is let."""

    def __init__(self, answer: Callable[[Task], Any]) -> None:
        self.tasks: list[Task] = []
        self.answer = answer
        self.go = threading.Semaphore(0)
        self.handed = threading.Condition()

    def worker(self) -> StandIn:
        return StandIn(self)

    def let(self, count: int) -> None:
        for _ in range(count):
            self.go.release()

    def wait_for(self, count: int) -> list[Task]:
        with self.handed:
            assert self.handed.wait_for(lambda: len(self.tasks) >= count, PATIENCE)
            return list(self.tasks)


class StandIn:
    """One worker of a gate."""

    pid = 0

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.closed = False

    def run(self, task: Task, urgent: bool = False) -> tuple[Any, float]:
        with self.gate.handed:
            self.gate.tasks.append(task)
            self.gate.handed.notify_all()
        self.gate.go.acquire()
        if self.closed:
            raise EOFError
        return self.gate.answer(task), 0.0

    def close(self) -> int:
        self.closed = True
        self.gate.let(1)
        return 0


@pytest.fixture
def gated(monkeypatch, outcome) -> Iterator[tuple[Gate, Answers]]:
    gate = Gate(lambda task: outcome.replicates[task.index % WHOLE])
    monkeypatch.setattr(module, "Worker", gate.worker)
    service = Answers(workers=1, interrupts=False)
    yield gate, service
    service.close()


def seeds(tasks: list[Task]) -> list[tuple[int, int]]:
    return [(task.plan.seed, task.index) for task in tasks]


def test_a_newer_question_supersedes_the_older(gated):
    gate, service = gated
    old = service.ask("s", plan_of(seed=1, replicates=20))
    gate.wait_for(1)
    new = service.ask("s", plan_of(seed=2, replicates=20))
    assert new.number == old.number + 1
    answer = service.wait(old, 20, PATIENCE)  # comes back at once, although nothing is finished
    assert (answer.superseded, answer.done) == (True, 0)
    assert not service.look(new).superseded
    gate.let(3)
    assert seeds(gate.wait_for(4)) == [(1, 0), (2, 0), (2, 1), (2, 2)]
    assert service.look(old).done == 1  # what was finished is kept


def test_back_to_an_older_question_goes_on_where_it_stopped(gated):
    gate, service = gated
    service.ask("s", plan_of(seed=1, replicates=20))
    gate.let(1)
    gate.wait_for(2)
    service.ask("s", plan_of(seed=2, replicates=20))
    back = service.ask("s", plan_of(seed=1, replicates=20))
    assert not back.cached
    gate.let(1)
    assert seeds(gate.wait_for(3)) == [(1, 0), (1, 1), (1, 2)]


def test_two_sessions_are_served_in_turn(gated):
    gate, service = gated
    one = service.ask("one", plan_of(seed=1, replicates=20))
    gate.wait_for(1)
    two = service.ask("two", plan_of(seed=2, replicates=20))
    assert service.look(two).waiting == 1
    gate.let(5)
    assert seeds(gate.wait_for(6)) == [(1, 0), (2, 0), (1, 1), (2, 1), (1, 2), (2, 2)]
    assert not service.look(one).superseded
    assert not service.look(two).superseded


def test_the_first_replicates_of_a_question_interrupt_longer_work(monkeypatch, outcome):
    gate = Gate(lambda task: outcome.replicates[task.index % WHOLE])
    monkeypatch.setattr(module, "Worker", gate.worker)
    service = Answers(workers=1)
    try:
        service.ask("heavy", plan_of(seed=1, replicates=20))
        assert seeds(gate.wait_for(2)) == [(1, 0), (1, 1)]  # an idle worker, and its other lane
        service.ask("light", plan_of(seed=2, replicates=20))
        gate.let(1)  # whichever of the two ends: the next thing is the first answer of the light session
        assert seeds(gate.wait_for(3))[2] == (2, 0)
    finally:
        gate.let(100)
        service.close()


def test_a_busy_worker_leaves_a_long_run_for_a_short_one_and_gives_the_same_numbers(outcome):
    """Real worker process: the long replicate is many times the short ones, and they are finished before it."""
    long = plan_of("as_written", scale=20, replicates=1, horizon=2030)
    alone = run_plan(replace(long, workers=1)).replicates[0]
    service = Answers(workers=1)
    try:
        slow = service.ask("slow", long)
        running = service._questions[slow.key]
        with service._changed:
            assert service._changed.wait_for(lambda: running.running, PATIENCE)
        quick = service.ask("quick", plan_of(replicates=2))
        answer = service.wait(quick, 2, PATIENCE)
        assert (answer.done, service.look(slow).done) == (2, 0)
        assert shared(answer.document) == shared(
            replace(outcome, plan=replace(outcome.plan, replicates=2), replicates=outcome.replicates[:2]).verdict
        )
        assert service.wait(slow, 1, PATIENCE).done == 1
        found = running.finished[0]
        assert not isinstance(found, Failure)
        for arm in ("policy", "against"):
            assert (found.arms[arm].targets, found.arms[arm].paid) == (alone.arms[arm].targets, alone.arms[arm].paid)
    finally:
        service.close()


def test_a_session_that_is_dropped_is_not_served(gated):
    gate, service = gated
    ticket = service.ask("gone", plan_of(seed=1, replicates=20))
    gate.wait_for(1)
    service.drop("gone")
    service.ask("here", plan_of(seed=2, replicates=20))
    gate.let(2)
    assert [seed for seed, _ in seeds(gate.wait_for(3))] == [1, 2, 2]
    assert service.look(ticket).superseded


def test_nobody_sees_a_replicate_before_those_ahead_of_it(monkeypatch, outcome):
    gate = Gate(lambda task: outcome.replicates[task.index])
    monkeypatch.setattr(module, "Worker", gate.worker)
    service = Answers(workers=2)
    try:
        ticket = service.ask("s", plan_of())
        gate.wait_for(2)
        question = service._questions[ticket.key]
        question.finished[2] = outcome.replicates[2]
        assert service.look(ticket).done == 0
        assert service.look(ticket).document is None
        gate.let(2)
        assert service.wait(ticket, WHOLE, PATIENCE).done == WHOLE
    finally:
        service.close()


def test_a_worker_that_dies_twice_at_one_replicate_is_a_failure_with_a_code(monkeypatch, outcome):
    def dies(task: Task) -> Any:
        if task.plan.seed == 1:
            raise EOFError
        return outcome.replicates[task.index]

    gate = Gate(dies)
    gate.let(100)
    monkeypatch.setattr(module, "Worker", gate.worker)
    service = Answers(workers=1, interrupts=False)
    try:
        answer = service.wait(service.ask("s", plan_of(seed=1)), WHOLE, PATIENCE)
        assert answer.error is not None
        assert answer.error.startswith("E-")
        assert seeds(gate.tasks) == [(1, 0), (1, 0)]
        assert service.wait(service.ask("s", plan_of(seed=2)), WHOLE, PATIENCE).done == WHOLE
    finally:
        service.close()


def test_a_failure_after_good_replicates_keeps_their_answer(monkeypatch, outcome):
    gate = Gate(lambda task: Failure("planted", "trace") if task.index == 2 else outcome.replicates[task.index])
    gate.let(100)
    monkeypatch.setattr(module, "Worker", gate.worker)
    service = Answers(workers=1, interrupts=False)
    try:
        ticket = service.ask("s", plan_of())
        service.wait(ticket, WHOLE, PATIENCE)
        answer = service.look(ticket)
        assert answer.error is not None
        assert answer.document is not None
        assert answer.document["failed"] == 1
        assert len(answer.document["reached"]["counts"]) == 2
    finally:
        service.close()


def test_old_questions_are_forgotten_and_can_be_asked_again(gated):
    gate, service = gated
    first = service.ask("first", plan_of(seed=1000))
    for seed in range(module.QUESTIONS):
        service.ask(f"session {seed}", plan_of(seed=seed))
    answer = service.look(first)
    assert (answer.superseded, answer.document) == (True, None)
    assert service.wait(first, 1, PATIENCE).superseded
    again = service.ask("first", plan_of(seed=1000))
    assert not service.look(again).superseded
    gate.let(1000)
    assert service.wait(again, WHOLE, PATIENCE).done == WHOLE


def test_kept_forgets_what_was_used_longest_ago():
    kept: Kept[str, int] = Kept(2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.found("a") == 1
    kept.put("c", 3)
    assert list(kept) == ["a", "c"]
    assert kept.found("b") is None


# The end


def gone(pid: int) -> bool:
    """Say whether a process has ended: there is none, or it waits for a parent that does not ask."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def soon(found: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while not found() and time.monotonic() < deadline:
        time.sleep(0.02)
    return found()


@pytest.mark.parametrize("busy", [False, True])
def test_close_leaves_no_process_and_no_thread(busy):
    before = set(threading.enumerate())
    service = Answers(workers=2)
    pids = service.pids()
    assert len(set(pids)) == 2
    if busy:
        service.wait(service.ask("s", plan_of(replicates=20, seed=3)), 1, PATIENCE)
    service.close()
    assert all(gone(pid) for pid in pids)
    assert service.pids() == pids  # nobody was replaced on the way
    assert not [thread for thread in threading.enumerate() if thread not in before]
    service.close()  # a second time does no harm


def test_workers_end_with_their_server():
    code = (
        "import os, sys\n"
        "from experiments.dashboard.service import Answers\n"
        "print(*Answers(workers=2).pids(), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    assert done.returncode == -signal.SIGKILL
    assert all(soon(lambda pid=pid: gone(pid)) for pid in pids)


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this system shares its cores by niceness alone")
def test_workers_leave_the_cores_to_the_page_although_each_is_a_session_of_its_own(answers):
    for pid in answers.pids():
        assert soon(lambda pid=pid: Path(f"/proc/{pid}/autogroup").read_text().endswith(f"nice {NICENESS}\n"))


def test_a_session_that_keeps_moving_does_not_starve_another(gated):
    gate, service = gated
    service.ask("drags", plan_of(seed=1, replicates=20))
    gate.wait_for(1)
    service.ask("waits", plan_of(seed=2, replicates=20))
    for move in range(6):  # faster than replicates finish
        service.ask("drags", plan_of(seed=10 + move, replicates=20))
        gate.let(1)
        gate.wait_for(2 + move)
    assert sum(seed == 2 for seed, _ in seeds(gate.tasks)) == 3


def test_the_session_that_is_forgotten_is_the_one_not_seen_for_longest(gated, monkeypatch):
    gate, service = gated
    monkeypatch.setattr(module, "SESSIONS", 2)
    old = service.ask("old", plan_of(seed=1, replicates=1))
    gate.let(1)
    service.wait(old, 1, PATIENCE)
    served = service.ask("served", plan_of(seed=2, replicates=20))
    gate.wait_for(2)
    new = service.ask("new", plan_of(seed=3, replicates=20))
    assert [service.look(ticket).superseded for ticket in (old, served, new)] == [True, False, False]


def test_a_worker_that_cannot_be_used_stops_nobody_else(monkeypatch, outcome, caplog):
    def breaks(task: Task) -> Any:
        if task.plan.seed == 1:
            raise RuntimeError("a planted failure of the pipe")
        return outcome.replicates[task.index]

    gate = Gate(breaks)
    gate.let(100)
    monkeypatch.setattr(module, "Worker", gate.worker)
    service = Answers(workers=1, interrupts=False)
    try:
        answer = service.wait(service.ask("s", plan_of(seed=1)), WHOLE, PATIENCE)
        assert re.fullmatch("E-[0-9A-F]+", answer.error or "")
        assert "a planted failure of the pipe" in caplog.text
        assert service.wait(service.ask("s", plan_of(seed=2)), WHOLE, PATIENCE).done == WHOLE
    finally:
        service.close()


def test_a_question_that_lost_its_workers_can_be_asked_again(monkeypatch, outcome):
    deaths = iter([True, True])

    def dies(task: Task) -> Any:
        if next(deaths, False):
            raise EOFError
        return outcome.replicates[task.index]

    gate = Gate(dies)
    gate.let(100)
    monkeypatch.setattr(module, "Worker", gate.worker)
    service = Answers(workers=1, interrupts=False)
    try:
        answer = service.wait(service.ask("s", plan_of()), WHOLE, PATIENCE)
        assert re.fullmatch("E-[0-9A-F]+", answer.error or "")
        answer = finished(service, service.ask("other", plan_of()))
        assert answer.error is None
    finally:
        service.close()

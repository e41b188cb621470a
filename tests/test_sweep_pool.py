"""The pool of a sweep under planted faults: workers that die, hang, eat memory, cannot write, and are killed at random.

Faults are counted with files, because the process that commits them does not live to count.
"""

from __future__ import annotations

import errno
import itertools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import weakref
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.sweep import pool, worker
from experiments.sweep.pool import Finished, Job, PoolError, StopFlag, methods, serve
from experiments.sweep.worker import memory_limit
from sim.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
METHODS = methods()
PROCESSES = tuple(method for method in METHODS if method != "inline")
# Where a fresh interpreter teaches nothing that the fork server does not: it takes half a second for each worker.
QUICK = tuple(method for method in PROCESSES if method != "spawn")
PER_JOB = 4

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="who is alive is read in /proc")


@dataclass(frozen=True)
class Few:
    retry: int = 2
    timeout_s: float = 60.0
    memory_mb: int = 1024


class CannotTravel(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def started(pid: int | str) -> str | None:
    """Return when a process began, in ticks since boot; None if it is gone or only waits to be collected."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] in "ZX" else after_name[19]


# Asked for and never touched. More than a large process may have freed and kept: that is given again without asking.
HUGE = 2 * 2**30


@dataclass(frozen=True)
class Planted:
    """Work of a few numbers; `faults` says what happens at a run, and how many times it does."""

    folder: Path
    faults: dict[int, tuple[str, int]] = field(default_factory=dict)
    at_prepare: tuple[str, int] | None = None
    at_finish: tuple[str, int] | None = None
    pause: float = 0.0
    preload: tuple[str, ...] = ("pytest",)

    def again(self, name: str, times: int) -> bool:
        """Count a try and say whether the fault is still on."""
        for k in itertools.count():
            try:
                (self.folder / f"{name}.{k}").touch(exist_ok=False)
            except FileExistsError:
                continue
            return k < times

    def fault(self, name: str, planted: tuple[str, int] | None) -> Any:
        if planted is not None and self.again(name, planted[1]):
            return getattr(self, planted[0])()
        return None

    def prepare(self) -> None:
        (self.folder / f"pid-{os.getpid()}").write_text(started(os.getpid()) or "")
        self.fault("prepare", self.at_prepare)

    def begin(self, job: Job) -> None:
        (self.folder / f"began-{job.number}").touch()

    def run(self, number: int) -> tuple[Any, ...]:
        note = self.fault(f"run-{number}", self.faults.get(number))
        time.sleep(self.pause)
        return (number, "ok", note, number * number)

    def lost(self, number: int, status: str, message: str) -> tuple[Any, ...]:
        return (number, status, message)

    def finish(self, job: Job, rows: list[Any]) -> tuple[Any, ...]:
        self.fault("finish", self.at_finish)
        return tuple(rows)

    # The faults.

    def kill(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def leave(self) -> None:
        os._exit(3)

    def crash(self) -> None:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGSEGV)

    def hang(self) -> None:
        time.sleep(600)

    def spin(self) -> None:
        while True:
            pass

    def stubborn(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        self.spin()

    def eat(self) -> str:
        try:
            return str(np.empty(HUGE, np.uint8).size)
        except MemoryError:
            return "no memory"

    def fill(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "part-00000.parquet")

    def blunder(self) -> None:
        raise ZeroDivisionError("a planted mistake")

    def quit(self) -> None:
        raise SystemExit(0)

    def strange(self) -> None:
        raise CannotTravel(1, 2)


def jobs_of(count: int, size: int = PER_JOB) -> list[Job]:
    return [Job(k, tuple(range(k * size, (k + 1) * size))) for k in range(count)]


def clean(job: Job) -> tuple[Any, ...]:
    return tuple((number, "ok", None, number * number) for number in job.runs)


def compute(work: Planted, jobs: Any, method: str = "fork", workers: int = 2, **limits: Any) -> list[Finished]:
    with closing(serve(jobs, work, workers=workers, method=method, limits=Few(**limits), stop=StopFlag())) as results:
        return sorted(results, key=lambda finished: finished.job.number)


def rows_of(results: list[Finished]) -> dict[int, tuple[Any, ...]]:
    return {row[0]: row for finished in results for row in finished.payload}


def workers_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("pid-*"))


def alive(folder: Path) -> list[str]:
    """Return the workers that ever said their number here and still live."""
    files = [path for path in workers_of(folder) if path.name != f"pid-{os.getpid()}"]
    return [path.name for path in files if started(path.name.removeprefix("pid-")) == (path.read_text() or "?")]


def wait_until(condition: Any, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def tries(folder: Path, name: str) -> int:
    return len(list(folder.glob(f"{name}.*")))


@pytest.fixture(autouse=True)
def no_child_survives(tmp_path):
    yield
    assert multiprocessing.active_children() == []
    assert wait_until(lambda: not alive(tmp_path), 2.0), alive(tmp_path)
    zombies = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(parent) == os.getpid():
            zombies.append(path.parent.name)
    assert zombies == []


# --- the same results, whoever computes them -----------------------------------------------------------------------


@pytest.mark.parametrize(("method", "workers"), [("inline", 1), *itertools.product(PROCESSES, (1, 2, 4))])
def test_results_are_the_same(tmp_path, method, workers):
    jobs = jobs_of(7)
    results = compute(Planted(tmp_path), iter(jobs), method, workers)
    assert [(finished.job, finished.payload, finished.lost) for finished in results] == [
        (job, clean(job), 0) for job in jobs
    ]
    assert len(workers_of(tmp_path)) <= workers
    assert len(list(tmp_path.glob("began-*"))) == 7


@pytest.mark.parametrize(
    ("method", "workers", "killed"), [("inline", 1, False), *itertools.product(QUICK, (1, 3), (False, True))]
)
def test_jobs_that_are_known_later_find_the_workers_still_warm(tmp_path, method, workers, killed):
    """What comes after depends on what was before it: jobs say None until all of them are finished."""
    waiting, finished = [], []

    def later():
        for first in (0, 4, 8):
            for job in jobs_of(12)[first : first + 4]:
                waiting.append(job)
                yield job
            while len(finished) < first + 4:
                yield None

    work = Planted(tmp_path, {5: ("kill", 1)} if killed else {})
    with closing(serve(later(), work, workers=workers, method=method, limits=Few(), stop=StopFlag())) as results:
        for result in results:
            assert len(waiting) <= 4 * (len(finished) // 4 + 1), "a job was handed out too early"
            finished.append(result)
    assert sorted(result.job.number for result in finished) == list(range(12))
    assert all(result.payload == clean(result.job) for result in finished)
    extra = 3 if killed else 0  # the one that died, the one that was there for the suspect alone, and who came after
    assert len(workers_of(tmp_path)) <= workers + extra


@pytest.mark.parametrize("method", ["inline", *QUICK])
def test_nothing_to_do(tmp_path, method):
    assert compute(Planted(tmp_path), [], method) == []
    assert compute(Planted(tmp_path), [Job(0, ())], method)[0].payload == ()


@pytest.mark.parametrize("method", ["fork", "inline"])
def test_jobs_are_taken_one_by_one(tmp_path, method):
    taken = []

    def endless():
        for number in itertools.count():
            taken.append(number)
            yield Job(number, (number,))

    results = serve(endless(), Planted(tmp_path), workers=2, method=method, limits=Few(), stop=StopFlag())
    with closing(results):
        for k, _ in enumerate(results, 1):
            assert len(taken) <= k + 2
            if k == 30:
                break


def test_the_start_method_of_the_process_is_neither_used_nor_changed(tmp_path):
    before = multiprocessing.get_start_method(allow_none=True)
    try:
        multiprocessing.set_start_method("spawn", force=True)  # as Mesa does when it is imported
        # A class made here cannot be pickled, so only a worker that was really forked can have it.
        local = type("Local", (Planted,), {})
        assert compute(local(tmp_path), jobs_of(1))[0].payload == clean(jobs_of(1)[0])
        assert multiprocessing.get_start_method() == "spawn"
    finally:
        multiprocessing.set_start_method(before, force=True)


def test_the_model_is_preloaded_for_forked_workers():
    code = """
import sys
from experiments.sweep.pool import Job, StopFlag, serve
from tests.test_sweep_pool import Few
class Loaded:
    def prepare(self): pass
    def run(self, number): return "sim.model" in sys.modules
    def lost(self, number, status, message): pass
    def finish(self, job, rows): return rows
assert "sim.model" not in sys.modules
print([f.payload for f in serve([Job(0, (0,))], Loaded(), workers=1, method="fork", limits=Few(), stop=StopFlag())])
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=surroundings(), capture_output=True, text=True)
    assert done.stdout == "[[True]]\n", done.stderr


@pytest.mark.parametrize(("workers", "method"), [(0, "fork"), (1, "frok")])
def test_bad_settings_are_refused(tmp_path, workers, method):
    with pytest.raises(InputError, match=f"{workers}|{method}"):
        serve([], Planted(tmp_path), workers=workers, method=method, limits=Few(), stop=StopFlag())


# --- workers that die ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["kill", "leave", "crash"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_worker_that_dies_costs_nothing_but_time(tmp_path, fault, times):
    jobs = jobs_of(5)
    results = compute(Planted(tmp_path, {6: (fault, times), 13: (fault, 1)}), jobs)
    assert [finished.payload for finished in results] == [clean(job) for job in jobs]
    assert tries(tmp_path, "run-6") == times + 1
    assert [finished.lost for finished in results] == [0] * 5


@pytest.mark.parametrize(("method", "workers"), [("fork", 1), ("fork", 4), ("forkserver", 2), ("spawn", 2)])
def test_a_run_that_always_kills_is_recorded(tmp_path, method, workers):
    jobs = jobs_of(3)
    results = compute(Planted(tmp_path, {5: ("kill", 99)}), jobs, method, workers)
    rows = rows_of(results)
    assert rows.pop(5) == (5, "killed", "its worker died 3 times in this run, the last time by SIGKILL")
    assert rows == {number: (number, "ok", None, number**2) for number in range(12) if number != 5}
    assert [finished.lost for finished in results] == [0, 1, 0]
    assert tries(tmp_path, "run-5") == 3  # the first time, and two more


def test_every_run_of_a_job_kills(tmp_path):
    results = compute(Planted(tmp_path, {number: ("leave", 99) for number in range(4)}), jobs_of(2), workers=1)
    assert [row[1] for row in results[0].payload] == ["killed"] * 4
    assert results[0].lost == 4 and results[1].payload == clean(jobs_of(2)[1])
    assert "exit code 3" in results[0].payload[0][2]


def test_a_suspect_is_alone_in_its_process(tmp_path):
    class Diary(Planted):
        def run(self, number):
            with (tmp_path / f"diary-{os.getpid()}").open("a") as diary:
                diary.write(f"{number}\n")
            return super().run(number)

    compute(Diary(tmp_path, {2: ("kill", 2)}), jobs_of(2), workers=1)
    diaries = [path.read_text().split() for path in tmp_path.glob("diary-*")]
    assert sorted(diaries) == [["0", "1", "2"], ["0", "1", "3", "4", "5", "6", "7"], ["2"], ["2"]]


@pytest.mark.parametrize("method", QUICK)
@pytest.mark.parametrize("when", ["at_prepare", "at_finish"])
def test_a_worker_that_dies_outside_a_run_is_replaced(tmp_path, method, when):
    jobs = jobs_of(2)
    results = compute(Planted(tmp_path, **{when: ("kill", 2)}), jobs, method, workers=1)
    assert [finished.payload for finished in results] == [clean(job) for job in jobs]


@pytest.mark.parametrize("method", QUICK)
@pytest.mark.parametrize(("when", "words"), [("at_prepare", "while starting"), ("at_finish", "while writing")])
def test_a_worker_that_cannot_live_ends_the_sweep(tmp_path, method, when, words):
    with pytest.raises(PoolError, match=rf"part 0: its worker died 3 times .*{words} \(with exit code 3\)"):
        compute(Planted(tmp_path, **{when: ("leave", 99)}), jobs_of(1), method, workers=1)
    assert len(workers_of(tmp_path)) == 3


@pytest.mark.parametrize("refusals", [8, 10**9])
def test_a_fork_server_that_is_dying_refuses_for_a_moment_and_not_for_ever(tmp_path, monkeypatch, refusals):
    start, left = pool._Pool._start_once, [refusals]

    def refused(self, task):
        left[0] -= 1
        if left[0] >= 0:
            raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        start(self, task)

    monkeypatch.setattr(pool._Pool, "_start_once", refused)
    monkeypatch.setattr(pool, "_PAUSE", 0.001)
    if refusals < 10:
        assert [finished.payload for finished in compute(Planted(tmp_path), jobs_of(2))] == [*map(clean, jobs_of(2))]
        return
    monkeypatch.setattr(pool, "_PATIENCE", 0.1)
    with pytest.raises(PoolError, match="no worker can be started"):
        compute(Planted(tmp_path), jobs_of(2))


# --- limits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "fault"), [("fork", "stubborn"), ("forkserver", "hang"), ("spawn", "hang")])
def test_a_run_that_takes_too_long_is_recorded(tmp_path, method, fault):
    jobs = jobs_of(3)
    results = compute(Planted(tmp_path, {1: (fault, 99), 6: (fault, 99)}), jobs, method, timeout_s=1.0)
    rows = rows_of(results)
    for number in (1, 6):
        assert rows.pop(number) == (number, "timeout", "no result within 1 s (timeout_s)")
        assert tries(tmp_path, f"run-{number}") == 1
    assert rows == {number: (number, "ok", None, number**2) for number in range(12) if number not in {1, 6}}
    assert [finished.lost for finished in results] == [1, 1, 0]


def test_a_busy_caller_makes_no_run_late(tmp_path):
    jobs = [Job(0, (0,)), Job(1, (1, 2, 3)), Job(2, (4,))]
    work = Planted(tmp_path, pause=0.1)
    with closing(serve(jobs, work, workers=2, method="fork", limits=Few(timeout_s=1), stop=StopFlag())) as results:
        for k, finished in enumerate(results):
            assert finished.lost == 0
            if k == 0:
                time.sleep(1.3)  # longer than a run may take; the other worker is in a run, and ends it meanwhile


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit needs /proc")
@pytest.mark.parametrize("method", ["inline", *QUICK])
def test_a_run_that_asks_for_too_much_memory_is_told(tmp_path, method):
    work = Planted(tmp_path, {1: ("eat", 99), 2: ("eat", 99)})
    rows = rows_of(compute(work, jobs_of(1), method, memory_mb=32))
    assert [rows[number][2] for number in range(4)] == [None, "no memory", "no memory", None]
    rows = rows_of(compute(work, jobs_of(1), method, memory_mb=4096))
    assert rows[1][2] == str(HUGE)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit needs /proc")
def test_what_a_run_leaves_behind_is_not_held_against_the_next():
    left = []
    for _ in range(3):
        with memory_limit(64):
            left.append(np.empty(48 * 2**20, np.uint8))
    with memory_limit(64), pytest.raises(MemoryError):
        left.append(np.empty(HUGE, np.uint8))
    left.append(np.empty(HUGE, np.uint8))


def test_what_a_run_leaves_behind_is_collected_though_it_refers_to_itself(tmp_path, monkeypatch):
    class Cycle:
        def __init__(self) -> None:
            self.own = self

    class Careless(Planted):
        def run(self, number):
            alive = [before for before in left if before() is not None]
            left.append(weakref.ref(Cycle()))
            return len(alive)

    left: list[Any] = []
    monkeypatch.setattr(worker, "TIDY_AFTER", 0.0)
    assert compute(Careless(tmp_path), jobs_of(1, 20), "fork", workers=1)[0].payload == (0,) * 20


# --- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["inline", *QUICK])
def test_a_mistake_in_the_work_is_loud(tmp_path, method):
    with pytest.raises(PoolError, match=r"run 2: Work.run raised ZeroDivisionError: a planted mistake") as caught:
        compute(Planted(tmp_path, {2: ("blunder", 99)}), jobs_of(4), method)
    assert "in blunder" in str(caught.value)
    assert tries(tmp_path, "run-2") == 1


@pytest.mark.parametrize("method", ["inline", "fork"])
def test_a_mistake_in_prepare_or_an_exit_in_a_run_is_loud(tmp_path, method):
    with pytest.raises(PoolError, match=r"Work.prepare raised ZeroDivisionError"):
        compute(Planted(tmp_path, at_prepare=("blunder", 99)), jobs_of(1), method)
    with pytest.raises(PoolError, match=r"run 0: Work.run raised SystemExit"):
        compute(Planted(tmp_path, {0: ("quit", 99)}), jobs_of(1), method)


@pytest.mark.parametrize("method", METHODS)
def test_a_full_disk_arrives_as_what_it_is(tmp_path, method):
    with pytest.raises(OSError, match=r"part-00000\.parquet") as caught:
        compute(Planted(tmp_path, at_finish=("fill", 99), pause=0.01), jobs_of(8), method)
    assert type(caught.value) is OSError
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "part-00000.parquet")
    if method != "inline":
        assert any("in fill" in note for note in caught.value.__notes__)


def test_an_error_that_cannot_be_pickled_arrives_in_words(tmp_path):
    with pytest.raises(PoolError, match=r"(?s)CannotTravel: 1 and 2.*in strange"):
        compute(Planted(tmp_path, at_finish=("strange", 99)), jobs_of(1))


def test_an_answer_that_cannot_be_pickled_is_loud(tmp_path):
    class Secretive(Planted):
        def finish(self, job, rows):
            return lambda: rows

    with pytest.raises(PoolError, match="answer to the parent"):
        compute(Secretive(tmp_path), jobs_of(1))


def test_an_error_in_the_jobs_ends_the_workers(tmp_path):
    def broken():
        yield from jobs_of(2)
        raise ValueError("a planted end")

    with pytest.raises(ValueError, match="a planted end"):
        compute(Planted(tmp_path), broken())


# --- stopping ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_ask_finishes_what_is_in_flight(tmp_path, method):
    stop, numbers = StopFlag(), []
    endless = (Job(k, (k,)) for k in itertools.count())
    with closing(
        serve(endless, Planted(tmp_path, pause=0.01), workers=2, method=method, limits=Few(), stop=stop)
    ) as results:
        for finished in results:
            numbers.append(finished.job.number)
            if len(numbers) == 5:
                stop.ask()
    assert 5 <= len(numbers) <= 7
    assert {path.name for path in tmp_path.glob("began-*")} == {f"began-{number}" for number in numbers}


def test_what_dies_after_ask_is_not_tried_again(tmp_path):
    stop = StopFlag()
    stop_at_two = (stop.ask() or job if job.number == 1 else job for job in jobs_of(4))
    results = serve(
        stop_at_two, Planted(tmp_path, {6: ("kill", 99)}), workers=1, method="fork", limits=Few(), stop=stop
    )
    assert [finished.job.number for finished in results] == [0]


def test_ask_while_workers_start_begins_nothing(tmp_path):
    stop = StopFlag()
    jobs = (stop.ask() or job for job in jobs_of(4))
    assert list(serve(jobs, Planted(tmp_path), workers=2, method="fork", limits=Few(), stop=stop)) == []
    assert list(tmp_path.glob("began-*")) == []


@pytest.mark.parametrize("method", QUICK)
def test_leaving_early_ends_the_workers(tmp_path, method):
    work = Planted(tmp_path, {number: ("hang", 99) for number in range(4, 400)})
    results = serve(jobs_of(90), work, workers=3, method=method, limits=Few(), stop=StopFlag())
    assert next(results).job.number == 0
    assert wait_until(lambda: len(workers_of(tmp_path)) == 3)
    assert len(alive(tmp_path)) == 3
    results.close()
    assert alive(tmp_path) == []


SCRIPT = """
import signal, sys
from pathlib import Path
from experiments.sweep.pool import StopFlag, serve
from tests.test_sweep_pool import Few, Planted, jobs_of
folder, method, fault = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
stop = StopFlag()
signal.signal(signal.SIGINT, stop.press)
signal.signal(signal.SIGTERM, stop.press)
work = Planted(folder, {number: (fault, 99) for number in range(4000)} if fault != "none" else {}, pause=0.05)
print("ready", flush=True)
for finished in serve(jobs_of(1000), work, workers=3, method=method, limits=Few(), stop=stop):
    print(finished.job.number, flush=True)
print("end", flush=True)
"""


def surroundings() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def pool_in_a_process(folder: Path, method: str, fault: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), method, fault],
        cwd=ROOT,
        env=surroundings(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # its own group, as a terminal gives it: Ctrl-C reaches parent and workers
    )


@pytest.mark.parametrize(("method", "fault"), [*((method, "hang") for method in PROCESSES), ("fork", "spin")])
def test_workers_end_when_the_parent_is_killed(tmp_path, method, fault):
    parent = pool_in_a_process(tmp_path, method, fault)
    assert wait_until(lambda: len(list(tmp_path.glob("run-*"))) == 3)
    assert len(alive(tmp_path)) == 3
    parent.kill()
    parent.wait()
    assert parent.stdout is not None and parent.stderr is not None
    parent.stdout.close()  # not read to its end: a worker that outlives its parent holds it open
    parent.stderr.close()
    assert wait_until(lambda: not alive(tmp_path), 5.0), "a worker outlives its parent"


@pytest.mark.parametrize("method", [*QUICK, pytest.param("spawn", marks=pytest.mark.slow)])
def test_first_interrupt_finishes_the_jobs_in_flight(tmp_path, method):
    parent = pool_in_a_process(tmp_path, method, "none")
    assert wait_until(lambda: len(list(tmp_path.glob("began-*"))) >= 5)
    os.killpg(parent.pid, signal.SIGINT)
    out, err = parent.communicate(timeout=30)
    words = out.split()
    assert (parent.returncode, err, words[0], words[-1]) == (0, "", "ready", "end")
    assert len(words) - 2 == len(list(tmp_path.glob("began-*"))), "a job in flight was not finished"


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_second_interrupt_ends_at_once(tmp_path, kind):
    parent = pool_in_a_process(tmp_path, "fork", "hang")
    assert wait_until(lambda: len(list(tmp_path.glob("run-*"))) == 3)
    parent.send_signal(kind)
    time.sleep(0.3)
    assert len(alive(tmp_path)) == 3, "the first one must let the jobs in flight go on"
    parent.send_signal(kind)
    out, err = parent.communicate(timeout=30)
    assert (parent.returncode, out, err) == (0, "ready\nend\n", "")


@pytest.mark.parametrize("method", PROCESSES)
def test_an_interrupt_during_the_start_is_quiet(tmp_path, method):
    parent = pool_in_a_process(tmp_path, method, "none")
    assert parent.stdout is not None and parent.stdout.readline() == "ready\n"
    time.sleep(0.02)
    os.killpg(parent.pid, signal.SIGINT)
    out, err = parent.communicate(timeout=30)
    assert (parent.returncode, err, out.split()[-1]) == (0, "", "end")


@pytest.mark.parametrize("method", QUICK)
def test_sigterm_ends_one_worker_and_it_is_replaced(tmp_path, method):
    def jobs():
        for job in jobs_of(6):
            if job.number == 3:
                victim = workers_of(tmp_path)[0].name.removeprefix("pid-")
                os.kill(int(victim), signal.SIGTERM)
                assert wait_until(lambda pid=victim: started(pid) is None, 5.0)
            yield job

    before = signal.signal(signal.SIGTERM, lambda *_: None)  # a handler of the parent is not one of its workers
    try:
        results = compute(Planted(tmp_path), jobs(), method, workers=1)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert [finished.payload for finished in results] == [clean(job) for job in jobs_of(6)]
    assert len(workers_of(tmp_path)) == 2


# --- killed at random ----------------------------------------------------------------------------------------------

KILLER = """
import os, random, signal, sys, time
from pathlib import Path
from tests.test_sweep_pool import started
folder, kills, dice, killed = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3])), set()
while len(killed) < kills:
    time.sleep(dice.uniform(0.01, 0.12))
    files = [path for path in folder.glob("pid-*") if started(path.name[4:]) == (path.read_text() or "?")]
    victim = dice.choice([path.name for path in files] or [None])
    if victim not in killed | {None}:
        try:
            os.kill(int(victim[4:]), signal.SIGKILL)
        except ProcessLookupError:
            continue  # ended in between
        killed.add(victim)
"""


def survive(folder: Path, method: str, workers: int, kills: int) -> None:
    """Compute until so many workers were killed from outside, and compare with what must come out."""
    killer = subprocess.Popen(
        [sys.executable, "-c", KILLER, str(folder), str(kills), "7"], cwd=ROOT, env=surroundings()
    )

    def jobs():
        for number in itertools.count():
            if number >= 8 and killer.poll() is not None:
                return
            yield Job(number, tuple(range(number * 8, number * 8 + 8)))

    # With the usual two retries an innocent run could be hit three times, which would be recorded, and rightly.
    try:
        results = compute(Planted(folder, pause=0.004), jobs(), method, workers, retry=1000)
    finally:
        killer.kill()
        killer.wait()
    assert killer.returncode == 0
    assert [finished.job.number for finished in results] == list(range(len(results)))
    assert [finished.payload for finished in results] == [clean(finished.job) for finished in results]
    assert sum(finished.lost for finished in results) == 0
    assert len(workers_of(folder)) >= kills


@pytest.mark.parametrize(("method", "workers", "kills"), [("fork", 4, 14), ("forkserver", 2, 8), ("spawn", 2, 4)])
def test_random_kills_change_nothing(tmp_path, method, workers, kills):
    survive(tmp_path, method, workers, kills)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(("method", "workers", "kills"), [("fork", 4, 100), ("forkserver", 2, 60), ("spawn", 2, 40)])
def test_two_hundred_random_kills_change_nothing(tmp_path, method, workers, kills):
    survive(tmp_path, method, workers, kills)

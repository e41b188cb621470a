"""Answers for all sessions of one server: replicates run in warm workers, in order, newest question of a session first.

A worker that is at a long run interrupts it for the first replicates of a newer question.

The document of an answer is always that of replicates 0 to k - 1: what `dianzhong run --json --replicates k` prints,
without the parts that explain. A newer question of a session supersedes its older one; what was finished is kept.
"""

from __future__ import annotations

import atexit
import itertools
import json
import logging
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from experiments.dashboard.workers import Kept, Task, Worker
from experiments.ensemble import Outcome, Plan, Replicate, content_of, default_workers
from experiments.pool import Failure
from experiments.verdict import verdict

QUESTIONS = 48  # kept with their replicates, about 3 MB each
SESSIONS = 200
BUDGET = 1000  # replicates at most of one question: a run budget that no link can exceed
ATTEMPTS = 2  # of a replicate whose worker died
FIRST = 2  # replicates behind the first answer, fewer give no spread: they interrupt what a worker is at
log = logging.getLogger("dianzhong.app")


@dataclass(frozen=True)
class Ticket:
    """A question of a session: `number` counts its questions, `key` is all that decides the answer."""

    session: str
    number: int
    key: str
    cached: bool = False  # the whole answer was there when the question was asked
    names: Mapping[str, Any] = field(default_factory=dict)  # what this session calls the scenarios, as in a document


@dataclass(frozen=True)
class Answer:
    """How far a question has come; `error` is a code (`E-...`) or the message of an input error."""

    done: int
    wanted: int
    document: Mapping[str, Any] | None
    cached: bool
    superseded: bool
    waiting: int
    error: str | None
    seconds: float  # since it was asked
    model_seconds: float  # of all workers together


@dataclass
class Question:
    """The state of a question, shared by all sessions that ask it."""

    plan: Plan
    began: float
    finished: dict[int, Replicate | Failure] = field(default_factory=dict)
    running: dict[int, int] = field(default_factory=dict)  # replicate -> attempts
    error: str | None = None
    died: bool = False  # its workers died, which may be of the moment: who asks anew may try anew
    model_seconds: float = 0.0
    document: tuple[int, Mapping[str, Any]] | None = None

    @property
    def done(self) -> int:
        """Replicates finished without a gap from the first on."""
        k = 0
        while k in self.finished:
            k += 1
        return k

    def next_index(self, remainder: int, workers: int, most: int) -> int | None:
        """Return the first replicate below `most` that nobody runs yet, if possible one whose start the worker has."""
        if self.error is not None:
            return None
        most = min(most, self.plan.replicates)
        left = [i for i in range(most) if i not in self.finished and i not in self.running]
        own = (i for i in left if i % workers == remainder)
        return next(own, left[0] if left else None)


def key_of(plan: Plan) -> str:
    """Return what decides an answer, as text; the number of workers does not."""
    names = ("share", "path", "rule", "horizon", "scale", "replicates", "seed", "assumptions", "explain", "places")
    rest = {name: getattr(plan, name) for name in names}
    return json.dumps([content_of(plan.scenario), content_of(plan.against), dict(plan.assume), rest], sort_keys=True)


def names_of(plan: Plan) -> dict[str, Any]:
    """Return the names in a document, which do not decide its numbers."""
    both = {"scenario": plan.scenario, "against": plan.against}
    return {
        **{place: scenario.name for place, scenario in both.items()},
        "titles": {place: dict(scenario.title) for place, scenario in both.items()},
    }


def _named(document: Mapping[str, Any], names: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document under the names of one session; the numbers may have been computed for another."""
    return document if all(document[name] == value for name, value in names.items()) else {**document, **names}


def _outcome(plan: Plan, done: int, results: Mapping[int, Replicate | Failure]) -> Outcome:
    good = tuple(row for i in range(done) if isinstance(row := results[i], Replicate))
    bad = {i: row for i in range(done) if isinstance(row := results[i], Failure)}
    return Outcome(replace(plan, replicates=done), good, bad, _units())


class Answers:
    """The service: ask, look, wait. Thread-safe; one for a server. Close it to end its worker processes.

    interrupts: whether the first replicates of a question interrupt longer work.
    """

    def __init__(self, workers: int | None = None, interrupts: bool = True) -> None:
        self._count = workers or default_workers()
        self._changed = threading.Condition()
        self._questions: Kept[str, Question] = Kept(QUESTIONS)
        self._sessions: OrderedDict[str, Ticket] = OrderedDict()  # the first is served next
        self._seen: OrderedDict[str, None] = OrderedDict()  # the same sessions, that not seen for longest first
        self._closed = False
        self._workers: list[Worker] = [Worker() for _ in range(self._count)]
        self._replacing = threading.Lock()
        self._idle: set[int] = set()  # workers that nothing is asked of
        lanes = (False, True) if interrupts else (False,)
        self._threads = [
            threading.Thread(target=self._drive, args=(k, urgent), daemon=True)
            for urgent in lanes
            for k in range(self._count)
        ]
        for thread in self._threads:
            thread.start()
        self._numbers = itertools.count(1)
        atexit.register(self.close)

    def new_session(self) -> str:
        """Return a name that no other session has."""
        return f"session {next(self._numbers)}"

    # Asking -----------------------------------------------------------------------------------------------------------

    def ask(self, session: str, plan: Plan) -> Ticket:
        """Ask a question for a session; its earlier question is superseded. Raises ValueError above the run budget."""
        if plan.replicates > BUDGET:
            raise ValueError(f"{plan.replicates} replicates are above the run budget of {BUDGET}")
        key = key_of(plan)
        with self._changed:
            before = self._sessions.get(session)
            names = names_of(plan)
            if before is not None and (before.key, before.names) == (key, names) and key in self._questions:
                return before
            asked = self._questions.found(key)
            if asked is None or asked.died:
                self._questions.put(key, Question(replace(plan, workers=1), time.monotonic()))
            known = self._questions[key]
            ticket = Ticket(session, before.number + 1 if before else 1, key, known.done >= plan.replicates, names)
            self._sessions[session] = ticket  # which keeps its turn: who moves often may not crowd out the others
            if before is None:
                self._sessions.move_to_end(session, last=False)
            self._see(session)
            while len(self._sessions) > SESSIONS:
                self._forget(next(iter(self._seen)))
            self._changed.notify_all()
        return ticket

    def drop(self, session: str) -> None:
        """Forget a session: what it asked is not run any further."""
        with self._changed:
            self._forget(session)

    def look(self, ticket: Ticket, full: bool = True) -> Answer:
        """Return how far a question has come, with its document if it is to be `full`."""
        with self._changed:
            question = self._questions.found(ticket.key)
            current = self._sessions.get(ticket.session) == ticket
            if current:
                self._see(ticket.session)
            if question is None:
                return Answer(0, 1, None, False, True, 0, None, 0.0, 0.0)
            done, results = question.done, dict(question.finished)
            waiting = self._ahead(ticket) if not done and not question.running else 0
        document, error = self._document(ticket.key, question, done, results) if full else (None, question.error)
        return Answer(
            done,
            question.plan.replicates,
            document and _named(document, ticket.names),
            ticket.cached,
            not current,
            waiting,
            error,
            time.monotonic() - question.began,
            question.model_seconds,
        )

    def wait(self, ticket: Ticket, at_least: int, timeout: float, full: bool = True) -> Answer:
        """Return as soon as so many replicates are done, or it failed, is superseded, or `timeout` seconds are over.

        With its document, as `look` does, if it is to be `full`.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                question = self._questions.get(ticket.key)
                if question is None or question.error or self._sessions.get(ticket.session) != ticket:
                    break
                left = deadline - time.monotonic()
                if question.done >= min(at_least, question.plan.replicates) or left <= 0.0:
                    break
                self._changed.wait(left)
        return self.look(ticket, full)

    def outcome(self, ticket: Ticket, done: int) -> Outcome | None:
        """Return the first replicates of a question, one by one; None if it is forgotten or has not so many."""
        with self._changed:
            question = self._questions.get(ticket.key)
            if question is None or question.done < done:
                return None
            return _outcome(question.plan, done, question.finished)

    def close(self) -> None:
        """End all workers."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        with self._replacing:
            for worker in self._workers:
                worker.close()
        for thread in self._threads:
            thread.join(timeout=5.0)

    def pids(self) -> list[int]:
        """Return the process ids of the workers."""
        return [worker.pid for worker in self._workers]

    # Inside -----------------------------------------------------------------------------------------------------------

    def _see(self, session: str) -> None:
        self._seen[session] = None
        self._seen.move_to_end(session)

    def _forget(self, session: str) -> None:
        self._sessions.pop(session, None)
        self._seen.pop(session, None)

    def _ahead(self, ticket: Ticket) -> int:
        """Return how many replicates of other sessions are running now."""
        keys = {other.key for other in self._sessions.values() if other.session != ticket.session} - {ticket.key}
        return sum(len(self._questions[key].running) for key in keys if key in self._questions)

    def _document(
        self, key: str, question: Question, done: int, results: Mapping[int, Replicate | Failure]
    ) -> tuple[Mapping[str, Any] | None, str | None]:
        """Return the document of the first replicates, made once for each number of them, and the error if any."""
        if not done:
            return None, question.error
        known = question.document
        if known is not None and known[0] == done:
            return known[1], question.error
        outcome = _outcome(question.plan, done, results)
        if not outcome.replicates:
            return None, question.error
        document = verdict(outcome)
        with self._changed:
            question.document = (done, document)
        name = sha256(key.encode()).hexdigest()[:12]
        entry = {"step": "answer", "n": done, "of": question.plan.replicates, "question": name}
        times = {"model_s": question.model_seconds, "after_s": time.monotonic() - question.began}
        log.info(json.dumps({**entry, **{name: round(value, 3) for name, value in times.items()}}))
        return document, question.error

    def _next(self, worker: int, urgent: bool) -> tuple[Question, int] | None:
        """Return the next replicate for a worker, in turn over sessions; None when closed.

        Urgent ones are the first of a question, while no worker is idle that could take them without an interruption.
        """
        with self._changed:
            while not self._closed:
                if urgent and self._idle:
                    self._changed.wait()
                    continue
                for session, ticket in list(self._sessions.items()):
                    question = self._questions.get(ticket.key)
                    most = FIRST if urgent else BUDGET
                    index = question.next_index(worker, self._count, most) if question else None
                    if question is not None and index is not None:
                        question.running[index] = 1
                        if not urgent:
                            self._sessions.move_to_end(session)
                            self._idle.discard(worker)
                            self._changed.notify_all()  # what is left for the others may have become urgent
                        return question, index
                if not urgent:
                    self._idle.add(worker)
                self._changed.wait()
        return None

    def _drive(self, number: int, urgent: bool) -> None:
        while (job := self._next(number, urgent)) is not None:
            question, index = job
            try:
                result, seconds = self._run(number, question, index, urgent)
            except Exception as error:  # a thread that ended would leave its worker idle and this replicate running
                result, seconds = Failure(f"{type(error).__name__}: {error}", traceback.format_exc()), 0.0
            with self._changed:
                question.running.pop(index, None)
                question.model_seconds += seconds
                if self._closed:
                    return
                if isinstance(result, Failure):
                    self._note(question, index, result)
                question.finished[index] = result
                self._changed.notify_all()

    def _run(self, number: int, question: Question, index: int, urgent: bool) -> tuple[Replicate | Failure, float]:
        for attempt in range(1, ATTEMPTS + 1):
            worker = self._workers[number]
            try:
                return worker.run(Task(question.plan, index), urgent)
            except EOFError:
                with self._replacing:
                    if self._closed:
                        break
                    if self._workers[number] is worker:  # the other thread of this worker may have been here before
                        code = worker.close()
                        text = "worker %d ended with code %s at replicate %d, attempt %d"
                        log.warning(text, number, code, index, attempt)
                        self._workers[number] = Worker()
        return Failure("the worker process ended", ""), 0.0

    def _note(self, question: Question, index: int, failure: Failure) -> None:
        """Give a failure a code that leads from the page to the log; what the user can mend is said in words."""
        if failure.is_input_error:
            question.error = failure.message.partition(": ")[2]
            return
        question.died = question.died or not failure.trace
        code = f"E-{sha256((failure.trace or failure.message).encode()).hexdigest()[:6].upper()}"
        log.error("%s: replicate %d failed: %s\n%s", code, index, failure.message, failure.trace)
        if question.error is None:
            question.error = code


def _units() -> Mapping[str, str]:
    from experiments.engine import ModelEngine

    return ModelEngine().units()

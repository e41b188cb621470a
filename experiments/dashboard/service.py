"""Answers for all sessions of one server: replicates run in warm workers, in order, newest question of a session first.

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
log = logging.getLogger("dianzhong.app")


@dataclass(frozen=True)
class Ticket:
    """A question of a session: `number` counts its questions, `key` is all that decides the answer."""

    session: str
    number: int
    key: str
    cached: bool = False  # the whole answer was there when the question was asked


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
    seconds: float


@dataclass
class Question:
    """The state of a question, shared by all sessions that ask it."""

    plan: Plan
    began: float
    finished: dict[int, Replicate | Failure] = field(default_factory=dict)
    running: dict[int, int] = field(default_factory=dict)  # replicate -> attempts
    error: str | None = None
    model_seconds: float = 0.0
    document: tuple[int, Mapping[str, Any]] | None = None

    @property
    def done(self) -> int:
        """Replicates finished without a gap from the first on."""
        k = 0
        while k in self.finished:
            k += 1
        return k

    def next_index(self, remainder: int, workers: int) -> int | None:
        """Return the first replicate that nobody runs yet, if possible one whose start the worker has."""
        if self.error is not None:
            return None
        left = [i for i in range(self.plan.replicates) if i not in self.finished and i not in self.running]
        own = (i for i in left if i % workers == remainder)
        return next(own, left[0] if left else None)


def key_of(plan: Plan) -> str:
    """Return what decides an answer, as text; the number of workers does not."""
    names = ("share", "path", "rule", "horizon", "scale", "replicates", "seed", "assumptions", "explain", "places")
    rest = {name: getattr(plan, name) for name in names}
    return json.dumps([content_of(plan.scenario), content_of(plan.against), dict(plan.assume), rest], sort_keys=True)


class Answers:
    """The service: ask, look, wait. Thread-safe; one for a server. Close it to end its worker processes."""

    def __init__(self, workers: int | None = None) -> None:
        self._count = workers or default_workers()
        self._changed = threading.Condition()
        self._questions: Kept[str, Question] = Kept(QUESTIONS)
        self._sessions: OrderedDict[str, Ticket] = OrderedDict()
        self._closed = False
        self._workers: list[Worker] = [Worker() for _ in range(self._count)]
        self._threads = [threading.Thread(target=self._drive, args=(k,), daemon=True) for k in range(self._count)]
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
            if before is not None and before.key == key and key in self._questions:
                return before
            if self._questions.found(key) is None:
                self._questions.put(key, Question(replace(plan, workers=1), time.monotonic()))
            known = self._questions[key]
            ticket = Ticket(session, before.number + 1 if before else 1, key, known.done >= plan.replicates)
            self._sessions[session] = ticket
            self._sessions.move_to_end(session, last=False)  # the newest move is served next
            while len(self._sessions) > SESSIONS:
                self._sessions.popitem()
            self._changed.notify_all()
        return ticket

    def drop(self, session: str) -> None:
        """Forget a session: what it asked is not run any further."""
        with self._changed:
            self._sessions.pop(session, None)

    def look(self, ticket: Ticket) -> Answer:
        """Return how far a question has come."""
        with self._changed:
            question = self._questions.found(ticket.key)
            current = self._sessions.get(ticket.session) == ticket
            if question is None:
                return Answer(0, 1, None, False, True, 0, None, 0.0)
            done, results = question.done, dict(question.finished)
            waiting = self._ahead(ticket) if not done else 0
        document, error = self._document(ticket.key, question, done, results)
        return Answer(
            done,
            question.plan.replicates,
            document,
            ticket.cached,
            not current,
            waiting,
            error,
            time.monotonic() - question.began,
        )

    def wait(self, ticket: Ticket, at_least: int, timeout: float) -> Answer:
        """Return as soon as so many replicates are done, or it failed, is superseded, or `timeout` seconds are over."""
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
        return self.look(ticket)

    def close(self) -> None:
        """End all workers."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.close()
        for thread in self._threads:
            thread.join(timeout=5.0)

    def pids(self) -> list[int]:
        """Return the process ids of the workers."""
        return [worker.pid for worker in self._workers]

    # Inside -----------------------------------------------------------------------------------------------------------

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
        good = tuple(row for i in range(done) if isinstance(row := results[i], Replicate))
        bad = {i: row for i in range(done) if isinstance(row := results[i], Failure)}
        if not good:
            return None, question.error
        plan = replace(question.plan, replicates=done)
        document = verdict(Outcome(plan, good, bad, _units()))
        with self._changed:
            question.document = (done, document)
        name = sha256(key.encode()).hexdigest()[:12]
        entry = {"step": "answer", "n": done, "of": question.plan.replicates, "question": name}
        times = {"model_s": question.model_seconds, "after_s": time.monotonic() - question.began}
        log.info(json.dumps({**entry, **{name: round(value, 3) for name, value in times.items()}}))
        return document, question.error

    def _next(self, worker: int) -> tuple[Question, int] | None:
        """Return the next replicate for a worker, in turn over sessions; None when closed."""
        with self._changed:
            while not self._closed:
                for session, ticket in list(self._sessions.items()):
                    question = self._questions.get(ticket.key)
                    index = question.next_index(worker, self._count) if question else None
                    if question is not None and index is not None:
                        question.running[index] = 1
                        self._sessions.move_to_end(session)
                        return question, index
                self._changed.wait()
        return None

    def _drive(self, number: int) -> None:
        while (job := self._next(number)) is not None:
            question, index = job
            result, seconds = self._run(number, question, index)
            with self._changed:
                question.running.pop(index, None)
                question.model_seconds += seconds
                if self._closed:
                    return
                if isinstance(result, Failure):
                    self._note(question, index, result)
                question.finished[index] = result
                self._changed.notify_all()

    def _run(self, number: int, question: Question, index: int) -> tuple[Replicate | Failure, float]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._workers[number].run(Task(question.plan, index))
            except EOFError:
                if self._closed:
                    break
                code = self._workers[number].close()
                log.warning("worker %d ended with code %s at replicate %d, attempt %d", number, code, index, attempt)
                self._workers[number] = Worker()
        return Failure("the worker process ended", ""), 0.0

    def _note(self, question: Question, index: int, failure: Failure) -> None:
        """Give a failure a code that leads from the page to the log; what the user can mend is said in words."""
        if failure.is_input_error:
            question.error = failure.message.partition(": ")[2]
            return
        code = f"E-{sha256(failure.trace.encode()).hexdigest()[:6].upper()}"
        log.error("%s: replicate %d failed: %s\n%s", code, index, failure.message, failure.trace)
        if question.error is None:
            question.error = code


def _units() -> Mapping[str, str]:
    from experiments.engine import ModelEngine

    return ModelEngine().units()

"""Warm worker processes of the app: each keeps what a slider move does not change, so that a move costs one run.

A worker is a program of its own that reads tasks from its standard input and writes answers to its standard output. It
never runs the script of the app, ends when its input ends, and what libraries print goes to standard error. Between two
quarters of a run it looks whether an urgent task has come, and answers that first: who moves a slider does not wait
for the long run of somebody else.
"""

from __future__ import annotations

import gc
import itertools
import logging
import os
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from experiments.engine import Arm, ArmResult, ModelEngine
from experiments.ensemble import Plan, Replicate, content_of, replicate
from experiments.pool import Failure, attempt, single_threaded

if TYPE_CHECKING:
    import numpy as np

    from sim.params import Parameters

ROOT = Path(__file__).resolve().parent.parent.parent
Key = TypeVar("Key")
Value = TypeVar("Value")
# Pages come before replicates: a slider that sticks is worse than a number that is late. At 8 a page has six sevenths
# of a core that both want, and other work on this machine cannot keep an answer from coming.
NICENESS = 8
log = logging.getLogger("dianzhong.app")
TIDY_AFTER = 1.0  # seconds between two collections of garbage, which take longer the more is kept
STARTS, RESULTS, DRAWS = 40, 600, 400  # most entries kept by one worker: about 3 MB, 60 kB and 20 kB each


@dataclass(frozen=True)
class Task:
    """One replicate of a plan."""

    plan: Plan
    index: int


@dataclass(frozen=True)
class Order:
    """A task on its way to a worker, numbered, because an urgent one overtakes others."""

    number: int
    task: Task
    urgent: bool


Computed = tuple[Replicate | Failure, float]  # and the seconds it took


class Kept(OrderedDict[Key, Value]):
    """A dictionary of limited size that forgets what was used longest ago."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def found(self, key: Key) -> Value | None:
        """Return a value and remember that it was wanted, or None."""
        if key not in self:
            return None
        self.move_to_end(key)
        return self[key]

    def put(self, key: Key, value: Value) -> Value:
        """Keep a value and return it."""
        self[key] = value
        while len(self) > self._most:
            self.popitem(last=False)
        return value


class RememberingEngine(ModelEngine):
    """The engine of the model that keeps draws, starts and results: the same numbers, sooner.

    `pause` is called between two quarters of every run.
    """

    def __init__(self, pause: Callable[[], None] = lambda: None) -> None:
        self._pause = pause
        self._draws: Kept[Any, Parameters] = Kept(DRAWS)
        self._starts: Kept[Any, Any] = Kept(STARTS)
        self._results: Kept[Any, ArmResult] = Kept(RESULTS)

    def pause(self) -> None:
        """Let more urgent work go first."""
        self._pause()

    def parameters(self, seed: np.random.SeedSequence | None, path: str) -> Parameters:
        """Draw the uncertain numbers, or return them if they were drawn before."""
        key = (None if seed is None else (seed.entropy, seed.spawn_key), path)
        return self._draws.found(key) or self._draws.put(key, super().parameters(seed, path))

    def start(self, arm: Arm) -> Any:
        """Return the key of a start, which is built when a run needs it."""
        places = content_of(replace(arm.scenario, levers={}, assumptions={}))
        key = (places, _numbers(arm), arm.luck, arm.scale)
        return key, arm

    def run(self, arm: Arm, start: Any) -> ArmResult:
        """Run an arm, or return its result if it was run before."""
        key = (content_of(arm.scenario), _numbers(arm), arm.luck, arm.scale, arm.path, arm.definitions, arm.places)
        known = self._results.found(key)
        if known is not None:
            return known
        place, first = start
        built = self._starts.found(place) or self._starts.put(place, super().start(first))
        # The record by quarter is not looked at by the app, and is most of what a result weighs.
        return self._results.put(key, replace(super().run(arm, built), record={}))


def _numbers(arm: Arm) -> tuple[tuple[str, float], ...]:
    return tuple(sorted(arm.parameters.values.items()))


class Worker:
    """One worker process, seen from the server; several threads may give it tasks."""

    def __init__(self) -> None:
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "experiments.dashboard.workers"],  # -P: no file of the current folder is ours
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
            start_new_session=True,  # an interrupt on the terminal is for the server, which then closes its workers
        )
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._due: dict[int, Future[Computed]] = {}
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def run(self, task: Task, urgent: bool = False) -> Computed:
        """Return the replicate or why there is none, and the seconds it took. Raises EOFError if the worker died.

        An urgent task is answered before what the worker is at.
        """
        answer: Future[Computed] = Future()
        with self._lock:
            if self._ended:
                raise EOFError("the worker has ended")
            number = next(self._numbers)
            self._due[number] = answer
            assert self._process.stdin is not None
            try:
                pickle.dump(Order(number, task, urgent), self._process.stdin)
                self._process.stdin.flush()
            except (OSError, ValueError) as error:  # a pipe that broke, or was closed
                raise EOFError(str(error)) from error
        return answer.result()

    def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            while True:
                number, computed = pickle.load(self._process.stdout)
                with self._lock:
                    answer = self._due.pop(number)
                answer.set_result(computed)
        except Exception as error:  # whatever it is, nobody may wait for ever
            with self._lock:
                self._ended = True
                left = list(self._due.values())
            for answer in left:
                answer.set_exception(EOFError(f"{type(error).__name__}: {error}"))

    def close(self) -> int:
        """End the process and return its exit code."""
        self._process.kill()
        code = self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # bytes for a dead process are left in the pipe
                    continue
        return code


class Desk:
    """The worker's own side: what has come in, read by a thread, and answered by the main one."""

    def __init__(self, orders: IO[bytes], answers: IO[bytes]) -> None:
        self._orders, self._answers = orders, answers
        self._urgent: queue.SimpleQueue[Order] = queue.SimpleQueue()
        self._all: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._engine = RememberingEngine(self._pause)
        self._interrupted = 0.0  # seconds that urgent tasks took from the one that they interrupted
        self._is_urgent = False
        self._tidied = 0.0

    def work(self) -> None:
        """Answer until the input ends."""
        self._engine.prepare()
        gc.freeze()  # what is there now never becomes garbage: a collection need not look at it
        threading.Thread(target=self._receive, daemon=True).start()
        while (order := self._all.get()) is not None:
            self._pause()
            if not order.urgent:
                self._answer(order)
            self._tidy()

    def _tidy(self) -> None:
        """Collect garbage: a model is a cycle of few objects with large arrays, which Python lets lie for long."""
        if time.perf_counter() - self._tidied > TIDY_AFTER:
            gc.collect()
            self._tidied = time.perf_counter()

    def _receive(self) -> None:
        """Sort what comes in; an urgent order is in the other queue too, to wake up a worker that waits."""
        try:
            while True:
                order: Order = pickle.load(self._orders)
                if order.urgent:
                    self._urgent.put(order)
                self._all.put(order)
        except EOFError:
            return
        finally:
            self._all.put(None)  # the main thread ends, and with it the worker, which the server notices

    def _pause(self) -> None:
        """Answer the urgent orders that have come in; one of them is not interrupted by another."""
        while not self._is_urgent and not self._urgent.empty():
            began, self._is_urgent = time.perf_counter(), True
            try:
                self._answer(self._urgent.get())
            finally:
                self._is_urgent = False
            self._interrupted += time.perf_counter() - began

    def _answer(self, order: Order) -> None:
        began, before = time.perf_counter(), self._interrupted
        done = attempt(partial(replicate, order.task.plan, self._engine), order.task.index)
        seconds = time.perf_counter() - began - (self._interrupted - before)
        pickle.dump((order.number, (done, seconds)), self._answers)
        self._answers.flush()


def step_back() -> None:
    """Leave the cores to whoever draws a page."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    # A worker is a session of its own, and Linux may share the cores among sessions before it looks at niceness.
    group = Path("/proc/self/autogroup")
    if group.exists():
        try:
            group.write_text(str(NICENESS))
        except OSError as error:
            log.warning("%s cannot be set (%s): a page may wait for its replicates", group, error)


def serve() -> None:
    """Answer tasks until the input ends."""
    single_threaded()
    step_back()
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    Desk(tasks, answers).work()


if __name__ == "__main__":
    # Classes must be pickled under the name by which the server knows them.
    from experiments.dashboard.workers import serve as serve_as_module

    serve_as_module()

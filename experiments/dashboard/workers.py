"""Warm worker processes of the app: each keeps what a slider move does not change, so that a move costs one run.

A worker is a program of its own that reads tasks from its standard input and writes answers to its standard output. It
never runs the script of the app, ends when its input ends, and what libraries print goes to standard error.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from experiments.engine import Arm, ArmResult, ModelEngine
from experiments.ensemble import Plan, Replicate, content_of, replicate
from experiments.pool import Failure, attempt, single_threaded

if TYPE_CHECKING:
    import numpy as np

    from sim.params import Parameters

ROOT = Path(__file__).resolve().parent.parent.parent
Key = TypeVar("Key")
Value = TypeVar("Value")
NICENESS = 5  # pages come before replicates: a slider that sticks is worse than a number that is late
STARTS, RESULTS, DRAWS = 40, 600, 400  # most entries kept by one worker: about 3 MB, 60 kB and 20 kB each


@dataclass(frozen=True)
class Task:
    """One replicate of a plan."""

    plan: Plan
    index: int


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
    """The engine of the model that keeps draws, starts and results: the same numbers, sooner."""

    def __init__(self) -> None:
        self._draws: Kept[Any, Parameters] = Kept(DRAWS)
        self._starts: Kept[Any, Any] = Kept(STARTS)
        self._results: Kept[Any, ArmResult] = Kept(RESULTS)

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
    """One worker process, seen from the server."""

    def __init__(self) -> None:
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "experiments.dashboard.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)},
            start_new_session=True,  # an interrupt on the terminal is for the server, which then closes its workers
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def run(self, task: Task) -> tuple[Replicate | Failure, float]:
        """Return the replicate or why there is none, and the seconds it took. Raises EOFError if the worker died."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            pickle.dump(task, self._process.stdin)
            self._process.stdin.flush()
            answer: tuple[Replicate | Failure, float] = pickle.load(self._process.stdout)
        except (OSError, pickle.UnpicklingError, ValueError) as error:  # a pipe that broke, or was closed
            raise EOFError(str(error)) from error
        return answer

    def close(self) -> int:
        """End the process and return its exit code."""
        self._process.kill()
        code = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # bytes for a dead process are left in the pipe
                    continue
        return code


def serve() -> None:
    """Answer tasks until the input ends."""
    single_threaded()
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    tasks, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    engine = RememberingEngine()
    engine.prepare()
    while True:
        try:
            task: Task = pickle.load(tasks)
        except EOFError:
            return
        began = time.perf_counter()
        done = attempt(partial(replicate, task.plan, engine), task.index)
        pickle.dump((done, time.perf_counter() - began), answers)
        answers.flush()


if __name__ == "__main__":
    # Classes must be pickled under the name by which the server knows them.
    from experiments.dashboard.workers import serve as serve_as_module

    serve_as_module()

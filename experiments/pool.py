"""A small pool of worker processes: results do not depend on their number, and a worker that dies is reported, not
waited for.

The standard pools do not serve here: importing Mesa changes the start method of the whole process, one of them hangs
when a worker is killed, and neither ends its children at once when the user interrupts.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from sim.errors import InputError

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task gave no result: the error's own text, the traceback if the worker lived to tell it, and whose
    mistake it was.
    """

    message: str
    trace: str
    is_input_error: bool = False


def single_threaded() -> None:
    """Ask the numerical libraries for one thread: one process per core is faster and gives the same sums everywhere.

    Takes effect for libraries not yet loaded and for child processes.
    """
    for name in _THREAD_VARIABLES:
        os.environ.setdefault(name, "1")


def run_tasks(work: Callable[[int], Any], tasks: list[int], workers: int) -> Iterator[tuple[int, Any]]:
    """Yield (task, result or Failure) as tasks finish, in any order.

    With one worker everything happens in this process. Otherwise `work` travels to the workers (with `fork` for free,
    with `spawn` by pickling). Leaving the iterator early, also by an interrupt, ends all workers.
    """
    single_threaded()
    if workers <= 1 or len(tasks) <= 1:
        for task in tasks:
            yield task, attempt(work, task)
        return
    yield from _Pool(work, min(workers, len(tasks))).run(tasks)


class _Pool:
    def __init__(self, work: Callable[[int], Any], workers: int) -> None:
        self._forks = "fork" in multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("fork" if self._forks else "spawn")
        self._work = work
        self._workers = workers
        self._processes: dict[Any, Any] = {}
        self._busy: dict[Any, int] = {}

    def run(self, tasks: list[int]) -> Iterator[tuple[int, Any]]:
        pending = list(reversed(tasks))
        try:
            for _ in range(self._workers):
                self._start()
            for connection in list(self._processes):
                self._hand_out(connection, pending)
            while self._busy:
                for connection in wait(list(self._busy)):
                    yield self._collect(connection, pending)
        finally:
            self._end()

    def _start(self) -> Any:
        ours, theirs = self._context.Pipe()
        inherited = [ours, *self._processes] if self._forks else []
        process = self._context.Process(target=_serve, args=(theirs, self._work, inherited), daemon=True)
        process.start()
        theirs.close()
        self._processes[ours] = process
        return ours

    def _hand_out(self, connection: Any, pending: list[int]) -> None:
        if pending:
            task = pending.pop()
            self._busy[connection] = task
            connection.send(task)

    def _collect(self, connection: Any, pending: list[int]) -> tuple[int, Any]:
        task = self._busy.pop(connection)
        try:
            result = connection.recv()
        except (EOFError, OSError):
            process = self._processes.pop(connection)
            process.join()
            connection.close()
            result = Failure(f"the worker process ended with code {process.exitcode}", "")
            if pending:
                connection = self._start()
        if connection in self._processes:
            self._hand_out(connection, pending)
        return task, result

    def _end(self) -> None:
        for connection, process in self._processes.items():
            process.terminate()
            process.join()
            connection.close()


def _serve(connection: Any, work: Callable[[int], Any], inherited: list[Any]) -> None:
    """Answer tasks until the parent closes the connection or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # A forked child holds copies of the parent's ends; while it does, nobody would notice that the parent is gone.
    for other in inherited:
        other.close()
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return
        connection.send(attempt(work, task))


def attempt(work: Callable[[int], Any], task: int) -> Any:
    """Return the result of a task, or a Failure that says why there is none."""
    try:
        return work(task)
    except Exception as error:
        return Failure(f"{type(error).__name__}: {error}", traceback.format_exc(), isinstance(error, InputError))

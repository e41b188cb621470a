"""The local pool: warm workers that compute the jobs of a sweep, survive each other's deaths and stop when asked.

What comes out does not depend on the number of workers, on the start method or on who was killed, except for runs that
are recorded as killed after their retries. A worker has one job at a time and says which run it begins, so the parent
knows what a dead worker was doing:

- died in a run: the run is a suspect; its job goes back, and that run is computed first and alone, in a process that
  has no other task. After `limits.retry` more deaths it is recorded as killed.
- took longer than `limits.timeout_s` in a run: killed by the parent, recorded as timeout, never tried again.
- died outside a run (while starting, between runs, while writing): counted against the job, and after
  `limits.retry` + 1 times the sweep ends with PoolError, because such a worker would die for ever.

Rows of a dead worker are lost and computed again; they are cheap, and the same.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import signal
import sys
import time
import types
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from typing import Any

from experiments.pool import single_threaded
from experiments.sweep.jobs import Finished, Job, Limits, Lost, Order, PoolError, StopFlag, Task, Work
from experiments.sweep.worker import attend, inline, signals_held
from sim.errors import InputError

__all__ = ["Finished", "Job", "Limits", "PoolError", "StopFlag", "Work", "methods", "serve"]

PRELOAD = ("sim.model",)

# The parent looks up this often, seconds. A signal wakes Python but not a wait for a pipe, which it resumes; looking
# up serves the stop flag from handlers and other threads alike, and the timeouts need a clock anyway.
_LOOK_UP = 0.1

# How long a worker may be refused before the sweep ends, and how soon the next try is, seconds.
_PATIENCE, _PAUSE = 5.0, 0.05


def methods() -> tuple[str, ...]:
    """Return the ways to run jobs on this system."""
    return ("inline", *sorted(multiprocessing.get_all_start_methods()))


def serve(
    jobs: Iterable[Job | None], work: Work, *, workers: int, method: str, limits: Limits, stop: StopFlag
) -> Generator[Finished, None, None]:
    """Yield jobs as they are finished, in any order; a job is taken from `jobs` only when a worker is free for it.

    A None among `jobs` says that there is nothing now: it is asked again once a job is finished, and the workers wait.
    `inline` computes in this process: nothing protects it from a run that dies or hangs. Close the generator (or leave
    it to be collected) to end all workers. Raises PoolError, and what `Work.finish` raised, as the same type.
    """
    if method not in methods():
        raise InputError(f"method = {method!r} is not known here; choose {' or '.join(methods())}")
    if workers < 1:
        raise InputError(f"workers = {workers} is below 1 process")
    single_threaded()
    if method == "inline":
        return inline(jobs, work, limits, stop)
    return _Pool(iter(jobs), work, workers, method, limits, stop).run()


@dataclass(slots=True)
class _Worker:
    process: Any
    connection: Any
    task: Task | None
    alone: int | None = None  # the only run it is there for
    ready: bool = False
    run: int | None = None  # the run in flight
    since: float = 0.0

    def send(self) -> None:
        if self.task is not None:
            # One that has just died is noticed, and its task taken back, when its pipe is read.
            with contextlib.suppress(OSError):
                self.connection.send(Order(self.task.job, self.task.known, self.alone))

    def end(self) -> None:
        if self.process.is_alive():
            self.process.kill()  # not SIGTERM: nothing in a worker can hold this one up
        self.process.join()
        self.connection.close()


class _Pool:
    def __init__(
        self, jobs: Iterator[Job | None], work: Work, workers: int, method: str, limits: Limits, stop: StopFlag
    ) -> None:
        # A context of our own: importing Mesa changes the default of the whole process.
        self._context: Any = multiprocessing.get_context(method)
        self._jobs, self._work, self._workers, self._method = jobs, work, workers, method
        self._limits, self._stop = limits, stop
        self._waiting: deque[Task] = deque()
        self._crew: dict[Any, _Worker] = {}

    def run(self) -> Generator[Finished, None, None]:
        try:
            while True:
                self._hand_out()
                if self._stop.at_once or not any(worker.task for worker in self._crew.values()):
                    return
                for connection in wait(list(self._crew), _LOOK_UP):
                    finished = self._hear(connection)
                    if self._stop.at_once:
                        return
                    if finished is not None:
                        self._hand_out()  # before the caller writes its record, so that nobody waits for it
                        yield finished
                self._end_overdue()
        finally:
            for worker in self._crew.values():
                worker.end()
            self._crew.clear()

    def _warm(self) -> None:
        """Import what all workers share, once: in the fork server, or here to be inherited."""
        preload = getattr(self._work, "preload", PRELOAD)
        if self._method == "fork":
            for name in preload:
                importlib.import_module(name)
            return
        if self._method == "forkserver":
            self._context.set_forkserver_preload(["experiments.sweep.worker", *preload])
        if hasattr(signal, "pthread_sigmask"):
            resource_tracker.ensure_running()  # started together with a worker it would undo `signals_held`

    def _hand_out(self) -> None:
        """Give every free worker, and every worker still to be started, a task as long as there are any."""
        while not self._stop.asked:
            free = next((worker for worker in self._crew.values() if worker.task is None), None)
            if free is None and len(self._crew) >= self._workers:
                return
            task = self._next_task()
            if task is None:
                return
            if free is not None and (task.suspect is not None or free.alone is not None):
                self._remove(free)
                free = None
            if free is None:
                self._start(task)
            else:
                free.task = task
                free.send()

    def _next_task(self) -> Task | None:
        if self._waiting:
            return self._waiting.popleft()
        job = next(self._jobs, None)
        return None if job is None else Task(job)

    def _start(self, task: Task) -> None:
        """Start a worker; the fork server may have been killed too, and is then started anew by the next try.

        One that has just been killed refuses for a moment before the system calls it dead: the tries take their time.
        """
        end, tries = time.monotonic() + _PATIENCE, 0
        while True:
            try:
                return self._start_once(task)
            except (EOFError, OSError) as error:
                tries += 1
                if tries > self._limits.retry and time.monotonic() > end:
                    raise PoolError(f"no worker can be started ({type(error).__name__}: {error})") from error
            time.sleep(_PAUSE)

    def _start_once(self, task: Task) -> None:
        self._warm()
        ours, theirs = self._context.Pipe()
        inherited = [ours, *self._crew] if self._method == "fork" else []
        process = self._context.Process(
            target=attend, args=(theirs, self._work, self._limits.memory_mb, inherited), daemon=True
        )
        try:
            with signals_held(), _no_main_module():
                process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._crew[ours] = _Worker(process, ours, task, task.suspect)

    def _remove(self, worker: _Worker) -> None:
        del self._crew[worker.connection]
        worker.end()

    def _hear(self, connection: Any) -> Finished | None:
        """Take in one message; return the job if it was its last."""
        worker = self._crew.get(connection)
        if worker is None:
            return None
        try:
            kind, *details = connection.recv()
        except (EOFError, OSError):
            self._bury(worker)
            return None
        if kind == "failed":
            raise details[0]
        if kind == "done":
            return self._done(worker, details[0])
        if kind == "ready":
            worker.ready = True
            if self._stop.asked:
                worker.task = None
            worker.send()
        worker.run, worker.since = (details[0], time.monotonic()) if kind == "begin" else (None, 0.0)
        return None

    def _done(self, worker: _Worker, result: Any) -> Finished | None:
        task, worker.task = worker.task, None
        assert task is not None
        if worker.alone is None:
            return Finished(task.job, result, task.lost())
        task.settle(worker.alone, result)
        self._waiting.append(task)
        return None

    def _bury(self, worker: _Worker) -> None:
        """Draw the conclusions from a worker that died by itself, or by somebody else's hand."""
        self._remove(worker)
        task, run = worker.task, worker.run
        if task is None:
            return
        deaths = task.deaths[run] = task.deaths.get(run, 0) + 1
        how = _cause(worker.process.exitcode)
        if run is None and deaths > self._limits.retry:
            when = "between two runs or while writing" if worker.ready else "while starting"
            raise PoolError(
                f"part {task.job.number}: its worker died {deaths} times outside a run, the last time {when} ({how}); "
                "the sweep stops here, what is finished is kept. If the machine is short of memory, use fewer "
                'workers; the method "inline" shows the cause in the foreground'
            )
        if run is not None and deaths > self._limits.retry:
            task.settle(run, Lost("killed", f"its worker died {deaths} times in this run, the last time {how}"))
        elif run is not None:
            task.suspect = run
        self._waiting.append(task)

    def _end_overdue(self) -> None:
        limit = self._limits.timeout_s
        for worker in list(self._crew.values()):
            run, task = worker.run, worker.task
            late = run is not None and time.monotonic() - worker.since > limit
            # What is still unread may say that the run has ended: the caller may have kept us from reading it.
            if late and not worker.connection.poll():
                assert run is not None and task is not None
                self._remove(worker)
                task.settle(run, Lost("timeout", f"no result within {limit:g} s (timeout_s)"))
                self._waiting.append(task)


@contextlib.contextmanager
def _no_main_module() -> Iterator[None]:
    """Keep a new process from running the main script of this one once more: work comes from modules, never from it.

    So a script needs no guard, and a page of the app is not drawn by a worker.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _cause(exitcode: int) -> str:
    """Say how a process ended."""
    if exitcode >= 0:
        return f"with exit code {exitcode}"
    try:
        return f"by {signal.Signals(-exitcode).name}"
    except ValueError:
        return f"by signal {-exitcode}"

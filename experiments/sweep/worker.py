"""The worker's side of the pool: compute a job run by run, say which run begins, and end when the parent is gone.

What is said, in this order: `("ready",)` once, then for each order `("begin", n)` and `("end", n)` around every run and
`("done", answer)` at last, or `("failed", error)` instead of whatever was to come.
"""

from __future__ import annotations

import gc
import os
import pickle
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.sweep.jobs import Finished, Job, Limits, Lost, Order, PoolError, StopFlag, Work

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STATM = Path("/proc/self/statm")

# The least time between two collections of garbage, seconds: each takes about a millisecond.
TIDY_AFTER = 0.25

Say = Callable[[tuple[Any, ...]], None]


def answer(work: Work, order: Order, memory_mb: int, say: Say) -> Any:
    """Compute an order and return the payload of its job, or the row of the run alone."""
    begin = getattr(work, "begin", None)
    if begin is not None:
        guarded("Work.begin", begin, order.job)
    if order.alone is not None:
        return _row(work, order.alone, memory_mb, say)
    rows = []
    for number in order.job.runs:
        known = order.known.get(number)
        if isinstance(known, Lost):
            rows.append(guarded("Work.lost", work.lost, number, known.status, known.message))
        elif number in order.known:
            rows.append(known)
        else:
            rows.append(_row(work, number, memory_mb, say))
    return work.finish(order.job, rows)


def _row(work: Work, number: int, memory_mb: int, say: Say) -> Any:
    say(("begin", number))
    with memory_limit(memory_mb):
        row = guarded(f"run {number}: Work.run", work.run, number)
    say(("end", number))
    return row


def guarded(name: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call a part of Work that must not raise; PoolError with the traceback if it does."""
    try:
        return call(*arguments)
    except (Exception, SystemExit) as error:
        raise PoolError(
            f"{name} raised {type(error).__name__}: {error}. This is a mistake in the program, not in the study; "
            f"nothing is retried.\n{traceback.format_exc()}"
        ) from error


@contextmanager
def memory_limit(megabytes: int) -> Iterator[None]:
    """Let a run ask for so many megabytes beyond what its process has when it begins; then it gets MemoryError.

    Counted from the beginning of the run, so that what earlier runs left behind does not matter; what the process has
    freed and kept is given again without asking the system and does not count. Where the system has no RLIMIT_DATA or
    does not tell the size of a process in /proc (anything but Linux), nothing is limited.
    """
    if resource is None or not _STATM.exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    size = int(_STATM.read_bytes().split()[5]) * resource.getpagesize()
    wanted = size + megabytes * 2**20
    bounds = [bound for bound in (soft, hard) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([wanted, *bounds]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


class _Halted(Exception):
    """The inline worker was told to stop now."""


def inline(jobs: Iterable[Job | None], work: Work, limits: Limits, stop: StopFlag) -> Generator[Finished, None, None]:
    """Yield jobs as they are finished, computed in this process one after the other."""

    def look_up(_message: tuple[Any, ...]) -> None:
        if stop.at_once:
            raise _Halted

    waiting, prepared = iter(jobs), False
    while not stop.asked and (job := next(waiting, None)) is not None:
        if not prepared:
            guarded("Work.prepare", work.prepare)
            prepared = True
        try:
            payload = answer(work, Order(job, {}), limits.memory_mb, look_up)
        except _Halted:
            return
        yield Finished(job, payload, 0)


# --- the process -------------------------------------------------------------------------------------------------


@contextmanager
def signals_held() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back while a worker is started; it inherits the hold and lets go in `attend`.

    So there is no moment in which Ctrl-C ends a starting worker with a traceback, or in which a forked one answers
    SIGTERM with its parent's handler.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def attend(connection: Any, work: Work, memory_mb: int, inherited: list[Any]) -> None:
    """Answer the parent's orders until it is gone: the main function of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    # A forked worker holds copies of the parent's ends; while it does, nobody would notice that the parent is gone.
    for other in inherited:
        other.close()
    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, orders), daemon=True).start()

    tidied = time.monotonic()

    def say(message: tuple[Any, ...]) -> None:
        nonlocal tidied
        try:
            connection.send(message)
        except OSError:
            os._exit(1)  # the parent is gone
        # A model is a cycle of few objects with large arrays. Python counts objects and not bytes before it looks for
        # such garbage by itself, so that hundreds of models would wait for it.
        if message[0] == "end" and time.monotonic() - tidied >= TIDY_AFTER:
            gc.collect()
            tidied = time.monotonic()

    try:
        guarded("Work.prepare", work.prepare)
        gc.freeze()  # what all runs share never becomes garbage: a collection need not look at it
        say(("ready",))
        while True:
            result = answer(work, orders.get(), memory_mb, say)
            guarded("the way of an answer to the parent", say, ("done", result))
    except Exception as error:
        say(("failed", _portable(error)))


def _listen(connection: Any, orders: queue.SimpleQueue[Order]) -> None:
    """Take in orders, and end the process as soon as the parent is gone, also in the middle of a run."""
    try:
        while True:
            orders.put(connection.recv())
    except (EOFError, OSError):
        os._exit(1)
    except Exception:
        traceback.print_exc()  # an order that cannot be unpickled; the parent sees a worker that dies
        os._exit(1)


def _portable(error: Exception) -> Exception:
    """Return the error as the parent can raise it: the same type and words if pickling keeps them, else a PoolError."""
    trace = "".join(traceback.format_exception(error))
    try:
        copy = pickle.loads(pickle.dumps(error))
        same = type(copy) is type(error) and str(copy) == str(error)
    except Exception:
        same = False
    if not same:
        return PoolError(f"a worker raised {type(error).__name__}: {error}\n{trace}")
    if not isinstance(error, PoolError):
        error.add_note(f"raised in a worker process:\n{trace}")
    return error

"""Run a study into a folder, or go on where it stopped: the one way in, for the command line and for Python."""

from __future__ import annotations

import math
import multiprocessing
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from experiments.ensemble import default_workers
from experiments.errors import StorageError
from experiments.sweep.folders import readable, refuse_taken, refuse_unwritable
from experiments.sweep.jobs import Job, StopFlag
from experiments.sweep.looks import Widest, manifest_of
from experiments.sweep.manifest import Layout, versions_now
from experiments.sweep.pool import serve
from experiments.sweep.schedule import Look, Schedule
from experiments.sweep.schema import REAL, TEXT
from experiments.sweep.session import Session
from experiments.sweep.store import Entry, SweepStore
from experiments.sweep.study import SCENARIO_COLUMN, Study, columns, point_rows
from experiments.sweep.tally import Tally
from experiments.sweep.work import Computed, SweepWork
from sim.calibration import tables
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

DONE, STOPPED, OUT_OF_TIME, TOO_MANY_FAILED = "done", "stopped", "out of time", "too many runs failed"
AT_MOST = "most replicates reached before the precision"

Watch = Callable[["Progress"], None]
Begun = Callable[["Begin"], None]


@dataclass(frozen=True, slots=True)
class Begin:
    """What a session finds in its folder: runs stored, those that are due, and those that it will compute itself.

    `quarantined` and `missing` are numbers of parts that were stored and are not any more: they are computed again.
    """

    done: int
    due: int
    left: int
    quarantined: int
    missing: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a sweep is after a part: runs done and failed of all, and seconds left (from, to) once they are known.

    Where a precision is wanted, `total` is the most that may be run, and the seconds are those until the next `look`.
    `widest` is the widest interval so far.
    """

    done: int
    failed: int
    total: int
    remaining: tuple[float, float] | None
    elapsed: float
    widest: Widest | None = None
    look: Look | None = None


@dataclass(frozen=True)
class Options:
    """How a sweep is run; none of it changes a byte of a result.

    `share` is (k, n): only the k-th of n disjoint shares of the parts, for the nodes of a cluster.
    """

    workers: int = field(default_factory=default_workers)
    method: str = ""
    share: tuple[int, int] = (1, 1)
    max_minutes: float | None = None
    accept_code_change: bool = False
    command: str = "Study.sweep"

    def __post_init__(self) -> None:
        """Raise InputError for what cannot be done."""
        if not 1 <= self.workers <= 1024:
            raise InputError(f"workers = {self.workers} is not a whole number from 1 to 1024 processes")
        k, n = self.share
        if not 1 <= k <= n:
            raise InputError(f"--part {k}/{n}: write K/N with K from 1 to N, such as 3/20")
        if self.max_minutes is not None and not (math.isfinite(self.max_minutes) and self.max_minutes > 0):
            raise InputError(f"--max-minutes {self.max_minutes:g}: not a number of minutes above 0")

    @property
    def start_method(self) -> str:
        """Return how workers start: from a clean server process where the system has one."""
        ways = multiprocessing.get_all_start_methods()
        return self.method or ("forkserver" if "forkserver" in ways else "spawn")


@dataclass(frozen=True)
class Sweep:
    """A sweep after a session: how it ended, and what its store holds.

    `total` are the runs of the study, `due` those of them that are asked for: fewer, up to the present `look`, where a
    precision is wanted.
    """

    store: SweepStore
    ended: str
    done: int
    failed: int
    total: int
    due: int
    widest: Widest | None = None
    look: Look | None = None

    def arrow(self) -> pa.Table:
        """Return all finished runs, in run order, as an Arrow table."""
        return self.store.runs()

    def frame(self) -> pd.DataFrame:
        """Return all finished runs, in run order, as a frame."""
        return self.store.runs().to_pandas()

    def probability(self, target: str = "all_reached") -> pd.DataFrame:
        """Return the probability of reaching a target at every point, with its 95 % interval, n and failures.

        Columns: those of the points, then n, failed, probability, low, high (Wilson). Raises InputError for an unknown
        target.
        """
        from experiments.sweep.answers import probability

        return probability(self.store, target)


def run_sweep(
    study: Study,
    folder: str | Path,
    options: Options | None = None,
    stop: StopFlag | None = None,
    watch: Watch | None = None,
    begun: Begun | None = None,
) -> Sweep:
    """Run every run of a study that its folder does not hold yet, and return what it holds then.

    `begun` is told what was there, before the first run; `watch` how far it has come, after every part.

    Raises InputError (ResumeError where study or code have changed), StorageError, PoolError. What was finished before
    an error is kept, and the same call goes on.
    """
    asked, stop = options or Options(), stop or StopFlag()
    refuse_share(study, asked)
    store = opened(study, Path(folder), asked)
    return _Session(study, store, asked, stop).run(watch, begun)


def refuse_share(study: Study, options: Options) -> None:
    """Raise InputError for a share of a study that is looked at: a look needs the runs of all shares."""
    if study.precision is not None and options.share != (1, 1):
        k, n = options.share
        raise InputError(
            f"--part {k}/{n}: this study asks for a half_width, and each look needs the runs of all points; leave out "
            "--part (one session may have many --workers), or give [replicates] a number"
        )


def refuse_folder(study: Study, folder: Path, options: Options) -> None:
    """Raise what running a study into a folder would raise because of the folder, and touch nothing."""
    if SweepStore.is_sweep(folder):
        opened(study, folder, options)
        return
    with readable(folder):
        refuse_taken(folder, study.files())
        refuse_unwritable(folder)


def opened(study: Study, folder: Path, options: Options) -> SweepStore:
    """Return the store of a study: a new one, or the one that is there if it is of the same study and code."""
    if SweepStore.is_sweep(folder):
        return SweepStore.open(folder).require_same(study.sha256, options.accept_code_change, study.files())
    return SweepStore.create(folder, layout_of(study), versions_now(), options.command)


def layout_of(study: Study) -> Layout:
    """Return what the store must know of a study."""
    runs = study.runs()
    sampled = study.assumptions == "sampled"
    return Layout(
        study_sha256=study.sha256,
        files=study.files(),
        points=point_rows(study),
        columns={name: TEXT if name == SCENARIO_COLUMN else REAL for name in columns(study)},
        drawn=tuple(row.id for row in tables.parameters().values() if row.role == "uncertain") if sampled else (),
        runs=runs,
        replicates=study.replicates,
        part_size=study.part_size(),
        seed=study.seed,
        scale=study.scale,
        series=study.series,
        precision=None if study.precision is None else manifest_of(study.precision, study.replicates),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What a worker tells of a part: its entry, and where the time went."""

    entry: Entry
    seconds: float
    store_seconds: float


class _TimedWork(SweepWork):
    """The work, with a watch in its hand."""

    def begin(self, job: Job) -> None:
        self._began = perf_counter()
        super().begin(job)

    def finish(self, job: Job, rows: list[Computed]) -> Any:
        before = perf_counter()
        entry = super().finish(job, rows)
        after = perf_counter()
        return _Part(entry, after - self._began, after - before)


class _Session:
    def __init__(self, study: Study, store: SweepStore, options: Options, stop: StopFlag) -> None:
        self.study, self.store, self.options, self.stop = study, store, options, stop

    def run(self, watch: Watch | None, begun: Begun | None) -> Sweep:
        self.watch = watch
        found = self.store.sort_out()
        sound = found.sound
        self.tally, self.schedule = Tally.of(self.store, sound), Schedule(self.store, sound)
        self.look, self.ended = self.schedule.look(), DONE
        self.done, self.left = int(self.tally.runs.sum()), 0
        self.queue: deque[int] = deque()
        self.in_flight: set[int] = set()
        self._expect(part for part in self.schedule.parts() if part not in sound and self._is_mine(part))
        most = len(self.queue) if self.look is None else self.store.parts - len(sound)
        workers = max(1, min(self.options.workers, most))
        self.session = Session(self.store.folder, workers)
        self._note_start(workers)
        try:
            if not self.left and self.look is not None:
                self._check_failures()
                self._look()
            if begun is not None:
                gone = len(found.quarantined), len(found.missing)
                begun(Begin(self.done, self.schedule.due, self.left, *gone))
            if self.queue:
                self._compute(workers)
        except BaseException as error:
            with suppress(StorageError):  # a full disk cannot take this line either, and the first error says more
                self.session.note("end", outcome=f"{type(error).__name__}: {error}")
            raise
        if self.stop.asked and self.ended == DONE and self.left:
            self.ended = STOPPED
        self.session.note("end", outcome=self.ended, done=self.done, failed=self.tally.failed)
        counts = (self.done, self.tally.failed, self.store.total, self.schedule.due)
        return Sweep(self.store, self.ended, *counts, self.tally.widest(), self.look)

    def _note_start(self, workers: int) -> None:
        changed = self.store.code != self.store.manifest["code_sha256"]
        self.session.note(
            "start",
            command=self.options.command,
            workers=workers,
            method=self.options.start_method,
            parts=len(self.queue),
            python=sys.version.split()[0],
            accepted_code_change=self.store.code if changed else None,
        )

    def _is_mine(self, part: int) -> bool:
        k, n = self.options.share
        return part % n == k - 1

    def _expect(self, parts: Iterable[int]) -> None:
        """Put parts into the queue."""
        new = list(parts)
        self.queue += new
        self.left += sum(len(self.store.run_numbers(part)) for part in new)

    def _compute(self, workers: int) -> None:
        work = _TimedWork(self.study, self.store)
        method = self.options.start_method
        served = serve(self._jobs(work), work, workers=workers, method=method, limits=self.study.limits, stop=self.stop)
        try:
            for finished in served:
                self._take(finished.payload)
        finally:
            served.close()

    def _jobs(self, work: SweepWork) -> Iterator[Job | None]:
        """Yield what is due; None while the next look waits for parts in flight: the workers stay warm for it."""
        while self.queue or self.in_flight:
            if not self.queue:
                yield None
                continue
            part = self.queue.popleft()
            self.in_flight.add(part)
            yield from work.jobs([part])

    def _take(self, part: _Part) -> None:
        began, failed = perf_counter(), self.tally.failed
        self.store.record(part.entry, self.session.name)
        self.tally.take(self.store, part.entry)
        self.in_flight.discard(part.entry.number)
        self.done, self.left = self.done + part.entry.rows, self.left - part.entry.rows
        self.session.finished(part.seconds, part.entry.rows)
        remaining, widest = self._remaining(), self.tally.widest()
        self.session.note(
            "part",
            part=part.entry.number,
            runs=part.entry.rows,
            failed=self.tally.failed - failed,
            seconds=round(part.seconds, 6),
            store_seconds=round(part.store_seconds + perf_counter() - began, 6),
            remaining_s=None if remaining is None else [round(end, 1) for end in remaining],
            look=None if self.look is None else self.look.number,
            widest=None if widest is None else widest.document(),
        )
        self._check_failures()
        self._look()
        self._check_time()
        if self.watch is not None:
            counts = (self.done, self.tally.failed, self.store.total)
            self.watch(Progress(*counts, self._remaining(), self.session.elapsed, widest, self.look))

    def _remaining(self) -> tuple[float, float] | None:
        return self.session.remaining(self.left) if self.left else None

    def _look(self) -> None:
        """Once all that is due is stored: decide whether that is enough, or what else is due."""
        if self.left or self.look is None or self.ended != DONE:
            return
        self.look = self.schedule.look(self.tally)
        assert self.look is not None
        self.session.note("look", **self.look.document(self.tally.widest()))
        if not self.look.finished:
            self._expect(self.schedule.next())
            self.look = self.schedule.look()
        elif not self.look.met:
            self.ended = AT_MOST

    def _check_failures(self) -> None:
        """Ask for the end once it is certain that too many runs fail."""
        if self.tally.failed > self.study.limits.allow * self.schedule.due:
            self.ended = TOO_MANY_FAILED
            self.stop.ask()

    def _check_time(self) -> None:
        """Ask for the end when the time is over."""
        limit = self.options.max_minutes
        over = limit is not None and self.session.elapsed > 60.0 * limit
        if over and self.left and self.ended == DONE:
            self.ended = OUT_OF_TIME
            self.stop.ask()

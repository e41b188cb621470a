"""Run a study into a folder, or go on where it stopped: the one way in, for the command line and for Python."""

from __future__ import annotations

import math
import multiprocessing
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from experiments.ensemble import default_workers
from experiments.errors import StorageError
from experiments.sweep.jobs import Job, StopFlag
from experiments.sweep.manifest import Layout, versions_now
from experiments.sweep.pool import serve
from experiments.sweep.schema import OK, REAL, TEXT
from experiments.sweep.session import Session
from experiments.sweep.store import Entry, SweepStore
from experiments.sweep.study import SCENARIO_COLUMN, Study, columns, part_size, point_rows
from experiments.sweep.work import Computed, SweepWork
from sim.calibration import tables
from sim.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

DONE, STOPPED, OUT_OF_TIME, TOO_MANY_FAILED = "done", "stopped", "out of time", "too many runs failed"

Watch = Callable[["Progress"], None]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a sweep is after a part: runs done and failed of all, and seconds left (from, to) once they are known."""

    done: int
    failed: int
    total: int
    remaining: tuple[float, float] | None
    elapsed: float


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
    """A sweep after a session: how it ended, and what its store holds."""

    store: SweepStore
    ended: str
    done: int
    failed: int
    total: int

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
) -> Sweep:
    """Run every run of a study that its folder does not hold yet, and return what it holds then.

    Raises InputError (ResumeError where study or code have changed), StorageError, PoolError. What was finished before
    an error is kept, and the same call goes on.
    """
    asked, stop = options or Options(), stop or StopFlag()
    store = opened(study, Path(folder), asked)
    return _Session(study, store, asked, stop, watch).run()


def opened(study: Study, folder: Path, options: Options) -> SweepStore:
    """Return the store of a study: a new one, or the one that is there if it is of the same study and code."""
    if SweepStore.is_sweep(folder):
        return SweepStore.open(folder).require_same(study.sha256, options.accept_code_change)
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
        part_size=part_size(runs, study.number_of_points()),
        seed=study.seed,
        scale=study.scale,
        series=study.series,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What a worker tells of a part: its entry, the runs that failed, and where the time went."""

    entry: Entry
    failed: int
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
        failed = sum(one.row.status != OK for one in rows)
        return _Part(entry, failed, after - self._began, after - before)


class _Session:
    def __init__(self, study: Study, store: SweepStore, options: Options, stop: StopFlag, watch: Watch | None) -> None:
        self.study, self.store, self.options, self.stop, self.watch = study, store, options, stop, watch

    def run(self) -> Sweep:
        sound = self.store.sound_parts()
        missing = [part for part in range(self.store.parts) if part not in sound and self._is_mine(part)]
        self.done, self.failed = sum(len(self.store.run_numbers(part)) for part in sound), self.store.failed()
        self.left = sum(len(self.store.run_numbers(part)) for part in missing)
        workers = max(1, min(self.options.workers, len(missing)))
        self.session = Session(self.store.folder, workers)
        changed = self.store.code != self.store.manifest["code_sha256"]
        self.session.note(
            "start",
            command=self.options.command,
            workers=workers,
            method=self.options.start_method,
            parts=len(missing),
            python=sys.version.split()[0],
            accepted_code_change=self.store.code if changed else None,
        )
        self.ended = DONE
        try:
            if missing:
                self._compute(missing, workers)
        except BaseException as error:
            with suppress(StorageError):  # a full disk cannot take this line either, and the first error says more
                self.session.note("end", outcome=f"{type(error).__name__}: {error}")
            raise
        if self.stop.asked and self.ended == DONE and self.left:
            self.ended = STOPPED
        self.session.note("end", outcome=self.ended, done=self.done, failed=self.failed)
        return Sweep(self.store, self.ended, self.done, self.failed, self.store.total)

    def _is_mine(self, part: int) -> bool:
        k, n = self.options.share
        return part % n == k - 1

    def _compute(self, missing: Iterable[int], workers: int) -> None:
        work = _TimedWork(self.study, self.store)
        method = self.options.start_method
        served = serve(
            work.jobs(missing), work, workers=workers, method=method, limits=self.study.limits, stop=self.stop
        )
        try:
            for finished in served:
                self._take(finished.payload)
        finally:
            served.close()

    def _take(self, part: _Part) -> None:
        began = perf_counter()
        self.store.record(part.entry, self.session.name)
        self.done, self.failed = self.done + part.entry.rows, self.failed + part.failed
        self.left -= part.entry.rows
        self.session.finished(part.seconds, part.entry.rows)
        remaining = self.session.remaining(self.left) if self.left else None
        self.session.note(
            "part",
            part=part.entry.number,
            runs=part.entry.rows,
            failed=part.failed,
            seconds=round(part.seconds, 6),
            store_seconds=round(part.store_seconds + perf_counter() - began, 6),
            remaining_s=None if remaining is None else [round(end, 1) for end in remaining],
        )
        self._check_budgets()
        if self.watch is not None:
            self.watch(Progress(self.done, self.failed, self.store.total, remaining, self.session.elapsed))

    def _check_budgets(self) -> None:
        """Ask for the end once it is certain that too many runs fail, or when the time is over."""
        limit = self.options.max_minutes
        if self.failed > self.study.limits.allow * self.store.total:
            self.ended = TOO_MANY_FAILED
            self.stop.ask()
        elif limit is not None and self.session.elapsed > 60.0 * limit and self.left:
            self.ended = OUT_OF_TIME
            self.stop.ask()

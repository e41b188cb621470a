"""The words that the pool, its workers and its users share: jobs, work, limits, what is finished, and how to stop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class PoolError(RuntimeError):
    """Raised where the pool cannot go on: a worker that cannot live, or a mistake in the work it was given."""


@dataclass(frozen=True, slots=True)
class Job:
    """A part of a sweep: its number and the numbers of its runs, in the order of its rows."""

    number: int
    runs: tuple[int, ...]


class Work(Protocol):
    """What a pool computes; it travels to the workers by pickling (with `fork` for free).

    Two more names are used if they are there: `begin(job)`, called in the worker before the first run of a job, and
    `preload`, the modules that all workers share where the start method allows it (otherwise `sim.model`).
    """

    def prepare(self) -> None:
        """Load what every run needs, once per worker."""

    def run(self, number: int) -> Any:
        """Return the row of one run. An exception of the model becomes a row here; one that escapes ends the sweep."""

    def lost(self, number: int, status: str, message: str) -> Any:
        """Return the row of a run whose worker was "killed" or that reached its "timeout"."""

    def finish(self, job: Job, rows: list[Any]) -> Any:
        """Keep the rows of a job, in the order of its runs, and return what the parent needs to know, kept small."""


class Limits(Protocol):
    """What a run may take: the [failures] of a study."""

    @property
    def retry(self) -> int:
        """How often a run is tried again after it killed its worker."""

    @property
    def timeout_s(self) -> float:
        """Seconds from the beginning of a run to its end."""

    @property
    def memory_mb(self) -> int:
        """Megabytes a run may ask for."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A job that is done: what `Work.finish` returned, and how many of its runs were lost."""

    job: Job
    payload: Any
    lost: int


class StopFlag:
    """How a sweep is asked to stop; safe to set from a signal handler or from another thread."""

    def __init__(self) -> None:
        self.asked = False
        self.at_once = False

    def ask(self) -> None:
        """Hand out nothing more and let the jobs in flight finish; those that lose their worker are not tried again."""
        self.asked = True

    def now(self) -> None:
        """End all workers at once."""
        self.asked = self.at_once = True

    def press(self, *_signal: Any) -> None:
        """Ask the first time, stop now the second time; can be installed as the handler of a signal."""
        if self.asked:
            self.now()
        else:
            self.ask()


@dataclass(frozen=True, slots=True)
class Lost:
    """Why a run has no result of its own."""

    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Order:
    """A job for a worker, with the rows or losses already known; or only its run `alone`, whose row is the answer."""

    job: Job
    known: Mapping[int, Any]
    alone: int | None = None


@dataclass(slots=True)
class Task:
    """A job on its way: what is known of its runs, which one is suspected, and the deaths so far."""

    job: Job
    known: dict[int, Any] = field(default_factory=dict)
    deaths: dict[int | None, int] = field(default_factory=dict)  # by run; None: outside a run
    suspect: int | None = None

    def settle(self, run: int, row: Any) -> None:
        """Take in the row of a run, or why there is none."""
        self.known[run] = row
        if self.suspect == run:
            self.suspect = None

    def lost(self) -> int:
        """Return how many runs have no result of their own."""
        return sum(isinstance(row, Lost) for row in self.known.values())

"""Which parts of a sweep are due: all of them, or those up to a look and, if that is not enough, up to the next.

Where a sweep stands follows from its store alone, so that it goes on after any interruption as if there had been none.
A look whose first part has been stored is finished before anything is decided: every point has the same replicates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from experiments.sweep.looks import Widest
from experiments.sweep.store import SweepStore
from experiments.sweep.tally import Tally


@dataclass(frozen=True, slots=True)
class Look:
    """At which look a sweep stands: its number from 1, of how many at most, and the replicates a point it asks for.

    `complete`: all runs up to it are stored; `met`: then, and every interval is narrow enough.
    """

    number: int
    looks: int
    replicates: int
    half_width: float
    complete: bool = False
    met: bool = False

    @property
    def finished(self) -> bool:
        """Return whether nothing is left to do: it is enough, or it was the last look."""
        return self.met or (self.complete and self.number == self.looks)

    def document(self, widest: Widest | None) -> dict[str, Any]:
        """Return it for machines, with the half-width that is left."""
        own = {"look": self.number, "looks": self.looks, "replicates": self.replicates, "wanted": self.half_width}
        left = None if widest is None else widest.half_width
        return {**own, "half_width": left, "complete": self.complete, "met": self.met, "finished": self.finished}


class Schedule:
    """What is due in a store, look by look; a sweep without looks is one that is due at once."""

    def __init__(self, store: SweepStore, stored: Iterable[int]) -> None:
        """Stand where the stored parts say."""
        asked = store.precision
        self._points, self._size = int(store.manifest["points"]), int(store.manifest["part_size"])
        self.looks = tuple(asked["looks"]) if asked else (int(store.manifest["replicates"]),)
        self._half_width = float(asked["half_width"]) if asked else None
        self._total, begun = store.total, max(stored, default=0)
        self.place = next(place for place in range(len(self.looks)) if begun < self._end(place))

    def _end(self, place: int) -> int:
        """Return the number of the first part that is not due at a look."""
        return -(-self._runs(place) // self._size)

    def _runs(self, place: int) -> int:
        return min(self.looks[place] * self._points, self._total)

    @property
    def due(self) -> int:
        """Return the runs that are due at the present look, from the beginning."""
        return self._runs(self.place)

    def parts(self) -> range:
        """Return the numbers of the parts that are due at the present look, from the beginning."""
        return range(self._end(self.place))

    def look(self, tally: Tally | None = None) -> Look | None:
        """Return the present look; with the count of its complete runs also what it found. None: there are no looks."""
        if self._half_width is None:
            return None
        found = Look(self.place + 1, len(self.looks), self.looks[self.place], self._half_width)
        return found if tally is None else replace(found, complete=True, met=tally.narrow(self._half_width))

    def next(self) -> range:
        """Go on to the next look, and return the parts that it adds."""
        before = self._end(self.place)
        self.place += 1
        return range(before, self._end(self.place))


def standing(store: SweepStore) -> tuple[Schedule, Tally, Look | None]:
    """Return where a store stands: what is due, what is counted, and the look, if it has looks."""
    numbers, tally = {entry.number for entry in store.entries()}, Tally.of(store)
    schedule = Schedule(store, numbers)
    complete = numbers.issuperset(schedule.parts())
    return schedule, tally, schedule.look(tally if complete else None)

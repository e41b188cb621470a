"""A running count of what a store holds: how often each target was reached at each point, part by part.

Counts are whole numbers and do not depend on the order of parts. A part is read once, when it is finished, so the cost
does not grow with the store and the memory only with the points.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from experiments.statistics import wilson
from experiments.sweep.looks import ALL, Widest, half_width_of, target_columns
from experiments.sweep.parts import Entry
from experiments.sweep.schema import OK
from experiments.sweep.store import SweepStore

if TYPE_CHECKING:
    import pyarrow as pa

_UNKNOWN = -1.0  # the half-width at a point without a run that counts: nothing can be said of it yet

_interval = lru_cache(maxsize=100_000)(wilson)


class Tally:
    """Counts by point and target. A run that failed counts neither way, as in `answers.probability`."""

    def __init__(self, points: int, targets: Sequence[str] = (ALL,)) -> None:
        """Begin with nothing."""
        columns = target_columns()
        self.targets = tuple(targets)
        self._columns = [columns[name] for name in targets]
        self.runs, self.failed = np.zeros(points, np.int64), 0
        self._n = np.zeros((points, len(targets)), np.int64)
        self._reached = np.zeros_like(self._n)
        self._half = np.full(self._n.shape, _UNKNOWN)

    @classmethod
    def of(cls, store: SweepStore, parts: Container[int] | None = None) -> Tally:
        """Count everything that is stored, or of that only some parts, one part after the other."""
        tally = cls(int(store.manifest["points"]), store.targets)
        for entry in store.entries():
            if parts is None or entry.number in parts:
                tally.take(store, entry)
        return tally

    def take(self, store: SweepStore, entry: Entry) -> None:
        """Count the runs of a part as they are stored. StorageError if it is damaged."""
        self.add(store.part(entry, ["point_id", "status", *self._columns]))

    def add(self, table: pa.Table) -> None:
        """Count runs."""
        import pyarrow.compute as pc

        points = table["point_id"].to_numpy()
        good = pc.equal(table["status"], OK).to_numpy(zero_copy_only=False)
        np.add.at(self.runs, points, 1)
        self.failed += int((~good).sum())
        for place, name in enumerate(self._columns):
            known = good & table[name].is_valid().to_numpy(zero_copy_only=False)
            reached = known & pc.fill_null(table[name], False).to_numpy(zero_copy_only=False)
            np.add.at(self._n[:, place], points[known], 1)
            np.add.at(self._reached[:, place], points[reached], 1)
        for point in np.unique(points).tolist():
            for place, (k, n) in enumerate(zip(self._reached[point].tolist(), self._n[point].tolist(), strict=True)):
                if n:
                    self._half[point, place] = half_width_of(*_interval(k, n))

    def widest(self) -> Widest | None:
        """Return the widest interval that is left, the first of equal ones; None without runs."""
        place = int(self._half.argmax())
        point, column = divmod(place, len(self.targets))
        if self._half[point, column] == _UNKNOWN:
            return None
        k, n = int(self._reached[point, column]), int(self._n[point, column])
        low, high = _interval(k, n)
        return Widest(point, self.targets[column], n, k / n, low, high)

    def narrow(self, half_width: float) -> bool:
        """Return whether every interval at every point is known and at most so wide to either side."""
        return bool((self._half != _UNKNOWN).all() and (self._half <= half_width).all())

    def balance(self) -> tuple[int, int]:
        """Return the fewest and the most finished replicates over all points, failed ones included."""
        return int(self.runs.min()), int(self.runs.max())

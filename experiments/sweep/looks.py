"""Looks: a study may ask for a precision instead of a number of replicates, and is looked at when they are due.

All points get the same number of replicates, because points are compared within a replicate. The looks are fixed before
the first run: choosing them on the way, after a glance at the results, would make the intervals too narrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.statistics import wilson
from sim.calibration import tables

FIRST_LOOK, STEP, MOST = 256, 64, 2432  # replicates a point; 2,432 hold a half-width of 0.02 at any probability
ALL = "all_reached"
_LARGEST_PART, _PARTS_A_STEP = 512, 16  # enough parts between two looks to keep workers busy until the next one


@dataclass(frozen=True)
class Precision:
    """The wanted half-width of the 95 % interval (Wilson) at every point, of each of the targets named."""

    half_width: float
    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Widest:
    """The widest interval over points and targets; it cannot be told without its n."""

    point: int
    target: str
    n: int
    probability: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Return half the length of the interval."""
        return half_width_of(self.low, self.high)

    def document(self) -> dict[str, Any]:
        """Return it for machines."""
        own = {"point_id": self.point, "target": self.target, "n": self.n}
        return {**own, "probability": self.probability, "low": self.low, "high": self.high}


def half_width_of(low: float, high: float) -> float:
    """Return half the length of an interval."""
    return (high - low) / 2.0


def looks_up_to(most: int) -> tuple[int, ...]:
    """Return the replicates a point at which is looked: 256, then every 64, and at last the most that are allowed."""
    return (*range(FIRST_LOOK, most, STEP), most)


def least_replicates(half_width: float, most: int) -> int | None:
    """Return the first look that can be enough: where every run agrees; None if not even the last one can."""
    return next((n for n in looks_up_to(most) if half_width_of(*wilson(0, n)) <= half_width), None)


def part_of_looks(points: int) -> int:
    """Return how many consecutive runs a part holds: every look, the last one apart, is at the end of a part.

    So what is due at a look is a number of whole parts, and a part holds the same runs whoever computes it.
    """
    step = STEP * points
    most = min(_LARGEST_PART, step // _PARTS_A_STEP)
    return next(size for size in range(most, 0, -1) if step % size == 0)


def target_columns() -> dict[str, str]:
    """Return the column that says whether a target was reached, by the name that a user gives."""
    return {ALL: ALL} | {row.id: f"{row.id}_reached" for row in tables.targets().values()}


def usual_targets() -> tuple[str, ...]:
    """Return what is looked at unless a study names something: the nine targets that count, and all of them at once."""
    return (ALL, *(row.id for row in tables.targets().values() if row.counted))


def in_order(targets: Sequence[str]) -> tuple[str, ...]:
    """Return targets in the order of their table."""
    return tuple(name for name in target_columns() if name in targets)


def manifest_of(precision: Precision, most: int) -> dict[str, Any]:
    """Return what the manifest says of a wanted precision."""
    looks = list(looks_up_to(most))
    return {"half_width": precision.half_width, "targets": list(precision.targets), "looks": looks}


def check_boundaries(asked: Mapping[str, Any], points: int, part_size: int, replicates: int) -> None:
    """Refuse a layout whose looks do not end with a part: our mistake, not the user's."""
    looks = list(asked["looks"])
    ends = [look * points % part_size for look in looks[:-1]]
    if not looks or looks != sorted(set(looks)) or any(ends) or looks[-1] != replicates:
        raise ValueError(f"looks at {looks} of {replicates} replicates in parts of {part_size} runs")

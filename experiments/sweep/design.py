"""Designs: from what is varied to the table of points, the same table for the same seed.

The table, not the recipe, is what is run and resumed. Sampled designs come from `scipy.stats.qmc`, which is loaded only
when such a table is made; whether a grid is too large is known from its sides, before it is built.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sim.calibration import tables
from sim.calibration.records import Lever, Parameter
from sim.errors import InputError
from sim.scenario import date_of

MOST_RUNS = 1_000_000
MOST_POINTS = 250_000  # all points are held in memory, about half a kilobyte each
MOST_LEVELS = 1000
MOST_PAIRS = 200_000_000  # the discrepancy compares every point with every other: about a second
SAMPLED = ("latin-hypercube", "sobol")
KINDS = (*SAMPLED, "grid", "list", "file")
WHOLE_UNITS = ("number", "years (0 = none)")
SWITCH_UNITS = ("0/1",)
POLICY, START, UNCERTAIN = "policy", "from", "uncertain"

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Varied:
    """One column of a design: a lever, the first quarter of a lever, or an assumption, and which values it takes.

    `values`, ascending, are a list; without them any number from `low` to `high` may come up, evenly on the
    logarithm with `log`. First quarters are counted from 1 (2021Q1).
    """

    group: str
    ident: str
    low: float
    high: float
    values: Row = ()
    log: bool = False

    @property
    def column(self) -> str:
        """Return the name of the column in points and runs: policy.I05b, policy.I05b.from, uncertain.P12."""
        if self.group == START:
            return f"{POLICY}.{self.ident}.{START}"
        return f"{self.group}.{self.ident}"

    @property
    def declared(self) -> Lever | Parameter:
        """Return the row of the table of levers or parameters."""
        return tables.parameters()[self.ident] if self.group == UNCERTAIN else tables.levers()[self.ident]

    @property
    def unit(self) -> str:
        """Return the unit of the values."""
        return "quarter" if self.group == START else self.declared.unit

    @property
    def whole(self) -> bool:
        """Say whether only whole numbers make sense; an assumption is a number that was estimated and never is."""
        return self.group != UNCERTAIN and self.unit in (*WHOLE_UNITS, *SWITCH_UNITS, "quarter")

    def listed(self) -> Row:
        """Return all values that can come up, or nothing if any number of the range can."""
        if self.values or not self.whole:
            return self.values
        return tuple(float(value) for value in range(int(self.low), int(self.high) + 1))

    def at(self, share: float) -> float:
        """Return the value at a share of the range; equal shares go to each value of a list."""
        if listed := self.listed():
            return listed[min(int(share * len(listed)), len(listed) - 1)]
        if self.log:
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        return min(max(value, self.low), self.high)

    def side(self, levels: int) -> Row:
        """Return the values of a grid: those of the list, or `levels` steps from low to high, both included."""
        if self.values:
            return self.values
        if not self.whole:
            inner = (self.at(step / (levels - 1)) for step in range(1, levels - 1))
            return (self.low, *inner, self.high)
        listed = self.listed()
        if len(listed) <= levels:
            return listed
        return tuple(listed[int(step * (len(listed) - 1) / (levels - 1) + 0.5)] for step in range(levels))

    def side_length(self, levels: int) -> int:
        """Return the length of the side without building it."""
        if self.values:
            return len(self.values)
        return min(levels, int(self.high) - int(self.low) + 1) if self.whole else levels

    def cell(self, value: float) -> str:
        """Return a value as a file spells it: the shortest text that reads back as the same number, or a date."""
        if self.group == START:
            return date_of(int(value))
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


@dataclass(frozen=True)
class Design:
    """How the points are made.

    `points` and `seed` belong to the sampled kinds, `levels` to a grid, `rows` (in the order of the study's columns)
    to `file`. A list is a table of points like a file, and kept as one.
    """

    kind: str
    points: int = 0
    seed: int = 0
    levels: int = 0
    rows: tuple[Row, ...] = ()

    def size(self, varied: Sequence[Varied]) -> int:
        """Return the number of rows, known before any is made."""
        if self.kind in SAMPLED:
            return self.points
        if self.kind == "grid":
            return math.prod(axis.side_length(self.levels) for axis in varied)
        return len(self.rows)


def table(design: Design, varied: Sequence[Varied]) -> tuple[Row, ...]:
    """Return the rows of a design, one value per column; the same for the same design.

    Raises InputError if two rows of a sampled design are equal, which happens only where few values can come up.
    """
    if design.kind == "file":
        return design.rows
    if design.kind == "grid":
        return tuple(itertools.product(*(axis.side(design.levels) for axis in varied)))
    columns = unit_sample(design, len(varied)).T.tolist()
    rows = tuple(zip(*(map(axis.at, shares) for axis, shares in zip(varied, columns, strict=True)), strict=True))
    for first, second in equal_rows(rows):
        raise InputError(
            f"points {first + 1} and {second + 1} of {len(rows)} are equal, because few values can come up; "
            'use kind = "grid", fewer points or another seed of the design'
        )
    return rows


def unit_sample(design: Design, dimensions: int) -> Any:
    """Return the sample in the unit cube, shape (points, dimensions): scrambled, each axis evenly filled."""
    import inspect

    from scipy.stats import qmc

    kind = qmc.Sobol if design.kind == "sobol" else qmc.LatinHypercube
    # The argument was renamed in scipy 1.15; both names take the same whole number.
    name = "rng" if "rng" in inspect.signature(kind).parameters else "seed"
    return kind(d=dimensions, scramble=True, **{name: design.seed}).random(design.points)


def discrepancy(design: Design, dimensions: int) -> float | None:
    """Return the centred discrepancy of a sampled design in the unit cube (smaller is more even); None for other
    kinds and where it would take long.
    """
    if design.kind not in SAMPLED or design.points**2 * dimensions > MOST_PAIRS:
        return None
    from scipy.stats import qmc

    return float(qmc.discrepancy(unit_sample(design, dimensions), method="CD"))


def equal_rows(rows: Sequence[Row]) -> Iterator[tuple[int, int]]:
    """Yield (first, repeated) for every row that repeats an earlier one."""
    seen: dict[Row, int] = {}
    for position, row in enumerate(rows):
        first = seen.setdefault(row, position)
        if first != position:
            yield first, position

"""One row of the table of benchmarks, and how the table is printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured, the figure, its unit (`x` is a ratio inside this run), and the aim if there is one."""

    what: str
    figure: float
    unit: str
    aim: str


def show(rows: Iterable[Row]) -> str:
    """Return the rows as aligned text."""
    lines = [f"{row.what:<72}{figure(row.figure):>10} {row.unit:<22}{row.aim}".rstrip() for row in rows]
    return "\n".join(lines)


def figure(value: float) -> str:
    """Return a number with three figures, thousands apart."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 4
    return f"{value:,.{digits}f}"

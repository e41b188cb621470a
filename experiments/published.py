"""Published statistics after 2020, for the eye alone: dots on a chart, never an input of the model.

The tables of the model end with 2020 and cannot import this module (`sim` never imports `experiments`), so that what
happened later can neither set nor choose a parameter. All figures found so far cover a part of a year.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from sim.calibration.checks import columns_of, origin, read_rows, unique
from sim.calibration.tables import targets

FILE = "published.csv"


@dataclass(frozen=True, slots=True)
class Published:
    """One published value of a target's measure, part-year where nothing else was found: the basis says which part."""

    id: str
    target: str
    year: int
    value: float
    unit: str
    basis_zh: str
    basis_en: str
    source: str
    confidence: str


@functools.cache
def published(folder: Path | None = None) -> tuple[Published, ...]:
    """Return all published values, in the unit of their target.

    Errors   `TableError` for a row that breaks the schema or names another target, year or unit
    """
    rows = read_rows(Path(__file__).parent if folder is None else folder, FILE, columns_of(Published))
    unique(rows, "id")
    found = []
    for row in rows:
        target = targets()[row.choice("target", tuple(targets()))]
        found.append(
            Published(
                id=row.identifier("id"),
                target=target.id,
                year=row.whole("year", 2021, 2030),
                value=row.number("value", -100.0, 1000.0),
                unit=row.choice("unit", (target.unit,)),
                basis_zh=row.text("basis_zh"),
                basis_en=row.text("basis_en"),
                **origin(row),
            )
        )
    return tuple(found)

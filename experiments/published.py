"""Published statistics after 2020, for the eye alone: dots on a chart, never an input of the model.

The model's tables end with 2020 and cannot import this module (`sim` never imports `experiments`).
"""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True)
class Published:
    """One published value of a target's measure, part-year where nothing else was found: the basis says which part."""

    target: str
    year: int
    value: float
    basis_zh: str
    basis_en: str
    source: str
    confidence: str


@functools.cache
def published() -> tuple[Published, ...]:
    """Return all published values, in the unit of their target."""
    text = (resources.files("experiments") / "published.csv").read_text(encoding="utf-8")
    return tuple(
        Published(**{**row, "year": int(row["year"]), "value": float(row["value"])})  # type: ignore[arg-type]
        for row in csv.DictReader(text.splitlines())
    )

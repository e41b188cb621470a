"""Every number that could be argued about as one table, with its source, for the data page. No Streamlit here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from experiments.dashboard.words import Words
from sim.calibration import tables

# What a source text says about the value, in the order in which it is asked. A text that is read ([F]) about the size
# of an effect while the number itself is ours ("value [A]") is an assumption, and so is a note in our own lever table.
_MARKS = (
    ("assumption", r"^assumption|^\[a\]|(?:value|magnitude) \[a\]|^(?:cost|mechanism) (?:note|formula) of "),
    ("derived", r"^derived|^\[d\]|^arithmetic|^measured in a first sketch of the model"),
    ("recalled", r"^\[r\]|\(recalled\)"),
    ("statistics", r"^\[f\] (?:mnr bulletin|kunming|yunnan)"),
    ("literature", r"^\[f(?:, [^\]]*)?\]"),
    ("document", r"implementation opinions"),
)
KINDS = ("document", "statistics", "literature", "recalled", "derived", "assumption", "missing")
# Confidence of a parameter; for a lever, how the document words it.
GRADES = ("high", "medium", "low", "figure", "absolute wording", "direction")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row: what it is, its value and range, where it comes from, how sure that is, and where it acts."""

    id: str
    sort: str  # parameter, lever
    title: str
    value: float
    said: str  # the value with its unit
    low: float
    high: float
    unit: str
    kind: str
    source: str
    confidence: str  # of a parameter: high, medium, low; of a lever: how the text words it
    role: str
    used: str


def kind_of(source: str) -> str:
    """Return the kind of evidence that a source text names; `missing` where it names none that is known."""
    text = source.strip().lower()
    return next((kind for kind, mark in _MARKS if re.search(mark, text)), "missing")


def evidence(words: Words) -> list[Evidence]:
    """Return all parameters, assumptions and levers in the language of the words."""
    rows = [
        Evidence(
            row.id,
            "parameter",
            words.title(row),
            row.value,
            words.quantity(f"{row.value:g}", row.unit),
            row.low,
            row.high,
            words.unit(row.unit),
            kind_of(row.source),
            row.source,
            row.confidence,
            row.role,
            f"{row.name} · {row.mechanism}",
        )
        for row in tables.parameters().values()
    ]
    rows += [
        Evidence(
            row.id,
            "lever",
            words.title(row),
            row.as_written,
            words.quantity(f"{row.as_written:g}", row.unit),
            row.low,
            row.high,
            words.unit(row.unit),
            kind_of(row.source) if row.policy_value is not None else "assumption",
            row.source,
            row.evidence,
            row.direction,
            f"{row.name} · {row.mechanism}",
        )
        for row in tables.levers().values()
    ]
    return rows


def counted(rows: Iterable[Evidence]) -> dict[str, int]:
    """Return how many rows there are of each kind, all kinds named."""
    found = Counter(row.kind for row in rows)
    return {kind: found.get(kind, 0) for kind in KINDS}


def chosen(
    rows: Iterable[Evidence],
    text: str,
    kinds: Iterable[str] = (),
    sorts: Iterable[str] = (),
    grades: Iterable[str] = (),
) -> list[Evidence]:
    """Return the rows that a search text and filters leave; an empty filter leaves all."""
    wanted, only_kinds, only_sorts, only_grades = text.strip().lower(), set(kinds), set(sorts), set(grades)
    return [
        row
        for row in rows
        if (not only_kinds or row.kind in only_kinds)
        and (not only_sorts or row.sort in only_sorts)
        and (not only_grades or row.confidence in only_grades)
        and (not wanted or any(wanted in part.lower() for part in (row.id, row.title, row.source, row.used)))
    ]

"""Every number that could be argued about as one table, with its source, for the data page. No Streamlit here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from experiments.dashboard.words import Words
from sim.calibration import tables

# The first word of a source says what kind of evidence it is; the tables mark recalled and assumed values themselves.
_KINDS = (
    ("assumption", ("assumption", "[a]")),
    ("derived", ("derived", "[d]")),
    ("recalled", ("[r]",)),
    ("literature", ("[f]", "[f,")),
)
KINDS = ("document", "statistics", "literature", "recalled", "derived", "assumption", "missing")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row: what it is, its value and range, where it comes from, how sure that is, and where it acts."""

    id: str
    sort: str  # parameter, lever
    title: str
    value: float
    low: float
    high: float
    unit: str
    kind: str
    source: str
    confidence: str
    role: str
    used: str


def kind_of(source: str) -> str:
    """Return the kind of evidence that a source text names; `missing` if there is none."""
    text = source.strip().lower()
    if not text:
        return "missing"
    for kind, marks in _KINDS:
        if text.startswith(marks):
            return kind
    return "document" if "implementation opinions" in text else "statistics"


def evidence(words: Words) -> list[Evidence]:
    """Return all parameters, assumptions and levers in the language of the words."""
    rows = [
        Evidence(
            row.id,
            "parameter",
            words.title(row),
            row.value,
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


def chosen(rows: Iterable[Evidence], text: str, kinds: Iterable[str], sorts: Iterable[str]) -> list[Evidence]:
    """Return the rows that a search text and filters leave; an empty filter leaves all."""
    wanted, only_kinds, only_sorts = text.strip().lower(), set(kinds), set(sorts)
    return [
        row
        for row in rows
        if (not only_kinds or row.kind in only_kinds)
        and (not only_sorts or row.sort in only_sorts)
        and (not wanted or any(wanted in part.lower() for part in (row.id, row.title, row.source, row.used)))
    ]

"""Every number that could be argued about as one table, with its source, for the data page. No Streamlit here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from experiments.dashboard.words import Words
from experiments.notes import effects, parts, source_in, stages_of
from sim.calibration import tables
from sim.calibration.records import Lever, Parameter

# What a source text says about the value, in the order in which it is asked. A text that is read ([F]) about the size
# of an effect while the number itself is ours ("value [A]") is an assumption, and so is a note in our own lever table;
# where only the direction was read, the number is that of the recalled text after it.
_MARKS = (
    ("assumption", r"^assumption|^\[a\]|(?:value|magnitude) \[a\]|^(?:cost|mechanism) (?:note|formula) of "),
    ("derived", r"^derived|^\[d\]|^arithmetic|^measured in a first sketch of the model"),
    ("recalled", r"^\[r\]|\(recalled\)|^\[f, qualitative\].*\[r\]"),
    ("statistics", r"^\[f\] (?:mnr bulletin|kunming|yunnan)"),
    ("literature", r"^\[f(?:, [^\]]*)?\]"),
    ("document", r"implementation opinions"),
)
KINDS = ("document", "statistics", "literature", "recalled", "derived", "assumption", "missing")
# Confidence of a parameter; for a lever, how the document words it.
GRADES = ("high", "medium", "low", "figure", "absolute wording", "direction")
_ARTICLE = re.compile(r"Yunnan Implementation Opinions .*, article (\d+)( \(direction only\))?;")
_BASELINE = re.compile(r"[^;]*\bbaseline\b[^;]*")
BARE = "baseline is an assumption"  # the note of a lever that says no more than the kind does
_IDS = re.compile(r"\b(?:[PQN]\d{2,3}|I\d\d[a-z])\b")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One row: what it is, its value and range, where it comes from, how sure that is, and where it acts."""

    id: str
    sort: str  # parameter, lever
    title: str
    value: float  # of a parameter the central value, of a lever the baseline: what holds when nothing is moved
    written: float | None  # of a lever: what the document says, or the setting that is suggested for a direction
    measure: str  # the unit as the tables write it
    low: float
    high: float
    unit: str
    kind: str  # of the value of a parameter, and of what is written of a lever
    source: str  # in the language of the page, where that is known
    recorded: str  # the source as the table has it
    base_kind: str  # of a lever: where its baseline comes from; empty for a parameter
    base_source: str
    confidence: str  # of a parameter: high, medium, low; of a lever: how the text words it
    role: str
    used: str  # where it acts, in words
    name: str  # its name in code and scenario files
    mechanism: str  # the note in the table


def kind_of(source: str) -> str:
    """Return the kind of evidence that a source text names; `missing` where it names none that is known."""
    text = source.strip().lower()
    return next((kind for kind, mark in _MARKS if re.search(mark, text)), "missing")


def baseline_note(notes: str) -> tuple[str, str]:
    """Return the kind of evidence of a lever's baseline and the note that says so; missing if none does."""
    found = _BASELINE.search(notes)
    if found is None:
        return "missing", ""
    text = found[0].strip()
    return ("recalled" if "(recalled)" in text else "assumption" if "assumption" in text else "missing"), text


def in_words(words: Words, source: str) -> str:
    """Return a source in the language of the words; what has no translation stays as it is recorded."""
    if found := _ARTICLE.match(source):
        return words("data.source.direction" if found[2] else "data.source.article", n=found[1])
    return source_in(source, words.language)


def evidence(words: Words) -> list[Evidence]:
    """Return all parameters, assumptions and levers in the language of the words."""
    rows = [of_parameter(words, row) for row in tables.parameters().values()]
    return rows + [_lever(words, row) for row in tables.levers().values()]


def of_parameter(words: Words, row: Parameter) -> Evidence:
    """Return one parameter in the language of the words."""
    return Evidence(
        id=row.id,
        sort="parameter",
        title=words.title(row),
        value=row.value,
        written=None,
        measure=row.unit,
        low=row.low,
        high=row.high,
        unit=words.unit(row.unit),
        kind=kind_of(row.source),
        source=in_words(words, row.source),
        recorded=row.source,
        base_kind="",
        base_source="",
        confidence=row.confidence,
        role=row.role,
        used=_where(words, row),
        name=row.name,
        mechanism=row.mechanism,
    )


def _lever(words: Words, row: Lever) -> Evidence:
    base_kind, base_source = baseline_note(row.notes)
    effect = effects()[row.id]
    return Evidence(
        id=row.id,
        sort="lever",
        title=words.title(row),
        value=row.baseline,
        written=row.as_written,
        measure=row.unit,
        low=row.low,
        high=row.high,
        unit=words.unit(row.unit),
        kind=kind_of(row.source) if row.policy_value is not None else "assumption",
        source=in_words(words, row.source),
        recorded=row.source,
        base_kind=base_kind,
        base_source=in_words(words, base_source),
        confidence=row.evidence,
        role=row.direction,
        used=effect.effect_zh if words.language == "zh" else effect.effect_en,
        name=row.name,
        mechanism=row.mechanism,
    )


def _where(words: Words, row: Parameter) -> str:
    """Return where a parameter acts: its part of the model, then the stages and levers that its mechanism names."""
    stages = list(parts("stage").values())
    named = [words.title(parts("part")[row.block])]
    named += [words("data.stage", n=n, title=words.title(stages[n - 1])) for n in stages_of(row.mechanism)]
    levers = tables.levers()
    named += [f"{ident} {words.title(levers[ident])}" for ident in _IDS.findall(row.mechanism) if ident in levers]
    return " · ".join(dict.fromkeys(named))


def referred(words: Words, row: Evidence) -> list[str]:
    """Return the titles of the numbers that the notes of a row name by their ids, without the row itself."""
    known = {**tables.parameters(), **tables.levers()}
    found = dict.fromkeys(_IDS.findall(f"{row.mechanism} {row.recorded}"))
    return [f"{ident} {words.title(known[ident])}" for ident in found if ident in known and ident != row.id]


def counted(rows: Iterable[Evidence]) -> dict[str, int]:
    """Return how many rows there are of each kind, all kinds named."""
    return _counted(row.kind for row in rows)


def baselines(rows: Iterable[Evidence]) -> dict[str, int]:
    """Return how many levers have a baseline of each kind, all kinds named."""
    return _counted(row.base_kind for row in rows if row.sort == "lever")


def _counted(kinds: Iterable[str]) -> dict[str, int]:
    found = Counter(kinds)
    return {kind: found.get(kind, 0) for kind in KINDS}


def chosen(
    rows: Iterable[Evidence],
    text: str,
    kinds: Iterable[str] = (),
    sorts: Iterable[str] = (),
    grades: Iterable[str] = (),
) -> list[Evidence]:
    """Return the rows that a search text and filters leave; an empty filter leaves all.

    A source that is missing is found wherever it is missing, be it that of a baseline.
    """
    wanted, only_kinds, only_sorts, only_grades = text.strip().lower(), set(kinds), set(sorts), set(grades)
    return [
        row
        for row in rows
        if (not only_kinds or row.kind in only_kinds or (row.base_kind == "missing" and "missing" in only_kinds))
        and (not only_sorts or row.sort in only_sorts)
        and (not only_grades or row.confidence in only_grades)
        and (not wanted or any(wanted in part.lower() for part in _searched(row)))
    ]


def _searched(row: Evidence) -> tuple[str, ...]:
    return row.id, row.title, row.source, row.recorded, row.base_source, row.used, row.name, row.mechanism

"""Words about the numbers for people: parts and stages of the model, what a lever does, sources in 中文.

The tables lie beside this module and not among those of the model, because no result depends on them. Sources are
recorded in English; those that are sentences have a 中文 twin here, references to publications stay as they are.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sim.calibration import tables
from sim.calibration.checks import TableError, columns_of, read_rows, unique

_STAGES = re.compile(r"stage (\d+(?:(?:, | and )\d+)*)")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the model (the first half of a parameter's name), or one stage of a quarter in its order."""

    kind: str  # part, stage
    id: str
    title_zh: str
    title_en: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What a lever does in the model, in one line."""

    lever: str
    effect_zh: str
    effect_en: str


@dataclass(frozen=True, slots=True)
class Note:
    """A source as it is recorded, and in 中文."""

    text: str
    text_zh: str


@functools.cache
def parts(kind: str, folder: Path | None = None) -> Mapping[str, Part]:
    """Return the parts of the model, or the stages of a quarter in order, by id. Raises TableError."""
    rows = read_rows(_folder(folder), "parts.csv", columns_of(Part))
    unique(rows, "kind", "id")
    read = [
        Part(
            kind=row.choice("kind", ("part", "stage")),
            id=row.identifier("id"),
            title_zh=row.text("title_zh"),
            title_en=row.text("title_en"),
        )
        for row in rows
    ]
    return MappingProxyType({part.id: part for part in read if part.kind == kind})


@functools.cache
def effects(folder: Path | None = None) -> Mapping[str, Effect]:
    """Return what each lever does, by lever. Raises TableError for a lever that is left out or unknown."""
    rows = read_rows(_folder(folder), "effects.csv", columns_of(Effect))
    unique(rows, "lever")
    found = {
        row.cells["lever"]: Effect(
            lever=row.choice("lever", tables.levers()),
            effect_zh=row.text("effect_zh"),
            effect_en=row.text("effect_en"),
        )
        for row in rows
    }
    if absent := sorted(tables.levers().keys() - found.keys()):
        raise TableError(f"effects.csv, column lever: {', '.join(absent)} not found; allowed: every lever once")
    return MappingProxyType(found)


@functools.cache
def sources_zh(folder: Path | None = None) -> Mapping[str, str]:
    """Return the 中文 of recorded sources, by the recorded text. Raises TableError."""
    rows = read_rows(_folder(folder), "sources_zh.csv", columns_of(Note))
    unique(rows, "text")
    return MappingProxyType({row.text("text"): row.text("text_zh") for row in rows})


def source_in(source: str, language: str) -> str:
    """Return a recorded source in a language; what has no 中文 stays as it is recorded."""
    return sources_zh().get(source, source) if language == "zh" else source


def stages_of(mechanism: str) -> list[int]:
    """Return the numbers of the stages that the mechanism of a parameter names, in order."""
    named = {int(number) for found in _STAGES.findall(mechanism) for number in re.findall(r"\d+", found)}
    return sorted(named)


def _folder(folder: Path | None) -> Path:
    return Path(__file__).parent if folder is None else folder

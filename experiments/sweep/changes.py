"""What differs between the study of a folder and the one that is asked for: key by key, in the names of the file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.sweep.manifest import STUDY

MOST = 5
_FREE = ("format", "question", "failures")  # of no account for what a study is
_LONGEST = 60
_POINTS = "points.csv"


def changes_words(stored: Mapping[str, str], asked: Mapping[str, str]) -> str:
    """Name at most five changes between the files of two studies, and how many others there are; empty if none."""
    found = list(changes(stored, asked))
    others = [f"and {len(found) - MOST} others"] if len(found) > MOST else []
    return "; ".join(found[:MOST] + others)


def changes(stored: Mapping[str, str], asked: Mapping[str, str]) -> Iterator[str]:
    """Yield every change between two studies, given as the texts of their normal forms by name."""
    before, after = _facts(stored), _facts(asked)
    for key in [*before, *(key for key in after if key not in before)]:
        if key not in after:
            yield f"{key} {_shown(before[key])} -> none"
        elif key not in before:
            yield f"{key} none -> {_shown(after[key])}"
        elif before[key] != after[key]:
            yield f"{key} {_shown(before[key])} -> {_shown(after[key])}"


def _facts(files: Mapping[str, str]) -> dict[str, Any]:
    """Return every value of a study and its scenarios by dotted key; a scenario goes by its name."""
    study = {key: value for key, value in _read(files.get(STUDY, "")).items() if key not in _FREE}
    names = study.pop("scenarios", None) or [study.pop("scenario", None)]
    scenarios = [_read(files.get(str(name), "")) for name in names]
    own = [str(content.pop("name", name)) for name, content in zip(names, scenarios, strict=True)]
    varied = study.pop("vary", {})
    found: dict[str, Any] = {"scenarios": own}
    found |= _flat(study) | _flat(varied)
    for name, content in zip(own, scenarios, strict=True):
        content.pop("format", None)
        found |= _flat(content, f"{name}: ")
    rows = files.get(_POINTS, "").splitlines()
    found |= {f"{_POINTS} line {number}": row for number, row in enumerate(rows, 1)}
    return found


def _flat(content: Any, before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in content.items():
        inner = _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else {}
        found |= inner or {f"{before}{key}": value}
    return found


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _shown(value: Any) -> str:
    if isinstance(value, list):
        text = f"[{', '.join(map(_shown, value))}]"
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, Mapping):
        text = "set"  # a table without keys
    else:
        text = f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."

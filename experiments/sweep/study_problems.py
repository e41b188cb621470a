"""The errors of one study, each with its place and the line it stands on, reported all at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sim.errors import InputError, nearest

MOST_SHOWN = 50
_LONGEST = 60
_PART = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*({_KEY})[ \t]*\]")
_ENTRY = re.compile(rf"[ \t]*({_KEY})[ \t]*=")
_STRINGS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")


@dataclass(frozen=True)
class Problem:
    """One error: the file, its line if known, the dotted place, and what is wrong and what to do."""

    source: str
    line: int | None
    place: str
    text: str

    def __str__(self) -> str:
        where = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{where}  {self.place}\n    {self.text}" if self.place else f"{where}\n    {self.text}"


@dataclass
class Problems:
    """The errors found in a study so far; `text` is the study file, for the lines.

    `spelled` holds the place of what is varied by its column: the file may say names in place of ids.
    """

    source: str
    text: str = ""
    found: list[Problem] = field(default_factory=list)
    spelled: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, text: str) -> None:
        """Note an error at a dotted place of the document, such as `vary.policy.I05b`; `vary.` is not shown."""
        self.found.append(Problem(self.source, self._line(place), shown(place.removeprefix("vary."), 120), text))

    def add_in(self, file: str, line: int | None, place: str, text: str) -> None:
        """Note an error in a file that belongs to the study."""
        self.found.append(Problem(file, line, shown(place, 120), text))

    def place_of(self, column: str) -> str:
        """Return the place at which the file varies a column."""
        return self.spelled.get(column, f"vary.{column}")

    def raise_if_any(self) -> None:
        """Raise one InputError with all errors in the order of the file, if there are any."""
        if not self.found:
            return
        ordered = sorted(self.found, key=lambda problem: (problem.source != self.source, problem.line or 0))
        lines = [str(problem) for problem in ordered[:MOST_SHOWN]]
        if len(ordered) > MOST_SHOWN:
            lines.append(f"... and {len(ordered) - MOST_SHOWN} more")
        count = "1 error" if len(ordered) == 1 else f"{len(ordered)} errors"
        raise InputError("\n".join([*lines, f"{count}; nothing was run"]))

    def _line(self, place: str) -> int | None:
        while place and place not in self._lines:
            place = place.rpartition(".")[0]
        return self._lines.get(place)

    @cached_property
    def _lines(self) -> dict[str, int]:
        return key_lines(self.text)


def key_lines(text: str) -> dict[str, int]:
    """Return the line of every dotted key that begins a line of a TOML text, tables included, and of every row of
    `design.rows`.
    """
    lines: dict[str, int] = {}
    section, closing = "", ""
    for number, line in enumerate(text.split("\n"), 1):
        if closing:  # inside a long string nothing is a key
            closing = "" if closing in line else closing
            continue
        if found := _HEADER.match(line):
            section = _dotted(found[1])
            lines.setdefault(section, number)
        elif found := _ENTRY.match(line):
            lines.setdefault(f"{section}.{_dotted(found[1])}" if section else _dotted(found[1]), number)
        closing = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")
    return lines | _row_lines(text, lines.get("design.rows"))


def _row_lines(text: str, first: int | None) -> dict[str, int]:
    found: dict[str, int] = {}
    if first is None:
        return found
    depth = 0
    for number, line in enumerate(text.split("\n")[first - 1 :], first):
        for character in _STRINGS.sub("", line).partition("#")[0]:
            if character == "{" and depth == 0:
                found[f"design.rows.{len(found) + 1}"] = number
            depth += (character == "{") - (character == "}")
    return found


def _dotted(key: str) -> str:
    return ".".join(part.strip("\"'") for part in re.findall(_PART, key))


def shown(value: object, longest: int = _LONGEST) -> str:
    """Show a value as a file spells it, in one short line that cannot disturb a terminal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) or (isinstance(value, int) and abs(value) < 10**15):
        return number(value)
    try:
        text = value if isinstance(value, str) else repr(value)
    except ValueError:  # an integer of thousands of digits
        text = "a number of thousands of digits"
    text = text if text.isprintable() else repr(text)
    return text if len(text) <= longest else text[: longest - 3] + "..."


def quoted(value: object) -> str:
    """Show a value as a file spells it, texts in quotation marks."""
    return f'"{shown(value)}"' if isinstance(value, str) else shown(value)


def number(value: float) -> str:
    """Show a number without needless digits: 1500000, 0.25; one just outside a limit does not look like the limit."""
    text = f"{value:.10g}"
    return text if float(text) == value or not math.isfinite(value) else repr(value)


def did_you_mean(name: str, known: list[str], otherwise: str) -> str:
    """Return the question with the nearest right names, or what to say if nothing is close."""
    close = nearest(name, known) if len(name) <= _LONGEST else []
    return f"did you mean {' or '.join(close)}?" if close else otherwise


def check_keys(given: Mapping[str, Any], allowed: Sequence[str], place: str, problems: Problems) -> None:
    """Note every key that is not allowed at a place."""
    for key in given:
        if key not in allowed:
            hint = did_you_mean(key, list(allowed), f"known are {', '.join(allowed)}")
            problems.add(f"{place}.{key}" if place else key, f"no such key; {hint}")


def flattened(given: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value): bare dots of a key arrive as nested tables and are joined again."""
    for key, value in given.items():
        if isinstance(value, Mapping) and value:
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def whole(
    given: Mapping[str, Any], key: str, default: int | None, limits: tuple[int, int], place: str, problems: Problems
) -> int:
    """Return a whole number of a table, noting an error if it is none, out of limits, or missing without default."""
    low, high = limits
    value = given.get(key, default)
    if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
        return value
    what = "is missing; write" if value is None else f"= {quoted(value)} is not"
    problems.add(f"{place}.{key}", f"{key} {what} a whole number from {low:,} to {high:,}")
    return default if default is not None else low

"""The normal form of a scenario: TOML text that is the same for equal scenarios and reads back as the same scenario."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sim.scenario import Scenario, Setting, date_of

_CHUNK = 400


def normal_form(scenario: Scenario) -> str:
    """Return canonical TOML text with a final line break."""
    return "\n".join(_lines(scenario)) + "\n"


def _lines(scenario: Scenario) -> Iterator[str]:
    yield "format = 1"
    yield f"name = {_text(scenario.name)}"
    for key, texts in (("title", scenario.title), ("why", scenario.why)):
        if texts:
            yield from ("", f"[{key}]")
            yield from (f"{language} = {_text(text)}" for language, text in texts.items())
    if scenario.levers:
        yield from ("", "[levers]")
        yield from (f"{lever} = {_setting(setting)}" for lever, setting in scenario.levers.items())
    if scenario.assumptions:
        yield from ("", "[assumptions]")
        yield from (f"{ident} = {float(value)!r}" for ident, value in scenario.assumptions.items())
    for key, rows in (("parks", scenario.parks), ("links", scenario.links)):
        for row in rows:
            yield from ("", f"[[{key}]]")
            yield from _row(row)


def _row(row: Mapping[str, Any]) -> Iterator[str]:
    for key, value in row.items():
        if key == "opens":
            yield f'opens = "{date_of(value)}"'
        else:
            yield f"{key} = {_text(value) if isinstance(value, str) else repr(float(value))}"


def _setting(setting: Setting) -> str:
    if setting == Setting(setting.value):
        return repr(float(setting.value))
    parts = [f"value = {float(setting.value)!r}", f'from = "{date_of(setting.start)}"']
    if setting.end is not None:
        parts.append(f'to = "{date_of(setting.end)}"')
    if setting.ramp:
        parts.append(f"ramp_quarters = {setting.ramp}")
    return "{ " + ", ".join(parts) + " }"


def _text(text: str) -> str:
    """Quote a text; a long one goes over several lines, because the door refuses lines above 500 characters."""
    quoted = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
    if len(quoted) <= _CHUNK:
        return quoted
    pieces = [json.dumps(text[i : i + _CHUNK // 6], ensure_ascii=False)[1:-1] for i in range(0, len(text), _CHUNK // 6)]
    # A line-ending backslash swallows the blanks that follow it, so a piece may not begin with one.
    safe = [("\\u0020" + piece[1:] if piece.startswith(" ") else piece).replace("\x7f", "\\u007f") for piece in pieces]
    return '"""\\\n' + "\\\n".join(safe) + '"""'

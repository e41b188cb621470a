"""The door for TOML files: what is not small, plain text of modest depth is refused before the parser sees it.

The standard parser is correct but trusting: a quarter of a megabyte of nested brackets or dotted keys exhausts the
stack or the memory. The limits here are far above any real scenario or study, and the worst file they allow is read
in a fraction of a second.
"""

from __future__ import annotations

import math
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.errors import InputError, Said

MAX_BYTES = 64 * 1024
MAX_LINE = 500
MAX_DOTS = 6
MAX_OPEN = 32

# One left-to-right scan over strings and comments, so that brackets and dots inside them do not count. An unfinished
# long string runs to the end: the scan stays linear, and the parser refuses such a file anyway.
_QUIET = re.compile(
    r'"""(?:[^\\]|\\.|\\\Z)*?(?:"""|\Z)|\'\'\'.*?(?:\'\'\'|\Z)'
    r'|"(?:[^"\\\n]|\\[^\n])*"|\'[^\'\n]*\'|(?P<comment>#[^\n]*)',
    re.DOTALL,
)
_KEY_PART = r"(?:[A-Za-z0-9_-]+|\"\")"
_LONG_KEY = re.compile(rf"{_KEY_PART}(?:[ \t]*\.[ \t]*{_KEY_PART}){{{MAX_DOTS + 1},}}")


def read_toml(path: Path, *, finite: bool = True) -> dict[str, Any]:
    """Read and parse a file, refusing what is too large, not text, or not TOML.

    With `finite` (the default) NaN and infinity are refused as well; a caller that checks every number itself, in
    order to report all errors together, passes False. Raises InputError with one message.
    """
    return parse_toml(_read_bytes(path), str(path), finite=finite)


def parse_toml(raw: bytes, name: str, *, finite: bool = True) -> dict[str, Any]:
    """Parse the bytes of a TOML document called `name`; see `read_toml`. A byte-order mark of UTF-8 is accepted."""
    text = _decoded(raw, name)
    _refuse_hostile(text, name)
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise _refusal(name, Said("is nested too deeply to be read; write flat tables")) from None
    except ValueError as error:
        raise _refusal(
            name, Said("is not valid TOML: {error}; correct that place and try again", error=error)
        ) from None
    if finite and (places := list(non_finite(document))):
        raise _refusal(name, Said("{places}: not a finite number; write an ordinary number", places=places))
    return document


def is_finite_number(value: object) -> bool:
    """Say whether a value is an ordinary number: not text, not true or false, not NaN, not infinite, not
    astronomical.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def non_finite(document: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Yield the dotted place of every number that is not finite, in the order of the document."""
    for key, value in document.items():
        yield from _non_finite_at(value, f"{path}.{key}" if path else str(key))


def _non_finite_at(value: object, place: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from non_finite(value, place)
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value, 1):
            yield from _non_finite_at(item, f"{place}[{position}]")
    elif isinstance(value, int | float) and not isinstance(value, bool) and not is_finite_number(value):
        yield place


def _refusal(name: object, why: Said) -> InputError:
    return InputError(Said("{name}: {why}", name=name, why=why))


def _read_bytes(path: Path) -> bytes:
    """Return the bytes of an ordinary file; a pipe or a device would block or never end."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _refusal(path, Said("is a folder; name a .toml file inside it"))
        if not stat.S_ISREG(mode):
            raise _refusal(path, Said("is not an ordinary file; name a .toml file"))
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refusal(path, Said("no such file; check the spelling and the folder")) from None
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        text = Said("cannot be read ({reason}); check the name and the permissions", reason=reason)
        raise _refusal(path, text) from None


def _decoded(raw: bytes, name: str) -> str:
    if len(raw) > MAX_BYTES:
        most = MAX_BYTES // 1024
        raise _refusal(name, Said("is larger than {most} KiB; a scenario or study is a short text file", most=most))
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _refusal(name, Said("is UTF-16 text; save it as UTF-8"))
    if b"\x00" in raw:
        raise _refusal(name, Said("is a binary file, not TOML text"))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refusal(name, Said("line {line} is not UTF-8 text; save the file as UTF-8", line=line)) from None


def _refuse_hostile(text: str, name: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            limits = {"n": len(line), "most": MAX_LINE}
            raise _refusal(
                name, Said("line {line} has {n} characters, at most {most}; break it up", line=number, **limits)
            )
    # Strings become "" and keep their line breaks, so that line numbers stay true.
    plain = _QUIET.sub(lambda m: "" if m["comment"] else '""' + "\n" * m[0].count("\n"), text)
    for number, line in enumerate(plain.split("\n"), 1):
        if _LONG_KEY.search(line):
            raise _refusal(
                name,
                Said(
                    "line {line} has a key with more than {most} dots; no name here is that deep",
                    line=number,
                    most=MAX_DOTS,
                ),
            )
    depth = 0
    for number, line in enumerate(plain.split("\n"), 1):
        for character in line:
            depth = max(depth + (character in "[{") - (character in "]}"), 0)
            if depth > MAX_OPEN:
                raise _refusal(
                    name,
                    Said(
                        "line {line} has more than {most} open brackets; write flat tables", line=number, most=MAX_OPEN
                    ),
                )

"""Errors that a user can mend, and the spelling help that goes with them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

_ALIKE = 0.6  # below, words share letters and no meaning: `policy` and `replicates`


class Said(str):
    """An English text that remembers its template and values, so that a reader of another language can be told too.

    Values may be texts of this kind themselves. A list is written with commas, a tuple with `or`: alternatives.
    Between processes it travels as the English text alone.
    """

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, **values: Any) -> Said:
        """Fill the values into the template, which is written as for `str.format`."""
        text = super().__new__(cls, template.format(**{name: filled(value) for name, value in values.items()}))
        text.template, text.values = template, values
        return text

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Pickle as plain text."""
        return str, (str(self),)


class Titled(str):
    """An English title together with the Chinese one."""

    zh: str

    def __new__(cls, en: str, zh: str) -> Titled:
        """Read as the English title."""
        text = super().__new__(cls, en)
        text.zh = zh
        return text


class Amount(str):
    """A number or a span of numbers with its unit, as an English text that remembers both."""

    number: str
    unit: str

    def __new__(cls, text: str, number: str, unit: str) -> Amount:
        """Read as the text."""
        amount = super().__new__(cls, text)
        amount.number, amount.unit = number, unit
        return amount


def filled(value: object, comma: str = ", ", either: str = " or ", write: Callable[[object], str] = str) -> object:
    """Return a value of a Said as its template takes it: texts written, lists joined, numbers as they are."""
    match value:
        case list():
            return comma.join(map(write, value))
        case tuple():
            return either.join(map(write, value))
        case str():
            return write(value)
    return value


class InputError(ValueError):
    """Raised for an input that the reader of the message can correct.

    The message is one clear text: what was given, what is allowed. The command line prints it and exits with 2.
    `lines` are its parts, of which those of type Said can be put into another language.
    """

    def __init__(self, message: str, lines: Sequence[str] | None = None) -> None:
        """Hold the message, and its parts if it has more than one."""
        super().__init__(message)
        self.lines = tuple(lines) if lines is not None else (message,)


def nearest(name: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """Return up to `n` candidates that `name` begins, shortest first, and then those spelled most like it.

    Letter case is ignored in the comparison; the candidates come back as they were given. Empty if nothing is close.
    """
    folded = name.casefold()
    by_folded: dict[str, str] = {}
    for candidate in candidates:
        by_folded.setdefault(candidate.casefold(), candidate)
    begun = sorted((known for known in by_folded if folded and known.startswith(folded)), key=len)
    close = difflib.get_close_matches(folded, list(by_folded), n=n, cutoff=_ALIKE)
    return [by_folded[known] for known in dict.fromkeys([*begun, *close])][:n]

"""Errors that a user can mend, and the spelling help that goes with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Raised for an input that the reader of the message can correct.

    The message is one clear text: what was given, what is allowed. The command line prints it and exits with 2.
    """


def nearest(name: str, candidates: Iterable[str], n: int = 3) -> list[str]:
    """Return up to `n` candidates spelled most like `name`, best first.

    Letter case is ignored in the comparison; the candidates come back as they were given. Empty if nothing is close.
    """
    by_folded: dict[str, str] = {}
    for candidate in candidates:
        by_folded.setdefault(candidate.casefold(), candidate)
    close = difflib.get_close_matches(name.casefold(), list(by_folded), n=n, cutoff=0.5)
    return [by_folded[folded] for folded in close]

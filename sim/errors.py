"""Errors that a user can mend, and the spelling help that goes with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_ALIKE = 0.6  # below, words share letters and no meaning: `policy` and `replicates`


class InputError(ValueError):
    """Raised for an input that the reader of the message can correct.

    The message is one clear text: what was given, what is allowed. The command line prints it and exits with 2.
    """


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

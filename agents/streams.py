"""Named random streams: a draw is a function of (seed, stream, quarter, agent) and of nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from agents.columns import Floats, Integers

_FIXED = 1 << 40  # the counter of draws that belong to the agent for life and not to a quarter
_BLOCK = 4  # words that the generator makes at once
_NONE: Floats = np.zeros(0)
_NOTHING_DRAWN: Any = {
    "bit_generator": "Philox",
    "buffer": np.zeros(4, np.uint64),
    "buffer_pos": 4,
    "has_uint32": 0,
    "uinteger": 0,
}


class RepeatedDrawError(RuntimeError):
    """Raised when one stream is drawn from twice in a quarter: the second draw would repeat the first."""


class Streams:
    """The randomness of one run, keyed by numpy's Philox counter generator.

    The generator of a stream has as its key the seed and the name, as its counter the quarter; agent `id` takes the
    value at position `id`. So the same agent gets the same number whatever else is in the population, and however
    large it grows.
    """

    def __init__(self, seed: np.random.SeedSequence) -> None:
        self._root = seed.generate_state(2, np.uint64)
        self._bits = np.random.Philox(key=self._root)  # set anew for every draw, which takes a tenth of making one
        self._random = np.random.Generator(self._bits)
        self._keys: dict[str, Any] = {}
        self._used: set[str] = set()
        self._kept: dict[tuple[str, str], Floats] = {}  # draws for life from id 0 on, by stream and kind
        self.quarter = 0

    def begin(self, quarter: int) -> None:
        """Start a quarter: every stream may be drawn from once more."""
        self.quarter = quarter
        self._used.clear()

    def _generator(self, name: str, counter: int, block: int = 0) -> np.random.Generator:
        """Return the generator of a stream, set to its start or to a later block of four words."""
        key = self._keys.get(name)
        if key is None:
            word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
            key = self._keys[name] = np.array([self._root[0] ^ np.uint64(word), self._root[1]], np.uint64)
        state: Any = {**_NOTHING_DRAWN, "state": {"counter": np.array([block, 0, counter, 0], np.uint64), "key": key}}
        self._bits.state = state
        return self._random

    def _once(self, name: str) -> np.random.Generator:
        if name in self._used:
            raise RepeatedDrawError(f"stream {name!r} was already drawn from in quarter {self.quarter}")
        self._used.add(name)
        return self._generator(name, self.quarter)

    def uniform(self, name: str, ids: Integers) -> Floats:
        """Draw this quarter's uniform on [0, 1) for each id, shape of `ids`."""
        return self._once(name).random(_length(ids))[ids]

    def normal(self, name: str, ids: Integers) -> Floats:
        """Draw this quarter's standard normal for each id, shape of `ids`."""
        return self._once(name).standard_normal(_length(ids))[ids]

    def gumbel(self, name: str, ids: Integers, width: int) -> Floats:
        """Draw this quarter's standard Gumbel tastes, shape (len(ids), width)."""
        return -np.log(-np.log1p(-self._once(name).random((_length(ids), width))[ids]))

    def fixed(self, name: str, ids: Integers) -> Floats:
        """Return the uniform on [0, 1) that belongs to each id for life (a keyed hash of the case)."""
        length = _length(ids)
        kept = self._kept.get((name, "random"), _NONE)
        if len(kept) < length:  # a uniform takes one word of the stream, so that it goes on where it ended
            more = max(length, len(kept) * 3 // 2) - len(kept)
            blocks = -(-more // _BLOCK)
            tail = self._generator(name, _FIXED, len(kept) // _BLOCK).random(blocks * _BLOCK)
            kept = self._kept[name, "random"] = np.concatenate((kept, tail))
        return kept[ids]

    def fixed_normal(self, name: str, ids: Integers) -> Floats:
        """Return the standard normal that belongs to each id for life."""
        length = _length(ids)
        kept = self._kept.get((name, "standard_normal"), _NONE)
        if len(kept) < length:  # how many words a normal takes varies, so that the stream begins anew
            room = max(length, len(kept) * 3 // 2)
            kept = self._kept[name, "standard_normal"] = self._generator(name, _FIXED).standard_normal(room)
        return kept[ids]


def _length(ids: Integers) -> int:
    return int(ids.max()) + 1 if len(ids) else 0

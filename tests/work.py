"""How much work a call does, told without a clock: by the calls it makes, and by whether it ends at all."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

HANG_SECONDS = 60  # of processor: hundreds of times what the slowest of these calls takes, nothing beside a hang


@contextmanager
def no_hang() -> Iterator[None]:
    """End a block that does not end by itself: a pattern that tries every way through a text makes no calls."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"still at work after {HANG_SECONDS} s of processor")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@dataclass
class Calls:
    """How many functions, of Python and of C, a block has called: the same number on every machine."""

    number: int = 0

    def see(self, frame: FrameType, event: str, argument: object) -> None:
        """Count one event of the interpreter."""
        self.number += event in ("call", "c_call")


@contextmanager
def counted() -> Iterator[Calls]:
    """Count the calls of a block."""
    calls = Calls()
    sys.setprofile(calls.see)
    try:
        yield calls
    finally:
        sys.setprofile(None)

"""Progress on standard error: a bar with the remaining time on a terminal, one line per half minute elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from experiments.wording import width

_LINE_SECONDS = 30.0
_REDRAW_SECONDS = 0.1
_BAR = 24


class Progress:
    """Counts finished pieces of work and tells how long the rest will take, from this run's own rate."""

    def __init__(
        self,
        total: int,
        label: str,
        left: Callable[[float], str],
        stream: TextIO | None = None,
        quiet: bool = False,
        total_words: str | None = None,
    ) -> None:
        """Prepare to count `total` pieces, shown as `total_words`; `left` words a number of remaining seconds; `quiet`
        shows nothing.
        """
        self._total, self._label, self._left = total, label, left
        self._total_words = total_words or str(total)
        self._stream = stream or sys.stderr
        self._quiet = quiet
        self._live = self._stream.isatty()
        self._begun = self._shown = time.monotonic()

    def update(self, done: int, words: str | None = None) -> None:
        """Show that `done` pieces are finished, if it is time to show something; `words` replace the remaining time."""
        now = time.monotonic()
        pause = _REDRAW_SECONDS if self._live else _LINE_SECONDS
        if self._quiet or (now - self._shown < pause and not (self._live and done == self._total)):
            return
        self._shown = now
        self._write(done, self._words(done, now) if words is None else words)

    def _words(self, done: int, now: float) -> str:
        # The first pieces pay for starting the workers; a rate from one of them would mislead.
        rest = (now - self._begun) / done * (self._total - done) if done > 1 else None
        return "" if rest is None or done == self._total else self._left(rest)

    def close(self) -> None:
        """Remove the bar, so that what follows starts on a clean line."""
        if self._live and not self._quiet:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def _write(self, done: int, words: str) -> None:
        text = f"{self._label} {done}/{self._total_words} {words}".rstrip()
        if self._live:
            full = round(_BAR * done / self._total)
            bar = f"[{'#' * full}{'.' * (_BAR - full)}] "
            self._stream.write(f"\r\x1b[2K{self._fitted(bar, text)}")
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def _fitted(self, bar: str, text: str) -> str:
        """Return what fits on one line: a line that wraps cannot be drawn over. The words come before the bar."""
        columns = 0
        with suppress(AttributeError, OSError, ValueError):  # a terminal that is none, as in tests
            columns = os.get_terminal_size(self._stream.fileno()).columns
        if columns <= 0 or width(bar + text) < columns:
            return bar + text
        while text and width(text) >= columns:
            text = text[:-1]
        return text

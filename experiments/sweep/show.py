"""How a running sweep shows itself: a bar on a terminal, a line each half minute elsewhere."""

from __future__ import annotations

from experiments.messages import Messages
from experiments.progress import Progress as Drawn
from experiments.sweep.sweep import Progress
from experiments.wording import duration


class Bar:
    """The progress of one session."""

    def __init__(self, total: int, text: Messages) -> None:
        """Prepare to show so many runs."""
        self._text = text
        self._drawn = Drawn(total, text("sweep.label"), lambda seconds: duration(seconds, text))

    def show(self, progress: Progress) -> None:
        """Show where the sweep is."""
        words = []
        if progress.failed:
            words.append(self._text("sweep.failed", n=progress.failed))
        if progress.remaining is not None:
            low, high = (duration(seconds, self._text) for seconds in progress.remaining)
            words.append(self._text("sweep.left", low=low, high=high))
        self._drawn.update(progress.done, " · ".join(words))

    def close(self) -> None:
        """Leave a clean line."""
        self._drawn.close()

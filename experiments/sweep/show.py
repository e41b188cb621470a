"""How a running sweep shows itself: a bar on a terminal, a line each half minute elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.messages import Messages
from experiments.progress import Progress as Drawn
from experiments.sweep.sweep import Progress
from experiments.sweep.words import target_words, total_words
from experiments.wording import duration, probability


class Bar:
    """The progress of one session."""

    def __init__(self, total: int, text: Messages, looks: bool = False) -> None:
        """Prepare to show so many runs; with `looks` they are the most there may be."""
        self._text = text
        most = total_words(total, looks, text)
        self._drawn = Drawn(total, text("sweep.label"), lambda seconds: duration(seconds, text), total_words=most)

    def show(self, progress: Progress) -> None:
        """Show where the sweep is."""
        self._drawn.update(progress.done, " · ".join(self._words(progress)))

    def _words(self, progress: Progress) -> Iterator[str]:
        """Yield what is told, in the order in which a narrow terminal may do without it."""
        text, look = self._text, progress.look
        if progress.failed:
            yield text("sweep.failed", n=progress.failed)
        if look is not None:
            yield text("sweep.look", look=look.number, looks=look.looks)
        if progress.remaining is not None:
            low, high = (duration(seconds, text) for seconds in progress.remaining)
            yield text("sweep.left" if look is None else "sweep.left_of_look", low=low, high=high)
        if progress.widest is not None:
            widest = progress.widest
            odds, target = probability(widest.document(), text), target_words(widest.target, text)
            yield text("sweep.widest", point=widest.point, odds=odds, target=target)

    def close(self) -> None:
        """Leave a clean line."""
        self._drawn.close()

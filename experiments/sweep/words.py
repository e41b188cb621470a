"""How looks, half-widths and widest intervals are worded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.messages import Messages
from experiments.sweep.looks import ALL
from experiments.wording import percent
from sim.calibration import tables


def target_words(target: str, text: Messages) -> str:
    """Name a target for people."""
    if target == ALL:
        return text("sweep.all_targets")
    row = tables.targets()[target]
    return row.title_zh if text.language == "zh" else row.title_en


def widest_words(key: str, widest: Mapping[str, Any], text: Messages) -> str:
    """Word a widest interval, given as a document, with one of the texts made for it."""
    return text(
        key,
        point=widest["point_id"],
        target=target_words(widest["target"], text),
        n=widest["n"],
        value=percent(widest["probability"], text),
        **{end: percent(widest[end], text) for end in ("low", "high")},
    )


def half(width: float | None) -> str:
    """Write a half-width with so many digits that one just above the wanted one does not look like it."""
    return "?" if width is None else f"{width:.5g}"


def total_words(total: int, looks: bool, text: Messages) -> str:
    """Write a number of runs that is the most, or just the number, if it is fixed."""
    return text("sweep.most", n=total) if looks else str(total)

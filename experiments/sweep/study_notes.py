"""What `check` notes of a sound study that may not be what was meant: levers that do nothing where they are varied, and
a precision that most probabilities cannot reach.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from experiments.check import missing_background
from experiments.messages import Messages
from experiments.statistics import wilson
from experiments.sweep.design import POLICY, UNCERTAIN
from experiments.sweep.looks import half_width_of
from experiments.sweep.study import Study
from sim.calibration import tables

ALONE, SELDOM_REACHED = "needs", "seldom_reached"  # a note is worded by the text `study.note_...` of its kind
_MOST_DIGITS = 4


def notes(study: Study) -> list[dict[str, Any]]:
    """Return the notes, each with its `kind` and its figures."""
    return [*_alone(study), *_seldom_reached(study)]


def note_lines(rows: Sequence[Mapping[str, Any]], text: Messages) -> Iterator[str]:
    """Word the notes."""
    for row in rows:
        if row["kind"] == ALONE:
            background = ", ".join(f"{lever} = {value:g}" for lever, value in row["background"].items())
            yield text("study.note_needs", lever=row["lever"], background=background, scenarios=_joined(row, text))
        else:
            figures = {"most": row["replicates"], "wanted": f"{row['half_width']:g}", "needed": row["needed"]}
            share = math.floor(row["widest_probability"] * 10**_MOST_DIGITS) / 10**_MOST_DIGITS
            ends = {"low": f"{100 * share:g}", "high": f"{100 * (1 - share):g}"}
            key = "study.note_seldom_reached" if share else "study.note_never_reached"
            yield text(key, half=f"{row['half_width_at_half']:.3g}", **figures, **(ends if share else {}))


def _joined(row: Mapping[str, Any], text: Messages) -> str:
    return text("study.join").join(row["scenarios"])


def _alone(study: Study) -> Iterator[dict[str, Any]]:
    """Yield the varied levers that act only on a background which no point of a scenario has.

    Where another varied lever leaves its value of 2020, nothing is said: it makes the background at some points.
    """
    levers = tables.levers()
    moved = {
        axis.ident
        for axis in study.varied
        if axis.group == POLICY and {axis.low, axis.high} != {levers[axis.ident].baseline}
    }
    for lever in dict.fromkeys(axis.ident for axis in study.varied if axis.group != UNCERTAIN):
        where: dict[tuple[tuple[str, float], ...], list[str]] = {}
        for scenario in study.scenarios:
            if missing := missing_background(lever, {*scenario.levers, *moved}):
                where.setdefault(tuple(missing.items()), []).append(scenario.name)
        for background, names in where.items():
            yield {"kind": ALONE, "lever": lever, "background": dict(background), "scenarios": names}


def _seldom_reached(study: Study) -> Iterator[dict[str, Any]]:
    """Yield, if the most replicates are too few for a probability of one half, for which they are enough."""
    asked, most = study.precision, study.replicates
    if asked is None:
        return
    at_half = half_width_of(*wilson(most // 2, most))
    reached = half_width_of(*wilson(0, most)) <= asked.half_width
    if at_half <= asked.half_width or not reached:  # what cannot be reached at all is told with the looks
        return
    enough, too_few = 0, most // 2  # the interval widens from either end to the middle
    while too_few - enough > 1:
        middle = (enough + too_few) // 2
        if half_width_of(*wilson(middle, most)) <= asked.half_width:
            enough = middle
        else:
            too_few = middle
    yield {
        "kind": SELDOM_REACHED,
        "half_width": asked.half_width,
        "replicates": most,
        "widest_probability": enough / most,
        "half_width_at_half": at_half,
        "needed": _needed_at_half(asked.half_width),
    }


def _needed_at_half(half_width: float) -> int:
    """Return the replicates that a probability of one half takes: the least even number whose interval is narrow."""
    low, high = 1, 2
    while half_width_of(*wilson(high // 2, high)) > half_width:
        low, high = high, 2 * high
    while high - low > 2:
        middle = (low + high) // 4 * 2
        if half_width_of(*wilson(middle // 2, middle)) > half_width:
            low = middle
        else:
            high = middle
    return high

"""What `[replicates]` of a study may say: a number, or a precision and the most that it may take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.ensemble import DEFAULT_REPLICATES, MOST_REPLICATES
from experiments.sweep.looks import FIRST_LOOK, MOST, Precision, in_order, target_columns, usual_targets
from experiments.sweep.study_problems import Problems, check_keys, did_you_mean, quoted, whole
from sim.toml_guard import is_finite_number

KEYS = ("number", "half_width", "max", "target")
_EXAMPLE = 0.02


def replicates_of(given: Mapping[str, Any], problems: Problems) -> tuple[int, Precision | None]:
    """Return the replicates of every point, at most, and the precision that ends them earlier; notes every error."""
    check_keys(given, KEYS, "replicates", problems)
    if "half_width" not in given:
        for key in ("max", "target"):
            if key in given:
                problems.add(
                    f"replicates.{key}",
                    f"{key} says nothing without half_width; add half_width = {_EXAMPLE}, or remove it",
                )
        return whole(given, "number", DEFAULT_REPLICATES, (1, MOST_REPLICATES), "replicates", problems), None
    if "number" in given:
        problems.add("replicates.number", "number and half_width are both set; keep one of the two")
    most = whole(given, "max", MOST, (FIRST_LOOK, MOST_REPLICATES), "replicates", problems)
    return most, Precision(_half_width(given["half_width"], problems), _targets(given.get("target"), problems))


def _half_width(value: Any, problems: Problems) -> float:
    if is_finite_number(value) and 0.0 < value < 0.5:
        return float(value)
    problems.add(
        "replicates.half_width",
        f"half_width = {quoted(value)} is not a number above 0 and below 0.5 (of a probability), such as {_EXAMPLE}",
    )
    return _EXAMPLE


def _targets(given: Any, problems: Problems) -> tuple[str, ...]:
    """Return the targets whose intervals are to be narrow."""
    if given is None:
        return usual_targets()
    place, known = "replicates.target", list(target_columns())
    named = given if isinstance(given, list) else [given]
    if not named or not all(isinstance(name, str) for name in named):
        problems.add(place, f'{quoted(given)} names no target; write target = "gdp_growth", or a list of names')
        return usual_targets()
    for name in dict.fromkeys(named):
        if name not in known:
            hint = did_you_mean(name, known, f"known are {', '.join(known)}")
            problems.add(place, f"no target {quoted(name)}; {hint}")
        elif named.count(name) > 1:
            problems.add(place, f"names {name} {named.count(name)} times; keep one")
    return in_order(named) or usual_targets()

"""When a target slips out of reach: the rate still needed against the best that the ensemble shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from experiments.statistics import median, quantile

_ROUNDING = 1e-9  # per cent or points: a path that meets the target exactly is not out of reach

Yearly = Sequence[float | None]


def first_year_out_of_reach(
    ensemble: Sequence[Yearly], threshold: float, rule: str, compounds: bool, first_year: int = 2021
) -> int | None:
    """Return the first year after which the rate still needed exceeds the 95th percentile of yearly rates, else None.

    ensemble: yearly rates of every replicate, same unit as the threshold (% or points); an undefined year is None.
    The needed rate is the median over replicates of what the years left must bring on average (rule `average`; growth
    compounds, contributions add up); for `each` it is the threshold itself in every year, for `final` in the last.
    The percentile is taken over all replicates and all years left (`average`) or over that year.
    """
    known = [years for years in ensemble if years and all(rate is not None for rate in years)]
    if not known:
        return None
    n = len(known[0])
    if rule != "average":
        years = range(n) if rule == "each" else range(n - 1, n)
        missed = (year for year in years if _top([rates[year] for rates in known]) < threshold - _ROUNDING)
        return next((first_year + year for year in missed), None)
    for done in range(1, n):
        needed = median([_needed(rates, done, threshold, compounds) for rates in known])
        left = [rate for rates in known for rate in rates[done:]]
        if needed is not None and needed > _top(left) + _ROUNDING:
            return first_year + done - 1
    return None


def _needed(rates: Yearly, done: int, threshold: float, compounds: bool) -> float:
    """Return the rate that each of the years left must bring, after `done` years, for the mean to meet the
    threshold.
    """
    past, left = [rate for rate in rates[:done] if rate is not None], len(rates) - done
    if not compounds:
        return (threshold * len(rates) - math.fsum(past)) / left
    level = math.prod(1.0 + rate / 100.0 for rate in past)
    if level <= 0.0:
        return math.inf
    return 100.0 * (((1.0 + threshold / 100.0) ** len(rates) / level) ** (1.0 / left) - 1.0)


def _top(rates: Yearly) -> float:
    top = quantile(rates, 0.95)
    return -math.inf if top is None else top

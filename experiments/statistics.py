"""Probabilities that carry their uncertainty, paired changes, and the share of luck. No heavy library is needed
here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_Z95 = 1.959963984540054
_NEARLY_NONE = 1e-12


@dataclass(frozen=True, slots=True)
class Probability:
    """An estimated probability that cannot be shown without its interval, its number of runs and its failures.

    `estimate`, `low` and `high` (95 % Wilson interval) are shares in [0, 1], or None when no run succeeded; `n` counts
    the runs behind them, `failed` those that gave no answer.
    """

    estimate: float | None
    low: float | None
    high: float | None
    n: int
    failed: int

    @classmethod
    def of(cls, successes: int, n: int, failed: int = 0) -> Probability:
        """Estimate from `successes` in `n` runs, next to `failed` runs without an answer. Raises ValueError if
        impossible.
        """
        if not 0 <= successes <= n or failed < 0:
            raise ValueError(f"{successes} successes in {n} runs with {failed} failures is impossible")
        if n == 0:
            return cls(None, None, None, 0, failed)
        low, high = wilson(successes, n)
        return cls(successes / n, low, high, n, failed)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a share (Wilson 1927), two numbers in [0, 1].

    Source: Wilson, E. B. (1927), Journal of the American Statistical Association 22, 209-212.
    """
    share, z2 = successes / n, _Z95 * _Z95
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # At the ends the formula gives exactly 0 or 1 up to rounding; rounding must not put the estimate outside.
    low = 0.0 if successes == 0 else max(centre - half, 0.0)
    high = 1.0 if successes == n else min(centre + half, 1.0)
    return low, high


def quantile(values: Sequence[float | None], share: float) -> float | None:
    """Return a quantile by linear interpolation between order statistics, ignoring None; None if nothing is left."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    position = share * (len(known) - 1)
    below = math.floor(position)
    above = min(below + 1, len(known) - 1)
    return known[below] + (position - below) * (known[above] - known[below])


def attained(values: Sequence[int], share: float) -> int | None:
    """Return the smallest value that at least this share of all do not exceed; None if there are none.

    For counts, of which a value between two is none. Source: Hyndman & Fan (1996), The American Statistician 50,
    361-365, type 1.
    """
    ranked = sorted(values)
    return int(ranked[max(math.ceil(share * len(ranked)) - 1, 0)]) if ranked else None


def median(values: Sequence[float | None]) -> float | None:
    """Return the median, ignoring None; None if nothing is left."""
    return quantile(values, 0.5)


def mean(values: Sequence[float | None]) -> float | None:
    """Return the mean, ignoring None; None if nothing is left."""
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def correlation(first: Sequence[float | None], second: Sequence[float | None]) -> float | None:
    """Return Pearson's correlation over the pairs without None; None below three pairs or where one side does not
    vary.
    """
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    if len(pairs) < 3:
        return None
    mean_a = math.fsum(a for a, _ in pairs) / len(pairs)
    mean_b = math.fsum(b for _, b in pairs) / len(pairs)
    var_a = math.fsum((a - mean_a) ** 2 for a, _ in pairs)
    var_b = math.fsum((b - mean_b) ** 2 for _, b in pairs)
    # Equal numbers leave a rounding residue; a correlation of residues would be noise.
    if var_a <= _NEARLY_NONE * max(mean_a**2, _NEARLY_NONE) or var_b <= _NEARLY_NONE * max(mean_b**2, _NEARLY_NONE):
        return None
    shared = math.fsum((a - mean_a) * (b - mean_b) for a, b in pairs)
    return max(-1.0, min(1.0, shared / math.sqrt(var_a * var_b)))


def luck_share(first: Sequence[float | None], second: Sequence[float | None]) -> float | None:
    """Return 1 - correlation of a measure between two lucks of the same draws, cut to [0, 1]; None if undefined."""
    shared = correlation(first, second)
    return None if shared is None else min(1.0, 1.0 - shared)


def changes(arm: Sequence[float | None], reference: Sequence[float | None]) -> list[float | None]:
    """Return arm - reference replicate by replicate, None where either is undefined."""
    return [None if a is None or b is None else a - b for a, b in zip(arm, reference, strict=True)]


def median_interval(values: Sequence[float | None]) -> tuple[float, float] | None:
    """Return a distribution-free 95 % interval of the median from order statistics; None below six values.

    With fewer than six values even the whole range covers the median with less than 95 %.
    Source: Conover, W. J. (1999), Practical Nonparametric Statistics, 3rd ed., section 3.2.
    """
    known = sorted(value for value in values if value is not None)
    n = len(known)
    tail, rank = 0.5**n if n < 1000 else 0.0, 0
    if n >= 1000:
        rank = max(1, math.floor((n - _Z95 * math.sqrt(n)) / 2))
        return known[rank - 1], known[n - rank]
    if tail > 0.025:
        return None
    while tail <= 0.025:
        rank += 1
        tail += math.comb(n, rank) * 0.5**n
    return (known[rank - 1], known[n - rank]) if n >= 6 else None

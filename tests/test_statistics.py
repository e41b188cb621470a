"""The statistics behind every printed probability, against published values and properties."""

from __future__ import annotations

import math
import statistics as reference

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.statistics import (
    Probability,
    attained,
    changes,
    correlation,
    luck_share,
    mean,
    median,
    median_interval,
    quantile,
    wilson,
)

numbers = st.floats(-1e6, 1e6)


# Published: Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3 (score without continuity
# correction); Brown, Cai and DasGupta (2001) give 0 to 0.2775 for 0 of 10.
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (0, 10, 0.0, 0.2775),
    ],
)
def test_wilson_agrees_with_published_tables(successes: int, n: int, low: float, high: float) -> None:
    assert wilson(successes, n) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 5000), st.data())
def test_wilson_holds_the_estimate_and_mirrors(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    low, high = wilson(successes, n)
    assert 0.0 <= low <= successes / n <= high <= 1.0
    mirrored = wilson(n - successes, n)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-12)


@given(st.integers(1, 200), st.integers(2, 50))
def test_more_runs_narrow_the_interval(n: int, factor: int) -> None:
    few, many = wilson(n // 2, n), wilson(n // 2 * factor, n * factor)
    assert many[1] - many[0] < few[1] - few[0]


def test_a_probability_carries_its_interval_runs_and_failures() -> None:
    assert Probability.of(0, 10, 2) == Probability(0.0, 0.0, wilson(0, 10)[1], 10, 2)
    assert Probability.of(0, 0, 4) == Probability(None, None, None, 0, 4)


@pytest.mark.parametrize(("successes", "n", "failed"), [(3, 2, 0), (-1, 2, 0), (1, 2, -1)])
def test_an_impossible_probability_is_refused(successes: int, n: int, failed: int) -> None:
    with pytest.raises(ValueError, match="impossible"):
        Probability.of(successes, n, failed)


@given(st.lists(numbers, min_size=2, max_size=40))
def test_quantiles_agree_with_the_standard_library(values: list[float]) -> None:
    assert median(values) == pytest.approx(reference.median(values), rel=1e-12, abs=1e-9)
    quartiles = reference.quantiles(values, n=4, method="inclusive")
    assert [quantile(values, q) for q in (0.25, 0.5, 0.75)] == pytest.approx(quartiles, rel=1e-9, abs=1e-6)


@given(st.lists(st.integers(0, 9), min_size=1), st.sampled_from([0.05, 0.5, 0.95]))
def test_a_quantile_of_counts_is_a_count_that_enough_do_not_exceed(counts: list[int], share: float) -> None:
    found = attained(counts, share)
    assert found in counts
    assert sum(count <= found for count in counts) >= share * len(counts) - 1e-9
    assert sum(count < found for count in counts) < share * len(counts)


def test_a_quantile_of_no_counts_is_none() -> None:
    assert attained([], 0.5) is None


def test_undefined_values_are_left_out() -> None:
    assert median([None, 3.0, None, 5.0]) == 4.0
    assert mean([None, 3.0]) == 3.0
    assert median([None]) is None
    assert mean([]) is None
    assert changes([1.0, None, 4.0], [0.5, 1.0, None]) == [0.5, None, None]


@given(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=30))
def test_correlation_lies_in_its_bounds(pairs: list[tuple[float, float]]) -> None:
    value = correlation([a for a, _ in pairs], [b for _, b in pairs])
    assert value is None or -1.0 <= value <= 1.0


def test_luck_share_of_equal_opposite_and_constant_measures() -> None:
    values = [1.0, 2.0, 4.0, 3.0]
    assert luck_share(values, values) == pytest.approx(0.0, abs=1e-12)
    assert luck_share(values, [-value for value in values]) == 1.0
    assert luck_share(values, [2.0] * 4) is None
    assert luck_share([1.0, 2.0], [1.0, 2.0]) is None


# Published: Conover (1999) and sign-test tables: ranks 1 of 6, 2 of 10, 6 of 20, 18 of 50 and 40 of 100 give at least
# 95 %.
@pytest.mark.parametrize(("n", "rank"), [(6, 1), (10, 2), (20, 6), (50, 18), (100, 40)])
def test_median_interval_uses_the_tabulated_ranks(n: int, rank: int) -> None:
    assert median_interval([float(i) for i in range(1, n + 1)]) == (rank, n + 1 - rank)


def test_median_interval_needs_six_values() -> None:
    assert median_interval([1.0] * 5) is None


@given(st.lists(numbers, min_size=6, max_size=1200))
def test_median_interval_holds_the_median(values: list[float]) -> None:
    interval = median_interval(values)
    assert interval is not None
    assert interval[0] <= reference.median(values) <= interval[1]
    assert math.isfinite(interval[0])

"""A study of 20,000 runs of one quarter, in two shapes: nobody's memory grows, and the store is cheap."""

from __future__ import annotations

import pytest

from benchmarks.endurance import RUNS, SHAPES, resident, table, wear
from benchmarks.table import show


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.skipif(not resident(), reason="memory is read in /proc")
@pytest.mark.parametrize(("points", "replicates"), SHAPES)
def test_twenty_thousand_runs_leave_every_process_as_it_was(tmp_path, points, replicates):
    found = wear(tmp_path, points, replicates)
    print(show(table(found)))  # noqa: T201 - the figures of docs/reliability.md
    assert (found.runs, found.failed) == (RUNS, 0)
    first = found.at(0.1)
    assert found.at(1.0) <= first + max(5.0, 0.03 * first), found.main
    half = found.at(0.5, found.workers)  # a worker is warm by then
    assert found.at(1.0, found.workers) <= 1.1 * half, found.workers
    assert found.store_share < 0.03

"""Benchmarks of whole ensembles: paired replicates a second at the default scale, on one worker and on two."""

from __future__ import annotations

import os
from statistics import median
from time import perf_counter

from benchmarks.table import Row
from experiments.ensemble import DEFAULT_SCALE, Plan, run_plan
from sim.scenario import load_scenario

REPLICATES = 12


def throughput(repeats: int = 3) -> list[Row]:
    """Return paired replicates (policy and reference, with their parts) a second, with one worker and two in turn."""
    plans = {
        workers: Plan(load_scenario("as_written"), load_scenario("baseline"), replicates=REPLICATES, workers=workers)
        for workers in (1, 2)
    }
    rates: dict[int, list[float]] = {workers: [] for workers in plans}
    for _ in range(repeats):
        for workers, plan in plans.items():
            began = perf_counter()
            outcome = run_plan(plan)
            rates[workers].append(REPLICATES / (perf_counter() - began))
            if outcome.failures:
                raise RuntimeError(f"replicates failed: {outcome.failures}")
    rows = [
        Row(f"paired replicates, scale {DEFAULT_SCALE}, workers {workers}", median(found), "a second", "")
        for workers, found in rates.items()
    ]
    gain = median(b / a for a, b in zip(rates[1], rates[2], strict=True))
    return [*rows, Row(f"two workers against one ({os.cpu_count()} cores)", gain, "x", "")]

"""Time the engine against the object twin: exactly the stages that both have, on the same agents and the same draws.

    python -m benchmarks.twin            about 10,000 persons (scale 62), 20 quarters
    python -m benchmarks.twin --full     1:1 as well, three quarters (some minutes, about 3 GB)

Both sides run in turn, stage by stage, within each quarter of one process; a number is the median over quarters, so
only the ratio means something. The twin is `tests/twin`: plain `mesa.Agent` objects, floats and loops, with no numpy
in a rule. Not timed, on either side: the other stages, the budget inside `settle_accounts`, telling the twin what the
other stages did, and comparing the two after the last quarter (the run fails if they differ).

Where other processes are busy, set OPENBLAS_NUM_THREADS=1: numpy then does not wait for a second core in long sums.
"""

from __future__ import annotations

import argparse
import gc
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # runs from a checkout without install

from sim.model import RegionModel
from sim.stages.settlement import firm_account, learn, post_firms, settle_budget
from tests.twin.compare import Differences
from tests.twin.economy import Economy
from tests.twin.feed import TWINNED, Pair

SEED = 7
Times = dict[str, list[float]]


class TimedPair(Pair):
    """An engine and its twin that note how long each twinned stage takes, seconds by stage and quarter."""

    def __init__(self, model: RegionModel, seed: np.random.SeedSequence) -> None:
        super().__init__(model, seed)
        self.engine: Times = defaultdict(list)
        self.twin: Times = defaultdict(list)

    def run_twin(self, name: str) -> None:
        began = perf_counter()
        super().run_twin(name)
        self.twin[name].append(perf_counter() - began)

    def run_engine(self, this: Any) -> None:
        if this.name == "settle_accounts":
            self.engine[this.name].append(settle_in_parts(self.model))
            return
        began = perf_counter()
        super().run_engine(this)
        self.engine[this.name].append(perf_counter() - began)


def settle_in_parts(model: RegionModel) -> float:
    """Run stage 12 and return the seconds of the part of firms: the budget in the middle is not in the twin."""
    began = perf_counter()
    account = firm_account(model)
    post_firms(model, account)
    firms = perf_counter() - began
    settle_budget(model, account)
    began = perf_counter()
    learn(model, account)
    return firms + perf_counter() - began


def measure(scale: float, quarters: int) -> None:
    """Run both sides at a scale and print one table."""
    seed = np.random.SeedSequence(SEED)
    pair = TimedPair(RegionModel("as_written", rng=seed, scale=scale), seed)
    persons, firms = pair.model.talent.n, pair.model.firms.n
    gc.collect()
    gc.freeze()  # the collector need not walk half a million objects that stay: the better case for the twin
    seen = Differences()

    def compare_at_the_end(name: str, model: RegionModel, economy: Economy) -> None:
        if model.quarter == quarters:
            seen.stage(name, model, economy)

    for _ in range(quarters):
        pair.step(compare_at_the_end)
    gc.unfreeze()
    print(f"\nscale {scale:g}: {persons:,} persons and {firms:,} firms, {pair.model.firms.n:,} firms at the end")
    print(f"median of {quarters} quarters, ms     engine       twin    ratio")
    whole = [sum(times) for times in zip(*pair.engine.values(), strict=True)]
    whole_twin = [sum(times) for times in zip(*pair.twin.values(), strict=True)]
    rows = [(name, pair.engine[name], pair.twin[name]) for name in TWINNED] + [("all five", whole, whole_twin)]
    for name, engine, twin in rows:
        print(
            f"{name:<26}{1e3 * median(engine):>10.2f}{1e3 * median(twin):>11.1f}{median(twin) / median(engine):>8.0f} x"
        )
    print(f"largest relative difference after quarter {quarters}: {seen.worst[0]:.1e} ({seen.worst[1]})")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description="engine against object twin, the stages that both have")
    parser.add_argument("--scale", type=float, default=62.0, help="real agents behind one row (default: 62)")
    parser.add_argument("--quarters", type=int, default=20, help="quarters to run (default: 20)")
    parser.add_argument("--full", action="store_true", help="measure three quarters at scale 1 as well")
    arguments = parser.parse_args()
    measure(arguments.scale, arguments.quarters)
    if arguments.full:
        measure(1.0, 3)


if __name__ == "__main__":
    main()

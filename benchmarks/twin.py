"""Time the engine against the object twin: exactly the stages that both have, on the same agents and the same draws.

Both sides run in turn, stage by stage, within each quarter of one process; a number is the median over quarters, so
only the ratio means something. The twin is `tests/twin`: plain `mesa.Agent` objects, floats and loops, with no numpy
in a rule. Not timed, on either side: the other stages, the budget inside `settle_accounts`, telling the twin what the
other stages did, and comparing the two after the last quarter (an error if they differ).
"""

from __future__ import annotations

import gc
from collections import defaultdict
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.table import Row
from sim.model import RegionModel
from sim.stages.settlement import firm_account, learn, post_firms, settle_budget
from tests.twin.compare import TOLERANCE, Differences
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


def measure(scale: float, quarters: int) -> list[Row]:
    """Run both sides at a scale and return the ratios: one row per stage and one for all five."""
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
    if seen.worst[0] > TOLERANCE:
        raise RuntimeError(f"engine and twin differ, so their ratio means nothing: {seen.worst}")
    whole = [sum(times) for times in zip(*pair.engine.values(), strict=True)]
    whole_twin = [sum(times) for times in zip(*pair.twin.values(), strict=True)]
    agents = f"{persons:,} persons, {firms:,} to {pair.model.firms.n:,} firms"
    rows = [Row(f"  {name}", ratio(pair.twin[name], pair.engine[name]), "x", "") for name in TWINNED]
    return [Row(f"five stages against objects, {agents}", ratio(whole_twin, whole), "x", ""), *rows]


def ratio(twin: list[float], engine: list[float]) -> float:
    """Return the ratio of the medians over quarters."""
    return median(twin) / median(engine)

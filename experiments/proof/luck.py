"""Luck: how much smaller the variance of a policy effect is on common random numbers, and who switches choice."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.pool import Failure, run_tasks
from experiments.proof.table import Proof

INDICATORS = (
    "gdp",
    "fai",
    "industrial_value_added",
    "hightech_value_added",
    "employment",
    "firms",
    "projects_admitted",
    "mean_wage",
)
ARMS = ("as_written", "baseline")


def seed_of(root: int, replicate: int) -> np.random.SeedSequence:
    """Return the luck of a replicate, as `run` makes it."""
    return np.random.SeedSequence(root, spawn_key=(replicate, 1))


def luck(replicates: int = 200, scale: float = 50, seed: int = 7, workers: int = 2, quarter: int = 12) -> Proof:
    """Compare the variance of the as_written effect at a quarter: paired on common luck against independent lucks.

    Assumptions are central, so that luck alone is at work. Independent pairs take policy of one luck and reference of
    the next.
    """

    def work(replicate: int) -> dict[str, dict[str, float]]:
        return {arm: _levels(arm, seed_of(seed, replicate), scale, quarter) for arm in ARMS}

    results = gather(work, replicates, workers)
    rows: list[list[Any]] = []
    for name in INDICATORS:
        policy = np.array([row["as_written"][name] for row in results])
        reference = np.array([row["baseline"][name] for row in results])
        paired = float(np.var(policy - reference, ddof=1))
        independent = float(np.var(policy - np.roll(reference, 1), ddof=1))
        ratio = independent / paired if paired > 0.0 else None
        correlation = float(np.corrcoef(policy, reference)[0, 1])
        rows.append([name, float((policy - reference).mean()), paired**0.5, independent**0.5, ratio, correlation])
    columns = ("indicator", "effect", "s.d. paired", "s.d. independent", "variance ratio", "correlation of arms")
    settings = {"quarter": quarter, "replicates": replicates, "scale": scale, "seed": seed, "assumptions": "central"}
    notes = ["The ratio says how many times more independent replicates give the same precision of the effect."]
    return Proof("Luck: variance of the effect of as_written", columns, rows, settings, notes)


def switching(replicates: int = 40, scale: float = 50, seed: int = 7, workers: int = 2) -> Proof:
    """Compare how many prospects choose another place under the policy with the least that probabilities allow.

    In the first quarter the arms share their state: the same prospects face other offers. The least possible share that
    switches is the total variation between the choice probabilities of both arms.
    """

    def work(replicate: int) -> tuple[float, float, int]:
        return _switches(seed_of(seed, replicate), scale)

    results = gather(work, replicates, workers)
    people = sum(row[2] for row in results)
    switched, least = (sum(row[k] for row in results) / people for k in (0, 1))
    rows: list[list[Any]] = [["place of a prospect", people, switched, least, switched / least if least else None]]
    columns = ("choice", "cases", "share that switches", "least possible", "ratio")
    settings = {"replicates": replicates, "scale": scale, "seed": seed, "quarter": 1}
    return Proof("Luck: who switches choice between ambitious and baseline", columns, rows, settings)


def gather(work: Any, replicates: int, workers: int) -> list[Any]:
    """Run `work` for every replicate and return results in order; a failure is raised with its own traceback."""
    found: dict[int, Any] = {}
    for task, result in run_tasks(work, list(range(replicates)), workers):
        if isinstance(result, Failure):
            raise RuntimeError(f"replicate {task}: {result.message}\n{result.trace}")
        found[task] = result
    return [found[k] for k in range(replicates)]


def _levels(arm: str, luck_seed: np.random.SeedSequence, scale: float, quarter: int) -> dict[str, float]:
    from sim.model import RegionModel

    model = RegionModel(arm, rng=luck_seed, scale=scale, horizon_quarters=quarter).run(quarter)
    return {name: float(model.record[name][quarter]) for name in INDICATORS}


def _switches(luck_seed: np.random.SeedSequence, scale: float) -> tuple[float, float, int]:
    from sim.location import attraction
    from sim.stages.land import land_price
    from sim.stages.recruit import choose_places

    chosen, chances = [], []
    for arm in ("ambitious", "baseline"):
        model = _before_recruiting(arm, luck_seed, scale)
        pool = model.prospects
        rows = np.flatnonzero((pool.quarter >= 1) & (pool.quarter <= 20))
        pull, price = attraction(model), land_price(model)
        leased = model.hashes["lease"][rows] < model.terms.lease_first.total
        choice = choose_places(pool, rows, pull, model.p, price, leased)
        chosen.append(np.where(choice.nest == 0, choice.site, 100 + choice.nest))
        chances.append(_probabilities(model, rows, pull, price, leased))
    distance = 0.5 * np.abs(chances[0] - chances[1]).sum(axis=1)
    return float((chosen[0] != chosen[1]).sum()), float(distance.sum()), len(distance)


def _before_recruiting(arm: str, luck_seed: np.random.SeedSequence, scale: float) -> Any:
    from sim.model import STAGES, RegionModel

    model = RegionModel(arm, rng=luck_seed, scale=scale, horizon_quarters=4)
    model.begin_quarter()
    for this in STAGES[:4]:
        this(model)
    return model


def _probabilities(model: Any, rows: Any, pull: Any, price: Any, leased: Any) -> Any:
    """Return the chance of each site, then of Kunming, the rest of Yunnan and elsewhere, shape (n, sites + 3)."""
    from sim.location import nest_values

    pool, p = model.prospects, model.p
    share = pull.base_price * pool.land[rows, None] / np.maximum(pool.investment[rows, None], 1e-9)
    share = share * (1.0 - p.lease_relief * leased)[:, None]
    land = p.b_land * share / p.land_share_reference * np.log(price / pull.base_price)
    values = pull.value[pool.sector[rows], pool.source[rows]] + land
    weight = np.exp(values / p.lam_nest)
    inclusive = p.lam_nest * np.log(weight.sum(axis=1))
    nests = np.tile(nest_values(p), (len(rows), 1))
    nests[:, 0] += inclusive - pull.base_inclusive[pool.sector[rows], pool.source[rows]]
    nests[:, 0] += np.where(pool.investment[rows] > p.large_project, pull.steering, 0.0)
    nests = np.exp(nests)
    nests /= nests.sum(axis=1, keepdims=True)
    return np.hstack((nests[:, :1] * weight / weight.sum(axis=1, keepdims=True), nests[:, 1:]))

"""Do the agents matter? Target measures when one kind of heterogeneity or behaviour is switched off at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.proof.luck import gather, seed_of
from experiments.proof.table import Proof
from sim.params import Parameters, central

Change = Callable[[Any], None]


def _nothing(model: Any) -> None:
    """Leave the model as it is."""


def _same_persons(model: Any) -> None:
    model.home_tastes = np.full_like(model.home_tastes, 0.5)
    model.talent.owner[:] = 0
    model.talent.hukou[:] = 0
    model.mean_ties = 1.0


def _same_parks(model: Any) -> None:
    model.parks.effort[:] = 1.0 / model.parks.n


# What is switched off: parameter values (outside their ranges on purpose), and a change of the model after the start.
VARIANTS: dict[str, tuple[dict[str, float], float | None, Change]] = {
    "full model": ({}, None, _nothing),
    "one representative firm per cell": (
        {"sigma_z": 0.0, "entrant_spread": 0.0, "large_firm": 1e9},
        1e9,
        _nothing,
    ),
    "persons identical": (
        {"owner_mobility": 1.0, "hukou_mobility": 1.0, "searcher_mobility": 1.0},
        None,
        _same_persons,
    ),
    "parks bound to fixed rules": (
        {"price_race": 0.0, "price_thrift": 0.0, "effort_learning": 0.0, "discount_ceiling": 0.1},
        None,
        _same_parks,
    ),
    "graph blind to distance": (
        {"mp_decay": 0.0, "nu_comm": 0.0, "lambda_d": 0.0, "reg_half": 1e9, "b_dist": 0.0, "service_decay": 0.0},
        None,
        _nothing,
    ),
}


def agents_matter(replicates: int = 24, scale: float = 50, seed: int = 7, workers: int = 2) -> Proof:
    """Run as_written with each mechanism switched off on the same lucks, and print the change of every target measure.

    A change counts where it exceeds twice the standard error of the paired difference.
    """
    from sim.targets import TARGETS

    tables = {
        name: np.array(gather(lambda r, name=name: _targets(name, seed_of(seed, r), scale), replicates, workers))
        for name in VARIANTS
    }
    full = tables["full model"]
    rows: list[list[Any]] = []
    for name, table in tables.items():
        for k, target in enumerate(TARGETS):
            change = table[:, k] - full[:, k]
            error = float(np.nanstd(change, ddof=1) / len(change) ** 0.5)
            mean = float(np.nanmean(change))
            if name != "full model":
                rows.append([name, target, float(np.nanmean(full[:, k])), mean, error, abs(mean) > 2.0 * error])
    columns = ("switched off", "target", "full model", "change", "s.e.", "exceeds noise")
    settings = {"replicates": replicates, "scale": scale, "seed": seed, "assumptions": "central"}
    return Proof("Do the agents matter? Change of the target measures of as_written", columns, rows, settings)


def _targets(variant: str, luck_seed: np.random.SeedSequence, scale: float) -> list[float]:
    from sim.build import build_start
    from sim.model import RegionModel
    from sim.scenario import load_scenario
    from sim.targets import measure

    changes, coarse, change = VARIANTS[variant]
    p = with_symbols(central(), changes)
    start = build_start(p, luck_seed, scale, load_scenario("baseline"), firm_scale=coarse)
    model = RegionModel("as_written", rng=luck_seed, scale=scale, parameters=p, start=start, horizon_quarters=20)
    change(model)
    model.run(20)
    return [float("nan") if row.value is None else row.value for row in measure(model.record, p).values()]


def with_symbols(p: Parameters, changes: dict[str, float]) -> Parameters:
    """Return parameters with values set by symbol, ranges not checked: an ablation leaves them on purpose."""
    from sim.calibration import tables

    ids = {row.symbol: row.id for row in tables.parameters().values()}
    return Parameters({**p.values, **{ids[symbol]: value for symbol, value in changes.items()}})

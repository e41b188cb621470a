"""Emergent facts: distributions that nobody feeds in, measured on one run of the whole New Area or of a sample."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from experiments.proof.luck import seed_of
from experiments.proof.table import Proof


def facts(scale: float = 1, seed: int = 7, years: int = 5, scenario: str = "baseline") -> Proof:
    """Run one region and measure size, growth, exit, survival, wages, concentration, moves and lumps of investment."""
    from sim.model import RegionModel

    model = RegionModel(scenario, rng=seed_of(seed, 0), scale=scale, horizon_quarters=4 * years)
    history = [_snapshot(model)]
    for _ in range(4 * years):
        model.step()
        history.append(_snapshot(model))
    rows: list[list[Any]] = []
    rows += size_rows(model)
    rows += growth_rows(history)
    rows += exit_rows(model, history)
    rows += wage_rows(model)
    rows += place_rows(model)
    rows += investment_rows(history)
    settings = {"scenario": scenario, "scale": scale, "seed": seed, "years": years, "assumptions": "central"}
    notes = ["Described, not judged: nothing here was a target of the calibration."]
    return Proof("Emergent facts", ("fact", "value", "how"), rows, settings, notes)


def _snapshot(model: Any) -> dict[str, Any]:
    firms = model.firms
    return {
        "id": firms.id.copy(),
        "sales": firms.sales.copy(),
        "staff": firms.employment,
        "age": firms.age.copy(),
        "weight": firms.weight.copy(),
        "origin": firms.origin.copy(),
        "producing": firms.producing.copy(),
        "rate": np.divide(firms.investment, firms.capital, out=np.zeros(firms.n), where=firms.capital > 0),
    }


def tail_exponent(sizes: Any, weights: Any, share: float = 0.05) -> tuple[float, float, float]:
    """Return the maximum-likelihood (Hill) exponent of the upper tail, its threshold, and a test against the lognormal.

    The test is Vuong's statistic: a positive value favours the power law, a negative one the lognormal, both fitted to
    the same tail by maximum likelihood; beyond 2 in absolute value it is clear.
    """
    order = np.argsort(-sizes)
    cumulative = np.cumsum(weights[order])
    tail = order[cumulative <= share * cumulative[-1]]
    cut = float(sizes[tail].min())
    x, w = np.log(sizes[tail] / cut), weights[tail]
    exponent = float(w.sum() / max((w * x).sum(), 1e-12))
    power = math.log(exponent) - (exponent + 1.0) * x
    normal = truncated_normal(x, w) - x
    gap = power - normal
    centre = float(np.average(gap, weights=w))
    deviation = float(np.average((gap - centre) ** 2, weights=w)) ** 0.5
    return exponent, cut, centre * math.sqrt(float(w.sum())) / max(deviation, 1e-12)


def truncated_normal(x: Any, weights: Any) -> Any:
    """Return the log density at x >= 0 of the best-fitting normal truncated at zero (maximum likelihood)."""
    from scipy.optimize import minimize
    from scipy.stats import norm

    def density(parameters: Any) -> Any:
        mean, spread = parameters[0], math.exp(parameters[1])
        return norm.logpdf(x, mean, spread) - norm.logsf(0.0, mean, spread)

    centre = float(np.average(x, weights=weights))
    guess = (centre, math.log(max(float(np.average((x - centre) ** 2, weights=weights)) ** 0.5, 1e-3)))
    best = minimize(lambda parameters: -float((weights * density(parameters)).sum()), guess, method="Nelder-Mead")
    return density(best.x)


def size_rows(model: Any) -> list[list[Any]]:
    """Return the size distribution of producing firms by staff."""
    firms = model.firms
    active = firms.producing & (firms.employment > 0.0)
    sizes, weights = firms.employment[active], firms.weight[active]
    exponent, cut, vuong = tail_exponent(sizes, weights)
    order = np.argsort(-sizes)
    top = np.cumsum(weights[order]) <= 0.01 * weights.sum()
    share = float((sizes * weights)[order][top].sum() / (sizes * weights).sum())
    return [
        ["tail exponent of firm size", exponent, f"maximum likelihood above {cut:.0f} persons (largest 5 %)"],
        [
            "power law against lognormal",
            vuong,
            "Vuong statistic of the same tail; above 2: power law, below -2: lognormal",
        ],
        ["share of staff in the largest 1 % of firms", share, "share"],
    ]


def growth_rows(history: list[dict[str, Any]]) -> list[list[Any]]:
    """Return the distribution of yearly growth of sales of firms that live through the last year."""
    _, first, last = np.intersect1d(history[-5]["id"], history[-1]["id"], return_indices=True)
    old, new, weight = history[-5]["sales"][first], history[-1]["sales"][last], history[-1]["weight"][last]
    known = (old > 0.0) & (new > 0.0)
    growth, weight = np.log(new[known] / old[known]), weight[known]
    mean = float(np.average(growth, weights=weight))
    spread = float(np.average((growth - mean) ** 2, weights=weight)) ** 0.5
    fourth = float(np.average(((growth - mean) / spread) ** 4, weights=weight))
    absolute = float(np.average(np.abs(growth - mean), weights=weight))
    return [
        ["s.d. of yearly log growth of sales", spread, "log points"],
        ["excess kurtosis of growth", fourth - 3.0, "0: normal; 3: Laplace"],
        ["mean absolute over s.d. of growth", absolute / spread, "0.80: normal; 0.71: Laplace"],
    ]


def exit_rows(model: Any, history: list[dict[str, Any]]) -> list[list[Any]]:
    """Return the exit rate, by age, and the survival of start-ups."""
    rows: list[list[Any]] = []
    year = slice(len(history) - 4, len(history))
    deaths = float(np.nansum(model.record["deaths"][year]))
    rows.append(
        ["exit rate of the last year", deaths / float(model.record["firms"][len(history) - 5]), "share of firms"]
    )
    for low, high in ((0, 4), (4, 8), (8, 16), (16, 40), (40, 10**6)):
        before, after = history[-5], history[-1]
        group = before["producing"] & (before["age"] >= low) & (before["age"] < high)
        gone = ~np.isin(before["id"], after["id"]) & group
        total = float(before["weight"][group].sum())
        label = f"{low // 4} to {high // 4} years" if high < 10**6 else f"over {low // 4} years"
        rows.append(
            [f"exit at age {label}", float(before["weight"][gone].sum()) / total if total else None, "per year"]
        )
    for wait in (4, 12):
        born = history[-1 - wait]
        young = (born["age"] <= 1) & (born["origin"] == 1)
        total = float(born["weight"][young].sum())
        alive = np.isin(born["id"], history[-1]["id"]) & young
        share = float(born["weight"][alive].sum()) / total if total else None
        rows.append([f"start-ups alive after {wait // 4} years", share, "share, failed and moved away both count"])
    return rows


def wage_rows(model: Any) -> list[list[Any]]:
    """Return the distribution of wages over persons at work."""
    wage = model.talent.wage[model.talent.cell >= 0]
    low, middle, high = np.quantile(wage, [0.1, 0.5, 0.9])
    order = np.sort(wage)
    rank = np.arange(1, len(order) + 1)
    gini = float((2.0 * (rank * order).sum() / (len(order) * order.sum())) - (len(order) + 1) / len(order))
    return [
        ["s.d. of log wages", float(np.log(wage).std()), "log points"],
        ["ninth over first decile of wages", float(high / low), "ratio"],
        ["median wage", float(middle) * 4e6, "yuan per year"],
        ["Gini coefficient of wages", gini, "0 to 1"],
    ]


def place_rows(model: Any) -> list[list[Any]]:
    """Return spatial concentration and moves."""
    firms = model.firms
    staff = np.bincount(firms.site, firms.employment * firms.weight, model.parks.n)
    share = staff / staff.sum()
    industrial = model.frame.industrial[firms.sector] > 0
    plant = np.bincount(firms.site[industrial], (firms.sales * firms.weight)[industrial], model.parks.n)
    moves = np.nansum(model.record["moved_in"][-4:]) + np.nansum(model.record["moved_out"][-4:])
    return [
        ["Herfindahl index of staff over sites", float((share**2).sum()), "1: all in one of ten sites"],
        ["share of industry in the largest site", float(plant.max() / plant.sum()), "share"],
        ["moves in and out", float(moves / model.record["firms"][-1]), "share of firms per year"],
    ]


def investment_rows(history: list[dict[str, Any]]) -> list[list[Any]]:
    """Return how lumpy investment is: the share of firm-quarters at zero, and of all investment in the largest ones."""
    rates = np.concatenate([h["rate"][h["producing"]] for h in history[-8:]])
    weights = np.concatenate([h["weight"][h["producing"]] for h in history[-8:]])
    active = rates > 0.0
    order = np.argsort(-rates)
    top = np.cumsum(weights[order]) <= 0.05 * weights.sum()
    share = float((rates * weights)[order][top].sum() / max(float((rates * weights).sum()), 1e-12))
    return [
        ["firm-quarters without investment", float(weights[~active].sum() / weights.sum()), "share"],
        ["investment rates in the top 5 % of firm-quarters", share, "share of the sum of rates"],
    ]

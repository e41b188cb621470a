"""The ten targets of articles 2 and 22, measured on the record of a run; and the constraints that can bind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from agents.columns import Floats
from sim.calibration import tables
from sim.calibration.tables import Target
from sim.params import Parameters
from sim.paths import FIRST_YEAR, yearly_growth

TARGETS: Mapping[str, Target] = tables.targets()
KINDS = {"gdp": "gdp", "fai": "fai_nominal", "industry": "industrial_value_added", "hightech": "hightech_value_added"}
IMPLIED_SHARES = {
    "gdp": 5.0,
    "fai": 7.5,
    "industry": 9.17,
    "hightech": 8.33,
}  # % of the province: pull over growth, article 2
# What each constraint is relaxed to when its diagnosis is asked for, by dotted name of a lever or parameter.
_SLACK = {
    "land_quota": {"land.annual_quota": 15.0},
    "serviced_land": {"land.servicing_cost": 250.0},
    "budget": {"fiscal.provincial_grant": 2000.0},
    "credit": {"finance.ltv": 0.7},
    "labour": {"labour.mig_gross": 0.07, "labour.g_lf": 1.0},
    "demand": {"demand.g_rest": 0.06, "demand.g_export": 0.07},
    "threshold": {"land.intensity_threshold": 0.0},
    "energy_quota": {"planning.energy_intensity_fall": 0.0},
    "approval_time": {"business_environment.approval_time": 10.0},
    "building_time": {"land.tau_build": 12.0},
}


def _by_id(names: Mapping[str, float]) -> dict[str, float]:
    known = {row.name: row.id for row in tables.levers().values()}
    known |= {row.name: row.id for row in tables.parameters().values()}
    return {known[name]: value for name, value in names.items()}


SLACK: Mapping[str, Mapping[str, float]] = {constraint: _by_id(names) for constraint, names in _SLACK.items()}


@dataclass(frozen=True)
class Measure:
    """One target in one run: its value in the unit of the target (None where undefined), whether it is reached, and
    yearly values.
    """

    value: float | None
    reached: bool
    yearly: tuple[float, ...]


def working_value(kind: str, p: Parameters) -> float:
    """Return the annual 2020 value of GDP, investment, industry or high-tech, million yuan."""
    return {"gdp": p.gdp_2020, "fai": p.fai_2020, "hightech": p.ht_va}.get(kind, float("nan"))


def annual(record: Mapping[str, Floats], name: str, start: float, horizon: int) -> Floats:
    """Return yearly sums with 2020 first: the working value, then four quarters each; shape (horizon - 2019,)."""
    years = horizon - FIRST_YEAR + 1
    return np.concatenate(([start], record[name][1 : 4 * years + 1].reshape(years, 4).sum(axis=1)))


def base_value(record: Mapping[str, Floats], kind: str, p: Parameters) -> float:
    """Return the 2020 value; for industry the flow of step 0 taken back to the yearly value (its cells are scaled to
    sampled GDP).
    """
    if kind == "industry":
        return float(record["industrial_value_added"][0]) * 4.0 / (1.0 + p.g_K0) ** p.shift0
    return working_value(kind, p)


def measure(
    record: Mapping[str, Floats],
    parameters: Parameters,
    share: str = "published",
    rule: str = "average",
    horizon: int = 2025,
    path: str = "observed",
) -> dict[str, Measure]:
    """Measure the ten targets on a record that covers the horizon.

    share: denominators of the contributions, `published` or `implied` by the text; rule: `average` (geometric mean),
    `each` or `final` year; path: where the province goes.
    """
    values = {kind: annual(record, name, base_value(record, kind, parameters), horizon) for kind, name in KINDS.items()}
    growth = {kind: _growth(v) for kind, v in values.items()}
    out: dict[str, Measure] = {}
    for kind in KINDS:
        out[f"{kind}_growth"] = _rate(values[kind], growth[kind], TARGETS[f"{kind}_growth"].threshold, rule)
        province = provincial_totals(kind, values[kind][0], parameters, share, horizon, path)
        gain, known = 100.0 * np.diff(values[kind]), province[:-1] > 0.0  # no base, no province to measure against
        pull = np.divide(gain, province[:-1], out=np.full(len(gain), np.nan), where=known)
        out[f"{kind}_contribution"] = _mean(pull, TARGETS[f"{kind}_contribution"].threshold, rule)
    out["land_intensity"] = _intensity(record, horizon)
    out["above_province"] = _premium(growth, horizon, path)
    return {name: out[name] for name in TARGETS}


def provincial_totals(kind: str, base: float, p: Parameters, share: str, horizon: int, path: str) -> Floats:
    """Return the provincial total of 2020..horizon, million yuan: working value over the share, carried along the
    path.
    """
    part = IMPLIED_SHARES[kind] if share == "implied" else published_share(kind, p)
    variable = {"gdp": "province_gdp_growth", "fai": "province_fai_growth", "industry": "province_industry_growth"}.get(
        kind, "province_hightech_growth"
    )
    growth = yearly_growth(path, variable)[: horizon - FIRST_YEAR + 1]
    return base / (part / 100.0) * np.concatenate(([1.0], np.cumprod(1.0 + growth)))


def published_share(kind: str, p: Parameters) -> float:
    """Return the New Area's share of the province in 2020, %: published for GDP, estimates with ranges for the
    others.
    """
    if kind == "gdp":
        return 100.0 * p.gdp_2020 / tables.province()["yunnan_gdp", 2020].value
    return {"fai": p.share_fai, "industry": p.share_industry, "hightech": 100.0 * p.ht_va / p.province_hightech}[kind]


def _growth(values: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(
            values[:-1] > 0.0, 100.0 * (values[1:] / np.where(values[:-1] > 0.0, values[:-1], 1.0) - 1.0), np.nan
        )


def _rate(values: Floats, yearly: Floats, threshold: float, rule: str) -> Measure:
    if values[0] <= 0.0 or not np.isfinite(yearly).all():
        return Measure(None, False, tuple(yearly))
    average = 100.0 * ((values[-1] / values[0]) ** (1.0 / len(yearly)) - 1.0) if values[-1] > 0.0 else -100.0
    value = {"average": average, "each": float(yearly.min()), "final": float(yearly[-1])}[rule]
    return Measure(float(value), bool(value >= threshold), tuple(float(v) for v in yearly))


def _mean(yearly: Floats, threshold: float, rule: str) -> Measure:
    value = float({"average": yearly.mean(), "each": yearly.min(), "final": yearly[-1]}[rule])
    if not np.isfinite(value):
        return Measure(None, False, tuple(yearly))
    return Measure(value, value >= threshold, tuple(float(v) for v in yearly))


def _intensity(record: Mapping[str, Floats], horizon: int) -> Measure:
    """Total investment over total land of projects admitted since 2021, 100M yuan per km2; the reach rules do not
    apply.
    """
    last = 4 * (horizon - FIRST_YEAR + 1)
    money, land = record["investment_admitted"][1 : last + 1], record["land_admitted"][1 : last + 1]
    by_year = [
        m / 100.0 / a if a > 0.0 else float("nan")
        for m, a in zip(money.reshape(-1, 4).sum(axis=1), land.reshape(-1, 4).sum(axis=1), strict=True)
    ]
    if land.sum() <= 0.0:
        return Measure(None, False, tuple(by_year))
    value = float(money.sum() / 100.0 / land.sum())
    return Measure(value, value >= TARGETS["land_intensity"].threshold, tuple(by_year))


def _premium(growth: Mapping[str, Floats], horizon: int, path: str) -> Measure:
    """Smallest premium of the four growth rates over the province, points a year; above zero in all four counts as
    reached.
    """
    years = horizon - FIRST_YEAR + 1
    variables = {
        "gdp": "province_gdp_growth",
        "fai": "province_fai_growth",
        "industry": "province_industry_growth",
        "hightech": "province_hightech_growth",
    }
    gaps = np.stack([growth[kind] - 100.0 * yearly_growth(path, name)[:years] for kind, name in variables.items()])
    if not np.isfinite(gaps).all():
        return Measure(None, False, tuple(gaps.min(axis=0)))
    value = float(gaps.mean(axis=1).min())
    return Measure(value, value > 0.0, tuple(float(v) for v in gaps.min(axis=0)))

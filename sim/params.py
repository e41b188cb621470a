"""The values of one run: every declared parameter by symbol, central or drawn from its prior."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from agents.streams import Streams
from sim.calibration import tables
from sim.calibration.tables import Parameter
from sim.calibration.units import amount_of
from sim.errors import InputError, nearest

SHIFTED = ("Q01", "Q18", "Q56")  # reference rates that follow the information of the path
MAX_DRAWS = 200
INVESTING = ("I05b", "I11a", "I11e", "I11f", "I11g", "I17e")  # levers that are public investment, million yuan per year
LEVEL = "N02"  # recorded investment in 2020


class Parameters:
    """Immutable parameter values; `p.sigma_d` by symbol, `p.values["P12"]` by id; units are in the table."""

    values: Mapping[str, float]

    def __init__(self, values: Mapping[str, float]) -> None:
        plain = dict(values)
        # Ordinary attributes: stages ask for symbols some hundred times a quarter.
        self.__dict__.update({row.symbol: plain[row.id] for row in tables.parameters().values()})
        self.__dict__["values"] = MappingProxyType(plain)

    def __getattr__(self, symbol: str) -> float:
        raise AttributeError(f"no parameter has the symbol {symbol!r}")

    def __setattr__(self, symbol: str, value: object) -> None:
        raise AttributeError(f"parameters do not change: replace({symbol}=...) returns others")

    def __reduce__(self) -> tuple[type[Parameters], tuple[dict[str, float]]]:
        return Parameters, (dict(self.values),)

    def replace(self, **changes: float) -> Parameters:
        """Return a copy with values replaced, by id or dotted name; checked against the declared range (InputError)."""
        values = dict(self.values)
        for name, value in changes.items():
            row = parameter(name)
            values[row.id] = checked(row, value)
        return Parameters(values)


def parameter(name: str) -> Parameter:
    """Return the declaration of a parameter by id or dotted name; InputError offers the nearest names."""
    rows = tables.parameters()
    if name in rows:
        return rows[name]
    for row in rows.values():
        if row.name == name:
            return row
    known = [*rows, *(row.name for row in rows.values())]
    hint = ", ".join(nearest(name, known))
    raise InputError(
        f"no parameter is called {name!r}"
        + (f"; did you mean {hint}?" if hint else "")
        + "; `dianzhong describe parameters` lists all"
    )


def checked(row: Parameter, value: float) -> float:
    """Return the value of an assumption if it lies in the declared range; InputError otherwise."""
    if row.role == "check":
        raise InputError(f"{row.id} ({row.name}) is a check and never an input; choose another parameter")
    if not row.low <= float(value) <= row.high:
        raise InputError(
            f"{row.id} ({row.name}) = {value:g} is outside the allowed "
            + amount_of(f"{row.low:g} to {row.high:g}", row.unit)
        )
    return float(value)


@lru_cache(maxsize=4)
def central(path: str = "observed") -> Parameters:
    """Return the central values, reference rates as known on the path."""
    values = {row.id: row.value for row in tables.parameters().values()}
    for ident in SHIFTED:
        values[ident] += _shift(ident, path)
    return Parameters(values)


def draw(seed: np.random.SeedSequence, path: str = "observed") -> Parameters:
    """Draw all uncertain parameters: triangular on low, central, high, redrawn together until the joint conditions
    hold.

    Each parameter has its own stream by id, so a new parameter changes no other draw. Conditions: price response
    times demand elasticity <= 0.5 (docs/odd.md, stage 10); capital-output ratio inside the range of P09; high-tech
    share of the province in 1.5-6 %.
    """
    streams = Streams(seed)
    rows = tables.parameters().values()
    for attempt in range(MAX_DRAWS):
        values = {row.id: _one(streams, row, attempt) + _shift(row.id, path) for row in rows}
        drawn = Parameters(values)
        if streams.fixed("prior.no_market_potential", np.array([attempt]))[0] < drawn.mp_zero_share:
            drawn = Parameters({**values, "P03": 0.0})
        if plausible(drawn):
            return drawn
    raise RuntimeError(f"no prior draw met the joint conditions in {MAX_DRAWS} attempts: check the ranges")


def plausible(p: Parameters) -> bool:
    """Say whether the joint conditions on a draw hold."""
    ratio = tables.parameters()["P09"]
    share = 100.0 * p.ht_va / p.province_hightech
    return p.phi_p * p.sigma_d <= 0.5 and ratio.low <= capital_output(p) <= ratio.high and 1.5 <= share <= 6.0


def capital_output(p: Parameters) -> float:
    """Return capital of all owners over GDP in 2020: formation of each owner over (Q01 + P08)."""
    return sum(formation(p).values()) / (p.g_K0 + p.delta_K) / p.gdp_2020


def lever_investment() -> float:
    """Return public investment that levers set at their baselines, million yuan per year (recorded)."""
    return sum(tables.levers()[lever].baseline for lever in INVESTING)


def recorded(p: Parameters) -> dict[str, float]:
    """Return recorded investment in 2020 by owner, million yuan per year; Q09 moves with the sampled total, housing
    is the rest.
    """
    industry, other = p.fai_2020 * p.fai_industry, p.fai_2020 * p.fai_other_firms
    infrastructure = lever_investment() + p.infra_other * p.fai_2020 / tables.parameters()[LEVEL].value
    return {
        "industry": industry,
        "other": other,
        "infrastructure": infrastructure,
        "housing": p.fai_2020 - industry - other - infrastructure,
    }


def formation(p: Parameters) -> dict[str, float]:
    """Return capital formation in 2020 by owner, million yuan per year: recorded investment times the share that
    forms capital.
    """
    share = {"industry": p.cf_firm, "other": p.cf_firm, "infrastructure": p.cf_infra, "housing": p.cf_housing}
    return {owner: value * share[owner] for owner, value in recorded(p).items()}


def _one(streams: Streams, row: Parameter, attempt: int) -> float:
    if row.role != "uncertain" or row.low == row.high:
        return row.value
    u = float(streams.fixed(f"prior.{row.id}", np.array([attempt]))[0])
    span, left = row.high - row.low, row.value - row.low
    if u * span < left:
        return row.low + float(np.sqrt(u * span * left))
    return row.high - float(np.sqrt((1.0 - u) * span * (row.high - row.value)))


def _shift(ident: str, path: str) -> float:
    if ident not in SHIFTED or path == "observed":
        return 0.0
    variable = "rest_of_china_growth" if ident == "Q18" else "reference_growth"
    year = 2021 if ident == "Q18" else 2020
    return tables.paths()[path, variable, year].value / 100.0 - tables.parameters()[ident].value

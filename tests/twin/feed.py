"""Run engine and twin side by side: tables and inputs, what other stages do to agents, and the comparison.

The twin is told three things. Once: the tables of the run and the agents of 2020. Each quarter: terms, kernels, land
price, public capital, capital formation. Between its stages: the *events* of the others, found by comparing the
engine's columns before and after them, agent by agent: who came, who left, and by how much a number changed (a
difference, so that the twin keeps its own stocks; whole numbers, and what became exactly zero, are set).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from types import SimpleNamespace
from typing import Any

import numpy as np

from agents.columns import Population
from agents.streams import Streams
from agents.terms import Channel
from sim.calibration import tables
from sim.model import STAGES, RegionModel
from sim.stages.land import land_price
from tests.twin import firm, person
from tests.twin.economy import SKILLS, Economy, Shared
from tests.twin.firm import Firm
from tests.twin.labour import match_labour
from tests.twin.planning import plan_firms
from tests.twin.production import produce_and_sell
from tests.twin.residence import choose_residence
from tests.twin.settlement import settle_firms

TWINNED: dict[str, Callable[[Economy], None]] = {
    "plan_firms": plan_firms,
    "match_labour": match_labour,
    "choose_residence": choose_residence,
    "produce_and_sell": produce_and_sell,
    "settle_accounts": settle_firms,
}
MARKETS = (
    "price",
    "demand",
    "output",
    "capacity",
    "base_output",
    "learned_growth",
    "turnover",
    "labour_cost",
    "provincial_share",
)
POOLS = ("wage", "tightness", "normal_tightness", "vacancies", "searchers", "hires")
HOMES = ("house_price", "residents", "base_residents", "amenity")
REGION = ("wage_drift", "labour_productivity", "wage_bill", "energy_use", "displaced_sales", "natural_growth")
RESERVOIRS = ("in_kunming", "in_yunnan", "in_china")
SET_BY_OTHERS = {"energy_use"}  # of the region; the rest of `REGION` is the twin's own or never touched by others


# What the twin is given -------------------------------------------------------------------------------------------


def fixed_tables(model: RegionModel) -> SimpleNamespace:
    """Return what stays for the run as floats and lists: parameters by symbol, tables of the frame, marks, paths."""
    frame, p, cells = model.frame, model.p, model.cells
    listed = {f.name: getattr(frame, f.name) for f in fields(frame)}
    fixed = {name: value.tolist() for name, value in listed.items() if isinstance(value, np.ndarray)}
    for taken in ("first_person_id", "person_weight", "areas"):
        fixed[taken] = getattr(frame, taken)
    at: list[list[list[int]]] = [[[] for _ in range(SKILLS)] for _ in frame.sites]
    for cell, (site, skill) in enumerate(zip(cells.site.tolist(), cells.skill.tolist(), strict=True)):
        at[site][skill].append(cell)
    base = model.policy.table
    fixed |= {
        "p": SimpleNamespace(**{row.symbol: p.values[row.id] for row in tables.parameters().values()}),
        "baseline": {lever: base[lever].baseline for lever in ("I10d", "I11c", "I11e", "I11g", "I17e", "I14a")},
        "base_land_price": p.p_ind * (1.0 - base["I13j"].baseline / 100.0),
        "sites": len(frame.sites),
        "sectors": len(frame.sectors),
        "consumer_services": frame.sectors.index("consumer_services"),
        "construction": frame.sectors.index("construction"),
        "capital_per_worker": frame.capital_per_worker.tolist(),
        "imported_equipment": (frame.equipment * frame.imported).tolist(),
        "demand_shares": frame.demand.tolist(),
        "cell_of": cells.of.tolist(),
        "cell_site": cells.site.tolist(),
        "cell_skill": cells.skill.tolist(),
        "cell_count": cells.count,
        "cells_at": at,
        "cell_mark": model.hashes["cell"].tolist(),
        "home_tastes": model.home_tastes.tolist(),
        "elasticity": model.elasticity.tolist(),
        "tradable": model.tradable.tolist(),
        "far_node": model.far_node.tolist(),
        "base_services": model.base_services.tolist(),
        "start_public": model.start_public.tolist(),
        "skill_share": model.skill_share.tolist(),
        "base_labour_force": model.base_labour_force,
        "mean_ties": model.mean_ties,
        "base_wage_bill": float(model.region.base_wage_bill[0]),
        "base_formation": float(model.region.base_formation[0]),
        "province_path": model.paths.province.tolist(),
        "secondary_path": model.paths.secondary.tolist(),
        "china_path": model.paths.rest_of_china.tolist(),
        "export_path": model.paths.exports.tolist(),
        "kunming_path": model.paths.kunming.tolist(),
    }
    for rate in ("depreciation", "separation", "migration", "reconsider"):
        fixed[rate] = getattr(model.rates, rate)
    return SimpleNamespace(**fixed)


def quarter_inputs(model: RegionModel) -> Shared:
    """Return what other stages have decided by now: terms on offer, kernels, land price, public capital, formation."""
    terms, region, kernels = model.terms, model.region, model.kernels
    offered = {f.name: getattr(terms, f.name) for f in fields(terms)}
    return Shared(
        **{name: float(term.total) for name, term in offered.items() if isinstance(term, Channel)},
        quarter=model.quarter,
        commute=kernels.commute.tolist(),
        access=kernels.access.tolist(),
        knowledge=kernels.knowledge.tolist(),
        services=kernels.services.tolist(),
        land_price=land_price(model).tolist(),
        public_capital=model.parks.public_capital.tolist(),
        residential_pace=float(region.residential_pace[0]),
        business_formation=float(region.business_formation[0]),
        infrastructure_formation=float(region.infrastructure_formation[0]),
        housing_formation=float(region.housing_formation[0]),
        mean_wage=float(model.mean_wage),
    )


@dataclass(frozen=True)
class Start:
    """What the twin is given once, in plain Python values: the tables of the run, and everything there is in 2020."""

    fixed: SimpleNamespace
    firms: list[tuple[int, dict[str, Any]]]
    persons: list[tuple[int, dict[str, Any]]]
    shared: dict[str, dict[str, Any]]  # markets, pools, homes, region
    site_terms: list[list[float]]

    @classmethod
    def of(cls, model: RegionModel) -> Start:
        """Read a model that has not made a step."""
        region = {name: float(getattr(model.region, name)[0]) for name in REGION}
        region |= {name: float(model.region.reservoir[0, k]) for k, name in enumerate(RESERVOIRS)}
        shared = {
            "markets": {name: getattr(model.markets, name).tolist() for name in MARKETS},
            "pools": {name: getattr(model.pools, name).tolist() for name in POOLS},
            "homes": {name: getattr(model.homes, name).tolist() for name in HOMES},
            "region": region,
        }
        firms, persons = rows_of(model.firms, firm.FIELDS), rows_of(model.talent, person.FIELDS)
        return cls(fixed_tables(model), firms, persons, shared, model.tfp_terms.tolist())

    def fill(self, economy: Economy) -> None:
        """Give a new economy over the same tables its agents and all that exists once."""
        for ident, row in self.firms:
            economy.firms[ident] = Firm(economy, ident, **row)
        for ident, row in self.persons:
            economy.add_person(ident, **row)
        for name, values in self.shared.items():
            setattr(economy, name, Shared(**values))
        economy.site_terms = self.site_terms


def start_twin(model: RegionModel, seed: np.random.SeedSequence) -> Economy:
    """Return a twin of a model that has not made a step, with streams of its own from the same seed."""
    start = Start.of(model)
    economy = Economy(start.fixed, Streams(seed))
    start.fill(economy)
    return economy


def rows_of(population: Population, names: tuple[str, ...], ids: Any = None) -> list[tuple[int, dict[str, Any]]]:
    """Return id and named columns of agents (all of them without `ids`) as plain Python values."""
    rows = np.arange(population.n) if ids is None else population.row_of(ids)
    values = [getattr(population, name)[rows].tolist() for name in names]
    wanted = zip(population.id[rows].tolist(), *values, strict=True)
    return [(ident, dict(zip(names, row, strict=True))) for ident, *row in wanted]


# What other stages do to agents -----------------------------------------------------------------------------------


@dataclass
class Snapshot:
    """The engine's agents and reservoirs at one moment."""

    firms: Population
    talent: Population
    reservoir: Any

    @classmethod
    def of(cls, model: RegionModel) -> Snapshot:
        """Copy them."""
        return cls(model.firms.copy(), model.talent.copy(), model.region.reservoir[0].copy())


@dataclass(frozen=True)
class Told:
    """What other stages have done to agents: firms, persons (gone, changes, came), and people of each reservoir."""

    firms: tuple[list[int], list[Any], list[Any]]
    persons: tuple[list[int], list[Any], list[Any]]
    moved: list[float]

    @classmethod
    def since(cls, before: Snapshot, model: RegionModel) -> Told:
        """Compare the engine with what it was."""
        firms = events(before.firms, model.firms, firm.FIELDS)
        persons = events(before.talent, model.talent, person.FIELDS)
        moved = [float(model.region.reservoir[0, k] - before.reservoir[k]) for k in range(len(RESERVOIRS))]
        return cls(firms, persons, moved)

    def to(self, economy: Economy) -> None:
        """Tell the twin."""
        gone, changes, came = self.firms
        for ident in gone:
            economy.firms.pop(ident).remove()
        apply(economy.firms, changes)
        for ident, row in came:
            economy.firms[ident] = Firm(economy, ident, **row)
        gone, changes, came = self.persons
        for ident in gone:
            economy.drop_person(economy.persons[ident])
        apply(economy.persons, changes)
        for ident, row in came:
            economy.add_person(ident, **row)
        for name, moved in zip(RESERVOIRS, self.moved, strict=True):
            setattr(economy.region, name, getattr(economy.region, name) + moved)


def tell(economy: Economy, before: Snapshot, model: RegionModel) -> None:
    """Tell the twin what has happened in the engine since a snapshot."""
    Told.since(before, model).to(economy)


def events(before: Population, now: Population, names: tuple[str, ...]) -> tuple[list[int], list[Any], list[Any]]:
    """Return ids that left, changes (id, column, new value, difference), and agents that came (id, columns)."""
    gone = before.id[~np.isin(before.id, now.id)]
    came = now.id[~np.isin(now.id, before.id)]
    stay = before.id[np.isin(before.id, now.id)]
    old, new = before.row_of(stay), now.row_of(stay)
    changes: list[Any] = []
    for name in names:
        first, last = getattr(before, name)[old], getattr(now, name)[new]
        different = first != last if first.ndim == 1 else (first != last).any(axis=1)
        where = np.flatnonzero(different)
        values = (stay[where], last[where], (last - first)[where])
        changes += [(i, name, v, d) for i, v, d in zip(*(x.tolist() for x in values), strict=True)]
    return gone.tolist(), changes, rows_of(now, names, came)


def apply(agents: dict[int, Any], changes: list[Any]) -> None:
    """Make the changes: differences for real numbers, values for whole ones and for what became zero."""
    for ident, name, value, difference in changes:
        agent = agents[ident]
        if isinstance(value, list):
            old = getattr(agent, name)
            setattr(agent, name, [v and o + d for o, v, d in zip(old, value, difference, strict=True)])
        elif isinstance(value, int) or value == 0.0:
            setattr(agent, name, value)
        else:
            setattr(agent, name, getattr(agent, name) + difference)


# Side by side -----------------------------------------------------------------------------------------------------

Watch = Callable[[str, RegionModel, Economy], None]


class Pair:
    """An engine and its twin, stepped together; `run_engine` and `run_twin` may be replaced to time them."""

    def __init__(self, model: RegionModel, seed: np.random.SeedSequence) -> None:
        """Pair a model that has not made a step with a new twin; seed: that of the model."""
        self.model, self.economy = model, start_twin(model, seed)
        self.seen = Snapshot.of(model)

    def run_engine(self, this: Any) -> None:
        """Run a twinned stage in the engine."""
        this(self.model)

    def run_twin(self, name: str) -> None:
        """Run a twinned stage in the twin."""
        TWINNED[name](self.economy)

    def step(self, watch: Watch) -> None:
        """Advance one quarter; watch is called after every twinned stage with its name, the engine and the twin."""
        model, economy = self.model, self.economy
        model.begin_quarter()
        economy.streams.begin(model.quarter)
        economy.separated.clear()
        economy.hired.clear()
        for this in STAGES:
            if this.name not in TWINNED:
                this(model)
                continue
            tell(economy, self.seen, model)
            economy.now = quarter_inputs(model)
            economy.paid.clear()
            economy.paid_before = dict(model.ledger.postings)
            self.run_twin(this.name)
            self.run_engine(this)
            watch(this.name, model, economy)
            self.seen = Snapshot.of(model)
        model.end_quarter()

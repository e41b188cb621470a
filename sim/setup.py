"""What a model needs beside its populations: rates per quarter, marks of cases, and the reference values of the
start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from agents.firm import weighted
from agents.talent import Talent
from sim.calibration import tables
from sim.errors import InputError, nearest
from sim.location import inclusive, site_values
from sim.newcomers import Pools
from sim.params import INVESTING, Parameters
from sim.paths import QUARTERS
from sim.policy.base import Dose, PolicyMix
from sim.policy.registry import INSTRUMENTS
from sim.scenario import Scenario, date_of, load_scenario
from sim.stages.announce import FROM_OTHERS, announce_terms
from sim.stages.backlog import open_backlog
from sim.stages.construct import capital_stock
from sim.stages.demography import enter
from sim.stages.measure import INDICATORS, output_indicators, people_indicators, public_indicators
from sim.stages.production import update_potentials
from sim.stages.residence import pull_factor

if TYPE_CHECKING:
    from sim.model import RegionModel

TASTE_CLASSES = 1024
MOST_SCALE = 1_000.0
PUBLIC_WORKS = frozenset((*INVESTING, "I11b"))


@dataclass(frozen=True)
class Rates:
    """Yearly rates of the tables as shares per quarter."""

    depreciation: float  # public and housing capital
    wear: float  # capital of firms that stay; what leavers scrap is the rest of P08
    research_loss: float
    separation: float
    migration: float
    reconsider: float


def per_quarter(rate: float) -> float:
    """Convert a share per year to a share per quarter that compounds to it."""
    return 1.0 - (1.0 - rate) ** 0.25


def rates(p: Parameters) -> Rates:
    """Convert the yearly rates once."""
    return Rates(
        per_quarter(p.delta_K),
        per_quarter(p.delta_K - p.scrapped_yearly),
        per_quarter(p.delta_rd),
        per_quarter(p.sep / 100.0),
        per_quarter(p.mig_gross),
        per_quarter(p.move_home),
    )


def resolve(
    scenario: str | Scenario, parameters: Parameters, settings: dict[str, float]
) -> tuple[Scenario, Parameters]:
    """Return scenario and parameters with keyword settings applied; `land__annual_quota` stands for
    `land.annual_quota`.
    """
    case = load_scenario(scenario) if isinstance(scenario, str) else scenario
    levers, params = tables.levers(), tables.parameters()
    by_name = {row.name: row.id for row in levers.values()} | {row.name: row.id for row in params.values()}
    lever_values: dict[str, float] = {}
    assumptions = dict(case.assumptions)
    for key, value in settings.items():
        name = key.replace("__", ".")
        ident = by_name.get(name, name)
        if ident in levers:
            lever_values[ident] = value
        elif ident in params:
            assumptions[ident] = value
        else:
            known = [*levers, *params, *by_name]
            raise InputError(
                f"no lever or parameter is called {name!r}; did you mean {', '.join(nearest(name, known)) or '?'}?"
            )
    return case.with_levers(lever_values) if lever_values else case, parameters.replace(**assumptions)


def branched(model: RegionModel, scenario: str | Scenario | None, settings: dict[str, float]) -> Scenario:
    """Return the policy of a branch, after checking that it is the model's own in every quarter that is past."""
    case = load_scenario(scenario) if isinstance(scenario, str) else scenario or model.case
    changed, values = resolve(case, model.p, settings)
    if values.values != model.p.values or changed.parks != model.case.parks:
        raise InputError("a branch keeps the assumptions and the parks of its model: start a run of its own for others")
    if changed.links != model.case.links:
        raise InputError("a branch keeps the links of its model: start a run of its own for others")
    new = {lever: setting for lever, setting in changed.levers.items() if setting != case.levers.get(lever)}
    later = {lever: replace(setting, start=model.quarter + 1) for lever, setting in new.items()}
    case = replace(case, levers={**case.levers, **later})
    mix = PolicyMix(case)
    for lever in mix.table:
        for quarter in range(model.quarter + 1):
            old, asked = model.policy.value(lever, quarter), mix.value(lever, quarter)
            if old != asked:
                raise InputError(
                    f"lever {lever} was {old:g} in quarter {quarter} and would have been {asked:g}: "
                    f"date it from {date_of(model.quarter + 1)}, or start a run of its own"
                )
    return case


def seed_of(rng: int | np.random.SeedSequence | None) -> np.random.SeedSequence:
    """Return the seed of a run; None draws a fresh one from the system, as Mesa does. Raises InputError."""
    if isinstance(rng, np.random.SeedSequence):
        return rng
    if rng is None:
        return np.random.SeedSequence()
    if isinstance(rng, bool) or not isinstance(rng, (int, np.integer)) or rng < 0:
        raise InputError(f"rng = {rng!r} is not a whole number from 0; give a seed, a SeedSequence, or None for any")
    return np.random.SeedSequence(int(rng))


def check_options(scale: float, path: str, horizon_quarters: int) -> None:
    """Raise InputError unless scale, path and horizon can be run."""
    if isinstance(scale, bool) or not 1.0 <= scale <= MOST_SCALE:  # NaN fails too
        raise InputError(f"scale = {scale!r} is outside the allowed 1 to {MOST_SCALE:g} real firms or persons per row")
    known = sorted({row.path for row in tables.paths().values()})
    if path not in known:
        raise InputError(f"path = {path!r} is unknown; choose {' or '.join(known)}")
    if not isinstance(horizon_quarters, (int, np.integer)) or not 1 <= horizon_quarters <= QUARTERS:
        raise InputError(f"horizon_quarters = {horizon_quarters!r} is not a whole number from 1 to {QUARTERS}")


def prepare(model: RegionModel) -> None:
    """Set marks, counters and reference values, open the construction sites of 2020, and record quarter 0."""
    p, frame, firms = model.p, model.frame, model.firms
    model.flow = 0.25 * (1.0 + p.g_K0) ** p.shift0
    model.first_project = int(model.frame.newcomer_block[0, 0]) - model.prospects.n
    pool = np.arange(model.prospects.n)
    model.hashes = {name: model.streams.fixed(f"case.{name}", pool) for name in ("I02a", "I03a", "two_high", "lease")}
    # Tastes for homes come in classes: a person belongs to one for life, and the race among homes is exact within
    # the class.
    model.home_tastes = model.streams.fixed("talent.home_taste", np.arange(TASTE_CLASSES * 16)).reshape(
        TASTE_CLASSES, 16
    )
    model.hashes["operator"] = model.streams.fixed("case.operator", model.parks.id)
    model.hashes["cell"] = model.streams.fixed("case.cell", np.arange(model.cells.count))
    model.pools_of = {"entrants": Pools(frame, model.streams, 0), "movers": Pools(frame, model.streams, 1)}
    model.elsewhere = np.zeros((len(model.paths.province), 2))
    model.elasticity = p.sigma_d * np.maximum(
        np.array([s.tradable_share for s in tables.sectors().values()]), p.least_tradable
    )
    model.tradable = np.array([s.tradable_share >= 0.5 for s in tables.sectors().values()], float)
    nodes = model.network.nodes
    model.far_node = np.array([n in ("eastern_china", "border_gateway", "free_trade_zone") for n in nodes])
    model.kernels = model.network.refresh(p)
    model.base_services = model.kernels.services
    model.start_public = model.parks.public_capital.copy()
    model.tfp_terms = np.full((len(frame.sites), len(frame.sectors)), np.exp(p.g_A / 400.0))
    model.doses = model.policy.doses(0, p.theta_impl * p.theta_start, {})
    model.terms = announce_terms(model.doses, model)
    model.parks.operator = np.where(model.hashes["operator"] < model.policy.table["I16a"].baseline / 100.0, 1, 0)
    reference_values(model)
    update_potentials(model)
    model.base_inclusive = inclusive(site_values(model), p.lam_nest)
    start_budget(model)
    open_backlog(model)
    expect_newcomers(model)
    enter(model)  # the founders of the last quarter of 2020 open in the first of 2021
    model.start_firm_cash = weighted(firms.cash, firms) - model.ledger.balance["firms"]
    model.start_budget_cash = float(model.government.cash[0]) - model.ledger.balance["new_area"]
    model.start_land = model.parks.land_stock()
    model.start_people = len(model.talent) * frame.person_weight
    record_start(model)


def reference_values(model: RegionModel) -> None:
    """Remember levels of step 0 that later quarters are compared with."""
    p, frame, firms, talent = model.p, model.frame, model.firms, model.talent
    output = weighted(firms.sales, firms)
    # A start without firms or without people has no level to compare with: that of the tables stands in.
    persons = weighted(firms.employment, firms) or float(frame.base_employment.sum())
    model.start_output, model.last_output = output or float(frame.base_output.sum()), output
    model.start_productivity, model.productivity_gain = model.start_output / persons, 1.0
    model.start_taxes = float(model.government.own_taxes[0])
    flagged = weighted(firms.sales * (firms.high_tech == 1), firms)
    model.hightech_scale = p.ht_va * model.flow / max(flagged, 1e-9)
    intensity = np.where(firms.high_tech == 1, p.rd_certified, 1.0) * (firms.rd_share > 0)
    total = weighted(intensity * firms.sales, firms)
    model.research_unit = p.rd_gdp * output / max(total, 1e-9)
    model.research_growth = np.ones(len(frame.sites))
    model.base_labour_force = float((talent.home < len(frame.sites)).sum())
    model.skill_share = np.bincount(talent.skill, minlength=4) / max(talent.n, 1)
    model.mean_wage = float(talent.wage.mean()) if talent.n else 0.0
    model.mean_ties = mean_ties(p, talent, len(frame.sites))
    issue = model.terms.land_quota.total / 4.0
    model.base_residential = (
        model.policy.table["I11d"].baseline / 100.0 * issue * (1.0 - model.policy.table["I10d"].baseline / 100.0)
    )
    model.attractiveness = np.zeros(len(frame.sectors))
    model.pools.tightness[:] = 1.0
    model.start_pull = float(pull_factor(model).mean())


def expect_newcomers(model: RegionModel) -> None:
    """Let incumbents expect the growth that continuing firms have at base: that of the sector less the customers that
    newcomers take (Q17).
    """
    p, frame = model.p, model.frame
    staff = (frame.entry_per_quarter * p.ent_size + frame.movers_per_quarter) * frame.entrant_size
    share = staff.sum(axis=0) / np.maximum(frame.base_employment.sum(axis=0), 1e-9)
    model.markets.learned_growth -= p.b_ent * share * p.ent_K**frame.capital_share


def mean_ties(p: Parameters, talent: Talent, sites: int) -> float:
    """Return the mean of mobility over residents, so that the gross rate Q60 holds on average."""
    here = talent.home < sites
    ties = np.where(talent.owner == 1, p.owner_mobility, 1.0) * np.where(talent.hukou == 1, p.hukou_mobility, 1.0)
    ties = ties * np.where(talent.cell == -1, p.searcher_mobility, 1.0)
    return float(ties[here].mean()) if here.any() else 1.0


def base_facts(model: RegionModel) -> dict[str, float]:
    """Return the take-up of a base quarter, before anything has been counted."""
    p, firms, government = model.p, model.firms, model.government
    small = firms.employment < p.large_firm
    names = (
        "free_rent",
        "equipment_subsidy",
        "joint_tax",
        "tax_growth",
        "new_residents",
        "minutes_saved",
        "minutes_wanted",
        "idle_km2",
        "free_months",
        "equipment_bought",
        "equipment_capped",
        "link_outlay",
        "evaluations",
        "reused_km2",
        "land_admitted",
        "births",
        "deaths",
        "moved_in",
        "moved_out",
        "signed",
        "refused",
        "started",
        "started_investment",
        "investment_admitted",
        "capital_lost",
        "depreciation",
        "capital_gap",
        "joint_output",
        "certified",
        "refused_threshold",
        "refused_two_high",
        "refused_energy",
        "refused_land",
    )
    facts = dict.fromkeys(names, 0.0)
    facts.update(
        signed=p.base_signed / 4.0,
        laboratories=1.0,
        quota_km2=model.policy.table["I13a"].baseline / 4.0,
        households=float(model.homes.residents[:-1].sum()),
        small_firm_debt=weighted(firms.debt * small, firms),
        pledged_stock=weighted(firms.rd_stock * (firms.high_tech == 1), firms),
        bond_service=float(government.bond_debt[0]) * (p.bond_r / 100.0 + 1.0 / p.bond_years) / 4.0,
    )
    return facts


@cache
def without_levers() -> dict[str, Dose]:
    """Return the doses of the baseline scenario, read once: every run begins with them."""
    return PolicyMix(load_scenario("baseline")).doses(0, 1.0, {})


def start_budget(model: RegionModel) -> None:
    """Close the budget of the base quarter: regular spending is what revenue, land and bonds leave after levers at
    their baselines.
    """
    p, government = model.p, model.government
    model.facts = base_facts(model)
    plain = without_levers()
    costs = sum(
        (1.0 - plain["I17b"].baseline / 100.0 if lever in PUBLIC_WORKS else 1.0)
        * instrument.cost(plain[lever], model.facts, p)
        for lever, instrument in INSTRUMENTS.items()
        if lever not in FROM_OTHERS
    )
    land = (
        p.base_land_use
        / 4.0
        * p.p_ind
        * (1.0 - model.policy.table["I13j"].baseline / 100.0)
        * (1.0 - p.park_receipts_share)
    )
    land += model.base_residential * p.p_ind / p.pI_pR
    bonds = model.policy.table["I18d"].baseline / 4.0
    government.regular_spending[:] = max(float(government.base_revenue[0]) + land + bonds - costs, 0.0)


def record_start(model: RegionModel) -> None:
    """Write quarter 0 of the record by the same formulas as every other quarter: levels at the end of 2020."""
    region = model.region
    model.capital_before = capital_stock(model)
    now = {**output_indicators(model), **people_indicators(model), **public_indicators(model)}
    model.now = {name: float(now[name]) for name in INDICATORS}
    model.now["energy_use"] = float(region.energy_use[0])
    for name, value in model.now.items():
        model.record[name][0] = value

"""Stage 8: talent reconsiders home and region; house prices; people come and leave."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Floats, Integers
from agents.talent import OUTSIDE, SEARCHING
from sim.build import asked_in, share_in
from sim.schedule import stage
from sim.stages.labour import pay_workers

if TYPE_CHECKING:
    from sim.model import RegionModel

SKILLS = 4
YUNNAN, CHINA = 2, 3


@stage(
    reads=(
        "firms.sector firms.site firms.staff firms.weight homes.amenity homes.base_residents "
        "homes.house_price homes.residents pools.normal_tightness pools.tightness pools.wage "
        "region.natural_growth region.reservoir region.residential_pace region.wage_bill talent.cell "
        "talent.home talent.hukou talent.origin talent.owner talent.skill talent.wage"
    ),
    writes=(
        "firms.staff homes.amenity homes.house_price homes.residents region.natural_growth "
        "region.reservoir region.wage_bill talent.home talent.id talent.wage"
    ),
)
def choose_residence(model: RegionModel) -> None:
    """Move house prices, let a share of persons move home, let others leave, and take in newcomers and the young."""
    live_and_price(model)
    homes, pull = home_values(model), pull_factor(model)
    move_home(model, homes)
    leave(model, pull)
    arrive(model, homes[-1], pull)
    leave_jobs(model)
    model.homes.residents = np.bincount(model.talent.home, minlength=model.homes.n) * model.frame.person_weight


def live_and_price(model: RegionModel) -> None:
    """Follow population (P89) with house prices, pulled back (Q71) to a norm that more housing lowers (1/P90)."""
    homes, p, terms = model.homes, model.p, model.terms
    base = model.policy.table["I11c"].baseline
    norm = (
        -np.log(terms.housing_ratio.total / base) / p.hs_el
        - p.residential_supply * np.log(max(float(model.region.residential_pace[0]), 1e-2)) / p.hs_el
    )
    crowding = (
        np.log(np.maximum(homes.residents, 1.0) / homes.base_residents) - np.log1p(p.g_LF / 100.0) * model.quarter / 4.0
    )
    target = norm + p.pop_hp * crowding * p.crowding_pass
    price = np.log(homes.house_price)
    price[:-1] += p.hp_pull * (target - price)[:-1]
    homes.house_price = np.exp(price)
    table = model.policy.table
    schools = doublings(terms.school_investment.total / table["I11e"].baseline)
    green = doublings(terms.garden_investment.total / table["I11g"].baseline)
    works = doublings(terms.environment_investment.total / table["I17e"].baseline)
    kept = doublings(terms.green_share.total / (table["I10d"].baseline / 100.0))
    reach = np.log2(model.kernels.services / model.base_services)
    wanted = p.school_amenity * schools + p.green_amenity * (green + works + kept) + p.service_amenity * reach
    homes.amenity = homes.amenity + p.amenity_speed * (wanted - homes.amenity)


def doublings(ratio: float) -> float:
    """Return how often a quantity has doubled against its base; a quantity below an eighth counts as an eighth."""
    return math.log2(max(ratio, 0.125))


def leave_jobs(model: RegionModel) -> None:
    """Share the workers who are still there out to firms, and set wages again: who moved away works here no more."""
    firms, cells = model.firms, model.cells
    persons = model.talent.workers(cells.count) * model.frame.person_weight
    cell = firms.local(cells.of)
    firms.staff = share_in(firms.staff, cell, asked_in(firms, cell, firms.staff, cells.count), persons)
    pay_workers(model, persons, cell)


def home_values(model: RegionModel) -> Floats:
    """Return utility of each home for work at each place and for none, shape (workplaces + 1, homes): rent, amenity,
    commute, size.
    """
    homes, p = model.homes, model.p
    sites = len(model.frame.sites)
    place = np.log(homes.base_residents) + p.hp_inflow * np.log(homes.house_price) + homes.amenity
    minutes = np.log(model.kernels.commute)
    by_work = place + minutes.T
    idle = place + np.where(np.arange(sites + 1) == sites, -4.0, 0.0)
    return np.vstack((by_work, idle))


def move_home(model: RegionModel, values: Floats) -> None:
    """Let a share of residents reconsider home: first stay or not, then an exponential race among those who do.

    values: utility of each home by workplace, shape (workplaces + 1, homes).
    """
    talent, p = model.talent, model.p
    sites = len(model.frame.sites)
    draw = model.streams.uniform("talent.reconsider", talent.id)
    mobility = np.array([1.0, p.owner_mobility])  # of who rents, of who owns
    movers = np.flatnonzero(draw < model.rates.reconsider * mobility.max())  # few: look only at those who may
    movers = movers[
        (draw[movers] < model.rates.reconsider * mobility[talent.owner[movers]]) & (talent.home[movers] < sites)
    ]
    if not len(movers):
        return
    cell = talent.cell[movers]
    work = np.where(cell >= 0, model.cells.site[cell], np.where(cell == OUTSIDE, sites, sites + 1))
    weight = np.exp(values)[work, :sites]
    race = -np.log1p(-model.home_tastes[talent.id[movers] % len(model.home_tastes), :sites])
    talent.home[movers] = (np.maximum(race, 1e-300) / weight).argmin(axis=1)


def pull_factor(model: RegionModel) -> Floats:
    """Return the log change of gross inflow by skill against base: real wage (P81), jobs, house price (P88), amenity,
    hukou (Q61).
    """
    p, homes, frame = model.p, model.homes, model.frame
    outside = (1.0 + p.w_out) ** (model.quarter / 4.0)
    weight = homes.residents[:-1] / max(homes.residents[:-1].sum(), 1e-9)
    by_area = np.bincount(frame.area, weight, frame.areas)
    wage = by_area @ np.log(model.pools.wage.reshape(frame.areas, SKILLS) / outside)
    jobs = by_area @ np.clip(np.log(model.pools.tightness / model.pools.normal_tightness), -1.0, 1.0).reshape(
        frame.areas, SKILLS
    )
    price = float(weight @ np.log(homes.house_price[:-1]))
    barrier = model.policy.table["I14a"].baseline - model.terms.hukou_barrier.total
    amenity = float(weight @ homes.amenity[:-1])
    return p.kappa_q * wage + p.job_pull * jobs + p.hp_inflow * price + amenity + p.hukou_fx * barrier


def leave(model: RegionModel, pull: Floats) -> None:
    """Let residents leave for the rest of the country: at the gross rate Q60, less where the New Area pulls, and
    where ties bind; pull: by skill.
    """
    talent, p = model.talent, model.p
    draw = model.streams.uniform("talent.leave", talent.id)
    rates = leaving_rates(model, pull)
    near = np.flatnonzero(draw < rates.max())  # few: look only at those who may
    rate = rates[
        talent.skill[near], talent.owner[near], talent.hukou[near], (talent.cell[near] == SEARCHING).astype(np.int8)
    ]
    going = near[(draw[near] < rate) & (talent.home[near] < len(model.frame.sites))]
    weight = model.frame.person_weight
    to_china = model.streams.fixed("talent.destination", talent.id[going]) < p.far_share
    model.region.reservoir[0, 2] += to_china.sum() * weight
    model.region.reservoir[0, 1] += (~to_china).sum() * weight
    stays = np.ones(talent.n, bool)
    stays[going] = False
    talent.keep(stays)


def leaving_rates(model: RegionModel, pull: Floats) -> Floats:
    """Return the share that leaves this quarter, shape (4, 2, 2, 2): by skill, owner, registered, and searching."""
    p = model.p
    owner, hukou, idle = (
        np.array([1.0, factor]) for factor in (p.owner_mobility, p.hukou_mobility, p.searcher_mobility)
    )
    ties = owner[:, None, None] * hukou[:, None] * idle
    return model.rates.migration * ties / model.mean_ties * np.exp(-pull)[:, None, None, None]


def arrive(model: RegionModel, values: Floats, pull: Floats) -> None:
    """Take in newcomers by origin and skill from numbered pools, and the young of the New Area (Q62); they search for
    work. values: of homes for them; pull: by skill, log points.
    """
    p, region, weight = model.p, model.region, model.frame.person_weight
    inflow = np.exp(pull)
    growth = 1.0 + p.g_LF / 100.0
    young = model.base_labour_force * (growth ** (model.quarter / 4.0) - growth ** ((model.quarter - 1) / 4.0))
    gross = model.base_labour_force * model.rates.migration
    groups: list[tuple[Integers, int, int]] = []  # ids, skill, origin
    for skill in range(SKILLS):
        share = model.skill_share[skill]
        for origin, part, pool in ((YUNNAN, 1.0 - p.far_share, "newcomer"), (CHINA, p.far_share, "far newcomer")):
            count = model.whole_arrivals(f"arrive.{origin}.{skill}", gross * share * part * inflow[skill])
            groups.append((model.new_persons(pool, skill, count), skill, origin))
            region.reservoir[0, origin - 1] -= count * weight
        count = model.whole_arrivals(f"young.{skill}", young * share)
        groups.append((model.new_persons("young", skill, count), skill, 0))
        region.natural_growth[0] += count * weight
    settle(model, groups, values)


def settle(model: RegionModel, groups: list[tuple[Integers, int, int]], values: Floats) -> None:
    """Give newcomers (ids, skill, origin) a home by the value of homes for someone without work, and registration
    where the barrier lets them.
    """
    sizes = [len(ids) for ids, _, _ in groups]
    ids = np.concatenate([group[0] for group in groups])
    model.facts["new_residents"] = len(ids) * model.frame.person_weight
    if not len(ids):
        return
    skill = np.repeat([group[1] for group in groups], sizes)
    origin = np.repeat([group[2] for group in groups], sizes)
    sites = len(model.frame.sites)
    weight = np.exp(values[:sites])
    edges = np.cumsum(weight / weight.sum())
    home = np.minimum(np.searchsorted(edges, model.streams.fixed("talent.first_home", ids)), sites - 1)
    hukou = (model.streams.fixed("talent.hukou", ids) < 1.0 - model.terms.hukou_barrier.total) | (origin == 0)
    efficiency = model.frame.efficiency
    model.talent.add(
        ids,
        skill=skill,
        home=home,
        cell=SEARCHING,
        origin=origin,
        hukou=hukou,
        wage=model.mean_wage * efficiency[skill] / efficiency.mean(),
    )

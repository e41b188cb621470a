"""The state at the end of 2020: populations, network, markets and budget, built from tables, parameters and one
seed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from agents.columns import Floats, Integers
from agents.firm import Firms, by_cell, by_sector, weighted
from agents.government import GovernmentAccount
from agents.park import Parks
from agents.streams import Streams
from agents.talent import OUTSIDE, SEARCHING, Talent
from sim.accounting import Ledger
from sim.build_firms import Technology, base_cells, certify, give_flows, give_research, incumbents
from sim.build_frame import Foundation, foundation, scaled_frame
from sim.build_talent import home_weights, labour_cells, labour_force, whole_persons
from sim.calibration import tables
from sim.network import Kernels, Network, build_network
from sim.params import Parameters, formation, recorded
from sim.paths import QUARTERS
from sim.prospects import Prospects, build_prospects
from sim.scenario import Scenario
from sim.state import Cells, Frame, Homes, LabourPools, Markets, Region

FIRST_PROSPECTS = -15  # prospects of the quarters before the start feed construction sites and the signed queue


@dataclass
class Start:
    """Everything a run starts from; `copy` gives each arm its own."""

    scale: float
    parameters: Parameters
    frame: Frame
    cells: Cells
    firms: Firms
    talent: Talent
    parks: Parks
    government: GovernmentAccount
    markets: Markets
    pools: LabourPools
    homes: Homes
    region: Region
    prospects: Prospects
    network: Network
    ledger: Ledger

    def copy(self) -> Start:
        """Return a copy whose columns are independent; what never changes (frame, cells, prospects) is shared."""
        moving = ("firms", "talent", "parks", "government", "markets", "pools", "homes", "region", "network", "ledger")
        return replace(self, **{name: getattr(self, name).copy() for name in moving})


def build_start(
    p: Parameters, rng: np.random.SeedSequence, scale: float, scenario: Scenario, firm_scale: float | None = None
) -> Start:
    """Build the state at step 0 (fourth quarter of 2020).

    scale: real small firms or persons behind one row; firm_scale: the same for firms alone, where it differs (an
    ablation with one firm per cell). Flows are the yearly working values / 4 x (1+Q01)^Q69; every cell adds up.
    """
    firm_scale = scale if firm_scale is None else firm_scale
    streams = Streams(rng)
    network = build_network(scenario)
    ground = foundation(p, network, scenario)
    base = base_cells(p, ground.sites, ground.sectors)
    kernels = network.refresh(p)
    persons = base.employment[:, :, None] * ground.skill_shares / scale
    cells = labour_cells(persons, kernels.minutes[: len(ground.sites), : len(ground.sites)], p.min_cell)
    expected = np.bincount(cells.of.ravel(), persons.ravel(), cells.count).astype(float)
    workers = whole_persons(expected)
    person_weight = base.employment.sum() / workers.sum()
    firms = incumbents(p, streams, base, firm_scale)
    staff_firms(firms, cells, workers, person_weight, ground)
    flow = 0.25 * (1.0 + p.g_K0) ** p.shift0
    frame = scaled_frame(p, ground, base, firms, cells, flow, person_weight, firm_scale)
    firms.named = (firms.sector == ground.sectors.index("refinery")).astype(np.int64)
    tech = Technology(frame.tax_share, frame.labour_share, frame.capital_share, frame.efficiency, frame.sheltered)
    give_flows(p, streams, firms, base, flow, tech)
    certify(p, streams, firms, frame.hightech_share)
    give_research(p, firms, frame.industrial, ground.sectors.index("business_rd_services"))
    homes_of_jobs = home_weights(p, base.employment.sum(axis=1), ground.kinds, kernels.commute)
    talent = labour_force(p, streams, cells, workers, homes_of_jobs)
    parks = build_parks(p, firms, frame, ground)
    region = build_region(p, firms, frame, flow)
    give_land_and_energy(p, firms, parks, frame)
    region.energy_use[:] = weighted(firms.energy, firms)
    region.base_intensity = region.energy_use / weighted(firms.sales, firms)
    prospects = build_prospects(p, streams, FIRST_PROSPECTS, QUARTERS)
    frame = finish_frame(p, frame, firms, talent, cells, kernels, prospects, network)
    start = Start(
        scale,
        p,
        frame,
        cells,
        firms,
        talent,
        parks,
        build_government(p, firms, frame),
        build_markets(p, firms, frame),
        build_pools(frame),
        build_homes(talent, frame),
        region,
        prospects,
        network,
        Ledger(),
    )
    set_wages(start)
    return start


def staff_firms(firms: Firms, cells: Cells, workers: np.ndarray, person_weight: float, ground: Foundation) -> None:
    """Share the workers of every cell out to its firms by size and skill mix: exact per cell."""
    total = firms.staff[:, 0].copy()
    wanted = total[:, None] * firms.local(ground.skill_shares)
    firms.staff = share_out(firms, cells, wanted, workers * person_weight)


def share_out(firms: Firms, cells: Cells, wanted: Floats, persons: np.ndarray) -> Floats:
    """Return staff by firm and skill: the persons of each cell shared out by wanted staff, shape (n, 4).

    wanted: shape (n, 4); persons: real persons at work in each cell, shape (cells,).
    """
    cell = firms.local(cells.of)
    return share_in(wanted, cell, asked_in(firms, cell, wanted, cells.count), persons)


def asked_in(firms: Firms, cell: Integers, wanted: Floats, cells: int) -> np.ndarray:
    """Return the real persons wanted in each labour cell, shape (cells,).

    cell: labour cell of each firm and skill, wanted: persons by firm and skill; both of shape (n, 4).
    """
    return np.bincount(cell.ravel(), (wanted * firms.weight[:, None]).ravel(), cells)


def share_in(wanted: Floats, cell: Integers, asked: np.ndarray, persons: np.ndarray) -> Floats:
    """Return the persons of each cell shared out by what is wanted, shape (n, 4); asked: the sum of what is wanted."""
    ratio = np.divide(persons, asked, out=np.zeros(len(asked)), where=asked > 0.0)
    return wanted * ratio.take(cell)


def build_parks(p: Parameters, firms: Firms, frame: Frame, ground: Foundation) -> Parks:
    """Build the ten sites as parks: land, public capital shared by output, recruitment staff by planned area."""
    rows = list(ground.parks)
    parks = Parks()
    used = np.array([r.industrial_land for r in rows])
    used[frame.sites.index("anning_park")] = p.anning_land
    output = frame.base_output.sum(axis=1)
    planned = np.array([r.planned_area for r in rows])
    idle = used * p.idle / 100.0
    stock = formation(p)["infrastructure"] / (p.g_K0 + p.delta_K)
    parks.add(
        np.arange(len(rows)),
        planned=planned,
        occupied=used,
        idle=idle,
        serviced=p.serviced_years * p.base_land_use * planned / planned.sum(),
        unserviced=p.unserviced_years * p.base_land_use * planned / planned.sum(),
        discount=tables.levers()["I13j"].baseline / 100.0,
        effort=planned / planned.sum(),
        release=1.0,
        public_capital=stock * output / output.sum(),
    )
    return parks


def give_land_and_energy(p: Parameters, firms: Firms, parks: Parks, frame: Frame) -> None:
    """Spread the industrial land of every park over its industrial firms by capital; set energy use."""
    industrial = frame.industrial[firms.sector] > 0
    capital = np.where(industrial, firms.capital, 0.0)
    by_site = np.bincount(firms.site, capital * firms.weight, parks.n)
    used = np.divide(parks.occupied, by_site, out=np.zeros(parks.n), where=by_site > 0.0)
    parks.idle = np.where(by_site > 0.0, parks.idle, parks.idle + parks.occupied)
    parks.occupied = np.where(by_site > 0.0, parks.occupied, 0.0)
    firms.land = capital * used[firms.site]
    firms.energy = frame.energy[firms.sector] * firms.sales


def build_region(p: Parameters, firms: Firms, frame: Frame, flow: float) -> Region:
    """Set the region's stocks and the flows of investment at step 0."""
    region = Region()
    formed, spent = formation(p), recorded(p)
    region.add(
        [0],
        wage_drift=(1.0 + p.w_out) ** 0.25 - 1.0,
        housing_capital=formed["housing"] / (p.g_K0 + p.delta_K),
        housing_base=formed["housing"] * flow,
        infrastructure_other=p.infra_other * p.fai_2020 / tables.parameters()["N02"].value * flow,
        business_formation=(formed["industry"] + formed["other"]) * flow,
        infrastructure_formation=formed["infrastructure"] * flow,
        housing_formation=formed["housing"] * flow,
        investment_recorded=sum(spent.values()) * flow,
        construction_land=sum(row.developed_area for row in tables.parks().values() if row.kind != "rival"),
        base_formation=sum(formed.values()) * flow,
        labour_productivity=weighted(firms.sales, firms) / weighted(firms.employment, firms),
    )
    return region


def build_government(p: Parameters, firms: Firms, frame: Frame) -> GovernmentAccount:
    """Set the budget of a base quarter: local taxes and other revenue; the first settlement sets spending equal."""
    sales, tax = firms.sales * firms.weight, frame.tax_share[firms.sector]
    local = float((sales * tax * frame.local_tax_share[firms.sector]).sum())
    surplus = sales * (1.0 - tax - frame.labour_share[firms.sector])
    profit = surplus - firms.weight * (firms.overhead + firms.capital * p.delta_K / 4.0 + firms.debt * p.r_loan / 4.0)
    income = 0.4 * p.income_tax * np.maximum(profit, 0.0).sum()
    base = local + income + p.other_rev / 4.0
    account = GovernmentAccount()
    account.add(
        [0],
        cash=p.reserve_quarters * base,
        bond_debt=p.bond_stock,
        implementation=p.theta_impl * p.theta_start,
        revenue=base,
        base_revenue=base,
        own_taxes=local + income,
        regular_spending=0.0,
    )
    return account


def build_markets(p: Parameters, firms: Firms, frame: Frame) -> Markets:
    """Set every sector's market at its base quantity and price."""
    sold = by_sector(firms.sales, firms, len(frame.sectors))
    markets = Markets()
    markets.add(
        np.arange(len(frame.sectors)),
        demand=sold,
        output=sold,
        base_output=sold,
        capacity=sold / p.u_norm,
        learned_growth=(1.0 + p.g_K0) ** 0.25 - 1.0,
    )
    return markets


def build_pools(frame: Frame) -> LabourPools:
    """Set a labour pool per commuting area and skill."""
    pools = LabourPools()
    pools.add(np.arange(frame.areas * 4))
    return pools


def build_homes(talent: Talent, frame: Frame) -> Homes:
    """Count residents of every home site."""
    count = np.bincount(talent.home, minlength=len(frame.sites) + 1) * frame.person_weight
    homes = Homes()
    homes.add(np.arange(len(count)), residents=count, base_residents=np.maximum(count, frame.person_weight))
    return homes


def set_wages(start: Start) -> None:
    """Give every worker the wage of the cell, and the region its wage bill."""
    frame, firms, cells, talent = start.frame, start.firms, start.cells, start.talent
    bill = np.bincount(
        firms.local(cells.of).ravel(),
        (firms.staff * firms.local(frame.wage) * firms.weight[:, None]).ravel(),
        cells.count,
    )
    heads = talent.workers(cells.count) * frame.person_weight
    wage = np.divide(bill, heads, out=np.zeros(cells.count), where=heads > 0)
    mean = bill.sum() / heads.sum()
    talent.wage = np.where(
        talent.cell >= 0,
        wage[np.maximum(talent.cell, 0)],
        mean * frame.efficiency[talent.skill] / frame.efficiency.mean(),
    )
    start.region.wage_bill[:] = start.region.base_wage_bill[:] = bill.sum()


def finish_frame(
    p: Parameters,
    frame: Frame,
    firms: Firms,
    talent: Talent,
    cells: Cells,
    kernels: Kernels,
    prospects: Prospects,
    network: Network,
) -> Frame:
    """Fill in what needs the populations: identities of newcomers, base potentials, searchers of Kunming."""
    sites, sectors = len(frame.sites), len(frame.sectors)
    # Room for ten years of start-ups (P20) and of movers (P33), with some to spare.
    expected = np.stack((frame.entry_per_quarter, frame.movers_per_quarter)) / frame.newcomer_weight
    room = np.where(expected > 0.0, np.ceil(60.0 * expected) + 4.0, 0.0).astype(np.int64).reshape(2, sites * sectors)
    first = firms.n + prospects.n
    block = first + (np.cumsum(room.ravel()) - room.ravel()).reshape(room.shape)
    output = by_cell(firms.sales, firms, sites, sectors)
    outside, visiting = commuter_flows(p, talent, cells, kernels.commute)
    staff = np.stack([np.bincount(firms.site, firms.staff[:, k] * firms.weight, sites) for k in range(4)], axis=1)
    research = np.bincount(firms.site, firms.rd_stock * firms.weight, sites)
    own = np.concatenate((output.sum(axis=1) * 4.0, np.zeros(len(network.nodes) - sites)))
    return replace(
        frame,
        newcomer_room=room,
        newcomer_block=block,
        first_free_id=first + int(room.sum()),
        first_person_id=talent.n,
        outside_vacancies=outside,
        kunming_searchers=visiting,
        base_potential=kernels.access @ (own + frame.node_output),
        base_graduates=staff[:, 2:].sum(axis=1) / np.maximum(staff.sum(axis=1), 1.0),
        base_knowledge=kernels.knowledge @ research,
        base_supply=(kernels.access[:, :sites] @ output * 4.0) @ frame.linkage,
        cell_tfp=cell_means(firms, firms.base_tfp, sites, sectors),
        capital_per_worker=cell_means(firms, firms.capital / np.maximum(firms.employment, 1e-9), sites, sectors),
    )


def commuter_flows(p: Parameters, talent: Talent, cells: Cells, kernel: Floats) -> tuple[Floats, Floats]:
    """Return Kunming's vacancies and searchers by skill at which commuting in and out stays level at base, simulated
    persons, shape (4,).

    At base, vacancies equal separations and searchers are the unemployed plus those just separated; both unknowns are
    found by repetition.
    """
    leaving = 1.0 - (1.0 - p.sep / 100.0) ** 0.25
    sites = len(kernel) - 1
    posts = np.zeros((sites + 1, 4))
    np.add.at(posts, (cells.site, cells.skill), leaving * talent.workers(cells.count))
    resident = talent.home < sites
    seekers = np.zeros((sites + 1, 4))
    np.add.at(
        seekers,
        (talent.home[resident], talent.skill[resident]),
        np.where(talent.cell[resident] == SEARCHING, 1.0, leaving),
    )
    out_flow = leaving * np.bincount(talent.skill[talent.cell == OUTSIDE], minlength=4)
    in_flow = leaving * np.bincount(talent.skill[~resident & (talent.cell >= 0)], minlength=4)
    posts[sites], seekers[sites] = 10.0 * out_flow, in_flow
    for _ in range(60):
        pull = kernel[:, :, None] * posts[None]
        pull[sites, sites] = 0.0
        search = seekers[:, None, :] * pull / np.maximum(pull.sum(axis=1, keepdims=True), 1e-12)
        supply = search.sum(axis=0)
        filled = np.minimum(posts[:sites], supply[:sites]) / np.maximum(supply[:sites], 1e-12)
        posts[sites] *= np.where(out_flow > 0, out_flow / np.maximum(supply[sites], 1e-9), 0.0)
        seekers[sites] *= np.where(
            in_flow > 0, in_flow / np.maximum((filled * search[sites, :sites]).sum(axis=0), 1e-9), 0.0
        )
    return posts[sites], seekers[sites]


def cell_means(firms: Firms, values: Floats, sites: int, sectors: int) -> Floats:
    """Return the staff-weighted mean of a column by site and sector; an empty cell takes the mean of its sector,
    shape (sites, sectors).
    """
    staff = by_cell(firms.employment, firms, sites, sectors)
    total = by_cell(firms.employment * values, firms, sites, sectors)
    sector = total.sum(axis=0) / np.maximum(staff.sum(axis=0), 1e-9)
    return np.where(staff > 0.0, total / np.maximum(staff, 1e-9), sector)

"""What stays fixed during a run, read from the tables and scaled to the base: arrays by site, sector and skill."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from agents.columns import Floats, Integers
from agents.firm import Firms, by_cell
from sim.build_firms import BaseCells
from sim.calibration import tables
from sim.network import Network
from sim.params import Parameters, formation
from sim.scenario import Scenario
from sim.state import Cells, Frame

SCHOOLING = (9.0, 12.0, 16.0, 19.0)  # years behind each skill
NO_ENTRY = ("refinery", "public_services", "farming")


@dataclass(frozen=True)
class Foundation:
    """Names and tables of one scenario, before any population exists."""

    sites: tuple[str, ...]
    sectors: tuple[str, ...]
    kinds: tuple[str, ...]
    parks: tuple[Any, ...]
    skill_shares: Floats  # staff by skill as in the sector table, shape (sites, sectors, 4)
    area: Integers
    areas: int
    node_output: Floats  # million yuan per year, zero for sites of the New Area


def foundation(p: Parameters, network: Network, scenario: Scenario) -> Foundation:
    """Collect sites (with hypothetical parks of the scenario), sectors, skills and commuting areas."""
    sites = network.nodes[: network.n_sites]
    by_site = {row.site: row for row in tables.parks().values()}
    extra = {
        str(row["id"]): SimpleNamespace(kind="park", planned_area=float(row["planned_area"]), industrial_land=0.0)
        for row in scenario.parks
    }
    parks = tuple(by_site[s] if s in by_site else extra[s] for s in sites)
    rows = tables.sectors()
    shares = np.array([(r.skill_basic, r.skill_technical, r.skill_graduate, r.skill_high) for r in rows.values()])
    towns = [network.nodes.index(name) for name in ("anning", "songming", "changshui_airport")]
    minutes = network.refresh(p).minutes
    area = minutes[: len(sites), towns].argmin(axis=1)
    places = tables.sites()
    output = np.array([0.0 if name not in places else (places[name].market_output or 0.0) for name in network.nodes])
    return Foundation(
        sites,
        tuple(rows),
        tuple(r.kind for r in parks),
        parks,
        np.tile(shares, (len(sites), 1, 1)),
        area,
        len(towns),
        output,
    )


def linkage_matrix(sectors: tuple[str, ...]) -> Floats:
    """Return weights of suppliers (rows) for buyers (columns), each column summing to 1."""
    matrix = np.zeros((len(sectors), len(sectors)))
    for row in tables.linkages():
        matrix[sectors.index(row.supplier), sectors.index(row.buyer)] = row.weight
    return matrix


def base_wages(cells: BaseCells, firms: Firms, labour: Floats, flow: float, efficiency: Floats) -> Floats:
    """Return wages of step 0 so that each cell pays its labour share, million yuan per person and quarter, shape
    (sites, sectors, 4).
    """
    sites, sectors = cells.value_added.shape
    effective = by_cell(firms.staff @ efficiency, firms, sites, sectors)
    bill = labour * cells.value_added * flow
    unit = np.divide(bill, effective, out=np.zeros_like(bill), where=effective > 0.0)
    mean = bill.sum(axis=0) / np.maximum(
        effective.sum(axis=0), 1e-12
    )  # an empty cell pays what its sector pays elsewhere
    return np.where(effective > 0.0, unit, mean)[:, :, None] * efficiency


def sector_columns(p: Parameters) -> dict[str, Floats]:
    """Return the columns of the sector table by name of the frame; the refinery pays the sampled share of tax (Q65)."""
    rows = list(tables.sectors().values())

    def column(name: str) -> Floats:
        return np.array([float(getattr(row, name)) for row in rows])

    tax = np.where([row.id == "refinery" for row in rows], p.ref_tax, column("production_tax_share"))
    share = np.where(column("capital_output") > 0.0, 1.0 - column("labour_share") * 1.1 / (1.0 - tax), 0.0)
    named = {
        "industrial": "industrial",
        "hightech_sector": "hightech_sector",
        "labour_share": "labour_share",
        "local_tax_share": "local_share_of_production_tax",
        "capital_output": "capital_output",
        "energy": "energy_tce_per_mn_va",
        "equipment": "equipment_share_of_capex",
        "imported": "imported_share_of_equipment",
        "two_high": "two_high_share_of_new_projects",
        "hightech_share": "hightech_va_share",
        "project_share": "project_value_share",
        "worker_output": "va_per_worker",
    }
    demand = [column(name) for name in ("demand_province", "demand_rest_of_china", "demand_exports")]
    return {
        **{name: column(source) for name, source in named.items()},
        "tax_share": tax,
        "capital_share": np.clip(share, 0.0, 0.95),
        "demand": np.stack(demand, axis=1),
    }


def scaled_frame(
    p: Parameters,
    ground: Foundation,
    base: BaseCells,
    firms: Firms,
    cells: Cells,
    flow: float,
    person_weight: float,
    scale: float,
) -> Frame:
    """Return the frame with everything that needs only cells and firms; the rest is filled in by `finish_frame`."""
    columns = sector_columns(p)
    sites, sectors = len(ground.sites), len(ground.sectors)
    efficiency = np.exp(p.ret_school * (np.array(SCHOOLING) - SCHOOLING[1]))
    staff = np.stack([by_cell(firms.staff[:, k], firms, sites, sectors) for k in range(4)], axis=2)
    total = staff.sum(axis=2, keepdims=True)
    mix = np.where(total > 0.0, staff / np.maximum(total, 1e-12), ground.skill_shares)
    closed = np.array([sector in NO_ENTRY for sector in ground.sectors])
    entry = np.where(closed, 0.0, base.firms * p.entry0 / 400.0)
    movers = np.where(closed, 0.0, base.firms * (1.0 - (1.0 - p.reloc0 / 100.0) ** 0.25))
    mean_size = np.divide(base.employment, base.firms, out=np.zeros_like(base.firms), where=base.firms > 0)
    empty = np.zeros(0)
    return Frame(
        **columns,
        sites=ground.sites,
        sectors=ground.sectors,
        area=ground.area,
        areas=ground.areas,
        sheltered=closed.astype(float),
        linkage=linkage_matrix(ground.sectors),
        efficiency=efficiency,
        mix=mix,
        wage=base_wages(base, firms, columns["labour_share"], flow, efficiency),
        gross_rate=gross_rates(p, base, columns["industrial"], closed, entry, mean_size),
        newcomer_weight=newcomer_weights(np.stack((entry, movers)), firms, scale),
        movers_per_quarter=movers,
        entrant_size=mean_size,
        base_firms=base.firms,
        base_output=base.value_added * flow,
        base_employment=base.employment,
        base_potential=empty,
        base_graduates=empty,
        base_knowledge=empty,
        base_supply=empty,
        node_output=ground.node_output,
        person_weight=person_weight,
        outside_vacancies=empty,
        kunming_searchers=empty,
        newcomer_block=np.zeros(0, np.int64),
        newcomer_room=np.zeros(0, np.int64),
        first_free_id=0,
        first_person_id=0,
        cell_tfp=empty,
        capital_per_worker=empty,
        entry_per_quarter=entry,
    )


def newcomer_weights(expected: Floats, firms: Firms, scale: float) -> Floats:
    """Return the real firms behind a row of newcomers, by kind and cell, shape (2, sites, sectors).

    expected: real firms a quarter by kind and cell. A row stands for as many firms as the cell's small firms do, but
    for no more than half a quarter's newcomers, so that a small cell gets a single firm now and then and not `scale`
    firms once in ten years.
    """
    _, sites, sectors = expected.shape
    small = firms.weight > 1.0
    cell = firms.site * sectors + firms.sector
    count = np.bincount(cell[small], minlength=sites * sectors)
    total = np.bincount(cell[small], firms.weight[small], sites * sectors)
    mean = np.divide(total, count, out=np.ones(sites * sectors), where=count > 0).reshape(sites, sectors)
    return np.clip(0.5 * expected, 1.0, np.maximum(np.minimum(mean, scale), 1.0))


def entrant_capital(p: Parameters, base: BaseCells, entry: Floats, size: Floats) -> Floats:
    """Return capital that entrants and movers in put in place in a base quarter by cell: number x size x (capital per
    worker x Q33).
    """
    intensity = np.divide(base.capital, base.employment, out=np.zeros_like(base.capital), where=base.employment > 0)
    movers = np.where(entry > 0.0, base.firms * (1.0 - (1.0 - p.reloc0 / 100.0) ** 0.25), 0.0)
    return (entry * p.ent_size + movers) * size * intensity * p.ent_K


def gross_rates(
    p: Parameters, base: BaseCells, industrial: Floats, closed: np.ndarray, entry: Floats, size: Floats
) -> Floats:
    """Return gross investment of incumbents at base, share of capital per quarter by sector.

    Each sector would keep its capital growing at Q01: (Q01 + P08) K, less what projects and entrants of the sector
    put in place, and at least half of wear; then all sectors of a group (industry, others) are scaled together, so
    that the group's recorded investment is that of the base (docs/odd.md, stage 6).
    """
    wanted = formation(p)
    entrants = entrant_capital(p, base, entry, size).sum(axis=0)
    shift = (1.0 + p.g_K0) ** (p.shift0 + 0.25)  # flows of the first quarter over the yearly value / 4
    capital = np.maximum(base.capital.sum(axis=0), 1e-9)
    share = np.array([s.project_value_share for s in tables.sectors().values()])
    projects = p.project_spending * p.cf_firm * share / share.sum() / 4.0
    need = (p.g_K0 + p.delta_K) / 4.0 * capital
    rest = np.maximum(need - projects - entrants, 0.5 * p.delta_K / 4.0 * capital)
    rates = np.zeros(len(industrial))
    for group, mask in (("industry", industrial > 0), ("other", industrial == 0)):
        total = max(wanted[group] / 4.0 - projects[mask].sum() - entrants[mask].sum(), 0.0)
        rates[mask] = rest[mask] * total / rest[mask].sum() * shift / capital[mask]
    return rates

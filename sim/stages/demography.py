"""Stage 13: firms leave, resell their capital, move away or in, and enter; incubator places end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.columns import Booleans, Floats, Integers
from agents.firm import ENTRANT, MOVED_IN, SPIN_OFF, by_sector, weighted
from agents.talent import SEARCHING
from sim.build import asked_in, share_in
from sim.schedule import stage
from sim.stages.labour import lay_off
from sim.stages.plan import credit_limit

if TYPE_CHECKING:
    from sim.model import RegionModel


@stage(
    reads=(
        "firms.age firms.base_capital firms.base_rd_stock firms.base_sales firms.base_tfp firms.building "
        "firms.capacity firms.capital firms.cash firms.customer_base firms.debt firms.energy "
        "firms.expected_sales firms.free_rent firms.grace firms.high_tech firms.investment firms.land "
        "firms.named firms.orders firms.origin firms.outlay firms.overhead firms.ownership "
        "firms.productivity firms.profit firms.rd_share firms.rd_spending firms.rd_stock firms.sales "
        "firms.sector firms.shock firms.site firms.source firms.staff firms.support firms.tenure "
        "firms.two_high firms.usual_profit firms.value_added firms.wanted firms.weak firms.weight "
        "markets.base_output markets.output parks.idle parks.occupied region.kunming_won "
        "region.reservoir region.resold_capital region.yunnan_won talent.cell talent.home talent.hukou "
        "talent.origin talent.owner talent.skill talent.wage"
    ),
    writes=(
        "firms.age firms.capital firms.cash firms.debt firms.free_rent firms.id firms.origin firms.staff "
        "firms.weak parks.idle parks.incubated parks.occupied region.kunming_won region.reservoir "
        "region.resold_capital region.yunnan_won talent.cell talent.id"
    ),
)
def enter_and_exit(model: RegionModel) -> None:
    """Let firms fail, move away, move in and enter; people of leavers search again, land falls idle."""
    firms = model.firms
    firms.age = np.where(firms.producing, firms.age + 1, firms.age)
    firms.free_rent = np.maximum(firms.free_rent - 1, 0)
    cover_shortfall(model)
    failed = fail(model)
    moved = move_away(model, failed)
    close(model, failed, moved)
    enter(model)


def cover_shortfall(model: RegionModel) -> None:
    """Let banks lend once more up to the limit; owners keep alive what may not fail (named plants, public services,
    farming).
    """
    firms, ledger = model.firms, model.ledger
    room = np.maximum(credit_limit(model) - firms.debt, 0.0)
    loan = np.where(firms.cash < 0.0, np.minimum(-firms.cash, room), 0.0)
    firms.debt, firms.cash = firms.debt + loan, firms.cash + loan
    ledger.post("loans", "banks", "firms", weighted(loan, firms))
    stays = model.frame.sheltered[firms.sector] > 0
    equity = np.where(stays & (firms.cash < 0.0), -firms.cash, 0.0)
    firms.cash = firms.cash + equity
    ledger.post("equity", "owners", "firms", weighted(equity, firms))


def fail(model: RegionModel) -> Booleans:
    """Return who leaves: out of cash, or worth less than scrap for two quarters past the age of grace (Q29-Q31)."""
    firms, p = model.firms, model.p
    leaves = firms.judge(p.r_K, 1.0 - p.rho_z, p.scrap)
    return leaves & (model.frame.sheltered[firms.sector] == 0)


def move_away(model: RegionModel, failed: Booleans) -> Booleans:
    """Return incumbents that relocate out of the New Area: rate P33, less where the New Area has become more
    attractive.
    """
    firms, p = model.firms, model.p
    rate = 1.0 - (1.0 - p.reloc0 / 100.0) ** 0.25
    leaving = rate * np.exp(-p.relocation_response * model.attractiveness)
    free = np.flatnonzero((firms.age >= 8) & firms.producing & ~failed & (model.frame.sheltered[firms.sector] == 0))
    draw = model.streams.uniform("firm.relocation", firms.id[free])
    moved = np.zeros(firms.n, bool)
    moved[free] = draw < leaving[firms.sector[free]]
    return moved


def close(model: RegionModel, failed: Booleans, moved: Booleans) -> None:
    """Take leavers out: cash to owners, loans written off, capital resold inside the sector (Q32) or scrapped, land
    idle; plant stays behind.
    """
    firms, ledger, p = model.firms, model.ledger, model.p
    gone = failed | moved
    model.facts.update(deaths=float(firms.weight[failed].sum()), moved_out=float(firms.weight[moved].sum()))
    book_moves(model, moved)
    w = firms.weight * gone
    ledger.post("liquidation", "firms", "owners", float((np.maximum(firms.cash, 0.0) * w).sum()))
    ledger.post("default", "banks", "firms", float((np.maximum(-firms.cash, 0.0) * w).sum()))
    left_land: Floats = np.bincount(firms.site, firms.land * w, model.parks.n).astype(float)
    left = by_sector(firms.capital * gone, firms, len(model.frame.sectors))
    lost = weighted(firms.capital * gone, firms)
    firms.keep(~gone)
    pass_land(model, left_land)
    lost -= resell(model, p.resale * left)
    model.facts["capital_lost"] += lost
    part_with_workers(model)  # also where nobody closed: those who left the New Area this quarter still count as staff


def resell(model: RegionModel, offered: Floats) -> float:
    """Pass capital of leavers to firms of their sector in proportion to capital, at scrap price (Q31); returns what
    found a buyer.
    """
    firms, p = model.firms, model.p
    own = np.where(firms.producing, firms.capital, 0.0)
    total = by_sector(own, firms, len(offered))
    share = np.divide(offered, total, out=np.zeros_like(offered), where=total > 0.0)
    share = np.minimum(share, 0.25)
    bought = own * share[firms.sector]
    price = np.minimum(p.scrap * bought, np.maximum(firms.cash, 0.0))
    firms.capital = firms.capital + bought
    firms.cash = firms.cash - price
    model.ledger.post("resale", "firms", "owners", weighted(price, firms))
    amount = weighted(bought, firms)
    model.region.resold_capital[0] = amount
    return amount


def pass_land(model: RegionModel, left: Floats) -> None:
    """Pass land of leavers to industrial firms of the site with the plant that stands on it (Q32); the rest is idle.

    Start-ups and movers in rent inside existing plots, so they take no land of their own.
    """
    firms, parks = model.firms, model.parks
    own = np.where(firms.producing & (model.frame.industrial[firms.sector] > 0), firms.capital, 0.0)
    total = np.bincount(firms.site, own * firms.weight, parks.n)
    passed = np.where(total > 0.0, model.p.resale * left, 0.0)
    firms.land = firms.land + own * np.divide(passed, total, out=np.zeros(parks.n), where=total > 0.0)[firms.site]
    idle = np.minimum(left - passed, parks.occupied)
    parks.occupied = parks.occupied - idle
    parks.idle = parks.idle + idle


def book_moves(model: RegionModel, moved: Booleans) -> None:
    """Add the output of firms that moved away to where they went: half of them stay in Yunnan (declared share), as
    prospects do.
    """
    firms, p, region = model.firms, model.p, model.region
    came = (firms.origin == MOVED_IN) & (firms.age == 1)  # they left Kunming or the rest of Yunnan behind
    output = (weighted(firms.sales * moved, firms) - weighted(firms.sales * came, firms)) * p.moves_in_yunnan
    region.kunming_won[0] += p.kunming_of_yunnan * output + model.elsewhere[model.quarter, 0]
    region.yunnan_won[0] += (1.0 - p.kunming_of_yunnan) * output + model.elsewhere[model.quarter, 1]


def part_with_workers(model: RegionModel) -> None:
    """Send persons of closed firms to search and share the others out again, so that firms and persons agree in every
    cell.
    """
    firms, talent, cells, weight = model.firms, model.talent, model.cells, model.frame.person_weight
    cell = firms.local(cells.of)
    asked = asked_in(firms, cell, firms.staff, cells.count)
    staffed = asked / weight
    keep = np.floor(staffed + 1e-6 + (staffed % 1.0 > 0.5)).astype(np.int64)
    keep = np.where(staffed > 0.0, np.maximum(keep, 0), 0)
    workers = talent.workers(cells.count)
    lay_off(talent, model.streams.uniform("talent.closure", talent.id), np.maximum(workers - keep, 0), workers)
    firms.staff = share_in(firms.staff, cell, asked, np.minimum(workers, keep) * weight)
    kunming = len(model.frame.sites)
    back = (talent.home == kunming) & (talent.cell == SEARCHING)
    model.region.reservoir[0, 0] += back.sum() * weight
    talent.keep(~back)


def enter(model: RegionModel) -> None:
    """Set up entrants of every cell: start-ups, spin-offs of research, and firms that move in; they open next
    quarter.
    """
    model.facts["births"] = model.facts["moved_in"] = 0.0
    expected, origin = expected_entrants(model)
    groups = []
    for kind, rows in zip(origin, expected, strict=True):
        name = "entrants" if kind != MOVED_IN else "movers"
        cell, ids = model.pools_of[name].whole_entrants(rows)
        if len(ids):
            groups.append((kind, new_firms(model, cell, ids, kind)))
    if not groups:
        return
    last = model.firms.n
    # All at once: to add one firm takes about as long as to add many.
    model.firms.add(**{name: np.concatenate([firms[name] for _, firms in groups]) for name in groups[0][1]})
    for kind, firms in groups:
        first, last = last, last + len(firms["ids"])
        welcome(model, slice(first, last), kind, firms)


def expected_entrants(model: RegionModel) -> tuple[list[Floats], list[int]]:
    """Return rows expected to enter by cell, for start-ups (with spin-offs) and for movers in; origins beside them.

    Start-ups: P20 of the base stock, growing with the sector's sales, times openness and reforms; research adds
    spin-offs (P68 at base).
    """
    frame, p, terms = model.frame, model.p, model.terms
    size = np.clip(model.markets.output / model.markets.base_output, 0.2, 5.0)
    openness = np.exp(terms.private_entry.total)
    start_ups = frame.entry_per_quarter * size * openness
    research = (
        np.where(frame.hightech_sector > 0, p.spin_off_rate / 4.0, 0.0)
        * frame.base_firms
        * model.research_growth[:, None]
    )
    movers = frame.movers_per_quarter * np.exp(p.relocation_response * model.attractiveness) * size
    start_up_rows, mover_rows = (start_ups + research) / frame.newcomer_weight[0], movers / frame.newcomer_weight[1]
    return [start_up_rows.ravel(), mover_rows.ravel()], [ENTRANT, MOVED_IN]


def new_firms(model: RegionModel, cell: Integers, ids: Integers, kind: int) -> dict[str, Any]:
    """Return ids and columns of new firms: capital to be put in place next quarter, cash for P27 quarters, and
    customers at Q17 of capacity.
    """
    p, frame = model.p, model.frame
    sectors = len(frame.sectors)
    site, sector = cell // sectors, cell % sectors
    spread = np.exp(p.entrant_spread * model.streams.fixed_normal("entrant.size", ids) - 0.5 * p.entrant_spread**2)
    relative = p.ent_size if kind == ENTRANT else 1.0
    size = frame.entrant_size[site, sector] * relative * spread
    weight = frame.newcomer_weight[0 if kind == ENTRANT else 1, site, sector]
    plan = plan_firm(model, site, sector, size, p.ent_K)
    runway = p.runway * (plan["overhead"] + p.runway_base * frame.labour_share[sector] * plan["base_sales"])
    high_tech_sector = (frame.hightech_sector[sector] > 0) & (kind == ENTRANT)
    spins_off = high_tech_sector & (model.streams.fixed("entrant.spin_off", ids) < p.spin_off_share)
    return {
        "ids": ids,
        "site": site,
        "sector": sector,
        "origin": np.where(spins_off, SPIN_OFF, kind),
        "weight": weight,
        "building": np.ones(len(ids), np.int64),
        "cash": runway,
        "grace": model.grace(ids),
        **plan,
    }


def welcome(model: RegionModel, rows: slice, kind: int, firms: Mapping[str, Floats]) -> None:
    """Post what the owners of new firms put in, give them incubator places, and count them."""
    weight = firms["weight"]
    model.ledger.post("equity", "owners", "firms", float((firms["cash"] * weight).sum()))
    give_places(model, rows)
    model.facts["births" if kind == ENTRANT else "moved_in"] += float(weight.sum())


def plan_firm(model: RegionModel, site: Integers, sector: Integers, size: Floats, density: float) -> dict[str, Floats]:
    """Return the columns of a new firm of `size` persons: capital, technology, normal sales and customers.

    density: capital per worker over the base of its cell (Q33). Technology is that of the cell, without the terms of
    today.
    """
    p, frame = model.p, model.frame
    share = frame.capital_share[sector]
    capital = size * model.frame.capital_per_worker[site, sector] * density
    labour = size * (frame.mix[site, sector] @ frame.efficiency)
    tfp = model.frame.cell_tfp[site, sector]
    now = tfp * model.tfp_terms[site, sector]
    normal = p.u_norm * now * np.maximum(capital, 1e-9) ** share * labour ** (1.0 - share)
    margin = np.maximum(1.0 - frame.tax_share - frame.labour_share, 0.02)[sector]
    return {
        "outlay": capital,
        "base_capital": capital,
        "base_tfp": tfp,
        "productivity": now,
        "base_sales": normal,
        "expected_sales": normal,
        "customer_base": p.b_ent * normal,
        "overhead": p.fix_share * margin * normal,
    }


def give_places(model: RegionModel, rows: slice) -> None:
    """Give incubator places to start-ups of high-tech sectors and business services while space is left (I06h); rent
    is free for I06g.
    """
    firms, frame, terms, p = model.firms, model.frame, model.terms, model.p
    months = terms.free_rent.total
    if months <= 0.0:
        return
    services = frame.sectors.index("business_rd_services")
    eligible = (frame.hightech_sector[firms.sector[rows]] > 0) | (firms.sector[rows] == services)
    housed = firms.weight[: rows.stop] * (firms.free_rent[: rows.stop] > 0)
    room = terms.incubator_space.total * 1000.0 / p.start_up_space - float(housed.sum())
    taken = np.cumsum(firms.weight[rows] * eligible)
    firms.free_rent[rows] = np.where(eligible & (taken <= room), round(months / 3.0), 0)
    model.parks.incubated = np.bincount(firms.site, firms.weight * (firms.free_rent > 0), model.parks.n)

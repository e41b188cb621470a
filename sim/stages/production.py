"""Stage 10: productivity, capacity, demand, sales and prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Floats
from agents.firm import across, by_cell, by_sector, weighted
from sim.schedule import stage

if TYPE_CHECKING:
    from sim.model import RegionModel

LEAST_RESEARCH = 0.05  # research below this part of its reference, and none at all, counts as this part


@stage(
    reads=(
        "firms.base_rd_stock firms.base_tfp firms.building firms.capacity firms.capital "
        "firms.customer_base firms.energy firms.named firms.orders firms.productivity firms.rd_stock "
        "firms.sales firms.sector firms.shock firms.site firms.staff firms.value_added firms.weight "
        "markets.base_output markets.capacity markets.demand markets.output markets.price "
        "markets.provincial_share parks.public_capital region.base_formation region.base_wage_bill "
        "region.business_formation region.displaced_sales region.energy_use region.housing_formation "
        "region.infrastructure_formation region.wage_bill"
    ),
    writes=(
        "firms.capacity firms.customer_base firms.energy firms.orders firms.productivity firms.sales "
        "firms.shock firms.value_added markets.capacity markets.demand markets.output markets.price "
        "markets.provincial_share markets.turnover region.displaced_sales region.energy_use"
    ),
)
def produce_and_sell(model: RegionModel) -> None:
    """Draw shocks, produce at capacity, sell the smaller of capacity and demand, and move prices with utilisation."""
    firms, markets, p, frame = model.firms, model.markets, model.p, model.frame
    draws = model.streams.normal("firm.shock", firms.id)
    firms.draw_shocks(draws, p.rho_z, p.sigma_z, p.sd_size, p.sd_named)
    firms.productivity = firms.base_tfp * firms.local(model.tfp_terms) * research_term(model)
    firms.produce(frame.efficiency, frame.capital_share)
    demand = sector_demand(model)
    firms.sell(demand)
    sold, capacity = by_sector(firms.sales, firms, len(demand)), by_sector(firms.capacity, firms, len(demand))
    markets.demand, markets.output, markets.capacity = demand, sold, capacity
    firms.value_added = firms.sales * markets.price[firms.sector]
    markets.turnover = markets.price * sold
    model.facts["gdp_by_production"] = weighted(firms.value_added, firms)
    saving = (1.0 - p.aeei / 100.0) ** (model.quarter / 4.0)
    model.facts["energy_by_sector"] = float((frame.energy * sold).sum()) * saving
    record_displacement(model)
    firms.keep_customers(p.u_norm, p.lam_b)
    firms.energy = frame.energy[firms.sector] * saving * firms.sales
    model.region.energy_use[0] = weighted(firms.energy, firms)
    move_prices(model)
    model.tfp_terms = np.exp(log_terms(model))


def research_term(model: RegionModel) -> Floats:
    """Return own research: (S / S0 (1+Q68)^t)^P62, one for firms without research, shape (n,)."""
    firms, p = model.firms, model.p
    term = np.ones(firms.n)
    rows = np.flatnonzero(firms.base_rd_stock > 0.0)  # few
    ratio = firms.rd_stock[rows] / np.maximum(firms.base_rd_stock[rows], 1e-12)
    reference = (1.0 + p.g_rd) ** (model.quarter / 4.0)
    term[rows] = np.clip(ratio / reference, LEAST_RESEARCH, 20.0) ** p.eps_rd
    return term


def sector_demand(model: RegionModel) -> Floats:
    """Return the quantity demanded of each sector, million yuan per quarter at 2020 prices, shape (13,).

    E(t) P^-sigma for the rest of China and exports, a CES share of the provincial market, local wages behind consumer
    services and capital formation behind construction.
    """
    markets, p, frame, paths = model.markets, model.p, model.frame, model.paths
    t, region = model.quarter, model.region
    sigma, price = model.elasticity, markets.price
    share = price**-sigma / (p.s_prov * price ** (1.0 - sigma) + 1.0 - p.s_prov)
    province = np.where(frame.industrial > 0, paths.secondary[t], paths.province[t])
    wages = float(region.wage_bill[0] / region.base_wage_bill[0]) if t > 1 else paths.province[t]
    formed = float(region.business_formation[0] + region.infrastructure_formation[0] + region.housing_formation[0])
    formed = formed / float(region.base_formation[0])
    services, building = frame.sectors.index("consumer_services"), frame.sectors.index("construction")
    province[services] = (1.0 - p.share_cons) * province[services] + p.share_cons * wages
    province[building] = (1.0 - p.construction_local) * province[building] + p.construction_local * formed
    markets.provincial_share = share
    access = np.exp(model.terms.trade_cost.total)
    outside = (
        (frame.demand[:, 1] * paths.rest_of_china[t] + frame.demand[:, 2] * paths.exports[t]) * price**-sigma * access
    )
    return markets.base_output * (frame.demand[:, 0] * province * share + outside)


def record_displacement(model: RegionModel) -> None:
    """Note provincial sales of tradables above the share of step 0, of which Q58 is taken from producers elsewhere in
    Yunnan.
    """
    markets, frame = model.markets, model.frame
    province = np.where(frame.industrial > 0, model.paths.secondary[model.quarter], model.paths.province[model.quarter])
    usual = markets.base_output * frame.demand[:, 0] * province
    met = np.divide(markets.output, markets.demand, out=np.ones_like(usual), where=markets.demand > 0)
    gained = usual * (markets.provincial_share * met - 1.0) * model.tradable
    model.region.displaced_sales[0] = float(gained.sum())


def move_prices(model: RegionModel) -> None:
    """Move each sector's price with demand over capacity against normal utilisation (Q11 a quarter)."""
    markets, p = model.markets, model.p
    used = np.divide(markets.demand, markets.capacity, out=np.full(markets.n, p.u_norm), where=markets.capacity > 0)
    markets.price = markets.price * np.clip(used / p.u_norm, 0.5, 1.5) ** p.phi_p


def log_terms(model: RegionModel) -> Floats:
    """Return log productivity terms by site and sector for the next quarter: trend and what differs from the
    reference path.

    Each is elasticity x ln(X_t / (X_0 (1+ref)^t)): density P01, own industry P02, market potential P03, graduates
    P05, public capital P120, knowledge P65; the trend P14 is counted once.
    """
    p, frame, firms, kernels = model.p, model.frame, model.firms, model.kernels
    sites, sectors, t = len(frame.sites), len(frame.sectors), model.quarter
    staff = by_cell(firms.employment, firms, sites, sectors)
    base_site = np.maximum(frame.base_employment.sum(axis=1), 500.0)
    density = np.log(np.maximum(staff.sum(axis=1), 500.0) / base_site)
    own = np.log((staff + p.own_industry_floor) / (frame.base_employment + p.own_industry_floor))
    update_potentials(model)
    province = model.paths.province[t]
    potential = np.log(model.market_potential / (frame.base_potential * province))
    capital = np.log(np.maximum(model.parks.public_capital, 1e-6) / (np.maximum(model.start_public, 1e-6) * province))
    research = np.bincount(firms.site, firms.rd_stock * firms.weight, sites)
    stock = np.bincount(firms.site, firms.base_rd_stock * firms.weight, sites) * (1.0 + p.g_rd) ** (t / 4.0)
    model.research_growth = np.clip(np.divide(research, stock, out=np.ones(sites), where=stock > 0.0), 0.2, 5.0)
    known = (kernels.knowledge @ research) / (frame.base_knowledge * (1.0 + p.g_rd) ** (t / 4.0))
    knowledge = np.log(np.maximum(known, LEAST_RESEARCH))
    skilled = np.bincount(frame.area[firms.site], across(firms.staff[:, 2:]) * firms.weight, frame.areas)
    everyone = np.bincount(frame.area[firms.site], firms.employment * firms.weight, frame.areas)
    graduates = (skilled / np.maximum(everyone, 1.0))[frame.area] - frame.base_graduates
    site = p.eps_dens * density + p.eps_mp * potential + p.eps_hc * graduates + p.eps_G * np.clip(capital, -1.0, 1.0)
    site = site + p.eps_spill * knowledge
    return site[:, None] + p.eps_loc * own + p.g_A / 100.0 * (t + 1) / 4.0


def update_potentials(model: RegionModel) -> None:
    """Compute market potential and supplier access of every site from this quarter's output."""
    frame, firms, kernels = model.frame, model.firms, model.kernels
    output = by_cell(firms.sales, firms, len(frame.sites), len(frame.sectors)) * 4.0
    around = frame.node_output * model.paths.kunming[model.quarter]
    around = np.where(model.far_node, frame.node_output * model.paths.rest_of_china[model.quarter], around)
    around[: len(frame.sites)] = output.sum(axis=1)
    model.market_potential = kernels.access @ around
    model.supplier_access = (kernels.access[:, : len(frame.sites)] @ output) @ frame.linkage

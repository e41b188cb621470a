"""Stage 10: shocks, productivity, capacity, demand, sales, customers, energy, prices, and next quarter's site terms."""

from __future__ import annotations

import math

from tests.twin.economy import Economy
from tests.twin.firm import clip

FLOOR = 500.0  # persons: the least that the density of a site counts
LEAST_RESEARCH = 0.05  # the least that the research reaching a site counts, against its reference


def produce_and_sell(economy: Economy) -> None:
    """Draw shocks, produce at capacity, sell the smaller of capacity and demand, move customers, prices and terms."""
    produce(economy)
    demand = sector_demand(economy)
    sell(economy, demand)
    record_displacement(economy)
    move_prices(economy)
    economy.site_terms = [[math.exp(term) for term in row] for row in log_terms(economy)]


def produce(economy: Economy) -> None:
    """Draw every firm's shock (P25, P26, Q34, Q35) and set productivity and capacity."""
    fixed, p, years = economy.fixed, economy.fixed.p, economy.now.quarter / 4.0
    firms = list(economy.firms.values())
    for firm, draw in zip(firms, economy.normal("firm.shock", [firm.id for firm in firms]), strict=True):
        firm.draw_shock(draw, p)
        term = economy.site_terms[firm.site][firm.sector]
        firm.produce(term, fixed.efficiency, fixed.capital_share[firm.sector], years, p)


def provincial_path(economy: Economy) -> list[float]:
    """Return the index of the provincial market by sector: industry sells to the secondary sector, others to GDP."""
    fixed, t = economy.fixed, economy.now.quarter
    return [fixed.secondary_path[t] if industrial else fixed.province_path[t] for industrial in fixed.industrial]


def sector_demand(economy: Economy) -> list[float]:
    """Return the quantity demanded by sector, million yuan a quarter at 2020 prices.

    base x (province share x market x CES share (Q59) + (rest of China Q18 + exports Q19) price^-sigma x access).
    Q70 of consumer services follows local wages, N27 of construction follows capital formation of this quarter.
    """
    fixed, now, p, markets, region = economy.fixed, economy.now, economy.fixed.p, economy.markets, economy.region
    t, market = now.quarter, provincial_path(economy)
    # In the first quarter wages are not compared with those of step 0: they are taken to follow the province.
    wages = region.wage_bill / fixed.base_wage_bill if t > 1 else fixed.province_path[t]
    formed = (now.business_formation + now.infrastructure_formation + now.housing_formation) / fixed.base_formation
    services, building = fixed.consumer_services, fixed.construction
    market[services] = (1.0 - p.share_cons) * market[services] + p.share_cons * wages
    market[building] = (1.0 - p.construction_local) * market[building] + p.construction_local * formed
    access = math.exp(now.trade_cost)
    demand = []
    for sector, (price, sigma) in enumerate(zip(markets.price, fixed.elasticity, strict=True)):
        share = price**-sigma / (p.s_prov * price ** (1.0 - sigma) + 1.0 - p.s_prov)
        province, china, exports = fixed.demand_shares[sector]
        away = (china * fixed.china_path[t] + exports * fixed.export_path[t]) * price**-sigma * access
        markets.provincial_share[sector] = share
        demand.append(markets.base_output[sector] * (province * market[sector] * share + away))
    return demand


def sell(economy: Economy, demand: list[float]) -> None:
    """Share demand out by customers x e^z, sell, note the totals of every sector, and let customers follow (Q16)."""
    fixed, p, markets = economy.fixed, economy.fixed.p, economy.markets
    saving = (1.0 - p.aeei / 100.0) ** (economy.now.quarter / 4.0)
    pull = economy.by_sector("pull")
    per_pull = [wanted / max(total, 1e-12) for wanted, total in zip(demand, pull, strict=True)]
    energy = [intensity * saving for intensity in fixed.energy]
    for firm in economy.firms.values():
        firm.sell(per_pull[firm.sector], markets.price[firm.sector], energy[firm.sector])
        firm.keep_customers(p)
    markets.demand = demand
    markets.output = economy.by_sector("sales")
    markets.capacity = economy.by_sector("capacity")
    markets.turnover = [price * sold for price, sold in zip(markets.price, markets.output, strict=True)]
    economy.facts["gdp_by_production"] = sum(firm.value_added * firm.weight for firm in economy.firms.values())
    economy.facts["energy_by_sector"] = (
        sum(e * sold for e, sold in zip(fixed.energy, markets.output, strict=True)) * saving
    )
    economy.region.energy_use = sum(firm.energy * firm.weight for firm in economy.firms.values())


def record_displacement(economy: Economy) -> None:
    """Note provincial sales of tradables above the share of step 0."""
    fixed, markets = economy.fixed, economy.markets
    gained = 0.0
    for sector, market in enumerate(provincial_path(economy)):
        usual = markets.base_output[sector] * fixed.demand_shares[sector][0] * market
        met = markets.output[sector] / markets.demand[sector] if markets.demand[sector] > 0.0 else 1.0
        gained += usual * (markets.provincial_share[sector] * met - 1.0) * fixed.tradable[sector]
    economy.region.displaced_sales = gained


def move_prices(economy: Economy) -> None:
    """Move prices by Q11 x ln(demand / capacity / Q10), the ratio within a half and one and a half."""
    p, markets = economy.fixed.p, economy.markets
    for sector, (demand, capacity) in enumerate(zip(markets.demand, markets.capacity, strict=True)):
        used = demand / capacity if capacity > 0.0 else p.u_norm
        markets.price[sector] *= clip(used / p.u_norm, 0.5, 1.5) ** p.phi_p


def log_terms(economy: Economy) -> list[list[float]]:
    """Return log productivity terms of next quarter by site and sector: trend, and elasticity x ln(X_t / reference).

    The trend P14 is that of next quarter, X of this one. X: staff of the site (density P01), staff of the own
    industry (P02, floor N24), market potential (P03, reference the province), graduate share (P05, in levels), public
    capital (P120, the province), knowledge (P65, Q68).
    """
    fixed, now, p = economy.fixed, economy.now, economy.fixed.p
    years, province = now.quarter / 4.0, fixed.province_path[now.quarter]
    staff, research, skilled, everyone = totals_of_sites(economy)
    update_potentials(economy)
    update_research_growth(economy, research)
    terms = []
    for site in range(fixed.sites):
        base = fixed.base_employment[site]
        density = math.log(max(sum(staff[site]), FLOOR) / max(sum(base), FLOOR))
        potential = math.log(economy.market_potential[site] / (fixed.base_potential[site] * province))
        capital = math.log(max(now.public_capital[site], 1e-6) / (max(fixed.start_public[site], 1e-6) * province))
        known = sum(weight * stock for weight, stock in zip(now.knowledge[site], research, strict=True))
        knowledge = math.log(max(known / (fixed.base_knowledge[site] * (1.0 + p.g_rd) ** years), LEAST_RESEARCH))
        area = fixed.area[site]
        graduates = skilled[area] / max(everyone[area], 1.0) - fixed.base_graduates[site]
        common = p.eps_dens * density + p.eps_mp * potential + p.eps_hc * graduates
        common += p.eps_G * clip(capital, -1.0, 1.0) + p.eps_spill * knowledge
        common += p.g_A / 100.0 * (now.quarter + 1) / 4.0
        floor = p.own_industry_floor
        own = [math.log((have + floor) / (had + floor)) for have, had in zip(staff[site], base, strict=True)]
        terms.append([common + p.eps_loc * term for term in own])
    return terms


def totals_of_sites(economy: Economy) -> tuple[list[list[float]], list[float], list[float], list[float]]:
    """Return staff by site and sector, research stock by site, and by commuting area graduates and all staff."""
    fixed = economy.fixed
    staff = [[0.0] * fixed.sectors for _ in range(fixed.sites)]
    research, skilled, everyone = [0.0] * fixed.sites, [0.0] * fixed.areas, [0.0] * fixed.areas
    for firm in economy.firms.values():
        persons, area = firm.employment * firm.weight, fixed.area[firm.site]
        staff[firm.site][firm.sector] += persons
        research[firm.site] += firm.rd_stock * firm.weight
        skilled[area] += (firm.staff[2] + firm.staff[3]) * firm.weight
        everyone[area] += persons
    return staff, research, skilled, everyone


def update_research_growth(economy: Economy, research: list[float]) -> None:
    """Set the research of every site over what its firms began with and the reference path Q68, within 0.2 and 5."""
    fixed, reference = economy.fixed, (1.0 + economy.fixed.p.g_rd) ** (economy.now.quarter / 4.0)
    begun = [0.0] * fixed.sites
    for firm in economy.firms.values():
        begun[firm.site] += firm.base_rd_stock * firm.weight
    economy.research_growth = [
        clip(have / (first * reference), 0.2, 5.0) if first > 0.0 else 1.0
        for have, first in zip(research, begun, strict=True)
    ]


def update_potentials(economy: Economy) -> None:
    """Set market potential sum_j Y_j exp(-Q40 minutes) and supplier access of every site, yearly output.

    Outside nodes follow the path of Kunming, far ones that of the rest of China.
    """
    fixed, now = economy.fixed, economy.now
    output = [[0.0] * fixed.sectors for _ in range(fixed.sites)]
    for firm in economy.firms.values():
        output[firm.site][firm.sector] += firm.sales * firm.weight * 4.0
    paths = [fixed.china_path if far else fixed.kunming_path for far in fixed.far_node]
    around = [base * path[now.quarter] for base, path in zip(fixed.node_output, paths, strict=True)]
    around[: fixed.sites] = [sum(row) for row in output]
    economy.market_potential, economy.supplier_access = [], []
    for access in now.access:
        economy.market_potential.append(sum(weight * made for weight, made in zip(access, around, strict=True)))
        reached = [
            sum(access[site] * output[site][sector] for site in range(fixed.sites)) for sector in range(fixed.sectors)
        ]
        economy.supplier_access.append(
            [
                sum(made * row[buyer] for made, row in zip(reached, fixed.linkage, strict=True))
                for buyer in range(fixed.sectors)
            ]
        )

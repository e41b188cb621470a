"""Stage 6: firms plan sales, capital, staff and research, within what cash and credit allow."""

from __future__ import annotations

from tests.twin.economy import SKILLS, Economy
from tests.twin.firm import clip


def plan_firms(economy: Economy) -> None:
    """Let every firm plan: expectations first, then capital and finance, then staff, then research."""
    form_expectations(economy)
    plan_capital(economy)
    plan_staff(economy)
    plan_research(economy)


def form_expectations(economy: Economy) -> None:
    """Move expected sales (Q15), then the growth that firms of a sector expect.

    Growth learns N26 x mean log(utilisation / Q10) of the sector, weighted by expected sales, within 5 % a quarter.
    """
    p, growth = economy.fixed.p, economy.markets.learned_growth
    size = [0.0] * economy.fixed.sectors
    strain = [0.0] * economy.fixed.sectors
    for firm in economy.firms.values():
        own, used = firm.expect_sales(p.learn_Y, growth[firm.sector], p.u_norm)
        size[firm.sector] += own
        strain[firm.sector] += own * used
    economy.markets.learned_growth = [
        clip(g + p.growth_learning * part / max(total, 1e-12), -0.05, 0.05)
        for g, part, total in zip(growth, strain, size, strict=True)
    ]


def plan_capital(economy: Economy) -> None:
    """Plan formation by the relative user cost (P52, Q12, Q13) and cut it to what can be paid (Q37, Q38, I12c, I12d).

    The price of industrial land counts against that of 2020: P101 less the discount of the baseline (I13j).
    """
    fixed, now, p = economy.fixed, economy.now, economy.fixed.p
    land_ratio = [price / fixed.base_land_price for price in now.land_price]
    land_share = [p.land_cost_share if industrial else 0.0 for industrial in fixed.industrial]
    imported = fixed.imported_equipment
    loans = wanted_total = cut = 0.0
    for firm in economy.firms.values():
        sector = firm.sector
        cost = firm.user_cost(
            now.equipment_subsidy, now.equipment_cap, imported[sector], land_share[sector], land_ratio[firm.site]
        )
        wanted = firm.wanted_investment(economy.markets.price[sector], cost, fixed.gross_rate[sector], p)
        loan = firm.finance(wanted, now.guarantee, now.ip_pledge, p)
        loans += firm.weight * loan
        wanted_total += firm.weight * wanted
        cut += firm.weight * (wanted - firm.investment)
    economy.post("loans", "banks", "firms", loans)
    economy.facts["investment_wanted"] = wanted_total
    economy.facts["investment_cut"] = cut


def plan_staff(economy: Economy) -> None:
    """Plan staff for planned capacity (Q10, Q14), less where labour has become dear: (unit labour cost / base)^P83."""
    fixed, p = economy.fixed, economy.fixed.p
    response = [clip(cost, 0.5, 2.0) ** p.eta_LD for cost in economy.markets.labour_cost]
    for firm in economy.firms.values():
        sector = firm.sector
        mix = fixed.mix[firm.site][sector]
        density = fixed.capital_per_worker[firm.site][sector]
        firm.plan_staff(mix, fixed.efficiency, fixed.capital_share[sector], response[sector], density, p)


def plan_research(economy: Economy) -> None:
    """Plan research (P60), and add laboratory grants with what they draw along (P63), by stock of certified firms."""
    fixed, now, p = economy.fixed, economy.now, economy.fixed.p
    trend = (1.0 + p.w_out) ** (now.quarter / 4.0)
    wage = [economy.pools.wage[area * SKILLS + 2] / trend for area in fixed.area]  # researchers are graduates
    stock = 0.0
    for firm in economy.firms.values():
        firm.plan_research(wage[firm.site], p)
        if firm.high_tech and not firm.building:
            stock += firm.rd_stock * firm.weight
    grants = now.research_grants / 4.0
    if grants > 0.0 and stock > 0.0:
        for firm in economy.firms.values():
            if firm.high_tech and not firm.building:
                firm.rd_spending += (1.0 + p.rd_add) * grants * firm.rd_stock / stock

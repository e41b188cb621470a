"""Stage 6: firms plan sales, capital, staff and research, within what cash and credit allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Floats
from agents.firm import weighted
from sim.schedule import stage
from sim.stages.land import land_price

if TYPE_CHECKING:
    from sim.model import RegionModel


@stage(
    reads=(
        "firms.base_capital firms.base_sales firms.building firms.capacity firms.capital firms.cash "
        "firms.debt firms.expected_sales firms.high_tech firms.investment firms.named firms.orders "
        "firms.outlay firms.productivity firms.profit firms.rd_share firms.rd_spending firms.rd_stock "
        "firms.sector firms.shock firms.site firms.staff firms.weight markets.labour_cost "
        "markets.learned_growth markets.price parks.discount pools.wage"
    ),
    writes=(
        "firms.cash firms.debt firms.expected_sales firms.investment firms.rd_spending firms.wanted "
        "markets.learned_growth"
    ),
)
def plan_firms(model: RegionModel) -> None:
    """Form expectations, then plan capital (relative user cost), staff and research."""
    firms, markets, p, frame = model.firms, model.markets, model.p, model.frame
    strain = firms.plan_sales(p.learn_Y, markets.learned_growth, p.u_norm)
    markets.learned_growth = np.clip(markets.learned_growth + p.growth_learning * strain, -0.05, 0.05)
    wanted = firms.plan_capital(markets.price, user_cost(model), p.uc_inv, p.adj_K, p.I_max, frame.gross_rate)
    finance(model, wanted)
    response = np.clip(markets.labour_cost, 0.5, 2.0) ** p.eta_LD
    firms.plan_staff(frame, p.u_norm, p.adj_L, response)
    plan_research(model)


def marginal_subsidy(model: RegionModel) -> Floats:
    """Return the share of outlays on equipment that the next yuan earns: nothing for firms above the cap, shape
    (n,).
    """
    firms, frame, terms = model.firms, model.frame, model.terms
    imported = frame.equipment[firms.sector] * frame.imported[firms.sector]
    outlay = 4.0 * np.where(firms.building > 0, firms.outlay, firms.investment) * imported
    below = terms.equipment_subsidy.total * outlay < terms.equipment_cap.total
    return terms.equipment_subsidy.total * imported * below


def user_cost(model: RegionModel) -> Floats:
    """Return the user cost of capital relative to its base, shape (n,): equipment after subsidy, and land for
    industry.
    """
    firms, p = model.firms, model.p
    base_price = p.p_ind * (1.0 - model.policy.table["I13j"].baseline / 100.0)
    land = np.where(model.frame.industrial[firms.sector] > 0, p.land_cost_share, 0.0)
    land_ratio = (land_price(model) / base_price)[firms.site]
    return (1.0 - land) * (1.0 - marginal_subsidy(model)) + land * land_ratio


def credit_limit(model: RegionModel) -> Floats:
    """Return what banks lend at most, million yuan, shape (n,): book collateral, guarantees for small firms, pledged
    research.
    """
    firms, p, terms = model.firms, model.p, model.terms
    small = firms.employment < p.large_firm
    guaranteed = p.guar_add * terms.guarantee.total * p.ltv * firms.capital * small
    pledged = terms.ip_pledge.total * firms.rd_stock * (firms.high_tech == 1)
    return p.ltv * firms.capital + guaranteed + pledged


def finance(model: RegionModel, wanted: Floats) -> None:
    """Cut investment to what cash, the quarter's profit and new credit can pay; book the loans.

    Outlays are formation over Q02. A firm borrows its usual leverage of each outlay first, and more where cash is
    short.
    """
    firms, p = model.firms, model.p
    room = np.where(firms.producing, np.maximum(credit_limit(model) - firms.debt, 0.0), 0.0)
    own = np.maximum(firms.cash, 0.0) + np.maximum(firms.profit, 0.0)
    affordable = np.minimum(wanted, p.cf_firm * (own + room))
    # The owners of a named plant (a state company) pay for its upkeep whatever its own account says.
    firms.investment = np.where((firms.named == 1) & firms.producing, wanted, affordable)
    outlay = firms.investment / p.cf_firm
    loan = np.clip(np.maximum(p.lev0 * firms.investment + p.repay * firms.debt, outlay - own), 0.0, room)
    loan = np.where(firms.producing, loan, 0.0)
    firms.debt = firms.debt + loan
    firms.cash = firms.cash + loan
    model.ledger.post("loans", "banks", "firms", weighted(loan, firms))
    model.facts["investment_wanted"] = weighted(wanted, firms)
    model.facts["investment_cut"] = weighted(wanted - firms.investment, firms)


def plan_research(model: RegionModel) -> None:
    """Plan research at its share of expected revenue and its user cost (P60, wages of graduates against trend);
    grants to laboratories add themselves and what they draw along (P63).
    """
    firms, p = model.firms, model.p
    revenue = firms.expected_sales * np.exp(firms.shock)
    pools, frame = model.pools, model.frame
    trend = (1.0 + p.w_out) ** (model.quarter / 4.0)
    cost = pools.wage.reshape(frame.areas, 4)[frame.area, 2] / trend  # researchers are graduates
    firms.rd_spending = np.where(firms.producing, firms.rd_share * revenue * (cost**p.uc_rd)[firms.site], 0.0)
    grants = model.terms.research_grants.total / 4.0
    if grants > 0.0:
        stock = firms.rd_stock * (firms.high_tech == 1) * firms.producing
        total = weighted(stock, firms)
        if total > 0.0:
            firms.rd_spending = firms.rd_spending + (1.0 + p.rd_add) * grants * stock / total

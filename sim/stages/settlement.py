"""Stage 12: every payment of the quarter is posted: sales, wages, taxes, overhead, interest, investment, support,
payouts, the budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Floats
from agents.firm import LEASE_FIRST, LEASED, weighted
from sim.accounting import COFINANCE
from sim.params import INVESTING
from sim.policy.registry import INSTRUMENTS
from sim.schedule import stage
from sim.stages.announce import FROM_OTHERS, evaluate
from sim.stages.labour import wage_bill

if TYPE_CHECKING:
    from sim.model import RegionModel

TO_FIRMS = ("I06a", "I06b", "I06c", "I06g", "I09g")
LOCAL_INCOME_TAX = 0.4  # local share of corporate income tax, see P112


@dataclass(frozen=True)
class Account:
    """Payments of each firm in the quarter, million yuan, shape (n,)."""

    wages: Floats
    local_tax: Floats
    central_tax: Floats
    overhead: Floats
    interest: Floats
    income_tax: Floats
    rent: Floats
    repayment: Floats
    outlay: Floats
    support: Floats


@stage(
    reads=(
        "firms.age firms.building firms.capital firms.cash firms.customer_base firms.debt "
        "firms.free_rent firms.high_tech firms.investment firms.land firms.outlay firms.overhead "
        "firms.profit firms.rd_stock firms.sector firms.shock firms.site firms.source firms.staff "
        "firms.tenure firms.value_added firms.weight government.arrears government.bond_debt "
        "government.cash government.land_receipts government.own_taxes government.regular_spending "
        "government.revenue government.spending homes.residents markets.price markets.turnover "
        "pools.wage region.labour_productivity region.wage_bill region.wage_drift"
    ),
    writes=(
        "government.arrears firms.cash firms.debt firms.overhead firms.profit firms.support firms.usual_profit "
        "government.bond_debt government.cash government.land_receipts government.own_taxes "
        "government.revenue government.spending markets.labour_cost region.labour_productivity "
        "region.wage_drift"
    ),
)
def settle_accounts(model: RegionModel) -> None:
    """Post the payments of firms, then the budget; move debts, overhead and learned productivity."""
    account = firm_account(model)
    taxes = post_firms(model, account)
    settle_budget(model, taxes)
    learn(model, account)


def firm_account(model: RegionModel) -> Account:
    """Work out what every firm pays and receives."""
    firms, frame, p = model.firms, model.frame, model.p
    wages = wage_bill(model)
    tax = frame.tax_share[firms.sector] * firms.value_added
    local = tax * frame.local_tax_share[firms.sector]
    margin = np.maximum(1.0 - frame.tax_share - frame.labour_share, 0.02)[firms.sector]
    target = p.fix_share * margin * firms.customer_base * model.markets.price[firms.sector]
    firms.overhead = np.where(
        firms.producing, firms.overhead + p.overhead_speed * (target - firms.overhead), firms.overhead
    )
    paid = np.where(firms.producing, firms.overhead * np.exp(-model.terms.compliance.total), 0.0)
    free = firms.producing & (firms.free_rent > 0)
    rent_saved = np.where(free, p.incubator_rent_share * paid, 0.0)
    interest = firms.debt * p.r_loan / 4.0
    leased = (
        np.where(
            (firms.tenure == LEASED) | (firms.tenure == LEASE_FIRST), p.p_ind * p.lease_rate / 4.0 * firms.land, 0.0
        )
        * firms.producing
    )
    taxable = firms.value_added - tax - wages - paid - interest - model.rates.depreciation * firms.capital
    favoured = (firms.high_tech == 1) | (frame.industrial[firms.sector] > 0)
    rate = np.where(favoured, p.hnte_rate / 100.0, p.income_tax_standard)
    support = rent_saved + equipment_support(model) + grant_support(model)
    model.facts["free_rent"] = weighted(rent_saved, firms)
    model.facts["free_months"] = model.terms.free_rent.total
    return Account(
        wages,
        local,
        tax - local,
        paid,
        interest,
        rate * np.maximum(taxable, 0.0) * firms.producing,
        leased,
        p.repay * firms.debt,
        firms.investment / p.cf_firm,
        support,
    )


def equipment_support(model: RegionModel) -> Floats:
    """Return the subsidy on imported equipment of each firm: rate x equipment, at most the cap per real firm and
    year.
    """
    firms, frame, terms = model.firms, model.frame, model.terms
    bought = firms.investment * frame.equipment[firms.sector] * frame.imported[firms.sector]
    support = np.minimum(terms.equipment_subsidy.total * bought, terms.equipment_cap.total / 4.0)
    asked = weighted(bought, firms)
    due = terms.equipment_subsidy.total * asked
    model.facts["equipment_bought"] = asked
    model.facts["equipment_subsidy"] = paid = weighted(support, firms)
    model.facts["equipment_capped"] = paid / due if due > 0.0 else 1.0  # share of the rate that the cap leaves
    return support


def grant_support(model: RegionModel) -> Floats:
    """Return laboratory grants by certified firm, shared by research stock."""
    firms = model.firms
    stock = firms.rd_stock * (firms.high_tech == 1) * firms.producing
    total = weighted(stock, firms)
    grants = model.terms.research_grants.total / 4.0
    model.facts["laboratories"] = float(total > 0.0)  # nothing is paid where nobody could host one
    return grants * stock / total if total > 0.0 and grants > 0.0 else np.zeros(firms.n)


def post_firms(model: RegionModel, a: Account) -> float:
    """Post the payments of firms and move their cash; construction sites are paid for by their owners. Returns the
    taxes and rent that go to the New Area.
    """
    firms, p, ledger, markets = model.firms, model.p, model.ledger, model.markets
    total = lambda values: weighted(values, firms)  # noqa: E731
    building = (firms.building > 0) | (firms.age == 0) & (firms.outlay > 0.0) & (firms.investment == firms.outlay)
    equity = np.where(building, a.outlay, 0.0)
    ledger.post("sales", "customers", "firms", float(markets.turnover.sum()))
    ledger.post("wages", "firms", "households", float(model.region.wage_bill[0]))
    local_tax, income_tax, rent = total(a.local_tax), total(a.income_tax), total(a.rent)
    ledger.post("production_tax_local", "firms", "new_area", local_tax)
    ledger.post("production_tax_central", "firms", "central", total(a.central_tax))
    ledger.post("overhead", "firms", "overhead", total(a.overhead))
    ledger.post("interest", "firms", "banks", total(a.interest))
    ledger.post("repayment", "firms", "banks", total(a.repayment))
    ledger.post("income_tax", "firms", "new_area", LOCAL_INCOME_TAX * income_tax)
    ledger.post("income_tax", "firms", "central", (1.0 - LOCAL_INCOME_TAX) * income_tax)
    ledger.post("rent", "firms", "new_area", rent)
    ledger.post("equity", "owners", "firms", total(equity))
    ledger.post("investment", "firms", "builders", total(firms.investment))
    ledger.post("investment", "firms", "landholders", total(a.outlay - firms.investment))
    flow = firms.value_added - a.wages - a.local_tax - a.central_tax
    firms.profit = np.where(firms.producing, flow - a.overhead + a.support - a.interest, 0.0)
    kept = firms.value_added - a.local_tax - a.central_tax
    firms.usual_profit = firms.profit + kept * (np.exp(-firms.shock) - 1.0)
    cash = (
        firms.cash
        + flow
        - a.overhead
        - a.interest
        - a.repayment
        - a.income_tax
        - a.rent
        + equity
        - a.outlay
        + a.support
    )
    target = p.cash_target * (firms.overhead + p.runway_base * a.wages)
    payout = np.where(firms.producing, p.payout * np.maximum(cash - target, 0.0), 0.0)
    firms.cash = cash - payout
    firms.debt = firms.debt - a.repayment
    firms.support = a.support
    ledger.post("payout", "firms", "owners", total(payout))
    return local_tax + LOCAL_INCOME_TAX * income_tax + rent


def settle_budget(model: RegionModel, taxes: float) -> None:
    """Collect revenue, pay regular services, then levers; what cash cannot pay becomes arrears."""
    government, p = model.government, model.p
    government.cash[0] += taxes
    growth = model.facts["gdp_by_production"] / model.start_output
    model.pay("fees", "households", "new_area", p.other_rev / 4.0 * growth)
    government.own_taxes[0] = taxes
    regular = float(government.regular_spending[0]) * (1.0 + p.ref_growth) ** (model.quarter / 4.0)
    affordable = min(regular, max(float(government.cash[0]), 0.0))
    model.pay("services", "new_area", "services", affordable)
    collect_facts(model, taxes)
    evaluate(model)
    costs = lever_costs(model)
    total = sum(costs.values())
    due = float(government.arrears[0])
    share = min(1.0, max(float(government.cash[0]), 0.0) / total) if total > 0.0 else 1.0
    pay_levers(model, costs, share)
    settled = min(due, max(float(government.cash[0]), 0.0))
    model.pay("arrears", "new_area", "builders", settled)
    government.arrears[0] += (1.0 - share) * total - settled
    government.revenue[0] = taxes + p.other_rev / 4.0 * growth + float(government.land_receipts[0])
    government.spending[0] = affordable + share * total + settled
    government.land_receipts[0] = 0.0


def collect_facts(model: RegionModel, taxes: float) -> None:
    """Gather the take-up that costs of levers depend on."""
    firms, facts, government, p = model.firms, model.facts, model.government, model.p
    small = (firms.employment < p.large_firm) & firms.producing
    facts["small_firm_debt"] = weighted(firms.debt * small, firms)
    facts["pledged_stock"] = weighted(firms.rd_stock * (firms.high_tech == 1), firms)
    eastern = (firms.source == 0) & firms.producing
    facts["joint_tax"] = weighted(
        model.frame.tax_share[firms.sector] * model.frame.local_tax_share[firms.sector] * firms.value_added * eastern,
        firms,
    )
    trend = model.start_taxes * (1.0 + p.ref_growth) ** (model.quarter / 4.0)
    facts["tax_growth"] = max(taxes - trend, 0.0)
    facts["households"] = float(model.homes.residents[:-1].sum())
    facts["bond_service"] = float(government.bond_debt[0]) * (p.bond_r / 100.0 + 1.0 / p.bond_years) / 4.0


def lever_costs(model: RegionModel) -> dict[str, float]:
    """Return what each lever costs the New Area's budget this quarter, million yuan."""
    doses, facts, p = model.doses, model.facts, model.p
    return {
        lever: model.own_share(lever) * instrument.cost(doses[lever], facts, p)
        for lever, instrument in INSTRUMENTS.items()
        if lever not in FROM_OTHERS
    }


def pay_levers(model: RegionModel, costs: dict[str, float], share: float) -> None:
    """Post what is paid for each lever to those who receive it; Kunming pays its part of public works."""
    government, ledger, outcomes = model.government, model.ledger, model.outcomes
    for lever, cost in costs.items():
        paid = share * cost
        measured = INSTRUMENTS[lever].outcome
        if measured is not None:
            outcomes[lever] = outcomes.get(lever, 0.0) + measured(model.doses[lever], model.facts, model.p)
        if lever == "I18d":
            amortised = share * float(government.bond_debt[0]) / model.p.bond_years / 4.0
            government.bond_debt[0] -= amortised
        payee, own = receiver(lever), model.own_share(lever)
        model.pay("support", "new_area", payee, paid, lever)
        if cost > paid:
            ledger.unpaid[lever] += cost - paid
        if own != 1.0 and (rest := paid / own - paid):
            ledger.post("cofinance", "kunming", payee, rest, COFINANCE)
    unpaid = sum((1.0 - share) * costs[lever] for lever in TO_FIRMS)
    if unpaid:  # firms have booked the support already: until it is paid, their owners advance it
        ledger.post("arrears_advance", "owners", "firms", unpaid)


@cache
def receiver(lever: str) -> str:
    """Return the account that a lever's money goes to."""
    if lever in TO_FIRMS:
        return "firms"
    if lever in INVESTING or lever == "I11b":
        return "builders"
    return {
        "I18d": "banks",
        "I05d": "partners",
        "I17d": "kunming",
        "I13a": "landholders",
        "I13c": "landholders",
        "I13d": "landholders",
        "I11c": "households",
        "I14a": "households",
        "I12c": "banks",
        "I12d": "banks",
    }.get(lever, "services")


def learn(model: RegionModel, a: Account) -> None:
    """Update unit labour cost by sector, and the growth of labour productivity that wages follow."""
    firms, frame, p, region = model.firms, model.frame, model.p, model.region
    bill = np.bincount(firms.sector, a.wages * firms.weight, len(frame.sectors))
    value = np.bincount(firms.sector, firms.value_added * firms.weight, len(frame.sectors))
    cost = np.divide(bill, value, out=frame.labour_share.copy(), where=value > 0.0)
    model.markets.labour_cost = cost / frame.labour_share
    productivity = float(value.sum()) / max(weighted(firms.employment, firms), 1.0)
    if productivity <= 0.0:
        return  # nothing was made, so nothing is learned about growth
    growth = np.clip(np.log(productivity / float(region.labour_productivity[0])), -0.05, 0.05)
    if model.quarter > 1:
        region.wage_drift[:] += p.wage_learning * (growth - region.wage_drift)
    region.labour_productivity[0] = productivity

"""Stage 12, the part of firms: accounts, payouts, unit labour cost and the growth that wages follow."""

from __future__ import annotations

import math
from types import SimpleNamespace

from tests.twin.economy import Economy
from tests.twin.firm import Account, clip

LOCAL_INCOME_TAX = 0.4  # local share of corporate income tax, see P112


def settle_firms(economy: Economy) -> None:
    """Settle the account of every firm, post the totals, and learn from them; the budget is not the twin's."""
    fixed, p = economy.fixed, economy.fixed.p
    rules, table, per_stock = sector_rules(economy), economy.wage_table(), grant_per_stock(economy)
    total, persons = Account(), 0.0
    bill, value = [0.0] * fixed.sectors, [0.0] * fixed.sectors
    for firm in economy.firms.values():
        own, (basic, technical, graduate, high) = rules[firm.sector], firm.staff
        wage = table[firm.site][firm.sector]
        wages = basic * wage[0] + technical * wage[1] + graduate * wage[2] + high * wage[3]
        firm.settle_overhead(own.margin, own.price, p)
        grant = per_stock * firm.rd_stock if firm.high_tech and not firm.building else 0.0
        account = firm.account(wages, own, grant, p)
        firm.pay(account, p)
        total.add(account, firm.weight)
        bill[firm.sector] += wages * firm.weight
        value[firm.sector] += firm.value_added * firm.weight
        persons += firm.employment * firm.weight
    post(economy, total)
    learn(economy, bill, value, persons)


def grant_per_stock(economy: Economy) -> float:
    """Return laboratory grants (I06a to I06c) per research stock of certified firms that produce."""
    grants, stock = economy.now.research_grants / 4.0, 0.0
    for firm in economy.firms.values():
        if firm.high_tech and not firm.building:
            stock += firm.rd_stock * firm.weight
    return grants / stock if grants > 0.0 and stock > 0.0 else 0.0


def sector_rules(economy: Economy) -> list[SimpleNamespace]:
    """Return what applies to a firm by sector: tax shares, normal margin, price, imported equipment, terms.

    Normal margin: 1 - production tax - labour share, at least 2 %. Compliance (I19e) cuts what overhead costs.
    """
    fixed, now = economy.fixed, economy.now
    return [
        SimpleNamespace(
            tax_share=fixed.tax_share[sector],
            local_tax_share=fixed.local_tax_share[sector],
            margin=max(1.0 - fixed.tax_share[sector] - fixed.labour_share[sector], 0.02),
            price=economy.markets.price[sector],
            imported=fixed.imported_equipment[sector],
            industrial=fixed.industrial[sector],
            depreciation=fixed.depreciation,
            compliance=math.exp(-now.compliance),
            equipment_subsidy=now.equipment_subsidy,
            equipment_cap=now.equipment_cap,
        )
        for sector in range(fixed.sectors)
    ]


def post(economy: Economy, total: Account) -> None:
    """Post the payments of all firms, and note the take-up of free rent (I06g) and of the subsidy (I09g)."""
    for flow, payer, payee, amount in (
        ("sales", "customers", "firms", sum(economy.markets.turnover)),
        ("wages", "firms", "households", economy.region.wage_bill),
        ("production_tax_local", "firms", "new_area", total.local_tax),
        ("production_tax_central", "firms", "central", total.central_tax),
        ("overhead", "firms", "overhead", total.overhead),
        ("interest", "firms", "banks", total.interest),
        ("repayment", "firms", "banks", total.repayment),
        ("income_tax", "firms", "new_area", LOCAL_INCOME_TAX * total.income_tax),
        ("income_tax", "firms", "central", (1.0 - LOCAL_INCOME_TAX) * total.income_tax),
        ("rent", "firms", "new_area", total.rent),
        ("equity", "owners", "firms", total.equity),
        ("investment", "firms", "builders", total.investment),
        ("investment", "firms", "landholders", total.outlay - total.investment),
        ("payout", "firms", "owners", total.payout),
    ):
        economy.post(flow, payer, payee, amount)
    economy.facts["free_rent"] = total.rent_saved
    economy.facts["equipment_subsidy"] = total.equipment_subsidy


def learn(economy: Economy, bill: list[float], value: list[float], persons: float) -> None:
    """Set unit labour cost by sector relative to base, and move the wage drift by N101 towards productivity growth.

    bill, value: wages and value added by sector; persons: employment. Growth of value added per worker at model
    prices, within 5 % a quarter; nothing is learned in the first quarter.
    """
    fixed, region = economy.fixed, economy.region
    economy.markets.labour_cost = [
        (wages / made if made > 0.0 else base) / base
        for wages, made, base in zip(bill, value, fixed.labour_share, strict=True)
    ]
    productivity = sum(value) / max(persons, 1.0)
    if productivity <= 0.0:
        return
    growth = clip(math.log(productivity / region.labour_productivity), -0.05, 0.05)
    if economy.now.quarter > 1:
        region.wage_drift += fixed.p.wage_learning * (growth - region.wage_drift)
    region.labour_productivity = productivity

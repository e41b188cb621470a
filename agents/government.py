"""The New Area committee as an agent with a budget: a population of one."""

from __future__ import annotations

from agents.columns import Population, column


class GovernmentAccount(Population):
    """The budget of the New Area committee; money in million yuan, flows per quarter."""

    kind = "government"

    cash = column(float, "million yuan", "Cash of the committee")
    bond_debt = column(float, "million yuan", "Special bonds outstanding")
    arrears = column(float, "million yuan", "Support promised and not paid yet")
    implementation = column(float, "share", "Share of a stated measure that takes effect (theta)")
    revenue = column(float, "million yuan per quarter", "Own revenue of the quarter, remittance deducted")
    spending = column(float, "million yuan per quarter", "Spending of the quarter")
    rationed = column(float, "million yuan per quarter", "Support cut for lack of cash this quarter")
    own_taxes = column(float, "million yuan per quarter", "Local share of taxes of the quarter")
    regular_spending = column(float, "million yuan per quarter", "Running services of a normal quarter")
    base_revenue = column(
        float, "million yuan per quarter", "Revenue of a quarter in 2020, the base of the remittance rule"
    )
    land_receipts = column(float, "million yuan per quarter", "Land sales of the quarter")

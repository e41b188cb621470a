"""The closed list of units: a table cell with any other unit is refused."""

from __future__ import annotations

MONEY = frozenset(
    {
        "million yuan",
        "million yuan each",
        "million yuan per lab-year",
        "million yuan per year",
        "100M yuan per km2",
        "million yuan per km2",
        "million yuan per FTE-year",
        "million yuan per project",
        "million yuan per firm",
        "million yuan per person",
        "million yuan per person-year",
        "million yuan per 1000 m2",
        "million yuan per minute",
        "million yuan per mu",
        "yuan per kWh",
        "yuan per m2",
        "yuan per m2 per month",
        "yuan per year",
        "yuan per yuan",
    }
)

RATES = frozenset(
    {
        "%",
        "% below benchmark",
        "% of GDP",
        "% of equipment investment",
        "% of idle stock per year",
        "% of incremental tax to Kunming",
        "% of projects",
        "% of shortfall",
        "% of stock per year",
        "% per 1%",
        "% per pp",
        "% per year",
        "pp",
        "pp per year",
        "per minute",
        "per quarter",
        "per year",
        "share",
        "share of capital per quarter",
        "share of debt per quarter",
        "share of gap per quarter",
        "share of ln gap per quarter",
        "share of workforce per year",
        "share per quarter",
        "share per year",
        "log points",
        "log points per quarter",
        "log wage per year",
        "AR(1) annual",
    }
)

NUMBERS = frozenset(
    {
        "0/1",
        "coefficient",
        "correlation",
        "elasticity",
        "elasticity per year",
        "index 0-1",
        "link weight 0-1",
        "loan-to-value",
        "multiplier",
        "multiplier of relocation pool",
        "parameter",
        "ratio",
        "shape",
    }
)

QUANTITIES = frozenset(
    {
        "1000 m2",
        "FTE",
        "firms",
        "firms per year",
        "km",
        "km2",
        "km2 per year",
        "number",
        "number per year",
        "persons",
        "projects",
        "m2",
        "persons per year",
        "simulated persons",
        "tonnes of coal equivalent",
    }
)

TIMES = frozenset(
    {
        "minutes",
        "working days",
        "months",
        "quarters",
        "quarters of fixed cost",
        "years",
        "years (0 = none)",
    }
)

UNITS = MONEY | RATES | NUMBERS | QUANTITIES | TIMES


def amount_of(number: str, unit: str) -> str:
    """Return a number with its unit; `×` keeps it apart from a unit that begins with a number: `60 × 100M yuan`."""
    return f"{number} × {unit}" if unit[:1].isdigit() else f"{number} {unit}"

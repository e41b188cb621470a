"""Identities that hold every quarter: what is on both sides, and the relative residual."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.firm import weighted

if TYPE_CHECKING:
    from sim.model import RegionModel

TOLERANCE = 1e-9


class IdentityError(AssertionError):
    """Raised in a checked run when an identity does not close."""


def identities(model: RegionModel) -> dict[str, float]:
    """Return relative residuals by name; all lie below 1e-9, `employment_cells` is exactly zero."""
    ledger, firms, region = model.ledger, model.firms, model.region
    turnover = max(ledger.turnover(), 1.0)
    production = model.facts["gdp_by_production"]
    income = (
        ledger.total("wages")
        + ledger.operating_surplus()
        + ledger.total("production_tax_local")
        + ledger.total("production_tax_central")
    )
    stock = model.parks.land_stock() - model.start_land - float(region.quota_issued[0])
    people = (
        len(model.talent) * model.frame.person_weight + float(region.reservoir.sum()) - float(region.natural_growth[0])
    )
    return {
        "gdp_production_income": abs(production - income) / turnover,
        "ledger_sums_to_zero": abs(sum(ledger.balance.values())) / turnover,
        "firms_cash": abs(weighted(firms.cash, firms) - model.start_firm_cash - ledger.balance["firms"]) / turnover,
        "budget_cash": abs(float(model.government.cash[0]) - model.start_budget_cash - ledger.balance["new_area"])
        / turnover,
        "park_accounts": abs(float(model.parks.budget.sum()) - ledger.balance["parks"]) / turnover,
        "capital_formation": abs(model.facts["capital_gap"]) / turnover,
        "land": abs(stock) / max(model.start_land, 1.0),
        "people": abs(people - model.start_people) / max(model.start_people, 1.0),
        "employment_cells": employment_gap(model),
        "employment_firms": employment_residual(model),
        "energy": abs(model.facts["energy_by_sector"] - float(region.energy_use[0]))
        / max(float(region.energy_use[0]), 1.0),
    }


def employment_gap(model: RegionModel) -> float:
    """Return the number of persons whose labour cell does not exist: zero."""
    cell = model.talent.cell
    return float(((cell >= model.cells.count) | (cell < -2)).sum())


def employment_residual(model: RegionModel) -> float:
    """Return the largest gap between staff of firms and persons at work over all labour cells, relative to
    employment.
    """
    firms, cells = model.firms, model.cells
    cell = firms.local(cells.of)
    staff = np.bincount(cell.ravel(), (firms.staff * firms.weight[:, None]).ravel(), cells.count)
    persons = model.talent.workers(cells.count)[: cells.count] * model.frame.person_weight
    return float(np.abs(staff - persons).max() / max(persons.sum(), 1.0))

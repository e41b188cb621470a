"""Instruments of articles 10, 15, 16, 18 to 22: administration, operation, money between governments, approvals,
appraisal.
"""

from __future__ import annotations

from collections.abc import Mapping

from agents.terms import Terms
from sim.params import Parameters
from sim.policy.base import Dose, Instrument, free, per_year, writes
from sim.policy.firms import open_sectors
from sim.policy.place import planning_status, provincial_support


def nothing_on_offer(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Offer nothing itself: the lever acts through implementation capacity (PolicyMix.implementation)."""


def plan_coordination(dose: Dose, terms: Terms, p: Parameters) -> None:
    """One plan saves days of land approval; it raises implementation too."""
    terms.approval_days.add(dose.lever, -p.coordination_days * dose.change / 0.5)


def delegation(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Powers delegated by the province take a tier out of approvals."""
    terms.approval_days.add(dose.lever, -p.delegation_days * dose.change / 70.0)


def decision_tiers(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Every tier costs days; fewer tiers raise implementation too."""
    terms.approval_days.add(dose.lever, p.tier_days * dose.change)


def replicated_reforms(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Reforms copied from free-trade zones ease private entry and selling outside the province."""
    terms.private_entry.add(dose.lever, p.reform_entry * dose.change / 70.0)
    terms.trade_cost.add(dose.lever, p.reform_trade * dose.change / 70.0)


def regional_assessment(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Covered projects skip their own environmental assessment."""
    terms.approval_days.add(dose.lever, -p.assessment_days * dose.change / 100.0)


def online_services(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Services online cut overhead of firms."""
    terms.compliance.add(dose.lever, p.online_saving * dose.change / 30.0)


def appraisal(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Weight growth in the appraisal of officials: they recruit harder, and may report more than there is."""
    terms.reporting_weight.add(dose.lever, dose.effective)
    terms.recruitment.add(dose.lever, p.appraisal_effort * dose.change)


def evaluation(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Announce the period of outside evaluation; rationing then follows what was measured."""
    terms.evaluation_years.add(dose.lever, dose.value if dose.share > 0.0 else dose.baseline)


def _bond_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return facts["bond_service"]


def _approval_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return 15.0 * max(-dose.change, 0.0) / 60.0 / 4.0


def _assessment_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return facts["land_admitted"] * dose.effective / 100.0


def _evaluation_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return 3.0 * facts["evaluations"]


def _provincial_grant(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return dose.effective / 4.0


INSTRUMENTS = (
    Instrument("I10a", plan_coordination, per_year(3.0)),
    Instrument("I15a", delegation, per_year(0.1)),
    Instrument("I15b", decision_tiers),
    Instrument("I15c", replicated_reforms, per_year(0.01)),
    Instrument("I16a", writes("operator_market", 0.01), per_year(0.5)),
    Instrument("I18a", writes("retention")),
    Instrument("I18b", writes("provincial_grant"), _provincial_grant),
    Instrument("I18c", writes("kunming_grant"), _provincial_grant),
    Instrument("I18d", writes("bond_quota"), _bond_cost),
    Instrument("I15d", planning_status),
    Instrument("I21b", provincial_support),
    Instrument("I19a", writes("approval_days"), _approval_cost),
    Instrument("I19b", regional_assessment, _assessment_cost),
    Instrument("I19e", online_services, per_year(0.05)),
    Instrument("I19h", open_sectors),
    Instrument("I20a", nothing_on_offer, per_year(1.0)),
    Instrument("I21a", nothing_on_offer, per_year(20.0)),
    Instrument("I22a", appraisal, free),
    Instrument("I22b", evaluation, _evaluation_cost),
)

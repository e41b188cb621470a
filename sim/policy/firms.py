"""Instruments of articles 2 to 9 and 12: industry, recruitment, platforms, innovation, opening, finance."""

from __future__ import annotations

import math
from collections.abc import Mapping

from agents.terms import Terms
from sim.params import Parameters
from sim.policy.base import Dose, Instrument, formed, per_year, rules, writes


def recruitment_staff(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Raise arrivals of prospects by P-staff x ln(staff / baseline staff); no staff at all loses three quarters of
    them.
    """
    terms.recruitment.add(dose.lever, p.staff_elasticity * math.log(max(dose.effective, 1.0) / dose.baseline))


def project_teams(dose: Dose, terms: Terms, p: Parameters) -> None:
    """One team for every project raises the chance that a signed project starts."""
    terms.start_effort.add(dose.lever, p.team_start * dose.change / 80.0)


def eastern_mechanism(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Multiply the pool of eastern transfers."""
    terms.eastern.add(dose.lever, math.log(max(dose.effective, 1e-3)))


def partner_share(dose: Dose, terms: Terms, p: Parameters) -> None:
    """A partner region that shares the tax of joint projects sends more of them."""
    terms.partner_sharing.add(dose.lever, dose.effective / 100.0)
    terms.eastern.add(dose.lever, p.partner_gain * dose.effective / 100.0)


def foreign_barrier(dose: Dose, terms: Terms, p: Parameters) -> None:
    """A lower barrier brings more foreign prospects."""
    terms.foreign.add(dose.lever, -p.fdi_barrier * dose.change)


def open_sectors(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Private firms enter in proportion to the sectors that are open to them."""
    terms.private_entry.add(dose.lever, math.log(dose.effective / dose.baseline))


def research_grant(rate: str) -> Instrument:
    """Build the instrument of one kind of laboratory; rate: parameter with new (or supported) laboratories per year."""
    lever = {"new_national_labs": "I06a", "new_national_centres": "I06b", "provincial_labs": "I06c"}[rate]

    def announce(dose: Dose, terms: Terms, p: Parameters) -> None:
        terms.research_grants.add(dose.lever, dose.effective * getattr(p, rate))

    def cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
        return dose.effective * getattr(p, rate) / 4.0 * facts["laboratories"]

    def outcome(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
        return (1.0 + p.rd_add) * cost(dose, facts, p)

    return Instrument(lever, announce, cost, outcome)


def _teams_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return 0.3 * facts["signed"] * dose.effective / 100.0


def _rent_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return facts["free_rent"]


def _rent_estimate(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return facts["free_rent"] * dose.effective / facts["free_months"] if facts["free_months"] > 0.0 else 0.0


def _equipment_estimate(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return facts["equipment_bought"] * dose.effective / 100.0 * facts["equipment_capped"]


def _incubator_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return 0.2 * dose.effective / 4.0 + 3.0 * max(dose.change, 0.0) / (4.0 * p.incubator_life)


def _equipment_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return facts["equipment_subsidy"]


def _guarantee_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return dose.effective / 100.0 * facts["small_firm_debt"] * p.guar_def / 100.0 * p.loss_given_default / 4.0


def _pledge_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return dose.effective * facts["pledged_stock"] * p.guar_def / 100.0 * p.loss_given_default / 4.0


def _partner_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return dose.effective / 100.0 * facts["joint_tax"]


def _recruited(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return facts["investment_admitted"] * (1.0 - (dose.baseline / max(dose.effective, 1.0)) ** p.staff_elasticity)


def _started(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return facts["started_investment"] * (1.0 - math.exp(-p.team_start * dose.change / 80.0))


def _induced(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return -p.uc_inv * facts["equipment_subsidy"]


def _lent(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return p.guar_add * dose.change / 100.0 * facts["small_firm_debt"]


INSTRUMENTS = (
    Instrument("I02a", rules("intensity_threshold")),
    Instrument("I03a", rules("two_high_admitted")),
    Instrument("I04a", recruitment_staff, per_year(0.25), _recruited),
    Instrument("I04d", project_teams, _teams_cost, _started),
    Instrument("I04j", eastern_mechanism, per_year(5.0)),
    Instrument("I05b", writes("platform_investment"), per_year(1.0), formed),
    Instrument("I05d", partner_share, _partner_cost),
    Instrument("I05e", writes("statistical_sharing", 0.01)),
    research_grant("new_national_labs"),
    research_grant("new_national_centres"),
    research_grant("provincial_labs"),
    Instrument("I06g", writes("free_rent"), _rent_cost, estimate=_rent_estimate),
    Instrument("I06h", writes("incubator_space"), _incubator_cost),
    Instrument("I07a", writes("certification"), per_year(0.3)),
    Instrument("I08a", writes("layer_customs"), per_year(10.0)),
    Instrument("I09a", foreign_barrier),
    Instrument("I09g", writes("equipment_subsidy", 0.01), _equipment_cost, _induced, _equipment_estimate),
    Instrument("I09h", writes("equipment_cap")),
    Instrument("I12c", writes("guarantee", 0.01), _guarantee_cost, _lent),
    Instrument("I12d", writes("ip_pledge"), _pledge_cost),
)

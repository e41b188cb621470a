"""Instruments of articles 10, 11, 13, 14 and 17: planning, livable city, land, talent, links to Kunming."""

from __future__ import annotations

from collections.abc import Mapping

from agents.terms import Terms
from sim.params import Parameters
from sim.policy.base import Dose, Instrument, formed, per_year, rules, writes


def land_quota(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Put the yearly quota on offer, as issued in 2020 with a fifth of the farmland balanced off site."""
    terms.land_quota.add(dose.lever, dose.effective)


def farmland_balance(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Free the part of the quota that waits for farmland elsewhere (Q52), relative to the issue of 2020 at 20 %."""

    def usable(balance: float) -> float:
        return 1.0 - p.farm_short * (1.0 - balance / 100.0) / (1.0 - dose.baseline / 100.0)

    quota = terms.land_quota.total
    terms.land_quota.add(dose.lever, quota * (usable(dose.effective) / usable(dose.baseline) - 1.0))


def planning_status(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Direct dealing with the ministries raises the land quota and the bond quota, in the share of years in which it
    works.
    """
    gain = p.status_gain * dose.share * (dose.value - dose.baseline)
    terms.land_quota.add(dose.lever, gain * terms.land_quota.total)
    terms.bond_quota.add(dose.lever, gain * terms.bond_quota.total)


def provincial_support(dose: Dose, terms: Terms, p: Parameters) -> None:
    """Support of province and Kunming raises quota, bonds and the arrival of state-steered prospects."""
    terms.land_quota.add(dose.lever, p.support_gain * dose.change * terms.land_quota.total)
    terms.bond_quota.add(dose.lever, p.support_gain * dose.change * terms.bond_quota.total)
    terms.recruitment.add(dose.lever, p.support_gain * dose.change)


def _farmland_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    off_site = p.farm_short * dose.effective / 100.0
    return facts["quota_km2"] * 1500.0 * off_site * p.farmland_price


def _reuse_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return facts["reused_km2"] * p.p_ind * p.buy_back


def _quota_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return facts["quota_km2"] * p.land_acquisition


def _road_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return p.minute_cost * facts["minutes_saved"]


def _reuse_estimate(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    reused = facts["idle_km2"] * (1.0 - (1.0 - min(dose.effective / 100.0, 1.0)) ** 0.25)
    return reused * p.p_ind * p.buy_back


def _quota_estimate(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return dose.effective / 4.0 * p.land_acquisition


def _road_estimate(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return p.minute_cost * facts["minutes_wanted"] if dose.value < dose.baseline else 0.0


def _housing_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return p.housing_subsidy * max(dose.change, 0.0) * facts["households"] / 20.0


def _resident_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return 0.02 * facts["new_residents"] * max(-dose.change, 0.0) / 0.3


def _kunming_share_cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    return dose.effective / 100.0 * facts["tax_growth"]


INSTRUMENTS = (
    Instrument("I10b", rules("construction_cap")),
    Instrument("I10c", writes("energy_fall", 0.01)),
    Instrument("I10d", writes("green_share", 0.01)),
    Instrument("I11a", writes("district_investment"), per_year(1.0), formed),
    Instrument("I11b", writes("kunming_minutes"), _road_cost, estimate=_road_estimate),
    Instrument("I11c", writes("housing_ratio"), _housing_cost),
    Instrument("I11d", writes("residential_share", 0.01)),
    Instrument("I11e", writes("school_investment"), per_year(1.0), formed),
    Instrument("I11f", writes("smart_investment"), per_year(1.0), formed),
    Instrument("I11g", writes("garden_investment"), per_year(1.0), formed),
    Instrument("I13a", land_quota, _quota_cost, estimate=_quota_estimate),
    Instrument("I13c", farmland_balance, _farmland_cost),
    Instrument("I13b", writes("industry_land_share", 0.01)),
    Instrument("I13d", writes("idle_reuse", 0.01), _reuse_cost, estimate=_reuse_estimate),
    Instrument("I13g", writes("lease_first", 0.01)),
    Instrument("I13j", writes("land_discount", 0.01)),
    Instrument("I14a", writes("hukou_barrier"), _resident_cost),
    Instrument("I17a", writes("layer_planning"), per_year(1.0)),
    Instrument("I17b", writes("kunming_cofinance", 0.01)),
    Instrument("I17d", writes("layer_industry", 0.01), _kunming_share_cost),
    Instrument("I17e", writes("environment_investment"), per_year(1.0), formed),
)

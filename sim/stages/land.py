"""Stage 4: parks put serviced land on offer, at a price, with a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Floats
from sim.schedule import stage

if TYPE_CHECKING:
    from sim.model import RegionModel


@stage(
    reads=(
        "government.cash parks.attracted parks.attracted_before parks.budget parks.discount parks.effort "
        "parks.idle parks.occupied parks.planned parks.receipts parks.receipts_before parks.release "
        "parks.serviced parks.unserviced region.construction_land region.quota_issued "
        "region.residential_pace"
    ),
    writes=(
        "government.cash parks.attracted parks.attracted_before parks.budget parks.discount parks.effort "
        "parks.idle parks.operator parks.receipts parks.receipts_before parks.release parks.serviced "
        "parks.unserviced region.construction_land region.quota_issued region.residential_pace"
    ),
)
def offer_land(model: RegionModel) -> None:
    """Issue the quota, service land, bring idle land back; once a year parks revise price, effort and release."""
    parks, terms, p, region = model.parks, model.terms, model.p, model.region
    if model.quarter % 4 == 1 and model.quarter > 1:
        sharing = min(terms.layer_industry.total + terms.partner_sharing.total, 1.0)
        minutes = model.kernels.minutes[: parks.n, : parks.n]
        parks.decide(minutes, p.price_race, sharing, p.discount_ceiling, p.price_thrift, p.effort_learning)
    parks.operator = np.where(model.hashes["operator"] < terms.operator_market.total, 1, 0)
    room = max(terms.construction_cap.mean - float(region.construction_land[0]), 0.0)
    issue = min(terms.land_quota.total / 4.0, room)
    region.construction_land[0] += issue
    housing = terms.residential_share.total * issue * (1.0 - terms.green_share.total)
    # Builders hold land for years: the pace that they build at follows what is issued slowly.
    region.residential_pace[:] += p.residential_lag * (housing / model.base_residential - region.residential_pace)
    industrial = issue * terms.industry_land_share.total * (1.0 - terms.green_share.total)
    weight = parks.planned * (0.5 + parks.effort * parks.n)
    parks.unserviced += industrial * weight / weight.sum()
    lapsed = parks.unserviced / (
        4.0 * (1.0 + p.quota_carry)
    )  # quota that nobody services lapses after a year and Q53 more on average
    parks.unserviced -= lapsed
    region.quota_issued[0] += industrial - lapsed.sum()
    region.construction_land[0] -= lapsed.sum()
    reused = parks.idle * (1.0 - (1.0 - min(terms.idle_reuse.total, 1.0)) ** 0.25)
    parks.idle -= reused
    parks.serviced += reused
    service_land(model)
    sell_homesteads(model, housing)
    model.facts["quota_km2"] = issue
    model.facts["idle_km2"] = float(parks.idle.sum())
    model.facts["reused_km2"] = float(reused.sum())


def sell_homesteads(model: RegionModel, housing: float) -> None:
    """Sell residential land to builders at its price (industrial price over P100), for the budget."""
    price = model.p.p_ind / model.p.pI_pR
    model.pay("residential_land", "landholders", "new_area", housing * price)


def service_land(model: RegionModel) -> None:
    """Service quota land with platform and district investment of the quarter and the parks' own accounts, at a cost
    per km2.
    """
    parks, terms, p = model.parks, model.terms, model.p
    budget = (terms.platform_investment.total + p.district_servicing * terms.district_investment.total) / 4.0
    want = parks.unserviced / max(float(parks.unserviced.sum()), 1e-12)
    own = np.minimum(parks.budget, parks.unserviced * p.servicing_cost)
    paid = own * p.own_servicing
    parks.budget = parks.budget - paid
    model.ledger.post("servicing", "parks", "builders", float(paid.sum()))
    done = np.minimum((budget * want + paid) / p.servicing_cost, parks.unserviced)
    parks.unserviced = parks.unserviced - done
    parks.serviced = parks.serviced + done


def land_price(model: RegionModel) -> Floats:
    """Return the price of industrial land by park, million yuan per km2: benchmark less the lever's discount and the
    park's own change.
    """
    base = model.policy.table["I13j"].baseline / 100.0
    discount = model.terms.land_discount.total + model.parks.discount - base
    return model.p.p_ind * (1.0 - np.clip(discount, 0.0, 0.95))

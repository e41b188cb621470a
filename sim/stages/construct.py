"""Stage 9: capital is put in place by firms, projects, infrastructure and housing; recorded investment follows from
formation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Floats
from agents.firm import weighted, weighted_mean
from sim.schedule import stage

if TYPE_CHECKING:
    from sim.model import RegionModel

DISTRICTS = ("xiaoshao", "asean_park", "dabanqiao", "taiping")
PLATFORMS = ("anning_park", "yanglin", "airport_zone", "bonded_zone")


@stage(
    reads=(
        "firms.base_sales firms.building firms.capital firms.investment firms.outlay firms.sector "
        "firms.source firms.weight homes.house_price homes.residents parks.planned parks.public_capital "
        "region.business_formation region.committed_energy region.committed_output region.housing_base "
        "region.housing_capital region.housing_formation region.infrastructure_formation "
        "region.infrastructure_other region.investment_recorded region.levers_recorded "
        "region.residential_pace"
    ),
    writes=(
        "firms.building firms.capital firms.investment parks.public_capital region.business_formation "
        "region.committed_energy region.committed_output region.housing_capital region.housing_formation "
        "region.infrastructure_formation region.investment_recorded region.levers_recorded"
    ),
)
def build_capital(model: RegionModel) -> None:
    """Put capital in place, and record investment as formation of each owner over the share that forms capital.

    The shares are Q02-Q04, by owner.
    """
    p, region = model.p, model.region
    firms_formation = build_firms(model)
    infrastructure = build_infrastructure(model)
    housing = build_housing(model)
    region.business_formation[0] = firms_formation
    region.infrastructure_formation[0] = infrastructure
    region.housing_formation[0] = housing
    region.investment_recorded[0] = firms_formation / p.cf_firm + infrastructure / p.cf_infra + housing / p.cf_housing
    before = model.capital_before
    model.capital_before = stock = capital_stock(model)
    model.facts["capital_gap"] = (
        stock
        - before
        - (firms_formation + infrastructure + housing - model.facts["depreciation"] - model.facts["capital_lost"])
    )
    model.facts["capital_lost"] = 0.0


def capital_stock(model: RegionModel) -> float:
    """Return capital of all owners, million yuan."""
    return weighted(model.firms.capital, model.firms) + float(
        model.parks.public_capital.sum() + model.region.housing_capital[0]
    )


def build_firms(model: RegionModel) -> float:
    """Depreciate and add what incumbents invest; construction sites add their outlay and open after the last
    quarter.
    """
    firms, rates = model.firms, model.rates
    site = firms.building > 0
    firms.investment = np.where(site, firms.outlay, firms.investment)
    wear = np.where(site, 0.0, firms.capital * rates.wear)
    model.facts["depreciation"] = weighted(wear, firms)
    firms.capital = firms.capital - wear + firms.investment
    opening = firms.building == 1
    firms.building = np.maximum(firms.building - 1, 0)
    release_projects(model, opening)
    return weighted(firms.investment, firms)


def release_projects(model: RegionModel, opening: np.ndarray) -> None:
    """Take the energy reservation of projects that begin to produce off the books."""
    firms, region = model.firms, model.region
    done = opening & (firms.source >= 0)
    if done.any():
        years = model.quarter / 4.0
        intensity = model.frame.energy[firms.sector[done]] * (1.0 - model.p.aeei / 100.0) ** years
        output = firms.base_sales[done]
        region.committed_energy[:] = np.maximum(region.committed_energy - (intensity * output).sum(), 0.0)
        region.committed_output[:] = np.maximum(region.committed_output - output.sum(), 0.0)


def build_infrastructure(model: RegionModel) -> float:
    """Add infrastructure: what no lever sets grows with the province, the rest is what levers pay this quarter;
    returns formation.
    """
    parks, p, region = model.parks, model.p, model.region
    other = float(region.infrastructure_other[0]) * model.paths.province[model.quarter]
    terms = model.terms
    platforms, districts = terms.platform_investment.total / 4.0, terms.district_investment.total / 4.0
    smart, schools = terms.smart_investment.total / 4.0, terms.school_investment.total / 4.0
    green = (terms.garden_investment.total + terms.environment_investment.total) / 4.0
    road = p.minute_cost * model.facts["minutes_saved"] + model.facts["link_outlay"]
    region.levers_recorded[0] = platforms + districts + smart + schools + green + road
    weight = lever_weights(model)
    spread = weight["output"] * (other + road + smart) + weight["residents"] * (schools + green)
    spread = spread + weight["districts"] * districts + weight["platforms"] * platforms
    formed = p.cf_infra * spread
    wear = parks.public_capital * model.rates.depreciation
    model.facts["depreciation"] += float(wear.sum())
    parks.public_capital = parks.public_capital - wear + formed
    model.ledger.post("infrastructure", "province", "builders", other)
    return float(formed.sum())


def lever_weights(model: RegionModel) -> dict[str, Floats]:
    """Return how each kind of public investment is spread over sites; each sums to 1."""
    frame = model.frame
    output = np.maximum(frame.base_output.sum(axis=1), 1e-9)
    residents = np.maximum(model.homes.residents[:-1], 1e-9)
    out = {"output": output / output.sum(), "residents": residents / residents.sum()}
    for name, members in (("districts", DISTRICTS), ("platforms", PLATFORMS)):
        room = model.parks.planned * np.array([site in members for site in frame.sites])
        out[name] = room / room.sum() if room.any() else out["output"]  # no such place: the works go where output is
    return out


def build_housing(model: RegionModel) -> float:
    """Build housing: base formation with population trend, price (P90) and residential land; households pay. Returns
    formation.
    """
    region, p = model.region, model.p
    residents = np.maximum(model.homes.residents[:-1], 1e-9)
    price = weighted_mean(np.log(model.homes.house_price[:-1]), residents)
    ratio = model.terms.housing_ratio.total / model.policy.table["I11c"].baseline
    land = max(float(region.residential_pace[0]), 1e-2) ** p.residential_supply
    trend = (1.0 + p.g_K0) ** (model.quarter / 4.0)
    built = (
        float(region.housing_base[0])
        * trend
        * np.exp(p.housing_response * p.hs_el * price)
        * land
        * ratio**p.housing_volume
    )
    wear = float(region.housing_capital[0]) * model.rates.depreciation
    model.facts["depreciation"] += wear
    region.housing_capital[0] += built - wear
    model.ledger.post("housing", "households", "builders", built)
    model.ledger.post("housing", "households", "landholders", built / p.cf_housing - built)
    return built

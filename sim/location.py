"""What draws an investor to a site: wages, tax and support, firms of the own industry, markets, suppliers, distance,
days, services.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Floats
from sim.params import Parameters
from sim.state import SOURCES

if TYPE_CHECKING:
    from sim.model import RegionModel

SOURCE_NODE = {
    "eastern": "eastern_china",
    "foreign": "border_gateway",
    "state_owned": "kunming_centre",
    "yunnan": "qujing",
    "local": None,
}


@dataclass(frozen=True)
class Attraction:
    """Utility of each site by sector and source (land price apart), and the inclusive value at the start."""

    value: Floats  # shape (sectors, sources, sites)
    base_inclusive: Floats  # shape (sectors, sources)
    base_price: float  # million yuan per km2
    steering: float  # extra utility of the New Area for large projects under benefit sharing


def nest_values(p: Parameters) -> Floats:
    """Return the constants of New Area, Kunming, rest of Yunnan, elsewhere: base shares Q49 and, of the others, Q57
    in Yunnan.
    """
    inside = p.share_NA
    yunnan = (1.0 - inside) * p.rho_yn
    shares = np.array(
        [inside, p.kunming_of_yunnan * yunnan, (1.0 - p.kunming_of_yunnan) * yunnan, (1.0 - inside) * (1.0 - p.rho_yn)]
    )
    return np.log(shares)


def attraction(model: RegionModel) -> Attraction:
    """Return what sites offer this quarter."""
    p, terms = model.p, model.terms
    price = p.p_ind * (1.0 - model.policy.table["I13j"].baseline / 100.0)
    value = site_values(model)
    return Attraction(value, model.base_inclusive, price, p.steering * terms.layer_industry.total)


def site_values(model: RegionModel) -> Floats:
    """Return utility of each site by sector and source, shape (sectors, sources, sites); terms at base change
    nothing.
    """
    p, frame, terms = model.p, model.frame, model.terms
    sites = len(frame.sites)
    producing = model.firms.weight * (model.firms.building == 0)
    counts = np.bincount(
        model.firms.site * len(frame.sectors) + model.firms.sector, producing, sites * len(frame.sectors)
    )
    peers = p.b_agg * np.log1p(counts.reshape(sites, -1).T)
    access = model.market_potential / (1.0 + p.ref_growth) ** (model.quarter / 4.0)
    supply = model.supplier_access / (1.0 + p.ref_growth) ** (model.quarter / 4.0)
    market = p.b_ma * np.log(np.maximum(access, 1e-9)[:, None] + p.supplier_weight * supply).T
    skill_wage = model.pools.wage.reshape(frame.areas, 4)[frame.area] / (1.0 + p.w_out) ** (model.quarter / 4.0)
    wage = p.b_wage * np.log(np.einsum("isk,ik->is", frame.mix, skill_wage)).T
    base_equipment = p.support_burden
    support = frame.equipment * frame.imported * terms.equipment_subsidy.total * (terms.equipment_cap.total > 0.0)
    tax = p.b_tax * np.log(1.0 - np.minimum(support / base_equipment, 0.9))
    company = p.operator_gain * (model.parks.operator == 1)  # a company recruits better than a committee
    effort = company + p.b_effort * np.log(np.maximum(model.parks.effort * sites, 1e-3))
    services = p.b_services * model.homes.amenity[:sites]
    by_sector = peers + market + wage + tax[:, None] + (effort + services)
    return by_sector[:, None, :] + source_distance(model)[None]


def source_distance(model: RegionModel) -> Floats:
    """Return the pull of nearness to where a project comes from (P47 x ln minutes), shape (sources, sites)."""
    sites, nodes = len(model.frame.sites), model.network.nodes
    out = np.zeros((len(SOURCES), sites))
    far = [k for k, name in enumerate(SOURCES) if SOURCE_NODE[name] is not None]
    columns = [nodes.index(SOURCE_NODE[SOURCES[k]]) for k in far]
    out[far] = model.p.b_dist * np.log(model.kernels.minutes[:sites, columns]).T
    return out


def inclusive(value: Floats, nest: float) -> Floats:
    """Return the inclusive value of the New Area by sector and source, shape (sectors, sources)."""
    return nest * np.log(np.exp(value / nest).sum(axis=2))

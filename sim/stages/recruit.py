"""Stage 5: prospects choose a place, parks admit or refuse them, signed projects start or are given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Booleans, Floats, Integers
from agents.firm import FOREIGN, LEASE_FIRST, PRIVATE, PROJECT, RELOCATED, STATE
from sim.location import Attraction, attraction, nest_values
from sim.params import Parameters
from sim.prospects import HEADROOM, Prospects
from sim.schedule import stage
from sim.stages.land import land_price

if TYPE_CHECKING:
    from sim.model import RegionModel

OWNER_OF_SOURCE = np.array([RELOCATED, FOREIGN, STATE, PRIVATE, PRIVATE])
DAYS_PER_QUARTER = 62.5
CONSTRAINTS = ("threshold", "two_high", "energy", "land")


@dataclass(frozen=True)
class Choice:
    """Where each prospect of a quarter goes: nest (0 New Area, 1 Kunming, 2 rest of Yunnan, 3 elsewhere), site, and
    its second nest.
    """

    rows: Integers
    nest: Integers
    site: Integers
    second: Integers


@stage(
    reads=(
        "firms.age firms.base_capital firms.base_rd_stock firms.base_sales firms.base_tfp firms.building "
        "firms.capacity firms.capital firms.cash firms.customer_base firms.debt firms.energy "
        "firms.expected_sales firms.free_rent firms.grace firms.high_tech firms.investment firms.land "
        "firms.named firms.orders firms.origin firms.outlay firms.overhead firms.ownership "
        "firms.productivity firms.profit firms.rd_share firms.rd_spending firms.rd_stock firms.sales "
        "firms.sector firms.shock firms.site firms.source firms.staff firms.support firms.tenure "
        "firms.two_high firms.usual_profit firms.value_added firms.wanted firms.weak firms.weight "
        "government.cash government.land_receipts homes.amenity parks.attracted parks.budget "
        "parks.discount parks.effort parks.idle parks.occupied parks.operator parks.receipts "
        "parks.release parks.serviced pools.wage queue.land queue.leased queue.site queue.start "
        "queue.starts region.base_intensity region.committed_energy region.committed_output "
        "region.energy_quota region.energy_use"
    ),
    writes=(
        "firms.id government.cash government.land_receipts parks.attracted parks.budget parks.idle "
        "parks.occupied parks.receipts parks.serviced queue.id region.committed_energy "
        "region.committed_output region.energy_quota"
    ),
)
def recruit(model: RegionModel) -> None:
    """Let this quarter's prospects choose, admit them, and start the signed projects whose approval is through."""
    arrive = arrivals(model)
    # Energy per output falls by itself (Q55), that of projects on the way too.
    model.region.committed_energy[:] *= (1.0 - model.p.aeei / 100.0) ** 0.25
    leased = model.hashes["lease"][arrive] < model.terms.lease_first.total
    chosen = choose_places(model.prospects, arrive, attraction(model), model.p, land_price(model), leased)
    refused = admit(model, chosen)
    settle_elsewhere(model, chosen, refused)
    start_signed(model)
    years, region = model.quarter / 4.0, model.region
    region.energy_quota[:] = region.base_intensity * (1.0 - model.terms.energy_fall.total) ** years * model.last_output


def arrivals(model: RegionModel) -> Integers:
    """Thin the pool: a prospect of this quarter comes if its mark lies below the rate of the day; returns rows of the
    pool.
    """
    pool, terms = model.prospects, model.terms
    rows = np.flatnonzero(pool.quarter == model.quarter)
    effort = terms.recruitment.total
    log_rate = np.array(
        [
            effort + terms.eastern.total,
            effort + terms.foreign.total,
            effort,
            effort + terms.private_entry.total,
            terms.private_entry.total,
        ]
    )
    return rows[pool.thinning[rows] * HEADROOM < np.exp(log_rate)[pool.source[rows]]]


def choose_places(
    pool: Prospects, rows: Integers, pull: Attraction, p: Parameters, price: Floats, leased: Booleans
) -> Choice:
    """Choose by nested logit with each prospect's own tastes: first the region, then the park (P40-P48)."""
    sites = len(price)
    # The land share is taken at the base price, so that a dearer park is always less attractive.
    share = pull.base_price * pool.land[rows, None] / np.maximum(pool.investment[rows, None], 1e-9)
    share = share * (1.0 - p.lease_relief * leased)[:, None]  # who leases first ties less money up in land
    land = p.b_land * share / p.land_share_reference * np.log(price / pull.base_price)
    values = pull.value[pool.sector[rows], pool.source[rows]] + land
    inclusive = p.lam_nest * np.log(np.exp(values / p.lam_nest).sum(axis=1))
    gain = inclusive - pull.base_inclusive[pool.sector[rows], pool.source[rows]]
    large = pool.investment[rows] > p.large_project
    gain = gain + np.where(large, pull.steering, 0.0)
    nests = np.empty((len(rows), 4))
    nests[:] = nest_values(p)
    nests[:, 0] += gain
    total = nests + pool.nest_taste[rows]
    others = total.copy()
    others[:, 0] = -np.inf
    park = (values / p.lam_nest + pool.park_taste[rows, 2 : 2 + sites]).argmax(axis=1)
    return Choice(rows, total.argmax(axis=1), park, others.argmax(axis=1))


def admit(model: RegionModel, chosen: Choice) -> Booleans:
    """Screen the projects that chose the New Area; returns who was refused, shape of the choice.

    Threshold (a plot may shrink), ban, energy quota and land left, in this order; what refused is counted as a
    binding constraint.
    """
    pool, parks, facts = model.prospects, model.parks, model.facts
    refused = np.zeros(len(chosen.rows), bool)
    here = np.flatnonzero(chosen.nest == 0)
    rows = chosen.rows[here]
    intense, land = screen_intensity(pool, rows, model.terms.intensity_threshold.for_cases(model.hashes["I02a"][rows]))
    share = model.terms.two_high_admitted.for_cases(model.hashes["I03a"][rows])
    clean = (pool.two_high[rows] == 0) | (model.hashes["two_high"][rows] < share)
    room = parks.serviced * parks.release
    counts = dict.fromkeys(CONSTRAINTS, 0)
    signed: list[int] = []
    intensity = model.frame.energy * saved_energy(model)
    # Projects are admitted one by one, in single numbers: arrays are for many.
    each = (chosen.site[here], land, planned_output(model, rows), intensity[pool.sector[rows]], intense, clean)
    for k, (site, plot, output, energy, passes, is_clean) in enumerate(zip(*map(np.ndarray.tolist, each), strict=True)):
        blocked = (
            "threshold"
            if not passes
            else "two_high"
            if not is_clean
            else "energy"
            if not energy_fits(model, energy, output)
            else "land"
            if plot > room[site]
            else None
        )
        if blocked:
            counts[blocked] += 1
            refused[here[k]] = True
            continue
        room[site] -= plot
        parks.serviced[site] -= plot
        parks.occupied[site] += plot
        parks.attracted[site] += pool.investment[rows[k]]
        commit_energy(model, energy, output)
        signed.append(k)
    taken = np.array(signed, np.int64)
    sign(model, rows[taken], chosen.site[here[taken]], land[taken])
    facts.update(
        signed=float(len(signed)),
        refused=float(refused.sum()),
        land_admitted=float(land[taken].sum()),
        investment_admitted=float(pool.investment[rows[taken]].sum()),
        **{f"refused_{k}": float(v) for k, v in counts.items()},
    )
    return refused


def screen_intensity(pool: Prospects, rows: Integers, threshold: Floats) -> tuple[Booleans, Floats]:
    """Return who passes the threshold (100M yuan per km2) and on how much land (km2): a plot shrinks by up to the
    share it accepts.
    """
    need = pool.investment[rows] / 100.0 / np.maximum(threshold, 1e-9)
    land = pool.land[rows]
    passes = land * (1.0 - pool.densify[rows]) <= need
    return passes, np.where(passes, np.minimum(land, need), land)


def planned_output(model: RegionModel, rows: Integers) -> Floats:
    """Return the quarterly output of projects when finished: capital over the capital-output ratio of the sector."""
    pool = model.prospects
    ratio = np.maximum(model.frame.capital_output[pool.sector[rows]], 0.2)
    return pool.investment[rows] * model.p.cf_firm / ratio / 4.0


def saved_energy(model: RegionModel) -> float:
    """Return what energy per output is now, relative to the start: savings of Q55 a year are autonomous."""
    saving: float = (1.0 - model.p.aeei / 100.0) ** (model.quarter / 4.0)
    return saving


def energy_fits(model: RegionModel, intensity: float, output: float) -> bool:
    """Say whether a project fits the energy quota: it lowers intensity below the requirement, or room is left.

    quota = e0 (1 - I10c)^t x output; use counts what is admitted and not yet producing.
    """
    region, p, years = model.region, model.p, model.quarter / 4.0
    allowed = float(region.base_intensity[0]) * (1.0 - model.terms.energy_fall.total) ** years
    if intensity <= allowed:
        return True
    used = float(region.energy_use[0] + region.committed_energy[0]) + intensity * output
    made = model.last_output + float(region.committed_output[0]) + output
    return used <= allowed * made * (1.0 + p.energy_slack)


def commit_energy(model: RegionModel, intensity: float, output: float) -> None:
    """Reserve energy for an admitted project."""
    model.region.committed_energy[0] += intensity * output
    model.region.committed_output[0] += output


def start_chance(model: RegionModel) -> float:
    """Return the chance that a signed project starts: P161, faster approval (P48) and project teams raise it."""
    days = max(model.terms.approval_days.total, 5.0)
    base = model.policy.table["I19a"].baseline
    effort = model.terms.start_effort.total
    return min(model.p.sign2start * (days / base) ** model.p.b_time * np.exp(effort), 1.0)


def sign(model: RegionModel, rows: Integers, site: Integers, land: Floats) -> None:
    """Put admitted projects in the queue for approval; more days never bring a start forward."""
    pool, terms = model.prospects, model.terms
    days = max(terms.approval_days.total, 5.0)
    wait = np.floor(days / DAYS_PER_QUARTER + pool.wait_mark[rows]).astype(np.int64)
    leased = model.hashes["lease"][rows] < terms.lease_first.total
    model.queue.add(
        rows,
        site=site,
        start=model.quarter + wait,
        starts=pool.start_mark[rows] < start_chance(model),
        land=land,
        leased=leased,
    )


def start_signed(model: RegionModel) -> None:
    """Start projects whose approval is through; land of those that never start goes back (Q54) or lies idle."""
    queue, parks = model.queue, model.parks
    due = queue.start <= model.quarter
    dead = due & (queue.starts == 0)
    lost = np.bincount(queue.site[dead], queue.land[dead], parks.n)
    parks.occupied -= lost
    parks.serviced += model.p.land_return * lost
    parks.idle += (1.0 - model.p.land_return) * lost
    begin = np.flatnonzero(due & (queue.starts == 1))
    rows = queue.id[begin]
    if len(rows):
        break_ground(model, rows, queue.site[begin], queue.land[begin], queue.leased[begin])
    given_up = queue.id[dead]
    intensity = model.frame.energy[model.prospects.sector[given_up]] * saved_energy(model)
    for energy, output in zip(intensity.tolist(), planned_output(model, given_up).tolist(), strict=True):
        release_energy(model, energy, output)
    queue.keep(~due)
    model.facts["started"] = float(len(rows))
    model.facts["started_investment"] = float(model.prospects.investment[rows].sum())


def release_energy(model: RegionModel, intensity: float, output: float) -> None:
    """Take an energy reservation back: the project produces now, or never will."""
    region = model.region
    region.committed_energy[0] = max(region.committed_energy[0] - intensity * output, 0.0)
    region.committed_output[0] = max(region.committed_output[0] - output, 0.0)


def break_ground(model: RegionModel, rows: Integers, site: Integers, land: Floats, leased: Integers) -> None:
    """Turn signed projects into firms under construction that pay for their land; owners put in what construction
    costs.
    """
    pool, p, firms = model.prospects, model.p, model.firms
    quarters = max(round(p.tau_build / 3.0), 1)
    price = land_price(model)[site] * land
    upfront = np.where(leased == 1, p.lease_upfront, 1.0) * price
    firms.add(
        model.first_project + rows,
        site=site,
        ownership=OWNER_OF_SOURCE[pool.source[rows]],
        origin=PROJECT,
        source=pool.source[rows],
        weight=1.0,
        building=quarters,
        land=land,
        tenure=np.where(leased == 1, LEASE_FIRST, 0),
        two_high=pool.two_high[rows],
        grace=model.grace(model.first_project + rows),
        **plan_project(model, rows, site, quarters),
    )
    model.pay("equity", "owners", "firms", float(upfront.sum()))
    to_parks = p.park_receipts_share * upfront
    model.pay("land", "firms", "new_area", float((upfront - to_parks).sum()))
    model.pay("land", "firms", "parks", float(to_parks.sum()))
    model.government.land_receipts[0] += float((upfront - to_parks).sum())
    model.parks.receipts += np.bincount(site, upfront, model.parks.n)
    model.parks.budget += np.bincount(site, to_parks, model.parks.n)


def plan_project(model: RegionModel, rows: Integers, site: Integers, quarters: int) -> dict[str, Floats | Integers]:
    """Return the columns of projects: outlay a quarter, technology for the planned output at the planned staff,
    customers, research.
    """
    pool, p, frame = model.prospects, model.p, model.frame
    sector = pool.sector[rows]
    capital, normal = pool.investment[rows] * p.cf_firm, planned_output(model, rows)
    staff = 4.0 * normal / (frame.worker_output[sector] * model.productivity_gain)
    share = frame.capital_share[sector]
    labour = staff * (frame.mix[site, sector] @ frame.efficiency)
    now = normal / (p.u_norm * capital**share * labour ** (1.0 - share))
    high_tech = pool.high_tech_mark[rows] < frame.hightech_share[sector]
    research = p.rd_certified * model.research_unit * high_tech
    stock = research * normal / (1.0 - (1.0 - p.delta_rd) ** 0.25 + (1.0 + p.g_rd) ** 0.25 - 1.0)
    margin = np.maximum(1.0 - frame.tax_share - frame.labour_share, 0.02)[sector]
    return {
        "sector": sector,
        "outlay": capital / quarters,
        "base_capital": capital,
        "base_sales": normal,
        "expected_sales": normal,
        "customer_base": p.b_ent * normal,
        "overhead": p.fix_share * margin * normal,
        "productivity": now,
        "base_tfp": now / model.tfp_terms[site, sector],
        "high_tech": high_tech,
        "rd_share": research,
        "rd_stock": stock,
        "base_rd_stock": stock / (1.0 + p.g_rd) ** (model.quarter / 4.0),
        "cash": np.zeros(len(rows)),
    }


def settle_elsewhere(model: RegionModel, chosen: Choice, refused: Booleans) -> None:
    """Book the later output of prospects that settle in Kunming or the rest of Yunnan, after the usual wait and
    construction.
    """
    goes = np.where(refused, chosen.second, chosen.nest)
    lag = round(model.p.tau_build / 3.0) + 2
    due = model.quarter + lag
    if due >= len(model.elsewhere):
        return
    output = planned_output(model, chosen.rows) * model.p.sign2start
    sector = model.prospects.sector[chosen.rows]
    # A project takes provincial sales from others wherever in Yunnan it settles (Q58).
    output = output * (1.0 - model.p.own_prov * model.frame.demand[sector, 0] * model.tradable[sector])
    for nest in (1, 2):
        model.elsewhere[due, nest - 1] += float(output[goes == nest].sum())

"""Stages 1 to 3: policy is announced, rationed by the budget, and links change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.terms import Terms
from sim.accounting import LINK_WORKS
from sim.policy.base import Dose, without_policy
from sim.policy.registry import INSTRUMENTS
from sim.schedule import stage

if TYPE_CHECKING:
    from sim.model import RegionModel

FROM_OTHERS = {"I18b": "province", "I18c": "kunming"}  # grants: paid to the budget, not by it


def announce_terms(doses: dict[str, Dose], model: RegionModel) -> Terms:
    """Let every instrument write its terms, in the order of the registry."""
    terms = Terms()
    for lever, instrument in INSTRUMENTS.items():
        instrument.announce(doses[lever], terms, model.p)
    return terms


@stage(
    reads="government.implementation",
    writes="government.implementation",
)
def announce_policy(model: RegionModel) -> None:
    """Announce what is on offer: levers in force, as implemented, before the budget has its say."""
    theta = model.policy.implementation(model.quarter, model.p)
    model.government.implementation[0] = theta
    model.doses = model.policy.doses(model.quarter, theta, {})
    model.terms = announce_terms(model.doses, model)


@stage(
    reads=(
        "government.arrears government.base_revenue government.bond_debt government.cash "
        "government.implementation government.own_taxes government.rationed"
    ),
    writes="government.bond_debt government.cash government.rationed",
)
def ration_support(model: RegionModel) -> None:
    """Post grants, bonds and remittance; scale new support so that last quarter's take-up fits the cash."""
    government, terms = model.government, model.terms
    model.facts["minutes_wanted"] = model.network.works(terms.kunming_minutes.total, model.p.road_quarters)
    for lever, payer in FROM_OTHERS.items():
        amount = (terms.provincial_grant if payer == "province" else terms.kunming_grant).total / 4.0
        model.pay("grant", payer, "new_area", amount, lever)
    growth = max(float(government.own_taxes[0] - model.start_taxes), 0.0)
    model.pay("remittance", "new_area", "province", (1.0 - terms.retention.total) * growth)
    wanted = {lever: cost for lever in INSTRUMENTS if (cost := _extra_cost(model, lever)) > 0.0}
    room = _room(model)
    short = max(sum(wanted.values()) + float(government.arrears[0]) - room, 0.0)
    base_quota = model.policy.table["I18d"].baseline
    extra = max(terms.bond_quota.total - base_quota, 0.0)
    issue = (min(base_quota, terms.bond_quota.total) + min(extra, 4.0 * short)) / 4.0
    model.pay("bonds", "banks", "new_area", issue)
    government.bond_debt[0] += issue
    model.cuts = cuts = _cuts(model, wanted, max(room + issue - base_quota / 4.0 - float(government.arrears[0]), 0.0))
    government.rationed[0] = sum((1.0 - cuts[lever]) * cost for lever, cost in wanted.items())
    for lever, cost in wanted.items():
        model.ledger.rationed[lever] += (1.0 - cuts[lever]) * cost
    if any(cut < 1.0 for cut in cuts.values()):
        theta = float(government.implementation[0])
        # A road that is short of money is built more slowly; where it leads does not change.
        spared = {lever: cut for lever, cut in cuts.items() if lever != "I11b"}
        model.doses = model.policy.doses(model.quarter, theta, spared)
        model.terms = announce_terms(model.doses, model)


def _extra_cost(model: RegionModel, lever: str) -> float:
    """Cost of a lever above its baseline at last quarter's take-up, what Kunming co-finances deducted."""
    dose = model.doses[lever]
    if dose.value == dose.baseline or lever in FROM_OTHERS or model.policy.table[lever].payer != "new_area":
        return 0.0
    plain = without_policy(model.policy.table[lever])
    cost = INSTRUMENTS[lever].estimate or INSTRUMENTS[lever].cost
    return model.own_share(lever) * (cost(dose, model.facts, model.p) - cost(plain, model.facts, model.p))


def _room(model: RegionModel) -> float:
    """Cash that new support may use: what is in hand plus what revenue should leave after regular spending, less the
    reserve.

    At base, spending equals revenue, so the room is cash plus the growth of taxes plus grants received this quarter.
    """
    government, p = model.government, model.p
    reserve = p.reserve_quarters * float(government.base_revenue[0])
    trend = model.start_taxes * ((1.0 + p.ref_growth) ** (model.quarter / 4.0) - 1.0)
    growth = float(government.own_taxes[0]) - model.start_taxes - trend
    return float(government.cash[0]) - 0.5 * reserve + growth


def _cuts(model: RegionModel, wanted: dict[str, float], cash: float) -> dict[str, float]:
    """Return the share of each lever's extra cost that is paid.

    What is small beside the budget (N-share of base revenue) is paid first: no office stops copying reforms because
    roads are dear. The rest is cut in proportion, or by measured effect once an evaluation has been held; a lever that
    the evaluation could not measure stands in the middle.
    """
    small = model.p.small_lever * float(model.government.base_revenue[0])
    left, cuts = cash, {}
    for lever in sorted((name for name in wanted if wanted[name] <= small), key=lambda name: (wanted[name], name)):
        cuts[lever] = min(1.0, left / wanted[lever])
        left -= cuts[lever] * wanted[lever]
    large = {lever: cost for lever, cost in wanted.items() if cost > small}
    total = sum(large.values())
    if not model.effects or total <= left:
        return {**cuts, **dict.fromkeys(large, min(1.0, left / total) if total > 0.0 else 1.0)}
    middle = float(np.median(list(model.effects.values())))
    for lever in sorted(large, key=lambda name: (-model.effects.get(name, middle), name)):
        cuts[lever] = min(1.0, left / large[lever])
        left -= cuts[lever] * large[lever]
    return cuts


@stage(
    reads="government.arrears government.cash",
    writes="government.arrears government.cash",
)
def rebuild_links(model: RegionModel) -> None:
    """Advance construction, set the weights of joint layers, and recompute kernels if an edge has changed."""
    terms, network = model.terms, model.network
    environment = model.policy.table["I17e"]
    works = (terms.environment_investment.total - environment.baseline) / (environment.high - environment.baseline)
    targets = {
        "planning": terms.layer_planning.total,
        "customs": terms.layer_customs.total,
        "industry": terms.layer_industry.total,
        "environment": network.joint["environment"][1] + 0.5 * works,
    }
    pace = model.cuts.get("I11b", 1.0)
    saved = network.advance(model.quarter, targets, terms.kunming_minutes.total, model.p.road_quarters, pace)
    model.facts["minutes_saved"] = saved
    model.facts["link_outlay"] = due = network.outlay(model.quarter)
    if due > 0.0:
        paid = min(due, max(float(model.government.cash[0]), 0.0))
        model.pay("links", "new_area", "builders", paid, LINK_WORKS)
        model.government.arrears[0] += due - paid
        model.ledger.unpaid[LINK_WORKS] += due - paid
    model.kernels = network.refresh(model.p)


def evaluate(model: RegionModel) -> None:
    """Hold an outside evaluation every I22b years: measure activity moved per yuan of each lever, for later
    rationing.
    """
    years = model.terms.evaluation_years.total
    due = years > 0.0 and model.quarter % max(round(4.0 * years), 1) == 0
    model.facts["evaluations"] = float(due)
    if due:
        model.effects = {
            lever: model.outcomes[lever] / max(paid, 1e-9)
            for lever, paid in model.ledger.paid.items()
            if lever in model.outcomes
        }

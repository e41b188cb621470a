"""Before the first quarter: the construction sites and the signed queue of 2019-20, by the same rules at base terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Booleans, Floats, Integers
from agents.firm import PROJECT
from sim.location import Attraction, site_values
from sim.prospects import HEADROOM
from sim.stages.land import land_price
from sim.stages.recruit import (
    DAYS_PER_QUARTER,
    OWNER_OF_SOURCE,
    Choice,
    choose_places,
    plan_project,
    planned_output,
    screen_intensity,
)

if TYPE_CHECKING:
    from sim.model import RegionModel


SCALED_COHORTS = (1, 2, 3)  # quarters of 2021 whose starts were signed before it


def open_backlog(model: RegionModel) -> None:
    """Recruit the quarters before the start at base terms: sites under construction, scaled to spend the base flow,
    and a signed queue.
    """
    pool, p = model.prospects, model.p
    rows = np.flatnonzero((pool.quarter <= 0) & (pool.thinning * HEADROOM < 1.0))
    value = site_values(model)
    price = model.p.p_ind * (1.0 - model.policy.table["I13j"].baseline / 100.0)
    pull = Attraction(value, model.base_inclusive, price, 0.0)
    chosen: Choice = choose_places(pool, rows, pull, p, land_price(model), np.zeros(len(rows), bool))
    base = model.policy.table
    passes, land = screen_intensity(pool, rows, np.full(len(rows), base["I02a"].baseline))
    taken = (chosen.nest == 0) & passes
    rows, site, land = rows[taken], chosen.site[taken], land[taken]
    days = base["I19a"].baseline / DAYS_PER_QUARTER
    start = pool.quarter[rows] + np.floor(days + pool.wait_mark[rows]).astype(np.int64)
    starts = pool.start_mark[rows] < p.sign2start
    quarters = max(round(p.tau_build / 3.0), 1)
    left = start + quarters - 1  # a site spends in the quarter in which it starts
    under_way = starts & (start <= 0) & (left > 0)
    land = land * scale_to_base(model, rows, starts, start, under_way, quarters)
    waiting = start > 0
    model.parks.occupied += np.bincount(site[under_way | waiting], land[under_way | waiting], model.parks.n)
    model.queue.add(
        rows[waiting], site=site[waiting], start=start[waiting], starts=starts[waiting], land=land[waiting], leased=0
    )
    queued = planned_output(model, rows[waiting])
    model.region.committed_output[:] += queued.sum()
    model.region.committed_energy[:] += (model.frame.energy[pool.sector[rows[waiting]]] * queued).sum()
    break_old_ground(model, rows[under_way], site[under_way], land[under_way], left[under_way], quarters)


def scale_to_base(
    model: RegionModel, rows: Integers, starts: Booleans, start: Integers, under_way: Booleans, quarters: int
) -> Floats:
    """Scale old projects to the base flow of project investment, and return the factor of each, shape of `rows`.

    Sites under construction spend together what all cohorts but the newest spend in a base quarter; each of the next
    cohorts of the signed queue spends its part. Plots scale along, so intensity does not change.
    """
    p = model.p
    flow = p.project_spending * model.flow * (1.0 + p.g_K0) ** 0.25
    factor = np.ones(len(rows))
    model.prospects = pool = model.prospects.copy()
    groups = [(under_way, flow * (quarters - 1) / quarters)]
    groups += [(starts & (start == quarter), flow / quarters) for quarter in SCALED_COHORTS]
    for group, wanted in groups:
        planned = float(pool.investment[rows[group]].sum()) / quarters
        if planned > 0.0:
            factor[group] = wanted / planned
    pool.investment[rows] *= factor
    return factor


def break_old_ground(
    model: RegionModel, rows: Integers, site: Integers, land: Floats, left: Integers, quarters: int
) -> None:
    """Put sites under construction in place with what has been built so far, and reserve their energy."""
    firms, region, pool = model.firms, model.region, model.prospects
    if len(rows):
        plan = plan_project(model, rows, site, quarters)
        firms.add(
            model.first_project + rows,
            site=site,
            origin=PROJECT,
            ownership=OWNER_OF_SOURCE[pool.source[rows]],
            source=pool.source[rows],
            weight=1.0,
            building=left,
            land=land,
            two_high=pool.two_high[rows],
            grace=model.grace(model.first_project + rows),
            capital=plan["outlay"] * (quarters - left),
            **plan,
        )
        output = planned_output(model, rows)
        region.committed_output[:] += output.sum()
        region.committed_energy[:] += (model.frame.energy[pool.sector[rows]] * output).sum()
    # What was approved before 2021 has its energy: the requirement starts from there.
    made = model.start_output + region.committed_output
    region.base_intensity[:] = (region.energy_use + region.committed_energy) / made

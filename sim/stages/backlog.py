"""Before the first quarter: the construction sites and the signed queue of 2019-20, by the same rules at base terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.location import Attraction, site_values
from sim.prospects import HEADROOM
from sim.stages.land import land_price
from sim.stages.recruit import DAYS_PER_QUARTER, Choice, choose_places, plan_project, planned_output, screen_intensity

if TYPE_CHECKING:
    from sim.model import RegionModel


def open_backlog(model: RegionModel) -> None:
    """Recruit the quarters before the start at base terms: sites under construction, scaled to spend the base flow,
    and a signed queue.
    """
    pool, p = model.prospects, model.p
    rows = np.flatnonzero((pool.quarter <= 0) & (pool.thinning * HEADROOM < 1.0))
    value = site_values(model)
    price = model.p.p_ind * (1.0 - model.policy.table["I13j"].baseline / 100.0)
    pull = Attraction(value, model.base_inclusive, price, 0.0)
    chosen: Choice = choose_places(pool, rows, pull, p, land_price(model))
    base = model.policy.table
    passes, land = screen_intensity(pool, rows, np.full(len(rows), base["I02a"].baseline))
    taken = (chosen.nest == 0) & passes
    rows, site, land = rows[taken], chosen.site[taken], land[taken]
    start = pool.quarter[rows] + np.floor(base["I19a"].baseline / DAYS_PER_QUARTER + pool.wait_mark[rows]).astype(
        np.int64
    )
    starts = pool.start_mark[rows] < p.sign2start
    quarters = max(round(p.tau_build / 3.0), 1)
    left = start + quarters - 1  # a site spends in the quarter in which it starts
    under_way = starts & (start <= 0) & (left > 0)
    waiting = start > 0
    model.parks.occupied += np.bincount(site[under_way | waiting], land[under_way | waiting], model.parks.n)
    model.queue.add(
        rows[waiting], site=site[waiting], start=start[waiting], starts=starts[waiting], land=land[waiting], leased=0
    )
    break_old_ground(model, rows[under_way], site[under_way], land[under_way], left[under_way], quarters)


def break_old_ground(
    model: RegionModel, rows: np.ndarray, site: np.ndarray, land: np.ndarray, left: np.ndarray, quarters: int
) -> None:
    """Put sites under construction in place; sizes are scaled so that together they spend the base flow of project
    investment.
    """
    firms, p = model.firms, model.p
    if not len(rows) or quarters == 1:
        return
    plan = plan_project(model, rows, site, quarters)
    running = (quarters - 1) / quarters  # the first cohort of 2021 is the rest of the base flow
    wanted = p.project_spending * p.cf_firm * model.flow * (1.0 + p.g_K0) ** 0.25 * running
    factor = wanted / float(plan["outlay"].sum())
    for name in (
        "outlay",
        "base_capital",
        "base_sales",
        "expected_sales",
        "customer_base",
        "overhead",
        "rd_stock",
        "base_rd_stock",
    ):
        plan[name] = plan[name] * factor
    from sim.stages.recruit import OWNER_OF_SOURCE

    pool = model.prospects
    firms.add(
        model.first_project + rows,
        site=site,
        origin=2,
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
    for row, scale in zip(rows, np.full(len(rows), factor), strict=True):
        output = planned_output(model, np.array([row]))[0] * scale
        model.region.committed_output[:] += output
        model.region.committed_energy[:] += model.frame.energy[pool.sector[row]] * output
    region = model.region  # what was approved before 2021 has its energy: the requirement starts from there
    region.base_intensity[:] = (region.energy_use + region.committed_energy) / (
        model.start_output + region.committed_output
    )

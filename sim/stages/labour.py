"""Stage 7: separations, vacancies, matching over commuting distance, hires, staff shared out exactly, wages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.columns import Floats, Integers
from agents.firm import across
from agents.talent import OUTSIDE, SEARCHING, Talent, lowest
from sim.build import asked_in, share_in
from sim.schedule import stage

if TYPE_CHECKING:
    from sim.model import RegionModel

SKILLS = 4
NOBODY = np.zeros(-OUTSIDE, np.int64)
FEW = 50.0  # real persons added to both sides of tightness, so that an empty pool stays finite at every scale


@stage(
    reads=(
        "firms.sector firms.site firms.staff firms.wanted firms.weight pools.normal_tightness "
        "pools.searchers pools.tightness pools.vacancies pools.wage region.reservoir region.wage_bill "
        "region.wage_drift talent.cell talent.home talent.hukou talent.origin talent.owner talent.skill "
        "talent.wage"
    ),
    writes=(
        "firms.staff pools.hires pools.normal_tightness pools.searchers pools.tightness pools.vacancies "
        "pools.wage region.reservoir region.wage_bill talent.cell talent.id talent.wage"
    ),
)
def match_labour(model: RegionModel) -> None:
    """Separate, post vacancies, match by site and skill, hire, share workers out to firms, and move wages."""
    firms, cells = model.firms, model.cells
    cell = firms.local(cells.of)
    asked = asked_in(firms, cell, firms.wanted, cells.count)
    # Simulated persons wanted in each labour cell, rounded at a mark of the cell that never changes.
    targets = np.floor(asked / model.frame.person_weight + model.hashes["cell"]).astype(np.int64)
    workers = separate(model, targets)
    vacancies = np.maximum(targets - workers, 0)
    flows = match(model, vacancies)
    workers += hire(model, vacancies, flows)
    persons = workers * model.frame.person_weight
    firms.staff = share_in(firms.wanted, cell, asked, persons)
    move_wages(model)
    pay_workers(model, persons, cell)


def separate(model: RegionModel, targets: Integers) -> Integers:
    """Part workers from their jobs: quits at the rate P93, lay-offs where a cell has more than it wants.

    Commuters from Kunming who lose their job go back to Kunming's labour force. Returns the workers who are left in
    each labour cell, shape (cells,).
    """
    talent, cells = model.talent, model.cells
    draw = model.streams.uniform("talent.separation", talent.id)
    talent.cell[draw < model.rates.separation] = SEARCHING
    workers = talent.workers(cells.count)
    lay_off(talent, draw, np.maximum(workers - targets, 0), workers)
    kunming = len(model.frame.sites)
    back = (talent.home == kunming) & (talent.cell == SEARCHING)
    model.region.reservoir[0, 0] += back.sum() * model.frame.person_weight
    talent.keep(~back)
    return np.minimum(workers, targets)


def lay_off(talent: Talent, draw: Floats, surplus: Integers, workers: Integers) -> None:
    """Send the `surplus` of the `workers` of each labour cell, those with the lowest draws, to search.

    draw: one per person, shape (n,); surplus and workers: shape (cells,).
    """
    if surplus.any():
        # Who works in no cell here has a negative one: the last entries ask for nobody.
        quota, size = np.concatenate((surplus, NOBODY)), np.concatenate((workers, NOBODY))
        talent.cell[lowest(draw, talent.cell, quota, size)] = SEARCHING


def match(model: RegionModel, vacancies: Integers) -> Integers:
    """Return hires in simulated persons by home, workplace and skill, shape (sites + 1, sites + 1, 4).

    Searchers spread over vacancies by the commuting kernel; hires = min(m U^(1-e) V^e, U, V) per workplace and skill;
    the last home and the last workplace are Kunming core. Rounded along the workplaces of a home, so that no home
    sends more than it has.
    """
    frame, cells, p = model.frame, model.cells, model.p
    sites = len(frame.sites)
    kernel = model.kernels.commute
    posts = np.bincount(cells.place, vacancies, (sites + 1) * SKILLS).astype(float).reshape(sites + 1, SKILLS)
    posts[sites] = frame.outside_vacancies * model.paths.kunming[model.quarter]
    seekers = np.zeros((sites + 1, SKILLS))
    seekers[:sites] = model.talent.searchers(sites + 1, SKILLS)[:sites]
    seekers[sites] = frame.kunming_searchers
    pull = kernel[:, :, None] * posts[None]
    pull[sites, sites] = 0.0
    search = seekers[:, None, :] * pull / np.maximum(pull.sum(axis=1, keepdims=True), 1e-12)
    supply = search.sum(axis=0)
    hires = np.minimum(p.m_eff * supply ** (1.0 - p.m_el) * posts**p.m_el, np.minimum(supply, posts))
    hires[sites] = supply[sites]  # Kunming is large: whoever looks there finds work, and its pull sets how many look
    flow = np.where(supply > 0.0, hires / np.maximum(supply, 1e-12), 0.0)[None] * search
    record_tightness(model, posts[:sites], supply[:sites], hires[:sites])
    mark = model.streams.uniform("labour.rounding", np.arange((sites + 1) * SKILLS)).reshape(sites + 1, 1, SKILLS)
    ends = np.floor(np.cumsum(flow, axis=1) + mark).astype(np.int64)
    limit = seekers.astype(np.int64)
    limit[sites] = 10**9
    ends = np.minimum(ends, limit[:, None, :])
    hired = ends.copy()
    hired[:, 1:] -= ends[:, :-1]
    return hired


def record_tightness(model: RegionModel, posts: Floats, supply: Floats, hires: Floats) -> None:
    """Note vacancies, searchers and tightness by commuting area and skill."""
    pools, frame = model.pools, model.frame
    row = frame.area[:, None] * SKILLS + np.arange(SKILLS)
    for column, values in (("vacancies", posts), ("searchers", supply), ("hires", hires)):
        setattr(pools, column, np.bincount(row.ravel(), values.ravel(), pools.n) * frame.person_weight)
    pools.tightness = (pools.vacancies + FEW) / (pools.searchers + FEW)


def hire(model: RegionModel, vacancies: Integers, flows: Integers) -> Integers:
    """Move matched persons into jobs: who has the lowest draw goes first, and vacancies of a site fill in
    proportion. Returns the persons hired into each labour cell, shape (cells,).
    """
    talent, frame = model.talent, model.frame
    sites = len(frame.sites)
    commuters(model, flows[sites, :sites])
    draw = model.streams.uniform("talent.hiring", talent.id)
    looking = np.flatnonzero(talent.cell == SEARCHING)
    group = talent.home[looking] * SKILLS + talent.skill[looking]
    by_home = np.transpose(flows, (0, 2, 1)).reshape(-1, sites + 1)  # home and skill, workplace
    chosen = looking[lowest(draw[looking], group, by_home.sum(axis=1), np.bincount(group, minlength=len(by_home)))]
    flow = np.repeat(np.arange(by_home.size), by_home.ravel())
    place, skill = flow % (sites + 1), flow // (sites + 1) % SKILLS
    talent.cell[chosen[place == sites]] = OUTSIDE
    here = place < sites
    return seat_workers(model, chosen[here], place[here] * SKILLS + skill[here], draw[chosen[here]], vacancies)


def commuters(model: RegionModel, flows: Integers) -> None:
    """Let residents of Kunming join the search of the quarter as persons: as many as the matching found for them."""
    count = flows.sum(axis=0)
    ids = np.concatenate([model.new_persons("commuter", skill, int(count[skill])) for skill in range(SKILLS)])
    kunming = len(model.frame.sites)
    if len(ids):
        model.talent.add(
            ids, skill=np.repeat(np.arange(SKILLS), count), home=kunming, cell=SEARCHING, origin=1, hukou=0
        )
    model.region.reservoir[0, 0] -= count.sum() * model.frame.person_weight


def seat_workers(model: RegionModel, rows: Integers, wanted: Integers, draw: Floats, vacancies: Integers) -> Integers:
    """Give each hired person (row, workplace x skill) a labour cell with a vacancy there; who finds none keeps
    searching. Returns the persons seated in each labour cell, shape (cells,).
    """
    cells, talent = model.cells, model.talent
    cell = np.repeat(np.arange(cells.count), vacancies)
    slot = (
        np.arange(len(cell)) - np.repeat(np.cumsum(vacancies) - vacancies, vacancies) + model.hashes["cell"][cell]
    ) / vacancies[cell]
    place = cells.place[cell]
    slots = np.lexsort((slot, place))
    people = np.lexsort((draw, wanted))
    size = len(model.frame.sites) * SKILLS
    have, want = np.bincount(place, minlength=size), np.bincount(wanted, minlength=size)
    filled = np.minimum(have, want)
    start_slot, start_person = np.cumsum(have) - have, np.cumsum(want) - want
    offset = np.arange(filled.sum()) - np.repeat(np.cumsum(filled) - filled, filled)
    chosen_slot = slots[np.repeat(start_slot, filled) + offset]
    chosen_person = people[np.repeat(start_person, filled) + offset]
    talent.cell[rows[chosen_person]] = cell[chosen_slot]
    unseated = (talent.home == len(model.frame.sites)) & (talent.cell == SEARCHING)
    model.region.reservoir[0, 0] += unseated.sum() * model.frame.person_weight
    talent.keep(~unseated)
    return np.bincount(cell[chosen_slot], minlength=cells.count)


def move_wages(model: RegionModel) -> None:
    """Let wages drift with learned productivity growth and with tightness against normal (Q21, log gap clipped to
    one).
    """
    pools, p = model.pools, model.p
    if model.quarter == 1:
        pools.normal_tightness = pools.tightness.copy()
    gap = np.clip(np.log(pools.tightness / pools.normal_tightness), -1.0, 1.0)
    pools.wage = pools.wage * np.exp(float(model.region.wage_drift[0]) + p.psi_w * gap)


def wage_table(model: RegionModel) -> Floats:
    """Return the wage by site, sector and skill, million yuan per person and quarter, shape (sites, sectors, 4)."""
    frame = model.frame
    return frame.wage * model.pools.wage.reshape(frame.areas, SKILLS)[frame.area][:, None, :]


def wage_bill(model: RegionModel) -> Floats:
    """Return the wage bill of each firm, million yuan per quarter, shape (n,)."""
    firms = model.firms
    return across(firms.staff * firms.local(wage_table(model)))


def pay_workers(model: RegionModel, heads: np.ndarray, cell: Integers) -> None:
    """Set the wage of every worker: what the firms of the cell pay per head.

    heads: real persons, shape (cells,); cell: labour cell of each firm and skill, shape (n, 4).
    """
    firms, cells, talent = model.firms, model.cells, model.talent
    pay = firms.staff * firms.local(wage_table(model)) * firms.weight[:, None]
    bill = np.bincount(cell.ravel(), pay.ravel(), cells.count)
    wage = np.divide(bill, heads, out=np.zeros(cells.count), where=heads > 0)
    here = wage[talent.cell]  # who works nowhere here (below zero) reads some other cell, and keeps the last wage
    talent.wage = np.where(talent.cell >= 0, here, talent.wage)
    model.region.wage_bill[0] = float((heads * wage).sum())

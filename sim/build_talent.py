"""The labour force of 2020: labour cells with small ones merged, workers, searchers, commuters in and out."""

from __future__ import annotations

import numpy as np

from agents.columns import Floats, Integers
from agents.streams import Streams
from agents.talent import OUTSIDE, SEARCHING, Talent
from sim.params import Parameters
from sim.state import Cells

SKILLS = 4


def labour_cells(persons: Floats, minutes: Floats, minimum: float) -> Cells:
    """Merge cells that expect fewer simulated persons than Q72 with the nearest cell of the same sector.

    persons: expected simulated persons, shape (sites, sectors, skills); minutes between sites. Where a sector holds
    too few at every site, its skill is staffed by the next lower (for basic: the next higher) skill of the sector.
    """
    sites, sectors, _ = persons.shape
    of = np.full(persons.shape, -1, np.int64)
    keys: list[tuple[int, int, int]] = []
    for sector in range(sectors):
        for skill in range(SKILLS):
            own = np.flatnonzero(persons[:, sector, skill] >= minimum)
            if not len(own) and persons[:, sector, skill].sum() >= minimum:
                own = np.array([int(persons[:, sector, skill].argmax())])
            if not len(own):
                continue
            first = len(keys)
            keys += [(int(site), sector, skill) for site in own]
            of[:, sector, skill] = first + minutes[:sites, own].argmin(axis=1)
            of[own, sector, skill] = first + np.arange(len(own))
    for sector in range(sectors):  # a whole sector below the minimum still needs one cell to hire into
        if (of[:, sector] < 0).all():
            biggest = np.unravel_index(persons[:, sector].argmax(), persons[:, sector].shape)
            of[:, sector, biggest[1]] = len(keys)
            keys.append((int(biggest[0]), sector, int(biggest[1])))
        for skill in range(SKILLS):
            if (of[:, sector, skill] < 0).any():
                found = [
                    k for k in (*range(skill - 1, -1, -1), *range(skill + 1, SKILLS)) if (of[:, sector, k] >= 0).all()
                ]
                of[:, sector, skill] = of[:, sector, found[0]]
    table = np.array(keys)
    return Cells(of, table[:, 0], table[:, 1], table[:, 2])


def whole_persons(persons: Floats) -> Integers:
    """Round expected persons of all cells to integers that add up to the rounded total (largest remainders)."""
    low = np.floor(persons).astype(np.int64)
    short = round(float(persons.sum())) - int(low.sum())
    order = np.argsort(-(persons - low), kind="stable")
    low[order[:short]] += 1
    return low


def home_weights(p: Parameters, employment: Floats, kinds: tuple[str, ...], commute: Floats) -> Floats:
    """Return the chance of each home for a job at each site, shape (sites + 1 homes, sites + 1 workplaces); columns
    sum to 1.

    A park houses fewer of its workers than a town (declared ratio); the last home and the last workplace are Kunming
    core.
    """
    room = employment * np.where([k == "park" for k in kinds], p.park_homes, 1.0)
    pull = np.append(room, p.kunming_homes)[:, None] * commute
    return pull / pull.sum(axis=0)


def labour_force(p: Parameters, streams: Streams, cells: Cells, workers: Integers, homes: Floats) -> Talent:
    """Build persons: workers of every cell, commuters to Kunming and searchers, with homes drawn from the commuting
    kernel.
    """
    residents = int(workers.sum())
    outside = round(p.out_commuters * residents)
    idle = round(p.u0 / (1.0 - p.u0) * (residents + outside))
    cell = np.concatenate(
        (np.repeat(np.arange(cells.count), workers), np.full(outside, OUTSIDE), np.full(idle, SEARCHING))
    )
    ids = np.arange(len(cell))
    spread = np.cumsum(np.bincount(cells.skill, workers, SKILLS)) / residents
    drawn = np.searchsorted(spread, streams.fixed("build.skill", ids), side="right")
    working = cell >= 0
    skill = np.where(working, cells.skill[np.maximum(cell, 0)], np.minimum(drawn, SKILLS - 1))
    kunming = homes.shape[0] - 1
    place = np.where(working, cells.site[np.maximum(cell, 0)], kunming)
    chances = homes.copy()
    at_home = homes[:kunming, :kunming].sum(axis=1)
    chances[:kunming, kunming] /= max(homes[:kunming, kunming].sum(), 1e-12)  # who commutes to Kunming lives here
    chances[kunming, kunming] = 0.0
    resident = np.append(at_home / at_home.sum(), 0.0)
    columns = np.where(cell[:, None] == SEARCHING, resident, chances.T[place])
    home = (np.cumsum(columns, axis=1) < streams.fixed("build.home", ids)[:, None]).sum(axis=1)
    talent = Talent()
    talent.add(
        ids,
        cell=cell,
        skill=skill,
        home=np.minimum(home, kunming),
        hukou=streams.fixed("build.hukou", ids) < p.hukou_share,
        owner=streams.fixed("build.owner", ids) < p.owner_share,
    )
    return talent

"""The fixed pool of prospects of one replicate: who might invest, when, how much, on how much land."""

from __future__ import annotations

import numpy as np

from agents.columns import Integers, Population, column
from agents.streams import Streams
from sim.calibration import tables
from sim.params import Parameters
from sim.state import SOURCES

HEADROOM = 4.0  # the pool holds this multiple of the base rate; thinning keeps what the rate of the day allows
MEDIAN_RATIO = {
    "eastern": 4 / 3,
    "foreign": 4 / 3,
    "state_owned": 10 / 3,
    "yunnan": 0.6,
    "local": 0.4,
}  # over Q47 (docs/odd.md, stage 5)
LARGEST = 12_000.0  # million yuan
MOST_SITES = 14  # a scenario may add this many less the ten sites of the table


class Prospects(Population):
    """One row per prospect of the pool; drawn before the run, the same in every arm."""

    kind = "prospect"

    quarter = column(
        np.int64, "quarter", "Quarter in which it looks for a site (1 = 2021Q1; negative before the start)"
    )
    source = column(np.int64, "index", "0 eastern, 1 foreign, 2 state-owned, 3 other Yunnan, 4 local")
    sector = column(np.int64, "index", "Sector")
    investment = column(float, "million yuan", "Recorded investment")
    land = column(float, "km2", "Land wanted before any shrinking of the plot")
    densify = column(float, "share", "Largest cut of the plot it accepts to pass a threshold")
    two_high = column(np.int64, "0/1", "Counts as energy-hungry or polluting")
    thinning = column(float, "share", "It comes if this mark lies below the rate of the day over the headroom")
    start_mark = column(float, "share", "It starts if this mark lies below the chance of a start")
    wait_mark = column(float, "share", "Rounds the wait for approval to whole quarters")
    high_tech_mark = column(float, "share", "It is certified if this mark lies below the share of its sector")
    nest_taste = column(float, "utils", "Gumbel taste for New Area, Kunming, rest of Yunnan, elsewhere", width=4)
    park_taste = column(float, "utils", "Gumbel taste for the two rivals, then for each site", width=16)


def build_prospects(p: Parameters, streams: Streams, first: int, last: int) -> Prospects:
    """Draw the pool for quarters first..last; ids count from 0. Investment and intensity are lognormal, correlated by
    Q51.
    """
    rates = np.array([p.lam_east, p.lam_foreign, p.lam_soe, p.lam_yunnan, p.lam_local]) * HEADROOM / 4.0
    quarters = np.arange(first, last + 1)
    slots = np.arange(len(quarters) * len(SOURCES))
    counts = _poisson(streams, slots, np.tile(rates, len(quarters)))
    slot = np.repeat(slots, counts)
    within = np.arange(len(slot)) - np.repeat(np.cumsum(counts) - counts, counts)
    # The key of a prospect is its place in its own quarter and source, so that a change of one rate moves no other
    # prospect.
    key = slot * 256 + within
    pool = Prospects()
    source = slot % len(SOURCES)
    share = np.array([s.project_value_share for s in tables.sectors().values()])
    sector = np.minimum(
        np.searchsorted(np.cumsum(share / share.sum()), streams.fixed("pool.sector", key)), len(share) - 1
    )
    median = p.inv_med * np.array([MEDIAN_RATIO[s] for s in SOURCES])[source]
    size = streams.fixed_normal("pool.size", key)
    other = streams.fixed_normal("pool.intensity", key)
    investment = np.minimum(median * np.exp(p.inv_sd * size), LARGEST)
    intensity = (
        p.intensity_median * 100.0 * np.exp(p.int_sd * (p.corr_int * size + np.sqrt(1.0 - p.corr_int**2) * other))
    )
    two_high = np.array([s.two_high_share_of_new_projects for s in tables.sectors().values()])[sector]
    pool.add(
        np.arange(len(key)),
        quarter=quarters[slot // len(SOURCES)],
        source=source,
        sector=sector,
        investment=investment,
        land=investment / intensity,
        densify=p.dens_max * streams.fixed("pool.densify", key),
        two_high=streams.fixed("pool.two_high", key) < two_high,
        thinning=streams.fixed("pool.thinning", key),
        start_mark=streams.fixed("pool.start", key),
        wait_mark=streams.fixed("pool.wait", key),
        high_tech_mark=streams.fixed("pool.high_tech", key),
        nest_taste=_gumbel(streams, "pool.nest", key, 4),
        park_taste=_gumbel(streams, "pool.park", key, 16),
    )
    return pool


def _poisson(streams: Streams, slots: Integers, mean: np.ndarray) -> Integers:
    """Invert the Poisson distribution at a keyed uniform, so that a higher mean only adds."""
    counts = np.arange(256)
    log_factorial = np.concatenate(([0.0], np.cumsum(np.log(counts[1:]))))
    uniform, rates = streams.fixed("pool.count", slots), np.unique(mean)
    tables_by_rate = np.cumsum(np.exp(counts * np.log(rates)[:, None] - rates[:, None] - log_factorial), axis=1)
    rows = np.searchsorted(rates, mean)
    return (uniform[:, None] >= tables_by_rate[rows]).sum(axis=1)


def _gumbel(streams: Streams, name: str, key: Integers, width: int) -> np.ndarray:
    uniform = streams.fixed(name, (key[:, None] * width + np.arange(width)).ravel()).reshape(len(key), width)
    return -np.log(-np.log(np.clip(uniform, 1e-300, 1.0 - 1e-16)))

"""Provincial and national paths: inputs of a run, quarter by quarter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.columns import Floats
from sim.calibration import tables
from sim.params import Parameters

FIRST_YEAR, LAST_YEAR = 2021, 2030
QUARTERS = 4 * (LAST_YEAR - FIRST_YEAR + 1)


@dataclass(frozen=True)
class Paths:
    """Index of each variable at quarters 0..40 (quarter 0 = 1, fourth quarter of 2020), real unless named nominal."""

    province: Floats
    secondary: Floats
    rest_of_china: Floats
    exports: Floats
    kunming: Floats
    fai_price: Floats


def build_paths(path: str, p: Parameters) -> Paths:
    """Return the paths under `observed` or `as_seen_in_2020`; growth is spread evenly over the quarters of a year.

    Demand from the rest of China and abroad grows at the sampled rates Q18 and Q19; the price of investment at its
    own rate.
    """
    steps = np.arange(QUARTERS + 1) / 4.0
    return Paths(
        province=_index(path, "province_gdp_growth"),
        secondary=_index(path, "province_secondary_growth"),
        rest_of_china=(1.0 + p.g_rest) ** steps,
        exports=(1.0 + p.g_export) ** steps,
        kunming=_index(path, "kunming_gdp_growth"),
        fai_price=(1.0 + p.fai_price / 100.0) ** np.where(steps > 0.0, steps + p.shift0, 0.0),
    )


def yearly_growth(path: str, variable: str) -> Floats:
    """Return growth of 2021..2030 as shares, shape (10,)."""
    rows = tables.paths()
    return np.array([rows[path, variable, year].value for year in range(FIRST_YEAR, LAST_YEAR + 1)]) / 100.0


def _index(path: str, variable: str) -> Floats:
    growth = np.repeat(yearly_growth(path, variable), 4)
    return np.concatenate(([1.0], np.cumprod((1.0 + growth) ** 0.25)))

"""The ten sites year by year: what a map shows. Recorded at the end of each year of a run, and put into the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.statistics import changes, median, median_interval

if TYPE_CHECKING:
    from experiments.ensemble import Outcome
    from sim.model import RegionModel

FIRST_YEAR = 2020
UNITS = {
    "output": "million yuan per year, 2020 prices",  # value added of the last quarter of the year, times four
    "firms": "firms",
    "employment": "persons",
    "land_used": "km2",
    "land_free": "km2",
}
COMMUTERS = "persons"
CENTRE = "kunming_centre"  # homes and jobs outside the New Area
FEWEST = 1.0  # commuters below this are no link


@dataclass(frozen=True, slots=True)
class Places:
    """One arm: names of the sites, by measure a row for each year (years, sites), and commuters (years, home, work)."""

    sites: tuple[str, ...]
    measures: Mapping[str, Any]
    commuters: Any


class Watch:
    """Looks at the sites of a model at the start and after every fourth quarter."""

    def __init__(self, model: RegionModel) -> None:
        """Take the first look."""
        self._model = model
        self._looks = [look(model)]

    def look(self) -> None:
        """Take another look, if a year has ended."""
        if self._model.quarter % 4 == 0:
            self._looks.append(look(self._model))

    def places(self) -> Places:
        """Return what was seen."""
        measures = {name: np.array([row[0][name] for row in self._looks], np.float32) for name in UNITS}
        commuters = np.array([row[1] for row in self._looks], np.float32)
        return Places(self._model.frame.sites, measures, commuters)


def look(model: RegionModel) -> tuple[dict[str, Any], Any]:
    """Return the measures by site, and commuters by home and workplace with Kunming last, now."""
    firms, talent, parks, sites = model.firms, model.talent, model.parks, len(model.frame.sites)

    def total(values: Any) -> Any:
        return np.bincount(firms.site, values * firms.weight, sites)

    work = np.where(talent.cell >= 0, model.cells.site[talent.cell], np.where(talent.cell == -1, sites + 1, sites))
    pairs = np.bincount(talent.home.astype(np.int64) * (sites + 2) + work, minlength=(sites + 1) * (sites + 2))
    commuters = pairs.reshape(sites + 1, sites + 2)[:, : sites + 1] * model.frame.person_weight
    return {
        "output": total(firms.sales) * 4.0,
        "firms": total(firms.producing.astype(float)),
        "employment": total(firms.employment),
        "land_used": parks.occupied.copy(),
        "land_free": parks.serviced.copy(),
    }, commuters


def places(outcome: Outcome) -> dict[str, Any]:
    """Return the sites of an outcome: medians of policy and reference by site, measure and year, and commuters."""
    looks = {
        arm: [seen for replicate in outcome.replicates if (seen := replicate.arms[arm].sites) is not None]
        for arm in ("policy", "against")
    }
    if not looks["policy"]:
        return {}
    years = list(range(FIRST_YEAR, outcome.plan.horizon + 1))
    sites = looks["policy"][0].sites
    middle = {
        arm: {name: np.median([row.measures[name] for row in rows], axis=0) for name in UNITS}
        for arm, rows in looks.items()
    }
    found: dict[str, Any] = {}
    for k, (site, other) in enumerate(zip(sites, looks["against"][0].sites, strict=False)):
        if site != other:  # a hypothetical park of one arm has nothing to be compared with
            continue
        found[site] = {
            name: {
                "median": _plain(middle["policy"][name][:, k]),
                "against": _plain(middle["against"][name][:, k]),
                "change": _change(looks, name, k),
            }
            for name in UNITS
        }
    flows = _flows(looks["policy"], sites)
    return {"year": years, "sites": found, "flows": flows, "unit": {**UNITS, "flows": COMMUTERS}}


def _change(looks: Mapping[str, list[Any]], name: str, site: int) -> dict[str, float | None]:
    """Return the median change of the last year over pairs, with its 95 % interval."""
    last = {arm: [float(row.measures[name][-1, site]) for row in rows] for arm, rows in looks.items()}
    paired = changes(last["policy"], last["against"])
    low, high = median_interval(paired) or (None, None)
    return {"median": median(paired), "low": low, "high": high}


def _flows(looks: list[Any], sites: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return commuters between two places by year, both directions together, largest links only where anybody goes."""
    middle = np.median([row.commuters for row in looks], axis=0)
    names = (*sites, CENTRE)
    both = middle + middle.transpose(0, 2, 1)
    rows = []
    for a in range(len(names)):
        for b in range(a + 1, len(names)):
            if both[-1, a, b] >= FEWEST:
                rows.append({"source": names[a], "target": names[b], "commuters": _plain(both[:, a, b])})
    return rows


def _plain(values: Any) -> list[float]:
    return [float(value) for value in values]

"""The tables of the New Area: the only place that knows their files, their schema and what must add up.

How to read them: UTF-8, one header line, dot as decimal sign. An empty cell means *not applicable* and is allowed
only where the schema says so. `million yuan` is the unit of money (1 亿元 = 100), `100M yuan` appears in land
intensity; land is in km2; `%` rates are written 5 for 5 %, shares 0.05. `confidence` is high, medium or low.

`parameters.csv` and `assumptions.csv`: `value` inside [`low`, `high`]; `role` is uncertain (sampled, triangular),
fixed, or check (a diagnostic, never an input). Tags in `source`: [F] read in a published page, [R] recalled and to be
verified, [D] arithmetic on other figures, [A] assumption. Ids: P from the literature, Q and N needed by the model; an
id is never used again.

`levers.csv`: `baseline` is the setting without the policy, `policy_value` what the text states (empty: it names only
a direction), `suggested` a setting for the policy being on. An `amount` is interpolated by implementation capacity, a
`rule` applies in full to a share of cases. `needs` (`I09h=2;...`) is the background on which a lever can act. `payer`
bears its cost.

`sites.csv`, `links.csv`, `parks.csv`: places, edges by layer, land. `linkages.csv`: who supplies whom. `paths.csv`:
growth outside the New Area, year by year. `province.csv`: totals that fix the start. `targets.csv`: articles 2 and
22.

Carried as they are, within their ranges: value added per worker of `petro_metals` is 0.34 in `anning_park` and 0.61
elsewhere; employment cells are 0.9 % below value added per worker, so that they sum to 560,000; the capital share of
farming is 0.05 where the formula gives 0.01; consumer services sell more outside the province (0.20) than their
tradable share (0.15); high-tech value added from sector shares is 5,694 where Q66 says 6,500.
"""

from __future__ import annotations

import functools
from pathlib import Path

from sim.calibration.checks import DECLARED_AFTER_2020, TableError, table_folder
from sim.calibration.declared import levers, parameters
from sim.calibration.outside import path_series, paths, province, province_figure, targets
from sim.calibration.places import base_cells, linkages, links, parks, sectors, sites
from sim.calibration.records import (
    BaseCell,
    Lever,
    Link,
    Linkage,
    Parameter,
    ParkRow,
    PathValue,
    ProvinceFigure,
    Sector,
    Site,
    Target,
)

__all__ = [
    "DECLARED_AFTER_2020",
    "BaseCell",
    "Lever",
    "Link",
    "Linkage",
    "Parameter",
    "ParkRow",
    "PathValue",
    "ProvinceFigure",
    "Sector",
    "Site",
    "TableError",
    "Target",
    "base_cells",
    "check_all",
    "data_digest",
    "levers",
    "linkages",
    "links",
    "parameters",
    "parks",
    "path_series",
    "paths",
    "province",
    "province_figure",
    "sectors",
    "sites",
    "targets",
]


@functools.cache
def data_digest(folder: Path | None = None) -> str:
    """Return the SHA-256 over the names and bytes of all tables, as 64 hexadecimal digits."""
    import hashlib

    place = table_folder(folder)
    digest = hashlib.sha256()
    for table in sorted(place.iterdir(), key=lambda table: table.name):
        if table.name.endswith(".csv"):
            content = table.read_bytes()
            digest.update(f"{table.name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def check_all(folder: Path | None = None) -> None:
    """Load every table and compare them with each other; `TableError` names the first place that disagrees.

    Ids and dotted names of levers and parameters share one name space, because a user may write either. A layer whose
    weight a lever sets starts at that lever's baseline, otherwise a zero dose would change the graph.
    """
    known_levers, known_parameters = levers(folder), parameters(folder)
    taken = {parameter.name for parameter in known_parameters.values()}
    for lever in known_levers.values():
        if lever.name in taken:
            raise TableError(f"levers.csv, column name: found {lever.name!r}; allowed: no name of a parameter")
    baseline = {
        "planning": known_levers["I17a"].baseline,
        "customs": known_levers["I08a"].baseline,
        "industry": known_levers["I17d"].baseline / 100.0,
    }
    for link in links(folder):
        if link.layer in baseline and link.weight_2020 != baseline[link.layer]:
            ends = f"{link.source_node} to {link.target_node}"
            raise TableError(
                f"links.csv, {ends}, column weight_2020: found {link.weight_2020}; "
                f"allowed: {baseline[link.layer]:g}, the baseline of the lever that sets layer {link.layer}"
            )
    for load in (base_cells, linkages, parks, paths, province, targets):
        load(folder)

"""What is given from outside: paths of province and country, totals that fix the start, targets."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sim.calibration.checks import (
    Row,
    TableError,
    columns_of,
    origin,
    read_rows,
    refuse_late,
    table_folder,
    titles,
    unique,
)
from sim.calibration.records import PathValue, ProvinceFigure, Target
from sim.calibration.units import UNITS
from sim.errors import nearest

PATHS = ("observed", "as_seen_in_2020")
PATH_VARIABLES = (
    "province_gdp_growth",
    "province_secondary_growth",
    "province_fai_growth",
    "province_industry_growth",
    "province_hightech_growth",
    "rest_of_china_growth",
    "kunming_gdp_growth",
)
PATH_YEARS = range(2021, 2031)
REFERENCE = "reference_growth"


@functools.cache
def paths(folder: Path | None = None) -> Mapping[tuple[str, str, int], PathValue]:
    """Return the values by path, variable and year; a path has every variable in every year and a reference growth."""
    rows = read_rows(table_folder(folder), "paths.csv", columns_of(PathValue))
    unique(rows, "path", "variable", "year")
    read = [_path_value(row) for row in rows]
    present = {(value.path, value.variable, value.year): value for value in read}
    wanted = {(path, variable, year) for path in PATHS for variable in PATH_VARIABLES for year in PATH_YEARS}
    for path, variable, year in sorted(wanted - set(present)):
        raise TableError(f"paths.csv, column year: found no {variable} of {path} in {year}; allowed: 2021 to 2030")
    for path in PATHS:
        if (path, REFERENCE, 2020) not in present:
            raise TableError(f"paths.csv, column variable: found no {REFERENCE} of {path}; allowed: one row, year 2020")
    return MappingProxyType(present)


def _path_value(row: Row) -> PathValue:
    variable = row.choice("variable", (*PATH_VARIABLES, REFERENCE))
    years = (2020, 2020) if variable == REFERENCE else (PATH_YEARS[0], PATH_YEARS[-1])
    return PathValue(
        path=row.choice("path", PATHS),
        year=row.whole("year", *years),
        variable=variable,
        value=row.number("value", -50.0, 100.0),
        unit=row.choice("unit", ("% per year",)),
        **origin(row),
    )


def path_series(path: str, variable: str, folder: Path | None = None) -> dict[int, float]:
    """Return one variable of one path by year, in % per year."""
    series = {key[2]: value.value for key, value in paths(folder).items() if key[:2] == (path, variable)}
    if not series:
        raise TableError(f"paths.csv: no {variable!r} of path {path!r}; paths {PATHS}, variables {PATH_VARIABLES}")
    return series


@functools.cache
def province(folder: Path | None = None) -> Mapping[tuple[str, int], ProvinceFigure]:
    """Return the totals that fix the start, by variable and year; no row after 2020 but the declared exceptions."""
    rows = read_rows(table_folder(folder), "province.csv", columns_of(ProvinceFigure))
    unique(rows, "variable", "year")
    figures = [_figure(row) for row in rows]
    return MappingProxyType({(figure.variable, figure.year): figure for figure in figures})


def _figure(row: Row) -> ProvinceFigure:
    year = row.whole("year", 2010, 2030)
    refuse_late(row, row.cells["variable"], year)
    value, low, high = row.number("value"), row.number("low"), row.number("high")
    row.inside("value", value, low, high)
    return ProvinceFigure(
        variable=row.identifier("variable"),
        year=year,
        value=value,
        low=low,
        high=high,
        unit=row.choice("unit", UNITS),
        **origin(row),
    )


def province_figure(variable: str, year: int = 2020, folder: Path | None = None) -> ProvinceFigure:
    """Return one total of one year; `TableError` names close variables when there is no such row."""
    figures = province(folder)
    if (variable, year) not in figures:
        close = nearest(variable, {name for name, _ in figures})
        years = sorted(known for name, known in figures if name == variable)
        raise TableError(f"province.csv: no {variable!r} in {year}; its years: {years}; close names: {close}")
    return figures[variable, year]


@functools.cache
def targets(folder: Path | None = None) -> Mapping[str, Target]:
    """Return the targets of articles 2 and 22 by id, nine of them counted."""
    rows = read_rows(table_folder(folder), "targets.csv", columns_of(Target))
    unique(rows, "id")
    result = {row.cells["id"]: _target(row) for row in rows}
    if sum(target.counted for target in result.values()) != 9:
        raise TableError("targets.csv, column counted: found another number of counted targets; allowed: nine")
    return MappingProxyType(result)


def _target(row: Row) -> Target:
    return Target(
        id=row.identifier("id"),
        article=row.whole("article", 2, 22),
        **titles(row),
        unit=row.choice("unit", UNITS),
        threshold=row.number("threshold", 0.0),
        counted=row.flag("counted"),
        rule_applies=row.flag("rule_applies"),
        source=row.source("source"),
    )

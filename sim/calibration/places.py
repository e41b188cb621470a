"""Sectors and places: what is where in 2020, the edges between sites, and land."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sim.calibration.checks import (
    CONFIDENCE,
    Row,
    TableError,
    column_sum,
    columns_of,
    origin,
    read_rows,
    refuse_late,
    sums_to,
    table_folder,
    titles,
    unique,
)
from sim.calibration.records import BaseCell, Link, Linkage, ParkRow, Sector, Site

LAYERS = ("transport", "planning", "services", "industry", "environment", "customs")


@functools.cache
def sectors(folder: Path | None = None) -> Mapping[str, Sector]:
    """Return the sectors by id; shares of skills, of demand and of projects add up to one."""
    rows = read_rows(table_folder(folder), "sectors.csv", columns_of(Sector))
    unique(rows, "id")
    result = {row.cells["id"]: _sector(row) for row in rows}
    column_sum("sectors.csv", "project_value_share", result.values(), lambda s: s.project_value_share, 1.0, 1e-9)
    return MappingProxyType(result)


def _sector(row: Row) -> Sector:
    flags = {column: row.flag(column) for column in ("industrial", "hightech_sector")}
    amounts = {
        column: row.number(column, 0.0) for column in ("capital_output", "va_per_worker", "energy_tce_per_mn_va")
    }
    named = {"id", "title_zh", "title_en", "source", "confidence", *flags, *amounts}
    shares = {column: row.share(column) for column in columns_of(Sector) if column not in named}
    sums_to(row, ("skill_basic", "skill_technical", "skill_graduate", "skill_high"), 1.0)
    sums_to(row, ("demand_province", "demand_rest_of_china", "demand_exports"), 1.0)
    return Sector(id=row.identifier("id"), **titles(row), **flags, **amounts, **shares, **origin(row))  # type: ignore[arg-type]


@functools.cache
def linkages(folder: Path | None = None) -> tuple[Linkage, ...]:
    """Return who supplies whom, as weights between sectors; the weights of each buyer add up to one."""
    rows = read_rows(table_folder(folder), "linkages.csv", columns_of(Linkage))
    unique(rows, "supplier", "buyer")
    known = list(sectors(folder))
    result = tuple(
        Linkage(
            supplier=row.choice("supplier", known),
            buyer=row.choice("buyer", known),
            weight=row.share("weight"),
            **origin(row),
        )
        for row in rows
    )
    for buyer in known:
        bought = [linkage for linkage in result if linkage.buyer == buyer]
        column_sum("linkages.csv", f"weight (buyer {buyer})", bought, lambda linkage: linkage.weight, 1.0, 1e-9)
    return result


@functools.cache
def base_cells(folder: Path | None = None) -> tuple[BaseCell, ...]:
    """Return the base of 2020 by site and sector; it adds up to the working totals of the New Area."""
    rows = read_rows(table_folder(folder), "base2020.csv", columns_of(BaseCell))
    unique(rows, "site", "sector")
    known_sectors = sectors(folder)
    known_sites = [site.id for site in sites(folder).values() if site.role == "new_area"]
    cells = tuple(
        BaseCell(
            site=row.choice("site", known_sites),
            sector=row.choice("sector", list(known_sectors)),
            value_added=row.number("value_added", 0.0),
            employment=row.whole("employment", 1, 1_000_000),
            capital=row.number("capital", 0.0),
            n_firms=row.whole("n_firms", 1, 100_000),
            basis=row.source("basis"),
            confidence=row.choice("confidence", CONFIDENCE),
        )
        for row in rows
    )
    industry = [cell for cell in cells if known_sectors[cell.sector].industrial]
    column_sum("base2020.csv", "value_added", cells, lambda cell: cell.value_added, 89_500, 1)
    column_sum("base2020.csv", "value_added (industrial sectors)", industry, lambda cell: cell.value_added, 29_000, 1)
    column_sum("base2020.csv", "employment", cells, lambda cell: cell.employment, 560_000, 10)
    column_sum("base2020.csv", "capital", cells, lambda cell: cell.capital, 121_998, 1)
    column_sum("base2020.csv", "n_firms", cells, lambda cell: cell.n_firms, 60_000, 10)
    return cells


@functools.cache
def sites(folder: Path | None = None) -> Mapping[str, Site]:
    """Return the places of the integration graph by id."""
    rows = read_rows(table_folder(folder), "sites.csv", columns_of(Site))
    unique(rows, "id")
    return MappingProxyType({row.cells["id"]: _site(row) for row in rows})


def _site(row: Row) -> Site:
    role = row.choice("role", ("new_area", "kunming", "outer", "source", "hub"))
    market_output = row.optional("market_output", 0.0)
    if (market_output is None) != (role == "new_area"):
        row.fail("market_output", "empty exactly where role is new_area (its output is in base2020.csv)")
    return Site(
        id=row.identifier("id"),
        **titles(row),
        role=role,
        kind=row.identifier("kind"),
        lon=row.number("lon", 95.0, 125.0),
        lat=row.number("lat", 20.0, 35.0),
        area=row.optional("area", 0.0),
        market_output=market_output,
        notes=row.text("notes"),
        **origin(row),
    )


@functools.cache
def links(folder: Path | None = None) -> tuple[Link, ...]:
    """Return the edges of every layer; each site is reached from Kunming over open transport edges."""
    rows = read_rows(table_folder(folder), "links.csv", columns_of(Link))
    unique(rows, "source_node", "target_node", "layer", "mode")
    known = list(sites(folder))
    result = tuple(_link(row, known) for row in rows)
    reached, before = {"kunming_centre"}, 0
    while len(reached) > before:
        before = len(reached)
        for link in result:
            if link.layer == "transport" and link.state == "open" and reached & {link.source_node, link.target_node}:
                reached |= {link.source_node, link.target_node}
    for site in known:
        if site not in reached:
            raise TableError(f"links.csv: found no open transport edge to {site!r}; allowed: every site is reached")
    return result


def _link(row: Row, known: list[str]) -> Link:
    source, target = row.choice("source_node", known), row.choice("target_node", known)
    if source == target:
        row.fail("target_node", "another site than source_node")
    layer = row.choice("layer", LAYERS)
    state = row.choice("state", ("open", "construction", "planned"))
    transport = layer == "transport"
    minutes_2020 = row.optional("minutes_2020", 1.0, 6000.0)
    minutes_2025 = row.optional("minutes_2025", 1.0, 6000.0)
    for column, minutes in (("minutes_2020", minutes_2020), ("minutes_2025", minutes_2025)):
        if (minutes is not None) != (transport and state == "open"):
            row.fail(column, "a time exactly where layer is transport and state is open, otherwise empty")
    weight = row.optional("weight_2020", 0.0, 1.0)
    if (weight is None) != transport:
        row.fail("weight_2020", "a weight from 0 to 1, empty exactly where layer is transport")
    return Link(
        source_node=source,
        target_node=target,
        layer=layer,
        mode=row.choice("mode", ("road", "metro", "hsr", "rail_emu") if transport else ("agreement",)),
        weight_2020=weight,
        minutes_2020=minutes_2020,
        minutes_2025=minutes_2025,
        km=row.optional("km", 0.0, 5000.0),
        state=state,
        cost=row.number("cost", 0.0),
        **origin(row),
    )


@functools.cache
def parks(folder: Path | None = None) -> Mapping[str, ParkRow]:
    """Return the land of parks, districts and towns by id; the planned areas add up to the approved 482 km2."""
    rows = read_rows(table_folder(folder), "parks.csv", columns_of(ParkRow))
    unique(rows, "id")
    unique(rows, "site")
    places = sites(folder)
    result = {row.cells["id"]: _park(row, places) for row in rows}
    inside = [park for park in result.values() if park.kind != "rival"]
    for site in places.values():
        if site.role == "new_area" and site.id not in {park.site for park in inside}:
            raise TableError(f"parks.csv, column site: found no row for {site.id!r}; allowed: every New Area site")
    column_sum("parks.csv", "planned_area", inside, lambda park: park.planned_area, 482.0, 0.5)
    return MappingProxyType(result)


def _park(row: Row, places: Mapping[str, Site]) -> ParkRow:
    kind = row.choice("kind", ("park", "district", "town", "rival"))
    site = row.choice("site", list(places))
    if (places[site].role == "new_area") == (kind == "rival"):
        row.fail("kind", "rival exactly where the site is outside the New Area")
    planned = row.number("planned_area", 0.0, 500.0)
    developed = row.number("developed_area", 0.0, planned)
    year = row.whole("year", 2010, 2030)
    refuse_late(row, row.cells["id"], year)
    return ParkRow(
        id=row.identifier("id"),
        **titles(row),
        site=site,
        kind=kind,
        planned_area=planned,
        developed_area=developed,
        industrial_land=row.number("industrial_land", 0.0, developed),
        year=year,
        **origin(row),
    )

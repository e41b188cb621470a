"""Numbers that could be argued about: parameters, assumptions and policy levers."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from sim.calibration.checks import Row, columns_of, origin, read_rows, table_folder, titles, unique
from sim.calibration.records import Lever, Parameter
from sim.calibration.units import UNITS

BLOCKS = (
    "administration",
    "demand",
    "energy",
    "finance",
    "firm_dynamics",
    "fiscal",
    "government",
    "housing",
    "implementation",
    "infrastructure",
    "innovation",
    "investment",
    "labour",
    "land",
    "location",
    "network",
    "parks",
    "production",
    "province",
    "recruitment",
    "spillover",
    "start",
    "talent",
    "targets",
)
SUBJECTS = (
    "business_environment",
    "finance",
    "fiscal",
    "governance",
    "industry",
    "innovation",
    "integration",
    "land",
    "livability",
    "opening",
    "operation",
    "organisation",
    "planning",
    "platforms",
    "recruitment",
    "talent",
)


@functools.cache
def parameters(folder: Path | None = None) -> Mapping[str, Parameter]:
    """Return every number of `parameters.csv` and `assumptions.csv` by id."""
    place = table_folder(folder)
    rows = read_rows(place, "parameters.csv", columns_of(Parameter))
    if place.joinpath("assumptions.csv").is_file():
        rows += read_rows(place, "assumptions.csv", columns_of(Parameter))
    for column in ("id", "name", "symbol"):
        unique(rows, column)
    return MappingProxyType({row.cells["id"]: _parameter(row) for row in rows})


def _parameter(row: Row) -> Parameter:
    kind = "N" if row.file == "assumptions.csv" else "[PQ]"
    low, high = row.number("low"), row.number("high")
    value = row.number("value")
    row.inside("value", value, low, high)
    role = row.choice("role", ("uncertain", "fixed", "check"))
    row.choice("distribution", ("triangular",) if role == "uncertain" else ("fixed",))
    name = row.matching("name", r"[a-z][a-z_]*\.[a-z][a-z0-9_]*", "<block>.<symbol>, in lower snake_case")
    block, _, tail = name.partition(".")
    if block not in BLOCKS:
        row.fail("name", "a block out of " + ", ".join(BLOCKS))
    symbol = row.matching("symbol", r"[A-Za-z][A-Za-z0-9_]*", "a Python identifier")
    if tail != symbol.lower():
        row.fail("name", f"{block}.{symbol.lower()} (the symbol in lower case)")
    return Parameter(
        id=row.matching("id", kind + r"\d\d\d?", f"{kind} and two or three digits"),
        name=name,
        symbol=symbol,
        **titles(row),
        value=value,
        low=low,
        high=high,
        unit=row.choice("unit", UNITS),
        role=role,
        distribution=row.cells["distribution"],
        mechanism=row.text("mechanism"),
        **origin(row),
    )


@functools.cache
def levers(folder: Path | None = None) -> Mapping[str, Lever]:
    """Return the levers of this release by id."""
    rows = read_rows(table_folder(folder), "levers.csv", columns_of(Lever))
    unique(rows, "id")
    unique(rows, "name")
    known = {row.cells["id"]: row for row in rows}
    return MappingProxyType({id: _lever(row, known) for id, row in known.items()})


def _lever(row: Row, known: Mapping[str, Row]) -> Lever:
    id = row.matching("id", r"I\d\d[a-z]", "I, two digits of the article, a letter")
    article = row.whole("article", 2, 22)
    if article != int(id[1:3]):
        row.fail("article", f"{int(id[1:3])} (the digits of the id)")
    subject = row.choice("subject", SUBJECTS)
    low, high = row.number("low"), row.number("high")
    evidence = row.choice("evidence", ("figure", "absolute wording", "direction"))
    policy_value = row.optional("policy_value", low, high)
    if (policy_value is None) != (evidence == "direction"):
        row.fail("policy_value", "empty exactly where evidence is direction")
    for column in ("cost_formula", "mechanism", "notes"):
        for mentioned in re.findall(r"\bI\d\d[a-z]\b", row.cells[column]):
            if mentioned not in known:
                row.fail(column, f"no mention of {mentioned}, which is not a lever of this release")
    return Lever(
        id=id,
        name=row.matching("name", subject + r"\.[a-z][a-z_]*", f"{subject}.<words in snake_case>"),
        article=article,
        subject=subject,
        **titles(row),
        unit=row.choice("unit", UNITS),
        baseline=row.number("baseline", low, high),
        policy_value=policy_value,
        suggested=row.number("suggested", low, high),
        low=low,
        high=high,
        evidence=evidence,
        effect=row.choice("effect", ("exact", "implemented")),
        direction=row.choice("direction", ("supports", "restricts")),
        kind=row.choice("kind", ("amount", "rule")),
        needs=_needs(row, known),
        payer=row.choice("payer", ("new_area", "province", "kunming", "none")),
        cost_formula=row.text("cost_formula"),
        mechanism=row.text("mechanism"),
        source=row.source("source"),
        notes=row.text("notes"),
    )


def _needs(row: Row, known: Mapping[str, Row]) -> tuple[tuple[str, float], ...]:
    pairs = []
    for part in filter(None, row.text("needs", blank=True).split(";")):
        id, _, value = part.partition("=")
        if id not in known or id == row.cells["id"]:
            row.fail("needs", "ids of other levers with a value, such as I09h=2;I06g=24")
        try:
            background = float(value)
        except ValueError:
            row.fail("needs", "ids of other levers with a value, such as I09h=2;I06g=24")
        row.inside("needs", background, known[id].number("low"), known[id].number("high"))
        pairs.append((id, background))
    return tuple(pairs)

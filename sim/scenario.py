"""A scenario: the levers that differ from the 2020 baseline, the assumptions, and any hypothetical parks and links.

A scenario is read from TOML or built from a mapping, checked completely at this door, and never changes afterwards.
Its normal form is TOML again, so a stored copy can be read back, and its sha256 identifies what was run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sim.errors import InputError, nearest
from sim.toml_guard import parse_toml, read_toml

LAST_QUARTER = 40
_FIRST_YEAR = 2021


def quarter_of(text: str) -> int | None:
    """Return the quarter number of a date such as `2022Q1` (1 is 2021Q1, 40 is 2030Q4), or None if it is no such
    date.
    """
    if len(text) != 6 or not text.isascii() or text[4] not in "Qq" or text[5] not in "1234" or not text[:4].isdigit():
        return None
    quarter = (int(text[:4]) - _FIRST_YEAR) * 4 + int(text[5])
    return quarter if 1 <= quarter <= LAST_QUARTER else None


def date_of(quarter: int) -> str:
    """Return the date of a quarter number: 1 gives `2021Q1`."""
    return f"{_FIRST_YEAR + (quarter - 1) // 4}Q{(quarter - 1) % 4 + 1}"


@dataclass(frozen=True, slots=True)
class Setting:
    """The value of one lever and when it holds.

    `start` and `end` are quarters counted from 1 (2021Q1), both inclusive; `end` None means to the end of the run.
    Over the first `ramp` quarters the value grows in equal steps from the baseline.
    """

    value: float
    start: int = 1
    end: int | None = None
    ramp: int = 0


@dataclass(frozen=True)
class Scenario:
    """One policy: settings by lever id, assumptions by parameter id, hypothetical parks and links.

    `title` and `why` hold one text per language, keys `zh` and `en`. All mappings are read-only.
    """

    name: str
    title: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    levers: Mapping[str, Setting] = field(default_factory=dict)
    assumptions: Mapping[str, float] = field(default_factory=dict)
    parks: tuple[Mapping[str, Any], ...] = ()
    links: tuple[Mapping[str, Any], ...] = ()

    def __post_init__(self) -> None:
        """Sort and freeze the mappings, so that equal scenarios are equal whatever order they were written in."""
        for name in ("title", "why", "levers", "assumptions"):
            object.__setattr__(self, name, MappingProxyType(dict(sorted(getattr(self, name).items()))))
        for name in ("parks", "links"):
            object.__setattr__(self, name, tuple(MappingProxyType(dict(row)) for row in getattr(self, name)))

    def __reduce__(self) -> tuple[type[Scenario], tuple[Any, ...]]:
        """Pickle as plain dictionaries: read-only views cannot travel to a worker process."""
        mappings = (dict(self.title), dict(self.why), dict(self.levers), dict(self.assumptions))
        return Scenario, (self.name, *mappings, tuple(map(dict, self.parks)), tuple(map(dict, self.links)))

    def __hash__(self) -> int:
        """Hash by normal form, as equality does."""
        return hash(self.normal_form())

    def with_levers(self, changes: Mapping[str, float | Setting | Mapping[str, Any]]) -> Scenario:
        """Return this scenario with the given levers (by id or dotted name) set; checked as a file is. Raises
        InputError.
        """
        from sim.scenario_rules import check_levers

        return replace(self, levers={**self.levers, **check_levers(changes)})

    def with_assumptions(self, changes: Mapping[str, float]) -> Scenario:
        """Return this scenario with the given parameters (by id or dotted name) set; checked as a file is. Raises
        InputError.
        """
        from sim.scenario_rules import check_assumptions

        return replace(self, assumptions={**self.assumptions, **check_assumptions(changes)})

    def only(self, direction: str) -> Scenario:
        """Return the part of this policy that restricts or that supports; hypothetical parks and links are support."""
        from sim.calibration.tables import levers

        table = levers()
        chosen = {lever: setting for lever, setting in self.levers.items() if table[lever].direction == direction}
        build = direction == "supports"
        return replace(
            self,
            name=f"{self.name}:{direction}",
            levers=chosen,
            parks=self.parks if build else (),
            links=self.links if build else (),
        )

    def normal_form(self) -> str:
        """Return the scenario as canonical TOML text: fixed order, ids instead of names, one line per setting."""
        from sim.scenario_text import normal_form

        return normal_form(self)

    @property
    def sha256(self) -> str:
        """Return the sha256 of the normal form in UTF-8, as hexadecimal text."""
        return hashlib.sha256(self.normal_form().encode()).hexdigest()


def scenario_names() -> list[str]:
    """Return the names of the scenarios that come with the program: files, then the parts cut out of one of them."""
    from sim.presets import PARTS

    folder = resources.files("sim") / "scenarios"
    found = [entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    order = {"baseline": 0, "as_written": 1, "ambitious": 2}
    return [*sorted(found, key=lambda name: (order.get(name, len(order)), name)), *PARTS]


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Read a scenario by the name of one that comes with the program, or from a TOML file. Raises InputError."""
    from sim.presets import PARTS, preset
    from sim.scenario_rules import scenario_from_document

    if isinstance(name_or_path, str) and name_or_path in PARTS:
        return preset(name_or_path)
    if isinstance(name_or_path, str) and name_or_path in scenario_names():
        raw = (resources.files("sim") / "scenarios" / f"{name_or_path}.toml").read_bytes()
        source = f"{name_or_path}.toml"
        return scenario_from_document(parse_toml(raw, source, finite=False), source, name_or_path)
    path = Path(name_or_path)
    looks_like_a_file = isinstance(name_or_path, Path) or path.suffix == ".toml" or len(path.parts) > 1
    if not looks_like_a_file and not _exists(path):
        close = nearest(str(name_or_path), scenario_names()) or scenario_names()
        raise InputError(
            f"no scenario {str(name_or_path)!r}; did you mean {' or '.join(close)}? "
            "A scenario of your own is named by its file, ending in .toml"
        )
    return scenario_from_document(read_toml(path, finite=False), str(name_or_path), path.stem)


def scenario_from_mapping(mapping: Mapping[str, Any], source: str = "scenario") -> Scenario:
    """Build a scenario from a mapping laid out as the TOML file is; `source` names it in errors. Raises InputError."""
    from sim.scenario_rules import scenario_from_document

    return scenario_from_document({"format": 1, **mapping}, source, "scenario")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False

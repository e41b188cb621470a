"""A study: which scenarios, levers and assumptions are crossed, how often each point is run, and what is kept.

A study is read from TOML, checked completely at this door, and never changes afterwards. What a study is
identified by (`sha256`) is everything that changes a result or a stored file: the scenarios, the table of points, the
seed, the number of replicates or the precision, scale, horizon, definitions, fixed assumptions and `[store]`. The
question and the limits of `[failures]` do not, nor do comments, the order of keys, or names in place of ids.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.ensemble import DEFAULT_REPLICATES, DEFAULT_SCALE, DEFAULT_SEED
from experiments.sweep.design import POLICY, START, UNCERTAIN, Design, Row, Varied, discrepancy, table
from experiments.sweep.looks import Precision, part_of_looks
from sim.scenario import Scenario, Setting

if TYPE_CHECKING:
    from experiments.sweep.sweep import Sweep

SCENARIO_COLUMN = "scenario"
_LARGEST_PART, _FEWEST_PARTS, _MOST_PARTS = 512, 32, 256


@dataclass(frozen=True)
class Limits:
    """What may fail: the share of runs, retries of killed workers, seconds and megabytes of one run."""

    allow: float = 0.0
    retry: int = 2
    timeout_s: float = 120.0
    memory_mb: int = 2048


@dataclass(frozen=True, slots=True)
class Point:
    """One combination: a scenario by name, values by lever id, first quarters by lever id, assumptions by id."""

    ident: int
    scenario: str
    levers: Mapping[str, float]
    starts: Mapping[str, int]
    assume: Mapping[str, float]


@dataclass(frozen=True)
class Study:
    """Everything that decides the runs of a sweep; build it with `Study.read`.

    `assume` joins the assumptions of all scenarios and of `[assume]`: they are compared in one world. `varied` is in
    the order of the tables: levers, first quarters, assumptions. With a `precision`, `replicates` are the most that it
    may take.
    """

    scenarios: tuple[Scenario, ...]
    varied: tuple[Varied, ...]
    design: Design
    question: str = ""
    replicates: int = DEFAULT_REPLICATES
    precision: Precision | None = None
    seed: int = DEFAULT_SEED
    scale: int = DEFAULT_SCALE
    horizon: int = 2025
    share: str = "published"
    path: str = "observed"
    rule: str = "average"
    assumptions: str = "sampled"
    assume: Mapping[str, float] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    series: bool = False

    @staticmethod
    def read(path: str | Path) -> Study:
        """Read and check a study file and the files it names. Raises one InputError with all errors at once."""
        from experiments.sweep.study_rules import read_study

        return read_study(Path(path))

    def sweep(self, folder: str | Path, **options: Any) -> Sweep:
        """Run the study into a folder, or go on where it stopped; `options` are the fields of `sweep.Options`."""
        from experiments.sweep.sweep import Options, run_sweep

        return run_sweep(self, folder, Options(**options))

    def __hash__(self) -> int:
        """Hash by identity; equal studies have equal ones."""
        return hash(self.sha256)

    def points(self) -> tuple[Point, ...]:
        """Return the points in the order of the design, at each row of it every scenario."""
        return self._points

    @cached_property
    def _points(self) -> tuple[Point, ...]:
        names = [scenario.name for scenario in self.scenarios]
        points: list[Point] = []
        for row in table(self.design, self.varied):
            groups = self._groups(row)  # shared by the scenarios of the row
            for name in names:
                points.append(Point(len(points), name, *groups))
        return tuple(points)

    def _groups(self, row: Row) -> tuple[dict[str, float], dict[str, int], dict[str, float]]:
        levers: dict[str, float] = {}
        starts: dict[str, int] = {}
        assume: dict[str, float] = {}
        for axis, value in zip(self.varied, row, strict=True):
            if axis.group == START:
                starts[axis.ident] = int(value)
            elif axis.group == POLICY:
                levers[axis.ident] = value
            else:
                assume[axis.ident] = value
        return levers, starts, assume

    def scenario_at(self, point: Point) -> Scenario:
        """Return the scenario with the levers and first quarters of a point; its assumptions are in `assume_at`.

        A lever of the scenario keeps its other dates and its ramp.
        """
        base = self._by_name[point.scenario]
        levers = dict(base.levers)
        for ident, value in point.levers.items():
            levers[ident] = replace(levers.get(ident, Setting(value)), value=value)
        for ident, start in point.starts.items():
            levers[ident] = replace(levers[ident], start=start)
        return replace(base, levers=levers, assumptions={})

    def assume_at(self, point: Point) -> dict[str, float]:
        """Return the assumptions of a point by parameter id: the fixed ones and its own."""
        return {**self.assume, **point.assume}

    @cached_property
    def _by_name(self) -> dict[str, Scenario]:
        return {scenario.name: scenario for scenario in self.scenarios}

    @cached_property
    def _hashes(self) -> dict[str, str]:
        return {scenario.name: scenario.sha256 for scenario in self.scenarios}

    def runs(self) -> int:
        """Return the number of runs, at most, without making the points."""
        return self.number_of_points() * self.replicates

    def number_of_points(self) -> int:
        """Return the number of points, without making them."""
        return self.design.size(self.varied) * len(self.scenarios)

    def part_size(self) -> int:
        """Return how many consecutive runs a part of its store holds."""
        points = self.number_of_points()
        return part_size(self.runs(), points) if self.precision is None else part_of_looks(points)

    def discrepancy(self) -> float | None:
        """Return the centred discrepancy of a sampled design (smaller is more even); None for other kinds and where
        it would take long.
        """
        return discrepancy(self.design, len(self.varied))

    def normal_form(self) -> str:
        """Return the study as canonical TOML text; with `files` beside it, it reads back as an equal study."""
        from experiments.sweep.study_text import normal_form

        return normal_form(self)

    def files(self) -> dict[str, str]:
        """Return every file a copy of the study consists of, by name: study.toml, the scenarios, points.csv."""
        from experiments.sweep.study_text import files

        return files(self)

    @property
    def sha256(self) -> str:
        """Return what identifies the study, as hexadecimal text; see the module's first lines."""
        return self._sha256

    @cached_property
    def _sha256(self) -> str:
        from experiments.sweep.study_text import identity

        return hashlib.sha256(identity(self).encode()).hexdigest()


def columns(study: Study) -> tuple[str, ...]:
    """Return the names of the varied columns in points and runs; `scenario` is one only if there are several."""
    several = (SCENARIO_COLUMN,) if len(study.scenarios) > 1 else ()
    return (*several, *(axis.column for axis in study.varied))


def varied_values(study: Study, point: Point) -> dict[str, Any]:
    """Return the values of a point by column; first quarters are counted from 1 (2021Q1)."""
    values: dict[str, Any] = {SCENARIO_COLUMN: point.scenario} if len(study.scenarios) > 1 else {}
    group_of = {POLICY: point.levers, START: point.starts, UNCERTAIN: point.assume}
    return values | {axis.column: group_of[axis.group][axis.ident] for axis in study.varied}


def point_rows(study: Study) -> list[dict[str, Any]]:
    """Return one row per point: point_id, point_hash, scenario and the varied columns."""
    return [
        {
            "point_id": point.ident,
            "point_hash": point_hash(study, point),
            SCENARIO_COLUMN: point.scenario,
            **varied_values(study, point),
        }
        for point in study.points()
    ]


def point_hash(study: Study, point: Point) -> str:
    """Return the sha256 of a point's canonical JSON: scenario sha256, levers, first quarters, all assumptions set."""
    content = {
        "scenario": study._hashes[point.scenario],
        "levers": dict(point.levers),
        "starts": dict(point.starts),
        "assumptions": study.assume_at(point),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def part_size(total: int, points: int) -> int:
    """Return how many consecutive runs a part holds in a sweep of `total` runs of so many points.

    A function of the study alone. Runs of one part can share a start and a path, so it holds many points of a
    replicate, but there are enough parts (32 or more, if there are as many runs) to keep workers busy and to lose
    little with one.
    """
    together = min(points, math.ceil(total / _FEWEST_PARTS))
    return max(1, min(_LARGEST_PART, max(together, math.ceil(total / _MOST_PARTS))))

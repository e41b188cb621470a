"""What a worker of a sweep does: run the runs of a part, turn what fails into rows, and write the part.

Runs of one world (replicate, places, assumptions) are computed one after the other, so that they share their start and
the quarters in which their policies are equal. Nothing of that changes a bit of a row.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import TYPE_CHECKING, Any

from experiments.engine import Arm, Definitions, ModelEngine, seed_sequence
from experiments.ensemble import content_of
from experiments.sweep.jobs import Job
from experiments.sweep.manifest import run_id
from experiments.sweep.schema import RunRow, outcomes
from experiments.sweep.stems import Path, Stems, Trail, path_of, trails
from experiments.sweep.store import Entry, SweepStore
from experiments.sweep.study import Point, Study, point_hash, varied_values

if TYPE_CHECKING:
    from sim.params import Parameters
    from sim.scenario import Scenario

_ROOT = File(__file__).resolve().parent.parent.parent
_MODEL = ("sim", "agents")

World = tuple[int, str, tuple[tuple[str, float], ...]]  # replicate, places, assumptions


@dataclass(frozen=True, slots=True)
class Computed:
    """The row of a run, and its indicators quarter by quarter if they are kept."""

    row: RunRow
    record: dict[str, tuple[float, ...]] | None = None


class SweepWork:
    """The work of one sweep, for the pool: small and picklable, warm once it has run something."""

    preload = ("sim.model", "experiments.engine")

    def __init__(self, study: Study, store: SweepStore) -> None:
        """Take the study that decides the runs, and the store that keeps them."""
        self.study, self.store = study, store
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        """Travel to a worker without what has been computed."""
        return {"study": self.study, "store": self.store}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Arrive with nothing computed yet."""
        self.study, self.store = state["study"], state["store"]
        self._forget()

    def _forget(self) -> None:
        self._engine = ModelEngine()
        self._replicates: frozenset[int] = frozenset()  # of the job at hand
        self._drawn: dict[int, Parameters] = {}
        self._world: World | None = None
        self._stems = Stems(self._build, {})
        self._trails: dict[int, Trail] = {}

    # What the pool asks for -------------------------------------------------------------------------------------------

    def jobs(self, parts: Iterable[int]) -> Iterable[Job]:
        """Yield the job of each part, its runs in the order in which they share most."""
        for part in parts:
            numbers = self.store.run_numbers(part)
            yield Job(part, tuple(number for number, _ in self._shared(numbers)))

    def prepare(self) -> None:
        """Import the model."""
        self._engine.prepare()

    def begin(self, job: Job) -> None:
        """Plan which runs of a job share a path; a run that is asked for by itself is computed from its start."""
        self._trails = dict(self._shared(job.runs))
        self._replicates = frozenset(self.place(number)[1] for number in job.runs)
        self._world = None

    def run(self, number: int) -> Computed:
        """Return the row of one run; what the model raises is its row."""
        row = self.row(number)
        try:
            return self._computed(number, row)
        except Exception as error:  # a failed run is a row, whatever failed
            self._world = None  # its stems may have been left half-way
            text = f"{type(error).__name__}: {error}"
            return Computed(replace(row, status="failed", error=text, traceback=model_trace(error)))

    def lost(self, number: int, status: str, message: str) -> Computed:
        """Return the row of a run that was killed or took too long."""
        return Computed(replace(self.row(number), status=status, error=message))

    def finish(self, job: Job, rows: list[Computed]) -> Entry:
        """Write the part and return its entry."""
        ordered = [rows[place] for place in sorted(range(len(rows)), key=lambda place: job.runs[place])]
        draws = {new: self.drawn(new).values for new in self.store.new_replicates(job.number)}
        return self.store.write_part(job.number, [one.row for one in ordered], [one.record for one in ordered], draws)

    # One run ----------------------------------------------------------------------------------------------------------

    def row(self, number: int) -> RunRow:
        """Return the row of a run before it is run."""
        point, replicate = self.place(number)
        identity = run_id(self.study.sha256, point_hash(self.study, point), replicate)
        varied = varied_values(self.study, point)
        return RunRow(identity, point.ident, replicate, self.study.seed, varied=varied)

    def place(self, number: int) -> tuple[Point, int]:
        """Return the point and the replicate of a run."""
        points = self.study.points()
        return points[number % len(points)], number // len(points)

    def _computed(self, number: int, row: RunRow) -> Computed:
        point, replicate = self.place(number)
        scenario = self.study.scenario_at(point)
        arm = self._arm(scenario, self._parameters(point, replicate), replicate)
        world = self._world_of(point, replicate, scenario)
        if world != self._world:
            self._world, self._start = world, self._engine.start(arm)
            self._stems = Stems(self._build, self._trails)
        self._now = arm
        trail = self._trails.get(number)
        model = self._stems.run(number, scenario) if trail is not None else self._alone(arm)
        result = self._engine.result(arm, model)
        return Computed(replace(row, outcomes=outcomes(result)), result.record if self.study.series else None)

    def _build(self, scenario: Scenario) -> Any:
        return self._engine.model(replace(self._now, scenario=scenario), self._start)

    def _alone(self, arm: Arm) -> Any:
        return self._engine.model(arm, self._start).run(arm.definitions.quarters)

    def _parameters(self, point: Point, replicate: int) -> Parameters:
        drawn, assumed = self.drawn(replicate), self.study.assume_at(point)
        return drawn.replace(**assumed) if assumed else drawn

    def drawn(self, replicate: int) -> Parameters:
        """Return the parameters that all points of a replicate share, before what a point assumes."""
        if replicate not in self._drawn:
            # Those of a job are wanted again when it is written, and drawing them takes as long as a quarter.
            self._drawn = {old: values for old, values in self._drawn.items() if old in self._replicates}
            seed = None if self.study.assumptions == "central" else seed_sequence((self.study.seed, (replicate, 0)))
            self._drawn[replicate] = self._engine.parameters(seed, self.study.path)
        return self._drawn[replicate]

    def _arm(self, scenario: Scenario, parameters: Parameters, replicate: int) -> Arm:
        study = self.study
        asked = Definitions(study.share, study.rule, study.horizon)
        return Arm(scenario, parameters, (study.seed, (replicate, 1)), study.scale, study.path, asked)

    # Sharing ----------------------------------------------------------------------------------------------------------

    def _world_of(self, point: Point, replicate: int, scenario: Scenario) -> World:
        places = content_of(replace(scenario, levers={}, assumptions={}))
        return replicate, places, tuple(sorted(self.study.assume_at(point).items()))

    def _shared(self, numbers: Sequence[int]) -> Iterable[tuple[int, Trail]]:
        """Yield runs with their trails, world by world, each in the order in which its runs share most."""
        worlds: dict[World, list[tuple[int, Scenario]]] = {}
        for number in sorted(numbers):
            point, replicate = self.place(number)
            scenario = self.study.scenario_at(point)
            worlds.setdefault(self._world_of(point, replicate, scenario), []).append((number, scenario))
        for runs in worlds.values():
            order, found = trails(self._paths([scenario for _, scenario in runs]))
            yield from ((runs[k][0], trail) for k, trail in zip(order, found, strict=True))

    def _paths(self, scenarios: Sequence[Scenario]) -> list[Path]:
        """Return the policies of runs quarter by quarter, as far as they differ."""
        named = sorted({lever for scenario in scenarios for lever in scenario.levers})
        differing = [lever for lever in named if len({scenario.levers.get(lever) for scenario in scenarios}) > 1]
        quarters = Definitions(horizon=self.study.horizon).quarters
        return [path_of(scenario, differing, quarters) for scenario in scenarios]


def model_trace(error: BaseException) -> str:
    """Return the lines of the model in a traceback, with paths inside the project: the same on every machine and
    whether or not the run shared its path with others.
    """
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        try:
            path = File(frame.filename).resolve().relative_to(_ROOT)
        except ValueError:
            continue
        if path.parts[0] in _MODEL:
            frames.append(f'  File "{path.as_posix()}", line {frame.lineno}, in {frame.name}\n    {frame.line}\n')
    return "".join(frames) + f"{type(error).__name__}: {error}\n"

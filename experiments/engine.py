"""The one place where experiments touch the model: drawing, building, running and measuring one arm.

An ensemble asks for an `Engine`, so its statistics can be tested with a stand-in that answers at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from sim.scenario import Scenario, Setting

if TYPE_CHECKING:
    import numpy as np

    from experiments.places import Places
    from sim.model import RegionModel
    from sim.params import Parameters
    from sim.targets import Measure

FIRST_YEAR = 2020
_FLOW = " per quarter"

Yearly = tuple[float | None, ...]
PANELS = ("firms", "parks", "talent")


@dataclass(frozen=True, slots=True)
class Measured:
    """One target of one arm: the value in its unit or None if undefined, whether it was reached, the yearly values."""

    value: float | None
    reached: bool
    yearly: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ArmResult:
    """What one run of one arm leaves behind; plain numbers, so that it travels between processes unchanged.

    `record` holds quarters 0..t by indicator, `yearly` calendar years from 2020; `paid` and `rationed` are million yuan
    over the run by lever, the first with what is still owed; `frame` holds the agents of the last quarter if a panel
    was asked for.
    """

    targets: dict[str, Measured]
    record: dict[str, tuple[float, ...]]
    yearly: dict[str, Yearly]
    paid: dict[str, float]
    rationed: dict[str, float]
    frame: Any = None
    sites: Places | None = None


@dataclass(frozen=True, slots=True)
class Definitions:
    """How targets are measured: which base shares, which reach rule, up to which year."""

    share: str = "published"
    rule: str = "average"
    horizon: int = 2025

    @property
    def quarters(self) -> int:
        """Return the length of a run in quarters."""
        return 4 * (self.horizon - FIRST_YEAR)


@dataclass(frozen=True)
class Arm:
    """Everything that decides one run, apart from the start that the arms of a replicate share."""

    scenario: Scenario
    parameters: Parameters
    luck: tuple[int, tuple[int, ...]]  # root seed and spawn key; a fresh SeedSequence is made of them for every use
    scale: int
    path: str
    definitions: Definitions
    panel: str | None = None
    places: bool = False


class Engine(Protocol):
    """What an ensemble needs of a model."""

    def prepare(self) -> None:
        """Load what every run needs, once, before worker processes are made."""

    def parameters(self, seed: np.random.SeedSequence | None, path: str) -> Parameters:
        """Draw the uncertain numbers, or return the central ones if there is no seed."""

    def start(self, arm: Arm) -> Any:
        """Build the state at the end of 2020 for the places, the numbers and the luck of an arm."""

    def run(self, arm: Arm, start: Any) -> ArmResult:
        """Run one arm from a start and measure it."""

    def slack(self) -> Mapping[str, Mapping[str, float]]:
        """Return how each constraint is relaxed: constraint -> lever or parameter id -> value."""

    def units(self) -> Mapping[str, str]:
        """Return the unit of each yearly indicator."""


def seed_sequence(luck: tuple[int, tuple[int, ...]]) -> np.random.SeedSequence:
    """Return a fresh seed sequence: a used one has counted its children and would give other numbers."""
    import numpy as np

    root, key = luck
    return np.random.SeedSequence(root, spawn_key=key)


def relaxed(arm: Arm, changes: Mapping[str, float]) -> Arm:
    """Return an arm with one constraint relaxed; a slack value may lie outside the range that users are held to."""
    from sim.calibration.tables import levers

    settings = {ident: Setting(value) for ident, value in changes.items() if ident in levers()}
    others = {ident: value for ident, value in changes.items() if ident not in settings}
    return replace(
        arm,
        scenario=replace(arm.scenario, levers={**arm.scenario.levers, **settings}),
        parameters=type(arm.parameters)({**arm.parameters.values, **others}),
    )


class ModelEngine:
    """The engine behind every command: `sim.RegionModel`."""

    def prepare(self) -> None:
        """Import the model; forked workers inherit it and start at once."""
        import sim.model  # noqa: F401 - the import is the purpose

    def parameters(self, seed: np.random.SeedSequence | None, path: str) -> Parameters:
        """Draw the uncertain numbers, or return the central ones if there is no seed."""
        from sim.params import central, draw

        return central(path) if seed is None else draw(seed, path)

    def start(self, arm: Arm) -> Any:
        """Build the state at the end of 2020."""
        from sim.build import build_start

        return build_start(arm.parameters, seed_sequence(arm.luck), arm.scale, arm.scenario)

    def run(self, arm: Arm, start: Any) -> ArmResult:
        """Run one arm from a start and measure it."""
        from experiments.places import Watch

        model = self.model(arm, start)
        watch = Watch(model) if arm.places else None
        for _ in range(arm.definitions.quarters):
            self.pause()
            model.step()
            if watch is not None:
                watch.look()
        return self.result(arm, model, None if watch is None else watch.places())

    def pause(self) -> None:
        """Do nothing between two quarters; an engine that serves others looks here what they want."""

    def model(self, arm: Arm, start: Any) -> RegionModel:
        """Return the model of an arm at the end of 2020."""
        from sim.model import RegionModel

        return RegionModel(
            scenario=arm.scenario,
            rng=seed_sequence(arm.luck),
            scale=arm.scale,
            parameters=arm.parameters,
            path=arm.path,
            start=start,
            horizon_quarters=arm.definitions.quarters,
        )

    def result(self, arm: Arm, model: RegionModel, sites: Places | None = None) -> ArmResult:
        """Measure a model that has run to the horizon of its arm."""
        from sim.targets import measure

        asked = arm.definitions
        found = measure(model.record, arm.parameters, asked.share, asked.rule, asked.horizon, arm.path)
        record = {name: tuple(values.tolist()) for name, values in model.record.items()}
        return ArmResult(
            targets={ident: _measured(row) for ident, row in found.items()},
            record=record,
            yearly=self._yearly(record, arm.parameters),
            paid={cause: float(amount) for cause, amount in model.ledger.cost().items() if amount},
            rationed={lever: float(amount) for lever, amount in model.ledger.rationed.items() if amount},
            frame=None if arm.panel is None else getattr(model, arm.panel).frame(),
            sites=sites,
        )

    def slack(self) -> Mapping[str, Mapping[str, float]]:
        """Return how each constraint is relaxed."""
        from sim.targets import SLACK

        return SLACK

    def units(self) -> Mapping[str, str]:
        """Return the unit of each yearly indicator."""
        from sim.stages.measure import INDICATORS

        return {name: unit.replace(_FLOW, " per year") for name, (unit, *_) in INDICATORS.items()}

    def _yearly(self, record: Mapping[str, tuple[float, ...]], parameters: Parameters) -> dict[str, Yearly]:
        from sim.stages.measure import INDICATORS

        # A yearly flow is a quarter times this in the base year, because quarter 0 is its last and the year grew.
        base = 4.0 / (1.0 + parameters.g_K0) ** parameters.shift0
        return {name: calendar_years(record[name], _FLOW in INDICATORS[name][0], base) for name in record}


def _measured(row: Measure) -> Measured:
    """Return a measure as plain numbers, what is undefined as None."""
    return Measured(_known(row.value), bool(row.reached), tuple(_known(value) for value in row.yearly))


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def calendar_years(quarters: Sequence[float], is_flow: bool, base: float) -> Yearly:
    """Return calendar years from 2020: sums of quarterly flows, or the stock at the end of each year.

    quarters: values at quarters 0..t; base: yearly flow of 2020 over the flow of quarter 0. What is not a finite number
    becomes None.
    """
    ends = range(4, len(quarters), 4)
    if is_flow:
        years = [quarters[0] * base, *(math.fsum(quarters[end - 3 : end + 1]) for end in ends)]
    else:
        years = [quarters[0], *(quarters[end] for end in ends)]
    return tuple(_known(year) for year in years)

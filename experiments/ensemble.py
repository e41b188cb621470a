"""Ensembles: one policy against a reference on common random numbers, replicate by replicate.

Replicate r takes its numbers from `SeedSequence(seed, spawn_key=(r, k))`: k = 0 is the draw of the uncertain
parameters, k = 1 the luck that all arms share, k = 2 the second luck that measures how much of the spread is luck.
Nothing depends on the number of workers or on the order in which they finish.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.engine import PANELS, Arm, ArmResult, Definitions, Engine, Measured, ModelEngine, relaxed
from experiments.pool import Failure, run_tasks, single_threaded
from sim.errors import InputError
from sim.scenario import Scenario, load_scenario

if TYPE_CHECKING:
    from sim.params import Parameters

DEFAULT_SCALE = 50
DEFAULT_REPLICATES = 64
DEFAULT_SEED = 7
LUCK_REPLICATES = 16
ARMS = ("policy", "against", "restricts", "supports")
PARTS = ARMS[2:]
RELAXED = "relaxed:"

SHARES = ("published", "implied")
PATHS = ("observed", "as_seen_in_2020")
RULES = ("average", "each", "final")
HORIZONS = (2025, 2030)
ASSUMPTIONS = ("sampled", "central")
MOST_REPLICATES = 100_000
MOST_SCALE = 1000
MOST_WORKERS = 1024


def default_workers() -> int:
    """Return the number of workers used if none is asked for: one per core."""
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Plan:
    """Everything that decides the result of `run`, and the number of workers, which does not.

    Raises InputError if a number or a choice is not allowed.
    """

    scenario: Scenario
    against: Scenario
    assume: Mapping[str, float] = field(default_factory=dict)
    assumptions: str = "sampled"
    share: str = "published"
    path: str = "observed"
    rule: str = "average"
    horizon: int = 2025
    scale: int = DEFAULT_SCALE
    replicates: int = DEFAULT_REPLICATES
    seed: int = DEFAULT_SEED
    workers: int = field(default_factory=default_workers)
    binding: bool = False
    panel: str | None = None
    explain: bool = True  # also run restrictions and support alone, and the second luck
    places: bool = False  # also keep the ten sites year by year

    def __post_init__(self) -> None:
        """Check the choices and join the assumptions of both scenarios and of the call into `assume`."""
        _check_choice("assumptions", self.assumptions, ASSUMPTIONS)
        _check_choice("share", self.share, SHARES)
        _check_choice("path", self.path, PATHS)
        _check_choice("rule", self.rule, RULES)
        _check_choice("horizon", self.horizon, HORIZONS)
        if self.panel is not None:
            _check_choice("panel", self.panel, PANELS)
        _check_whole("scale", self.scale, 1, MOST_SCALE, "firms or persons per simulated agent")
        _check_whole("replicates", self.replicates, 1, MOST_REPLICATES, "replicates")
        _check_whole("seed", self.seed, 0, 2**63 - 1, "")
        _check_whole("workers", self.workers, 1, MOST_WORKERS, "processes")
        object.__setattr__(self, "assume", _joint_assumptions(self.scenario, self.against, self.assume))

    @property
    def definitions(self) -> Definitions:
        """Return how targets are measured."""
        return Definitions(self.share, self.rule, self.horizon)

    def arms(self) -> dict[str, Scenario]:
        """Return the scenario of each arm: the policy, its reference, and the restrictions and the support alone.

        Their assumptions are in `assume`, because all arms live in one world.
        """
        parts = {part: self.scenario.only(part) for part in PARTS if self.explain}
        arms = {"policy": self.scenario, "against": self.against, **parts}
        return {name: replace(scenario, assumptions={}) for name, scenario in arms.items()}

    def different_arms(self) -> int:
        """Return how many of the arms differ; equal ones are run once."""
        return len({content_of(scenario) for scenario in self.arms().values()})

    def runs(self, constraints: int = 0) -> int:
        """Return the number of model runs, with `constraints` relaxed one by one if the diagnosis is asked for."""
        lucks = min(LUCK_REPLICATES, self.replicates) if self.assumptions == "sampled" and self.explain else 0
        return self.replicates * (self.different_arms() + (constraints if self.binding else 0)) + lucks


@dataclass(frozen=True, slots=True)
class Replicate:
    """All arms of one replicate, the parameters they share, and the targets under the second luck if it was run."""

    index: int
    parameters: dict[str, float]
    arms: dict[str, ArmResult]
    second_luck: dict[str, Measured] | None


@dataclass(frozen=True)
class Outcome:
    """The result of `run`: the plan, the replicates in order, and the failures by replicate."""

    plan: Plan
    replicates: tuple[Replicate, ...]
    failures: Mapping[int, Failure]
    units: Mapping[str, str]

    @property
    def verdict(self) -> dict[str, Any]:
        """Return the document that `run --json` prints."""
        from experiments.verdict import verdict

        return verdict(self)


def run(
    scenario: Scenario | str | Path = "as_written", against: Scenario | str | Path = "baseline", **options: Any
) -> Outcome:
    """Run one policy against a reference and return the outcome; `.verdict` is the board as one document.

    `options` are the fields of `Plan` (`replicates=64`, `scale=50`, `seed=7`, ...). Raises InputError for what a user
    can mend; a replicate that fails is counted and its traceback goes to standard error.
    """
    return run_plan(Plan(_loaded(scenario), _loaded(against), **options))


def run_plan(
    plan: Plan,
    engine: Engine | None = None,
    progress: Callable[[int], None] | None = None,
    panel_folder: Path | None = None,
) -> Outcome:
    """Run a checked plan. `progress` is told how many replicates are finished; a panel goes into `panel_folder`."""
    single_threaded()
    engine = engine or ModelEngine()
    engine.prepare()
    work = partial(replicate, plan, engine, panel_folder=panel_folder)
    finished: dict[int, Replicate] = {}
    failures: dict[int, Failure] = {}
    for index, result in run_tasks(work, list(range(plan.replicates)), plan.workers):
        if isinstance(result, Failure):
            if result.is_input_error:
                raise InputError(result.message.partition(": ")[2])
            known = any(result.trace == failure.trace for failure in failures.values())
            failures[index] = result
            _report(plan, index, result, known)
        else:
            finished[index] = result
        if progress is not None:
            progress(len(finished) + len(failures))
    ordered = tuple(finished[index] for index in sorted(finished))
    return Outcome(plan, ordered, dict(sorted(failures.items())), engine.units())


def replicate(plan: Plan, engine: Engine, index: int, panel_folder: Path | None = None) -> Replicate:
    """Run all arms of replicate `index` on the same parameters, the same luck and, where the places agree, one
    start.
    """
    from experiments.engine import seed_sequence

    seed = None if plan.assumptions == "central" else seed_sequence((plan.seed, (index, 0)))
    parameters = engine.parameters(seed, plan.path)
    if plan.assume:
        parameters = parameters.replace(**plan.assume)
    runner = _Runner(plan, engine, parameters, index)
    results = {name: runner.run(scenario) for name, scenario in plan.arms().items()}
    if plan.binding:
        for name, changes in engine.slack().items():
            results[RELAXED + name] = runner.run(plan.scenario, changes)
    second = None
    if plan.explain and index < LUCK_REPLICATES and plan.assumptions == "sampled":
        second = _Runner(plan, engine, parameters, index, luck=2).run(plan.scenario).targets
    if plan.panel is not None and panel_folder is not None:
        _write_panel(panel_folder, index, results)
    plain = {name: replace(result, frame=None) for name, result in results.items()}
    return Replicate(index, dict(parameters.values), plain, second)


class _Runner:
    """Runs the arms of one replicate, building a start once per set of places and running equal arms once."""

    def __init__(self, plan: Plan, engine: Engine, parameters: Parameters, index: int, luck: int = 1) -> None:
        self._engine = engine
        # The second luck is never looked at agent by agent.
        panel = plan.panel if luck == 1 else None
        key = (plan.seed, (index, luck))
        self._arm = Arm(plan.scenario, parameters, key, plan.scale, plan.path, plan.definitions, panel, plan.places)
        self._starts: dict[str, Any] = {}
        self._done: dict[str, ArmResult] = {}

    def run(self, scenario: Scenario, slack: Mapping[str, float] | None = None) -> ArmResult:
        arm = replace(self._arm, scenario=scenario)
        places = content_of(replace(scenario, levers={}, assumptions={}))
        if places not in self._starts:
            self._starts[places] = self._engine.start(arm)
        if slack is not None:
            # The start is that of the unrelaxed world: a constraint is lifted from 2021 on, not in the past.
            return self._engine.run(relaxed(arm, slack), self._starts[places])
        content = content_of(scenario)
        if content not in self._done:
            self._done[content] = self._engine.run(arm, self._starts[places])
        return self._done[content]


def content_of(scenario: Scenario) -> str:
    """Return what decides the numbers of a scenario, as text: its normal form without names."""
    return replace(scenario, name="x", title={}, why={}).normal_form()


def _write_panel(folder: Path, index: int, results: Mapping[str, ArmResult]) -> None:
    import pandas as pd

    frames = [results[arm].frame.assign(replicate=index, arm=arm) for arm in ("policy", "against")]
    pd.concat(frames, ignore_index=True).to_parquet(folder / f"part-{index:05d}.parquet", index=False)


def _report(plan: Plan, index: int, failure: Failure, known: bool) -> None:
    """Tell on standard error which replicate failed and how to see it again; a known traceback is not repeated."""
    where = f"replicate {index} failed (seed {plan.seed}, spawn_key ({index},))"
    sys.stderr.write(f"{where}: {failure.message}\n{'' if known else failure.trace}")


def _joint_assumptions(policy: Scenario, against: Scenario, given: Mapping[str, float]) -> dict[str, float]:
    """Return the assumptions of all arms: a comparison is made in one world, so two scenarios may not contradict."""
    from sim.scenario_rules import check_assumptions

    for ident in sorted(set(policy.assumptions) & set(against.assumptions)):
        first, second = policy.assumptions[ident], against.assumptions[ident]
        if first != second:
            raise InputError(
                f"assumptions.{ident}: {policy.name} assumes {first:g}, {against.name} assumes {second:g}; "
                "both are compared in one world, so make the two equal or remove one"
            )
    return {**against.assumptions, **policy.assumptions, **check_assumptions(given)}


def _loaded(scenario: Scenario | str | Path) -> Scenario:
    return scenario if isinstance(scenario, Scenario) else load_scenario(scenario)


def _check_choice(name: str, value: object, allowed: tuple[Any, ...]) -> None:
    if value not in allowed:
        raise InputError(f"{name} = {value!r} is not known; choose {' or '.join(map(str, allowed))}")


def _check_whole(name: str, value: object, low: int, high: int, unit: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise InputError(f"{name} = {value!r} is not a whole number from {low} to {high} {unit}".rstrip())

"""Runs of one quarter, for studies of very many runs: study files know only the horizons 2025 and 2030.

Everything but the length is a sweep as anybody runs it: the study, the pool, the store, the session and their limits.
A module of its own, because workers import it by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path as File
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from experiments.engine import Arm, ArmResult, ModelEngine
from experiments.sweep import sweep
from experiments.sweep.stems import Path
from experiments.sweep.study import Study
from sim.scenario import Scenario

# The quota of land counts from the first quarter on, so that no two points share it, and it changes only the policy:
# the points of a replicate share their start, and a run is as short as it can be.
TEXT = """
format = 1
question = "How do very many runs of one quarter wear?"
scenario = "as_written"
scale = 1000
[vary.policy]
"I13a" = {{ low = 1, high = 9 }}
[design]
kind = "latin-hypercube"
points = {points}
[replicates]
number = {replicates}
"""


def study(folder: File, points: int, replicates: int) -> Study:
    """Return the study at the coarsest scale that there is."""
    path = folder / "study.toml"
    path.write_text(TEXT.format(points=points, replicates=replicates), "utf-8")
    return Study.read(path)


class QuarterEngine(ModelEngine):
    """The engine, for which everything stays as it was after the last quarter that was run."""

    def result(self, arm: Arm, model: Any, sites: Any = None) -> ArmResult:
        """Measure to the horizon, so that every column of a row holds a number as it would."""
        wanted = arm.definitions.quarters + 1
        record = {name: [*values, *[values[-1]] * (wanted - len(values))] for name, values in model.record.items()}
        return super().result(arm, SimpleNamespace(record=_floats(record), ledger=model.ledger), sites)


def _floats(record: dict[str, list[float]]) -> dict[str, Any]:
    import numpy as np

    return {name: np.array(values) for name, values in record.items()}


class QuarterWork(sweep._TimedWork):
    """The work of a sweep whose runs end after one quarter."""

    def _forget(self) -> None:
        super()._forget()
        self._engine = QuarterEngine()

    def _alone(self, arm: Arm) -> Any:
        return self._engine.model(arm, self._start).run(1)

    def _paths(self, scenarios: Sequence[Scenario]) -> list[Path]:
        return [path[:1] for path in super()._paths(scenarios)]


@contextmanager
def one_quarter() -> Iterator[None]:
    """Let sweeps that begin while the block runs compute one quarter; their stores are no results."""
    with patch.object(sweep, "_TimedWork", QuarterWork):
        yield

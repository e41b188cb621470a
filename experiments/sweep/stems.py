"""Paths that runs share: two policies that are equal until a quarter are one run until then.

A stem is a model that has run to a quarter where policies of the same world part. It is kept for those that still need
it and copied by `RegionModel.branch`, which goes on bit for bit as a run from the start would.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sim.policy.base import PolicyMix

if TYPE_CHECKING:
    from sim.scenario import Scenario

Path = tuple[Hashable, ...]  # the policy of each quarter 1, 2, ..., as far as it differs between the runs


def path_of(scenario: Scenario, levers: Sequence[str], quarters: int) -> Path:
    """Return the values of the levers in every quarter of a run, one tuple a quarter."""
    mix = PolicyMix(scenario)
    return tuple(tuple(mix.value(lever, quarter) for lever in levers) for quarter in range(1, quarters + 1))


def common(first: Path, second: Path) -> int:
    """Return the number of quarters that two paths have in common from the beginning."""
    for quarter, (one, other) in enumerate(zip(first, second, strict=True)):
        if one != other:
            return quarter
    return len(first)


@dataclass(frozen=True)
class Trail:
    """One run on its way through the stems: the quarters at which it leaves a copy for a later run."""

    path: Path
    leaves: tuple[int, ...]


def trails(paths: Sequence[Path]) -> tuple[list[int], list[Trail]]:
    """Return the order in which runs are best computed, and for each, in that order, where it leaves a copy.

    Sorted by path, a run shares most with its neighbours: it leaves a copy where any later run parts from it.
    """
    order = sorted(range(len(paths)), key=lambda k: paths[k])
    shared = [common(paths[one], paths[other]) for one, other in pairwise(order)]
    found = []
    for place, k in enumerate(order):
        leaves: set[int] = set()
        least = len(paths[k])
        for ahead in shared[place:]:
            least = min(least, ahead)
            if least == 0:
                break
            leaves.add(least)
        before = shared[place - 1] if place else 0
        # What lies before the parting from the run before was left by that one.
        found.append(Trail(paths[k], tuple(sorted(quarter for quarter in leaves if quarter > before))))
    return order, found


class Stems:
    """The copies that runs of one world have left, and how the next run begins from the deepest of them."""

    def __init__(self, build: Callable[[Scenario], Any], trails: Mapping[int, Trail]) -> None:
        """`build` makes the model of a policy at quarter 0; `trails` by run, in the order of computation."""
        self._build = build
        self._trails = dict(trails)
        self._kept: list[tuple[Path, Any]] = []  # by depth: the path to each copy

    def run(self, key: int, scenario: Scenario) -> Any:
        """Return the model of a run at the end of its path."""
        trail = self._trails[key]
        self._kept = [(path, stem) for path, stem in self._kept if trail.path[: len(path)] == path]
        model = self._begin(trail, scenario)
        for quarter in trail.leaves:
            if quarter > model.quarter:
                model.run(quarter - model.quarter)
                # A copy costs a third of a quarter, so that one quarter saved pays for it.
                self._kept.append((trail.path[:quarter], model.branch()))
        return model.run(len(trail.path) - model.quarter)

    def _begin(self, trail: Trail, scenario: Scenario) -> Any:
        if not self._kept:
            return self._build(scenario)
        return self._kept[-1][1].branch(scenario)

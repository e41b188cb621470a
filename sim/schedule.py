"""Stages of a quarter: each declares what it reads and writes; a checked run enforces both."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.columns import Population

if TYPE_CHECKING:
    from sim.model import RegionModel

TRACKED = ("firms", "talent", "parks", "government", "markets", "pools", "homes", "region", "queue")


class UndeclaredError(RuntimeError):
    """Raised in a checked run when a stage reads or changes a column that it has not declared."""


@dataclass(frozen=True)
class Stage:
    """One stage: its name, what it reads and writes (`population.column`), and the function that does it."""

    name: str
    reads: frozenset[str]
    writes: frozenset[str]
    run: Callable[[RegionModel], None]
    doc: str

    def __call__(self, model: RegionModel) -> None:
        """Run the stage; in a checked model, against its declaration."""
        if model.checked:
            run_checked(self, model)
        else:
            self.run(model)


def stage(reads: str, writes: str) -> Callable[[Callable[[RegionModel], None]], Stage]:
    """Declare a stage; `population.*` stands for all its columns."""

    def declare(function: Callable[[RegionModel], None]) -> Stage:
        doc = (function.__doc__ or "").strip().split("\n")[0]
        return Stage(function.__name__, names(reads), names(writes), function, doc)

    return declare


def names(text: str) -> frozenset[str]:
    """Split a declaration at commas and white space."""
    return frozenset(text.replace(",", " ").split())


def covers(declared: frozenset[str], column: str) -> bool:
    """Say whether a declaration names a column, itself or by its population."""
    return column in declared or column.split(".", maxsplit=1)[0] + ".*" in declared


def fingerprints(model: RegionModel) -> dict[str, bytes]:
    """Return a digest of every column of every tracked population (and of who belongs to it, as `.id`)."""
    prints = {}
    for name in TRACKED:
        population: Population = getattr(model, name)
        for column in (*population.columns, "id"):
            values = np.ascontiguousarray(population.__dict__[column])
            prints[f"{name}.{column}"] = hashlib.blake2b(values.tobytes(), digest_size=8).digest()
    return prints


@contextmanager
def watched(model: RegionModel) -> Iterator[set[str]]:
    """Collect the columns read while the block runs, by swapping in classes whose attribute access takes notes."""
    seen: set[str] = set()
    originals = {name: type(getattr(model, name)) for name in TRACKED}
    for name, kind in originals.items():
        getattr(model, name).__class__ = _noting(kind, name, seen)
    try:
        yield seen
    finally:
        for name in TRACKED:
            population = getattr(model, name)
            population.__class__ = originals[name]


def _noting(kind: type[Population], name: str, seen: set[str]) -> type[Population]:
    columns = kind.columns

    class Noting(kind):  # type: ignore[misc, valid-type]
        def __getattribute__(self, attribute: str) -> Any:
            if attribute in columns:
                seen.add(f"{name}.{attribute}")
            return object.__getattribute__(self, attribute)

    Noting.__name__ = kind.__name__
    return Noting


def run_checked(this: Stage, model: RegionModel) -> None:
    """Run a stage, then fail with the names of columns that it changed or read without declaring them."""
    before = fingerprints(model)
    with watched(model) as seen:
        this.run(model)
    after = fingerprints(model)
    # A stage that lets agents in or out moves whole rows: that is one declaration, `population.id`.
    resized = {name for name in TRACKED if before[f"{name}.id"] != after[f"{name}.id"]}
    changed = sorted(
        c
        for c in after
        if before[c] != after[c]
        and not covers(this.writes, c)
        and not (c.split(".")[0] in resized and covers(this.writes, c.split(".")[0] + ".id"))
    )
    if changed:
        raise UndeclaredError(f"stage {this.name} changed {changed} without declaring it")
    hidden = sorted(c for c in seen if not covers(this.reads, c) and not covers(this.writes, c))
    hidden = [c for c in hidden if not (c.split(".")[0] in resized and covers(this.writes, c.split(".")[0] + ".id"))]
    if hidden:
        raise UndeclaredError(f"stage {this.name} read {hidden} without declaring it")

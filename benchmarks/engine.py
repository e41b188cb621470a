"""Benchmarks of the engine alone: its floor, its size, its branches, and what the Mesa face costs while unused.

A figure is the median over quarters or repeats of one process; a ratio compares two things timed in turn there.
"""

from __future__ import annotations

import copy
import gc
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np

from agents.columns import Floats, Integers, Population
from agents.streams import Streams
from benchmarks.table import Row
from sim.build import build_start
from sim.model import RegionModel
from sim.params import central
from sim.scenario import load_scenario

SEED = 7
Draws = list[tuple[str, int]]


def seconds(work: Callable[[], Any], repeats: int) -> float:
    """Return the median time of a call, after one call to warm up."""
    work()
    times = []
    for _ in range(repeats):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return median(times)


@contextmanager
def noted_draws() -> Iterator[Draws]:
    """Note kind and number of the draws that streams make while the block runs."""
    seen: Draws = []
    kinds = {"uniform": Streams.uniform, "normal": Streams.normal, "gumbel": Streams.gumbel}

    def noting(kind: str, original: Any) -> Any:
        def draw(self: Streams, name: str, ids: Integers, *width: int) -> Floats:
            seen.append((kind, (int(ids.max()) + 1 if len(ids) else 0) * (width[0] if width else 1)))
            values: Floats = original(self, name, ids, *width)
            return values

        return draw

    with patch.multiple(Streams, **{kind: noting(kind, original) for kind, original in kinds.items()}):
        yield seen


def floor(model: RegionModel) -> float:
    """Return the least time of this model's next quarter, s: its draws, and one read and one write of every column."""
    with noted_draws() as draws:
        copy.deepcopy(model).step()
    generator = np.random.Generator(np.random.Philox(key=SEED))
    populations: list[Population] = [model.firms, model.talent]
    columns = [getattr(p, name) for p in populations for name in p.columns]

    def least() -> None:
        for kind, length in draws:
            _ = generator.standard_normal(length) if kind == "normal" else generator.random(length)
        for values in columns:
            values.copy()

    return seconds(least, 5)


def against_floor(scale: float, quarters: int) -> Row:
    """Return how many times the floor a quarter takes, median over quarters, each against the floor of its own."""
    model = RegionModel("as_written", rng=SEED, scale=scale)
    multiples = []
    for _ in range(quarters):
        least = floor(model)
        began = perf_counter()
        model.step()
        multiples.append((perf_counter() - began) / least)
    return Row(f"whole quarter against draws and bandwidth alone, scale {scale:g}", median(multiples), "x", "")


def size(scale: float) -> list[Row]:
    """Return build time and memory by agent."""
    parameters, seed, case = central("observed"), np.random.SeedSequence(SEED), load_scenario("as_written")
    build = seconds(lambda: build_start(parameters, seed, scale, case), 3)
    model = RegionModel(case, rng=seed, scale=scale)
    began = perf_counter()
    model.run(4)
    quarter = (perf_counter() - began) / 4.0
    rows = [Row(f"build of a start against one quarter, scale {scale:g}", build / quarter, "x", "")]
    for population in (model.firms, model.talent):
        held = population.id.nbytes + sum(getattr(population, name).nbytes for name in population.columns)
        aim = "at most 64" if population.kind == "person" else ""
        rows.append(Row(f"state of a {population.kind}, scale {scale:g}", held / population.n, "bytes", aim))
    return rows


def peak_memory() -> Row:
    """Return the peak memory of a fresh process that runs five years at 1:1."""
    text = (
        "import resource; from sim.model import RegionModel; RegionModel('as_written', rng=7, scale=1).run(20); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    # The peak of a child starts at that of its parent where it is forked: this one must be measured first.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = int(subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True).stdout)
    if found <= before:
        raise RuntimeError("this process is larger than the run that it measures: measure memory first")
    return Row("peak memory of five years at 1:1", found / 1024.0, "MB", "at most 4096")


def branching(scale: float) -> list[Row]:
    """Return what a branch costs, and what it saves against a run from the start."""
    stem = RegionModel("baseline", rng=SEED, scale=scale).run(10)
    taken = seconds(stem.branch, 5)
    began = perf_counter()
    copy.deepcopy(stem).step()
    quarter = perf_counter() - began
    rest = seconds(lambda: stem.branch(I13a=5.0).run(10), 3)
    whole = seconds(lambda: RegionModel("baseline", rng=SEED, scale=scale).run(20), 3)
    return [
        Row(f"snapshot and branch against one quarter, scale {scale:g}", taken / quarter, "x", ""),
        Row(f"policy changed half way, against a run from the start, scale {scale:g}", rest / whole, "x", ""),
    ]


def face(scale: float, pairs: int = 20) -> Row:
    """Return the share of a run that the Mesa face takes while nobody looks: with it against without, in turn."""

    def run(bare: bool) -> float:
        model = RegionModel("as_written", rng=SEED, scale=scale)
        if bare:  # nothing of Mesa is left in the model but the class
            for name in ("_homes", "_all_agents"):
                delattr(model, name)
            model._agents_by_type = {}
            model.datacollector = SimpleNamespace(collect=lambda _: None)
            step = RegionModel.step.__get__(model)
        else:
            step = model.step
        gc.collect()
        began = perf_counter()
        for _ in range(8):
            step()
        return perf_counter() - began

    run(bare=True)
    ratios = [run(bare=False) / run(bare=True) for _ in range(pairs)]
    return Row(f"cost of the Mesa face while unused, scale {scale:g}", 100.0 * (median(ratios) - 1.0), "%", "below 1")

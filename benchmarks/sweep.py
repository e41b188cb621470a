"""A sweep against `mesa.batch_run` of the object twin: the same runs on two workers each, in turn, in one process.

    python -m benchmarks.sweep [--full]

Left, a study as anybody runs it: `run_sweep` into a new folder, with workers started, starts built, fourteen stages a
quarter, targets measured, every part written durably and recorded. Right, `mesa.batch_run(number_processes=2)` of
`benchmarks.replay`: some of the very same runs (same points, draws and luck; agents and sums are compared at the end,
and a difference is an error), but only the five stages that the twin has. What the other nine decide was recorded
beforehand and is read back: nobody waits there for them, for a start, for targets or for a disk. So the ratio is a
lower bound of what writing the whole model in objects would give, and is not corrected. Two forms of it:

- "as it ran": the wall clock of `batch_run`, with its processes started and the record read;
- "stages alone": the seconds of a core inside the five stages over two processes, as if all else were free, the
  processes perfectly even and the machine theirs; our side keeps its wall clock. This one errs against us.

Rates are whole studies over their wall clock, starting included. The left side runs more runs, because a short study
is mostly the start of its workers; before and after the right side, and the median is taken. Its policies differ from
the first quarter on, so its runs share no quarter; a second study, of policies that part later, is what a lever's date
usually gives, and `batch_run` has nothing of the kind.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy, for every process of both sides

from agents.face import mesa
from benchmarks.replay import Replayed, record
from benchmarks.table import Row, show
from experiments.engine import Definitions
from experiments.sweep.manifest import versions_now
from experiments.sweep.store import SweepStore
from experiments.sweep.study import Study
from experiments.sweep.sweep import Options, layout_of, run_sweep
from experiments.sweep.work import SweepWork
from tests.twin.compare import TOLERANCE

WORKERS = 2
TEXT = """
format = 1
question = "How fast?"
scenario = "as_written"
scale = {scale}
[vary.policy]
"I13a" = {{ values = {values} }}
{dates}
[design]
kind = "grid"
[replicates]
number = {replicates}
"""
APART = {"values": "[1, 2, 3, 4, 5, 6, 7, 8]", "dates": ""}
LATER = {"values": "[1, 3, 5, 9]", "dates": '"I13a.from" = { values = ["2024Q1", "2025Q1"] }'}


@dataclass(frozen=True)
class Size:
    """A scale, the replicates of our study, and how many of its runs are made in objects too."""

    scale: int
    replicates: int
    twins: int


DEFAULT, LARGER = Size(50, 32, 16), Size(5, 4, 4)


@dataclass(frozen=True)
class Swept:
    """A study that was run: runs a second, seconds to the first stored part, and its rows."""

    rate: float
    first: float
    rows: list[dict[str, Any]]


def study(folder: Path, size: Size, axes: dict[str, str]) -> Study:
    """Return a study of eight points at a scale."""
    path = folder / "study.toml"
    path.write_text(TEXT.format(scale=size.scale, replicates=size.replicates, **axes), "utf-8")
    return Study.read(path)


def sweep(asked: Study) -> Swept:
    """Run a study into a new folder."""
    first: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        done = run_sweep(
            asked, Path(folder, "a"), Options(WORKERS), watch=lambda _: first.append(perf_counter() - began)
        )
        seconds = perf_counter() - began
        if done.failed or done.done != asked.runs():
            raise RuntimeError(f"{done.failed} of {done.done} runs failed")
        return Swept(done.done / seconds, first[0], done.arrow().to_pylist())


def feeds(asked: Study, twins: int, rows: list[dict[str, Any]], folder: Path) -> dict[str, dict[str, float]]:
    """Record runs of a study spread over points and replicates; return where each must end, by its file."""
    work = SweepWork(asked, SweepStore.create(folder / "unused", layout_of(asked), versions_now(), "benchmark"))
    work.prepare()
    ends = {}
    for number in [k * (asked.runs() + 1) // twins for k in range(twins)]:
        point, replicate = work.place(number)
        arm = work._arm(asked.scenario_at(point), work._parameters(point, replicate), replicate)
        model = work._engine.model(arm, work._engine.start(arm))
        feed = record(model, arm.luck, arm.definitions.quarters)
        if model.record["employment"][-1] != rows[number]["employment_end"]:
            raise RuntimeError(f"run {number} of the study is not the one that was recorded")
        path = folder / f"{number}.feed"
        path.write_bytes(pickle.dumps(feed, pickle.HIGHEST_PROTOCOL))
        ends[str(path)] = feed.ends
    return ends


@dataclass(frozen=True)
class Batch:
    """A batch that was run: seconds on the clock, and of a core inside the stages and around them."""

    seconds: float
    worked: float
    fed: float


def batch(ends: dict[str, dict[str, float]], quarters: int) -> Batch:
    """Run the twins and compare where they end."""
    began = perf_counter()
    # `batch_run` makes one step more than it is asked for, unless the model has stopped, which this one does.
    found = mesa.batch_run(
        Replayed,
        {"feed": list(ends)},
        number_processes=WORKERS,
        iterations=1,
        max_steps=quarters,
        display_progress=False,
    )
    seconds = perf_counter() - began
    for row in found:
        wanted = ends[row["feed"]]
        worst = max(abs(row["ends"][name] / value - 1.0) for name, value in wanted.items())
        if row["Step"] != quarters - 1 or worst > TOLERANCE:
            raise RuntimeError(f"engine and twin differ by {worst:.1e}, so their ratio means nothing")
    return Batch(seconds, sum(row["worked"] for row in found), sum(row["fed"] for row in found))


@contextmanager
def processes_of_mesa() -> Iterator[None]:
    """Start processes as Mesa does, which the rest of this project prevents, and let them import this project."""
    method, path = multiprocessing.get_start_method(), os.environ.get("PYTHONPATH")
    root = str(Path(__file__).resolve().parent.parent)
    multiprocessing.set_start_method("spawn", force=True)
    os.environ["PYTHONPATH"] = root if path is None else os.pathsep.join([root, path])
    try:
        yield
    finally:
        multiprocessing.set_start_method(method, force=True)
        if path is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = path


def measure(size: Size) -> list[Row]:
    """Return the rows of one scale."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        quarters = Definitions().quarters
        apart, later = study(folder, size, APART), study(folder, size, LATER)
        ours = [sweep(apart)]
        ends = feeds(apart, size.twins, ours[0].rows, folder)
        with processes_of_mesa():
            objects = batch(ends, quarters)
        ours += [sweep(apart), sweep(apart)]
        sharing = sweep(later)
    rate, first = median(one.rate for one in ours), median(one.first for one in ours)
    whole, stages = size.twins / objects.seconds, WORKERS * size.twins / objects.worked
    runs = f"scale {size.scale}, 20 quarters"
    return [
        Row(f"sweep, whole, {apart.runs()} runs that share no quarter: {runs}", rate, "runs a second", ""),
        Row(f"sweep, whole, {later.runs()} runs that part in 2024 and 2025", sharing.rate, "runs a second", ""),
        Row(f"batch_run, five stages in objects, {size.twins} of these runs, as it ran", whole, "runs a second", ""),
        Row("batch_run, its five stages alone", stages, "runs a second", ""),
        Row("  share of its processes' time that is told, not computed", 100 * _told(objects), "%", ""),
        Row("sweep against batch_run as it ran", rate / whole, "x", "100"),
        Row("sweep against its stages alone", rate / stages, "x", "100"),
        Row("sweep of runs that part later against its stages alone", sharing.rate / stages, "x", ""),
        Row(f"time to the first stored part of {apart.runs()} runs", first, "s", ""),
        Row(f"time to the first result of batch_run, with the last of {size.twins} runs", objects.seconds, "s", ""),
    ]


def _told(found: Batch) -> float:
    return found.fed / (found.fed + found.worked)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sweep", description="a sweep against mesa.batch_run")
    parser.add_argument("--full", action="store_true", help="measure a larger size as well")
    sizes = (DEFAULT, LARGER) if parser.parse_args().full else (DEFAULT,)
    print(f"{WORKERS} workers on {os.cpu_count()} cores; mesa {mesa.__version__}", flush=True)
    for size in sizes:
        print(show(measure(size)) + "\n", flush=True)


if __name__ == "__main__":
    main()

"""A study of 20,000 runs of one quarter: how large does the main process get, and what does the store cost.

    python -m benchmarks.endurance [--runs N]

Two shapes: many points of few replicates, and few points of many replicates (more parts, and a start to be built for
every ten runs). `pytest -m long tests/test_sweep_long.py` demands what is only printed here. A few minutes each.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

from benchmarks.quarter import one_quarter, study
from benchmarks.table import Row, show
from experiments.sweep.session import read_sessions
from experiments.sweep.sweep import Options, Progress, run_sweep

RUNS = 20_000
SHAPES = ((500, 40), (10, 2_000))  # points, replicates
MB = 2**20


@dataclass
class Wear:
    """What a long study did to the process that leads it; memory in MB by runs done."""

    runs: int
    failed: int = 0
    seconds: float = 0.0
    main_seconds: float = 0.0
    first: float = 0.0
    worker_seconds: float = 0.0
    store_seconds: float = 0.0
    size: float = 0.0
    parts: int = 0
    main: list[tuple[int, float]] = field(default_factory=list)
    workers: list[tuple[int, float]] = field(default_factory=list)

    def at(self, share: float, notes: list[tuple[int, float]] | None = None) -> float:
        """Return the memory once a share of the runs was done."""
        return next(memory for done, memory in notes or self.main if done >= share * self.runs)

    def slope(self) -> float:
        """Return the growth of the main process after its first tenth, KB per 1,000 runs (least squares)."""
        notes = [(done / 1000.0, 1024.0 * memory) for done, memory in self.main if done >= 0.1 * self.runs]
        middle, level = (sum(values) / len(notes) for values in zip(*notes, strict=True))
        spread = sum((done - middle) ** 2 for done, _ in notes)
        return sum((done - middle) * (memory - level) for done, memory in notes) / spread if spread else 0.0

    @property
    def store_share(self) -> float:
        """Return the share of the workers' time that went into the store, the lines of the main process included."""
        return self.store_seconds / self.worker_seconds


def resident(pid: int | str = "self") -> float:
    """Return the memory of a process, MB; nothing if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024.0


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and theirs."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text("utf-8").rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has just ended
    found, new = [], {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new}
        found += sorted(new)
    return found


def wear(folder: Path, points: int, replicates: int, workers: int = 2) -> Wear:
    """Run a study of one-quarter runs into a new folder and return what it cost."""
    asked = study(folder, points, replicates)
    found = Wear(asked.runs())
    began, used = perf_counter(), process_time()

    def look(progress: Progress) -> None:
        found.first = found.first or perf_counter() - began
        found.main.append((progress.done, resident()))
        found.workers.append((progress.done, max(map(resident, descendants(os.getpid())), default=0.0)))

    with one_quarter():
        done = run_sweep(asked, folder / "store", Options(workers=workers), watch=look)
    found.seconds, found.main_seconds = perf_counter() - began, process_time() - used
    found.failed, found.parts = done.failed, done.store.parts
    if done.done != found.runs:
        raise RuntimeError(f"{done.done} of {found.runs} runs were done")
    (session,) = read_sessions(folder / "store")
    found.worker_seconds, found.store_seconds = session["seconds"], session["store_seconds"]
    found.size = sum(path.stat().st_size for path in (folder / "store").rglob("*") if path.is_file()) / MB
    return found


def table(found: Wear) -> list[Row]:
    """Return what was found as rows."""
    return [
        Row("runs a second, whole study, 2 workers", found.runs / found.seconds, "a second", ""),
        Row("time to the first stored part", found.first, "s", ""),
        Row("main process: memory after 10 %", found.at(0.1), "MB", ""),
        Row("main process: memory after 50 %", found.at(0.5), "MB", ""),
        Row("main process: memory after 100 %", found.at(1.0), "MB", "flat"),
        Row("main process: growth after the first tenth", found.slope(), "KB per 1,000 runs", ""),
        Row("largest worker: memory after 10 %", found.at(0.1, found.workers), "MB", ""),
        Row("largest worker: memory after 50 %", found.at(0.5, found.workers), "MB", ""),
        Row("largest worker: memory after 100 %", found.at(1.0, found.workers), "MB", ""),
        Row("share of the workers' time in the store", 100.0 * found.store_share, "%", "< 3"),
        Row("main process: share of one core", 100.0 * found.main_seconds / found.seconds, "%", ""),
        Row("store", found.size, "MB", ""),
    ]


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.endurance", description="very many short runs")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"runs of each shape ({RUNS:,})")
    runs = parser.parse_args().runs
    for points, replicates in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            found = wear(Path(folder), points, max(1, replicates * runs // RUNS))
        kinds = f"{found.runs:,} runs of one quarter, scale 1000: {points} points, {found.parts} parts"
        print(f"{kinds}, {found.failed} failed, {os.cpu_count()} cores\n{show(table(found))}\n", flush=True)


if __name__ == "__main__":
    main()

"""All benchmarks: one command, one table.

    python -m benchmarks            about two minutes
    python -m benchmarks --full     1:1 as well (some minutes, about 4 GB)

Ratios (`x`) compare things timed in turn in this process, and travel between machines; the other figures do not. Run
it while nothing else runs.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: a second thread would only wait here

from benchmarks import engine, ensemble, start, twin
from benchmarks.table import Row, show


def rows(full: bool) -> list[Row]:
    """Measure everything in the order in which one does not disturb the other."""
    memory = [engine.peak_memory()] if full else []
    scales = (62.0, 1.0) if full else (62.0,)
    found = [*memory, *start.rows(), *ensemble.throughput()]
    for scale in scales:
        found += [*engine.size(scale), engine.against_floor(scale, 20 if scale > 1 else 8), *engine.branching(scale)]
    found.append(engine.face(62.0))
    found += twin.measure(62.0, 20)
    if full:
        found += twin.measure(1.0, 3)
    return found


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="all benchmarks, one table")
    parser.add_argument("--full", action="store_true", help="measure 1:1 as well")
    print(show(rows(parser.parse_args().full)))


if __name__ == "__main__":
    main()

"""A study that is looked at, whose runs are made up at once: where a target is reached is planted, run by run.

As a program it runs the study in processes of its own, so that they can be killed: the plant is made before a worker is
forked.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

from experiments.sweep.looks import target_columns
from experiments.sweep.study import Study
from experiments.sweep.sweep import Options, run_sweep
from experiments.sweep.work import Computed, SweepWork
from tests.sweep_sample import outcome

TEXT = """
format = 1
scenario = "baseline"
assumptions = "central"
scale = 1000
[vary.policy]
"I13a" = { values = [3, 9] }
[design]
kind = "grid"
[replicates]
half_width = 0.05
max = 448
target = "gdp_growth"
"""
SHARES = {3.0: 0.02, 9.0: 0.5}  # by value of I13a: that of point 1 needs 384 replicates for a half-width of 0.05
CYCLE = 128  # of replicates, in which the shares are exact


def reached(share: float, replicate: int) -> bool:
    """Return whether a planted run reaches its target; so many of a cycle do, and they are spread."""
    return replicate * 37 % CYCLE < share * CYCLE


def plant(patch, shares=SHARES, failing=lambda point, replicate: False, pause=0.0) -> None:
    """Put made-up runs in the place of the model."""

    def computed(self: SweepWork, number: int, row) -> Computed:
        point, replicate = self.place(number)
        time.sleep(pause)
        if failing(point.ident, replicate):
            raise FloatingPointError("planted")
        found = outcome(number)
        share = shares[point.levers["I13a"]]
        wanted = dict.fromkeys(target_columns().values(), reached(share, replicate))
        return Computed(replace(row, outcomes={**found, **wanted}))

    patch(SweepWork, "_computed", computed)


def main(study: str, folder: str, workers: str, pause: str) -> None:
    plant(setattr, pause=float(pause))
    run_sweep(Study.read(study), Path(folder), Options(workers=int(workers), method="fork"))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""How soon a light command answers, against an interpreter that does nothing."""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

from benchmarks.table import Row

LIGHT = (["--help"], ["describe", "levers"], ["check", "ambitious"])
REPEATS = 9


def seconds(command: list[str]) -> float:
    """Return how long one start of Python with this command takes."""
    began = perf_counter()
    subprocess.run([sys.executable, *command], capture_output=True, check=True)
    return perf_counter() - began


def rows() -> list[Row]:
    """Return the best of some starts of each command over the best of an idle one, taken in turn."""
    commands = [["-c", "pass"], *(["-m", "experiments", *light] for light in LIGHT)]
    idle, *found = (
        min(times) for times in zip(*([seconds(one) for one in commands] for _ in range(REPEATS)), strict=True)
    )
    return [
        Row(f"`dianzhong {' '.join(light)}` against an idle interpreter", taken / idle, "x", "")
        for light, taken in zip(LIGHT, found, strict=True)
    ]

"""Scale: the means of all target measures agree whatever a simulated firm or person stands for."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.proof.luck import gather, seed_of
from experiments.proof.table import Proof

SCALES = (1.0, 5.0, 20.0, 100.0)
LIMIT = 0.2  # points, or twice the standard error of the difference


def scales(replicates: int = 16, seed: int = 7, workers: int = 2, sizes: tuple[float, ...] = SCALES) -> Proof:
    """Run as_written at every scale on the same lucks (central assumptions) and compare the means of the ten targets.

    Fewer replicates run at scale 1 (a quarter of them, at least four).
    """
    from sim.targets import TARGETS

    values: dict[float, Any] = {}
    for size in sizes:
        count = max(4, replicates // 4) if size == 1 else replicates
        values[size] = np.array(gather(lambda r, size=size: _targets(seed_of(seed, r), size), count, workers))
    finest = values[sizes[0]]
    rows: list[list[Any]] = []
    for k, name in enumerate(TARGETS):
        means = [float(np.nanmean(values[size][:, k])) for size in sizes]
        errors = [float(np.nanstd(values[size][:, k], ddof=1) / len(values[size]) ** 0.5) for size in sizes]
        gaps = [abs(mean - means[0]) for mean in means[1:]]
        allowed = [max(LIMIT, 2.0 * float(np.hypot(errors[0], error))) for error in errors[1:]]
        agree = all(gap <= limit for gap, limit in zip(gaps, allowed, strict=True))
        rows.append([name, *means, errors[0], errors[-1], agree])
    columns = ("target", *(f"scale {size:g}" for size in sizes), "s.e. finest", "s.e. coarsest", "agree")
    settings = {"replicates": replicates, "at the finest scale": len(finest), "seed": seed, "assumptions": "central"}
    notes = [f"Agree: within {LIMIT} points, or twice the standard error of the difference, of the finest scale."]
    return Proof("Scale: means of the target measures of as_written", columns, rows, settings, notes)


def _targets(luck_seed: np.random.SeedSequence, scale: float) -> list[float]:
    from sim.model import RegionModel
    from sim.targets import measure

    model = RegionModel("as_written", rng=luck_seed, scale=scale, horizon_quarters=20).run(20)
    found = measure(model.record, model.p)
    return [float("nan") if row.value is None else row.value for row in found.values()]

"""A small sweep whose runs are made up at once, for the tests of the store, of damage and of the export."""

from __future__ import annotations

import math
from pathlib import Path

from experiments.sweep.manifest import Layout
from experiments.sweep.schema import RunRow, indicator_fields, outcome_fields
from experiments.sweep.store import SweepStore

STUDY = "a" * 64
TEXT = 'format = 1\nquestion = "目标能否实现？"\nscenario = "baseline"\n'
VERSIONS = {"version": "0", "revision": "0" * 40, "python": "3", "packages": {"numpy": "2"}, "data_sha256": "d" * 64}
COMMAND = "dianzhong sweep study.toml --out a --workers 2"


def layout(points=3, replicates=4, runs=None, size=5, series=True, **changes):
    """Return the layout of a study with one varied lever, one varied parameter and two scenarios."""
    rows = [
        {
            "point_id": k,
            "point_hash": f"{k:064x}",
            "scenario": ("baseline", "as_written")[k % 2],
            "policy.I05b": 0.05 * k,
            "uncertain.P12": 1.0 / (k + 1),
        }
        for k in range(points)
    ]
    found = {
        "study_sha256": STUDY,
        "files": {"study.toml": TEXT, "scenario.toml": "format = 1\n"},
        "points": rows,
        "columns": {"scenario": "string", "policy.I05b": "float64", "uncertain.P12": "float64"},
        "drawn": ("P13", "P14"),
        "runs": points * replicates if runs is None else runs,
        "replicates": replicates,
        "part_size": size,
        "seed": 7,
        "scale": 50,
        "series": series,
    }
    return Layout(**{**found, **changes})


def number(*keys):
    """Return a made-up number that depends on the keys alone."""
    return math.sin(sum((k + 1.37) * 12.9898 * (place + 1) for place, k in enumerate(keys))) * 1e3


def outcome(n):
    """Return made-up outcomes of run n, with the types of the schema and one of them undefined now and then."""
    found = {}
    for k, field in enumerate(outcome_fields()):
        value = number(n, k)
        found[field.name] = {"bool": value > 0, "int16": int(abs(value)) % 10}.get(field.type, value)
    return {**found, "land_intensity": None if n % 4 == 1 else found["land_intensity"]}


def row(asked, ident, n, failed=()):
    """Return the row of run n; a run in `failed` has failed."""
    replicate, point = divmod(n, len(asked.points))
    varied = {name: asked.points[point][name] for name in asked.columns}
    common = RunRow(ident, point, replicate, asked.seed, varied=varied)
    if n in failed:
        return RunRow(**{**vars(common), "status": "failed", "error": "ValueError: x", "traceback": "Traceback ..."})
    return RunRow(**{**vars(common), "outcomes": outcome(n)})


def drawn(asked, replicate):
    """Return the made-up draws of a replicate."""
    return {name: number(replicate, k) for k, name in enumerate(asked.drawn)}


def record(n, quarters=3):
    """Return a made-up record of run n."""
    return {field.name: [number(n, k, q) for q in range(quarters)] for k, field in enumerate(indicator_fields())}


def part(store, asked, k, failed=()):
    """Write part k of a store and return its entry."""
    rows = [row(asked, ident, n, failed) for n, ident in zip(store.run_numbers(k), store.run_ids(k), strict=True)]
    series = [None if n in failed else record(n) for n in store.run_numbers(k)] if asked.series else None
    draws = {new: drawn(asked, new) for new in store.new_replicates(k)}
    return store.write_part(k, rows, series, draws)


def made(folder: Path, asked=None, order=None, failed=()) -> SweepStore:
    """Return a store whose parts are finished, in a given order."""
    asked = asked or layout()
    store = SweepStore.create(folder, asked, VERSIONS, COMMAND)
    for k in range(store.parts) if order is None else order:
        store.record(part(store, asked, k, failed), session="s1")
    return store

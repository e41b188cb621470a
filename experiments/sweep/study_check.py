"""What `check` answers for a study: what is varied, how many runs that makes, how long they take, how large the store
becomes. Nothing is run, and the model is not loaded.
"""

from __future__ import annotations

import math
from typing import Any

from experiments.check import estimated_seconds
from experiments.engine import Definitions
from experiments.sweep.design import START, UNCERTAIN, Varied
from experiments.sweep.looks import least_replicates, looks_up_to
from experiments.sweep.study import Study
from experiments.sweep.study_notes import notes
from sim.calibration import tables
from sim.scenario import Scenario, date_of

# Measured on stores of real runs, bytes: a file without rows and without columns, the description of a column, a number
# in a run and in the series, the rest of a run, the names in a part's draws and a drawn value, the lines of a part in
# the log and in its session, and what is written once (manifest, scenarios).
_FILE_BYTES, _COLUMN_BYTES = 2300, 360
_VALUE_BYTES, _SERIES_BYTES, _OWN_BYTES = 6, 5.5, 30
_NAMES_BYTES, _DRAW_BYTES = 2500, 7.7
_LOG_BYTES, _ONCE_BYTES = 750, 7000
_OWN_COLUMNS, _SERIES_COLUMNS = 7, 2  # beside what is varied, the outcomes and the indicators
INDICATORS = 49  # of sim.stages.measure, which would load the model
_TOTALS = 13


def study_document(study: Study, workers: int) -> dict[str, Any]:
    """Return what would run, as one document; `discrepancy` is None unless the design is a sample."""
    runs, size = study.runs(), study.part_size()
    return {
        "format": 1,
        "question": study.question,
        "sha256": study.sha256,
        "scenarios": [_scenario(scenario) for scenario in study.scenarios],
        "varied": [_varied(axis) for axis in study.varied],
        "assume": [_assumed(ident, value) for ident, value in sorted(study.assume.items())],
        "design": study.design.kind,
        "discrepancy": study.discrepancy(),
        "points": study.number_of_points(),
        "replicates": study.replicates,
        "parts": math.ceil(runs / size),
        "runs_per_part": size,
        "workers": workers,
        **_costs(study, study.replicates, workers),
        "precision": _precision(study, workers),
        "notes": notes(study),
        "series": study.series,
        "limits": {
            "allow": study.limits.allow,
            "retry": study.limits.retry,
            "timeout_s": study.limits.timeout_s,
            "memory_mb": study.limits.memory_mb,
        },
    }


def _costs(study: Study, replicates: int, workers: int) -> dict[str, Any]:
    """Return the runs, seconds and megabytes of so many replicates at every point."""
    runs, quarters = study.number_of_points() * replicates, Definitions(horizon=study.horizon).quarters
    seconds = estimated_seconds(runs, study.scale, quarters, min(workers, runs))
    megabytes = round(_bytes(study, replicates, quarters) / 1e6, 1)
    return {"runs": runs, "seconds": round(seconds, 1), "megabytes": megabytes}


def _precision(study: Study, workers: int) -> dict[str, Any] | None:
    """Return what is wanted, the looks, and the least that it can cost; the rest of the document tells the most."""
    asked = study.precision
    if asked is None:
        return None
    least = least_replicates(asked.half_width, study.replicates)
    return {
        "half_width": asked.half_width,
        "targets": list(asked.targets),
        "looks": list(looks_up_to(study.replicates)),
        "least_replicates": least,
        "least": _costs(study, least or study.replicates, workers),
    }


def _scenario(scenario: Scenario) -> dict[str, Any]:
    titles = {f"title_{language}": scenario.title.get(language, scenario.name) for language in ("zh", "en")}
    return {"name": scenario.name, **titles, "sha256": scenario.sha256, "levers": len(scenario.levers)}


def _varied(axis: Varied) -> dict[str, Any]:
    row = axis.declared
    dates = axis.group == START
    values: list[Any] = [date_of(int(value)) if dates else value for value in axis.values]
    return {
        "column": axis.column,
        "id": axis.ident,
        "name": row.name,
        "title_zh": row.title_zh,
        "title_en": row.title_en,
        "unit": axis.unit,
        "low": values[0] if dates else axis.low,
        "high": values[-1] if dates else axis.high,
        "values": values,
        "log": axis.log,
        "declared_low": date_of(1) if dates else row.low,
        "declared_high": date_of(40) if dates else row.high,
        "otherwise": None if dates else getattr(row, "value" if axis.group == UNCERTAIN else "baseline"),
    }


def _assumed(ident: str, value: float) -> dict[str, Any]:
    row = tables.parameters()[ident]
    titles = {"title_zh": row.title_zh, "title_en": row.title_en}
    return {"id": ident, "name": row.name, **titles, "unit": row.unit, "central": row.value, "value": value}


def _bytes(study: Study, replicates: int, quarters: int) -> float:
    """Estimate the bytes of a store. Parts of few runs are mostly descriptions; draws are kept once a replicate."""
    points, targets, varied = study.number_of_points(), len(tables.targets()), len(study.varied)
    runs = points * replicates
    parts = math.ceil(runs / study.part_size())
    found = _ONCE_BYTES + _file(4 + varied) + points * (varied * _VALUE_BYTES + _OWN_BYTES)
    found += parts * (_file(_OWN_COLUMNS + varied + 2 * targets + _TOTALS) + _LOG_BYTES)
    found += runs * ((targets + _TOTALS + varied) * _VALUE_BYTES + _OWN_BYTES)
    if study.assumptions == "sampled":
        drawn = sum(row.role == "uncertain" for row in tables.parameters().values())
        # Every part has a file of draws, and the names of the parameters are in those with a new replicate.
        found += parts * _FILE_BYTES + min(parts, replicates) * _NAMES_BYTES + replicates * drawn * _DRAW_BYTES
    if study.series:
        found += parts * _file(_SERIES_COLUMNS + INDICATORS) + runs * (quarters + 1) * INDICATORS * _SERIES_BYTES
    return found


def _file(columns: int) -> float:
    """Return the bytes of a file without rows."""
    return _FILE_BYTES + columns * _COLUMN_BYTES

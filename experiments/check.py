"""What `check` answers: which levers change and when, how many runs that makes, and about how long they take."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from experiments.ensemble import LUCK_REPLICATES, Plan
from experiments.messages import Messages
from experiments.timing import misfits, warnings
from experiments.units import quantity
from experiments.wording import duration
from sim.calibration import tables
from sim.scenario import Scenario, date_of

# Measured on one core of a 2.6 GHz server processor: five-year runs a second at scale 50, and the share of a run that
# does not shrink with the number of agents.
RUNS_PER_SECOND = 3.7
_FIXED_SHARE = 0.36
_MEASURED_SCALE = 50
# Relaxed one by one under --binding: the constraints of `experiments/engine.py`, labour counted once.
CONSTRAINTS = 10


def check_document(plan: Plan, source: str) -> dict[str, Any]:
    """Return what would run, as one document."""
    constraints = CONSTRAINTS if plan.binding else 0
    runs = plan.runs(constraints)
    return {
        "format": 1,
        "source": source,
        "scenario": plan.scenario.name,
        "against": plan.against.name,
        "sha256": plan.scenario.sha256,
        "levers": list(_levers(plan.scenario)),
        "assumptions": list(_assumptions(plan)),
        "timing": {"scenario": misfits(plan.scenario, plan.horizon), "against": misfits(plan.against, plan.horizon)},
        "parks": [dict(park) for park in plan.scenario.parks],
        "links": [dict(link) for link in plan.scenario.links],
        "arms": plan.different_arms() + constraints,
        "replicates": plan.replicates,
        "luck_reruns": min(LUCK_REPLICATES, plan.replicates) if plan.assumptions == "sampled" else 0,
        "runs": runs,
        "workers": plan.workers,
        "seconds": round(_seconds(plan, runs), 1),
    }


def check_text(document: Mapping[str, Any], text: Messages) -> str:
    """Return the document as text for a terminal."""
    return "\n".join(_lines(document, text))


def _levers(scenario: Scenario) -> Iterator[dict[str, Any]]:
    table = tables.levers()
    for ident, setting in scenario.levers.items():
        lever = table[ident]
        yield {
            "id": ident,
            "name": lever.name,
            "title_zh": lever.title_zh,
            "title_en": lever.title_en,
            "unit": lever.unit,
            "baseline": lever.baseline,
            "value": setting.value,
            "from": date_of(setting.start),
            "to": None if setting.end is None else date_of(setting.end),
            "ramp_quarters": setting.ramp,
            "missing": missing_background(ident, scenario.levers),
        }


def missing_background(lever: str, given: Collection[str]) -> dict[str, float]:
    """Return the levers, with values, together with which alone a lever acts, and which are neither given nor so in
    2020.
    """
    table = tables.levers()
    return {
        needed: value for needed, value in table[lever].needs if needed not in given and table[needed].baseline != value
    }


def _assumptions(plan: Plan) -> Iterator[dict[str, Any]]:
    table = tables.parameters()
    for ident, value in sorted(plan.assume.items()):
        row = table[ident]
        titles = {"title_zh": row.title_zh, "title_en": row.title_en}
        yield {"id": ident, "name": row.name, **titles, "unit": row.unit, "central": row.value, "value": value}


def estimated_seconds(runs: int, scale: int, quarters: int, workers: int) -> float:
    """Estimate the time from the stored speed; part of a run does not depend on the number of agents."""
    size = _FIXED_SHARE + (1.0 - _FIXED_SHARE) * _MEASURED_SCALE / scale
    return runs * size * quarters / 20 / RUNS_PER_SECOND / workers


def _seconds(plan: Plan, runs: int) -> float:
    return estimated_seconds(runs, plan.scale, plan.definitions.quarters, min(plan.workers, plan.replicates))


def _lines(document: Mapping[str, Any], text: Messages) -> Iterator[str]:
    yield text("check.ok", file=document["source"])
    yield text("check.levers") if document["levers"] else text("check.no_levers")
    for row in document["levers"]:
        yield from _lever_lines(row, text)
    yield from (f"  {line}" for line in warnings(document["timing"], text))
    if document["assumptions"]:
        yield text("check.assumptions")
        yield from (
            f"  {row['id']} {text.title(row)}: {row['central']:g} -> {_value(row, text)}"
            for row in document["assumptions"]
        )
    if document["parks"]:
        yield text("check.parks")
        for row in document["parks"]:
            area = quantity(f"{row['planned_area']:g}", "km2", text.language)
            yield f"  {row['id']} {text.title(row)}: {area}"
    if document["links"]:
        yield text("check.links")
        yield from (f"  {row['source']} - {row['target']} ({row['layer']})" for row in document["links"])
    time = duration(document["seconds"], text)
    counts = {key: document[key] for key in ("arms", "replicates", "runs", "workers")}
    yield text("check.runs", lucks=document["luck_reruns"], time=time, **counts)


def _value(row: Mapping[str, Any], text: Messages) -> str:
    return quantity(f"{row['value']:g}", row["unit"], text.language)


def _lever_lines(row: Mapping[str, Any], text: Messages) -> Iterator[str]:
    line = f"  {row['id']} {text.title(row)}: {row['baseline']:g} -> {_value(row, text)}"
    if row["value"] == row["baseline"]:
        line += text("check.same")
    if row["to"] is not None or row["from"] != date_of(1):
        line += text("check.dates", start=row["from"], end=row["to"] or text("check.end"))
    if row["ramp_quarters"]:
        line += text("check.ramp", n=row["ramp_quarters"])
    yield line
    if row["missing"]:
        background = ", ".join(f"{lever} = {value:g}" for lever, value in row["missing"].items())
        yield text("check.needs", lever=row["id"], background=background)

"""Reading a study: every rule it must obey, all errors of the study and of the files it names reported together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.ensemble import Plan
from experiments.sweep.design import POLICY, START, UNCERTAIN, Design, Varied
from experiments.sweep.study import Limits, Study
from experiments.sweep.study_axes import known, unknown, varied_columns
from experiments.sweep.study_design import check_size, design_of
from experiments.sweep.study_problems import (
    Problems,
    check_keys,
    did_you_mean,
    flattened,
    number,
    quoted,
    shown,
    whole,
)
from experiments.sweep.study_replicates import replicates_of
from sim.errors import InputError
from sim.scenario import Scenario, date_of, load_scenario, scenario_names
from sim.scenario_rules import check_assumptions
from sim.toml_guard import is_finite_number, read_toml

PLAN_KEYS = ("seed", "scale", "horizon", "share", "path", "rule", "assumptions")
TABLES = ("assume", "vary", "design", "replicates", "failures", "store")
KEYS = ("format", "question", "scenario", "scenarios", *PLAN_KEYS, *TABLES)
FAILURE_KEYS = ("allow", "retry", "timeout_s", "memory_mb")
STORE_KEYS = ("series",)
ELSEWHERE = {
    POLICY: "levers are varied in [vary.policy]",
    UNCERTAIN: "assumptions are varied in [vary.uncertain]",
    "levers": 'a lever is set in the scenario, or for all points in [vary.policy], as "ID" = { values = [5] }',
}
MOST_SCENARIOS = 50
_LONGEST_QUESTION = 2000


def read_study(path: Path) -> Study:
    """Read and check a study file. Raises one InputError with every error found."""
    source = str(path)
    try:
        document = read_toml(path, finite=False)
        text = path.read_text("utf-8-sig")  # for the lines of errors only
    except (InputError, OSError, ValueError) as error:
        message = str(error).removeprefix(f"{source}: ")
        place = re.search(r"\bline (\d+)", message)
        problems = Problems(shown(source, 255))
        problems.add_in(problems.source, int(place[1]) if place else None, "", message)
        problems.raise_if_any()
        raise
    return study_from_document(document, path.parent, Problems(shown(source, 255), text))


def study_from_document(document: Mapping[str, Any], folder: Path, problems: Problems) -> Study:
    """Check a parsed study whose files lie in `folder`. Raises one InputError with every error found."""
    if "levers" in document and "vary" not in document:
        problems.add("levers", "this is a scenario, not a study; a study names it as scenario = ...")
        problems.raise_if_any()
    _check_top(document, problems)
    scenarios = _scenarios(document, folder, problems)
    plan = _plan_options(document, problems)
    given, before = _table(document, "design", problems), len(problems.found)
    varied = varied_columns(document, problems)
    sound = len(problems.found) == before
    design = Design("grid")  # one row, if nothing is varied
    if varied or not sound:
        design = design_of(given, folder, varied if sound else None, plan["seed"], problems)
    elif given:
        problems.add("design", "has nothing to vary; add [vary.policy] or [vary.uncertain], or remove [design]")
    if sound:
        _check_starts(varied, scenarios, plan["horizon"], problems)
    replicates, precision = replicates_of(_table(document, "replicates", problems), problems)
    study = Study(
        scenarios=scenarios,
        varied=varied,
        design=design,
        question=document["question"] if isinstance(document.get("question"), str) else "",
        replicates=replicates,
        precision=precision,
        assume=_assume(document, scenarios, varied, problems),
        limits=_limits(document, problems),
        series=_series(document, problems),
        **plan,
    )
    if not any(problem.source != problems.source or _of_points(problem.place) for problem in problems.found):
        check_size(study, problems)
    problems.raise_if_any()
    return study


def _of_points(place: str) -> bool:
    """Say whether an error at a place leaves open which points there are."""
    return place.partition(".")[0] in ("scenario", "scenarios", "vary", POLICY, UNCERTAIN, "design", "replicates")


# The top of the file


def _check_top(document: Mapping[str, Any], problems: Problems) -> None:
    check_keys({key: value for key, value in document.items() if key not in ELSEWHERE}, KEYS, "", problems)
    for key in document:
        if key in ELSEWHERE:
            problems.add(key, f"no such key; {ELSEWHERE[key]}")
    if "format" not in document:
        problems.add("format", "is missing; begin the file with format = 1")
    elif document["format"] != 1 or isinstance(document["format"], bool):
        problems.add("format", f"{quoted(document['format'])} is not known; this version reads format = 1")
    question = document.get("question", "")
    if not isinstance(question, str):
        problems.add("question", f"{quoted(question)} is not a text")
    elif len(question) > _LONGEST_QUESTION:
        problems.add("question", f"is longer than {_LONGEST_QUESTION} characters; shorten it")


def _table(document: Mapping[str, Any], name: str, problems: Problems) -> Mapping[str, Any]:
    given = document.get(name, {})
    if isinstance(given, Mapping):
        return given
    problems.add(name, f"{quoted(given)} is not a table; write [{name}] and its lines below")
    return {}


def _plan_options(document: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """Return the options that a single comparison has too, checked by its rules."""
    base = load_scenario("baseline")
    options: dict[str, Any] = {}
    for key in PLAN_KEYS:
        try:
            plan = Plan(base, base, **({key: document[key]} if key in document else {}))
        except InputError as error:
            is_table = isinstance(document[key], Mapping) and key == "assumptions"
            problems.add(
                key, "is a choice, sampled or central; assumptions are fixed in [assume]" if is_table else str(error)
            )
            plan = Plan(base, base)
        options[key] = getattr(plan, key)
    return options | {"horizon": int(options["horizon"])}


def _scenarios(document: Mapping[str, Any], folder: Path, problems: Problems) -> tuple[Scenario, ...]:
    if "scenario" in document and "scenarios" in document:
        problems.add("scenarios", "scenario and scenarios are both set; keep one of the two")
        return ()
    key = "scenarios" if "scenarios" in document else "scenario"
    given = document.get(key)
    if given is None:
        offer = ", ".join(scenario_names())
        problems.add(key, f'is missing; write scenario = "baseline" ({offer}, or a file ending in .toml)')
        return ()
    wanted = given if key == "scenarios" else [given]
    if not isinstance(wanted, list) or not wanted or not all(isinstance(name, str) and name for name in wanted):
        example = 'scenarios = ["baseline", "as_written"]' if key == "scenarios" else 'scenario = "baseline"'
        problems.add(key, f"{quoted(given)} names no scenario; write {example}")
        return ()
    if len(wanted) > MOST_SCENARIOS:
        problems.add(key, f"names {len(wanted)} scenarios, at most {MOST_SCENARIOS}; split the study")
        return ()
    found: list[Scenario] = []
    for name in wanted:
        scenario = _scenario(name, folder, key, problems)
        if scenario is not None and scenario.name in [other.name for other in found]:
            problems.add(key, f"two scenarios are called {scenario.name}; remove or rename one")
        elif scenario is not None:
            found.append(scenario)
    return tuple(found)


def _scenario(name: str, folder: Path, key: str, problems: Problems) -> Scenario | None:
    if not name.endswith(".toml"):
        if name in scenario_names():
            return load_scenario(name)
        hint = did_you_mean(name, scenario_names(), f"known are {', '.join(scenario_names())}")
        problems.add(key, f"no scenario {quoted(name)}; {hint} A scenario of your own is named by its file")
        return None
    if Path(name).is_absolute():
        problems.add(key, f"{quoted(name)} is an absolute path; write it relative to the study file")
        return None
    path = folder / name
    try:
        return load_scenario(path)
    except InputError as error:
        lines = [line for line in str(error).split("\n") if not line.endswith("errors; nothing was run")]
        for line in lines:
            problems.add(key, f"{shown(name)}: {line.removeprefix(f'{path}: ')}")
    return None


# Assumptions and first quarters


def _assume(
    document: Mapping[str, Any], scenarios: tuple[Scenario, ...], varied: Sequence[Varied], problems: Problems
) -> dict[str, float]:
    """Return the fixed assumptions: all scenarios live in one world, and `[assume]` has the last word."""
    joint: dict[str, float] = {}
    owner: dict[str, str] = {}
    free = {axis.ident for axis in varied if axis.group == UNCERTAIN}
    for scenario in scenarios:
        for ident, value in scenario.assumptions.items():
            if joint.setdefault(ident, value) != value:
                problems.add(
                    "scenarios",
                    f"{owner[ident]} assumes {ident} = {number(joint[ident])}, {scenario.name} {number(value)}; "
                    "both are compared in one world, so make the two equal",
                )
            owner.setdefault(ident, scenario.name)
            if ident in free:
                problems.add(
                    problems.place_of(f"{UNCERTAIN}.{ident}"),
                    f"is varied, and scenario {scenario.name} sets it to {number(value)}; keep one of the two",
                )
    return joint | _own_assumptions(document, free, problems)


def _own_assumptions(document: Mapping[str, Any], free: set[str], problems: Problems) -> dict[str, float]:
    given = _table(document, "assume", problems)
    found: dict[str, float] = {}
    for name, value in flattened(given):
        place = f"assume.{name}"
        row = known(name, UNCERTAIN)
        if row is None:
            what = "is a lever; set it in the scenario" if known(name, POLICY) else unknown(name, UNCERTAIN)
            problems.add(place, what)
        elif row.id in found:
            problems.add(place, f"sets {row.id} ({row.name}) a second time; keep one of the two")
        elif row.id in free:
            problems.add(place, "is varied in [vary.uncertain] and cannot be fixed as well; keep one of the two")
        else:
            try:
                found |= {ident: number + 0.0 for ident, number in check_assumptions({row.id: value}).items()}
            except InputError as error:
                problems.add(place, str(error).partition(f"{row.id}: ")[2])
    return found


def _check_starts(varied: Sequence[Varied], scenarios: tuple[Scenario, ...], horizon: int, problems: Problems) -> None:
    levers = {axis.ident for axis in varied if axis.group == POLICY}
    last = 4 * (horizon - 2020)
    for axis in varied:
        if axis.group != START:
            continue
        place = problems.place_of(axis.column)
        if axis.high > last:
            late = date_of(int(axis.high))
            problems.add(place, f"{late} is after the horizon {horizon} and would do nothing; choose a date before")
        without = [scenario.name for scenario in scenarios if axis.ident not in {*levers, *scenario.levers}]
        if without:
            problems.add(
                place,
                f"has nothing to start: {axis.ident} ({axis.declared.name}) is neither varied nor set in scenario "
                f"{', '.join(without)}; add it to [vary.policy]",
            )
        for scenario in scenarios:
            end = scenario.levers[axis.ident].end if axis.ident in scenario.levers else None
            if end is not None and axis.high > end:
                dates = f"{date_of(int(axis.high))} is after its end {date_of(end)}"
                problems.add(place, f"{dates} in scenario {scenario.name}; choose dates up to the end")


# Limits, store


def _limits(document: Mapping[str, Any], problems: Problems) -> Limits:
    given = _table(document, "failures", problems)
    check_keys(given, FAILURE_KEYS, "failures", problems)
    return Limits(
        allow=_real(given, "allow", Limits.allow, (0.0, 1.0), "share of runs", problems),
        retry=whole(given, "retry", Limits.retry, (0, 10), "failures", problems),
        timeout_s=_real(given, "timeout_s", Limits.timeout_s, (1.0, 86_400.0), "seconds a run", problems),
        memory_mb=whole(given, "memory_mb", Limits.memory_mb, (256, 1_048_576), "failures", problems),
    )


def _real(
    given: Mapping[str, Any], key: str, default: float, limits: tuple[float, float], unit: str, problems: Problems
) -> float:
    low, high = limits
    value = given.get(key, default)
    if is_finite_number(value) and low <= value <= high:
        return float(value)
    span = f"{number(low)} to {number(high)} ({unit})"
    problems.add(f"failures.{key}", f"{key} = {quoted(value)} is not a number from {span}")
    return default


def _series(document: Mapping[str, Any], problems: Problems) -> bool:
    given = _table(document, "store", problems)
    check_keys(given, STORE_KEYS, "store", problems)
    series = given.get("series", False)
    if not isinstance(series, bool):
        problems.add("store.series", f"series = {quoted(series)} is neither true nor false")
        return False
    return series

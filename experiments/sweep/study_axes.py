"""What `[vary.policy]` and `[vary.uncertain]` may say, checked against the tables of levers and parameters."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.sweep.design import POLICY, START, SWITCH_UNITS, UNCERTAIN, Varied
from experiments.sweep.study_problems import Problems, did_you_mean, number, quoted, shown
from sim.calibration import tables
from sim.calibration.records import Lever, Parameter
from sim.errors import InputError
from sim.scenario import LAST_QUARTER, date_of, quarter_of
from sim.scenario_rules import check_assumptions, check_levers
from sim.toml_guard import is_finite_number

TABLES = (POLICY, UNCERTAIN)
KEYS = ("low", "high", "values", "log")
MOST_VALUES = 1000
DATES = f'a quarter from {date_of(1)} to {date_of(LAST_QUARTER)}, such as "2022Q1"'
_SOURCE = 120
_CLAUSE_END = re.compile(r"(?:;|,(?![^(]*\)))(?=\s)")  # no comma inside parentheses


def varied_columns(document: Mapping[str, Any], problems: Problems) -> tuple[Varied, ...]:
    """Return what is varied in the order of the tables, noting every error."""
    vary = document.get("vary", {})
    if not isinstance(vary, Mapping):
        problems.add("vary", "is not a table; write [vary.policy] or [vary.uncertain]")
        return ()
    for key in vary:
        if key not in TABLES:
            hint = did_you_mean(str(key), list(TABLES), "known are policy (levers) and uncertain (assumptions)")
            problems.add(f"vary.{key}", f"no such table; {hint}")
    found: dict[str, Varied] = {}
    for group in TABLES:
        for name, given in entries(vary.get(group, {}), group, problems):
            axis = _axis(name, given, group, found, problems)
            if axis is not None:
                found[axis.column] = axis
    return tuple(sorted(found.values(), key=_order))


def _order(axis: Varied) -> tuple[int, int]:
    table = tables.parameters() if axis.group == UNCERTAIN else tables.levers()
    return (POLICY, START, UNCERTAIN).index(axis.group), list(table).index(axis.ident)


def entries(given: Any, group: str, problems: Problems) -> Iterator[tuple[str, Any]]:
    """Yield (id, dotted name or name of a first quarter, value): bare dots arrive as nested tables and are joined."""
    if not isinstance(given, Mapping):
        problems.add(f"vary.{group}", f'is not a table; write [vary.{group}] and lines such as "ID" = {{ low = 0 }}')
        return
    pending = [(str(key), value) for key, value in reversed(list(given.items()))]
    while pending:
        name, value = pending.pop()
        if isinstance(value, Mapping) and isinstance(value.get(START), Mapping):
            pending.append((f"{name}.{START}", value[START]))
            value = {key: inner for key, inner in value.items() if key != START}
            if not value:
                continue
        is_group = isinstance(value, Mapping) and value and not set(value) & {*KEYS, START}
        if is_group and known(name, group) is None and all(isinstance(inner, Mapping) for inner in value.values()):
            pending.extend((f"{name}.{key}", inner) for key, inner in reversed(list(value.items())))
        else:
            yield name, value


def known(name: str, group: str) -> Lever | Parameter | None:
    """Return the lever or parameter called by id or dotted name."""
    table: Mapping[str, Any] = tables.parameters() if group == UNCERTAIN else tables.levers()
    if name in table:
        return table[name]
    return next((row for row in table.values() if row.name == name), None)


def unknown(name: str, group: str) -> str:
    """Say that a name is unknown, and where it belongs or which name is meant."""
    kind, other, where = ("parameter", POLICY, "lever") if group == UNCERTAIN else ("lever", UNCERTAIN, "assumption")
    if known(name.removesuffix(f".{START}"), other) is not None:
        return f"is {'a lever' if where == 'lever' else 'an assumption'}; write it under [vary.{other}]"
    table: Mapping[str, Any] = tables.parameters() if group == UNCERTAIN else tables.levers()
    names = [*table, *(row.name for row in table.values())]
    return f"no such {kind}; {did_you_mean(name, names, f'`dianzhong describe {kind}s` lists all')}"


def _axis(name: str, given: Any, group: str, found: Mapping[str, Varied], problems: Problems) -> Varied | None:
    place = f"vary.{group}.{name}"
    row, column_group = known(name, group), group
    if row is None and group == POLICY and name.endswith(f".{START}"):
        row, column_group = known(name.removesuffix(f".{START}"), group), START
    if row is None:
        problems.add(place, unknown(name, group))
        return None
    if group == UNCERTAIN and (refusal := declared_fault(row, row.value, group)):  # type: ignore[union-attr]
        problems.add(place, refusal)
        return None
    axis = Varied(column_group, row.id, row.low, row.high)
    problems.spelled.setdefault(axis.column, place)
    if axis.column in found:
        problems.add(place, f"varies {row.id} ({row.name}) a second time; keep one of the two")
        return None
    if not isinstance(given, Mapping):
        problems.add(place, f"{quoted(given)} does not say how to vary; {_advice(axis)}")
        return None
    return _starts(row.id, given, place, problems) if column_group == START else _values(axis, given, place, problems)


def _advice(axis: Varied) -> str:
    if axis.group == START:
        return 'write { values = ["2021Q1", "2023Q1"] }'
    if axis.unit in SWITCH_UNITS:
        return "write { values = [0, 1] }"
    return (
        f"write {{ low = {number(axis.low)}, high = {number(axis.high)} }} or {{ values = [{number(axis.low)}, ...] }}"
    )


def declared_fault(row: Lever | Parameter, value: Any, group: str) -> str:
    """Return what the rules of scenarios say against a value of a lever or an assumption, or nothing."""
    try:
        (check_assumptions if group == UNCERTAIN else check_levers)({row.id: value})
    except InputError as error:
        return str(error).rpartition(f"{row.id}: ")[2]
    return ""


def value_fault(axis: Varied, value: Any, key: str = "") -> str:
    """Return what is wrong with one value of a column, or nothing."""
    name = f"{key} = " if key else ""
    if not is_finite_number(value):
        what = "is not a finite number" if isinstance(value, float) else "is not a number"
        return f"{name}{quoted(value)} {what}; allowed is {allowed(axis)}"
    if not axis.low <= value <= axis.high:
        side = "below" if value < axis.low else "above"
        return f"{name}{number(value)} is {side} the allowed {allowed(axis)}"
    if axis.values and value not in axis.values:
        return f"{name}{number(value)} is not one of the values {', '.join(map(number, axis.values[:12]))}"
    if axis.whole and not float(value).is_integer():
        return f"{name}{number(value)} is not a whole number; allowed is {allowed(axis)}"
    return ""


def allowed(axis: Varied) -> str:
    """Describe the range of a column: limits, unit, and the source if the limits are the declared ones."""
    row = axis.declared
    own = (axis.low, axis.high) != (row.low, row.high)
    source = f"set in [vary.{axis.group}]" if own else f"source: {_in_short(row.source)}"
    return f"{number(axis.low)} to {number(axis.high)} ({row.unit}; {source})"


def _in_short(source: str) -> str:
    """Return a source up to the last whole clause that is not too long; only a first clause too long itself is cut."""
    ends = [found.start() for found in _CLAUSE_END.finditer(source)]
    fitting = [end for end in (*ends, len(source)) if end <= _SOURCE]
    return shown(source[: max(fitting)] if fitting else source, _SOURCE)


def _values(axis: Varied, given: Mapping[str, Any], place: str, problems: Problems) -> Varied | None:
    count = len(problems.found)
    _check_keys(given, place, problems)
    log = given.get("log", False)
    if not isinstance(log, bool):
        problems.add(place, f"log = {quoted(log)} is neither true nor false")
        log = False
    if "values" in given:
        if rest := [key for key in ("low", "high", "log") if key in given]:
            problems.add(place, f"has values and also {' and '.join(rest)}; keep the list or the range")
        values = _listed(given["values"], lambda value: value_fault(axis, value), place, problems)
        low, high = (min(values), max(values)) if values else (axis.low, axis.high)
        made = Varied(axis.group, axis.ident, low, high, values)
    elif axis.unit in SWITCH_UNITS:
        if given:
            problems.add(place, "is a switch and has no range between; write { values = [0, 1] }")
        made = Varied(axis.group, axis.ident, axis.low, axis.high, (axis.low, axis.high))
    else:
        made = _range(axis, given, log, place, problems)
    return made if len(problems.found) == count else None


def _range(axis: Varied, given: Mapping[str, Any], log: bool, place: str, problems: Problems) -> Varied:
    limits = {"low": axis.low, "high": axis.high}
    faults = [fault for key in limits if key in given and (fault := value_fault(axis, given[key], key))]
    for fault in faults:
        problems.add(place, fault)
    if faults:
        return axis
    low, high = (float(given.get(key, limits[key])) + 0.0 for key in limits)
    if low > high:
        problems.add(place, f"low = {number(low)} is above high = {number(high)}; exchange the two")
    elif low == high:
        problems.add(place, f"low and high are both {number(low)}, so nothing varies; {_fixed(axis, low)}")
    elif log and axis.whole:
        problems.add(place, "log = true divides a range without gaps, and this one has whole numbers; list the values")
    elif log and low <= 0:
        problems.add(place, f"log = true needs low above 0, and low = {number(low)}; raise low or remove log")
    return Varied(axis.group, axis.ident, low, high, (), log)


def _fixed(axis: Varied, value: float) -> str:
    """Say how to set something at one value for all points."""
    if axis.group == UNCERTAIN:
        return f"to fix it for all points, write {axis.ident} = {number(value)} in [assume]"
    return f"to fix it for all points, write {{ values = [{number(value)}] }}"


def _starts(ident: str, given: Mapping[str, Any], place: str, problems: Problems) -> Varied | None:
    count = len(problems.found)
    _check_keys(given, place, problems)
    if any(key in given for key in ("low", "high", "log")) or "values" not in given:
        problems.add(place, 'a first quarter is varied by a list only; write { values = ["2021Q1", "2023Q1"] }')
        return None
    values = _listed(given["values"], date_fault, place, problems)
    if len(problems.found) > count:
        return None
    return Varied(START, ident, values[0], values[-1], values)


def date_fault(value: Any) -> str:
    """Return what is wrong with a first quarter, or nothing."""
    if isinstance(value, str) and quarter_of(value) is not None:
        return ""
    return f"{quoted(value)} is not a date of the simulation; write {DATES}"


def _listed(given: Any, fault: Any, place: str, problems: Problems) -> tuple[float, ...]:
    """Return the values of a list in ascending order, noting every error."""
    if not isinstance(given, list) or not given:
        problems.add(place, f"values = {shown(given)} is not a list of values; write values = [..., ...]")
        return ()
    if len(given) > MOST_VALUES:
        problems.add(place, f"values has {len(given)} entries, at most {MOST_VALUES}; write a range or shorten it")
        return ()
    faults = [text for value in given if (text := fault(value))]
    for text in faults:
        problems.add(place, text)
    if faults:
        return ()
    # Adding zero turns -0.0 into 0.0: equal numbers are spelled alike.
    values = sorted(float(quarter_of(value) or 0) if isinstance(value, str) else float(value) + 0.0 for value in given)
    for first, second in itertools.pairwise(values):
        if first == second:
            text = date_of(int(first)) if isinstance(given[0], str) else number(first)
            problems.add(place, f"values names {text} twice; remove one")
            break
    return tuple(values)


def _check_keys(given: Mapping[str, Any], place: str, problems: Problems) -> None:
    for key in given:
        if key == START:
            problems.add(place, f'from is no key here; vary it as "...{START}" = {{ values = ["2021Q1", "2023Q1"] }}')
        elif key not in KEYS:
            problems.add(
                f"{place}.{key}", f"no such key; {did_you_mean(key, list(KEYS), 'known are ' + ', '.join(KEYS))}"
            )

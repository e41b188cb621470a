"""What there is: levers, targets, parameters, indicators, scenarios, parks, links and the stages of a quarter.

Everything is read from the tables and from the source of the stages, without loading the heavy libraries.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib import resources
from types import MappingProxyType
from typing import Any

from experiments.messages import Messages
from experiments.units import quantity, unit_name
from experiments.wording import Style, pad
from sim.calibration import tables
from sim.errors import InputError, nearest
from sim.scenario import load_scenario, scenario_names

Row = dict[str, Any]


def lever_rows() -> list[Row]:
    """Return every lever; `as_written` is None where the text states no figure and no absolute wording."""
    rows = []
    for lever in tables.levers().values():
        row = asdict(lever)
        row["as_written"] = row.pop("policy_value")
        row["needs"] = dict(lever.needs)
        rows.append(row)
    return rows


def target_rows() -> list[Row]:
    """Return the ten targets."""
    return [asdict(target) for target in tables.targets().values()]


def parameter_rows() -> list[Row]:
    """Return every declared number of the model."""
    return [asdict(parameter) for parameter in tables.parameters().values()]


def scenario_rows() -> list[Row]:
    """Return the scenarios that come with the program."""
    rows = []
    for name in scenario_names():
        scenario = load_scenario(name)
        texts = {f"{key}_{language}": text for key in ("title", "why") for language, text in _of(scenario, key)}
        levers = {lever: setting.value for lever, setting in scenario.levers.items()}
        rows.append({"id": name, **texts, "levers": levers, "sha256": scenario.sha256})
    return rows


def park_rows() -> list[Row]:
    """Return parks, districts and towns with their land."""
    return [asdict(park) for park in tables.parks().values()]


def link_rows() -> list[Row]:
    """Return the edges of the integration graph in all layers; the id joins both ends and the layer."""
    return [{"id": f"{link.source_node}-{link.target_node}:{link.layer}", **asdict(link)} for link in tables.links()]


def schedule_rows() -> list[Row]:
    """Return the stages of one quarter in the order of `RegionModel.step`, with what each reads and writes."""
    stages = {row["id"]: row for row in _declared_stages()}
    order = [name for name in _names_in_step() if name in stages]
    return [{"position": position, **stages[name]} for position, name in enumerate(order, 1)]


def indicator_rows() -> list[Row]:
    """Return the indicators of a run with unit and meaning."""
    source = resources.files("sim") / "stages" / "measure.py"
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "INDICATORS" and node.value is not None:
            table = ast.literal_eval(node.value)
            keys = ("unit", "title_zh", "title_en")
            return [{"id": name, **dict(zip(keys, row, strict=True))} for name, row in table.items()]
    raise LookupError("sim/stages/measure.py declares no INDICATORS")


def tree_rows() -> list[Row]:
    """Return every dotted name, levers and parameters together, as a tree of subjects and blocks: what can be set."""
    rows = [
        {"id": row.name, "kind": "lever", "key": row.id, "value": row.baseline, **_common(row)}
        for row in tables.levers().values()
    ]
    rows += [
        {"id": row.name, "kind": row.role, "key": row.id, "value": row.value, **_common(row)}
        for row in tables.parameters().values()
    ]
    rows.sort(key=lambda row: (row["branch"], row["kind"] != "lever", row["id"]))
    for row, before in zip(rows, [None, *rows], strict=False):
        row["opens_branch"] = before is None or before["branch"] != row["branch"]
    return rows


def _common(row: Any) -> Row:
    branch = row.name.partition(".")[0]
    return {
        "branch": branch,
        "unit": row.unit,
        "low": row.low,
        "high": row.high,
        "title_zh": row.title_zh,
        "title_en": row.title_en,
    }


TOPICS: Mapping[str, Callable[[], list[Row]]] = MappingProxyType(
    {
        "levers": lever_rows,
        "targets": target_rows,
        "parameters": parameter_rows,
        "indicators": indicator_rows,
        "scenarios": scenario_rows,
        "parks": park_rows,
        "links": link_rows,
        "schedule": schedule_rows,
        "tree": tree_rows,
    }
)


def rows_of(topic: str, name: str | None = None) -> list[Row]:
    """Return the rows of a topic, all or those that `name` selects. Raises InputError for a name that selects none.

    An exact id or dotted name selects its row; any other text selects the rows whose id, name or title contains it.
    """
    rows = TOPICS[topic]()
    if name is None:
        return rows
    exact = [row for row in rows if name in (row["id"], row.get("name"))]
    if exact:
        return exact
    wanted = name.casefold()
    found = [row for row in rows if any(wanted in str(row.get(key, "")).casefold() for key in _SEARCHED)]
    if not found:
        known = [str(row[key]) for row in rows for key in ("id", "name") if row.get(key)]
        close = nearest(name, known)
        hint = f"did you mean {' or '.join(close)}?" if close else f"`dianzhong describe {topic}` lists all"
        raise InputError(f"describe {topic}: nothing is called {name!r}; {hint}")
    return found


_SEARCHED = ("id", "name", "title_zh", "title_en", "subject", "block")


def describe(topic: str, rows: list[Row], text: Messages, style: Style) -> str:
    """Return the rows as text for a terminal: one line each, or everything that is known about a single row."""
    if not rows:
        return text("describe.none")
    if len(rows) == 1:
        return "\n".join(_everything(rows[0], style))
    line = _LINES.get(topic, _plain_line)
    return "\n".join([style.paint(text(f"describe.{topic}"), "bold"), *(line(row, text, style) for row in rows)])


def topics(text: Messages, style: Style) -> str:
    """Return the list of topics as text for a terminal."""
    lines = (f"  {style.paint(topic.ljust(12), 'bold')}{text(f'describe.{topic}')}" for topic in TOPICS)
    return "\n".join([text("describe.topics"), *lines])


def _of(scenario: Any, key: str) -> Iterator[tuple[str, str]]:
    yield from getattr(scenario, key).items()


def _everything(row: Row, style: Style) -> Iterator[str]:
    for key, value in row.items():
        shown = ", ".join(f"{k} = {v:g}" for k, v in value.items()) if isinstance(value, dict) else value
        if isinstance(value, list):
            shown = ", ".join(value)
        yield f"{style.paint(key.ljust(16), 'dim')}{'-' if shown in (None, '') else shown}"


def _lever_line(row: Row, text: Messages, style: Style) -> str:
    numbers = [f"{text('describe.baseline')} {row['baseline']:g}"]
    if row["as_written"] is not None:
        numbers.append(f"{text('describe.as_written')} {row['as_written']:g}")
    numbers.append(f"{text('describe.suggested')} {row['suggested']:g}")
    span = quantity(f"{row['low']:g} … {row['high']:g}", row["unit"], text.language)
    numbers.append(f"{text('describe.range')} {span}")
    title = f"{style.paint(row['id'], 'bold')}  {text.title(row)}  {style.paint(row['name'], 'dim')}"
    return f"{title}\n      {' · '.join(numbers)}"


def _parameter_line(row: Row, text: Messages, style: Style) -> str:
    value = f"{row['value']:g} ({row['low']:g} … {row['high']:g})"
    span = f"{quantity(value, row['unit'], text.language)} · {row['role']}"
    return (
        f"{style.paint(row['id'].ljust(5), 'bold')}{text.title(row)}  {style.paint(row['name'], 'dim')}\n      {span}"
    )


def _target_line(row: Row, text: Messages, style: Style) -> str:
    threshold = quantity(f"{row['threshold']:g}", row["unit"], text.language)
    return f"{style.paint(row['id'].ljust(24), 'bold')}{threshold}  {text.title(row)}"


def _stage_line(row: Row, text: Messages, style: Style) -> str:
    return f"{row['position']:>3}  {style.paint(row['id'].ljust(22), 'bold')}{row['doc']}"


def _link_line(row: Row, text: Messages, style: Style) -> str:
    size = f"{row['minutes_2020']:g} min" if row["weight_2020"] is None and row["minutes_2020"] else row["weight_2020"]
    ends = f"{row['source_node']} - {row['target_node']}"
    kind = f"{row['layer'].ljust(12)}{row['mode'].ljust(11)}"
    return f"{ends.ljust(36)}{kind}{'-' if size is None else size}  {row['state']}"


def _tree_line(row: Row, text: Messages, style: Style) -> str:
    branch = f"{style.paint(row['branch'], 'bold')}\n" if row["opens_branch"] else ""
    leaf = row["id"].partition(".")[2]
    value = quantity(f"{row['value']:g}", row["unit"], text.language)
    return f"{branch}  {leaf.ljust(30)}{row['key'].ljust(6)}{row['kind'].ljust(11)}{pad(value, 34)}{text.title(row)}"


def _plain_line(row: Row, text: Messages, style: Style) -> str:
    title = text.title(row) if f"title_{text.language}" in row else row.get("doc", "")
    unit = f"  {style.paint(unit_name(row['unit'], text.language), 'dim')}" if row.get("unit") else ""
    return f"{style.paint(str(row['id']).ljust(24), 'bold')}{title}{unit}"


_LINES: Mapping[str, Callable[[Row, Messages, Style], str]] = MappingProxyType(
    {
        "levers": _lever_line,
        "parameters": _parameter_line,
        "targets": _target_line,
        "schedule": _stage_line,
        "links": _link_line,
        "tree": _tree_line,
    }
)


# The schedule, read from the source: importing the stages would load numpy, and a written list would go stale.


def _declared_stages() -> Iterator[Row]:
    folder = resources.files("sim") / "stages"
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".py"):
            tree = ast.parse(entry.read_text(encoding="utf-8"))
            yield from (row for node in tree.body if (row := _stage_row(node)) is not None)


def _stage_row(node: ast.stmt) -> Row | None:
    if not isinstance(node, ast.FunctionDef):
        return None
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "stage":
            declared = {word.arg: str(ast.literal_eval(word.value)) for word in call.keywords if word.arg}
            doc = (ast.get_docstring(node) or "").partition("\n")[0]
            columns = {key: declared.get(key, "").replace(",", " ").split() for key in ("reads", "writes")}
            return {"id": node.name, "doc": doc, **columns}
    return None


def _names_in_step() -> list[str]:
    """Return every name that the body of `RegionModel.step` mentions, in order of appearance."""
    source = resources.files("sim") / "model.py"
    tree = ast.parse(source.read_text(encoding="utf-8"))
    bodies = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "step"]
    words = [word for body in bodies for word in ast.walk(body) if isinstance(word, ast.Name | ast.Attribute)]
    words.sort(key=lambda word: (word.lineno, word.col_offset))
    return [word.id if isinstance(word, ast.Name) else word.attr for word in words]

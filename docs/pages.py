"""The pages that repeat the code: each function returns the Markdown of one page, read from tables and source."""

from __future__ import annotations

import ast
import csv
import inspect
import io
import re
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ASSUMPTION = re.compile(r"^assumption|\[A\]")

# Both sides of every identity, in the order of sim/identities.py; a name without its sides stops the generator.
SIDES = {
    "gdp_production_income": "value added sold, summed over firms = wages + operating surplus + production taxes - "
    "production subsidies, summed over postings of the ledger",
    "ledger_sums_to_zero": "sum of the balances of all accounts = 0",
    "firms_cash": "cash of all firms (times weight) = cash at the start + postings to firms - postings by firms",
    "budget_cash": "cash of the committee = cash at the start + postings to it - postings by it",
    "park_accounts": "own accounts of all parks = postings to parks - postings by parks",
    "capital_formation": "change of the capital stock of all owners = formation of firms, infrastructure and housing - "
    "depreciation - capital lost with leavers",
    "land": "unserviced + serviced + occupied + idle industrial land = stock at the start + quota issued, less "
    "what has lapsed",
    "people": "persons x person weight + reservoirs = persons at the start + natural growth",
    "employment_cells": "persons whose labour cell does not exist = 0 (exactly)",
    "employment_firms": "staff of the firms of a labour cell (times weight) = persons at work in it (times person "
    "weight)",
    "energy": "energy use of firms = energy intensity x output by sector, autonomous saving deducted",
}


# --- Markdown ---------------------------------------------------------------------------------------------------------


def cell(value: Any) -> str:
    """Return a table cell: numbers short, no line break and no bar that would end the cell."""
    if value is None:
        return ""
    text = f"{value:.12g}" if isinstance(value, float) else str(value)
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def table(heads: list[str], rows: list[list[Any]], right: tuple[str, ...] = ()) -> str:
    """Return a Markdown table; right: names of the columns to align right."""
    line = "| " + " | ".join(heads) + " |\n"
    rule = "| " + " | ".join("---:" if head in right else "---" for head in heads) + " |\n"
    return line + rule + "".join("| " + " | ".join(cell(v) for v in row) + " |\n" for row in rows)


def counted(number: int, one: str, many: str) -> str:
    """Return `1 lever` or `2 levers`."""
    return f"{number} {one if number == 1 else many}"


# --- Tables from the code ---------------------------------------------------------------------------------------------


def levers_page() -> str:
    """Return the levers: settings, then what each does and costs."""
    from sim.calibration import tables

    rows = list(tables.levers().values())
    stated = [row for row in rows if row.policy_value is not None]
    out = [
        "# Levers\n",
        f"{len(rows)} levers. {len(stated)} of them have a value *as written*: the text states a figure or uses an "
        "absolute wording. For the others it names only a direction, and the suggested setting is an assumption "
        "of this "
        "project. Every baseline is the setting without the document; most baselines are assumptions (see the "
        "last table). "
        "At its baseline a lever changes nothing, to the last bit.\n",
        "*effect*: `exact` applies in full, `implemented` by the share theta that implementation capacity allows. "
        "*kind*: an "
        "`amount` is interpolated between baseline and setting by theta; a `rule` (threshold, ban, cap, switch) "
        "applies in full "
        "to a share theta of cases.\n",
    ]
    heads = ["id", "name", "title", "标题", "unit", "baseline", "as written", "suggested", "range"]
    heads += ["direction", "effect", "kind", "payer"]
    for article in sorted({row.article for row in rows}):
        own = [row for row in rows if row.article == article]
        out += [f"## Article {article}\n"]
        body = [
            [
                *(row.id, f"`{row.name}`", row.title_en, row.title_zh, row.unit, row.baseline),
                *(row.policy_value, row.suggested, f"{row.low:g} to {row.high:g}"),
                *(row.direction, row.effect, row.kind, row.payer),
            ]
            for row in own
        ]
        out += [table(heads, body, ("baseline", "as written", "suggested"))]
    out += [
        "## What each lever does and costs\n",
        "Mechanism and cost as noted in the table of levers; what runs is `sim/policy/`. Costs are million yuan "
        "per year "
        "unless the note says otherwise. *needs*: the background on which a lever can act.\n",
    ]
    heads = ["id", "mechanism", "cost", "needs", "source", "notes"]
    body = [
        [r.id, r.mechanism, r.cost_formula, ", ".join(f"{k} = {v:g}" for k, v in r.needs), r.source, r.notes]
        for r in rows
    ]
    return "\n".join([*out, table(heads, body)])


def parameters_page() -> str:
    """Return every number of the model by block, and how many of them are assumptions."""
    from sim.calibration import tables

    rows = list(tables.parameters().values())
    roles = {role: [r for r in rows if r.role == role] for role in ("uncertain", "fixed", "check")}
    assumed = [r for r in rows if ASSUMPTION.search(r.source)]
    trust = {grade: sum(r.confidence == grade for r in rows) for grade in ("high", "medium", "low")}
    recalled = sum("[R]" in r.source and not ASSUMPTION.search(r.source) for r in rows)
    out = [
        "# Parameters\n",
        f"{len(rows)} declared numbers: {len(roles['uncertain'])} uncertain (sampled, triangular on low, central, "
        f"high), "
        f"{len(roles['fixed'])} fixed, {len(roles['check'])} checks (diagnostics, never an input).\n",
        f"**{len(assumed)} of the {len(rows)} are assumptions of this project or rest on one** (source begins with "
        f"`assumption` or carries the tag [A]); {recalled} others are recalled from the literature and not "
        f"verified ([R] and "
        f"no [A]). Confidence: {trust['high']} high, {trust['medium']} medium, {trust['low']} low.\n",
        "Tags: [F] read in a published page, [R] recalled and to be verified, [D] arithmetic on other figures, "
        "[A] assumption. Ids P come from the literature, Q and N are needed by the model. A value may be set "
        "within its range: "
        "`--assume P12=5`, or as a keyword of `RegionModel`.\n",
    ]
    heads = [
        "id",
        "name",
        "symbol",
        "title",
        "标题",
        "value",
        "range",
        "unit",
        "role",
        "acts on",
        "source",
        "confidence",
    ]
    for block in dict.fromkeys(row.block for row in rows):
        own = [row for row in rows if row.block == block]
        body = [
            [
                *(row.id, f"`{row.name}`", f"`{row.symbol}`", row.title_en, row.title_zh, row.value),
                *(f"{row.low:g} to {row.high:g}", row.unit, row.role, row.mechanism, row.source, row.confidence),
            ]
            for row in own
        ]
        out += [f"## {block}\n", table(heads, body, ("value",))]
    return "\n".join(out)


def schedule_page() -> str:
    """Return the stages of a quarter in order, with what each declares to read and write."""
    from sim.model import STAGES

    out = [
        "# One quarter\n",
        f"The {len(STAGES)} stages of `RegionModel.step`, in order. *Reads* and *writes* name columns of "
        f"populations; `.id` "
        "means that agents come or go. In a checked run a stage that reads or changes anything else raises an "
        "error. Beside "
        "columns, stages hand on the terms of the quarter, the network and its kernels, the ledger, and take-up "
        "figures.\n",
        table(["stage", "", "does"], [[k, f"`{s.name}`", whole_doc(s)] for k, s in enumerate(STAGES, 1)], ("stage",)),
    ]
    for k, stage in enumerate(STAGES, 1):
        out += [f"## {k}. {stage.name}\n", whole_doc(stage) + "\n"]
        out += [f"*Reads* {columns(stage.reads)}\n", f"*Writes* {columns(stage.writes)}\n"]
    return "\n".join(out)


def whole_doc(stage: Any) -> str:
    """Return the first paragraph of a stage's docstring on one line."""
    doc = inspect.getdoc(stage.run) or ""
    return " ".join(doc.split("\n\n")[0].split())


def columns(names: frozenset[str]) -> str:
    """Return declared columns grouped by population: `firms`: a, b; `parks`: c."""
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        population, column = name.split(".")
        groups.setdefault(population, []).append(column)
    return "; ".join(f"`{p}`: {', '.join(c)}" for p, c in groups.items()) + "." if groups else "no column."


def indicators_page() -> str:
    """Return the indicators of a run."""
    from sim.stages.measure import INDICATORS

    body = [[f"`{name}`", unit, english, chinese] for name, (unit, chinese, english) in INDICATORS.items()]
    return "\n".join(
        [
            "# Indicators\n",
            f"{len(body)} indicators, recorded every quarter; quarter 0 is the fourth quarter of 2020, by the same "
            f"formulas. "
            "Flows are per quarter and not seasonal.\n",
            table(["name", "unit", "title", "标题"], body),
        ]
    )


def targets_page() -> str:
    """Return the ten targets."""
    from sim.calibration import tables

    rows = list(tables.targets().values())
    heads = ["id", "article", "title", "标题", "unit", "threshold", "counted", "reach rule", "source"]
    body = [
        [
            *(f"`{r.id}`", r.article, r.title_en, r.title_zh, r.unit, r.threshold),
            *("yes" if r.counted else "shown only", "may be chosen" if r.rule_applies else "does not apply", r.source),
        ]
        for r in rows
    ]
    counted_rows = sum(r.counted for r in rows)
    return "\n".join(
        [
            "# Targets\n",
            f"{len(rows)} rows, {counted_rows} of them counted in *how many are reached*; never merged into one "
            f"number. How each "
            "is measured is in [odd.md](../odd.md#targets).\n",
            table(heads, body, ("threshold",)),
        ]
    )


def ledger_page() -> str:
    """Return the accounts of the ledger and every flow that the code posts, with payer and payee."""
    heads = ["account", "who"]
    accounts = list(commented_tuple(ROOT / "sim" / "accounting.py", "ACCOUNTS"))
    flows = sorted(posted_flows())
    return "\n".join(
        [
            "# Ledger\n",
            "Every payment is one posting with a payer and a payee, million yuan at model prices. Balances change "
            "by postings "
            "alone, and over all accounts they sum to zero.\n",
            table(heads, [[f"`{name}`", comment] for name, comment in accounts]),
            "## Flows\n",
            "Every kind of payment in the code. *varies*: the payer or payee depends on the lever. A negative "
            "amount is a payment "
            "the other way.\n",
            table(["flow", "payer", "payee", "posted in"], [[f"`{flow}`", *rest] for flow, *rest in flows]),
        ]
    )


def commented_tuple(path: Path, name: str) -> Iterator[tuple[str, str]]:
    """Yield the strings of a module-level tuple with the comment at the end of each one's line."""
    text = path.read_text("utf-8")
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name and isinstance(node.value, ast.Tuple):
            for item in node.value.elts:
                yield ast.literal_eval(item), comments.get(item.lineno, "")


def posted_flows() -> set[tuple[str, str, str, str]]:
    """Return flow, payer, payee and module of every posting in the source of the model."""
    found = set()
    for path in sorted((ROOT / "sim").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr not in ("post", "pay") or len(node.args) < 4:
                continue
            words = [a.value if isinstance(a, ast.Constant) else "varies" for a in node.args[:3]]
            if words[0] != "varies":
                found.add((*(str(w) for w in words), f"`{path.relative_to(ROOT).as_posix()}`"))
    return found


def identities_page() -> str:
    """Return what must close every quarter."""
    from sim.identities import TOLERANCE

    names = dict_keys(ROOT / "sim" / "identities.py", "identities")
    if names != list(SIDES):
        raise LookupError(f"docs/generate.py, SIDES: identities have changed, now {names}")
    return "\n".join(
        [
            "# Identities\n",
            f"`model.identities()` returns the relative residual of each; in a checked run one above {TOLERANCE:g} "
            f"stops the run. "
            "Money is relative to the turnover of the quarter, land and people to the stock at the start, "
            "employment to all "
            "employment, energy to its use.\n",
            table(["name", "what must be equal"], [[f"`{name}`", SIDES[name]] for name in names]),
        ]
    )


def dict_keys(path: Path, function: str) -> list[str]:
    """Return the keys of the dictionary that a function returns."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and isinstance(inner.value, ast.Dict):
                    return [ast.literal_eval(key) for key in inner.value.keys if key is not None]
    raise LookupError(f"{path.name} has no function {function} that returns a dictionary")


def state_page() -> str:
    """Return the columns of every population, and the terms that policy can write."""
    from agents.firm import Firms
    from agents.government import GovernmentAccount
    from agents.park import Parks
    from agents.talent import Talent
    from agents.terms import Channel, Terms
    from sim.prospects import Prospects
    from sim.state import Homes, LabourPools, Markets, Queue, Region

    out = ["# State and terms\n", "What every agent and every market remembers: one column per attribute.\n"]
    for kind in (Firms, Talent, Parks, GovernmentAccount, Prospects, Queue, Markets, LabourPools, Homes, Region):
        out += [f"## {kind.__name__}\n", (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ") + "\n"]
        out += [table(["column", "unit", "meaning"], [[f"`{n}`", c.unit, c.doc] for n, c in kind.columns.items()])]
    fresh = Terms()
    body = []
    for declared in fields(Terms):
        term = getattr(fresh, declared.name)
        body.append([f"`{declared.name}`", "amount" if isinstance(term, Channel) else "rule", term.unit, term.doc])
    out += [
        "## Terms\n",
        "What is on offer in a quarter. Instruments write terms, agents read them, and nothing else connects "
        "a lever with an agent.\n",
        table(["term", "kind", "unit", "meaning"], body),
    ]
    return "\n".join(out)


def data_page() -> str:
    """Return the tables, the totals of the base, the published figures, and the paths from outside."""
    from sim.calibration import tables

    folder = ROOT / "sim" / "calibration"
    files = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as text:
            head, *rows = list(csv.reader(text))
        grades = Counter(row[head.index("confidence")] for row in rows) if "confidence" in head else {}
        files.append(
            [f"`{path.name}`", len(rows), *(grades.get(g, "") for g in ("high", "medium", "low")), ", ".join(head)]
        )
    figures = [
        [
            f.variable,
            f.year,
            f.value,
            "" if f.low == f.high else f"{f.low:g} to {f.high:g}",
            f.unit,
            f.source,
            f.confidence,
        ]
        for f in tables.province().values()
    ]
    return "\n".join(
        [
            "# Data\n",
            f"Digest of all tables: `{tables.data_digest()}`. Every result names it.\n",
            "## Files\n",
            table(["file", "rows", "high", "medium", "low", "columns"], files, ("rows", "high", "medium", "low")),
            "## The base of 2020\n",
            "Value added and capital of firms in million yuan, employment in persons; before sampling.\n",
            base_table("site"),
            base_table("sector"),
            "## Totals and published figures\n",
            table(["figure", "year", "value", "range", "unit", "source", "confidence"], figures, ("year", "value")),
            "## Paths from outside, % a year\n",
            paths_table(),
        ]
    )


def base_table(key: str) -> str:
    """Return sums of the base cells by site or sector."""
    from sim.calibration import tables

    names = {**{row.id: row.title_zh for row in tables.sites().values()}}
    names |= {row.id: row.title_zh for row in tables.sectors().values()}
    sums: dict[str, list[float]] = {}
    for row in tables.base_cells():
        values = (row.value_added, row.employment, row.capital, row.n_firms)
        line = sums.setdefault(getattr(row, key), [0.0] * 4)
        line[:] = [a + b for a, b in zip(line, values, strict=True)]
    body = [[name, names[name], *(f"{v:,.0f}" for v in line)] for name, line in sums.items()]
    body.append(["**sum**", "", *(f"{sum(column):,.0f}" for column in zip(*sums.values(), strict=True))])
    heads = [key, "标题", "value added", "employment", "capital", "firms"]
    return table(heads, body, tuple(heads[2:]))


def paths_table() -> str:
    """Return every path and variable, one column per year."""
    from sim.calibration import tables

    rows = tables.paths()
    years = sorted({year for _, _, year in rows})
    names = dict.fromkeys((path, variable) for path, variable, _ in rows)
    body = [[p, v, *(rows[p, v, y].value if (p, v, y) in rows else "" for y in years)] for p, v in names]
    heads = ["path", "variable", *map(str, years)]
    return table(heads, body, tuple(heads[2:]))


PAGES: dict[str, Callable[[], str]] = {
    "levers": levers_page,
    "parameters": parameters_page,
    "schedule": schedule_page,
    "indicators": indicators_page,
    "targets": targets_page,
    "ledger": ledger_page,
    "identities": identities_page,
    "state": state_page,
    "data": data_page,
}

"""The texts of the app: both languages say the same things, and no page asks for a text that does not exist."""

from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

import experiments.dashboard
from experiments.chart_text import GROUPS
from experiments.chart_text import TEXT as CHARTS
from experiments.dashboard import words as words_module
from experiments.dashboard.evidence import KINDS, evidence
from experiments.dashboard.frame import slider_format
from experiments.dashboard.link_words import TEXT as LINKS
from experiments.dashboard.words import TEXT as FRAME
from experiments.dashboard.words import Words, merged
from experiments.dashboard.words_data import TERMS
from experiments.dashboard.words_data import TEXT as DATA
from experiments.describe import indicator_rows
from experiments.ensemble import ASSUMPTIONS, HORIZONS, PATHS, RULES, SHARES
from experiments.messages import texts
from experiments.notes import effects
from experiments.units import unit_name
from sim.calibration import tables
from sim.calibration.units import UNITS
from sim.scenario import LAST_QUARTER, Setting
from sim.targets import SLACK

FOLDER = Path(experiments.dashboard.__file__).parent
CHINESE = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]")
SAME_IN_BOTH = {
    "map.change",
    "map.link",
    "tip.p05",
    "tip.p25",
    "tip.p75",
    "tip.p95",
}


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.fixture(params=["zh", "en"])
def words(request):
    return Words(request.param)


@pytest.mark.parametrize("key", merged())
def test_a_text_says_the_same_in_both_languages(key):
    row = merged()[key]
    assert set(row) == {"zh", "en"}
    assert blanks(row["zh"]) == blanks(row["en"])
    assert all(name.isidentifier() for name in blanks(row["zh"]))
    assert row["zh"].strip()
    assert row["en"].strip()
    assert row["zh"].count("\n") == row["en"].count("\n")


@pytest.mark.parametrize("key", merged())
def test_a_text_is_in_its_language(key):
    row = merged()[key]
    assert not CHINESE.search(row["en"]), row["en"]
    assert bool(CHINESE.search(row["zh"])) is (key not in SAME_IN_BOTH), row["zh"]
    assert (row["zh"] == row["en"]) is (key in SAME_IN_BOTH)


def test_no_key_is_in_two_parts():
    assert len(merged()) == len(FRAME) + len(LINKS) + len(CHARTS) + len(DATA)


@pytest.mark.parametrize(
    "path",
    [words_module.__file__, *(str(FOLDER / f"{name}.py") for name in ("words_data", "link_words", "../chart_text"))],
)
def test_no_key_is_written_twice(path):
    for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            assert len(keys) == len(set(keys))


def test_two_parts_with_one_key_are_refused(monkeypatch):
    monkeypatch.setattr(words_module, "TEXT", {**FRAME, "map.title": {"zh": "图", "en": "map"}})
    with pytest.raises(ValueError, match=r"map\.title"):
        merged()


# What the pages ask for

Asked = tuple[str, str, tuple[str, ...]]  # place, key (with * for what is filled in), names of the values given


def key_of(node: ast.expr) -> list[str]:
    """Return the keys that an expression can be, with * for a part that is not known before the page is drawn."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)]
    if isinstance(node, ast.IfExp):
        return key_of(node.body) + key_of(node.orelse)
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant):
        return [f"{node.left.value}*"]
    return []


def asked(path: Path, names: tuple[str, ...], unknown: list[str]) -> list[Asked]:
    found: list[Asked] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
            where = f"{path.name}:{node.lineno}"
            values = tuple(word.arg or "**" for word in node.keywords)
            keys = key_of(node.args[0])
            found += [(where, key, values) for key in keys]
            unknown += [where] if not keys else []
    return found


UNKNOWN: list[str] = []
ASKED = [row for path in sorted(FOLDER.glob("*.py")) for row in asked(path, ("words", "self"), UNKNOWN)]
ASKED += [
    row
    for name in ("charts", "chart_ledger", "region_map")
    for row in asked(FOLDER.parent / f"{name}.py", ("say",), UNKNOWN)
]
NOT_LITERAL = {"key", "said", "name"}  # variables that hold one of a few literal keys


def test_the_pages_ask_for_texts_in_a_way_that_can_be_checked():
    assert len(ASKED) > 100
    assert len(UNKNOWN) == len(NOT_LITERAL), UNKNOWN


@pytest.mark.parametrize(("where", "key", "values"), ASKED, ids=[f"{where} {key}" for where, key, _ in ASKED])
def test_every_text_that_a_page_asks_for_exists(where, key, values):
    pattern = re.compile(re.escape(key).replace(r"\*", ".+"))
    fitting = [known for known in merged() if pattern.fullmatch(known)]
    assert fitting, f"{where} asks for {key}"
    if "*" not in key and "**" not in values:
        assert blanks(merged()[key]["en"]) - {"language"} == set(values) - {"language"}, where


# Keys that the code puts together: the beginning is literal there, the rest must be a name of the code or of the data.
PREFIXES = (
    "assumptions.", "bar.", "board.columns.", "card.unit.", "chart.confidence.", "constraint.", "data.confidence.",
    "data.kind.", "data.role.", "data.sort.", "data.state.", "data.tab.", "def.", "def.rule.", "describe.", "help.",
    "lab.", "ledger.payer.", "ledger.unit.", "map.", "modified.", "park.", "subject.", "term.", "tgt.", "tip.", "word.",
)  # fmt: skip


def written_in_the_code() -> tuple[set[str], set[str], set[str]]:
    """Return what the program writes as literals and names of arguments, and the beginnings of f-strings and sums."""
    literal: set[str] = set()
    names: set[str] = set()
    beginnings: set[str] = set()
    keys = {*merged(), *texts()}
    for path in FOLDER.parent.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        declared = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(text)) if id(node) not in declared or text not in keys:
                    literal.add(text)
                case ast.Constant(value=int(number)):
                    names.add(str(number))
                case ast.keyword(arg=str(name)):
                    names.add(name)
                case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
                    beginnings.add(text)
                case ast.BinOp(left=ast.Constant(value=str(text))):
                    beginnings.add(text)
    return literal, names | literal, beginnings


LITERAL, NAMES, BEGINNINGS = written_in_the_code()
DATA_NAMES = {*ASSUMPTIONS, *tables.targets(), *tables.sites(), *tables.parks(), *SLACK, *SHARES, *PATHS, *RULES} | {
    row.unit for row in tables.targets().values()
}


@pytest.mark.parametrize("key", [*merged(), *texts()])
def test_every_text_is_used_somewhere(key):
    if key in LITERAL:
        return
    begun = [key.removeprefix(prefix) for prefix in PREFIXES if key.startswith(prefix)]
    known = NAMES | DATA_NAMES
    assert any(rest in known or set(rest.split(".")) <= known for rest in begun), f"{key} is used nowhere"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_prefix_is_still_put_together_somewhere(prefix):
    assert prefix in BEGINNINGS


def test_names_that_come_from_data_have_a_text_in_both_languages(words):
    for target in tables.targets().values():
        assert words(f"tgt.{target.id}")
        assert words.known(f"card.unit.{target.unit}", "") != ""
    for group, members in GROUPS.items():
        assert words(f"lab.{group}")
        assert set(members) <= set(tables.targets())
    assert sorted(member for members in GROUPS.values() for member in members) == sorted(tables.targets())
    for name, options in (("horizon", HORIZONS), ("rule", RULES), ("share", SHARES), ("path", PATHS)):
        assert words(f"def.{name}") and name in TERMS
        assert all(words.known(f"def.{name}.{option}", "") for option in options)
    for kind in KINDS:
        assert words(f"data.kind.{kind}")
    for row in evidence(words):
        assert words(f"data.role.{row.role}")
        assert words.known(f"data.confidence.{row.confidence}", ""), row.confidence
        assert words(f"data.sort.{row.sort}")
    for subject in ("gdp", "fai", "industry", "hightech"):
        assert words(f"subject.{subject}")


SHOWN_UNITS = sorted(
    {row.unit for table in (tables.levers, tables.parameters, tables.targets) for row in table().values()}
    | {row["unit"] for row in indicator_rows()}
    | UNITS  # whatever a cell of a table may hold tomorrow
)


@pytest.mark.parametrize("unit", SHOWN_UNITS)
def test_every_unit_of_every_table_has_a_chinese_name(unit):
    assert not CHINESE.search(unit_name(unit, "en"))
    assert CHINESE.search(unit_name(unit, "zh")) or unit == "%"


@pytest.mark.parametrize("unit", SHOWN_UNITS)
def test_no_number_runs_into_a_unit_that_begins_with_one(unit, words):
    assert not re.search(r"60\s+\d", words.quantity("60", unit))
    assert "60" in words.quantity("60", unit)
    assert slider_format("%.1f", words, unit).replace("%%", "").count("%") == 1


def test_a_land_intensity_reads_as_each_language_writes_it():
    unit = tables.levers()["I02a"].unit
    assert Words("zh").quantity("60", unit) == "60 亿元/平方公里"
    assert Words("en").quantity("60", unit) == "60 × 100M yuan per km²"


def test_what_is_no_unit_stands_in_brackets(words):
    said = words.quantity("0.05", "elasticity")
    assert said == {"zh": "0.05（弹性）", "en": "0.05 (elasticity)"}[words.language]


@pytest.mark.parametrize("lever", tables.levers())
def test_the_help_of_a_lever_says_what_it_does_baseline_text_and_range(lever, words):
    row = tables.levers()[lever]
    does, text = words.lever_help(row).split("\n\n")
    assert does == getattr(effects()[lever], f"effect_{words.language}")
    assert not set("$*_`[]#<>~|\\") & set(does), "a tooltip is Markdown"
    assert text.startswith(f"{lever} · ")
    for value in (row.baseline, row.as_written, row.low, row.high):
        assert f"{value:g}" in text
    assert bool(CHINESE.search(text)) is (words.language == "zh")
    assert CHINESE.search(words.title(row)) or words.language == "en"


def test_dates_are_worded_only_where_there_are_any(words):
    assert words.dates(Setting(1.0)) == ""
    assert "2022Q1" in words.dates(Setting(1.0, 5))
    both = words.dates(Setting(1.0, 5, LAST_QUARTER))
    assert "2022Q1" in both
    assert "2030Q4" in both


def test_an_unknown_key_is_an_error_and_not_an_empty_text(words):
    with pytest.raises(KeyError):
        words("no.such.key")
    assert words.known("no.such.key", "otherwise") == "otherwise"


def test_the_terminal_speaks_the_same_language(words):
    assert words.terminal("board.none") == texts()["board.none"][words.language == "en"]

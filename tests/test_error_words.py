"""Errors of scenario files in Chinese: every template has its words, and a message says the same things."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from experiments.error_words import ZH, error_text
from sim import scenario_rules, toml_guard
from sim.errors import InputError, Said
from sim.scenario import scenario_from_mapping
from sim.toml_guard import parse_toml
from tests.test_scenario import WRONG_ELSEWHERE, WRONG_LEVERS

ENGLISH = re.compile(r"\b(is|are|the|not|allowed|choose|write|missing|below|above|did you mean|such|nothing)\b")


def templates(path: Path) -> set[str]:
    """Return every text that a module gives to Said: a literal, or a literal that the same function has named."""
    found = set()
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        named: dict[str, set[str]] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                for target in node.targets:
                    named.setdefault(ast.unparse(target), set()).add(str(node.value.value))
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Said":
                first = node.args[0]
                found |= {str(first.value)} if isinstance(first, ast.Constant) else named[ast.unparse(first)]
    return found


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_template_has_chinese_words_with_the_same_blanks_and_no_words_are_left_over() -> None:
    written = set().union(*(templates(Path(str(module.__file__))) for module in (scenario_rules, toml_guard)))
    assert len(written) > 50
    assert written == set(ZH)
    assert [text for text in ZH if blanks(text) != blanks(ZH[text])] == []


def figures(text: str) -> list[str]:
    return sorted(re.findall(r"[\d.]+", text.replace(" km2", "").replace("100M", "")))


def refused(mapping: dict[str, Any]) -> InputError:
    with pytest.raises(InputError) as caught:
        scenario_from_mapping(mapping, "plan.toml")
    return caught.value


@pytest.mark.parametrize(
    "mapping", [{"levers": entry} for entry, _ in WRONG_LEVERS] + [mapping for mapping, _ in WRONG_ELSEWHERE]
)
def test_a_message_in_chinese_holds_the_same_figures_and_no_english(mapping: dict[str, Any]) -> None:
    error = refused(mapping)
    chinese, english = error_text(error, "zh"), error_text(error, "en")
    assert english == str(error)
    assert re.search("[\u4e00-\u9fff]", chinese)
    assert not ENGLISH.search(re.sub("`[^`]*`", "", chinese)), chinese
    assert figures(chinese) == figures(english)


def test_some_messages_word_for_word() -> None:
    both = refused({"levers": {"I13a": 99, "land.anual_quota": 3}, "assumptions": {"Q01": 9}, "levels": {}})
    assert error_text(both, "zh").split("\n") == [
        "plan.toml：levels：没有这个键；是否想写 levers？",
        "plan.toml：levers.I13a：value = 99 高于允许的 0 至 15 平方公里/年（年度用地计划指标（单列））"
        "；请取该范围内的值",
        "plan.toml：levers.land.anual_quota：没有这个政策工具；是否想写 land.annual_quota？",
        "plan.toml：assumptions.Q01：value = 9 高于允许的 0.03 至 0.065（每年）（期初资本存量增速）；请取该范围内的值",
        "共 4 处错误；什么也没有运行",
    ]


def test_a_file_that_is_no_toml_is_told_in_chinese_with_the_place() -> None:
    with pytest.raises(InputError) as caught:
        parse_toml(b"format = 1\n[levers\n", "plan.toml")
    assert error_text(caught.value, "zh").startswith("plan.toml：不是有效的 TOML（")
    assert "line 2" in error_text(caught.value, "zh")


def test_an_error_without_templates_stays_as_it_is_and_one_that_has_travelled_too() -> None:
    assert error_text(InputError("a plain text"), "zh") == "a plain text"
    error = refused({"levers": {"I13a": 99}})
    travelled = pickle.loads(pickle.dumps(error))
    assert str(travelled) == error_text(travelled, "zh") == str(error)
    text = Said("{names} or {more}", names=("a", "b"), more=["c", "{d}"])
    assert text == "a or b or c, {d}" and type(pickle.loads(pickle.dumps(text))) is str

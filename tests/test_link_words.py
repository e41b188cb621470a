"""What the page says of values in a link that it cannot use: one sentence in its language, with what is allowed."""

from __future__ import annotations

import re

import pytest

from experiments.dashboard.desk import CHOICES, Desk, from_query
from experiments.dashboard.link_words import problem_text
from experiments.dashboard.words import Words
from sim.calibration import tables
from tests.test_desk import BAD

LEVER = tables.levers()["I05b"]
UNCERTAIN = tables.parameters()["P01"]
CHECK = next(row for row in tables.parameters().values() if row.role == "check")
FIXED = next(row for row in tables.parameters().values() if row.role == "fixed")
CODE = re.compile("^`[^`\\n]*`")


@pytest.fixture(params=["zh", "en"])
def words(request):
    return Words(request.param)


def said(words: Words, key: str, value: str) -> str:
    desk, (problem,) = from_query({key: value})
    assert desk == Desk()
    return problem_text(words, problem)


@pytest.mark.parametrize(("key", "value"), BAD, ids=[f"{key}={value[:25]}" for key, value in BAD])
def test_every_bad_value_gives_one_short_sentence_in_the_language_of_the_page(key, value, words):
    text = said(words, key, value)
    assert CODE.match(text)
    rest = CODE.sub("", text)
    assert len(text) < 500
    assert "\n" not in text
    assert "dianzhong" not in text
    assert bool(re.search(r"[\u4e00-\u9fff]", rest)) is (words.language == "zh")
    assert text.endswith("。" if words.language == "zh" else ".")
    if words.language == "zh":
        assert not re.search(r"[();:]", rest), rest


def test_a_lever_out_of_range_has_its_range_unit_and_baseline(words):
    text = said(words, LEVER.id, "1e99")
    assert f"`{LEVER.id}=1e99`" in text
    assert words.title(LEVER) in text
    assert words.quantity({"zh": "0 至 8000", "en": "0 to 8000"}[words.language], LEVER.unit) in text
    assert words.quantity(f"{LEVER.baseline:g}", LEVER.unit) in text


def test_each_part_of_a_setting_is_named():
    zh = Words("zh")
    assert "须是一个数" in said(zh, LEVER.id, "nan@2022Q1")
    assert "允许范围" in said(zh, LEVER.id, "-1~99")
    assert "0 至 40 的整数" in said(zh, LEVER.id, "600~99")
    assert "2021Q1 至 2030Q4" in said(zh, LEVER.id, "600@2031Q1")
    assert "先起后止" in said(zh, LEVER.id, "600@2023Q1-2022Q1")


def test_an_assumption_is_drawn_and_a_fixed_number_keeps_its_value(words):
    assert words("link.drawn") in said(words, UNCERTAIN.id, "99")
    assert words("link.drawn") in said(words, UNCERTAIN.name, "99")
    assert f"{FIXED.value:g}" in said(words, FIXED.id, "x")
    assert words.title(CHECK) in said(words, CHECK.id, "1")


@pytest.mark.parametrize("key", CHOICES)
def test_a_choice_names_all_that_is_allowed(key, words):
    text = said(words, key, "zzz")
    assert words(f"def.{key}") in text
    for option in CHOICES[key]:
        assert str(option) in text
        assert words.known(f"def.{key}.{option}", "") in text


@pytest.mark.parametrize(
    ("key", "meant"), [("I13", "I13a"), ("i05B", "I05b"), ("horizn", "horizon"), (LEVER.name, LEVER.id)]
)
def test_an_unknown_name_gets_the_nearest_with_its_title(key, meant, words):
    text = said(words, key, "1")
    row = tables.levers().get(meant)
    assert f"{meant} “{words.title(row) if row else words(f'def.{meant}')}”" in text


def test_a_name_that_is_like_nothing_is_only_said_to_be_unknown(words):
    assert said(words, "zzz", "5") == words("link.unknown", given="zzz=5")
    assert "assumption" in Words("en")("link.unknown", given="")  # one of the three that it is not


def test_what_a_link_brings_cannot_leave_its_code():
    text = said(Words("en"), "[a](https://example.org)`x", "`**b**`\n\n# c")
    assert CODE.match(text)
    assert text.count("`") == 2
    long = said(Words("en"), "k" * 500, "v" * 500)
    assert len(CODE.match(long)[0]) < 80  # type: ignore[index]

"""What the cards and the sentence say of an answer, from rows made by hand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from experiments.articles import ARTICLES
from experiments.dashboard import cards
from experiments.dashboard.words import Words
from experiments.wording import money
from sim.calibration import tables

ZH, EN = Words("zh"), Words("en")


def row(ident: str = "gdp_growth", **changes: Any) -> dict[str, Any]:
    target = tables.targets()[ident]
    found = {
        "id": ident,
        "article": target.article,
        "title_zh": target.title_zh,
        "title_en": target.title_en,
        "unit": target.unit,
        "threshold": target.threshold,
        "counted": target.counted,
        "rule": "average",
        "probability": 0.4,
        "low": 0.3,
        "high": 0.5,
        "median": target.threshold - 1.0,
        "p05": target.threshold - 3.0,
        "p95": target.threshold + 1.0,
        "gap": -1.0,
        "against": {"probability": 0.25, "low": 0.2, "high": 0.3, "median": target.threshold - 1.5},
        "change": {"median_change": 0.5, "low": 0.4, "high": 0.6},
    }
    return {**found, **changes}


def document(rows: list[dict[str, Any]], **reached: Any) -> dict[str, Any]:
    counted = {"median": 2.0, "p05": 1.0, "p95": 3.0, "of": 9, "all": {"probability": 0.004}, **reached}
    return {
        "targets": rows,
        "reached": counted,
        "fiscal": {
            "net_cost": 12_300.0,
            "unit": "million yuan, 2021-2025",
            "by_payer": {"new_area": 12_300.0, "province": 2_000.0, "kunming": 500.0},
            "rationed": {},
        },
        "replicates": 64,
        "failed": 1,
        "horizon": 2025,
    }


def card_of(found: dict[str, Any], words: Words = EN) -> cards.Card:
    return cards.card(words, found, document([found]))


def test_a_card_leads_with_the_odds_and_their_change_in_points():
    card = card_of(row())
    assert (card.value, card.delta, card.arrow, card.colour) == ("40/100", "+15 vs reference", "up", "green")
    assert card.note == "95 %: 30–50, 1.0 %\u00a0short"
    assert "About 40 in 100 reach it (95 % interval 30-50)." in card.help
    assert "Median 1.0 % a year below target." in card.help
    assert "N=63" in card.help
    assert card_of(row(), ZH).delta == "较对照 +15"


@pytest.mark.parametrize("share", [0.0, 0.03, 0.97, 1.0])
def test_a_card_leads_with_the_median_where_the_odds_say_nothing(share):
    found = row(probability=share, against={**row()["against"], "probability": share})
    card = card_of(found)
    assert (card.value, card.delta, card.arrow) == ("9.0", "+0.5 vs reference", "up")
    assert card.note == f"odds {round(100 * share)}/100 (30–50), 1.0\u00a0short"


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
@pytest.mark.parametrize("target", tables.targets())
def test_the_title_has_the_unit_of_the_figure_below_it(target, words):
    unit = words(f"card.unit.{tables.targets()[target].unit}")
    odds = card_of(row(target), words)
    assert "/100" in odds.value
    assert odds.title.endswith(f" · {words('card.unit.odds')}")
    assert unit in odds.note
    value = card_of(row(target, probability=0.0, against={**row()["against"], "probability": 0.0}), words)
    assert "/100" not in value.value
    assert value.title.endswith(f" · {unit}")
    assert value.note.count("/100") == 1


@pytest.mark.parametrize("target", tables.targets())
def test_a_title_is_short_and_the_help_begins_with_the_full_name(target):
    found = row(target)
    assert len(ZH(f"tgt.{target}").replace("GDP", "G").replace(" ", "")) <= 7
    assert card_of(found, ZH).help.startswith(f"{found['title_zh']}。")
    assert card_of(found, EN).help.startswith(f"{found['title_en']}. ")


def test_chinese_texts_have_chinese_marks():
    card = card_of(row("land_intensity", probability=0.0, against={**row()["against"], "probability": 0.0}), ZH)
    for text in (card.help, card.note, cards.sentence(ZH, document([row()])), *cards.table(ZH, document([row()]))[0]):
        assert not re.search(r"[():;]|\.(\s|$)", text), text
    assert card.note == "达标 0/100（30–50），差\u00a01"


def test_odds_that_a_policy_turned_round_are_shown_as_odds():
    found = row(probability=1.0, against={**row()["against"], "probability": 0.0})
    assert card_of(found).value == "100/100"
    assert card_of(found).delta == "+100 vs reference"


@pytest.mark.parametrize("change", [0.0, 0.04, -0.04])
def test_a_change_below_the_precision_of_the_card_has_no_arrow(change):
    found = row(probability=0.0, against={**row()["against"], "probability": 0.0})
    card = card_of({**found, "change": {**found["change"], "median_change": change}})
    assert (card.delta, card.arrow, card.colour) == ("+0.0 vs reference", "off", "off")


@pytest.mark.parametrize(("low", "arrow"), [(-0.04, "off"), (0.04, "off"), (0.06, "up")])
def test_an_interval_that_reads_as_touching_zero_has_no_arrow(low, arrow):
    found = row(probability=0.0, against={**row()["against"], "probability": 0.0})
    assert card_of({**found, "change": {"median_change": 0.5, "low": low, "high": 0.9}}).arrow == arrow


def test_a_loss_has_its_sign_and_points_down():
    lost = {"median_change": -0.5, "low": -0.6, "high": -0.4}
    found = row(probability=0.2, against={**row()["against"], "probability": 0.25}, change=lost)
    for words, text in ((EN, "-5 vs reference"), (ZH, "较对照 -5")):
        card = card_of(found, words)
        assert (card.delta, card.arrow, card.colour) == (text, "down", "red")


def test_odds_that_move_against_the_median_have_no_arrow():
    found = row(probability=0.2, against={**row()["against"], "probability": 0.25})
    assert found["change"]["low"] > 0
    assert (card_of(found).delta, card_of(found).arrow) == ("-5 vs reference", "off")


def test_what_is_undefined_is_said_and_not_counted():
    found = row(
        "land_intensity",
        probability=None,
        median=None,
        gap=None,
        change={"median_change": None, "low": None, "high": None},
    )
    card = card_of(found)
    assert (card.value, card.delta, card.arrow, card.note) == ("undefined", "", "off", "")
    assert "no result." in card.help
    assert ". ." not in card.help


def test_the_sentence_gives_the_count_the_cost_and_the_weakest_target():
    near, far = row("gdp_growth", gap=-1.0), row("gdp_contribution", gap=-1.0)
    text = cards.sentence(EN, document([near, far]))
    assert "Most likely 2 of nine targets are reached (90 % range 1-3)" in text
    assert "all nine together: <1 %" in text
    assert "12.30 billion yuan" in text
    # One unit is more of a small threshold than of a large one.
    assert far["threshold"] < near["threshold"]
    assert f"Furthest from reach: {far['title_en']}, median" in text
    assert "2021-2025" in text and "The province and Kunming pay 2.50 billion yuan besides." in text
    assert "123 亿元" in cards.sentence(ZH, document([near, far]))


def test_the_sentence_tells_what_others_save_and_not_a_payment_below_zero():
    found = document([row()])
    found["fiscal"]["by_payer"] = {"new_area": 100.0, "kunming": -35.0}
    assert "The province and Kunming pay 35.0 million yuan less." in cards.sentence(EN, found)
    found["fiscal"]["by_payer"] = {"new_area": 100.0, "kunming": 0.0}
    assert "Kunming" not in cards.sentence(EN, found)


def test_the_sentence_tells_promises_that_could_not_be_paid():
    found = document([row()])
    assert "promise" not in cards.sentence(EN, found)
    found["fiscal"]["rationed"] = {"I11c": 37_000.0, "I14a": 800.0}
    assert "A further 37.80 billion yuan that the levers promise is not paid" in cards.sentence(EN, found)
    assert "承诺中另有 378 亿元，" in cards.sentence(ZH, found)


@pytest.mark.parametrize(("rule", "said"), [("each", "(lowest year)"), ("final", "(final year)"), ("average", "")])
def test_a_median_of_one_year_is_not_called_an_average(rule, said):
    short = {**row(gap=-1.0), "rule": rule}
    assert f"{short['title_en']}{' ' + said if said else ''}, median" in cards.weakest(EN, document([short]))
    assert cards.card(EN, short, document([short])).help.startswith(f"{short['title_en']} {said}".rstrip())


def test_a_card_that_is_not_counted_says_so():
    extra = next(target.id for target in tables.targets().values() if not target.counted)
    assert "not one of the nine" in cards.card(EN, row(extra), document([row(extra)])).note
    assert "not one of the nine" not in cards.card(EN, row(), document([row()])).note


def test_the_sentence_names_no_weakest_target_when_all_are_reached():
    assert cards.weakest(EN, document([row(gap=0.5), row("fai_growth", gap=0.0)])) == ""
    assert cards.weakest(EN, document([row(gap=None)])) == ""


def test_the_sentence_says_when_nothing_comes_near():
    hopeless = document([row(probability=0.01), row("land_intensity", probability=1.0, gap=2.0)])
    assert cards.weakest(EN, hopeless).startswith(EN("lab.none"))
    assert not cards.weakest(EN, document([row(probability=0.2)])).startswith(EN("lab.none"))


def test_a_target_that_is_not_counted_is_never_the_weakest():
    extra = next(target.id for target in tables.targets().values() if not target.counted)
    assert cards.weakest(EN, document([row(extra, gap=-100.0)])) == ""


def test_no_answer_is_said_as_such():
    assert cards.sentence(EN, document([row()], median=None)) == EN.terminal("board.none")


@pytest.mark.parametrize(
    ("low", "high", "colour"),
    [(0.1, 0.9, "green"), (0.0, 0.9, "off"), (-0.1, 0.9, "off"), (-0.9, -0.1, "off"), (None, None, "off")],
)
def test_a_gain_has_a_colour_only_where_its_interval_leaves_zero_out(low, high, colour):
    found = row(change={"median_change": 0.5, "low": low, "high": high})
    assert card_of(found).colour == colour
    assert ("same luck" in card_of(found).help) is (low is not None)


def test_the_table_has_a_line_for_every_target_and_the_same_columns():
    rows = cards.table(EN, document([row(), row("fai_growth")]))
    assert [set(line) for line in rows] == [set(rows[0])] * 2
    assert rows[0]["Median"] == "9.0"
    assert rows[0]["Change"] == "+0.5"
    assert rows[0]["95 % interval of the change"] == "+0.4 … +0.6"
    assert rows[0]["Probability"] == "40 % (30-50 %)"


def test_a_park_shows_its_year_and_its_three_largest_links():
    year = [2020, 2021]
    measures = ("output", "firms", "employment", "land_used", "land_free")
    values = {name: {"median": [100.0, 250.0], "against": [100.0, 200.0]} for name in measures}
    flows = [
        {"source": "anning", "target": other, "commuters": [0.0, count]}
        for other, count in (("songming", 5.0), ("taiping", 1234.0), ("kunming_centre", 99.0), ("yanglin", 1.0))
    ]
    found = {"places": {"year": year, "sites": {"anning": values}, "flows": flows}}
    assert cards.park(EN, found, "anning", 2021)[0] == ("Output (billion yuan a year)", "0.25", "0.20")
    assert cards.park(ZH, found, "anning", 2021)[0] == ("产出（亿元/年）", "2.5", "2.0")
    assert cards.park(EN, found, "anning", 2020)[1] == ("Firms", "100", "100")
    text = cards.flows(EN, found, "anning", 2021)
    names = cards.sites(EN)
    assert text == f"{names['taiping']} 1,234 persons; Kunming 99 persons; {names['songming']} 5 persons"
    assert "昆明主城 99 人；" in cards.flows(ZH, found, "anning", 2021)
    assert cards.flows(EN, found, "songming", 2021) == f"{names['anning']} 5 persons"


# The introduction


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
def test_the_introduction_says_place_document_targets_and_years(words):
    text, terms = cards.introduction(words, document([row()]))
    place = {"zh": ("云南省", "昆明市", "实施意见"), "en": ("Yunnan", "Kunming", "Implementation Opinions")}[
        words.language
    ]
    counted = sum(target.counted for target in tables.targets().values())
    for part in (*place, str(ARTICLES), str(counted), "2020", "2021", "2025"):
        assert part in text, part
    assert "2030" not in text
    assert terms.startswith("- **")
    assert "N=63" in terms


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
def test_the_introduction_says_that_2030_is_no_year_of_the_document(words):
    text, _ = cards.introduction(words, {**document([row()]), "horizon": 2030})
    assert words.terminal("board.extension") in text


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
def test_the_terms_explain_every_abbreviation_of_the_cards(words):
    _, terms = cards.introduction(words, document([row()]))
    units = {words(f"card.unit.{target.unit}") for target in tables.targets().values()} - {"%", "%/年"}
    titles = " ".join(words(f"tgt.{target}") for target in tables.targets())
    short = [name for name in ("固投", "拉动", "FAI", "Contribution") if name in titles]
    assert len(short) == 2
    for name in (*units, *short, words("table.reference"), "11/100"):
        assert f"**{name}" in terms, name
    assert {"zh": "差值的中位数", "en": "median of these paired differences"}[words.language] in terms


# Money: one rule for the page and the terminal


@pytest.mark.parametrize(
    ("amount", "zh", "en"),
    [
        (0.0, "0 万元", "0.0 million yuan"),
        (2.0, "200 万元", "2.0 million yuan"),
        (99.0, "9,900 万元", "99.0 million yuan"),
        (100.0, "1.0 亿元", "0.10 billion yuan"),
        (-850.0, "-8.5 亿元", "-0.85 billion yuan"),
        (9_994.0, "99.9 亿元", "9.99 billion yuan"),
        (9_996.0, "100 亿元", "10.00 billion yuan"),
        (12_345.0, "123 亿元", "12.35 billion yuan"),
        (250_000.0, "2,500 亿元", "250.00 billion yuan"),
    ],
)
def test_money_is_in_the_unit_of_its_size(amount, zh, en):
    assert money(amount, ZH.terminal) == zh
    assert money(amount, EN.terminal) == en


def test_the_help_of_a_lever_says_its_money_as_policy_texts_do():
    said = ZH.lever_help(tables.levers()["I05b"])
    assert "基准 500 百万元/年，即 5.0 亿元" in said
    assert "假设取 2500，即 25.0 亿元" in said
    assert "文件值 10，即 1,000 万元" in ZH.lever_help(tables.levers()["I06a"])
    assert "500 million yuan per year, which is 0.50 billion yuan" in EN.lever_help(tables.levers()["I05b"])
    assert "which is" not in EN.lever_help(tables.levers()["I06a"])
    assert "即" not in ZH.lever_help(tables.levers()["I13a"])

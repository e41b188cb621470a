"""What the cards and the sentence say of an answer, from rows made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.dashboard import cards
from experiments.dashboard.words import Words
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
    return {"targets": rows, "reached": counted, "fiscal": {"net_cost": 12_300.0}, "replicates": 64, "failed": 1}


def card_of(found: dict[str, Any], words: Words = EN) -> cards.Card:
    return cards.card(words, found, document([found]))


def test_a_card_leads_with_the_odds_and_their_change_in_points():
    card = card_of(row())
    assert (card.value, card.delta, card.moved) == ("40/100", "+15 vs reference", True)
    assert "about 40 in 100 reach it (30-50)" in card.help
    assert "1.0 % a year below target" in card.help
    assert "N=63" in card.help
    assert card_of(row(), ZH).delta == "+15 比对照"


@pytest.mark.parametrize("share", [0.0, 0.03, 0.97, 1.0])
def test_a_card_leads_with_the_median_where_the_odds_say_nothing(share):
    found = row(probability=share, against={**row()["against"], "probability": share})
    card = card_of(found)
    assert (card.value, card.delta, card.moved) == ("9.0", "+0.5 vs reference", True)


def test_odds_that_a_policy_turned_round_are_shown_as_odds():
    found = row(probability=1.0, against={**row()["against"], "probability": 0.0})
    assert card_of(found).value == "100/100"
    assert card_of(found).delta == "+100 vs reference"


@pytest.mark.parametrize("change", [0.0, 0.04, -0.04])
def test_a_change_below_the_precision_of_the_card_has_no_arrow(change):
    found = row(probability=0.0, against={**row()["against"], "probability": 0.0})
    card = card_of({**found, "change": {**found["change"], "median_change": change}})
    assert (card.delta, card.moved) == ("+0.0 vs reference", False)


def test_a_loss_has_its_sign():
    found = row(probability=0.2, against={**row()["against"], "probability": 0.25})
    assert (card_of(found).delta, card_of(found).moved) == ("-5 vs reference", True)


def test_what_is_undefined_is_said_and_not_counted():
    found = row(
        "land_intensity",
        probability=None,
        median=None,
        gap=None,
        change={"median_change": None, "low": None, "high": None},
    )
    card = card_of(found)
    assert (card.value, card.delta, card.moved) == ("undefined", "", False)
    assert "no result" in card.help


def test_the_sentence_gives_the_count_the_cost_and_the_weakest_target():
    near, far = row("gdp_growth", gap=-1.0), row("gdp_contribution", gap=-1.0)
    text = cards.sentence(EN, document([near, far]))
    assert "2 are most likely reached (90 % range 1-3)" in text
    assert "all nine together: <1 %" in text
    assert "12.30 billion yuan" in text
    # One unit is more of a small threshold than of a large one.
    assert far["threshold"] < near["threshold"]
    assert f"Furthest from reach: {far['title_en']}, median" in text
    assert "123.0 亿元" in cards.sentence(ZH, document([near, far]))


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
    ("low", "high", "coloured"), [(0.1, 0.9, True), (-0.1, 0.9, False), (-0.9, -0.1, True), (None, None, False)]
)
def test_a_change_has_a_colour_only_where_its_interval_leaves_zero_out(low, high, coloured):
    found = row(change={"median_change": 0.5, "low": low, "high": high})
    assert card_of(found).moved is coloured
    assert ("same luck" in card_of(found).help) is (low is not None)


def test_the_table_has_a_line_for_every_target_and_the_same_columns():
    rows = cards.table(EN, document([row(), row("fai_growth")]))
    assert [set(line) for line in rows] == [set(rows[0])] * 2
    assert rows[0]["Median"] == "9.0"
    assert rows[0]["Change"] == "+0.5"
    assert rows[0]["95 % of the change"] == "+0.4 … +0.6"
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
    assert cards.park(EN, found, "anning", 2021)[0] == ("Output (100M yuan a year)", "2.5", "2.0")
    assert cards.park(EN, found, "anning", 2020)[1] == ("Firms", "100", "100")
    text = cards.flows(EN, found, "anning", 2021)
    names = cards.sites(EN)
    assert text == f"{names['taiping']} 1,234 persons; Kunming 99 persons; {names['songming']} 5 persons"
    assert "昆明主城 99 人；" in cards.flows(ZH, found, "anning", 2021)
    assert cards.flows(EN, found, "songming", 2021) == f"{names['anning']} 5 persons"

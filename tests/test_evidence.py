"""The data page without Streamlit: every number with its source, every article with what is modelled of it."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from experiments.articles import articles, coverage, unmodelled
from experiments.dashboard.desk import Desk
from experiments.dashboard.evidence import KINDS, chosen, counted, evidence, kind_of
from experiments.dashboard.words import Words
from sim.calibration import tables
from sim.scenario import Setting

CHINESE = re.compile(r"[\u2e80-\u9fff]")


@pytest.fixture(scope="module", params=["zh", "en"])
def words(request):
    return Words(request.param)


@pytest.fixture(scope="module")
def rows(words):
    return evidence(words)


def test_every_parameter_and_every_lever_is_there_once(rows):
    found = {(row.sort, row.id) for row in rows}
    wanted = {("parameter", ident) for ident in tables.parameters()} | {("lever", ident) for ident in tables.levers()}
    assert found == wanted
    assert len(rows) == len(wanted)
    assert len({row.id for row in rows}) == len(rows)  # the page looks rows up by id


def test_a_row_shows_what_the_table_says(rows):
    for row in rows:
        if row.sort == "parameter":
            source = tables.parameters()[row.id]
            assert row.value == source.value
        else:
            lever = tables.levers()[row.id]
            assert row.value == lever.baseline
            assert row.written == lever.as_written
        assert all(row.low <= value <= row.high for value in (row.value, row.written) if value is not None)
        assert row.title
        assert row.used.split(" · ")[0]


def test_no_number_is_without_a_source(rows):
    assert not [row.id for row in rows if row.kind == "missing" or not row.source.strip()]


def test_kinds_are_counted_and_all_are_named(rows):
    counts = counted(rows)
    assert tuple(counts) == KINDS
    assert sum(counts.values()) == len(rows)
    assert counts == {kind: Counter(row.kind for row in rows)[kind] for kind in KINDS}
    assert counted([]) == dict.fromkeys(KINDS, 0)
    # The limits on the page say that more than half of the numbers are assumptions.
    assert counts["document"] > 0
    assert counts["statistics"] > 0


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("", "missing"),
        ("   ", "missing"),
        ("assumption", "assumption"),
        ("[A] ours", "assumption"),
        ("derived from the base", "derived"),
        ("[D] arithmetic", "derived"),
        ("[R] recalled", "recalled"),
        ("[F] a bulletin", "literature"),
        ("[F, A] a bulletin", "literature"),
        ("Yunnan Implementation Opinions, article 2", "document"),
        ("[F] Kunming bulletin 2020", "statistics"),
        ("Statistical yearbook", "missing"),
    ],
)
def test_the_first_word_of_a_source_says_its_kind(source, kind):
    assert kind_of(source) == kind


def test_what_the_text_gives_no_figure_for_is_an_assumption(rows):
    for row in rows:
        if row.sort == "lever" and tables.levers()[row.id].policy_value is None:
            assert row.kind == "assumption"


def test_filters_leave_what_they_say(rows):
    assert chosen(rows, "", [], []) == rows
    assert {row.sort for row in chosen(rows, "", [], ["lever"])} == {"lever"}
    assert {row.kind for row in chosen(rows, "", ["document"], [])} == {"document"}
    found = {row.id for row in chosen(rows, "  I13A ", [], ["lever"])}
    assert "I13a" in found
    assert len(found) < 5
    assert chosen(rows, "no such text anywhere", [], []) == []
    both = chosen(rows, "land", ["assumption"], ["lever"])
    assert both
    assert all((row.kind, row.sort) == ("assumption", "lever") for row in both)


# Articles


def test_there_are_22_articles_in_order_and_in_both_languages():
    assert list(articles()) == list(range(1, 23))
    for article in articles().values():
        assert CHINESE.search(article.subject_zh)
        assert CHINESE.search(article.gist_zh)
        assert article.subject_en
        assert not CHINESE.search(article.subject_en)


def test_every_lever_and_every_target_belongs_to_an_article():
    assert {row.article for row in tables.levers().values()} <= set(articles())
    assert {row.article for row in tables.targets().values()} <= set(articles())
    assert {row.article for row in unmodelled()} <= set(articles())


def test_every_article_has_measures_and_the_map_counts_each_once():
    # Article 1 is guiding ideas: it has no measure, and the page calls it not modelled.
    assert {number for number in articles() if coverage(number) == (0, 0)} == {1}
    assert sum(coverage(number)[0] for number in articles()) == len(tables.levers())
    assert sum(coverage(number)[1] for number in articles()) == len(unmodelled())


def test_what_is_not_modelled_is_no_lever_and_named_once():
    idents = [row.id for row in unmodelled()]
    assert len(set(idents)) == len(idents)
    assert not set(idents) & set(tables.levers())
    for row in unmodelled():
        assert row.id.startswith(f"I{row.article:02d}")
        assert CHINESE.search(row.title_zh)
        assert not CHINESE.search(row.title_en)


def test_the_heading_of_an_article_counts_its_changed_levers(words):
    lever = tables.levers()["I13a"]
    assert "1" not in words.article(lever.article, Desk()).replace(str(lever.article), "")
    desk = Desk().with_lever("I13a", Setting(5.0))
    assert words("frame.article.changed", k=1) in words.article(lever.article, desk)

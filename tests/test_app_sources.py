"""The data page and the error card: every number has a source, every article is mapped, no traceback is shown."""

from __future__ import annotations

import csv
import logging
import re
from collections import Counter
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from experiments import articles as mapped
from experiments.dashboard import sources
from experiments.dashboard.evidence import (
    GRADES,
    KINDS,
    baseline_note,
    baselines,
    chosen,
    counted,
    evidence,
    kind_of,
)
from experiments.dashboard.guard import code_of
from experiments.dashboard.words import Words
from experiments.dashboard.words_data import TEXT
from sim.calibration import tables
from sim.calibration.checks import TableError

FOLDER = Path(mapped.__file__).parent
LANGUAGES = ("zh", "en")


# --- the articles ------------------------------------------------------------------------------------------------


def test_every_article_has_levers_or_is_said_to_be_not_modelled():
    assert list(mapped.articles()) == list(range(1, 23))
    by_lever = Counter(row.article for row in tables.levers().values())
    for number in mapped.articles():
        here, absent = mapped.coverage(number)
        assert here == by_lever[number]
        assert mapped.state(number) == ("none" if not here else "partly" if absent else "full")
    assert {mapped.state(number) for number in mapped.articles()} == {"none", "partly", "full"}


def test_every_lever_and_target_belongs_to_an_article():
    for row in (*tables.levers().values(), *tables.targets().values()):
        assert row.article in mapped.articles(), row.id


def test_a_gist_is_ours_and_short():
    for article in mapped.articles().values():
        assert max(len(article.gist_zh), len(article.gist_en)) <= 60
        assert article.source.endswith(f"article {article.number}; our summary, not a quotation")


@pytest.mark.parametrize(
    ("file", "line", "column", "value", "message"),
    [
        ("articles.csv", 2, "gist_en", "x" * 61, "at most 60 characters"),
        ("articles.csv", 2, "gist_zh", "", "may not be empty"),
        ("articles.csv", 2, "number", "23", "a number from 1 to 22"),
        ("articles.csv", 3, "number", "1", "not yet on line 2"),
        ("articles.csv", 2, "source", "https://copies.example/page", "addresses only at"),
        ("unmodelled.csv", 2, "article", "4", "the article of its id, 3"),
        ("unmodelled.csv", 2, "id", "I03a", "no lever"),
        ("unmodelled.csv", 2, "id", "X1", "an id such as"),
    ],
)
def test_a_spoilt_table_is_refused(file, line, column, value, message, tmp_path):
    spoil(file, line, column, value, tmp_path)
    load = mapped.articles if file == "articles.csv" else mapped.unmodelled
    with pytest.raises(TableError, match=re.escape(message)):
        load(tmp_path)


def spoil(file: str, line: int, column: str, value: str, folder: Path) -> None:
    """Write a copy of a table with one cell changed."""
    with (FOLDER / file).open(encoding="utf-8", newline="") as text:
        lines = list(csv.reader(text))
    lines[line - 1][lines[0].index(column)] = value
    with (folder / file).open("w", encoding="utf-8", newline="") as text:
        csv.writer(text, lineterminator="\n").writerows(lines)


def test_a_missing_article_is_refused(tmp_path):
    lines = (FOLDER / "articles.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "articles.csv").write_text("".join(lines[:-1]), "utf-8")
    with pytest.raises(TableError, match="1 to 22 in order"):
        mapped.articles(tmp_path)


# --- the numbers -------------------------------------------------------------------------------------------------


def test_every_number_is_there_once_with_a_known_kind():
    rows = evidence(Words("en"))
    assert {row.id for row in rows} == {*tables.parameters(), *tables.levers()}
    assert len(rows) == len(tables.parameters()) + len(tables.levers())
    counts = counted(rows)
    assert tuple(counts) == KINDS and sum(counts.values()) == len(rows)
    assert [row.id for row in rows if row.kind == "missing"] == []
    assert {row.confidence for row in rows} == set(GRADES)
    stated = sum(row.policy_value is not None for row in tables.levers().values())
    assert counts["document"] == stated


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("", "missing"),
        ("somebody said so", "missing"),
        ("assumption: chosen for a plausible start", "assumption"),
        ("[A]; [R] Lelarge 2010: growth up", "assumption"),
        ("[F, structure] Chen 2009 (region first); value [A]", "assumption"),
        ("[F, qualitative] Lovely 2013: negative; magnitude [A]", "assumption"),
        ("cost note of I13c", "assumption"),
        ("[D] private wages +6.6 %", "derived"),
        ("[D] from [F] SAIC 2013: 49.4 %", "derived"),
        ("arithmetic", "derived"),
        ("[R] Saiz 2007 about 1", "recalled"),
        ("Corporate Income Tax Law (recalled)", "recalled"),
        ("[F] Kunming April 2020: 318; range [A]", "statistics"),
        ("[F] Bom & Ligthart 2014: 0.106", "literature"),
        ("[F, qualitative] Amiti 2008: matters most; [R] Head & Mayer 2004", "recalled"),
        ("Yunnan Implementation Opinions on Dianzhong New Area, article 3", "document"),
    ],
)
def test_the_kind_is_what_the_source_says_about_the_value(source, kind):
    assert kind_of(source) == kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_filters_narrow_and_an_empty_one_leaves_all(language):
    rows = evidence(Words(language))
    assert chosen(rows, "  ") == rows
    assert "I13a" in {row.id for row in chosen(rows, "i13A")} < {row.id for row in rows}
    assert chosen(rows, "nothing is called this") == []
    assert {row.kind for row in chosen(rows, "", kinds=["derived"])} == {"derived"}
    assert {row.sort for row in chosen(rows, "", sorts=["lever"])} == {"lever"}
    assert {row.confidence for row in chosen(rows, "", grades=["high", "figure"])} == {"high", "figure"}
    both = chosen(rows, "", kinds=["assumption"], sorts=["lever"], grades=["direction"])
    assert both and set(both) < set(rows)


def test_every_word_of_the_data_has_a_text_in_both_languages():
    blanks = re.compile(r"{(\w+)}")
    for key, both in TEXT.items():
        assert set(both) == set(LANGUAGES) and all(both.values()), key
        assert sorted(blanks.findall(both["zh"])) == sorted(blanks.findall(both["en"])), key
        assert both["zh"].count("\n") == both["en"].count("\n"), key
    rows = evidence(Words("en"))
    needed = {f"data.kind.{kind}" for kind in KINDS} | {f"data.confidence.{grade}" for grade in GRADES}
    needed |= {f"data.role.{row.role}" for row in rows} | {f"data.sort.{row.sort}" for row in rows}
    assert needed <= TEXT.keys()


def test_text_of_a_table_is_shown_as_it_is():
    assert sources.plain("0.25*FTE [F] <b> a_b $x$ :red[y]") == (r"0.25\*FTE \[F\] \<b\> a\_b \$x\$ \:red\[y\]")


def test_a_lever_shows_its_baseline_and_what_is_written_each_with_its_own_evidence():
    rows = {row.id: row for row in evidence(Words("en"))}
    for lever in tables.levers().values():
        row = rows[lever.id]
        assert (row.value, row.written) == (lever.baseline, lever.as_written)
        assert row.base_kind in KINDS and (row.base_kind == "missing") == (not row.base_source)
    assert all(row.written is None and not row.base_kind for row in rows.values() if row.sort == "parameter")
    assert rows["I02a"].kind == "document" and rows["I02a"].base_kind == "assumption"
    counts = baselines(rows.values())
    assert tuple(counts) == KINDS and sum(counts.values()) == len(tables.levers())
    assert {row.id for row in chosen(rows.values(), "", ["missing"])} == {
        row.id for row in rows.values() if row.base_kind == "missing"
    }


@pytest.mark.parametrize(
    ("said", "kind", "source"),
    [
        ("baseline is an assumption", "assumption", "baseline is an assumption"),
        ("text: 10 million yuan; baseline is an assumption", "assumption", "baseline is an assumption"),
        ("baseline: reform norm of 2019 (recalled)", "recalled", "baseline: reform norm of 2019 (recalled)"),
        ("text: 500 million yuan a year", "missing", ""),
    ],
)
def test_the_evidence_of_a_baseline_is_read_from_the_notes(said, kind, source):
    assert baseline_note(said) == (kind, source)


# --- the page ----------------------------------------------------------------------------------------------------


def page(language: str, tab: str) -> None:
    import streamlit as st

    from experiments.dashboard import sources
    from experiments.dashboard.words import Words

    st.session_state.setdefault("data_open", tab)
    sources.render(Words(language))


def drawn(language: str, tab: str = "numbers", **query: str) -> AppTest:
    test = AppTest.from_function(page, default_timeout=60, args=(language, tab))
    for name, value in query.items():
        test.query_params[name] = value
    return test.run()


def texts(test: AppTest) -> str:
    return "\n".join(part.value for part in test.markdown)


TABS = ("numbers", "articles", "definitions", "limits", "version")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_all_rows_and_counts_them(language):
    test, words = drawn(language), Words(language)
    assert not test.exception
    rows = evidence(words)
    assert [tab.label for tab in test.tabs] == [words(f"data.tab.{name}") for name in TABS]
    table = test.dataframe[0].value
    assert len(table) == len(rows)
    shown = table.set_index(words("data.col.id")).loc["I13a"]
    assert (shown[words("data.col.value")], shown[words("data.col.written")]) == (3.0, 5.0)
    for line in texts(test).splitlines():
        if line.startswith("- ") and words("data.colon") in line and words("data.kind.missing") in line:
            head, _, kinds = line.partition(words("data.colon"))
            assert int(re.search(r"\d+", head)[0]) == sum(map(int, re.findall(r" (\d+)", kinds)))
    parameters = [row for row in rows if row.sort == "parameter"]
    for kind, count in counted(parameters).items():
        if count or kind == "missing":
            assert f"{words(f'data.kind.{kind}')} {count}" in texts(test)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tab", TABS)
def test_only_the_open_tab_is_drawn(tab, language):
    test, words = drawn(language, tab), Words(language)
    assert not test.exception and not test.error
    assert len(test.dataframe) == (tab == "numbers")
    assert [len(table.value) for table in test.table][:1] == {"articles": [22], "definitions": [10]}.get(
        tab, [len(test.table[0].value)] if tab == "version" else []
    )
    assert ("docs/odd.md" in texts(test)) is (tab == "limits")
    assert (words("term.rule") in texts(test)) is (tab == "definitions")


def test_the_open_tab_stays_open_in_the_other_language():
    test = drawn("zh", "limits")
    assert "docs/odd.md" in texts(test)
    other = AppTest.from_function(page, default_timeout=60, args=("en", "numbers"))
    other.session_state["data_open"] = test.session_state["data_open"]
    assert "docs/odd.md" in texts(other.run())


def test_search_and_filters_leave_their_rows():
    test = drawn("en")
    test.text_input(key="data_search").input("quota").run()
    found = len(test.dataframe[0].value)
    assert found == len(chosen(evidence(Words("en")), "quota")) > 1
    test.multiselect(key="data_sort").select("lever").run()
    assert 0 < len(test.dataframe[0].value) < found
    test.multiselect(key="data_grade").select("figure").run()
    assert not test.exception
    test.text_input(key="data_search").input("no such thing").run()
    assert len(test.dataframe[0].value) == 0 and not test.exception


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_opens_a_row_and_the_select_box_another(language):
    test = drawn(language, id="P41")
    assert not test.exception and not test.warning
    assert sources.plain(tables.parameters()["P41"].source) in texts(test)
    test.selectbox(key="data_id").select("I13a").run()
    words = Words(language)
    for name in ("baseline", "suggested", "lever_range", "code"):
        assert words(f"data.card.{name}") in texts(test)
    assert words.quantity("3", tables.levers()["I13a"].unit) in texts(test)
    assert tables.levers()["I13a"].name in texts(test)
    assert sources.plain(tables.levers()["I13a"].source) in texts(test)
    assert sources.plain(tables.parameters()["P41"].source) not in texts(test)
    assert test.query_params["id"] == "I13a"


def test_a_link_to_an_unknown_row_says_so_and_shows_the_page():
    test = drawn("en", id="**Z99**")
    assert r"\*\*Z99\*\*" in test.warning[0].value
    assert len(test.dataframe[0].value) > 300 and not test.exception


def test_a_missing_source_is_counted_and_shown(monkeypatch):
    from dataclasses import replace

    bare = {key: replace(row, source="") if key == "P41" else row for key, row in tables.parameters().items()}
    monkeypatch.setattr(tables, "parameters", lambda: bare)
    test = drawn("zh", id="P41")
    assert "待核 1" in texts(test) and ":red-badge[待核]" in texts(test)


# --- the error card ----------------------------------------------------------------------------------------------


def failing(kind: str) -> None:
    import streamlit as st

    from experiments.dashboard.guard import card
    from experiments.dashboard.words import Words
    from sim.errors import InputError

    with card(Words("zh")):
        if kind == "stop":
            st.stop()
        if kind == "rerun" and "again" not in st.session_state:
            st.session_state.again = True
            st.rerun()
        if kind == "input":
            raise InputError("I13a: value = 99 is above the allowed 0 to 15")
        if kind == "bug":
            raise ValueError("the secret of the house")
        st.markdown("inside")
    st.markdown("after")


def shown(kind: str) -> AppTest:
    return AppTest.from_function(failing, default_timeout=60, args=(kind,)).run()


def test_a_bug_becomes_a_card_with_a_code_and_a_traceback_in_the_log(caplog):
    with caplog.at_level(logging.ERROR, logger="dianzhong.app"):
        test = shown("bug")
    code = re.search(r"E-[0-9A-F]{4,}", test.error[0].value)
    assert code and not test.exception
    assert "secret" not in test.error[0].value + texts(test)
    assert "after" in texts(test), "the rest of the page is drawn"
    entry = next(record for record in caplog.records if record.name == "dianzhong.app")
    assert code[0] in entry.getMessage() and "the secret of the house" in (entry.exc_text or "")


def test_bad_input_is_said_in_its_own_words():
    test = shown("input")
    assert test.code[0].value.startswith("I13a: value = 99") and not test.exception


def test_streamlit_steers_through_the_card():
    stopped, again = shown("stop"), shown("rerun")
    assert not stopped.error and not stopped.exception and "after" not in texts(stopped)
    assert not again.error and not again.exception and "inside" in texts(again)


def test_the_same_error_has_the_same_code():
    assert code_of("a") == code_of("a") != code_of("b")

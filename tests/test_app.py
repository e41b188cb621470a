"""The pages of the app without a browser: both pages, both languages, presets and extremes, and what can go wrong."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from experiments.chart_text import GROUPS
from experiments.dashboard import cards, desk, guard, main, session
from experiments.dashboard.desk import Desk, to_query
from experiments.dashboard.evidence import evidence
from experiments.dashboard.service import Answers
from experiments.dashboard.words import Words
from experiments.ensemble import Plan, run_plan
from experiments.modified import modified
from experiments.provenance import version
from experiments.timing import misfits
from sim.calibration import tables
from sim.scenario import Setting, load_scenario, scenario_from_mapping, scenario_names

pytestmark = pytest.mark.slow
SCRIPT = str(Path(__file__).resolve().parent.parent / "app.py")
TIMEOUT = 60.0
PAGES = {"lab": "", "sources": calc_hash("sources")}
FULL_PLAN = Desk.plan
PANELS = ("terms", "levers", "assumptions", "definitions", "share", "consistency", "table")
WORDS = {language: Words(language) for language in ("zh", "en")}


def small_plan(given: Desk) -> Plan:
    return replace(FULL_PLAN(given), scale=400, replicates=2)


@pytest.fixture(scope="module")
def service() -> Iterator[Answers]:
    answers = Answers(workers=2)
    yield answers
    answers.close()
    for pid in answers.pids():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.fixture(autouse=True)
def small(monkeypatch, service):
    """Answer with few replicates of a small model, by one service for all tests of this file."""
    monkeypatch.setattr(desk.Desk, "plan", small_plan)
    monkeypatch.setattr(main, "answers", lambda: service)


def opened(query: dict[str, str], page: str = "lab") -> AppTest:
    """Open the app as a link does, unfold everything, and run it until the answer is whole."""
    at = AppTest.from_file(SCRIPT, default_timeout=TIMEOUT)
    for key, value in query.items():
        at.query_params[key] = value
    at._page_hash = PAGES[page]
    at.session_state["panels"] = dict.fromkeys(PANELS, True)
    return whole(at.run())


def whole(at: AppTest) -> AppTest:
    """Run the page again until the answer is exact; the last run shows it. The data page needs no answer."""
    for _ in range(100):
        if at.exception or at.error or on_data_page(at) or any("●" in text.value for text in at.markdown):
            return at
        at.run()
    raise AssertionError("the answer did not come")


def on_data_page(at: AppTest) -> bool:
    return bool(at.subheader) and at.subheader[0].value == words_of(at)("data.title")


def words_of(at: AppTest) -> Words:
    return WORDS[session.LANGUAGES[at.session_state["language"]]]


def now(at: AppTest) -> Desk:
    found: Desk = at.session_state["history"].now
    return found


def fine(at: AppTest) -> None:
    assert not at.exception, [error.message for error in at.exception]
    assert not at.error, [error.value for error in at.error]


def charts(at: AppTest) -> list[tuple[dict[str, Any], str]]:
    return [(json.loads(node.proto.spec), node.proto.alt) for node in at.get("vega_lite_chart")]


def extreme() -> Desk:
    found = Desk()
    for row in tables.levers().values():
        found = found.with_lever(row.id, Setting(row.high))
    return found


def lowest() -> Desk:
    found = Desk()
    for row in tables.levers().values():
        found = found.with_lever(row.id, Setting(row.low, 5, 12, 40))
    return found


def with_places() -> Desk:
    park = {"id": "north_park", "near": "yanglin", "minutes": 10, "planned_area": 5}
    link = {"source": "anning", "target": "songming", "minutes": 25, "opens": "2023Q1", "cost": 800}
    return Desk(scenario_from_mapping({"name": "lab", "parks": [park], "links": [link]}))


CASES = {
    "default": Desk(),
    **{name: Desk().with_policy(load_scenario(name)) for name in scenario_names() if name != "baseline"},
    "all at their highest": extreme(),
    "all at their lowest, dated": lowest(),
    "assumption fixed": Desk().with_assumption("P02", tables.parameters()["P02"].high),
    "a number without a range": Desk().with_assumption("Q69", tables.parameters()["Q69"].value),
    "2030": Desk(horizon=2030),
    "other definitions": Desk(rule="each", share="implied", path="as_seen_in_2020"),
    "a new park and a new road": with_places(),
}
MODIFIED = {"assumption fixed", "a number without a range", "2030", "other definitions"}
_DOCUMENTS: dict[str, Any] = {}


def document_of(name: str) -> Any:
    """Return what the library answers for a case, in this process, computed once."""
    if name not in _DOCUMENTS:
        _DOCUMENTS[name] = run_plan(small_plan(CASES[name])).verdict
    return _DOCUMENTS[name]


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("name", CASES)
def test_the_lab_shows_what_the_library_says(name, language):
    words = WORDS[language]
    at = opened(to_query(CASES[name], language))
    fine(at)
    assert len(at.warning) == bool(misfits(CASES[name].scenario, CASES[name].horizon))
    assert now(at) == CASES[name]
    document = document_of(name)
    wanted = [cards.card(words, row, document) for row in document["targets"]]
    assert [(m.label, m.value, m.delta) for m in at.metric] == [(c.title, c.value, c.delta) for c in wanted]
    assert [m.help for m in at.metric] == [c.help for c in wanted]
    assert at.subheader[0].value == cards.sentence(words, document)
    asked = CASES[name].scenario
    assert bool(at.info) is not bool(asked.levers or asked.parks or asked.links)
    shown = charts(at)
    said = [text.value for text in at.markdown]
    assert all(f":small[{c.note}]" in said for c in wanted)
    # The fans, the map and the dots; the bill has bars only where something is paid or cut.
    bill = document["fiscal"]["by_instrument"] or document["fiscal"]["rationed"]
    assert len(shown) == len(GROUPS["growth"]) + 2 + bool(bill)
    for specification, alt in shown:
        assert alt.strip()
        assert bool(re.search(r"[\u4e00-\u9fff]", alt)) is (language == "zh")
        assert specification["$schema"]
    for (specification, _), target in zip(shown, GROUPS["growth"], strict=False):
        assert f'"target": {json.dumps(tables.targets()[target].threshold)}' in json.dumps(specification)
    assert dict(at.query_params) == to_query(CASES[name], language)
    assert any(version() in text.value for text in at.markdown)
    line = words.terminal("modified.line", changes=" · ".join(modified(document, words.terminal)))
    assert any(text.value == line for text in at.markdown) is (name in MODIFIED)


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("name", CASES)
def test_the_data_page_stands_beside_every_scenario(name, language):
    at = opened(to_query(CASES[name], language), "sources")
    fine(at)
    assert not at.metric
    words = WORDS[language]
    assert at.subheader[0].value == words("data.title")
    assert len(at.dataframe[0].value) == len(evidence(words))
    assert now(at) == CASES[name]


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_of_targets_has_its_charts(group):
    at = opened({"lang": "en"})
    at.session_state["group"] = group
    whole(at.run())
    fine(at)
    text = json.dumps([specification for specification, _ in charts(at)])
    assert len(charts(at)) == len(GROUPS[group]) + 2  # the map and the dots; the baseline has no bill
    for target in GROUPS[group]:
        assert f'"target": {json.dumps(tables.targets()[target].threshold)}' in text


# Links


def test_bad_values_of_a_link_are_told_in_a_banner_and_the_rest_holds():
    query = {"lang": "en", "I13a": "nan", "I18b": "600.0@2022Q1-2024Q4~30", "nothing": "1", "mv": "0.0.0"}
    at = opened(query)
    fine(at)
    banner, made = (warning.value for warning in at.main.warning)
    assert "I18b rises over 30 quarters" in at.sidebar.warning[0].value
    words = WORDS["en"]
    assert banner.startswith(words("link.bad", n=2))
    assert "I13a=nan" in banner
    assert "nothing=1" in banner
    assert made == words("link.version", old="0.0.0", new=version())
    assert now(at) == Desk().with_lever("I18b", Setting(600.0, 5, 16, 30))
    assert len(at.metric) == len(tables.targets())


@pytest.mark.parametrize("text", ["[" * 100_000, "null", '[{"id":"<script>"}]'])
def test_no_link_breaks_the_page(text):
    at = opened({"lang": "en", "parks": text})
    fine(at)
    assert len(at.warning) == 1
    assert at.metric


def test_one_row_of_the_data_page_can_be_linked_to():
    at = opened({"lang": "en", "id": "I13a"}, "sources")
    fine(at)
    assert at.selectbox(key="data_id").value == "I13a"
    assert any("**I13a · " in text.value for text in at.markdown)
    assert dict(at.query_params) == {"lang": "en", "id": "I13a"}


# Moves


def test_a_page_and_back_keeps_the_scenario():
    at = opened(to_query(CASES["as_written"], "en"))
    at._page_hash = PAGES["sources"]
    at.run()
    fine(at)
    assert at.subheader[0].value == WORDS["en"]("data.title")
    assert now(at) == CASES["as_written"]
    assert dict(at.query_params) == to_query(CASES["as_written"], "en")
    at._page_hash = calc_hash("")
    whole(at.run())
    fine(at)
    assert now(at) == CASES["as_written"]
    assert len(at.metric) == len(tables.targets())


def turned(kind: Any, name: str) -> Any:
    """Return the widget of a name; one that something else has moved has a number behind its key."""
    (found,) = (widget for widget in kind if re.fullmatch(rf"{name}(_\d+)?", widget.key or ""))
    return found


def test_a_slider_moves_one_lever_and_undo_takes_it_back():
    at = opened({"lang": "en"})
    before = [metric.value for metric in at.metric], at.subheader[0].value, charts(at)
    moved = Desk().with_lever("I13a", Setting(7.0))
    slider = at.slider(key="lever_I13a")
    assert slider.value == tables.levers()["I13a"].baseline
    whole(slider.set_value(7.0).run())
    fine(at)
    assert now(at) == moved
    assert dict(at.query_params) == to_query(moved, "en")
    assert at.subheader[0].value != before[1]
    assert at.button(key="redo").disabled
    whole(at.button(key="undo").click().run())
    fine(at)
    assert now(at) == Desk()
    assert dict(at.query_params) == {"lang": "en"}
    assert turned(at.sidebar.slider, "lever_I13a").value == tables.levers()["I13a"].baseline
    assert ([metric.value for metric in at.metric], at.subheader[0].value, charts(at)) == before
    assert at.button(key="undo").disabled
    whole(at.button(key="redo").click().run())
    assert now(at) == moved
    assert turned(at.sidebar.slider, "lever_I13a").value == 7.0
    whole(at.button(key="reset").click().run())
    assert now(at) == Desk()


def test_a_preset_is_shown_before_it_is_taken():
    at = opened({"lang": "en"})
    whole(at.selectbox(key="preset").set_value("as_written").run())
    assert now(at) == Desk()
    whole(at.button(key="apply").click().run())
    fine(at)
    assert now(at) == CASES["as_written"]
    assert at.button(key="apply").disabled
    whole(at.button(key="back_I18b").click().run())
    assert "I18b" not in now(at).scenario.levers
    fine(at)


def test_the_language_changes_and_the_scenario_stays():
    at = opened(to_query(CASES["as_written"], "zh"))
    assert re.search(r"[\u4e00-\u9fff]", at.subheader[0].value)
    whole(at.segmented_control(key="tongue").set_value("English").run())
    fine(at)
    assert not re.search(r"[\u4e00-\u9fff]", at.subheader[0].value)
    assert now(at) == CASES["as_written"]
    assert dict(at.query_params) == to_query(CASES["as_written"], "en")


def test_an_assumption_is_fixed_moved_and_freed():
    at = opened({"lang": "en"})
    row = tables.parameters()["P02"]
    whole(at.selectbox(key="assume").set_value("P02").run())
    whole(at.button(key="assume_pin").click().run())
    fine(at)
    assert dict(now(at).scenario.assumptions) == {"P02": row.value}
    whole(at.slider(key="assume_P02").set_value(row.high).run())
    assert dict(now(at).scenario.assumptions) == {"P02": row.high}
    whole(at.button(key="free_P02").click().run())
    fine(at)
    assert now(at) == Desk()


@pytest.mark.parametrize(("name", "value"), [("horizon", 2030), ("rule", "final"), ("replicates", 20)])
def test_a_definition_is_a_step_like_any_other(name, value):
    at = opened({"lang": "en"})
    whole(at.selectbox(key=f"def_{name}").set_value(value).run())
    fine(at)
    assert now(at) == replace(Desk(), **{name: value})
    whole(at.button(key="undo").click().run())
    assert turned(at.sidebar.selectbox, f"def_{name}").value == getattr(Desk(), name)
    assert now(at) == Desk()


@pytest.mark.parametrize(("back", "times"), [("undo", 3), ("reset", 1)])
def test_a_browser_that_has_not_seen_an_undo_yet_moves_nothing(back, times):
    """With every click a browser sends the values of all widgets as it knows them: after an undo those of before."""
    at = opened({"lang": "en"})
    at.slider(key="lever_I13a").set_value(7.0).run()
    at.selectbox(key="def_horizon").set_value(2030).run()
    whole(at.selectbox(key="def_replicates").set_value(20).run())
    late = at._tree.get_widget_states()
    for place in reversed(range(len(late.widgets))):  # a browser speaks of a button only when it is pressed
        if late.widgets[place].WhichOneof("value") == "trigger_value":
            del late.widgets[place]
    for _ in range(times):
        at.button(key=back).click().run()
    wanted = now(at)
    assert (wanted.setting("I13a").value, wanted.horizon) == (tables.levers()["I13a"].baseline, 2025)
    at._run(late)
    assert now(at) == wanted
    fine(at)


@pytest.mark.parametrize(
    ("given", "open_to"),
    [
        (Desk(), False),
        (Desk(replicates=20), False),
        (Desk(horizon=2030), True),
        (Desk(seed=11, replicates=20), True),
        (CASES["assumption fixed"], True),
        (CASES["a new park and a new road"], True),
    ],
)
def test_reset_is_offered_when_it_would_change_something(given, open_to):
    at = opened(to_query(given, "en"))
    assert at.button(key="reset").disabled is not open_to
    if open_to:
        whole(at.button(key="reset").click().run())
        assert now(at) == Desk(replicates=given.replicates)
        assert at.button(key="reset").disabled


def test_the_step_before_is_drawn_thin_and_can_be_switched_off():
    at = opened({"lang": "en"})
    whole(at.slider(key="lever_I18b").set_value(1500.0).run())
    key = WORDS["en"]("fan.key.ghost").lstrip("; ")
    assert key in " ".join(charts(at)[0][0]["title"]["subtitle"])
    whole(at.toggle(key="ghost").set_value(False).run())
    assert key not in " ".join(charts(at)[0][0]["title"]["subtitle"])


def test_levers_are_found_by_name_number_and_effect():
    at = opened({"lang": "en"})
    at.text_input(key="search").set_value("I13").run()
    found = {slider.key for slider in at.sidebar.slider}
    assert "lever_I13a" in found
    assert all(key.startswith("lever_") for key in found)
    at.text_input(key="search").set_value("no such lever").run()
    fine(at)
    assert not at.sidebar.slider


def test_every_article_opens_its_levers_and_can_be_applied():
    at = opened({"lang": "en"})
    for article in sorted({row.article for row in tables.levers().values()}):
        at.selectbox(key="article").set_value(article).run()
        fine(at)
        shown = {slider.key for slider in at.sidebar.slider}
        assert {f"lever_{row.id}" for row in tables.levers().values() if row.article == article} <= shown
    at.selectbox(key="article").set_value(18).run()
    whole(at.button(key="article_written").click().run())
    fine(at)
    written = {row.id for row in tables.levers().values() if row.article == 18 and row.policy_value is not None}
    assert set(now(at).scenario.levers) == {
        i for i in written if tables.levers()[i].policy_value != tables.levers()[i].baseline
    }


@pytest.mark.parametrize("language", WORDS)
def test_a_park_shows_its_card(language):
    at = opened({"lang": language})
    words = WORDS[language]
    whole(at.selectbox(key="park").set_value("anning").run())
    fine(at)
    label, value, _ = cards.park(words, document_of("default"), "anning", 2025)[0]
    assert any(text.value.startswith(words.labelled(label, f"**{value}**")) for text in at.markdown)


@pytest.mark.parametrize(("language", "why"), [("en", "is above the allowed"), ("zh", "高于允许的")])
def test_a_file_is_opened_and_a_bad_one_is_refused(language, why):
    at = opened({"lang": language})
    text = CASES["as_written"].scenario.normal_form()
    whole(at.file_uploader(key="upload").set_value(("lab.toml", text.encode(), "application/toml")).run())
    fine(at)
    assert now(at) == CASES["as_written"]
    at.file_uploader(key="upload").set_value(
        ("bad.toml", b"format = 1\n[levers]\nI13a = 1e9\n", "application/toml")
    ).run()
    assert [error.value for error in at.error] == [WORDS[language]("share.refused")]
    assert any("I13a" in code.value and why in code.value for code in at.code)
    assert now(at) == CASES["as_written"]


# What can go wrong


class Broken:
    """A service whose model raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def new_session(self) -> str:
        return "one"

    def ask(self, *_: Any) -> Any:
        raise self.error


def test_an_error_becomes_a_card_with_a_code_and_the_policy_is_kept(monkeypatch, caplog):
    monkeypatch.setattr(main, "answers", lambda: Broken(ZeroDivisionError("secret of the house")))
    at = opened(to_query(CASES["as_written"], "en"))
    assert not at.exception
    (error,) = at.error
    code = re.search("E-[0-9A-F]+", error.value)
    assert code
    assert error.value == WORDS["en"]("guard.failed", code=code.group())
    everything = " ".join(str(node.value) for node in [*at.error, *at.markdown, *at.code])
    assert "secret of the house" not in everything
    assert "Traceback" not in everything
    assert code.group() in caplog.text
    assert "secret of the house" in caplog.text
    assert now(at) == CASES["as_written"]
    assert at.button(key="reset")
    assert guard.log.name == "dianzhong.app"


def test_a_refusal_of_the_model_is_said_in_its_own_words(monkeypatch):
    from sim.errors import InputError

    monkeypatch.setattr(main, "answers", lambda: Broken(InputError("P01: too much; choose less")))
    at = opened({"lang": "en"})
    assert [error.value for error in at.error] == [WORDS["en"]("lab.refused")]
    assert "P01: too much; choose less" in [code.value for code in at.code]


def test_a_park_and_a_link_of_a_file_are_among_the_changes_and_are_taken_back():
    at = opened({**to_query(with_places(), "zh")})
    assert WORDS["zh"]("frame.changes", n=2) in [expander.label for expander in at.expander]
    whole(at.button(key="back_link_0").click().run())
    assert now(at) == Desk(replace(with_places().scenario, links=()))
    whole(at.button(key="back_park_north_park").click().run())
    assert now(at) == Desk()


def test_without_a_park_its_links_go_too():
    desk_of = with_places()
    (link,) = desk_of.scenario.links
    joined = replace(desk_of, scenario=replace(desk_of.scenario, links=({**link, "target": "north_park"}, link)))
    assert joined.without_park("north_park").scenario.links == (link,)


def test_a_ramp_is_told_among_the_changes():
    at = opened({"lang": "zh", "I18b": "1000.0@2022Q1-2025Q4~4"})
    assert any("2022Q1" in text.value and "4 个季度爬坡" in text.value for text in at.sidebar.markdown)


def test_a_click_that_fails_gives_a_card_with_a_code_and_loses_nothing(monkeypatch):
    at = opened({"lang": "zh"})
    good = at.subheader[0].value

    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(desk.History, "put", broken)
    at.slider(key="lever_I18b").set_value(1500.0).run()
    assert not at.exception
    (error,) = [error.value for error in at.error]
    assert re.search(r"E-[0-9A-F]{6}", error)
    assert at.subheader[0].value == good
    at.run()
    fine(at)


def test_after_a_failure_the_last_good_answer_stays(monkeypatch, service):
    at = opened({"lang": "en"})
    good = at.subheader[0].value
    look = service.look
    monkeypatch.setattr(
        service,
        "look",
        lambda *of, **how: replace(look(*of, **how), error="E-TEST", document=None, done=0, superseded=False),
    )
    at.slider(key="lever_I18b").set_value(1500.0).run()
    assert not at.exception
    assert [error.value for error in at.error] == [WORDS["en"]("lab.failed", code="E-TEST")]
    assert at.subheader[0].value == good
    assert len(at.metric) == len(tables.targets())


def test_the_service_of_a_server_is_made_once_and_its_workers_end(monkeypatch):
    monkeypatch.undo()
    made = []

    class Counted(Broken):
        def __init__(self) -> None:
            super().__init__(ZeroDivisionError())
            made.append(self)

    monkeypatch.setattr(main, "Answers", Counted)
    main.answers.clear()
    try:
        for _ in range(2):
            AppTest.from_file(SCRIPT, default_timeout=TIMEOUT).run()
        assert len(made) == 1
    finally:
        main.answers.clear()

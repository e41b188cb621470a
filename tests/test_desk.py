"""The desk of a session: the share link, the steps of undo and redo, and the positions of a slider."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from experiments.cli import main
from experiments.dashboard.desk import (
    MERGE_SECONDS,
    REPLICATES,
    STEPS,
    Desk,
    History,
    changes,
    from_query,
    setting_of,
    setting_text,
    to_query,
)
from experiments.dashboard.frame import PINNED, command, decimals, slider_step
from experiments.ensemble import HORIZONS, PATHS, RULES, SHARES
from sim.calibration import tables
from sim.errors import InputError
from sim.scenario import LAST_QUARTER, Scenario, Setting, load_scenario, scenario_from_mapping, scenario_names

LEVERS = tables.levers()
PARAMETERS = {ident: row for ident, row in tables.parameters().items() if row.role != "check"}
PARK = {"id": "north_park", "near": "yanglin", "minutes": 10, "planned_area": 5}
ROAD = {"source": "anning", "target": "songming", "minutes": 25, "opens": "2023Q1", "cost": 800}


def between(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


@st.composite
def settings_of(draw: st.DrawFn, lever: str) -> Setting:
    row = LEVERS[lever]
    start = draw(st.integers(1, LAST_QUARTER))
    end = draw(st.none() | st.integers(start, LAST_QUARTER))
    return Setting(draw(between(row.low, row.high)), start, end, draw(st.integers(0, LAST_QUARTER)))


@st.composite
def desks(draw: st.DrawFn) -> Desk:
    places: dict[str, Any] = draw(st.sampled_from([{}, {"parks": [PARK]}, {"links": [ROAD]}]))
    base = scenario_from_mapping({"name": "lab", **places})
    desk = Desk(
        base,
        horizon=draw(st.sampled_from(HORIZONS)),
        rule=draw(st.sampled_from(RULES)),
        share=draw(st.sampled_from(SHARES)),
        path=draw(st.sampled_from(PATHS)),
        replicates=draw(st.sampled_from(REPLICATES)),
        seed=draw(st.integers(0, 999_999_999)),
    )
    for lever in draw(st.lists(st.sampled_from(sorted(LEVERS)), max_size=6, unique=True)):
        desk = desk.with_lever(lever, draw(settings_of(lever)))
    for ident in draw(st.lists(st.sampled_from(sorted(PARAMETERS)), max_size=4, unique=True)):
        desk = desk.with_assumption(ident, draw(between(PARAMETERS[ident].low, PARAMETERS[ident].high)))
    return desk


@given(desks())
def test_a_reset_is_the_baseline_as_exact_as_before(desk):
    assert desk.reset() == Desk(replicates=desk.replicates)
    assert desk.reset().reset() == desk.reset()  # so that the button can know when there is nothing left to reset


# The share link


@given(desks(), st.sampled_from(["zh", "en"]))
def test_a_share_link_gives_the_same_desk_and_the_same_plan(desk, language):
    query = to_query(desk, language)
    assert all(isinstance(value, str) for value in query.values())
    found, problems = from_query(query)
    assert (found, problems) == (desk, [])
    assert found.plan() == desk.plan()
    assert from_query(dict(reversed(query.items()))) == (desk, [])
    assert query["lang"] == language
    assert to_query(found, language) == query


@given(st.data())
def test_a_setting_is_read_as_it_was_written(data):
    setting = data.draw(settings_of(data.draw(st.sampled_from(sorted(LEVERS)))))
    assert setting_of(setting_text(setting)) == setting


@pytest.mark.parametrize("name", scenario_names())
def test_every_preset_survives_the_link_with_its_dates_and_places(name):
    desk = Desk().with_policy(load_scenario(name))
    assert from_query(to_query(desk, "zh")) == (desk, [])


def test_an_empty_desk_has_an_empty_link_and_any_other_names_the_version():
    assert to_query(Desk(), "en") == {"lang": "en"}
    assert set(to_query(Desk(horizon=2030), "en")) == {"lang", "horizon", "mv"}
    assert from_query({"lang": "en", "mv": "0.0.1", "id": "P01"}) == (Desk(), [])


def test_a_link_that_leads_to_a_new_park_survives():
    link = {"source": "north_park", "target": "anning", "minutes": 30}
    desk = Desk(scenario_from_mapping({"name": "lab", "parks": [PARK], "links": [link]}))
    assert from_query(to_query(desk, "en")) == (desk, [])


LEVER, FIXED = "I13a", "P01"
BAD_NUMBERS = ["", "x", "nan", "inf", "-inf", "1e400", "-1", "1e9", "5,0", "0x5", "9" * 5000, "<b>5</b>"]
BAD_DATES = [
    "5@2022Q5",
    "5@2022",
    "5@2020Q4",
    "5@2031Q1",
    "5@2022Q1-2021Q4",
    "5@2022Q1-2031Q1",
    "5@2022Q1-2024Q4-2025Q4",
    "5@٢٠٢٢Q1",
    "nan@2022Q1",
    "inf@2022Q1-2024Q4",
]
BAD_RAMPS = ["5~x", "5~-1", "5~2.5", "5~41", "5~nan", "5~" + "9" * 5000]
BAD_PLACES = [
    "",
    "null",
    "5",
    "NaN",
    "{}",
    "[5]",
    '[{"id":"north_park"}]',
    json.dumps([PARK] * 2),
    json.dumps([{**PARK, "planned_area": 1e400}]),
    '[{"id":"north_park","near":"yanglin","minutes":10,"planned_area":1' + "0" * 400 + "}]",
    "[" * 100_000,
    "[" * 900 + "]" * 900,
]
BAD = [
    *((LEVER, value) for value in [*BAD_NUMBERS, *BAD_DATES, *BAD_RAMPS]),
    *((FIXED, value) for value in [*BAD_NUMBERS, "5@2022Q1"]),
    *(("parks", value) for value in BAD_PLACES),
    ("links", json.dumps([{**ROAD, "target": "nowhere"}])),
    *((name, value) for name in ("horizon", "rule", "share", "path", "replicates") for value in ("", "nan", "1000000")),
    *(("seed", value) for value in ("", "-1", "1.5", "nan", "1" * 10, "²", "9" * 5000)),
    ("unknown", "5"),
    ("", "5"),
    ("I13z", "5"),
    (next(row.id for row in tables.parameters().values() if row.role == "check"), "1"),
]


@pytest.mark.parametrize(("key", "value"), BAD, ids=[f"{key}={value[:25]}" for key, value in BAD])
def test_a_bad_value_gives_one_short_message_and_leaves_the_rest(key, value):
    good = {"I18b": "600.0@2022Q1-2024Q4~3", "horizon": "2030", "seed": "11", "P02": repr(PARAMETERS["P02"].high)}
    first = {name: text for name, text in good.items() if name != key}
    expected, none = from_query(first)
    assert not none
    for query in ({key: value, **first}, {**first, key: value}):
        desk, problems = from_query(query)
        assert desk == expected
        problem = str(*problems)
        assert problem.startswith(f"{key}={value[:40]}: ")
        assert len(problem) < 300
        assert "\n" not in problem.removeprefix(f"{key}={value[:40]}")


@given(st.dictionaries(st.sampled_from([LEVER, FIXED, "seed", "rule", "parks", "links", "x"]), st.text(max_size=60)))
@example({"parks": '[{"id": 1, "near": [], "minutes": {}, "planned_area": true}]'})
def test_no_link_raises(query):
    desk, problems = from_query(query)
    assert isinstance(desk, Desk)
    assert len(problems) <= len(query)


def test_a_setting_without_a_date_is_refused_with_an_example():
    with pytest.raises(InputError, match="5@2022Q1"):
        setting_of("5@yesterday")


# The desk


def test_a_lever_at_its_baseline_leaves_the_desk():
    desk = Desk().with_lever(LEVER, Setting(5.0, 5, 8, 2))
    assert list(changes(desk)) == [(LEVER, LEVERS[LEVER].baseline, 5.0)]
    assert not list(changes(desk.with_policy(Scenario("file", levers={LEVER: Setting(LEVERS[LEVER].baseline)}))))
    assert desk.setting(LEVER) == Setting(5.0, 5, 8, 2)
    back = desk.with_lever(LEVER, Setting(LEVERS[LEVER].baseline))
    assert back == Desk()
    assert back.setting(LEVER) == Setting(LEVERS[LEVER].baseline)


def test_a_preset_keeps_assumptions_unless_it_brings_its_own():
    desk = Desk().with_assumption(FIXED, PARAMETERS[FIXED].low)
    assert dict(desk.with_policy(load_scenario("as_written")).scenario.assumptions) == {FIXED: PARAMETERS[FIXED].low}
    other = Scenario("other", assumptions={"P02": PARAMETERS["P02"].low})
    assert dict(desk.with_policy(other).scenario.assumptions) == {"P02": PARAMETERS["P02"].low}
    assert desk.without_assumption(FIXED) == Desk()


def test_the_plan_compares_with_no_policy_in_the_same_world():
    desk = Desk().with_policy(load_scenario("as_written")).with_assumption(FIXED, PARAMETERS[FIXED].low)
    plan = desk.plan()
    assert not plan.against.levers
    assert plan.assume == {FIXED: PARAMETERS[FIXED].low}
    assert (plan.explain, plan.places) == (False, True)


@pytest.mark.parametrize(
    "desk",
    [Desk(), Desk(horizon=2030, rule="each", share="implied", path="as_seen_in_2020", seed=8)],
    ids=["default", "all definitions"],
)
def test_the_command_line_takes_the_command_of_the_page(desk, tmp_path, monkeypatch, capsys):
    given_plans = []

    def taken(plan: Any, *_: Any, **__: Any) -> Any:
        given_plans.append(plan)
        raise InputError("far enough")

    monkeypatch.setattr("experiments.ensemble.run_plan", taken)
    monkeypatch.chdir(tmp_path)
    desk = desk.with_lever(LEVER, Setting(5.0, 5, 8, 2)).with_assumption(FIXED, PARAMETERS[FIXED].low)
    (tmp_path / "lab.toml").write_text(replace(desk.scenario, name="lab").normal_form(), encoding="utf-8")
    program, *arguments = shlex.split(command(desk))
    assert program == "dianzhong"
    main(arguments)
    capsys.readouterr()
    (plan,) = given_plans
    wanted = desk.plan()
    for name in ("horizon", "rule", "share", "path", "seed", "scale", "assume"):
        assert getattr(plan, name) == getattr(wanted, name), name
    assert dict(plan.scenario.levers) == dict(wanted.scenario.levers)


# Steps


def moved(value: float) -> Desk:
    return Desk().with_lever(LEVER, Setting(value))


def test_undo_and_redo_walk_through_the_steps():
    steps = History(Desk())
    assert not steps.can_undo
    assert not steps.can_redo
    assert steps.before is None
    steps.put(moved(5.0), LEVER, 0.0)
    steps.put(moved(6.0), LEVER, 10.0)
    assert (steps.now, steps.before, steps.can_redo) == (moved(6.0), moved(5.0), False)
    steps.undo()
    assert (steps.now, steps.before, steps.can_redo) == (moved(5.0), Desk(), True)
    steps.undo()
    steps.undo()
    assert (steps.now, steps.before, steps.can_undo) == (Desk(), None, False)
    steps.redo()
    steps.redo()
    steps.redo()
    assert (steps.now, steps.can_redo) == (moved(6.0), False)


def test_a_new_step_forgets_what_was_undone():
    steps = History(Desk())
    steps.put(moved(5.0), LEVER, 0.0)
    steps.undo()
    steps.put(moved(7.0), LEVER, 0.5)
    assert (steps.now, steps.before, steps.can_redo) == (moved(7.0), Desk(), False)


def test_moves_of_one_lever_within_a_moment_are_one_step():
    steps = History(Desk())
    for k in range(5):
        steps.put(moved(5.0 + k), LEVER, k * MERGE_SECONDS)  # each within a moment of the one before
    assert (steps.now, steps.before) == (moved(9.0), Desk())
    steps.put(moved(4.0), LEVER, 5 * MERGE_SECONDS + 0.01)
    assert (steps.now, steps.before) == (moved(4.0), moved(9.0))
    other = moved(4.0).with_lever("I18b", Setting(600.0))
    steps.put(other, "I18b", 5 * MERGE_SECONDS + 0.02)
    assert (steps.now, steps.before) == (other, moved(4.0))


def test_a_move_after_undo_is_a_step_of_its_own():
    steps = History(Desk())
    steps.put(moved(5.0), LEVER, 0.0)
    steps.put(moved(6.0), LEVER, 10.0)
    steps.undo()
    steps.put(moved(7.0), LEVER, 10.1)
    assert (steps.now, steps.before) == (moved(7.0), moved(5.0))


def test_putting_the_same_desk_is_no_step():
    steps = History(Desk())
    steps.put(Desk(), "reset", 0.0)
    assert not steps.can_undo


def test_a_move_there_and_back_is_no_step():
    steps = History(Desk())
    steps.put(moved(5.0), LEVER, 0.0)
    other = moved(5.0).with_lever("I18b", Setting(600.0))
    steps.put(other, "I18b", 10.0)
    steps.put(moved(5.0), "I18b", 10.5)
    assert (steps.now, steps.before) == (moved(5.0), Desk())
    steps.put(other, "I18b", 11.0)
    assert (steps.now, steps.before) == (other, moved(5.0))


def test_a_hundred_steps_can_be_undone():
    steps = History(Desk())
    for k in range(STEPS + 20):
        steps.put(moved(5.0 + k / 100), LEVER, 10.0 * k)
    undone = 0
    while steps.can_undo:
        steps.undo()
        undone += 1
    assert undone == STEPS == 100
    assert steps.now == moved(5.0 + 19 / 100)


# Sliders


def on_grid(value: float, low: float, step: float) -> bool:
    return abs((value - low) / step - round((value - low) / step)) < 1e-6


@pytest.mark.parametrize("lever", LEVERS)
def test_a_slider_can_stand_at_the_baseline_and_at_the_value_of_the_text(lever):
    row = LEVERS[lever]
    step = slider_step(row.low, row.high, (row.baseline, row.as_written))
    assert 0 < step <= (row.high - row.low) / 20 + 1e-9 or (row.high - row.low) / step <= 20
    for mark in (row.low, row.high, row.baseline, row.as_written):
        assert on_grid(mark, row.low, step), mark
        assert float(f"{decimals(step)}" % mark) == pytest.approx(mark, abs=1e-9)


@given(st.floats(-100, 100), st.floats(0.001, 1e5), st.floats(0, 1))
def test_any_slider_has_a_step_between_its_ends(low, span, share):
    step = slider_step(low, low + span, (low + share * span,))
    assert 0 < step <= (low + span) - low
    assert decimals(step) % low


@given(st.sampled_from(sorted(LEVERS)), st.integers(0, 10_000))
def test_a_slider_shows_a_value_between_two_steps_as_it_is(lever, where):
    row = LEVERS[lever]
    value = round(row.low + (row.high - row.low) * where / 10_000, 4)
    step = slider_step(row.low, row.high, (row.baseline, row.as_written, value))
    assert float(decimals(step, value) % value) == pytest.approx(value, abs=1e-9)


def test_the_levers_that_are_always_drawn_exist():
    assert len(set(PINNED)) == len(PINNED)
    assert set(PINNED) <= set(LEVERS)

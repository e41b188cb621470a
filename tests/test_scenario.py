"""Scenarios: what a file may say, what is refused and how, and the normal form that identifies what was run."""

from __future__ import annotations

import contextlib
import pickle
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.calibration.tables import levers
from sim.errors import InputError
from sim.presets import PARTS
from sim.scenario import (
    Scenario,
    Setting,
    date_of,
    load_scenario,
    quarter_of,
    scenario_from_mapping,
    scenario_names,
)
from sim.toml_guard import MAX_BYTES, parse_toml, read_toml
from tests.work import counted, no_hang

ROOT = Path(__file__).parents[1]


def message(mapping: dict[str, Any]) -> str:
    with pytest.raises(InputError) as caught:
        scenario_from_mapping(mapping, "plan.toml")
    return str(caught.value)


# The scenarios that come with the program


def stated() -> dict[str, float]:
    return {lever.id: lever.policy_value for lever in levers().values() if lever.policy_value is not None}


def test_the_three_scenarios_say_what_the_table_of_levers_says() -> None:
    assert scenario_names()[:3] == ["baseline", "as_written", "ambitious"]
    suggested = {lever.id: lever.suggested for lever in levers().values()}
    expected = {"baseline": {}, "as_written": stated(), "ambitious": {**suggested, **stated()}}
    for name, values in expected.items():
        # Article 18 pays until 2025; nothing else in the text has an end.
        last = {ident: 20 if ident in ("I18a", "I18b", "I18c") else None for ident in values}
        settings = {ident: Setting(value, end=last[ident]) for ident, value in values.items()}
        assert dict(load_scenario(name).levers) == settings


@pytest.mark.parametrize("name", PARTS)
def test_a_preset_is_a_part_of_the_ambitious_scenario_and_works_alone(name: str) -> None:
    whole, part, table = load_scenario("ambitious"), load_scenario(name), levers()
    assert part.name == name
    assert 0 < len(part.levers) < len(whole.levers)
    assert all(whole.levers[lever] == setting for lever, setting in part.levers.items())
    if not PARTS[name].direction:
        for lever in part.levers:  # none waits for another lever outside the part
            assert {needed for needed, _ in table[lever].needs} & set(whole.levers) <= set(part.levers)
    assert set(part.title) == set(part.why) == {"zh", "en"}
    assert scenario_from_mapping(tomllib.loads(part.normal_form())) == part
    declared = {row.subject for row in table.values()}
    assert set(PARTS[name].subjects) <= declared
    assert set(PARTS[name].levers) <= set(whole.levers)


def test_support_and_restrictions_make_up_the_whole() -> None:
    parts = [dict(load_scenario(name).levers) for name in ("supports_only", "restrictions_only")]
    assert parts == [dict(load_scenario("ambitious").only(part).levers) for part in ("supports", "restricts")]
    assert {**parts[0], **parts[1]} == dict(load_scenario("ambitious").levers)
    assert not parts[0].keys() & parts[1].keys()


@pytest.mark.parametrize("name", ["baseline", "as_written", "ambitious"])
def test_a_delivered_scenario_is_its_own_normal_form_in_both_languages(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.normal_form() == (ROOT / "sim" / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")
    assert set(scenario.title) == set(scenario.why) == {"zh", "en"}


def test_the_parts_of_a_policy_make_up_the_whole() -> None:
    whole = load_scenario("ambitious")
    restricts, supports = whole.only("restricts"), whole.only("supports")
    assert {**restricts.levers, **supports.levers} == dict(whole.levers)
    assert "I02a" in restricts.levers
    assert not set(restricts.levers) & set(supports.levers)


# Dates and settings


@given(st.integers(1, 40))
def test_dates_and_quarters_are_inverse(quarter: int) -> None:
    assert quarter_of(date_of(quarter)) == quarter


@pytest.mark.parametrize(
    "text", ["2022", "2022Q5", "2022Q0", "2020Q4", "2031Q1", "２０２２Q1", "2022-Q1", "", "abcdQ1"]
)
def test_other_texts_are_no_dates(text: str) -> None:
    assert quarter_of(text) is None


def test_a_dated_setting_is_read() -> None:
    value = {"value": 5, "from": "2022Q1", "to": "2024Q4", "ramp_quarters": 4}
    assert scenario_from_mapping({"levers": {"I13a": value}}).levers["I13a"] == Setting(5.0, 5, 16, 4)


def test_dotted_names_work_quoted_bare_and_as_tables(tmp_path: Path) -> None:
    texts = [
        '[levers]\n"land.annual_quota" = 5',
        "[levers]\nland.annual_quota = 5",
        "[levers.land]\nannual_quota = 5",
        "[levers.land.annual_quota]\nvalue = 5",
        "[levers]\nI13a.value = 5",
    ]
    for text in texts:
        file = tmp_path / "plan.toml"
        file.write_text(f"format = 1\n{text}\n")
        assert load_scenario(file).levers == {"I13a": Setting(5.0)}


# Refusals: one message, the place, the value, what is allowed


@pytest.mark.parametrize(
    "given", [{"I13a": 5}, {"land": {"annual_quota": 5}}, {"I13a": {"value": 5, "from": "2022Q1"}}]
)
def test_a_lever_among_the_assumptions_is_told_where_it_belongs(given: dict[str, Any]) -> None:
    assert "is a lever, not a parameter; move it to [levers]" in message({"assumptions": given})


WRONG_LEVERS: list[tuple[dict[str, Any], list[str]]] = [
    ({"I13a": 99}, ["plan.toml: levers.I13a: value = 99 is above the allowed 0 to 15 km2 per year (", "choose"]),
    ({"I13a": -1}, ["value = -1 is below the allowed 0 to 15 km2 per year"]),
    ({"land.anual_quota": 3}, ["levers.land.anual_quota: no such lever; did you mean land.annual_quota"]),
    ({"P12": 5}, ["levers.P12: is a parameter, not a lever; move it to [assumptions]"]),
    ({"production": {"sigma_d": 5}}, ["levers.production.sigma_d: is a parameter, not a lever; move it to"]),
    ({"I13a": "five"}, ["value = 'five' is not a number", "0 to 15 km2 per year"]),
    ({"I13a": True}, ["value = true is not a number"]),
    ({"I13a": float("nan")}, ["value = nan is not a finite number"]),
    ({"I13a": float("-inf")}, ["value = -inf is not a finite number"]),
    ({"I13a": 10**400}, ["is not a number"]),
    ({"I13a": [5]}, ["value = [5] is not a number"]),
    ({"I13a": {"from": "2022Q1"}}, ["value is missing"]),
    ({"I13a": {"value": 5, "form": "2022Q1"}}, ["levers.I13a.form: no such key; did you mean from"]),
    ({"I13a": {"value": 5, "from": "2024Q1", "to": "2022Q1"}}, ["2024Q1 to 2022Q1 runs backwards"]),
    ({"I13a": {"value": 5, "from": 2022}}, ["from = 2022 is not a date", '"2022Q1"']),
    ({"I13a": {"value": 5, "ramp_quarters": 1.5}}, ["ramp_quarters = 1.5 is not a whole number from 0 to 40"]),
    ({"I13a": {"value": 5, "ramp_quarters": -1}}, ["ramp_quarters = -1"]),
    ({"I13a": 5, "land": {"annual_quota": 5}}, ["sets I13a (land.annual_quota) a second time"]),
    ({"\x1b[2J": 1}, ["'\\x1b[2J'", "no such lever"]),
]


@pytest.mark.parametrize(("entry", "parts"), WRONG_LEVERS)
def test_a_wrong_lever_is_refused_with_place_value_and_range(entry: dict[str, Any], parts: list[str]) -> None:
    text = message({"levers": entry})
    assert all(part in text for part in parts), text
    assert "\n" not in text


WRONG_ELSEWHERE: list[tuple[dict[str, Any], str]] = [
    ({"format": 2}, "format: 2 is not known"),
    ({"lever": {}}, "lever: no such key; did you mean levers?"),
    ({"vary": {}}, "this is a study, not a scenario; use `dianzhong sweep FILE --out FOLDER`"),
    ({"scenario": "baseline", "question": "?", "replicates": {}}, "plan.toml: this is a study"),
    ({"levers": {}, "question": "?"}, "question: no such key; known are"),
    ({"name": "a b"}, "name: 'a b' is not a name"),
    ({"title": 3}, "title: is not text"),
    ({"title": {"fr": "x"}}, "title.fr: no such key"),
    ({"why": "x" * 3000}, "why: is longer than 2000 characters"),
    ({"levers": 5}, "levers: is not a table"),
    ({"assumptions": {"Q01": 9}}, "assumptions.Q01: value = 9 is above the allowed 0.03 to 0.065 per year"),
    ({"assumptions": {"P06": 0.5}}, "assumptions.P06: is a result"),
    ({"parks": {}}, "parks: is not a list of tables"),
    ({"parks": [{"id": "x y", "near": "yanglin", "minutes": 5, "planned_area": 3}]}, "parks[1]: id = 'x y'"),
    ({"parks": [{"id": "north", "near": "yangling", "minutes": 5, "planned_area": 3}]}, "did you mean yanglin"),
    ({"parks": [{"id": "north", "near": "yanglin", "minutes": 5}]}, "parks[1]: planned_area is missing"),
    ({"parks": [{"id": "yanglin", "near": "anning", "minutes": 5, "planned_area": 3}]}, "exists already"),
    ({"links": [{"source": "nowhere", "target": "anning", "minutes": 5}]}, "links[1]: source = 'nowhere'"),
    ({"links": [{"source": "anning", "target": "anning", "minutes": 5}]}, "links anning with itself"),
    (
        {"links": [{"source": "anning", "target": "yanglin", "layer": "services", "minutes": 5}]},
        "has weight, not minutes",
    ),
    ({"links": [{"source": "anning", "target": "yanglin", "layer": "x"}]}, "there is no such layer"),
    ({"links": [{"source": "anning", "target": "yanglin", "minutes": float("inf")}]}, "not a finite number"),
    ({"links": [{"source": "anning", "target": "yanglin", "minutes": 5, "opens": "soon"}]}, "opens = 'soon'"),
]


@pytest.mark.parametrize(("mapping", "part"), WRONG_ELSEWHERE)
def test_everything_else_is_checked_too(mapping: dict[str, Any], part: str) -> None:
    assert part in message(mapping)


def test_all_errors_of_a_file_come_together() -> None:
    text = message({"levers": {"I13a": 99, "I13z": 1}, "assumptions": {"Q01": "x"}, "colour": "red"})
    assert len(text.splitlines()) == 5
    assert text.endswith("4 errors; nothing was run")


def test_levers_can_be_changed_by_id_name_and_setting() -> None:
    changed = load_scenario("as_written").with_levers({"land.annual_quota": 4, "I02a": Setting(90.0, 5)})
    assert changed.levers["I13a"] == Setting(4.0)
    assert changed.levers["I02a"] == Setting(90.0, 5)
    for wrong in ({"I13a": 99.0}, {"I13a": Setting(5.0, 0)}, {"I13a": Setting(5.0, 8, 4)}, {"nothing": 1.0}):
        with pytest.raises(InputError):
            changed.with_levers(wrong)


def test_a_scenario_that_does_not_exist_offers_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean as_written"):
        load_scenario("as_writen")
    with pytest.raises(InputError, match="no such file"):
        load_scenario(tmp_path / "absent.toml")


# Normal form


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    table = levers()
    settings_ = {}
    for ident in draw(st.sets(st.sampled_from(sorted(table)), max_size=6)):
        start = draw(st.integers(1, 40))
        end = draw(st.none() | st.integers(start, 40))
        value = draw(st.floats(table[ident].low, table[ident].high))
        settings_[ident] = Setting(value, start, end, draw(st.integers(0, 40)))
    texts = st.text(st.characters(codec="utf-8"), max_size=600)
    why = draw(st.fixed_dictionaries({"zh": texts, "en": texts}) | st.just({}))
    parks = [
        {
            "id": "north_park",
            "title_en": "North",
            "title_zh": "北园",
            "near": "yanglin",
            "minutes": 12.0,
            "planned_area": 9.5,
        }
    ]
    links = [
        {"source": "north_park", "target": "anning", "layer": "transport", "minutes": 30.0, "opens": 9, "cost": 800.0},
        {"source": "anning", "target": "kunming_centre", "layer": "services", "weight": 0.5, "cost": 0.0},
    ]
    some = draw(st.booleans())
    return Scenario("plan", {}, why, settings_, {}, tuple(parks) if some else (), tuple(links) if some else ())


@given(scenarios())
@settings(max_examples=60, deadline=None)
def test_the_normal_form_reads_back_as_the_same_scenario(scenario: Scenario) -> None:
    text = scenario.normal_form()
    again = scenario_from_mapping(parse_toml(text.encode(), "again.toml"))
    assert again == scenario
    assert again.sha256 == scenario.sha256
    assert pickle.loads(pickle.dumps(scenario)) == scenario


def test_the_order_of_writing_does_not_matter() -> None:
    one = scenario_from_mapping({"levers": {"I13a": 5, "I02a": 90}})
    two = scenario_from_mapping({"levers": {"land.intensity_threshold": 90.0, "I13a": {"value": 5.0}}})
    assert one == two
    assert one.sha256 == two.sha256


def test_a_scenario_cannot_be_changed() -> None:
    scenario = load_scenario("as_written")
    with pytest.raises(TypeError):
        scenario.levers["I13a"] = Setting(1.0)  # type: ignore[index]


# The door: hostile and broken files

HOSTILE = {
    "nested arrays": b"a = " + b"[" * 400,
    "nested arrays over lines": b"a = [\n" + b"[\n" * 9000,
    "nested tables": b"a = " + b"{b = " * 60,
    "dotted key": b"a" + b".a" * 200 + b" = 1",
    "quoted dotted key": b".".join([b'"a"'] * 20) + b" = 1",
    "long line": b'title = "' + b"x" * 600 + b'"',
    "too large": b"# " + b"x" * 80 + b"\n" * MAX_BYTES,
    "unfinished text": (b'"""\\' + b'"\n') * 9000,
    "binary": b"\x7fELF\x00\x00",
    "other encoding": "title = '滇中'".encode("gb18030"),
    "utf-16": "format = 1".encode("utf-16"),
    "broken": b"format = = 1",
    "twice": b"format = 1\nformat = 1",
    "impossible date": b"a = 2020-99-99",
    "not a number": b"a = nan",
    "infinite": b"a = [1, { b = -inf }]",
    "astronomical": b"a = " + b"9" * 400,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_file_is_refused_at_once(name: str) -> None:
    raw = HOSTILE[name]
    parse_toml(b"format = 1", "before.toml")  # what is imported on first use is no work of the parser
    with no_hang(), counted() as calls, pytest.raises(InputError) as caught:
        parse_toml(raw, "hostile.toml")
    assert calls.number < 300 + 2 * len(raw)
    assert str(caught.value).startswith("hostile.toml: ")
    assert "\n" not in str(caught.value)


WORST_ALLOWED = {
    "tables": b"\n".join(b"[a%d.b.c.d.e.f.g]" % i for i in range(3000)),
    "arrays of tables": b"[[a.b.c.d.e.f.g]]\n" * 3600,
    "keys": b"\n".join(b"a%d.b.c.d.e.f.g=1" % i for i in range(3000)),
    "empty lines": b"\n" * MAX_BYTES,
    "depth": (b"a%d = " + b"[" * 32 + b"]" * 32 + b"\n") % 1,
    "dots and brackets in texts": b'a = "x.x.x.x.x.x.x.x.x [[[[" # [[[[\n' + b"b = '''\n[[[\n'''\n",
}


@pytest.mark.parametrize("name", sorted(WORST_ALLOWED))
def test_the_work_of_the_worst_allowed_file_grows_with_its_length_only(name: str) -> None:
    raw = WORST_ALLOWED[name]
    parse_toml(b"format = 1", "before.toml")
    with no_hang(), counted() as calls:
        parse_toml(raw, "allowed.toml")
    assert calls.number < 300 + 10 * len(raw)


@given(st.binary(max_size=300) | st.text(st.sampled_from("ab.=\"'[]{}#\\,\n 1"), max_size=120).map(str.encode))
@settings(max_examples=400, deadline=None)
def test_no_bytes_at_all_break_the_door(raw: bytes) -> None:
    with contextlib.suppress(InputError):
        parse_toml(raw, "any.toml")


def test_a_byte_order_mark_is_accepted() -> None:
    assert parse_toml(b"\xef\xbb\xbfformat = 1", "marked.toml") == {"format": 1}


def test_folders_pipes_and_missing_files_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/null"), tmp_path / "absent.toml", tmp_path / ("x" * 300)):
        with pytest.raises(InputError):
            read_toml(path)

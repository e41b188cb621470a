"""Studies and their designs: what a sound study means, point by point, and what identifies it."""

from __future__ import annotations

import json
import math
import os
import pickle
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from experiments.sweep.design import SWITCH_UNITS, WHOLE_UNITS, Design, Varied, table, unit_sample
from experiments.sweep.looks import Precision, usual_targets
from experiments.sweep.study import Point, Study, columns, part_size, point_hash, point_rows
from experiments.sweep.study_check import INDICATORS, study_document
from experiments.sweep.study_text import STUDY_FILE, text
from sim.calibration import tables
from sim.scenario import Setting, load_scenario, quarter_of

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs" / "studies"
HERE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(folder: Path, content: str, name: str = STUDY_FILE) -> Study:
    (folder / name).write_text(content, "utf-8")
    return Study.read(folder / name)


def copied(study: Study, folder: Path) -> Study:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in study.files().items():
        (folder / name).write_text(content, "utf-8")
    return Study.read(folder / STUDY_FILE)


# Random studies

LEVERS = st.sampled_from(sorted(tables.levers()))
PARAMETERS = st.sampled_from(
    sorted(row.id for row in tables.parameters().values() if row.low < row.high and row.role != "check")
)
SHARES = st.tuples(st.floats(0, 0.4), st.floats(0.6, 1))


@st.composite
def axis_lines(draw: Any, ident: str, row: Any, lever: bool) -> str:
    """Draw a line of [vary]: the declared range, a part of it, or a list, by id or dotted name."""
    name = draw(st.sampled_from([ident, row.name]))
    whole = lever and row.unit in (*WHOLE_UNITS, *SWITCH_UNITS)
    form = draw(st.sampled_from(["declared", "range", "list", "log"]))
    low, high = (row.low + share * (row.high - row.low) for share in draw(SHARES))
    low, high = max(low, row.low), min(high, row.high)
    if form == "declared" or (lever and row.unit in SWITCH_UNITS and form != "list"):
        return f'"{name}" = {{}}'
    if whole:
        low, high = math.floor(low), math.ceil(high)
    if form == "list":
        return f'"{name}" = {{ values = [{high!r}, {low!r}] }}'
    log = ", log = true" if form == "log" and low > 0 and not whole else ""
    return f'"{name}" = {{ high = {high!r}, low = {low!r}{log} }}'


@st.composite
def studies(draw: Any, kinds: tuple[str, ...] = ("latin-hypercube", "sobol", "grid")) -> str:
    """Draw the text of a sound study with one continuous assumption at least."""
    levers = draw(st.lists(LEVERS, max_size=3, unique=True))
    parameters = draw(st.lists(PARAMETERS, min_size=1, max_size=3, unique=True))
    kind = draw(st.sampled_from(kinds))
    size = {
        "latin-hypercube": lambda: f"points = {draw(st.integers(2, 40))}\nseed = {draw(st.integers(0, 2**63 - 1))}",
        "sobol": lambda: f"points = {2 ** draw(st.integers(1, 6))}",
        "grid": lambda: f"levels = {draw(st.integers(2, 3))}",
    }[kind]()
    policy = [draw(axis_lines(ident, tables.levers()[ident], True)) for ident in levers]
    if levers and draw(st.booleans()):
        policy.append(f'"{levers[0]}.from" = {{ values = ["2022Q3", "2021Q1"] }}')
    uncertain = [draw(axis_lines(ident, tables.parameters()[ident], False)) for ident in parameters[1:]]
    uncertain.append(f'"{parameters[0]}" = {{}}')
    # None of the shipped scenarios ends a varied lever before 2025, and baseline ends none.
    several = draw(st.sampled_from(['scenario = "baseline"', 'scenarios = ["baseline", "as_written"]']))
    question = draw(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=600))
    lines = ["format = 1", f"question = {text(question)}", several, f"seed = {draw(st.integers(0, 2**63 - 1))}"]
    lines += ["[vary.policy]", *policy, "[vary.uncertain]", *uncertain, "[design]", f'kind = "{kind}"', size]
    lines += ["[replicates]", f"number = {draw(st.integers(1, 9))}"]
    lines += [
        "[failures]",
        f"allow = {draw(st.floats(0, 1))!r}",
        "[store]",
        draw(st.sampled_from(["series = true", ""])),
    ]
    return "\n".join(lines) + "\n"


@HERE
@given(studies())
def test_every_point_of_a_study_is_valid(tmp_path: Path, content: str) -> None:
    study = read(tmp_path, content)
    points = study.points()
    assert [point.ident for point in points] == list(range(study.number_of_points()))
    assert study.runs() == len(points) * study.replicates
    for point in points:
        for axis in study.varied:
            if axis.group == "from":
                assert point.starts[axis.ident] in (1, 7)
                continue
            value = (point.levers if axis.group == "policy" else point.assume)[axis.ident]
            row = axis.declared
            assert row.low <= axis.low <= value <= axis.high <= row.high
            assert not axis.values or value in axis.values
            assert value.is_integer() or axis.group == "uncertain" or axis.unit not in (*WHOLE_UNITS, *SWITCH_UNITS)


@HERE
@given(studies())
def test_what_a_point_says_is_a_scenario_that_the_rules_accept(tmp_path: Path, content: str) -> None:
    study = read(tmp_path, content)
    for point in study.points()[:8]:
        scenario = study.scenario_at(point)
        assert scenario.assumptions == {}
        assert scenario == scenario.with_levers({}).with_levers(dict(scenario.levers))
        assert {ident: scenario.levers[ident].value for ident in point.levers} == point.levers
        assert {ident: scenario.levers[ident].start for ident in point.starts} == point.starts
        assert scenario.with_assumptions(study.assume_at(point)).assumptions == study.assume_at(point)


@HERE
@given(studies())
def test_a_study_reads_back_from_its_normal_form(tmp_path: Path, content: str) -> None:
    study = read(tmp_path, content)
    copy = copied(study, tmp_path / "copy")
    assert copy == study and hash(copy) == hash(study)
    assert copy.sha256 == study.sha256
    assert copy.points() == study.points()
    assert copy.normal_form() == study.normal_form()
    assert copy.files() == study.files()
    assert pickle.loads(pickle.dumps(study)) == study


@HERE
@given(studies(kinds=("latin-hypercube", "sobol")))
def test_the_table_of_a_sample_as_a_file_gives_the_same_points(tmp_path: Path, content: str) -> None:
    study = read(tmp_path, content)
    names = [axis.column for axis in study.varied]
    rows = [",".join(axis.cell(v) for axis, v in zip(study.varied, row, strict=True)) for row in rows_of(study)]
    (tmp_path / "p.csv").write_text("\r\n".join([",".join(names), *rows]), "utf-8-sig")
    start, end = content.index("[design]"), content.index("[replicates]")
    as_file = read(tmp_path, f'{content[:start]}[design]\nkind = "file"\nfile = "p.csv"\n{content[end:]}', "file.toml")
    assert as_file.points() == study.points()
    assert [row["point_hash"] for row in point_rows(as_file)] == [row["point_hash"] for row in point_rows(study)]
    assert copied(as_file, tmp_path / "copy") == as_file


def rows_of(study: Study) -> tuple[tuple[float, ...], ...]:
    return table(study.design, study.varied)


@HERE
@given(studies(kinds=("latin-hypercube", "sobol")))
def test_every_side_of_a_sample_is_evenly_filled(tmp_path: Path, content: str) -> None:
    """One point in each of n equal parts of every range: of the range itself, or of its logarithm."""
    study = read(tmp_path, content)
    rows = rows_of(study)
    for axis, values in zip(study.varied, zip(*rows, strict=True), strict=True):
        if listed := axis.listed():
            counts = Counter(values)
            assert max(counts.values()) <= math.ceil(len(rows) / len(listed)) + 1
            continue
        scale = math.log if axis.log else float
        low, high = scale(axis.low), scale(axis.high)
        shares = [(scale(value) - low) / (high - low) * len(rows) for value in values]
        near = [share for share in shares if abs(share - round(share)) < 1e-6]
        assume(not near)  # on the border of two parts by rounding
        assert sorted(int(share) for share in shares) == list(range(len(rows)))


@HERE
@given(studies(kinds=("latin-hypercube", "sobol")))
def test_a_sample_depends_on_its_seed_alone(tmp_path: Path, content: str) -> None:
    study = read(tmp_path, content)
    again = read(tmp_path, content.replace("[replicates]", "# the same\n[replicates]"))
    assert again.points() == study.points()
    other = Design(study.design.kind, study.design.points, study.design.seed ^ 1)
    assert table(other, study.varied) != rows_of(study)


def test_a_sobol_sequence_fills_every_kind_of_box() -> None:
    """A scrambled Sobol sequence of 64 points has one in each of 64 boxes, whatever their shape; a random one not."""
    sample = unit_sample(Design("sobol", points=64, seed=5), 2)
    for columns_ in range(7):
        wide, high = 2**columns_, 2 ** (6 - columns_)
        boxes = {(int(x * wide), int(y * high)) for x, y in sample}
        assert len(boxes) == 64, (wide, high)


# The order of points


COMMON = 'format = 1\nscenario = "baseline"\n'


def test_a_grid_has_every_combination_in_order(tmp_path: Path) -> None:
    study = read(
        tmp_path,
        COMMON.replace('scenario = "baseline"', 'scenarios = ["as_written", "baseline"]')
        + '[vary.uncertain]\nP12 = { values = [5, 4] }\n[vary.policy]\n"I05b" = { low = 0, high = 100 }\n'
        '"I15d" = {}\n"I05b.from" = { values = ["2022Q1"] }\n[design]\nkind = "grid"\nlevels = 3\n',
    )
    assert columns(study) == ("scenario", "policy.I05b", "policy.I15d", "policy.I05b.from", "uncertain.P12")
    expected = [
        Point(0, scenario, {"I05b": amount, "I15d": switch}, {"I05b": 5}, {"P12": elasticity})
        for amount in (0.0, 50.0, 100.0)
        for switch in (0.0, 1.0)
        for elasticity in (4.0, 5.0)
        for scenario in ("as_written", "baseline")
    ]
    found = study.points()
    assert [(p.scenario, p.levers, p.starts, p.assume) for p in found] == [
        (p.scenario, p.levers, p.starts, p.assume) for p in expected
    ]
    assert [point.ident for point in found] == list(range(24))
    assert study.discrepancy() is None


def test_whole_sides_of_a_grid_are_thinned_evenly_and_logarithmic_ones_by_factors() -> None:
    levels = Varied("policy", "I15b", 1, 4)
    assert levels.side(9) == (1.0, 2.0, 3.0, 4.0) and levels.side_length(9) == 4
    assert levels.side(2) == (1.0, 4.0) and levels.side(3) == (1.0, 3.0, 4.0)
    sides = Varied("policy", "I05b", 10, 1000, (), True).side(3)
    assert sides == pytest.approx((10, 100, 1000), rel=1e-12)
    assert sides[0] == 10 and sides[-1] == 1000


def test_each_whole_number_comes_up_equally_often(tmp_path: Path) -> None:
    study = read(
        tmp_path,
        COMMON + "[vary.policy]\nI15b = {}\nI22b = {}\nI15d = {}\n[vary.uncertain]\nP12 = {}\n"
        '[design]\nkind = "latin-hypercube"\npoints = 120\n',
    )
    rows = list(zip(*rows_of(study), strict=True))
    counted = [Counter(values) for values in rows[:3]]
    assert [axis.ident for axis in study.varied] == ["I15b", "I15d", "I22b", "P12"]
    assert counted[0] == {1.0: 30, 2.0: 30, 3.0: 30, 4.0: 30}
    assert counted[1] == {0.0: 60, 1.0: 60}
    assert counted[2] == dict.fromkeys(map(float, range(6)), 20)


def test_a_study_of_scenarios_alone_needs_no_design(tmp_path: Path) -> None:
    study = read(tmp_path, 'format = 1\nscenarios = ["baseline", "ambitious"]\n')
    assert [(point.ident, point.scenario, point.levers) for point in study.points()] == [
        (0, "baseline", {}),
        (1, "ambitious", {}),
    ]
    assert columns(study) == ("scenario",)
    assert copied(study, tmp_path / "copy") == study


def test_a_list_and_a_file_of_the_same_points_are_the_same_study(tmp_path: Path) -> None:
    vary = '[vary.policy]\nI05b = {}\n"I05b.from" = { values = ["2021Q1", "2022Q1"] }\n[vary.uncertain]\nP12 = {}\n'
    rows = (
        '[design]\nkind = "list"\nrows = [\n  { "platforms.park_construction" = 1e2, P12 = 4, "I05b.from" = "2022q1" }'
        ",\n"
        '  { policy.I05b = 0, policy.I05b.from = "2021Q1", uncertain.P12 = 3.5 },\n]\n'
    )
    listed = read(
        tmp_path, COMMON + vary + rows.replace("policy.I05b = 0, policy.I05b.from", '"policy.I05b" = 0, "I05b.from"')
    )
    (tmp_path / "p.csv").write_text("P12,policy.I05b.from,I05b\n4.0,2022Q1,100\n3.5,2021Q1,-0\n")
    filed = read(tmp_path, COMMON + vary + '[design]\nkind = "file"\nfile = "./p.csv"\n')
    assert filed == listed and filed.sha256 == listed.sha256
    assert point_rows(filed) == point_rows(listed)  # -0 and 0 are one number, with one hash
    assert [(p.levers["I05b"], p.starts["I05b"], p.assume["P12"]) for p in filed.points()] == [(100, 5, 4), (0, 1, 3.5)]


# One point


def test_a_point_keeps_the_dates_and_the_ramp_of_its_scenario(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        'format = 1\n[levers]\nI05b = { value = 100, from = "2021Q3", to = "2024Q4", ramp_quarters = 4 }\nI02a = 90\n'
        "[assumptions]\nP20 = 9\n"
    )
    study = read(
        tmp_path,
        'format = 1\nscenario = "own.toml"\n[assume]\nP93 = 20\n[vary.policy]\nI05b = { values = [7] }\n'
        'I05d = { values = [8] }\n"I05b.from" = { values = ["2022Q1"] }\n"I02a.from" = { values = ["2023Q1"] }\n'
        '[vary.uncertain]\nP12 = { values = [4] }\n[design]\nkind = "grid"\n',
    )
    (point,) = study.points()
    assert study.scenario_at(point).levers == {
        "I02a": Setting(90.0, start=9),
        "I05b": Setting(7.0, start=5, end=16, ramp=4),
        "I05d": Setting(8.0),
    }
    assert study.scenario_at(point).name == "own" and study.scenario_at(point).assumptions == {}
    assert study.assume_at(point) == {"P20": 9.0, "P93": 20.0, "P12": 4.0}


def test_the_study_has_the_last_word_on_an_assumption(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("format = 1\n[assumptions]\nP20 = 9\n")
    study = read(tmp_path, 'format = 1\nscenarios = ["own.toml", "baseline"]\n[assume]\nfirm_dynamics.entry0 = 11\n')
    assert study.assume == {"P20": 11.0}
    assert {study.assume_at(point)["P20"] for point in study.points()} == {11.0}


def test_every_point_has_its_own_hash_and_the_same_point_the_same(tmp_path: Path) -> None:
    content = (
        'format = 1\nscenarios = ["baseline", "as_written"]\n[vary.policy]\nI05b = { values = [1, 2] }\n'
        '"I05b.from" = { values = ["2021Q1", "2022Q1"] }\n[vary.uncertain]\nP12 = { values = [4, 5] }\n'
        '[design]\nkind = "grid"\n'
    )
    rows = point_rows(read(tmp_path, content))
    assert len(rows) == len({row["point_hash"] for row in rows}) == 16
    assert all(re.fullmatch("[0-9a-f]{64}", row["point_hash"]) for row in rows)
    assert rows[-1] | {"point_hash": ""} == {
        **{"point_id": 15, "point_hash": "", "scenario": "as_written", "policy.I05b": 2.0},
        **{"policy.I05b.from": 5, "uncertain.P12": 5.0},
    }
    fewer = point_rows(read(tmp_path, content.replace("[1, 2]", "[2]").replace('"baseline", ', "")))
    assert {row["point_hash"] for row in fewer} <= {row["point_hash"] for row in rows}
    fixed = read(tmp_path, content.replace("[vary.policy]", "[assume]\nP20 = 9\n[vary.policy]"))
    assert not {point_hash(fixed, point) for point in fixed.points()} & {row["point_hash"] for row in rows}


# Identity

FULL = """\
format = 1
question = "one"
scenario = "own.toml"
seed = 3
scale = 60
horizon = 2025
share = "published"
path = "observed"
rule = "average"
assumptions = "sampled"

[assume]
P20 = 9.0

[vary.policy]
I05b = { low = 0, high = 800 }
I05d = { values = [0, 30] }
"I05b.from" = { values = ["2021Q1", "2022Q1"] }

[vary.uncertain]
P12 = { low = 3.5, high = 6 }

[design]
kind = "latin-hypercube"
points = 16
seed = 3

[replicates]
number = 4

[failures]
allow = 0.1
retry = 1
timeout_s = 60
memory_mb = 1000

[store]
series = false
"""
OWN = "format = 1\n[levers]\nI02a = 90\n"
CHANGES = [
    ("seed = 3\nscale", "seed = 4\nscale"),
    ("scale = 60", "scale = 61"),
    ("horizon = 2025", "horizon = 2030"),
    ('"published"', '"implied"'),
    ('"observed"', '"as_seen_in_2020"'),
    ('"average"', '"final"'),
    ('"sampled"', '"central"'),
    ("P20 = 9.0", "P20 = 9.1"),
    ("P20 = 9.0", "P93 = 20"),
    ("high = 800", "high = 801"),
    ("low = 0,", "low = 1,"),
    ("[0, 30]", "[0, 31]"),
    ("[0, 30]", "[0, 15, 30]"),
    ("2022Q1", "2022Q2"),
    ("high = 6", "high = 6, log = true"),
    ("P12 = {", "P60 = {} # {"),
    ("points = 16", "points = 17"),
    ("points = 16\nseed = 3", "points = 16\nseed = 4"),
    ('"latin-hypercube"', '"sobol"'),
    ("number = 4", "number = 5"),
    ("series = false", "series = true"),
    ('scenario = "own.toml"', 'scenarios = ["own.toml", "baseline"]'),
    ('scenario = "own.toml"', 'scenario = "baseline"'),
]
SAME = [
    ("format = 1\n", "# a comment\nformat = 1 # and one more\n"),
    ('question = "one"\n', ""),
    ('"one"', '"two"'),
    ('scenario = "own.toml"', 'scenarios = ["./own.toml"]'),
    ("seed = 3\nscale = 60", "scale = 60\nseed = 3"),
    ('share = "published"\npath = "observed"\nrule = "average"\nassumptions = "sampled"\n', ""),
    ("horizon = 2025\n", ""),
    ("P20 = 9.0", "firm_dynamics.entry0 = 9"),
    ("I05b = {", "platforms.park_construction = {"),
    (
        "I05b = { low = 0, high = 800 }\nI05d = { values = [0, 30] }",
        "I05d = { values = [30, 0.0] }\nI05b = { high = 8e2 }",
    ),
    ('"I05b.from" =', '"platforms.park_construction.from" ='),
    ("\n[vary.uncertain]\nP12 = { low = 3.5, high = 6 }\n", ""),  # and moved to the front, below
    ("P12 = { low = 3.5, high = 6 }", "production.sigma_d = { low = 3.5, high = 6.0, log = false }"),
    ("points = 16\nseed = 3", "points = 16"),
    ("allow = 0.1\nretry = 1\ntimeout_s = 60\nmemory_mb = 1000", "allow = 0.5"),
    ("[store]\nseries = false", ""),
]


def full(folder: Path, old: str = "", new: str = "", front: str = "") -> Study:
    (folder / "own.toml").write_text(OWN)
    assert not old or FULL.count(old) == 1, old
    return read(folder, FULL.replace(old, new) + front if old else FULL)


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_what_changes_a_result_changes_the_identity(tmp_path: Path, old: str, new: str) -> None:
    before, after = full(tmp_path), full(tmp_path, old, new)
    assert before.sha256 != after.sha256
    assert before != after


@pytest.mark.parametrize(("old", "new"), SAME)
def test_what_changes_no_result_does_not(tmp_path: Path, old: str, new: str) -> None:
    front = "[vary.uncertain]\nP12 = { high = 6, low = 3.5 }\n" if old.startswith("\n[vary") else ""
    before, after = full(tmp_path), full(tmp_path, old, new, front)
    assert before.sha256 == after.sha256
    assert before.points() == after.points()


def test_the_content_of_the_files_counts_and_their_names_do_not(tmp_path: Path) -> None:
    design = 'kind = "latin-hypercube"\npoints = 16\nseed = 3'
    points = "I05b,I05d,I05b.from,P12\n1,0,2021Q1,4\n2,30,2022Q1,5\n"
    (tmp_path / "a.csv").write_text(points)
    first = full(tmp_path, design, 'kind = "file"\nfile = "a.csv"')
    (tmp_path / "b.csv").write_text(points.replace("4\n", "4.00\n\n"))
    assert full(tmp_path, design, 'kind = "file"\nfile = "b.csv"').sha256 == first.sha256
    (tmp_path / "b.csv").write_text(points.replace("4\n", "4.01\n"))
    assert full(tmp_path, design, 'kind = "file"\nfile = "b.csv"').sha256 != first.sha256
    head, one, two, _ = points.split("\n")
    (tmp_path / "b.csv").write_text("\n".join([head, two, one]))
    assert full(tmp_path, design, 'kind = "file"\nfile = "b.csv"').sha256 != first.sha256  # points change their numbers
    before = full(tmp_path)
    (tmp_path / "other.toml").write_text(OWN.replace("format = 1", 'format = 1\nname = "own"'))
    assert full(tmp_path, '"own.toml"', '"other.toml"').sha256 == before.sha256
    (tmp_path / "other.toml").write_text(OWN.replace("format = 1", 'format = 1\nname = "own"').replace("90", "91"))
    assert full(tmp_path, '"own.toml"', '"other.toml"').sha256 != before.sha256


def test_a_copy_is_complete_and_has_no_other_files(tmp_path: Path) -> None:
    study = full(tmp_path, 'scenario = "own.toml"', 'scenarios = ["own.toml", "as_written"]')
    assert set(study.files()) == {"study.toml", "scenario-1.toml", "scenario-2.toml"}
    assert study.files()["scenario-2.toml"] == load_scenario("as_written").normal_form()
    assert study.limits.memory_mb == copied(study, tmp_path / "copy").limits.memory_mb == 1000
    assert copied(study, tmp_path / "copy").question == "one"


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=2000))
@example(" " * 1000)
@example('\\"\t\n\x7f\x00' * 300)
def test_any_text_is_spelled_so_that_it_reads_back(question: str) -> None:
    spelled = text(question)
    assert tomllib.loads(f"question = {spelled}")["question"] == question
    assert max(map(len, spelled.split("\n"))) < 450


# What check says


@pytest.mark.parametrize(
    ("name", "points", "runs"), [("platforms", 64, 512), ("comparison", 12, 192), ("precision", 2, 4864)]
)
def test_the_worked_examples_are_sound(tmp_path: Path, name: str, points: int, runs: int) -> None:
    study = Study.read(EXAMPLES / f"{name}.toml")
    assert (study.number_of_points(), len(study.points()), study.runs()) == (points, points, runs)
    assert copied(study, tmp_path / "copy") == study
    comments = [line for line in (EXAMPLES / f"{name}.toml").read_text("utf-8").split("\n") if "#" in line]
    assert len(comments) >= 6
    assert f"[{name}.toml]({name}.toml)" in (EXAMPLES / "README.md").read_text("utf-8")


PRECISE = "half_width = 0.02\nmax = 512"
PRECISIONS = [
    "half_width = 0.02",
    "half_width = 0.03\nmax = 512",
    "half_width = 0.02\nmax = 500",
    'half_width = 0.02\nmax = 512\ntarget = "gdp_growth"',
    "number = 512",
]


@pytest.mark.parametrize("asked", PRECISIONS)
def test_a_wanted_precision_is_part_of_the_identity(tmp_path: Path, asked: str) -> None:
    before, after = full(tmp_path, "number = 4", PRECISE), full(tmp_path, "number = 4", asked)
    assert before.sha256 != after.sha256 and before != after
    assert copied(after, tmp_path / "copy") == after and copied(after, tmp_path / "copy").sha256 == after.sha256


def test_what_a_precision_is_for_may_be_spelled_in_many_ways(tmp_path: Path) -> None:
    every = full(tmp_path, "number = 4", f"target = {json.dumps(usual_targets()[::-1])}\n{PRECISE}")
    assert every.sha256 == full(tmp_path, "number = 4", PRECISE).sha256
    assert every.precision == Precision(0.02, usual_targets()) and every.replicates == 512
    assert full(tmp_path, "number = 4", "half_width = 0.02").replicates == 2432
    one, listed = (
        full(tmp_path, "number = 4", f"{PRECISE}\ntarget = {named}") for named in ('"gdp_growth"', '["gdp_growth"]')
    )
    assert one.sha256 == listed.sha256 and 'target = "gdp_growth"' in one.normal_form()


def test_studies_without_a_precision_keep_the_identity_that_their_stores_have() -> None:
    """Stores of before know these: nothing that was added to studies since may move them."""
    assert [Study.read(EXAMPLES / f"{name}.toml").sha256 for name in ("platforms", "comparison")] == [
        "e0f63a5c02a155f80bb545dc41c95f93b91323e3fbc504e2b1ee2f0ec66333d4",
        "0b40b98f21b4f336f6b508f5cbce425dd82b26b0b8f1d28f579bcaac9a43c6f1",
    ]


def test_every_example_is_tested() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.toml")} == {"platforms", "comparison", "precision"}


def test_the_document_counts_and_describes(tmp_path: Path) -> None:
    study = Study.read(EXAMPLES / "platforms.toml")
    document = study_document(study, workers=2)
    assert {key: document[key] for key in ("points", "replicates", "runs", "parts", "runs_per_part")} == {
        **{"points": 64, "replicates": 8, "runs": 512, "parts": 32, "runs_per_part": 16}
    }
    assert document["sha256"] == study.sha256
    assert document["seconds"] == pytest.approx(512 * (0.36 + 0.64 / 2) / 3.7 / 2, abs=0.1)
    assert study_document(study, workers=4)["seconds"] == pytest.approx(document["seconds"] / 2, abs=0.1)
    assert [(row["column"], row["low"], row["high"], row["unit"], row["otherwise"]) for row in document["varied"]] == [
        ("policy.I05b", 500.0, 4000.0, "million yuan per year", 500.0),
        ("policy.I12c", 0.0, 80.0, "%", 5.0),
        ("uncertain.P12", 3.0, 6.0, "elasticity", 4.0),
        ("uncertain.P60", -2.0, -0.4, "elasticity", -1.1),
    ]
    assert [(row["id"], row["value"]) for row in document["assume"]] == [("P160", 0.6)]
    more = full(tmp_path, "series = false", "series = true")
    assert study_document(more, 1)["megabytes"] > study_document(full(tmp_path), 1)["megabytes"] > 0
    dated = study_document(Study.read(EXAMPLES / "comparison.toml"), 1)["varied"][1]
    assert (dated["low"], dated["high"], dated["values"]) == ("2021Q1", "2023Q1", ["2021Q1", "2023Q1"])


def test_the_discrepancy_is_that_of_the_textbook(tmp_path: Path) -> None:
    study = full(tmp_path)
    sample = unit_sample(study.design, len(study.varied))
    n, d = sample.shape
    away = abs(sample - 0.5)
    first = (1 + away / 2 - away**2 / 2).prod(axis=1).sum()
    pairs = 1 + away[:, None] / 2 + away[None] / 2 - abs(sample[:, None] - sample[None]) / 2
    assert study.discrepancy() == pytest.approx((13 / 12) ** d - 2 / n * first + pairs.prod(axis=2).sum() / n**2)
    large = Design("sobol", points=2**17, seed=1)
    assert Study(study.scenarios, study.varied, large).discrepancy() is None


def test_the_number_of_indicators_is_that_of_the_model() -> None:
    from sim.stages import measure

    assert len(measure.INDICATORS) == INDICATORS


def test_parts_cover_the_runs_and_are_neither_many_nor_large() -> None:
    for total in (1, 2, 255, 256, 257, 1000, 100_000, 1_000_000):
        for points in (1, 12, 1000):
            size = part_size(total, points)
            assert 1 <= size <= 512
            assert size == 512 or math.ceil(total / size) <= 256
            assert math.ceil(total / size) >= min(total, 17)
    assert (part_size(256, 1), part_size(257, 1), part_size(10**6, 1)) == (1, 2, 512)
    assert (part_size(48, 12), part_size(512, 64), part_size(768, 12)) == (2, 16, 12)


# Lightness


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_reading_a_study_and_checking_a_grid_loads_no_heavy_library() -> None:
    code = (
        "import sys; from experiments.sweep.study import Study; from experiments.sweep.study_check import *;"
        "Study.read('docs/studies/platforms.toml'); study_document(Study.read('docs/studies/comparison.toml'), 2);"
        "print(*[n for n in ('numpy', 'scipy', 'pandas', 'mesa', 'networkx', 'pyarrow') if n in sys.modules])"
    )
    assert python(code) == ""


def test_the_identity_is_the_same_in_another_process() -> None:
    code = "from experiments.sweep.study import Study; print(Study.read('docs/studies/platforms.toml').sha256)"
    expected = Study.read(EXAMPLES / "platforms.toml").sha256
    assert {python(code, PYTHONHASHSEED=seed) for seed in ("0", "1")} == {expected}


def test_a_large_table_is_made_in_seconds(tmp_path: Path) -> None:
    study = read(
        tmp_path,
        COMMON + '[vary.policy]\nI05b = {}\nI05d = {}\n[design]\nkind = "latin-hypercube"\npoints = 50000\n'
        "[replicates]\nnumber = 1\n",
    )
    points = study.points()
    assert len({(point.levers["I05b"], point.levers["I05d"]) for point in points}) == 50_000
    assert quarter_of("2021Q1") == 1 and study.points() is points

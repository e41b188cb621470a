"""What `check` notes of sound studies, and the list of tables and keys in the documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from experiments.check import check_document
from experiments.ensemble import (
    ASSUMPTIONS,
    DEFAULT_REPLICATES,
    HORIZONS,
    MOST_REPLICATES,
    MOST_SCALE,
    PATHS,
    RULES,
    SHARES,
    Plan,
)
from experiments.messages import LANGUAGES, Messages
from experiments.statistics import wilson
from experiments.sweep import study_axes, study_design, study_replicates, study_rules
from experiments.sweep.design import KINDS, MOST_LEVELS, MOST_POINTS, MOST_RUNS
from experiments.sweep.looks import FIRST_LOOK, MOST, half_width_of
from experiments.sweep.study import Limits, Study
from experiments.sweep.study_check import study_document
from experiments.sweep.study_notes import note_lines, notes
from sim.calibration import tables
from sim.errors import nearest
from sim.scenario import load_scenario

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "studies" / "README.md").read_text("utf-8")
BONDS = "fiscal.special_bonds = { low = 1000, high = 8000 }"
ALONE = {"kind": "needs", "lever": "I18d", "background": {"I11a": 8000.0}}


def study(folder: Path, policy: str, scenarios: str = '["as_written"]', replicates: str = "number = 2") -> Study:
    vary = f'[vary.policy]\n{policy}\n[design]\nkind = "grid"\nlevels = 2\n' if policy else ""
    (folder / "s.toml").write_text(f"format = 1\nscenarios = {scenarios}\n{vary}[replicates]\n{replicates}\n")
    return Study.read(folder / "s.toml")


# Levers that act only together with another one


def test_a_varied_lever_that_does_nothing_is_noted(tmp_path: Path) -> None:
    found = notes(study(tmp_path, BONDS, '["as_written", "baseline"]'))
    assert found == [{**ALONE, "scenarios": ["as_written", "baseline"]}]
    assert study_document(study(tmp_path, BONDS), 1)["notes"] == [{**ALONE, "scenarios": ["as_written"]}]


def test_only_the_scenarios_without_the_background_are_named(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("format = 1\n[levers]\nI11a = 8000\n")
    assert notes(study(tmp_path, BONDS, '["own.toml"]')) == []
    assert notes(study(tmp_path, BONDS, '["own.toml", "baseline"]')) == [{**ALONE, "scenarios": ["baseline"]}]


def test_another_varied_lever_that_makes_the_background_is_enough(tmp_path: Path) -> None:
    assert notes(study(tmp_path, f"{BONDS}\nI11a = {{}}")) == []
    assert notes(study(tmp_path, "I05b = {}")) == []
    still = f"{BONDS}\nI11a = {{ values = [{tables.levers()['I11a'].baseline}] }}"
    assert notes(study(tmp_path, still)) == [{**ALONE, "scenarios": ["as_written"]}]


def test_first_quarters_alone_are_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("format = 1\n[levers]\nI18d = 8000\n")
    found = notes(study(tmp_path, '"I18d.from" = { values = ["2021Q1", "2022Q1"] }', '["own.toml"]'))
    assert found == [{**ALONE, "scenarios": ["own"]}]


def test_the_note_agrees_with_the_one_on_a_single_policy(tmp_path: Path) -> None:
    base = load_scenario("as_written")
    for lever, row in tables.levers().items():
        plan = Plan(base.with_levers({lever: row.high}), load_scenario("baseline"))
        (alone,) = [shown["missing"] for shown in check_document(plan, "")["levers"] if shown["id"] == lever]
        found = notes(study(tmp_path, f"{lever} = {{ values = [{row.high}] }}"))
        assert [note["background"] for note in found] == ([alone] if alone else []), lever


# A precision that most probabilities cannot reach


@pytest.mark.parametrize(("half_width", "most"), [(0.02, 512), (0.001, 2432), (0.005, 2432), (0.0198, 2433)])
def test_a_precision_out_of_reach_of_most_probabilities_is_noted(tmp_path: Path, half_width: float, most: int) -> None:
    (found,) = notes(study(tmp_path, "", replicates=f"half_width = {half_width}\nmax = {most}"))
    enough = round(found["widest_probability"] * most)
    assert half_width_of(*wilson(enough, most)) <= half_width < half_width_of(*wilson(enough + 1, most))
    assert enough < most // 2 and found["half_width_at_half"] > half_width
    needed = found["needed"]
    assert half_width_of(*wilson(needed // 2, needed)) <= half_width
    assert half_width_of(*wilson(needed // 2 - 1, needed - 2)) > half_width


@pytest.mark.parametrize(
    "replicates",
    ["number = 4", "half_width = 0.02", "half_width = 0.0001", "half_width = 0.05\nmax = 400"],
    ids=["no precision", "enough for all", "told with the looks", "enough for all of few"],
)
def test_other_precisions_are_not(tmp_path: Path, replicates: str) -> None:
    assert notes(study(tmp_path, "", replicates=replicates)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_note_is_worded(tmp_path: Path, language: str) -> None:
    few = notes(study(tmp_path, BONDS, replicates="half_width = 0.02\nmax = 512"))
    none = notes(study(tmp_path, "", replicates="half_width = 0.001"))
    lines = list(note_lines([*few, *none], Messages(language)))
    assert len(lines) == 3 and all("{" not in line for line in lines)
    for part in ("I11a = 8000", "5.46 %", "94.54 %", "2398", "0.0431", "0.0199"):
        assert part in "\n".join(lines)


def test_check_prints_the_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from experiments.cli import main

    found = notes(study(tmp_path, BONDS))
    assert main(["check", str(tmp_path / "s.toml"), "--lang", "en"]) == 0
    lines = list(note_lines(found, Messages("en")))
    assert lines and capsys.readouterr().out.splitlines()[-len(lines) :] == lines


# Nearest names


def test_names_that_go_on_as_typed_come_first() -> None:
    assert nearest("P1", ["P91", "P81", "P160", "P12", "P10"]) == ["P12", "P10", "P160"]
    assert nearest("land", ["lend", "land.annual_quota"]) == ["land.annual_quota", "lend"]
    assert nearest("", ["P12"]) == []
    assert nearest("policy", study_rules.KEYS) == [] == nearest("question", ["levers", "assumptions"])


# The reference in docs/studies/README.md


def keys_of(heading: str) -> dict[str, list[str]]:
    """Return the cells of the table whose first cell is `heading`, by key: type, allowed, default, meaning."""
    body = PAGE.split(f"| {heading} | type | allowed | default | meaning |\n", 1)[1].split("\n\n", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in body.splitlines()[1:]]
    assert all(len(row) == 5 and all(cell.strip() for cell in row) for row in rows), heading
    return {row[0].strip("`"): row[1:] for row in rows}


TABLES: dict[str, Any] = {
    "key, top of the file": [key for key in study_rules.KEYS if key not in study_rules.TABLES],
    "key of a line in `[vary.policy]` or `[vary.uncertain]`": study_axes.KEYS,
    "key of `[design]`": ["kind", *dict.fromkeys(key for keys in study_design.KEYS_OF.values() for key in keys)],
    "key of `[replicates]`": study_replicates.KEYS,
    "key of `[failures]`": study_rules.FAILURE_KEYS,
    "key of `[store]`": study_rules.STORE_KEYS,
}


@pytest.mark.parametrize("heading", TABLES)
def test_the_reference_has_every_key_that_the_reader_knows(heading: str) -> None:
    assert list(keys_of(heading)) == list(TABLES[heading])


def test_the_reference_has_every_table_that_the_reader_knows() -> None:
    section = PAGE.split("\n## The study file\n", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"`\[([a-z.]+)\]`", section))
    assert named == {*study_rules.TABLES, *(f"vary.{table}" for table in study_axes.TABLES)} - {"vary"}


def test_the_reference_says_what_each_kind_of_design_takes() -> None:
    body = PAGE.split("| kind | keys | points |\n", 1)[1].split("\n\n", 1)[0]
    rows = [line.strip("| ").split(" | ") for line in body.splitlines()[1:]]
    assert {row[0].strip("`"): tuple(re.findall(r"`(\w+)`", row[1])) for row in rows} == study_design.KEYS_OF
    allowed = keys_of("key of `[design]`")["kind"][1]
    assert tuple(allowed.split(", ")) == KINDS


def test_the_defaults_of_the_reference_are_those_of_the_reader(tmp_path: Path) -> None:
    plain = study(tmp_path, "")
    top = keys_of("key, top of the file")
    assert {key: top[key][2] for key in study_rules.PLAN_KEYS} == {
        key: str(getattr(plain, key)) for key in study_rules.PLAN_KEYS
    }
    failures = keys_of("key of `[failures]`")
    assert {key: float(row[2].replace(",", "")) for key, row in failures.items()} == vars(Limits())
    replicates = keys_of("key of `[replicates]`")
    assert replicates["number"][2] == str(DEFAULT_REPLICATES) and replicates["max"][2] == f"{MOST:,}"
    assert keys_of("key of `[store]`")["series"][2] == str(plain.series).lower()


def test_the_limits_of_the_reference_are_those_of_the_reader() -> None:
    top, design = keys_of("key, top of the file"), keys_of("key of `[design]`")
    choices = {"share": SHARES, "path": PATHS, "rule": RULES, "assumptions": ASSUMPTIONS, "horizon": HORIZONS}
    for key, known in choices.items():
        assert top[key][1] == ", ".join(map(str, known))
    assert top["scale"][1] == f"1 to {MOST_SCALE:,}" and f"1 to {study_rules.MOST_SCENARIOS}," in top["scenarios"][1]
    assert design["points"][1].startswith(f"2 to {MOST_POINTS:,};") and design["levels"][1] == f"2 to {MOST_LEVELS:,}"
    replicates = keys_of("key of `[replicates]`")
    assert replicates["number"][1] == f"1 to {MOST_REPLICATES:,}"
    assert replicates["max"][1] == f"{FIRST_LOOK} to {MOST_REPLICATES:,}"
    assert f"1 to {study_axes.MOST_VALUES:,} values" in PAGE
    assert f"at most {MOST_POINTS:,} points (scenarios included) and {MOST_RUNS:,} runs" in PAGE
    failures = keys_of("key of `[failures]`")
    for key, row in failures.items():
        low, high = (float(end.replace(",", "")) for end in row[1].split(" to "))
        for value, sound in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
            problems = study_rules.Problems("s.toml")
            study_rules._limits({"failures": {key: value if key in ("allow", "timeout_s") else int(value)}}, problems)
            assert bool(problems.found) is not sound, (key, value)

"""Bad studies: every kind is refused before anything runs, with its place, in one message, and no file is touched."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from experiments.sweep.design import MOST_POINTS, MOST_RUNS
from experiments.sweep.study import Study
from experiments.sweep.study_problems import MOST_SHOWN, key_lines
from sim.errors import InputError
from tests.work import no_hang

BASE = """\
format = 1
question = "What does it take?"
scenario = "as_written"
seed = 3

[assume]
"P160" = 0.5

[vary.policy]
"I05b" = { low = 0, high = 800 }
"I15b" = { values = [1, 2] }

[vary.uncertain]
"P12" = { low = 3.5, high = 6 }

[design]
kind = "latin-hypercube"
points = 16

[replicates]
number = 4

[failures]
allow = 0.1

[store]
series = false
"""
LHS = 'kind = "latin-hypercube"\npoints = 16'
GRID = 'kind = "grid"\nlevels = 3'
FILE = 'kind = "file"\nfile = "points.csv"'
POINTS = "I05b,I15b,P12\n0,1,4\n800,2,5.5\n"
HEADING = re.compile(r"^(\S+?)(?::(\d+))?(?:  (.+))?$")


@dataclass(frozen=True)
class Error:
    source: str
    line: int | None
    place: str
    text: str


def refusal(folder: Path, text: str | bytes, name: str = "study.toml") -> list[Error]:
    """Read a bad study and return its errors, after checking what holds for every refusal."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return errors_of(path)


def errors_of(path: Path) -> list[Error]:
    before = listing(path.parent)
    with no_hang(), pytest.raises(InputError) as caught:
        Study.read(path)
    assert listing(path.parent) == before
    *body, last = str(caught.value).split("\n")
    assert "Traceback" not in str(caught.value)
    errors = []
    for heading, detail in zip(body[::2], body[1::2], strict=True):
        found = HEADING.fullmatch(heading)
        assert found and detail.startswith("    ") and len(detail) < 600, (heading, detail)
        line = int(found[2]) if found[2] else None
        errors.append(Error(Path(found[1]).name, line, found[3] or "", detail.strip()))
    assert last == f"{len(errors)} error{'' if len(errors) == 1 else 's'}; nothing was run"
    return errors


def listing(folder: Path) -> list[tuple[str, int, bytes]]:
    files = sorted(path for path in folder.rglob("*"))
    return [(str(p), p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else b"") for p in files]


def edited(old: str, new: str, base: str = BASE) -> str:
    assert base.count(old) == 1, old
    return base.replace(old, new)


def line_of(text: str, marker: str, after: str = "") -> int:
    """Return the line of a marker: the one in the part that begins with `after`, if it is there."""
    start = text.index(after) if marker in after else 0
    return text[: text.index(marker, start)].count("\n") + 1


POLICY = '"I05b" = { low = 0, high = 800 }'
UNCERTAIN = '"P12" = { low = 3.5, high = 6 }'

# what is written instead of what; the text on the line that is named (None: no line); the place; a part of the message
CASES = {
    # format, question, options
    "no_format": ("format = 1\n", "", None, "format", "begin the file with format = 1"),
    "newer_format": ("format = 1", "format = 2", "format", "format", "2 is not known"),
    "format_true": ("format = 1", "format = true", "format", "format", "true is not known"),
    "format_text": ("format = 1", 'format = "1"', "format", "format", '"1" is not known'),
    "question_number": ('"What does it take?"', "5", "question", "question", "5 is not a text"),
    "question_long": (
        "What does it take?",
        '""\\\n' + "\\\n".join(["x" * 400] * 6) + '""',
        "question",
        "question",
        "2000 characters",
    ),
    "unknown_key": ("seed = 3", "sede = 3", "sede", "sede", "did you mean seed?"),
    "unknown_table": ("[store]", "[stores]", "[stores]", "stores", "did you mean store"),
    "table_far_from_all": (
        "[store]\nseries = false",
        "[else]\na = 1",
        "[else]",
        "else",
        "no such key; known are format",
    ),
    "table_assumptions": (
        "[store]\nseries = false",
        "[assumptions]\nP20 = 9",
        "[assumptions]",
        "assumptions",
        "is a choice, sampled or central; assumptions are fixed in [assume]",
    ),
    "table_policy": ("[store]\nseries = false", "[policy]\nI05b = 1", "[policy]", "policy", "varied in [vary.policy]"),
    "table_levers": ("[store]\nseries = false", "[levers]\nI05d = 1", "[levers]", "levers", "{ values = [5] }"),
    "full_width_key": ("seed = 3", '"ｓeed" = 3', "eed", "ｓeed", "no such key"),
    "seed_negative": ("seed = 3", "seed = -1", "seed", "seed", "whole number from 0"),
    "seed_real": ("seed = 3", "seed = 3.0", "seed", "seed", "whole number from 0"),
    "seed_true": ("seed = 3", "seed = true", "seed", "seed", "whole number from 0"),
    "scale_zero": ("seed = 3", "scale = 0", "scale", "scale", "1 to 1000 firms or persons"),
    "scale_text": ("seed = 3", 'scale = "50"', "scale", "scale", "whole number"),
    "horizon": ("seed = 3", "horizon = 2026", "horizon", "horizon", "choose 2025 or 2030"),
    "share": ("seed = 3", 'share = "x"', "share", "share", "choose published or implied"),
    "path": ("seed = 3", 'path = "x"', "path", "path", "observed or as_seen_in_2020"),
    "rule": ("seed = 3", 'rule = ["average"]', "rule", "rule", "average or each or final"),
    "assumptions": ("seed = 3", 'assumptions = "mean"', "assumptions", "assumptions", "sampled or central"),
    # scenarios
    "no_scenario": ('scenario = "as_written"\n', "", None, "scenario", 'write scenario = "baseline"'),
    "both_scenarios": (
        'scenario = "as_written"',
        'scenario = "baseline"\nscenarios = ["as_written"]',
        "scenarios",
        "scenarios",
        "both set",
    ),
    "scenario_misspelt": ('"as_written"', '"as_writen"', "scenario", "scenario", "did you mean as_written"),
    "scenario_number": ('"as_written"', "5", "scenario", "scenario", "5 names no scenario"),
    "scenario_empty": ('"as_written"', '""', "scenario", "scenario", "names no scenario"),
    "scenario_absent": ('"as_written"', '"none.toml"', "scenario", "scenario", "none.toml: no such file"),
    "scenario_absolute": ('"as_written"', '"/tmp/none.toml"', "scenario", "scenario", "relative to the study"),
    "scenario_folder": ('"as_written"', '"folder.toml"', "scenario", "scenario", "folder.toml: is a folder"),
    "scenario_bad": ('"as_written"', '"bad.toml"', "scenario", "scenario", "bad.toml: levers.I99: no such lever"),
    "scenario_is_study": ('"as_written"', '"other.toml"', "scenario", "scenario", "this is a study, not a scenario"),
    "scenarios_empty": ('scenario = "as_written"', "scenarios = []", "scenarios", "scenarios", "names no scenario"),
    "scenarios_text": ('scenario = "as', 'scenarios = "as', "scenarios", "scenarios", "names no scenario"),
    "scenarios_twice": (
        'scenario = "as_written"',
        'scenarios = ["baseline", "baseline"]',
        "scenarios",
        "scenarios",
        "two scenarios are called baseline",
    ),
    "two_worlds": (
        'scenario = "as_written"',
        'scenarios = ["low.toml", "high.toml"]',
        "scenarios",
        "scenarios",
        "low assumes P20 = 9, high 15",
    ),
    # fixed assumptions
    "assume_unknown": ('"P160" =', '"P999" =', '"P999"', "assume.P999", "no such parameter"),
    "assume_misspelt": (
        '"P160" =',
        '"innovation.uc_rdd" =',
        "uc_rdd",
        "assume.innovation.uc_rdd",
        "did you mean innovation.uc_rd",
    ),
    "assume_high": ("0.5\n", "5\n", '"P160"', "assume.P160", "above the allowed 0.3 to 0.9 share"),
    "assume_text": ("0.5\n", '"0.5"\n', '"P160"', "assume.P160", "is not a number"),
    "assume_nan": ("0.5\n", "nan\n", '"P160"', "assume.P160", "is not a finite number"),
    "assume_lever": ('"P160" = 0.5', '"I02a" = 5', "I02a", "assume.I02a", "is a lever; set it in the scenario"),
    "assume_check": ('"P160" = 0.5', '"P06" = 0.5', "P06", "assume.P06", "not an input"),
    "assume_twice": (
        '"P160" = 0.5',
        '"P160" = 0.5\nimplementation.theta_impl = 0.6',
        "implementation",
        "assume.implementation.theta_impl",
        "sets P160 (implementation.theta_impl) a second time",
    ),
    "assume_varied": ('"P160" = 0.5', '"P12" = 4', '"P12" = 4', "assume.P12", "is varied"),
    "assume_no_table": ('[assume]\n"P160" = 0.5\n', "assume = 5\n", "assume = 5", "assume", "not a table"),
    "scenario_varied": (
        '"as_written"',
        '"demand.toml"',
        '"P12"',
        "uncertain.P12",
        "is varied, and scenario demand sets it to 5",
    ),
    # what is varied
    "vary_number": ("[vary.policy]", "[vary]\npolicy2 = 1\n[vary.policy]", "policy2", "policy2", "did you mean policy"),
    "vary_group": ("[vary.uncertain]", "[vary.uncertian]", "uncertian", "uncertian", "did you mean uncertain"),
    "lever_unknown": (POLICY, '"I99" = {}', "I99", "policy.I99", "no such lever"),
    "parameter_short": (UNCERTAIN, '"P1" = {}', "P1", "uncertain.P1", "did you mean P10 or P11 or P12?"),
    "lever_case": (POLICY, '"i05b" = {}', "i05b", "policy.i05b", "did you mean I05b"),
    "lever_misspelt": (
        POLICY,
        "platforms.park_constructon = {}",
        "platforms",
        "policy.platforms.park_constructon",
        "did you mean platforms.park_construction",
    ),
    "lever_twice": (
        POLICY,
        POLICY + "\nplatforms.park_construction = {}",
        "platforms",
        "policy.platforms.park_construction",
        "varies I05b (platforms.park_construction) a second time",
    ),
    "parameter_as_lever": (POLICY, '"P20" = {}', "P20", "policy.P20", "is an assumption; write it under [vary.unc"),
    "lever_as_parameter": (UNCERTAIN, '"I02a" = {}', "I02a", "uncertain.I02a", "is a lever; write it under [vary.pol"),
    "parameter_unknown": (
        UNCERTAIN,
        '"firm_dynamics.entry1" = {}',
        "entry1",
        "uncertain.firm_dynamics.entry1",
        "did you mean firm_dynamics.entry0",
    ),
    "check_varied": (UNCERTAIN, '"P06" = {}', "P06", "uncertain.P06", "not an input"),
    "one_allowed_value": (UNCERTAIN, '"Q69" = {}', "Q69", "uncertain.Q69", "nothing varies; to fix it for all points"),
    "range_number": (POLICY, '"I05b" = 5', "I05b", "policy.I05b", "5 does not say how to vary"),
    "range_list": (POLICY, '"I05b" = [0, 800]', "I05b", "policy.I05b", "does not say how to vary"),
    "range_key": (POLICY, '"I05b" = { low = 0, hihg = 1 }', "I05b", "policy.I05b.hihg", "did you mean high"),
    "range_high": (
        POLICY,
        '"I05b" = { high = 1500000 }',
        "I05b",
        "policy.I05b",
        "high = 1500000 is above the allowed 0 to 8000 (million yuan per year; source: Yunnan Implementation Opinions "
        "on Dianzhong New Area (printed August 2020), article 5 (direction only))",
    ),
    "range_just_above": (
        POLICY,
        '"I05b" = { high = 8000.0000000001 }',
        "I05b",
        "policy.I05b",
        "high = 8000.0000000001 is above the allowed 0 to 8000 (",
    ),
    "range_low": (POLICY, '"I05b" = { low = -1 }', "I05b", "policy.I05b", "low = -1 is below the allowed 0 to 8000"),
    "range_text": (POLICY, '"I05b" = { low = "0" }', "I05b", "policy.I05b", 'low = "0" is not a number'),
    "range_true": (POLICY, '"I05b" = { high = true }', "I05b", "policy.I05b", "high = true is not a number"),
    "range_nan": (POLICY, '"I05b" = { high = nan }', "I05b", "policy.I05b", "high = nan is not a finite number"),
    "range_inf": (POLICY, '"I05b" = { high = 1e400 }', "I05b", "policy.I05b", "high = inf is not a finite number"),
    "range_date": (POLICY, '"I05b" = { high = 2021-01-01 }', "I05b", "policy.I05b", "is not a number"),
    "range_astronomical": (
        POLICY,
        '"I05b" = { high = 1' + "0" * 400 + " }",
        "I05b",
        "policy.I05b",
        "... is not a number",
    ),
    "range_reversed": (POLICY, '"I05b" = { low = 9, high = 1 }', "I05b", "policy.I05b", "exchange the two"),
    "range_of_one": (POLICY, '"I05b" = { low = 9, high = 9 }', "I05b", "policy.I05b", "both 9, so nothing varies"),
    "range_and_list": (POLICY, '"I05b" = { low = 0, values = [1] }', "I05b", "policy.I05b", "values and also low"),
    "log_of_zero": (POLICY, '"I05b" = { log = true }', "I05b", "policy.I05b", "needs low above 0"),
    "log_below_zero": (UNCERTAIN, '"P60" = { log = true }', "P60", "uncertain.P60", "low = -2"),
    "log_text": (POLICY, '"I05b" = { log = "yes" }', "I05b", "policy.I05b", "neither true nor false"),
    "log_of_whole": ("{ values = [1, 2] }", "{ log = true }", '"I15b"', "policy.I15b", "whole numbers"),
    "log_of_list": (POLICY, '"I05b" = { values = [1, 2], log = true }', "I05b", "policy.I05b", "also log"),
    "whole_range": ("{ values = [1, 2] }", "{ low = 1.5 }", '"I15b"', "policy.I15b", "1.5 is not a whole number"),
    "whole_value": ("[1, 2]", "[1, 2.5]", '"I15b"', "policy.I15b", "2.5 is not a whole number"),
    "switch_range": (POLICY, '"I15d" = { low = 0, high = 1 }', "I15d", "policy.I15d", "write { values = [0, 1] }"),
    "switch_half": (POLICY, '"I15d" = { values = [0, 0.5] }', "I15d", "policy.I15d", "0.5 is not a whole number"),
    "values_empty": (POLICY, '"I05b" = { values = [] }', "I05b", "policy.I05b", "is not a list of values"),
    "values_number": (POLICY, '"I05b" = { values = 5 }', "I05b", "policy.I05b", "is not a list of values"),
    "values_high": (POLICY, '"I05b" = { values = [0, 9000] }', "I05b", "policy.I05b", "9000 is above the allowed"),
    "values_text": (POLICY, '"I05b" = { values = [0, "5"] }', "I05b", "policy.I05b", '"5" is not a number'),
    "values_twice": (POLICY, '"I05b" = { values = [5, 0, 5.0] }', "I05b", "policy.I05b", "names 5 twice"),
    "values_many": (
        POLICY,
        '"I05b" = { values = [' + "\n".join(f"{k}," for k in range(1001)) + "] }",
        "I05b",
        "policy.I05b",
        "has 1001 entries, at most 1000",
    ),
    # first quarters
    "from_alone": (
        POLICY,
        '"I05b.from" = { values = ["2021Q1"] }',
        "I05b.from",
        "policy.I05b.from",
        "neither varied nor set in scenario as_written",
    ),
    "from_range": (POLICY, POLICY + '\n"I05b.from" = {}', "I05b.from", "policy.I05b.from", "by a list only"),
    "from_date": (
        POLICY,
        POLICY + '\n"I05b.from" = { values = ["2021"] }',
        "I05b.from",
        "policy.I05b.from",
        '"2021" is not a date of the simulation',
    ),
    "from_number": (
        POLICY,
        POLICY + '\n"I05b.from" = { values = [1] }',
        "I05b.from",
        "policy.I05b.from",
        "1 is not a date",
    ),
    "from_twice": (
        POLICY,
        POLICY + '\n"I05b.from" = { values = ["2021Q1", "2021q1"] }',
        "I05b.from",
        "policy.I05b.from",
        "names 2021Q1 twice",
    ),
    "from_late": (
        POLICY,
        POLICY + '\n"I05b.from" = { values = ["2021Q1", "2026Q1"] }',
        "I05b.from",
        "policy.I05b.from",
        "2026Q1 is after the horizon 2025",
    ),
    "from_of_a_name": (
        POLICY,
        '"platforms.park_construction.from" = { values = ["2021Q1"] }',
        "platforms",
        "policy.platforms.park_construction.from",
        "I05b (platforms.park_construction) is neither varied nor set in scenario as_written",
    ),
    "from_unknown": (
        POLICY,
        '"I99.from" = { values = ["2021Q1"] }',
        "I99",
        "policy.I99.from",
        "no such lever",
    ),
    "from_inside": (POLICY, '"I05b" = { low = 0, from = "2021Q1" }', "I05b", "policy.I05b", "from is no key here"),
    "from_after_end": (
        '"as_written"\nseed = 3\n\n[assume]\n"P160" = 0.5',
        '"ending.toml"\n\n[vary.policy."I02a.from"]\nvalues = ["2022Q4", "2023Q1"]',
        "[vary.policy.",
        "policy.I02a.from",
        "2023Q1 is after its end 2022Q4 in scenario ending",
    ),
    "from_parameter": (
        UNCERTAIN,
        '"P12.from" = { values = ["2021Q1"] }',
        "P12.from",
        "uncertain.P12.from",
        "no such parameter",
    ),
    # design
    "no_design": (f"[design]\n{LHS}\n", "", None, "design.kind", "is missing; choose latin-hypercube"),
    "kind_missing": (LHS, "points = 16", "[design]", "design.kind", "is missing; choose latin-hypercube"),
    "kind_misspelt": (
        '"latin-hypercube"',
        '"lhs"',
        "kind",
        "design.kind",
        '"lhs" is not known; choose latin-hypercube, sobol, grid, list, file',
    ),
    "kind_number": ('"latin-hypercube"', "[1]", "kind", "design.kind", "[1] is not known"),
    "points_missing": (LHS, 'kind = "sobol"', "[design]", "design.points", "points is missing"),
    "points_zero": ("points = 16", "points = 0", "points", "design.points", "whole number from 2"),
    "points_real": ("points = 16", "points = 16.0", "points", "design.points", "whole number from 2"),
    "points_too_many": ("points = 16", "points = 300_000", "points", "design.points", "to 250,000"),
    "sobol_power": (
        LHS,
        'kind = "sobol"\npoints = 200',
        "points",
        "design.points",
        "200 is not a power of two, which a Sobol sequence needs to be even; write 128 or 256",
    ),
    "design_key": ("points = 16", "points = 16\nlevels = 3", "levels", "design.levels", "no such key"),
    "design_seed": ("points = 16", 'points = 16\nseed = "x"', 'seed = "x"', "design.seed", "whole number from 0"),
    "levels_missing": (LHS, 'kind = "grid"', "[design]", "design.levels", "levels is missing"),
    "levels_one": (LHS, 'kind = "grid"\nlevels = 1', "levels", "design.levels", "whole number from 2"),
    "grid_seed": (LHS, GRID + "\nseed = 2", "seed = 2", "design.seed", "no such key"),
    "grid_huge": (
        LHS,
        'kind = "grid"\nlevels = 1000',
        "[design]",
        "design",
        "1,000 x 2 x 1,000 = 2,000,000 points x 4 replicates = 8,000,000 runs, at most 1,000,000 runs; thin policy.I05b"
        " (1,000 values)",
    ),
    "runs_huge": ("number = 4", "number = 70_000", "[design]", "design", "16 points x 70,000 replicates = 1,120,000"),
    "points_huge": (LHS, 'kind = "grid"\nlevels = 400', "[design]", "design", "320,000 points"),
    # rows in the study
    "rows_missing": (LHS, 'kind = "list"', "[design]", "design.rows", "is not a list of points"),
    "rows_empty": (LHS, 'kind = "list"\nrows = []', "rows", "design.rows", "is not a list of points"),
    "rows_numbers": (LHS, 'kind = "list"\nrows = [1, 2]', "rows", "design.rows", "is not a list of points"),
    "row_incomplete": (
        LHS,
        'kind = "list"\nrows = [\n  { I05b = 0, I15b = 1, P12 = 4 },\n  { I05b = 1, I15b = 1 },\n]',
        "{ I05b = 1,",
        "design.rows.2",
        "uncertain.P12 is missing",
    ),
    "row_unknown": (
        LHS,
        'kind = "list"\nrows = [{ I05b = 0, I15b = 1, P12 = 4, I05d = 1 }]',
        "rows",
        "design.rows.1",
        "I05d is not varied",
    ),
    "row_twice_named": (
        LHS,
        'kind = "list"\nrows = [{ I05b = 0, I15b = 1, P12 = 4, "uncertain.P12" = 4 }]',
        "rows",
        "design.rows.1",
        "sets uncertain.P12 a second time",
    ),
    "row_high": (
        LHS,
        'kind = "list"\nrows = [{ I05b = 801, I15b = 1, P12 = 4 }]',
        "rows",
        "design.rows.1",
        "801 is above the allowed 0 to 800 (million yuan per year; set in [vary.policy])",
    ),
    "row_not_listed": (
        LHS,
        'kind = "list"\nrows = [{ I05b = 1, I15b = 1.5, P12 = 4 }]',
        "rows",
        "design.rows.1",
        "1.5 is not one of the values 1, 2",
    ),
    "row_text": (
        LHS,
        'kind = "list"\nrows = [{ I05b = "1", I15b = 1, P12 = 4 }]',
        "rows",
        "design.rows.1",
        '"1" is not a number',
    ),
    "row_repeated": (
        LHS,
        'kind = "list"\nrows = [\n  { I05b = 0, I15b = 1, P12 = 4 },\n  { P12 = 4.0, I05b = -0.0, I15b = 1 },\n]',
        "{ P12 = 4.0",
        "design.rows.2",
        "row 2 repeats row 1",
    ),
    # files
    "file_missing": (LHS, 'kind = "file"', "[design]", "design.file", 'file is missing; write file = "points.csv"'),
    "file_number": (LHS, 'kind = "file"\nfile = 5', "file = 5", "design.file", "5 is not the name of a file"),
    "file_absent": (LHS, 'kind = "file"\nfile = "no.csv"', "file =", "design.file", '"no.csv": no such file'),
    "file_above": (LHS, 'kind = "file"\nfile = "../a.csv"', "file =", "design.file", "outside the folder of the study"),
    "file_around": (LHS, 'kind = "file"\nfile = "sub/../points.csv"', "file =", "design.file", "outside the folder"),
    "file_absolute": (LHS, 'kind = "file"\nfile = "/etc/hostname"', "file =", "design.file", "outside the folder"),
    "file_link": (LHS, 'kind = "file"\nfile = "link.csv"', "file =", "design.file", "outside the folder"),
    "file_folder": (LHS, 'kind = "file"\nfile = "folder.toml"', "file =", "design.file", "is a folder"),
    "file_control": (LHS, 'kind = "file"\nfile = "a\\u0000b"', "file =", "design.file", "is not the name of a file"),
    # replicates, failures, store
    "replicates_zero": ("number = 4", "number = 0", "number", "replicates.number", "1 to 100,000"),
    "replicates_key": ("number = 4", "numbre = 4", "numbre", "replicates.numbre", "did you mean number"),
    "number_and_half_width": (
        "number = 4",
        "number = 4\nhalf_width = 0.02",
        "number = 4",
        "replicates.number",
        "number and half_width are both set; keep one of the two",
    ),
    "max_alone": ("number = 4", "max = 512", "max", "replicates.max", "says nothing without half_width"),
    "target_alone": (
        "number = 4",
        'target = "gdp_growth"',
        "target",
        "replicates.target",
        "says nothing without half_width; add half_width = 0.02, or remove it",
    ),
    "half_width_zero": (
        "number = 4",
        "half_width = 0",
        "half_width",
        "replicates.half_width",
        "0 is not a number above",
    ),
    "half_width_half": (
        "number = 4",
        "half_width = 0.5",
        "half_width",
        "replicates.half_width",
        "0.5 is not a number above 0 and below 0.5 (of a probability), such as 0.02",
    ),
    "half_width_nan": ("number = 4", "half_width = nan", "half_width", "replicates.half_width", "nan is not a number"),
    "half_width_text": ("number = 4", 'half_width = "2 %"', "half_width", "replicates.half_width", '"2 %" is not a'),
    "half_width_true": (
        "number = 4",
        "half_width = true",
        "half_width",
        "replicates.half_width",
        "true is not a number",
    ),
    "max_below_first": (
        "number = 4",
        "half_width = 0.1\nmax = 255",
        "max",
        "replicates.max",
        "max = 255 is not a whole number from 256 to 100,000",
    ),
    "max_real": ("number = 4", "half_width = 0.1\nmax = 300.5", "max", "replicates.max", "300.5 is not a whole"),
    "target_unknown": (
        "number = 4",
        'half_width = 0.1\ntarget = "gdp_groth"',
        "target",
        "replicates.target",
        'no target "gdp_groth"; did you mean gdp_growth or',
    ),
    "target_number": ("number = 4", "half_width = 0.1\ntarget = 1", "target", "replicates.target", "1 names no target"),
    "target_empty": ("number = 4", "half_width = 0.1\ntarget = []", "target", "replicates.target", "names no target"),
    "target_twice": (
        "number = 4",
        'half_width = 0.1\ntarget = ["gdp_growth", "gdp_growth"]',
        "target",
        "replicates.target",
        "names gdp_growth 2 times; keep one",
    ),
    "half_wide": ("number = 4", "half_wide = 0.02", "half_wide", "replicates.half_wide", "did you mean half_width"),
    "looks_huge": (
        "number = 4",
        "half_width = 0.02\nmax = 70_000",
        "[design]",
        "design",
        "16 points x 70,000 replicates = 1,120,000",
    ),
    "allow_above_one": ("allow = 0.1", "allow = 8", "allow", "failures.allow", "8 is not a number from 0 to 1"),
    "allow_nan": ("allow = 0.1", "allow = nan", "allow", "failures.allow", "nan is not a number from 0 to 1"),
    "retry_negative": ("allow = 0.1", "retry = -1", "retry", "failures.retry", "whole number from 0 to 10"),
    "timeout_zero": ("allow = 0.1", "timeout_s = 0", "timeout_s", "failures.timeout_s", "1 to 86400 (seconds a run)"),
    "memory_small": ("allow = 0.1", "memory_mb = 1", "memory_mb", "failures.memory_mb", "256 to 1,048,576"),
    "failures_key": ("allow = 0.1", "alow = 0.1", "alow", "failures.alow", "did you mean allow"),
    "failures_list": ("[failures]\nallow = 0.1", "[[failures]]\nallow = 0.1", "failures", "failures", "not a table"),
    "series_number": ("series = false", "series = 1", "series", "store.series", "neither true nor false"),
    "store_key": ("series = false", "serie = true", "serie", "store.serie", "did you mean series"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with scenarios that are sound alone, and some that are not."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "a.csv").write_text(POINTS)
    (home / "sub").mkdir()
    (home / "points.csv").write_text(POINTS)
    (home / "link.csv").symlink_to(tmp_path / "a.csv")
    (home / "folder.toml").mkdir()
    for name, body in {
        "low": "[assumptions]\nP20 = 9",
        "high": "[assumptions]\nP20 = 15",
        "demand": "[assumptions]\nP12 = 5",
        "bad": "[levers]\nI99 = 5",
        "ending": '[levers]\nI02a = { value = 100, to = "2022Q4" }',
        "other": "[vary.policy]\nI05b = {}",
    }.items():
        (home / f"{name}.toml").write_text(f"format = 1\n{body}\n")
    return home


def test_the_base_of_the_cases_is_sound(folder: Path) -> None:
    (folder / "study.toml").write_text(BASE)
    assert Study.read(folder / "study.toml").runs() == 64
    (folder / "study.toml").write_text(edited(LHS, FILE))
    assert Study.read(folder / "study.toml").runs() == 8


def test_there_are_enough_kinds_of_bad_studies() -> None:
    assert len(CASES) + len(CSV_CASES) >= 120
    assert len({case[:2] for case in CASES.values()}) == len(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_bad_study_is_refused_with_its_place(folder: Path, name: str) -> None:
    old, new, marker, place, fragment = CASES[name]
    text = edited(old, new)
    (error,) = refusal(folder, text)
    line = None if marker is None else line_of(text, marker, after=new)
    assert (error.source, error.line, error.place) == ("study.toml", line, place)
    assert fragment in error.text


# Files of points

CSV_CASES = {
    # content; line, column, part of the message
    "empty": (b"", None, "", "is empty"),
    "blank_lines": (b"\n\n", None, "", "is empty"),
    "header_only": (b"I05b,I15b,P12\n", None, "", "has a header and no rows"),
    "utf16": (POINTS.encode("utf-16"), None, "", "is UTF-16 text"),
    "binary": (b"PK\x03\x04\x00\x00", None, "", "is a binary file"),
    "latin1": (POINTS.encode() + b"\xfc", 4, "", "is not UTF-8 text"),
    "large": (b"0" * (16 * 1024 * 1024 + 1), None, "", "is larger than 16 MB"),
    "unclosed": (b'I05b,I15b,P12\n"0,1,4\n', None, "", "is not CSV"),
    "semicolons": (b"I05b;I15b;P12\n0;1;4\n", 1, "", "separates cells by semicolons"),
    "tabs": (b"I05b\tI15b\tP12\n0\t1\t4\n", 1, "", "separates cells by tabs"),
    "missing_column": (b"I05b,I15b\n0,1\n", 1, "uncertain.P12", "has no column; add P12"),
    "unknown_column": (b"I05b,I15b,P12,I05d\n0,1,4,1\n", 1, "I05d", 'column "I05d" is not varied'),
    "merged_header": (b"I05b,I15b,P12,\n0,1,4,1\n", 1, "", "column 4 has no name"),
    "column_twice": (b"I05b,I15b,P12,policy.I05b\n0,1,4,0\n", 1, "policy.I05b", "policy.I05b is a column twice"),
    "short_row": (b"I05b,I15b,P12\n0,1\n", 2, "", "row 2 has 2 cells, the header 3"),
    "split_number": (
        b"I05b,I15b,P12\n1,000,1,4\n",
        2,
        "",
        "row 2 has 4 cells, the header 3; a number with a thousands",
    ),
    "missing_cell": (b"I05b,I15b,P12\n0,,4\n", 2, "policy.I15b", "row 2: the cell is empty"),
    "text": (b"I05b,I15b,P12\n0,1,4\n0,1,much\n", 3, "uncertain.P12", 'row 3: "much" is not a number'),
    "thousands": (b'I05b,I15b,P12\n"1,000",1,4\n', 2, "policy.I05b", "has a thousands separator; write 1000"),
    "decimal_comma": (b'I05b,I15b,P12\n0,1,"4,5"\n', 2, "uncertain.P12", "has a decimal comma; write 4.5"),
    "formula": (b"I05b,I15b,P12\n=1+1,1,4\n", 2, "policy.I05b", '"=1+1" is a formula'),
    "nan": (b"I05b,I15b,P12\nNaN,1,4\n", 2, "policy.I05b", '"NaN" is not a finite number'),
    "inf": (b"I05b,I15b,P12\n-inf,1,4\n", 2, "policy.I05b", '"-inf" is not a finite number'),
    "overflow": (b"I05b,I15b,P12\n1e400,1,4\n", 2, "policy.I05b", "is not a finite number"),
    "hexadecimal": (b"I05b,I15b,P12\n0x10,1,4\n", 2, "policy.I05b", '"0x10" is not a number'),
    "underscore": (b"I05b,I15b,P12\n1_0,1,4\n", 2, "policy.I05b", '"1_0" is not a number'),
    "full_width": ("I05b,I15b,P12\n５,1,4\n".encode(), 2, "policy.I05b", "is not a number"),
    "percent": (b"I05b,I15b,P12\n5%,1,4\n", 2, "policy.I05b", '"5%" is not a number'),
    "above": (b"I05b,I15b,P12\n0,1,6.5\n", 2, "uncertain.P12", "6.5 is above the allowed 3.5 to 6 (elasticity; set in"),
    "below": (b"I05b,I15b,P12\n-1,1,4\n", 2, "policy.I05b", "-1 is below the allowed 0 to 800"),
    "not_listed": (b"I05b,I15b,P12\n0,1.5,4\n", 2, "policy.I15b", "1.5 is not one of the values 1, 2"),
    "repeated": (b"I05b,I15b,P12\n0,1,4\n5,1,4\n\n0.0,1,4e0\n", 5, "", "row 5 repeats row 2"),
}


@pytest.mark.parametrize("name", CSV_CASES)
def test_a_bad_file_of_points_is_refused_with_row_and_column(folder: Path, name: str) -> None:
    content, line, column, fragment = CSV_CASES[name]
    (folder / "points.csv").write_bytes(content)
    (error,) = refusal(folder, edited(LHS, FILE))
    assert (error.source, error.line, error.place) == ("points.csv", line, column)
    assert fragment in error.text


@pytest.mark.parametrize("start", ["", "2021", "2021Q2", "1", "=A1"])
def test_a_bad_first_quarter_in_a_file_is_refused(folder: Path, start: str) -> None:
    text = edited(POLICY, POLICY + '\n"I05b.from" = { values = ["2021Q1", "2022Q1"] }', edited(LHS, FILE))
    (folder / "points.csv").write_text(f"I05b,I15b,P12,I05b.from\n0,1,4,{start}\n")
    (error,) = refusal(folder, text)
    assert (error.line, error.place) == (2, "policy.I05b.from")
    assert re.search("every cell|not a date|is not one of the values 2021Q1, 2022Q1", error.text)


def test_too_many_rows_are_refused_before_they_are_read(folder: Path) -> None:
    (folder / "points.csv").write_text("I05b,I15b,P12\n" + "x,1,4\n" * (MOST_POINTS + 1))
    (error,) = refusal(folder, edited(LHS, FILE))
    assert f"has {MOST_POINTS + 1:,} rows, at most {MOST_POINTS:,}" in error.text


# All at once


def test_all_errors_come_at_once_in_the_order_of_the_file(folder: Path) -> None:
    text = BASE
    for name in ("scenario_misspelt", "seed_negative", "assume_high", "range_high", "parameter_unknown", "allow_nan"):
        text = edited(*CASES[name][:2], text)
    found = refusal(folder, text)
    places = ["scenario", "seed", "assume.P160", "policy.I05b", "uncertain.firm_dynamics.entry1", "failures.allow"]
    assert [error.place for error in found] == places
    assert [error.line for error in found] == [3, 4, 7, 10, 14, 24]


@pytest.mark.parametrize(
    ("design", "place"),
    [
        ('kind = "latin-hypercube"\npoints = 0', "design.points"),
        ('kind = "sobol"\npoints = 3', "design.points"),
        ('kind = "grid"\nlevels = 1', "design.levels"),
        ('kind = "list"\nrows = 5', "design.rows"),
        ('kind = "file"\nfile = "no.csv"', "design.file"),
        ('kind = "lhs"', "design.kind"),
    ],
)
def test_a_misspelt_lever_hides_no_error_of_the_design(folder: Path, design: str, place: str) -> None:
    found = refusal(folder, edited(POLICY, '"I99" = {}', edited(LHS, design)))
    assert [error.place for error in found] == ["policy.I99", place]


def test_rows_wait_until_what_is_varied_has_no_error(folder: Path) -> None:
    (error,) = refusal(folder, edited(POLICY, '"I99" = {}', edited(LHS, FILE)))
    assert error.place == "policy.I99"


def test_a_varied_assumption_is_found_by_the_name_that_the_file_gives_it(folder: Path) -> None:
    text = edited('"P12" =', '"production.sigma_d" =', edited('"as_written"', '"demand.toml"'))
    (error,) = refusal(folder, text)
    assert (error.line, error.place) == (line_of(text, "production"), "uncertain.production.sigma_d")


def test_the_message_has_the_published_shape(folder: Path) -> None:
    text = edited('"P12" =', '"firm_dynamics.entry1" =', edited("high = 800", "high = 1500000"))
    (folder / "study.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        Study.read(folder / "study.toml")
    path = folder / "study.toml"
    lines = str(caught.value).split("\n")
    assert lines[0] == f"{path}:10  policy.I05b"
    assert re.fullmatch(
        r"    high = 1500000 is above the allowed 0 to 8000 \(million yuan .*; source: Yunn.*\)", lines[1]
    )
    assert lines[2] == f"{path}:14  uncertain.firm_dynamics.entry1"
    assert lines[3].startswith("    no such parameter; did you mean firm_dynamics.entry0")
    assert lines[4:] == ["2 errors; nothing was run"]


def test_errors_of_study_and_table_are_reported_together(folder: Path) -> None:
    (folder / "points.csv").write_text('I05b,I15b,P12\n"1,000",1,=A1\n,3,4\n')
    found = refusal(folder, edited("seed = 3", "seed = -3", edited(LHS, FILE)))
    assert [(error.source, error.line, error.place) for error in found] == [
        ("study.toml", 4, "seed"),
        ("points.csv", 2, "policy.I05b"),
        ("points.csv", 2, "uncertain.P12"),
        ("points.csv", 3, "policy.I05b"),
        ("points.csv", 3, "policy.I15b"),
    ]


def test_a_long_list_of_errors_is_cut_and_counted(folder: Path) -> None:
    (folder / "points.csv").write_text("I05b,I15b,P12\n" + "x,1,4\n" * 5000)
    (folder / "study.toml").write_text(edited(LHS, FILE))
    with pytest.raises(InputError) as caught:
        Study.read(folder / "study.toml")
    lines = str(caught.value).split("\n")
    assert len(lines) == 2 * MOST_SHOWN + 2
    assert lines[-2:] == ["... and 4950 more", "5000 errors; nothing was run"]


def test_every_error_of_a_scenario_file_is_reported(folder: Path) -> None:
    (folder / "bad.toml").write_text("format = 1\n[levers]\nI99 = 1\nI05b = -5\n")
    found = refusal(folder, edited('"as_written"', '"bad.toml"'))
    assert [error.text.split(": ")[:2] for error in found] == [["bad.toml", "levers.I99"], ["bad.toml", "levers.I05b"]]


# Files that are no studies


@pytest.mark.parametrize(
    ("content", "line", "fragment"),
    [
        (b"", None, "begin the file with format = 1"),
        (b"format = 1\nseed = = 2\n", 2, "is not valid TOML"),
        (b"seed = 1\nseed = 2\n", 2, "is not valid TOML"),
        (BASE.encode("utf-16"), None, "is UTF-16 text"),
        (b"\x00\x01", None, "is a binary file"),
        (b"format = 1\n# \xff\n", 2, "is not UTF-8 text"),
        (b"# " + b"x" * 70_000, None, "is larger than 64 KiB"),
        (b"a = " + b"[" * 100, 1, "open brackets"),
        (b"a.b.c.d.e.f.g.h.i = 1", 1, "more than 6 dots"),
        (b"seed = 1" + b"0" * 499, 1, "characters, at most 500"),
    ],
)
def test_what_is_no_study_is_refused(tmp_path: Path, content: bytes, line: int | None, fragment: str) -> None:
    found = refusal(tmp_path, content)
    assert (found[0].line, found[0].source) == (line, "study.toml")
    assert fragment in found[0].text
    assert len(found) == 1 or content == b""


def test_a_scenario_is_not_a_study(tmp_path: Path) -> None:
    (error,) = refusal(tmp_path, 'format = 1\nname = "x"\n[levers]\nI05b = 5\n')
    assert error.line == 3 and "this is a scenario, not a study" in error.text


def test_a_study_that_is_not_there_or_is_a_folder_is_refused(tmp_path: Path) -> None:
    (error,) = errors_of(tmp_path / "none.toml")
    assert "no such file" in error.text
    (tmp_path / "folder.toml").mkdir()
    (error,) = errors_of(tmp_path / "folder.toml")
    assert "is a folder" in error.text


# Sizes


def test_a_grid_too_large_for_any_memory_is_refused_at_once(folder: Path) -> None:
    levers = "\n".join(f'"I{name}" = {{}}' for name in ("05d", "05e", "06a", "06b", "07a", "11a", "11e", "11f", "11g"))
    text = edited(POLICY, levers, edited(LHS, 'kind = "grid"\nlevels = 1000'))
    (error,) = refusal(folder, text)
    assert f"at most {MOST_RUNS:,} runs" in error.text
    assert f"{1000**10 * 2:,} points" in error.text


def test_a_grid_of_exactly_the_most_runs_is_sound_and_one_replicate_more_is_not(folder: Path) -> None:
    text = edited(LHS, 'kind = "grid"\nlevels = 100')  # 100 x 2 x 100
    (folder / "study.toml").write_text(edited("number = 4", "number = 50", text))
    assert Study.read(folder / "study.toml").runs() == MOST_RUNS
    (error,) = refusal(folder, edited("number = 4", "number = 51", text))
    assert "20,000 points x 51 replicates = 1,020,000 runs" in error.text


def test_more_points_than_memory_holds_are_refused_even_if_each_is_run_once(folder: Path) -> None:
    text = edited("number = 4", "number = 1", edited(LHS, 'kind = "grid"\nlevels = 354'))  # 354 x 2 x 354
    (error,) = refusal(folder, text)
    assert f"= 250,632 runs, at most {MOST_POINTS:,} points" in error.text


def test_the_last_possible_first_quarters_are_sound(folder: Path) -> None:
    late = '"I05b.from" = { values = ["2025Q4"] }\n"I02a.from" = { values = ["2022Q4"] }'
    (folder / "study.toml").write_text(edited(POLICY, f"{POLICY}\n{late}", BASE.replace("as_written", "ending.toml")))
    assert Study.read(folder / "study.toml").points()[0].starts == {"I02a": 8, "I05b": 20}


def test_scenarios_alone_can_be_too_many_runs(folder: Path) -> None:
    text = 'format = 1\nscenarios = ["baseline", "as_written"]\n[replicates]\nnumber = 100000\n'
    (folder / "study.toml").write_text(text)
    assert Study.read(folder / "study.toml").runs() == 200_000
    names = [f"s{number}.toml" for number in range(11)]
    for name in names:
        (folder / name).write_text("format = 1\n")
    (error,) = refusal(folder, text.replace('["baseline", "as_written"]', str(names).replace("'", '"')))
    assert "1 point x 11 scenarios x 100,000 replicates = 1,100,000 runs" in error.text


def test_size_is_judged_with_the_other_errors_where_the_points_are_known(folder: Path) -> None:
    text = edited("seed = 3", "seed = -3", edited("number = 4", "number = 70_000"))
    assert [error.place for error in refusal(folder, text)] == ["seed", "design"]


def test_a_study_whose_copy_would_be_too_long_is_refused(folder: Path) -> None:
    values = ",\n".join(f"{number}e-9" for number in range(1, 1001))
    names = ("I05d", "I05e", "I06a", "I06b", "I06c", "I06g", "I06h", "I07a", "I11a")
    lists = {name: values if name not in ("I07a",) else "20" for name in names}
    vary = "\n".join(f"{name} = {{ values = [{listed}] }}" for name, listed in lists.items())
    (error,) = refusal(folder, edited(POLICY, vary))
    assert (error.place, "is too long in normal form (64 KiB" in error.text) == ("vary", True)


def test_a_sample_of_lists_may_not_repeat_points(folder: Path) -> None:
    lists = edited(UNCERTAIN, '"P12" = { values = [4, 5] }', edited(POLICY, '"I15d" = {}'))
    (error,) = refusal(folder, lists)
    assert "points = 16 is more than the 8 combinations" in error.text
    (error,) = refusal(folder, edited("points = 16", "points = 7", lists))
    assert re.search(r'points \d and \d of 7 are equal.*kind = "grid"', error.text)


def test_a_design_without_anything_to_vary_is_refused(folder: Path) -> None:
    text = edited(f'[vary.policy]\n{POLICY}\n"I15b" = {{ values = [1, 2] }}\n\n[vary.uncertain]\n{UNCERTAIN}\n', "")
    (error,) = refusal(folder, text)
    assert (error.place, error.line) == ("design", line_of(text, "[design]"))
    assert "has nothing to vary" in error.text


@pytest.mark.parametrize("key", ["vary", "design", "replicates", "failures", "store", "assume"])
@pytest.mark.parametrize("value", ["5", '"text"', "[1]", "true"])
def test_a_table_that_is_none_is_refused(folder: Path, key: str, value: str) -> None:
    found = refusal(folder, f'format = 1\nscenario = "baseline"\n{key} = {value}\n')
    assert any(error.place == key and error.line == 3 and "is not a table" in error.text for error in found)


# Lines


def test_keys_are_found_in_every_spelling() -> None:
    text = '''\
a = 1 # b = 2
"c.d" = """
e = 3
"""
[vary . policy]
"I05b" = {}
  platforms.park = { values = [
    1,
  ] }
'I06a' = { f = "g = 1" }
[design]
rows = [ # { no row }
  { "a{" = 0 },
  { b = { c = 1 } }, { d = 1 },
]
'''
    assert key_lines(text) == {
        **{"a": 1, "c.d": 2, "vary.policy": 5, "vary.policy.I05b": 6, "vary.policy.platforms.park": 7},
        **{"vary.policy.I06a": 10, "design": 11, "design.rows": 12},
        **{"design.rows.1": 13, "design.rows.2": 14, "design.rows.3": 14},
    }


# Whatever is in the files

PIECES = [
    "\n",
    "=",
    "[",
    "]",
    "{",
    "}",
    ",",
    ".",
    '"',
    "nan",
    "1e999",
    "-1",
    "true",
    "I05b",
    "P12",
    "values",
    "\x00",
    "é",
]
ANYTHING = st.one_of(st.sampled_from(PIECES), st.text(max_size=8))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(BASE)), st.integers(0, 30), ANYTHING)
@example(0, len(BASE), "")
def test_a_damaged_study_is_read_or_refused(folder: Path, start: int, length: int, instead: str) -> None:
    (folder / "study.toml").write_bytes(damaged(BASE, start, length, instead))
    read_or_refused(folder / "study.toml")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(POINTS)), st.integers(0, 10), ANYTHING)
def test_a_damaged_table_is_read_or_refused(folder: Path, start: int, length: int, instead: str) -> None:
    (folder / "points.csv").write_bytes(damaged(POINTS, start, length, instead))
    (folder / "study.toml").write_text(edited(LHS, FILE))
    read_or_refused(folder / "study.toml")


def damaged(text: str, start: int, length: int, instead: str) -> bytes:
    return (text[:start] + instead + text[start + length :]).encode("utf-8", "surrogatepass")


def read_or_refused(path: Path) -> None:
    try:
        study = Study.read(path)
    except InputError as error:
        assert re.search(r"^\d+ errors?; nothing was run\Z", str(error), re.MULTILINE)
        assert all(line.isprintable() for line in str(error).split("\n"))
    else:
        assert len(study.points()) == study.number_of_points() >= 1

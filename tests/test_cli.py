"""The command line from outside: what it answers, how fast, and what it says to bad input."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from experiments import cli
from experiments.check import CONSTRAINTS
from experiments.describe import TOPICS
from experiments.ensemble import DEFAULT_REPLICATES, DEFAULT_SCALE
from experiments.messages import texts
from sim.targets import SLACK

ROOT = Path(__file__).parents[1]
HEAVY = ("numpy", "scipy", "pandas", "mesa", "networkx", "pyarrow")

FILES = {
    "unknown lever": "format = 1\n[levers]\nI13z = 5\n",
    "too large value": "format = 1\n[levers]\nI13a = 99\n",
    "text for number": 'format = 1\n[levers]\nI13a = "many"\n',
    "nan": "format = 1\n[levers]\nI13a = nan\n",
    "infinity": "format = 1\n[levers]\nI13a = inf\n",
    "broken": "format = = 1\n",
    "hostile": "a = " + "[" * 60 + "\n",
    "unknown park": 'format = 1\n[[links]]\nsource = "anningg"\ntarget = "yanglin"\nminutes = 20\n',
    "reversed dates": 'format = 1\n[levers]\nI13a = { value = 5, from = "2024Q1", to = "2022Q1" }\n',
    "no format": "[levers]\nI13a = 5\n",
    "binary": "\x00\x01",
}

# name -> (arguments of both `run` and `check`, a part of the message)
BAD = {
    **{name: ([f"{name.replace(' ', '_')}.toml"], part) for name, part in {
        "unknown lever": "levers.I13z: no such lever; did you mean I13",
        "too large value": "value = 99 is above the allowed 0 to 15 km2 per year",
        "text for number": "value = 'many' is not a number",
        "nan": "value = nan is not a finite number",
        "infinity": "value = inf is not a finite number",
        "broken": "is not valid TOML",
        "hostile": "more than 32 open brackets",
        "unknown park": "there is no such site or park; did you mean anning",
        "reversed dates": "2024Q1 to 2022Q1 runs backwards",
        "no format": "begin the file with format = 1",
        "binary": "is a binary file",
    }.items()},
    "missing file": (["absent.toml"], "absent.toml: no such file"),
    "a folder": (["."], "is a folder"),
    "unknown scenario": (["as_writen"], "did you mean as_written"),
    "unknown reference": (["baseline", "--against", "nothing_like_it"], "no scenario 'nothing_like_it'"),
    "unknown lever set": (["baseline", "--set", "land.anual_quota=5"], "did you mean land.annual_quota"),
    "set out of range": (["baseline", "--set", "I13a=-3"], "--set: I13a: value = -3 is below the allowed 0 to 15 km2"),
    "set text": (["baseline", "--set", "I13a=five"], "'five' is not a number"),
    "set nan": (["baseline", "--set", "I13a=nan"], "nan is not a finite number"),
    "set infinity": (["baseline", "--set", "I13a=1e999"], "inf is not a finite number"),
    "set nothing": (["baseline", "--set", "I13a"], "write NAME=VALUE"),
    "set twice": (["baseline", "--set", "I13a=5", "--set", "land.annual_quota=4"], "a second time"),
    "a parameter given to --set": (
        ["baseline", "--set", "P12=5"],
        "--set: P12: is a parameter, not a lever; write --assume P12=5",
    ),
    "a lever given to --assume": (
        ["baseline", "--assume", "I05b=2500"],
        "--assume: I05b: is a lever, not a parameter; write --set I05b=2500",
    ),
    "a dotted lever given to --assume": (
        ["baseline", "--assume", "land.annual_quota=5"],
        "write --set land.annual_quota=5",
    ),
    "unknown parameter": (["baseline", "--assume", "Q1=5"], "no such parameter; did you mean Q"),
    "assume out of range": (["baseline", "--assume", "Q01=5"], "above the allowed 0.03 to 0.065 per year"),
    "negative replicates": (["baseline", "--replicates", "-4"], "replicates = -4 is not a whole number from 1"),
    "no replicates": (["baseline", "--replicates", "0"], "replicates = 0"),
    "text replicates": (["baseline", "--replicates", "many"], "'many' is not a whole number"),
    "fractional scale": (["baseline", "--scale", "1.5"], "'1.5' is not a whole number"),
    "no scale": (["baseline", "--scale", "0"], "scale = 0"),
    "negative seed": (["baseline", "--seed", "-1"], "seed = -1"),
    "no workers": (["baseline", "--workers", "0"], "workers = 0"),
    "unknown rule": (["baseline", "--rule", "often"], "invalid choice: 'often'"),
    "unknown horizon": (["baseline", "--horizon", "2040"], "invalid choice: 2040"),
    "unknown option": (["baseline", "--fast"], "unrecognized arguments: --fast"),
}  # fmt: skip

# Only `run` writes, so only `run` can be refused for where.
BAD_RUN = {
    "a file in the way": (["baseline", "--out", "broken.toml/results"], "--out broken.toml/results: cannot be written"),
    "a file as folder": (["baseline", "--out", "broken.toml"], "is a file, not a folder"),
    "no such place": (["baseline", "--out", "/proc/results"], "--out /proc/results: cannot be written"),
    "results there already": (["baseline", "--out", "taken"], "holds verdict.json already"),
    "panel without folder": (["baseline", "--panel", "firms"], "add --out DIR"),
}


def call(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    values = {**os.environ, "PYTHONPATH": str(ROOT), "LANG": "en_GB.UTF-8", "LC_ALL": "", **environment}
    command = [sys.executable, "-m", "experiments", *arguments]
    return subprocess.run(command, cwd=cwd, env=values, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("cases")
    for name, text in FILES.items():
        (place / f"{name.replace(' ', '_')}.toml").write_text(text)
    (place / "taken").mkdir()
    (place / "taken" / "verdict.json").write_text("{}")
    return place


@pytest.fixture(scope="module")
def answers(folder: Path) -> dict[tuple[str, str], subprocess.CompletedProcess[str]]:
    """Every bad call once, two at a time: the time is that of starting Python."""
    calls = {(command, name): case[0] for command in ("run", "check") for name, case in BAD.items()}
    calls |= {("run", name): case[0] for name, case in BAD_RUN.items()}
    with ThreadPoolExecutor(2) as pool:
        done = pool.map(lambda key: call(key[0], *calls[key], cwd=folder), calls)
        return dict(zip(calls, done, strict=True))


# Bad input


@pytest.mark.parametrize(
    ("command", "name"), [*[(c, n) for c in ("run", "check") for n in BAD], *[("run", name) for name in BAD_RUN]]
)
def test_bad_input_is_one_message_and_exit_2(
    command: str, name: str, answers: dict[tuple[str, str], subprocess.CompletedProcess[str]], folder: Path
) -> None:
    answer = answers[command, name]
    part = {**BAD, **BAD_RUN}[name][1]
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert part in answer.stderr
    assert len(answer.stderr.splitlines()) == 1, answer.stderr
    assert answer.stderr.startswith("dianzhong: ")
    assert "Traceback" not in answer.stderr
    assert {path.name for path in folder.iterdir()} == {*(f"{n.replace(' ', '_')}.toml" for n in FILES), "taken"}
    assert [path.name for path in (folder / "taken").iterdir()] == ["verdict.json"]


def test_all_errors_of_a_file_come_in_one_message(folder: Path) -> None:
    (folder / "taken" / "many.toml").write_text("format = 1\n[levers]\nI13a = 99\nI13z = 1\n")
    answer = call("check", "taken/many.toml", cwd=folder)
    (folder / "taken" / "many.toml").unlink()
    assert answer.returncode == 2
    assert answer.stderr.endswith("2 errors; nothing was run\n")


def test_no_command_and_an_unknown_command_are_refused() -> None:
    for arguments in ([], ["rum"]):
        answer = call(*arguments)
        assert answer.returncode == 2
        assert len(answer.stderr.splitlines()) == 1


# Light commands

LIGHT = [
    ["--help"],
    ["run", "--help"],
    ["check", "--help"],
    ["app", "--help"],
    ["--version"],
    ["describe"],
    *[["describe", topic] for topic in TOPICS],
    ["describe", "levers", "--json"],
    ["check", "ambitious"],
    ["check", "as_written", "--json", "--binding"],
]


@pytest.mark.parametrize("arguments", LIGHT, ids=" ".join)
def test_a_light_command_loads_no_heavy_library(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom experiments.cli import main\n"
        f"try:\n    code = main({arguments!r})\nexcept SystemExit as end:\n    code = end.code\n"
        f"heavy = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "sys.exit(f'{code} {heavy}' if code or heavy else 0)\n"
    )
    values = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run([sys.executable, "-c", code], env=values, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout


def test_describe_levers_has_the_promised_fields() -> None:
    rows = json.loads(call("describe", "levers", "--json").stdout)
    promised = {
        "id", "name", "article", "subject", "title_zh", "title_en", "unit", "low", "high", "baseline", "as_written",
        "suggested", "evidence", "effect", "needs", "payer", "cost_formula", "source",
    }  # fmt: skip
    assert all(promised <= set(row) for row in rows)
    needs = {row["id"]: row["needs"] for row in rows}
    assert needs["I09g"] == {"I09h": 2.0}


def test_describe_selects_by_id_name_and_part() -> None:
    by_id = json.loads(call("describe", "levers", "I13a", "--json").stdout)
    by_name = json.loads(call("describe", "levers", "land.annual_quota", "--json").stdout)
    by_part = json.loads(call("describe", "levers", "quota", "--json").stdout)
    assert by_id == by_name
    assert by_id[0] in by_part
    answer = call("describe", "levers", "annual_qota")
    assert answer.returncode == 2
    assert "nothing is called 'annual_qota'" in answer.stderr


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_every_topic_answers_in_both_languages_and_as_json(topic: str) -> None:
    for language in ("zh", "en"):
        assert len(call("describe", topic, "--lang", language).stdout.splitlines()) > 2
    assert len(json.loads(call("describe", topic, "--json").stdout)) > 2


def test_the_schedule_follows_the_model() -> None:
    rows = json.loads(call("describe", "schedule", "--json").stdout)
    assert len(rows) == 14
    assert rows[0]["id"] == "announce_policy"
    assert all(row["doc"] for row in rows)


def test_check_says_what_would_run(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(
        'format = 1\n[levers]\nI13a = { value = 5, from = "2022Q1", ramp_quarters = 4 }\nI09g = 5\n'
        '[[parks]]\nid = "north_park"\nnear = "yanglin"\nminutes = 10\nplanned_area = 8\n'
    )
    answer = call("check", "plan.toml", "--replicates", "10", "--workers", "1", cwd=tmp_path)
    assert answer.returncode == 0
    assert "I13a Annual land quota (separate account): 3 -> 5 km² per year, 2022Q1 to the end" in answer.stdout
    assert "I09g acts only together with I09h = 2" in answer.stdout
    assert "north_park" in answer.stdout
    assert "10 replicates" in answer.stdout
    document = json.loads(call("check", "plan.toml", "--json", cwd=tmp_path).stdout)
    assert document["replicates"] == DEFAULT_REPLICATES
    # Nothing restricts here, so the bundle and its support are one arm, and restrictions alone are the reference.
    assert document["arms"] == 2
    assert {path.name for path in tmp_path.iterdir()} == {"plan.toml"}


def test_the_default_scale_is_in_the_help() -> None:
    shown = call("run", "--help").stdout
    assert f"(default: {DEFAULT_SCALE})" in " ".join(shown.split())


def test_the_language_follows_option_and_locale() -> None:
    assert "政策杠杆" in call("describe", "levers", "--lang", "zh").stdout
    assert "政策杠杆" in call("describe", "levers", LANG="zh_CN.UTF-8").stdout
    assert "政策杠杆" in call("--lang=zh", "describe").stdout
    assert "policy levers" in call("describe", "--lang", "en", LANG="zh_CN.UTF-8").stdout


def test_a_terminal_that_cannot_show_chinese_does_not_end_the_program() -> None:
    answer = call("describe", "levers", "--lang", "zh", PYTHONIOENCODING="ascii")
    assert answer.returncode == 0
    assert "I13a" in answer.stdout


def test_a_reader_that_has_enough_is_no_error() -> None:
    command = f"{sys.executable} -m experiments describe parameters | head -1"
    values = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(command, shell=True, env=values, capture_output=True, text=True, timeout=60)
    assert answer.stderr == ""


def test_interrupts_have_their_own_exit_codes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_describe", interrupted)
    assert cli.main(["describe"]) == cli.INTERRUPTED
    assert capsys.readouterr().err == "dianzhong: interrupted; nothing was kept\n"


# The real run, small

SMALL = ("--replicates", "2", "--scale", "500", "--seed", "11")


def test_a_run_is_the_same_bytes_for_one_and_two_workers_and_keeps_what_it_prints(tmp_path: Path) -> None:
    one = call("run", "--json", *SMALL, "--workers", "1", "--out", str(tmp_path / "one"), "--panel", "parks")
    two = call("run", "--json", *SMALL, "--workers", "2", "--out", str(tmp_path / "two"), "--panel", "parks")
    assert one.returncode == two.returncode == 0, one.stderr
    assert one.stdout == two.stdout
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert [str(file) for file in files] == [
        "panel-parks/part-00000.parquet", "panel-parks/part-00001.parquet", "runs.parquet", "series.parquet",
        "verdict.json",
    ]  # fmt: skip
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert (tmp_path / "one" / "verdict.json").read_text(encoding="utf-8") == one.stdout
    document = json.loads(one.stdout)
    assert document["failed"] == 0
    assert len(document["targets"]) == 10
    assert all(value is not None for value in document["series"]["gdp"]["median"])


@pytest.mark.parametrize(("language", "words"), [("zh", "目标板"), ("en", "target board")])
def test_a_run_shows_the_board_in_the_language_asked_for(language: str, words: str) -> None:
    answer = call("run", "baseline", "--set", "I13a=5", *SMALL, "--assumptions", "central", "--lang", language)
    assert answer.returncode == 0, answer.stderr
    assert words in answer.stdout
    assert "\x1b" not in answer.stdout


def test_every_constraint_is_known_to_check_and_has_a_name_in_both_languages() -> None:
    assert len(SLACK) == CONSTRAINTS
    assert {f"constraint.{name}" for name in SLACK} == {key for key in texts() if key.startswith("constraint.")}


LEAVING = """
import atexit, os, sys
from experiments.cli import main
atexit.register(os.kill, os.getpid(), int(sys.argv.pop(1)))
sys.exit(main())
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_after_the_answer_does_not_change_the_exit_code(number: int) -> None:
    values = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", LEAVING, str(int(number)), "describe", "scenarios"]
    answer = subprocess.run(command, env=values, capture_output=True, text=True, timeout=60)
    assert (answer.returncode, answer.stderr) == (0, "") and "as_written" in answer.stdout

"""Ensembles, verdict and board, with a stand-in for the model that answers at once."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import string
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.board import board, verdict_word
from experiments.engine import Arm, ArmResult, Measured, seed_sequence
from experiments.ensemble import Outcome, Plan, Replicate, run_plan
from experiments.messages import LANGUAGES, Messages, language_of_locale, texts
from experiments.modified import MOST_ASSUMPTIONS, modified
from experiments.pool import Failure, run_tasks
from experiments.progress import Progress
from experiments.reach import first_year_out_of_reach
from experiments.store import document_text, reserved, write_outcome
from experiments.wording import Style, number, pad, percent, width
from sim.calibration.tables import parameters, targets
from sim.errors import InputError
from sim.params import Parameters, central
from sim.scenario import Scenario, Setting, load_scenario, scenario_from_mapping

YEARS = 5


class StandIn:
    """A model of one line: a rate from the draw, the luck and the number of levers."""

    def __init__(self, fails: tuple[int, ...] = (), dies: tuple[int, ...] = (), mistake: bool = False) -> None:
        self.fails, self.dies, self.mistake = fails, dies, mistake

    def prepare(self) -> None:
        pass

    def parameters(self, seed: np.random.SeedSequence | None, path: str) -> Parameters:
        middle = central(path)
        return middle if seed is None else middle.replace(Q01=0.03 + 0.035 * seed.generate_state(1)[0] / 2**32)

    def start(self, arm: Arm) -> Any:
        return seed_sequence(arm.luck).generate_state(1)[0] % 1000 / 1000

    def run(self, arm: Arm, start: float) -> ArmResult:
        index = arm.luck[1][0]
        if index in self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        if index in self.fails:
            raise ZeroDivisionError("a planted failure")
        if self.mistake:
            raise InputError("a planted mistake")
        rate = 100 * arm.parameters.values["Q01"] + start + 0.2 * len(arm.scenario.levers)
        found = {
            ident: Measured(None if ident == "hightech_growth" else rate, rate >= target.threshold, (rate,) * YEARS)
            for ident, target in targets().items()
        }
        paid = {lever: setting.value for lever, setting in arm.scenario.levers.items()}
        series = {
            "gdp": tuple(100.0 + rate * k for k in range(6)),
            "province_gdp": tuple(2000.0 + k for k in range(6)),
            "arrears": (0.0,) * 5 + (2.5 * len(paid),),
        }
        return ArmResult(found, {"gdp": (1.0, rate)}, series, paid, {"I06a": 1.5} if paid else {})

    def slack(self) -> Mapping[str, Mapping[str, float]]:
        return {"budget": {"I18b": 2000.0, "I13a": 9.0}, "demand": {}}

    def units(self) -> Mapping[str, str]:
        prices = "million yuan, 2020 prices"
        return {"gdp": prices, "province_gdp": prices, "arrears": "million yuan"}


def plan(**options: Any) -> Plan:
    standard = {"replicates": 20, "workers": 1, "scale": 50}
    return Plan(load_scenario("as_written"), load_scenario("baseline"), **{**standard, **options})


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run_plan(plan(binding=True), StandIn())


# Running


def test_the_number_of_workers_changes_no_byte() -> None:
    documents = {workers: document_text(run_plan(plan(workers=workers), StandIn()).verdict) for workers in (1, 2, 3)}
    assert len(set(documents.values())) == 1


def test_replicates_do_not_depend_on_how_many_there_are() -> None:
    few, many = run_plan(plan(replicates=3), StandIn()), run_plan(plan(replicates=6), StandIn())
    assert few.replicates == many.replicates[:3]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_replicate_is_counted_and_shown(workers: int, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_plan(plan(workers=workers), StandIn(fails=(3, 7)))
    shown = capsys.readouterr().err
    assert list(result.failures) == [3, 7]
    assert [replicate.index for replicate in result.replicates] == [i for i in range(20) if i not in (3, 7)]
    assert "replicate 3 failed (seed 7, spawn_key (3,)): ZeroDivisionError: a planted failure" in shown
    assert "Traceback" in shown
    row = result.verdict["targets"][0]
    assert (row["n"], row["failed"], result.verdict["failed"]) == (18, 2, 2)


def test_a_worker_that_is_killed_is_a_failure_not_a_wait() -> None:
    result = run_plan(plan(workers=2), StandIn(dies=(5,)))
    assert result.failures == {5: Failure("the worker process ended with code -9", "")}
    assert len(result.replicates) == 19


@pytest.mark.parametrize("workers", [1, 2])
def test_an_input_error_of_the_model_stays_an_input_error(workers: int) -> None:
    with pytest.raises(InputError, match=r"^a planted mistake$"):
        run_plan(plan(workers=workers), StandIn(mistake=True))


SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have started the tests with it ignored
sys.path.insert(0, {tests!r})
import experiments.ensemble
from test_ensemble import StandIn
class Slow(StandIn):
    def run(self, arm, start):
        sys.stderr.write("running\\n")
        sys.stderr.flush()
        time.sleep(60)
experiments.ensemble.ModelEngine = Slow
from experiments.cli import main
sys.exit(main(["run", "--workers", "2", "--out", {out!r}, "--panel", "firms"]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_all_workers_and_leaves_nothing(number: signal.Signals, code: int, tmp_path: Path) -> None:
    script = SLOW.format(tests=str(Path(__file__).parent), out=str(tmp_path / "out"))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "running\n"
    # A terminal sends the interrupt to the whole group, workers included; a batch system ends the parent alone.
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert process.returncode == code
    assert said.endswith("dianzhong: interrupted; nothing was kept\n")
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_workers_end_with_the_iterator() -> None:
    results = run_tasks(abs, list(range(-50, 0)), 2)
    next(results)
    results.close()  # type: ignore[attr-defined]


def test_if_everything_fails_nothing_is_claimed() -> None:
    document = run_plan(plan(replicates=2), StandIn(fails=(0, 1))).verdict
    assert {row["probability"] for row in document["targets"]} == {None}
    assert document["reached"]["all"]["probability"] is None
    for language in LANGUAGES:
        assert board(document, Messages(language), Style())


def test_equal_arms_run_once() -> None:
    calls: list[str] = []

    class Counting(StandIn):
        def run(self, arm: Arm, start: float) -> ArmResult:
            calls.append(arm.scenario.name)
            return super().run(arm, start)

    same = Plan(load_scenario("baseline"), load_scenario("baseline"), replicates=1, workers=1, assumptions="central")
    run_plan(same, Counting())
    assert len(calls) == same.runs() == 1


def test_arms_share_a_start_unless_their_places_differ() -> None:
    places: list[int] = []

    class Counting(StandIn):
        def start(self, arm: Arm) -> Any:
            places.append(len(arm.scenario.parks))
            return super().start(arm)

    park = {"id": "north_park", "near": "yanglin", "minutes": 10, "planned_area": 5}
    built = scenario_from_mapping({"name": "built", "levers": {"I13a": 5}, "parks": [park]})
    run_plan(Plan(built, load_scenario("baseline"), replicates=1, workers=1, assumptions="central"), Counting())
    assert sorted(places) == [0, 1]


def test_assumptions_hold_in_all_arms() -> None:
    policy = scenario_from_mapping({"name": "a", "assumptions": {"Q01": 0.05}})
    reference = scenario_from_mapping({"name": "b", "assumptions": {"Q02": 0.8}})
    chosen = Plan(policy, reference, {"Q01": 0.06}, replicates=2, workers=1)
    assert chosen.assume["Q01"] == 0.06
    result = run_plan(chosen, StandIn())
    assert {replicate.parameters["Q01"] for replicate in result.replicates} == {0.06}
    with pytest.raises(InputError, match=r"assumptions.Q01: a assumes 0.05, c assumes 0.04"):
        Plan(policy, scenario_from_mapping({"name": "c", "assumptions": {"Q01": 0.04}}))


@pytest.mark.parametrize(
    "options",
    [{"replicates": 0}, {"replicates": -1}, {"replicates": True}, {"scale": 0}, {"workers": 0}, {"seed": -1},
     {"share": "x"}, {"rule": "x"}, {"horizon": 2027}, {"panel": "x"}, {"assumptions": "x"}, {"path": "x"}],
)  # fmt: skip
def test_a_plan_refuses_what_cannot_be_run(options: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        plan(**options)


# The verdict


def test_the_document_has_the_promised_fields(outcome: Outcome) -> None:
    document = outcome.verdict
    assert set(document) >= {
        "format", "scenario", "against", "replicates", "failed", "seed", "scale", "provenance", "targets", "groups",
        "reached", "series", "fiscal", "province",
    }  # fmt: skip
    row = document["targets"][0]
    assert set(row) >= {
        "id", "article", "unit", "threshold", "rule", "probability", "low", "high", "median", "p05", "p25", "p75",
        "p95", "gap", "luck_share", "first_year_out_of_reach", "against", "binding",
    }  # fmt: skip
    assert [entry["id"] for entry in document["targets"]] == list(targets())
    assert set(document["provenance"]) >= {"version", "revision", "packages", "scenario_sha256", "data_sha256"}
    assert document["series"]["gdp"]["year"] == list(range(2020, 2026))
    assert document["reached"]["of"] == 9
    assert json.loads(document_text(document)) == document


def test_an_undefined_value_counts_as_not_reached(outcome: Outcome) -> None:
    row = next(row for row in outcome.verdict["targets"] if row["id"] == "hightech_growth")
    assert row["median"] is row["gap"] is row["luck_share"] is None
    assert row["probability"] == 0.0


def test_paired_changes_are_exact_on_common_luck(outcome: Outcome) -> None:
    document = outcome.verdict
    levers = len(load_scenario("as_written").levers)
    change = document["targets"][0]["change"]
    assert change["median_change"] == pytest.approx(0.2 * levers)
    assert change["correlation"] == pytest.approx(1.0)
    parts = [document["groups"][part]["gdp_growth"]["median_change"] for part in ("restricts", "supports")]
    assert sum(parts) == pytest.approx(0.2 * levers)


def test_the_binding_constraint_is_the_one_that_helps_for_certain(outcome: Outcome) -> None:
    row = outcome.verdict["targets"][0]
    assert row["binding"] == "budget"
    assert row["constraints"]["demand"]["median_change"] == 0.0
    assert run_plan(plan(), StandIn()).verdict["targets"][0]["binding"] is None


def test_the_instruments_add_up_to_the_bill(outcome: Outcome) -> None:
    fiscal = outcome.verdict["fiscal"]
    carried = sum(fiscal["by_payer"].get(payer, 0.0) for payer in ("province", "kunming"))
    assert sum(fiscal["by_instrument"].values()) == pytest.approx(fiscal["net_cost"] + carried)
    assert fiscal["rationed"] == {"I06a": 1.5}
    assert fiscal["owed"] == pytest.approx(2.5 * len(outcome.plan.scenario.levers))


def test_central_assumptions_leave_luck_alone() -> None:
    document = run_plan(plan(assumptions="central"), StandIn()).verdict
    assert document["targets"][0]["luck_share"] == 1.0


def test_displacement_is_what_the_province_does_not_keep(outcome: Outcome) -> None:
    province = outcome.verdict["province"]
    assert province["net_gain"] == pytest.approx(-province["forgone"])  # all displaced, and the grants are spent
    assert province["forgone"] > 0.0
    assert province["displaced_share"] == pytest.approx(1.0)


# First year out of reach


def test_out_of_reach_by_hand() -> None:
    # After 2021 at 5 %, four years at 11.3 % are needed for 10 % on average; nobody ever shows more than 5 %.
    assert first_year_out_of_reach([[5.0] * 5] * 3, 10.0, "average", True) == 2021
    assert first_year_out_of_reach([[10.0] * 5] * 3, 10.0, "average", True) is None
    # Ten points in 2021 leave 0.875 a year; the later 0.8 falls short from the first look on.
    assert first_year_out_of_reach([[1.5, 0.8, 0.8, 0.8, 0.8]] * 2, 1.0, "average", False) == 2021
    # Needed 12 after 2021 and 2022, and 2023-25 bring 12, 12 and 6: lost after 2024.
    assert first_year_out_of_reach([[8.0, 8.0, 12.0, 12.0, 6.0]] * 2, 10.0, "average", False) == 2024
    assert first_year_out_of_reach([[11.0, 9.0, 11.0]], 10.0, "each", True) == 2022
    assert first_year_out_of_reach([[1.0, 1.0, 11.0]], 10.0, "final", True) is None
    assert first_year_out_of_reach([[None, 1.0]], 10.0, "average", True) is None
    assert first_year_out_of_reach([], 10.0, "average", True) is None


@given(st.lists(st.lists(st.floats(-20, 30), min_size=5, max_size=5), min_size=1, max_size=8), st.booleans())
def test_a_target_that_every_replicate_meets_is_never_out_of_reach(rates: list[list[float]], compounds: bool) -> None:
    worst = min(min(years) for years in rates)
    assert first_year_out_of_reach(rates, worst, "average", compounds) is None


# Words


def test_both_languages_fill_the_same_blanks() -> None:
    for key, both in texts().items():
        blanks = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in both]
        assert all(text.strip() for text in both), key
        assert blanks[0] == blanks[1] or key.startswith("board.reached"), key


def test_every_text_that_the_source_names_exists() -> None:
    # In the tables of articles, of notes and of published figures `text` reads a column.
    tables = {"articles", "notes", "published"}
    files = [f for f in (Path(__file__).parents[1] / "experiments").glob("*.py") if f.stem not in tables]
    source = "\n".join(file.read_text("utf-8") for file in files)
    assert set(re.findall(r'\btext\("([a-z_.]+)"', source)) <= set(texts())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_board_shows_every_target_in_words(outcome: Outcome, language: str) -> None:
    shown = board(outcome.verdict, Messages(language), Style())
    for target in targets().values():
        assert getattr(target, f"title_{language}") in shown
    assert "\x1b" not in shown
    assert max(width(line) for line in shown.splitlines()) <= 124
    assert "\x1b[" in board(outcome.verdict, Messages(language), Style(colour=True))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({}, 0),
        ({"replicates": 7, "seed": 8, "scale": 9, "scenario": "other"}, 0),  # how exact and which policy: no baseline
        ({"assume": {"P12": 5.0}}, 1),
        ({"assume": {row.id: row.low for row in list(parameters().values())[:9]}}, MOST_ASSUMPTIONS + 1),
        ({"assumptions": "central"}, 1),
        ({"share": "implied", "path": "as_seen_in_2020"}, 2),
        ({"rule": "each", "horizon": 2030}, 2),
        ({"rule": "final", "provenance": {"against_sha256": "f00"}}, 2),
    ],
)
def test_a_modified_baseline_is_told_in_one_line(
    outcome: Outcome, language: str, changes: dict[str, Any], parts: int
) -> None:
    text, found = Messages(language), outcome.verdict
    document = {**found, **changes, "provenance": {**found["provenance"], **changes.get("provenance", {})}}
    said = modified(document, text)
    assert len(said) == parts
    shown = board(document, text, Style())
    assert (text("modified.line", changes="").rstrip() in shown) is bool(parts)
    assert all(part in shown for part in said)
    assert max(width(line) for line in shown.splitlines()) <= 124


def test_an_assumption_of_the_modified_baseline_has_its_name_and_value(outcome: Outcome) -> None:
    document = {**outcome.verdict, "assume": {"P12": 5.0}}
    assert modified(document, Messages("zh")) == ["产品替代弹性（P12）固定为 5"]


def test_works_on_own_links_and_what_is_owed_stand_on_the_board(outcome: Outcome) -> None:
    document = outcome.verdict
    bill = document["fiscal"] | {"by_instrument": {"links": 5000.0}, "owed": 1200.0}
    shown = board(document | {"fiscal": bill}, Messages("en"), Style())
    assert "        Works on the scenario's own links: 5.00 billion yuan\n" in shown
    assert "At the end 1.20 billion yuan more is owed than under the reference" in shown
    less = board(document | {"fiscal": bill | {"owed": -1200.0}}, Messages("en"), Style())
    assert "At the end 1.20 billion yuan less is owed than under the reference" in less
    assert "owed" not in board(document | {"fiscal": bill | {"owed": 0.0}}, Messages("en"), Style())


def test_dates_that_do_not_fit_stand_on_the_board() -> None:
    late = Scenario("late", levers={"I05b": Setting(2500.0, 21)})
    document = run_plan(replace(plan(replicates=2), scenario=late), StandIn()).verdict
    assert "I05b begins 2026Q1, after the end of 2025" in board(document, Messages("en"), Style())


@pytest.mark.parametrize(
    ("estimate", "word"),
    [(0.0, "out"), (0.05, "out"), (0.06, "unlikely"), (0.35, "even"), (0.5, "even"), (0.65, "likely"),
     (0.95, "certain"), (1.0, "certain"), (None, "none")],
)  # fmt: skip
def test_verdict_words(estimate: float | None, word: str) -> None:
    assert verdict_word(estimate) == word


def test_bars_show_the_interval() -> None:
    assert Style().bar(0.0, 0.05) == "▒" + "░" * 19
    assert Style(blocks=False).bar(0.5, 1.0) == "#" * 10 + "~" * 10
    assert Style().bar(1.0, 1.0) == "█" * 19 + "▒"
    assert Style().bar(None, None) == "░" * 20


def test_numbers_are_rounded_without_lying() -> None:
    text = Messages("en")
    assert percent(0.001, text) == "<1 %"
    assert percent(0.999, text) == ">99 %"
    assert percent(0.0, text) == "0 %"
    assert number(-0.04, "% per year", text) == "0.0"
    assert number(-3.94, "% per year", text, sign=True) == "-3.9"
    assert width("滇中x") == 5
    assert width(pad("滇中", 10)) == 10


@pytest.mark.parametrize(
    ("environment", "language"),
    [({"LANG": "zh_CN.UTF-8"}, "zh"), ({"LANG": "en_GB"}, "en"), ({}, "en"), ({"LC_ALL": "C", "LANG": "zh_CN"}, "en")],
)
def test_the_language_follows_the_locale(environment: dict[str, str], language: str) -> None:
    assert language_of_locale(environment) == language


class _Terminal:
    encoding = "utf-8"

    def __init__(self, live: bool) -> None:
        self.live, self.shown = live, ""

    def isatty(self) -> bool:
        return self.live

    def write(self, text: str) -> int:
        self.shown += text
        return len(text)

    def flush(self) -> None:
        pass


def test_colour_only_where_it_is_wanted() -> None:
    assert Style.of(_Terminal(True), {}).colour  # type: ignore[arg-type]
    assert not Style.of(_Terminal(True), {"NO_COLOR": "1"}).colour  # type: ignore[arg-type]
    assert not Style.of(_Terminal(False), {}).colour  # type: ignore[arg-type]


@pytest.mark.parametrize(("live", "count"), [(True, 4), (False, 1)])
def test_progress_draws_a_bar_or_a_line_every_half_minute(
    live: bool, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 10.0, 20.0, 31.0, 40.0])
    monkeypatch.setattr("experiments.progress.time.monotonic", lambda: next(clock))
    stream = _Terminal(live)
    progress = Progress(4, "replicates", lambda seconds: f"{seconds:.0f} s left", stream)  # type: ignore[arg-type]
    for done in range(1, 5):
        progress.update(done)
    assert stream.shown.count("replicates") == count
    assert "replicates 3/4 10 s left" in stream.shown


# What is left on the disk


def test_results_are_complete_and_equal_for_every_number_of_workers(tmp_path: Path) -> None:
    for workers in (1, 2):
        result = run_plan(plan(workers=workers), StandIn(fails=(4,)))
        with reserved(tmp_path / str(workers), None):
            names = write_outcome(result, result.verdict, tmp_path / str(workers))
        assert sorted(path.name for path in (tmp_path / str(workers)).iterdir()) == sorted(names)
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()
    runs = pq.read_table(tmp_path / "1" / "runs.parquet").to_pydict()
    assert len(runs["replicate"]) == 80
    failed = [status for status, index in zip(runs["status"], runs["replicate"], strict=True) if index == 4]
    assert failed == ["failed"] * 4
    assert {value for value, index in zip(runs["gdp_growth"], runs["replicate"], strict=True) if index == 4} == {None}


def test_an_unfinished_run_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), reserved(tmp_path / "new", "firms"):
        raise KeyboardInterrupt
    assert not (tmp_path / "new").exists()


def test_results_are_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_text("{}")
    with pytest.raises(InputError, match=r"verdict\.json already"), reserved(tmp_path, None):
        pass


def test_a_number_that_is_none_cannot_be_printed() -> None:
    with pytest.raises(ValueError, match=r"not JSON compliant"):
        document_text({"value": math.nan})


def test_scenarios_of_an_outcome_stay_what_they_were(outcome: Outcome) -> None:
    assert isinstance(outcome.plan.scenario, Scenario)
    assert outcome.plan.scenario == load_scenario("as_written")
    assert isinstance(outcome.replicates[0], Replicate)
    assert replace(outcome.plan, seed=8).runs() == outcome.plan.runs()

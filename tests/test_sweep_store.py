"""The durable store of a sweep: what is written is read again, the same bytes whoever writes, old stores readable."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.engine import Arm, Definitions, ModelEngine
from experiments.ensemble import Plan, run_plan
from experiments.errors import ResumeError
from experiments.sweep import manifest as manifests
from experiments.sweep.manifest import code_changes, code_fingerprint, run_id, versions_now
from experiments.sweep.schema import indicator_fields, outcome_fields, outcomes, schema_markdown
from experiments.sweep.store import SweepStore, verify_files
from experiments.verdict import verdict
from sim.scenario import load_scenario
from tests.sweep_sample import COMMAND, STUDY, TEXT, VERSIONS, drawn, layout, made, part, record, row

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "tests" / "data" / "sweep_format_1"


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- writing and reading -----------------------------------------------------------------------------------------


def test_the_folder_holds_what_is_published(tmp_path):
    store = made(tmp_path / "a")
    names = set(files_of(tmp_path / "a"))
    parts = {f"{kind}/part-{k:05d}.parquet" for kind in ("runs", "draws", "series") for k in range(3)}
    assert names == parts | {"study.toml", "scenario.toml", "points.parquet", "manifest.json", "parts.jsonl"}
    assert (tmp_path / "a" / "study.toml").read_text("utf-8") == TEXT
    assert store.parts == 3 and store.total == 12 and store.done() == (12, 12)
    assert verify_files(store) == []


def test_the_manifest_says_what_was_asked_with_what_and_where(tmp_path):
    found = made(tmp_path / "a", order=()).manifest
    assert found["command"] == COMMAND and found["versions"] == VERSIONS and found["study_sha256"] == STUDY
    assert found["code_sha256"] == code_fingerprint() and found["machine"]["cpus"] == os.cpu_count()
    assert set(found["files"]) == {"study.toml", "scenario.toml", "points.parquet"}
    assert found["started"].endswith("+00:00") and found["host"]


def test_a_store_opens_as_it_was_made(tmp_path):
    made(tmp_path / "a")
    store = SweepStore.open(tmp_path / "a")
    assert store.sound_parts() == {0, 1, 2}
    table = store.runs()
    assert table["run_id"].to_pylist() == [ident for k in range(3) for ident in store.run_ids(k)]
    assert table["replicate"].to_pylist() == [n // 3 for n in range(12)]
    assert table["point_id"].to_pylist() == [n % 3 for n in range(12)]
    assert store.points()["policy.I05b"].to_pylist() == [0.0, 0.05, 0.1]
    assert store.series().num_rows == 12 * 3


def test_rows_come_back_as_they_were_written(tmp_path):
    asked = layout()
    store = made(tmp_path / "a", asked)
    ids = [ident for k in range(3) for ident in store.run_ids(k)]
    assert store.runs().to_pylist() == [
        {name: row(asked, ids[n], n).flat().get(name) for name in store.runs().column_names} for n in range(12)
    ]
    series = store.series().to_pylist()
    assert [r["gdp"] for r in series] == [value for n in range(12) for value in record(n)["gdp"]]


def test_a_run_id_is_what_the_run_is_never_where_it_stands():
    assert run_id("s", "p", 3) == run_id("s", "p", 3) and len(run_id("s", "p", 3)) == 16
    assert len({run_id("s", "p", 3), run_id("s", "p", 4), run_id("s", "q", 3), run_id("t", "p", 3)}) == 4


def test_types_are_fixed_and_units_are_in_the_files(tmp_path):
    made(tmp_path / "a", failed=range(12))  # nothing to guess a type from
    schema = pq.read_schema(tmp_path / "a" / "runs" / "part-00000.parquet")
    assert str(schema.field("gdp_growth").type) == "double" and str(schema.field("gdp_growth_reached").type) == "bool"
    assert schema.field("net_cost").metadata[b"unit"] == b"million yuan"
    assert schema.field("policy.I05b").metadata[b"description"]
    assert str(schema.field("error").type) == "string"


def test_the_provenance_is_in_every_file_without_time_host_or_folder(tmp_path):
    made(tmp_path / "a")
    for path in (tmp_path / "a").rglob("*.parquet"):
        found = json.loads(pq.read_schema(path).metadata[b"dianzhong"])
        assert set(found) == {"format", "study_sha256", "versions", "seed", "scale", "code_sha256", "command"}
        assert found["study_sha256"] == STUDY and found["seed"] == 7 and "--out" not in found["command"]


def test_a_failed_run_is_a_row_with_empty_outcomes(tmp_path):
    store = made(tmp_path / "a", failed=(4,))
    table = store.runs()
    assert table.num_rows == 12 and table["status"].to_pylist().count("failed") == 1
    bad = table.slice(4, 1).to_pylist()[0]
    assert all(bad[field.name] is None for field in outcome_fields())
    assert store.series().num_rows == 11 * 3
    (found,) = store.failures()
    assert found["run_id"] == bad["run_id"] and found["traceback"] == "Traceback ..." and found["seed"] == 7
    assert found["point"] == {"scenario": "as_written", "policy.I05b": 0.05, "uncertain.P12": 0.5}
    assert found["replay"] == f"dianzhong replay {tmp_path / 'a'} {bad['run_id']}"


def test_complete_replicates_alone_can_be_asked_for(tmp_path):
    store = made(tmp_path / "a", order=(0,))
    assert store.runs().num_rows == 5 and store.done() == (5, 12)
    assert store.runs(complete_only=True)["replicate"].to_pylist() == [0, 0, 0]
    empty = made(tmp_path / "b", order=())
    assert empty.runs().num_rows == 0 and empty.runs(complete_only=True).num_rows == 0


def test_pandas_reads_the_plain_folder(tmp_path):
    store = made(tmp_path / "a")
    (tmp_path / "a" / "runs" / ".part-00002.parquet.1-0.tmp").write_bytes(b"half a part")
    frame = pd.read_parquet(tmp_path / "a" / "runs")
    assert list(frame["run_id"]) == store.runs()["run_id"].to_pylist()


def test_duckdb_reads_the_plain_folder(tmp_path):
    duckdb = pytest.importorskip("duckdb")
    made(tmp_path / "a")
    (found,) = duckdb.sql(f"select count(*) from '{tmp_path / 'a' / 'runs' / '*.parquet'}'").fetchall()
    assert found == (12,)


def test_a_store_travels_to_a_worker(tmp_path):
    asked = layout()
    store = pickle.loads(pickle.dumps(SweepStore.create(tmp_path / "a", asked, VERSIONS, COMMAND)))
    assert len(pickle.dumps(store)) < 20_000
    store.record(part(store, asked, 1))
    assert store.sound_parts() == {1}


# --- mistakes of ours never reach a file ---------------------------------------------------------------------------


def test_a_part_takes_its_own_runs_alone(tmp_path):
    asked = layout()
    store = SweepStore.create(tmp_path / "a", asked, VERSIONS, COMMAND)
    rows = [row(asked, ident, n) for n, ident in zip(store.run_numbers(0), store.run_ids(0), strict=True)]
    for wrong in (rows[:-1], rows[::-1], [replace(rows[0], run_id="0" * 16), *rows[1:]]):
        with pytest.raises(ValueError, match="other runs"):
            store.write_part(0, wrong)
    with pytest.raises(ValueError, match="status"):
        store.write_part(0, [replace(rows[0], status="fine"), *rows[1:]])
    with pytest.raises(ValueError, match="has outcomes"):
        store.write_part(0, [replace(rows[0], status="killed"), *rows[1:]])
    with pytest.raises(ValueError, match="has outcomes"):
        store.write_part(0, [replace(rows[0], outcomes={}), *rows[1:]])
    assert list((tmp_path / "a" / "runs").iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"points": [{"point_id": 1}]},
        {"runs": 13},
        {"part_size": 0},
        {"files": {}},
        {"files": {"study.toml": "", "../x": ""}},
        {"files": {"study.toml": "", "manifest.json": ""}},
        {"columns": {"x": "int8"}},
    ],
)
def test_a_layout_that_makes_no_sense_is_refused(changes):
    with pytest.raises(ValueError, match=r"points|runs|files|name"):
        replace(layout(), **changes)


# --- the same bytes ------------------------------------------------------------------------------------------------


def test_the_same_rows_give_the_same_bytes(tmp_path):
    first, second = made(tmp_path / "a"), made(tmp_path / "b", order=(2, 0, 1))
    a, b = files_of(tmp_path / "a"), files_of(tmp_path / "b")
    assert {name for name in a if a[name] != b[name]} <= {"manifest.json", "parts.jsonl"}
    assert first.runs().equals(second.runs())
    store = SweepStore.open(tmp_path / "a")
    for k in range(3):
        part(store, layout(), k)
    assert {name: data for name, data in files_of(tmp_path / "a").items()} == a


@settings(deadline=None, max_examples=10)
@given(st.permutations(range(6)), st.sets(st.integers(0, 11)))
def test_any_order_of_finishing_gives_the_same_table(order, failed):
    asked = layout(size=2, series=False)
    with tempfile.TemporaryDirectory() as folder:
        store = made(Path(folder) / "a", asked, order, failed)
        again = made(Path(folder) / "b", asked, None, failed)
        assert store.runs().equals(again.runs()) and store.sound_parts() == set(range(6))


reals = st.none() | st.floats(allow_nan=False, allow_infinity=False)
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(reals, reals, texts, st.booleans()), min_size=4, max_size=4))
def test_any_values_survive_the_round_trip(values):
    asked = layout(points=2, replicates=2, size=4, series=False)
    with tempfile.TemporaryDirectory() as folder:
        store = SweepStore.create(Path(folder) / "a", asked, VERSIONS, COMMAND)
        rows = []
        for n, (ident, (x, y, text, truth)) in enumerate(zip(store.run_ids(0), values, strict=True)):
            plain = row(asked, ident, n)
            found = {**plain.outcomes, "gdp_growth": x, "gdp_growth_reached": truth}
            found["net_cost"] = y
            rows.append(replace(plain, error=text, outcomes=found))
        draws = {new: drawn(asked, new) for new in store.new_replicates(0)}
        store.record(store.write_part(0, rows, None, draws))
        back = [(r["gdp_growth"], r["net_cost"], r["error"], r["gdp_growth_reached"]) for r in store.runs().to_pylist()]
        kept = [(r["replicate"], r["parameter"], r["value"]) for r in store.draws().to_pylist()]
        assert kept == [(new, name, value) for new, row_of in draws.items() for name, value in row_of.items()]
        assert back == values
        assert Path(folder, "a", "runs", "part-00000.parquet").stat().st_size > 0


def test_what_is_not_finite_is_undefined(tmp_path):
    asked = layout(points=1, replicates=1, size=1, drawn=())
    store = SweepStore.create(tmp_path / "a", asked, VERSIONS, COMMAND)
    plain = row(asked, store.run_ids(0)[0], 0)
    odd = replace(plain, outcomes={**plain.outcomes, "gdp_growth": float("nan"), "net_cost": float("inf")})
    store.record(store.write_part(0, [odd], [{**record(0), "gdp": [float("nan"), 1.0, 2.0]}]))
    assert store.runs()["gdp_growth"].to_pylist() == [None] == store.runs()["net_cost"].to_pylist()
    assert store.series()["gdp"].to_pylist() == [None, 1.0, 2.0]


def test_text_that_is_no_unicode_is_written_out(tmp_path):
    asked = layout(points=1, replicates=1, size=1, series=False, drawn=())
    store = SweepStore.create(tmp_path / "a", asked, VERSIONS, "dianzhong sweep caf\udce9.toml")
    store.record(store.write_part(0, [replace(row(asked, store.run_ids(0)[0], 0, (0,)), error="caf\udce9")]))
    assert store.runs()["error"].to_pylist() == ["caf\\udce9"]
    assert SweepStore.open(tmp_path / "a").manifest["command"] == "dianzhong sweep caf\\udce9.toml"


# --- the same study and code ---------------------------------------------------------------------------------------


def test_another_study_or_other_code_is_refused_by_name(tmp_path, monkeypatch):
    store = made(tmp_path / "a", order=(0,))
    before = files_of(tmp_path / "a")
    assert store.differences(STUDY) == {} and store.require_same(STUDY) is store
    with pytest.raises(ResumeError, match=r"holds another study .*new folder"):
        store.require_same("b" * 64, accept_code=True)
    monkeypatch.setattr("experiments.sweep.store.code_fingerprint", lambda: "c" * 64)
    with pytest.raises(ResumeError, match=r"the code or its tables have changed .*--accept-code-change"):
        store.require_same(STUDY)
    assert files_of(tmp_path / "a") == before
    accepted = store.require_same(STUDY, accept_code=True)
    accepted.record(part(accepted, layout(), 1))
    metadata = pq.read_schema(tmp_path / "a" / "runs" / "part-00001.parquet").metadata
    assert json.loads(metadata[b"dianzhong"])["code_sha256"] == "c" * 64
    assert SweepStore.open(tmp_path / "a").sound_parts() == {0, 1} and store.runs().num_rows == 10


def test_the_fingerprint_is_of_what_decides_results(tmp_path, monkeypatch):
    for name in ("agents/a.py", "sim/t.csv", "experiments/s.toml", "experiments/dashboard/d.py", "sim/notes.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", "utf-8")
    monkeypatch.setattr(manifests, "_ROOT", tmp_path)
    fresh = code_fingerprint.__wrapped__
    before = fresh()
    for name, counts in (("experiments/dashboard/d.py", False), ("sim/notes.md", False), ("sim/t.csv", True)):
        (tmp_path / name).write_text("y", "utf-8")
        assert (fresh() != before) is counts, name
    before = fresh()
    (tmp_path / "sim/t.csv").rename(tmp_path / "sim/u.csv")
    assert fresh() != before


def test_changes_of_the_code_are_saved(tmp_path, monkeypatch):
    assert code_changes({"revision": "abc"}) is None and code_changes({"revision": None}) is None
    assert versions_now()["python"]
    monkeypatch.setattr("experiments.sweep.store.code_changes", lambda found: "--- a\n+++ b\n")
    store = SweepStore.create(tmp_path / "a", layout(), {**VERSIONS, "revision": "abc+changes"}, COMMAND)
    assert (tmp_path / "a" / "code.diff").read_text("utf-8") == "--- a\n+++ b\n" and "code.diff" in store.manifest[
        "files"
    ]


@pytest.mark.skipif(not (ROOT / ".git").exists() or shutil.which("git") is None, reason="no checkout")
def test_the_difference_to_the_commit_is_asked_of_git():
    assert isinstance(code_changes({"revision": "abc+changes"}), str)


# --- outcomes of the model -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def result():
    engine = ModelEngine()
    arm = Arm(
        load_scenario("as_written"), engine.parameters(None, "observed"), (7, (0, 1)), 500, "observed", Definitions()
    )
    return engine.run(arm, engine.start(arm))


def test_outcomes_are_those_published(result):
    found = outcomes(result)
    assert set(found) == {field.name for field in outcome_fields()}
    kinds = {"float64": (float, type(None)), "bool": bool, "int16": int}
    assert all(isinstance(found[field.name], kinds[field.type]) for field in outcome_fields())
    assert found["paid_total"] == pytest.approx(found["net_cost"] + found["paid_province"] + found["paid_kunming"])
    assert set(result.record) == {field.name for field in indicator_fields()}


def test_costs_and_gains_are_those_of_the_board():
    plan = Plan(
        load_scenario("as_written"), load_scenario("baseline"), replicates=1, scale=500, workers=1, explain=False
    )
    outcome = run_plan(plan)
    arms = {name: outcomes(arm) for name, arm in outcome.replicates[0].arms.items()}
    change = {name: arms["policy"][name] - arms["against"][name] for name in ("net_cost", "gdp_sum")}
    board = verdict(outcome)
    assert change["net_cost"] == pytest.approx(board["fiscal"]["net_cost"], rel=1e-12)
    assert change["gdp_sum"] == pytest.approx(board["province"]["new_area_gain"], rel=1e-9)
    assert arms["policy"]["targets_reached"] == board["reached"]["counts"][0]
    assert {row["id"]: row["median"] for row in board["targets"]} == {
        row["id"]: arms["policy"][row["id"]] for row in board["targets"]
    }


# --- what is published stays ---------------------------------------------------------------------------------------


def test_the_manual_prints_the_schema_of_the_code():
    text = (ROOT / "docs" / "store.md").read_text("utf-8")
    assert schema_markdown() in text, "docs/store.md is not current: run `python tests/test_sweep_store.py`"


def test_a_store_of_format_1_stays_readable(tmp_path):
    shutil.copytree(KEPT, tmp_path / "a")
    store = SweepStore.open(tmp_path / "a")
    assert verify_files(store) == [] and store.sound_parts() == {0, 1}
    table = store.runs()
    assert table.num_rows == 4 and table["status"].to_pylist() == ["ok", "failed", "ok", "ok"]
    fixed = {name: table[name].to_pylist() for name in ("run_id", "gdp_growth", "net_cost", "policy.I05b")}
    assert fixed == json.loads((KEPT.parent / "sweep_format_1.json").read_text("utf-8"))
    known = {field.name for field in outcome_fields()}
    assert set(store.manifest["outcomes"]) <= known, "a column was taken away: columns are only ever added"
    assert files_of(tmp_path / "a") == files_of(KEPT)


def keep_a_sample(folder: Path) -> None:
    """Make the store that is kept in tests/data; only for a new format, never to make a test pass."""
    shutil.rmtree(folder, ignore_errors=True)
    asked = layout(points=2, replicates=2, size=2)
    store = made(folder, asked, failed=(1,))
    path = folder / "manifest.json"
    content = manifests.unsealed(path.read_text("utf-8").rstrip("\n"), indent=2)
    path.write_text(manifests.sealed({**content, "host": "somewhere", "machine": {}}, indent=2) + "\n", "utf-8")
    table = store.runs()
    kept = {name: table[name].to_pylist() for name in ("run_id", "gdp_growth", "net_cost", "policy.I05b")}
    folder.with_suffix(".json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def write_the_manual() -> None:
    path = ROOT / "docs" / "store.md"
    head = path.read_text("utf-8").partition("### `runs/")[0]
    path.write_text(head + schema_markdown(), "utf-8")


if __name__ == "__main__":
    write_the_manual()
    if not KEPT.exists():
        keep_a_sample(KEPT)

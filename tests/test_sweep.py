"""Sweeps from end to end on the real model: any workers, any start method, any damage: the same bytes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from experiments.cli import main
from experiments.ensemble import Plan, run_plan
from experiments.errors import ResumeError, StorageError
from experiments.messages import Messages
from experiments.sweep import durable
from experiments.sweep.again import replay, verify
from experiments.sweep.manifest import versions_now
from experiments.sweep.session import Session
from experiments.sweep.status import replay_text, status_document, status_text
from experiments.sweep.stems import common, trails
from experiments.sweep.store import SweepStore
from experiments.sweep.study import Study
from experiments.sweep.study_check import study_document
from experiments.sweep.sweep import STOPPED, TOO_MANY_FAILED, Options, layout_of, run_sweep
from experiments.sweep.work import SweepWork
from sim.errors import InputError
from sim.scenario import load_scenario

ROOT = Path(__file__).resolve().parent.parent
STUDY = """
format = 1
question = "Does a later quota matter?"
scenarios = ["baseline", "as_written"]
scale = 1000
[vary.policy]
"I13a" = { values = [3, 9] }
"I13a.from" = { values = ["2021Q1", "2024Q1"] }
[vary.uncertain]
"P12" = { values = [5.0] }
[design]
kind = "grid"
[replicates]
number = 2
[store]
series = true
"""
RESULTS = ("runs", "draws", "series")
KILLS, KILLS_SLOW = 20, 200


def write(folder: Path, text: str = STUDY) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "study.toml"
    path.write_text(text, "utf-8")
    return path


def digest(folder: Path) -> str:
    """Return one sha256 over the bytes of all results: names and contents."""
    found = hashlib.sha256()
    for path in sorted(path for kind in RESULTS for path in (folder / kind).glob("*")):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a sweep that nobody disturbed, from one process."""
    folder = tmp_path_factory.mktemp("whole")
    path = write(folder / "s")
    done = Study.read(path).sweep(folder / "a", workers=1, method="inline")
    assert (done.ended, done.done, done.failed, done.total) == ("done", 16, 0, 16)
    return path, folder / "a", digest(folder / "a")


# --- the same bytes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "workers"), [("forkserver", 1), ("forkserver", 4), ("spawn", 2), ("fork", 2)])
def test_the_results_are_the_same_from_any_workers_and_any_way_of_starting(whole, tmp_path, method, workers):
    path, _, wanted = whole
    done = Study.read(path).sweep(tmp_path / "a", workers=workers, method=method)
    assert done.done == 16 and digest(tmp_path / "a") == wanted


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_hash_seed_of_python_changes_nothing(whole, tmp_path, seed):
    path, _, wanted = whole
    done = command(["sweep", str(path), "--out", str(tmp_path / "a"), "--workers", "2"], PYTHONHASHSEED=seed)
    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "a") == wanted
    kept = SweepStore.open(tmp_path / "a").manifest["command"]
    assert kept == f"dianzhong sweep {path} --out {tmp_path / 'a'} --workers 2"


def test_shares_of_a_cluster_make_the_whole(whole, tmp_path):
    path, _, wanted = whole
    study = Study.read(path)
    for k in (3, 1, 2):
        run_sweep(study, tmp_path / "a", Options(workers=1, method="inline", share=(k, 3)))
    assert digest(tmp_path / "a") == wanted


def test_sharing_a_path_changes_no_bit(whole, tmp_path):
    path, folder, _ = whole
    study = Study.read(path)
    asked = replace(layout_of(study), part_size=8)
    work = SweepWork(study, SweepStore.create(tmp_path / "a", asked, versions_now(), "test"))
    work.prepare()
    jobs = list(work.jobs([0, 1]))
    assert sum(len(trail.leaves) for _, trail in work._shared(jobs[0].runs)) > 0, "nothing is shared"
    for job in jobs:
        work.begin(job)
        work.store.record(work.finish(job, [work.run(number) for number in job.runs]))
    stored = SweepStore.open(folder).runs().to_pylist()  # one run a part: nothing to share
    assert work.store.runs().to_pylist() == stored
    work = SweepWork(study, work.store)
    for number in (0, 3, 7, 14):
        assert work.run(number).row.flat() == stored[number]  # computed by itself, from its own start


def test_a_point_is_what_run_gives_for_its_scenario(whole):
    path, folder, _ = whole
    study = Study.read(path)
    point = study.points()[7]
    case = study.scenario_at(point)
    plan = Plan(case, load_scenario("baseline"), study.assume_at(point), scale=1000, replicates=2, workers=1)
    arms = [row.arms["policy"] for row in run_plan(plan).replicates]
    rows = SweepStore.open(folder).runs().to_pandas().query("point_id == 7")
    for target in ("gdp_growth", "land_intensity", "hightech_contribution"):
        assert list(rows[target]) == [arm.targets[target].value for arm in arms]


def test_trails_leave_a_copy_wherever_a_later_run_parts():
    paths = [(0, 0, 1), (0, 0, 2), (0, 1, 1), (1, 0, 0)]
    order, found = trails(paths)
    assert order == [0, 1, 2, 3]
    assert [trail.leaves for trail in found] == [(1, 2), (), (), ()]
    assert common(paths[0], paths[1]) == 2 and common(paths[0], paths[3]) == 0


# --- kills and damage ----------------------------------------------------------------------------------------------


def command(arguments, wait=True, **variables):
    """Run the program as a process of its own, in a group of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", **variables}
    process = subprocess.Popen(
        [sys.executable, "-m", "experiments", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    if not wait:
        return process
    out, err = process.communicate(timeout=300)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def children_of(pid):
    done = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    found, queue = [], [pid]
    while queue:
        parent = queue.pop()
        new = [child for child, of in pairs if of == parent]
        found += new
        queue += new
    return found


def sessions(folder):
    """Return the logs of the sessions of a folder."""
    return sorted((folder / "sessions").glob("*.jsonl"))


def disturb(draw, path, folder):
    """Begin or resume a sweep, disturb it in one way at a random moment, and return how."""
    kind = draw.choice(("main", "worker", "terminate", "interrupt", "truncate", "flip", "torn"))
    if kind in ("truncate", "flip", "torn"):
        if (folder / "manifest.json").exists():
            damage(draw, kind, folder)
        return kind
    before = sessions(folder)
    process = command(["sweep", str(path), "--out", str(folder), "--workers", "2"], wait=False)
    # Only SIGKILL may fall into the start of the interpreter, which answers other signals in its own way.
    while kind != "main" and process.poll() is None and sessions(folder) == before:
        time.sleep(0.01)
    deadline = time.monotonic() + draw.uniform(0.0, 2.0)
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        if kind == "worker":
            for child in children_of(process.pid)[-1:]:
                os.kill(child, signal.SIGKILL)
        else:
            number = {"main": signal.SIGKILL, "terminate": signal.SIGTERM, "interrupt": signal.SIGINT}[kind]
            os.kill(process.pid, number)
    except ProcessLookupError:
        pass  # it had just ended
    _, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    assert process.returncode in (0, 130, 143, -9), (kind, process.returncode, err)
    return kind


def damage(draw, kind, folder):
    """Damage one file of a store that resume must mend: a part or the log."""
    parts = sorted(path for name in RESULTS for path in (folder / name).glob("part-*"))
    log = folder / "parts.jsonl"
    if kind == "torn" or not parts:
        if log.exists():
            data = log.read_bytes()
            log.write_bytes(data[: draw.randrange(len(data) + 1)])
        return
    path = draw.choice(parts)
    data = bytearray(path.read_bytes())
    if kind == "truncate":
        path.write_bytes(data[: draw.randrange(len(data))])
        return
    place = draw.randrange(8 * len(data))
    data[place // 8] ^= 1 << place % 8
    path.write_bytes(data)


def kill_test(whole, tmp_path, number, first):
    path, _, wanted = whole
    draw, done, seen = random.Random(first), 0, {}
    while done < number:
        folder = tmp_path / f"a{done}"
        for _ in range(4):
            kind = disturb(draw, path, folder)
            seen[kind] = seen.get(kind, 0) + 1
            done += 1
        finished = command(["sweep", str(path), "--out", str(folder), "--workers", "2"])
        assert finished.returncode == 0, finished.stderr
        assert digest(folder) == wanted, seen
        store = SweepStore.open(folder)
        assert store.done() == (16, 16) and store.failed() == 0
    return seen


@pytest.mark.slow
def test_kills_and_damage_at_random_moments_change_no_byte(whole, tmp_path):
    seen = kill_test(whole, tmp_path, KILLS, 1)
    assert sum(seen.values()) >= KILLS and len(seen) >= 5


@pytest.mark.slow
@pytest.mark.long
def test_two_hundred_kills_and_damages_change_no_byte(whole, tmp_path):
    assert sum(kill_test(whole, tmp_path, KILLS_SLOW, 2).values()) >= KILLS_SLOW


@pytest.mark.parametrize("at", ["_write", "_fsync"])
@pytest.mark.parametrize("after", [7, 11, 20])
def test_a_full_disk_keeps_what_is_finished_and_the_sweep_goes_on(whole, tmp_path, monkeypatch, at, after):
    path, _, wanted = whole
    calls, real = [0], getattr(durable, at)

    def full(*arguments):
        calls[0] += 1
        if calls[0] > after:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(durable, at, full)
    study = Study.read(path)
    with pytest.raises(StorageError, match="disk is full"):
        study.sweep(tmp_path / "a", workers=1, method="inline")
    monkeypatch.undo()
    assert not [path for path in (tmp_path / "a").rglob(".*") if path.is_file()]
    study.sweep(tmp_path / "a", workers=1, method="inline")
    assert digest(tmp_path / "a") == wanted


def test_a_full_disk_is_one_message_and_exit_code_five(whole, tmp_path, monkeypatch, capsys):
    path, _, _ = whole
    monkeypatch.setattr(durable, "_write", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
    assert main(["sweep", str(path), "--out", str(tmp_path / "a"), "--method", "inline"]) == 5
    assert "the disk is full" in capsys.readouterr().err


# --- failures and limits -------------------------------------------------------------------------------------------


def test_a_failed_run_is_a_row_with_seed_and_traceback_and_can_be_replayed(tmp_path, monkeypatch):
    path = write(tmp_path / "s", STUDY + "[failures]\nallow = 0.2\n")
    study = Study.read(path)
    from sim.model import RegionModel

    step = RegionModel.step

    def broken(self):
        if self.p.sigma_d == 5.0 and self.policy.value("I13a", self.quarter + 1) == 9.0 and self.quarter == 14:
            raise FloatingPointError("planted")
        step(self)

    monkeypatch.setattr(RegionModel, "step", broken)
    done = study.sweep(tmp_path / "a", workers=1, method="inline")
    assert done.ended == TOO_MANY_FAILED and done.failed == 4, "ends with the first failure beyond the three allowed"
    row = done.store.failures()[0]
    assert row["error"] == "FloatingPointError: planted" and row["seed"] == 7
    assert str(ROOT) not in row["traceback"] and row["replay"].endswith(row["run_id"])
    again = replay(tmp_path / "a", row["run_id"])
    assert again.row["status"] == "failed" and again.differs == ()
    monkeypatch.undo()
    assert "status" in replay(tmp_path / "a", row["run_id"]).differs
    assert main(["resume", str(tmp_path / "a"), "--method", "inline"]) == 3


def test_the_time_budget_ends_with_code_seven_and_can_be_resumed(whole, tmp_path, capsys):
    path, _, wanted = whole
    run = ["sweep", str(path), "--out", str(tmp_path / "a"), "--method", "inline", "--max-minutes"]
    assert main([*run, "0.0001"]) == 7
    assert "dianzhong resume" in capsys.readouterr().err
    assert 0 < SweepStore.open(tmp_path / "a").done()[0] < 16
    assert main(["resume", str(tmp_path / "a"), "--method", "inline"]) == 0
    assert digest(tmp_path / "a") == wanted


def test_asking_to_stop_finishes_what_is_in_flight(whole, tmp_path):
    from experiments.sweep.jobs import StopFlag

    path, _, wanted = whole
    study, stop = Study.read(path), StopFlag()
    done = run_sweep(study, tmp_path / "a", Options(workers=2), stop, lambda progress: stop.ask())
    assert done.ended == STOPPED and 0 < done.done < 16
    run_sweep(study, tmp_path / "a", Options(workers=2))
    assert digest(tmp_path / "a") == wanted


def test_the_interrupted_sweep_is_balanced(whole, tmp_path):
    path, _, _ = whole
    main(["sweep", str(path), "--out", str(tmp_path / "a"), "--method", "inline", "--max-minutes", "0.00001"])
    runs = SweepStore.open(tmp_path / "a").runs().to_pylist()
    assert runs and {row["replicate"] for row in runs} == {0}, (
        "a replicate is finished at every point before the next begins"
    )


# --- commands ------------------------------------------------------------------------------------------------------


def test_status_verify_replay_and_export_speak_both_languages(whole, tmp_path, capsys):
    _, folder, _ = whole
    run = SweepStore.open(folder).runs()["run_id"][5].as_py()
    for language, words in (("zh", "每点 2 次（目标 2）"), ("en", "replicates of every point: 2 (wanted 2)")):
        assert main(["status", str(folder), "--lang", language]) == 0
        out = capsys.readouterr().out
        assert words in out and {"zh": "次运行", "en": "of 16 runs"}[language] in out
        assert main(["verify", str(folder), "--lang", language]) == 0
        assert main(["replay", str(folder), run[:10], "--lang", language]) == 0
        assert main(["export", str(folder), "--out", str(tmp_path / f"{language}.csv"), "--lang", language]) == 0
        capsys.readouterr()
        assert len(pd.read_csv(tmp_path / f"{language}.csv")) == 16
    assert main(["status", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["done"], document["failed"], document["replicates_per_point"]) == (16, 0, [2, 2])
    assert document["widest_interval"]["n"] == 2


def test_verify_finds_a_changed_number_that_every_checksum_agrees_with(whole, tmp_path, capsys):
    """A run that the program does not give any more: planted where the file and its checksum agree."""
    path, _, _ = whole
    study = Study.read(path)
    study.sweep(tmp_path / "a", workers=1, method="inline")
    store = SweepStore.open(tmp_path / "a")
    work = SweepWork(study, store)
    work.prepare()
    job = next(iter(work.jobs([0])))
    work.begin(job)
    rows = [work.run(number) for number in job.runs]
    wrong = {**rows[0].row.outcomes, "net_cost": rows[0].row.outcomes["net_cost"] + 1e-9}
    rows[0] = replace(rows[0], row=replace(rows[0].row, outcomes=wrong))
    store.record(work.finish(job, rows))
    found = verify(tmp_path / "a", share=1.0)
    assert found.problems == () and found.recomputed == 16
    assert found.mismatches == ((rows[0].row.run_id, ("net_cost",)),)
    assert main(["verify", str(tmp_path / "a"), "--share", "1", "--lang", "en"]) == 5
    assert "may change last digits" in capsys.readouterr().out
    assert "may change last digits" in replay_text(replay(tmp_path / "a", rows[0].row.run_id), Messages("en"))


def test_check_knows_a_study_from_a_scenario(whole, capsys):
    path, _, _ = whole
    assert main(["check", str(path), "--seed", "3"]) == 2
    assert "leave out --seed" in capsys.readouterr().err
    assert main(["check", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["points"], document["replicates"], document["runs"]) == (8, 2, 16)
    assert main(["check", "as_written"]) == 0
    assert main(["check", str(path), "--lang", "zh"]) == 0
    assert "8 个点" in capsys.readouterr().out


def test_the_megabytes_that_check_tells_are_those_of_the_store(whole):
    path, folder, _ = whole
    told = study_document(Study.read(path), 1)["megabytes"]
    found = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name != "code.diff") / 1e6
    assert found / 1.5 <= told <= found * 1.5


def test_another_study_is_refused_with_code_six_and_nothing_is_touched(whole, tmp_path, capsys):
    _, folder, before = whole
    other = write(tmp_path / "s", STUDY.replace("number = 2", "number = 3"))
    assert main(["sweep", str(other), "--out", str(folder)]) == 6
    err = capsys.readouterr().err
    assert "another study (replicates.number 2 -> 3)" in err and "going on" not in err and err.count("\n") == 1
    assert digest(folder) == before


def test_a_folder_that_is_refused_is_not_estimated_first(whole, tmp_path, capsys):
    path, _, _ = whole
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "mine.txt").write_text("x", "utf-8")
    for folder, words in ((path, "is a file"), (tmp_path / "junk", "is not empty"), (path / "a", "Not a directory")):
        assert main(["sweep", str(path), "--out", str(folder)]) == 2
        err = capsys.readouterr().err
        assert words in err and err.count("\n") == 1


def test_a_complete_folder_says_so_and_a_damaged_part_is_told(whole, tmp_path, capsys):
    _, folder, wanted = whole
    copy = tmp_path / "a"
    shutil.copytree(folder, copy)
    again = ["resume", str(copy), "--method", "inline", "--lang"]
    for language, words in (("en", "holds all 16 runs; nothing to do"), ("zh", "已有全部 16 次运行，无须再做")):
        assert main([*again, language]) == 0
        assert words in capsys.readouterr().err
    part = copy / "runs" / "part-00001.parquet"
    part.write_bytes(part.read_bytes()[:-9])
    (copy / "runs" / "part-00002.parquet").unlink()
    size = len(SweepStore.open(copy).run_numbers(1))
    assert main([*again, "en"]) == 0
    err = capsys.readouterr().err
    assert "1 damaged part went to quarantine/ and is computed again\n" in err
    assert "1 finished part is missing and is computed again\n" in err
    assert f"holds {16 - 2 * size} of 16 runs; going on" in err and digest(copy) == wanted


def test_a_share_that_is_complete_says_so(whole, tmp_path, capsys):
    path, _, _ = whole
    asked = ["sweep", str(path), "--out", str(tmp_path / "a"), "--method", "inline", "--part", "1/2", "--lang", "en"]
    assert main(asked) == 0
    capsys.readouterr()
    assert main(asked) == 0
    assert "of 16 runs, all of this share; nothing to do" in capsys.readouterr().err


def test_status_of_a_running_session_tells_runs_and_time_in_plain_words(whole, tmp_path):
    path, _, _ = whole
    text, seen = Messages("en"), []

    def look(progress):
        document = status_document(tmp_path / "a")
        seen.append(status_text(document, text).splitlines()[-1])
        assert document["sessions"][0]["session"] not in seen[-1]

    run_sweep(Study.read(path), tmp_path / "a", Options(workers=1, method="inline"), watch=look)
    assert "once 2 parts are stored (1 so far)" in seen[0] and "running; runs done in this session: 1;" in seen[0]
    assert "left; runs done in this session: 4" in seen[3]
    assert "about to end" in seen[-1]


def test_an_id_that_is_like_no_other_gets_no_arbitrary_suggestion(whole, capsys):
    _, folder, _ = whole
    run = SweepStore.open(folder).run_ids(0)[0]
    mistyped = run[:7] + ("0" if run[7] != "0" else "1") + run[8:]
    assert main(["replay", str(folder), "zzz"]) == 2
    err = capsys.readouterr().err
    assert "did you mean" not in err and "run_id of runs/" in err
    assert main(["replay", str(folder), mistyped]) == 2
    assert f"did you mean {run}?" in capsys.readouterr().err


def test_verify_says_what_it_recomputes(whole, capsys):
    _, folder, _ = whole
    assert main(["verify", str(folder), "--share", "0.2", "--json"]) == 0
    shown = capsys.readouterr()
    assert "recomputing 4 of 16 runs" in shown.err and json.loads(shown.out)["recomputed"] == 4
    assert main(["verify", str(folder), "--share", "0"]) == 0
    assert "recomputing" not in capsys.readouterr().err


def test_changed_code_is_refused_unless_accepted_and_that_is_recorded(whole, tmp_path, monkeypatch, capsys):
    path, _, _ = whole
    run_sweep(Study.read(path), tmp_path / "a", Options(workers=1, method="inline", share=(1, 2)))
    monkeypatch.setattr("experiments.sweep.store.code_fingerprint", lambda: "f" * 64)
    with pytest.raises(ResumeError, match="--accept-code-change"):
        Study.read(path).sweep(tmp_path / "a", workers=1, method="inline")
    assert main(["resume", str(tmp_path / "a"), "--method", "inline", "--accept-code-change"]) == 0
    assert main(["status", str(tmp_path / "a"), "--json"]) == 0
    sessions = json.loads(capsys.readouterr().out)["sessions"]
    assert sessions[-1]["accepted_code_change"] == "f" * 64


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["sweep", "none.toml", "--out", "x"], 2, "no such file"),
        (["sweep", "STUDY"], 2, "--out"),
        (["sweep", "STUDY", "--out", "x", "--part", "4/3"], 2, "3/20"),
        (["sweep", "STUDY", "--out", "x", "--part", "a"], 2, "K/N"),
        (["sweep", "STUDY", "--out", "x", "--workers", "0"], 2, "1 to 1024"),
        (["sweep", "STUDY", "--out", "x", "--max-minutes", "-1"], 2, "above 0"),
        (["sweep", "STUDY", "--out", "x", "--method", "magic"], 2, "invalid choice"),
        (["resume", "nowhere"], 2, "nowhere"),
        (["status", "."], 2, "sweep"),
        (["replay", "FOLDER", "zzzz"], 2, "no run"),
        (["replay", "FOLDER", ""], 2, "no run"),
        (["verify", "FOLDER", "--share", "2"], 2, "share"),
        (["export", "FOLDER", "--to", "ods"], 2, "invalid choice"),
    ],
)
def test_what_is_asked_wrongly_is_one_message(whole, tmp_path, monkeypatch, capsys, arguments, code, words):
    path, folder, _ = whole
    monkeypatch.chdir(tmp_path)
    named = {"STUDY": str(path), "FOLDER": str(folder)}
    assert main([named.get(word, word) for word in arguments]) == code
    err = capsys.readouterr().err
    assert words in err and "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_python_gets_frames_and_probabilities_with_their_intervals(whole):
    path, folder, _ = whole
    done = Study.read(path).sweep(folder, workers=1, method="inline")
    table = done.probability("land_intensity")
    assert len(table) == 8 and set(table["n"]) == {2} and set(table["failed"]) == {0}
    assert ((table["low"] <= table["probability"]) & (table["probability"] <= table["high"])).all()
    assert (table["high"] - table["low"] > 0.5).all(), "two runs say little, and the interval says so"
    assert len(done.frame()) == done.arrow().num_rows == 16
    with pytest.raises(InputError, match="did you mean"):
        done.probability("gdp_growht")
    with pytest.raises(InputError, match=r"did you mean gdp_growth or gdp_contribution\?"):
        done.probability("gdp")
    with pytest.raises(InputError, match="choose one of all_reached, gdp_growth, "):
        done.probability("zzzz")


# --- the time that is left -----------------------------------------------------------------------------------------


def test_the_range_of_the_remaining_time_holds_the_truth(tmp_path):
    """Parts of uneven cost in random order: the time that the rest really takes lies in the range 9 times in 10."""
    draw, hits, told = random.Random(5), 0, 0
    for trial in range(40):
        clock = [0.0]
        session = Session(tmp_path / str(trial), 2, clock=lambda clock=clock: clock[0])
        costs = [draw.uniform(0.5, 1.5) for _ in range(200)]
        assert session.remaining(100) is None, "a figure before there is anything to tell it from"
        for cost in costs[:60]:
            session.finished(cost, 10)
        low, high = session.remaining(10 * len(costs[60:]))
        hits += low <= sum(costs[60:]) / 2 <= high
        told += 1
        assert high < 2 * low
    assert hits >= 0.9 * told

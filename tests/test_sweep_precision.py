"""Sweeps that are looked at: fixed looks, whole parts between them, the same bytes after any interruption."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.cli import main
from experiments.messages import Messages
from experiments.progress import Progress as Drawn
from experiments.statistics import wilson
from experiments.sweep.again import replay, verify
from experiments.sweep.answers import probability
from experiments.sweep.jobs import StopFlag
from experiments.sweep.looks import half_width_of, least_replicates, looks_up_to, part_of_looks, usual_targets
from experiments.sweep.schedule import Schedule, standing
from experiments.sweep.show import Bar
from experiments.sweep.status import status_document, status_text
from experiments.sweep.store import SweepStore
from experiments.sweep.study import Study
from experiments.sweep.study_check import study_document
from experiments.sweep.sweep import AT_MOST, DONE, STOPPED, TOO_MANY_FAILED, Options, run_sweep
from experiments.sweep.tally import Tally
from experiments.sweep.words import target_words
from sim.errors import InputError
from tests.precision_sample import TEXT, plant
from tests.sweep_sample import layout, made

ROOT = Path(__file__).resolve().parent.parent
INLINE = Options(workers=1, method="inline")


def study_of(folder: Path, old: str = "", new: str = "", text: str = TEXT) -> Path:
    assert not old or text.count(old) == 1, old
    folder.mkdir(exist_ok=True)
    path = folder / "study.toml"
    path.write_text(text.replace(old, new) if old else text, "utf-8")
    return path


def digest(folder: Path) -> str:
    """Return one sha256 over the bytes of all parts: names and contents."""
    found = hashlib.sha256()
    for path in sorted((folder / "runs").glob("*")):
        found.update(path.name.encode() + path.read_bytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the study and the folder of a sweep that nobody disturbed: enough at the third look of four."""
    folder = tmp_path_factory.mktemp("whole")
    path = study_of(folder / "s")
    with pytest.MonkeyPatch.context() as patch:
        plant(patch.setattr)
        done = run_sweep(Study.read(path), folder / "a", INLINE)
    assert (done.ended, done.done, done.failed, done.total, done.due) == (DONE, 768, 0, 896, 768)
    return path, folder / "a", digest(folder / "a")


@pytest.fixture
def planted(monkeypatch):
    plant(monkeypatch.setattr)


# --- looks and counts ----------------------------------------------------------------------------------------------


@given(st.integers(256, 100_000))
def test_looks_are_256_then_every_64_and_at_last_the_most(most):
    looks = looks_up_to(most)
    assert looks[0] == min(256, most) and looks[-1] == most and sorted(set(looks)) == list(looks)
    assert {b - a for a, b in itertools.pairwise(looks[:-1])} <= {64}
    assert most == 256 or 0 < most - looks[-2] <= 64


@given(st.integers(1, 3906), st.integers(256, 2432))
@settings(max_examples=200)
def test_every_look_ends_with_a_part(points, most):
    size = part_of_looks(points)
    assert 1 <= size <= 512 and all(look * points % size == 0 for look in looks_up_to(most)[:-1])
    assert points > 128 or size == 4 * points, "sixteen parts between two looks"
    assert size >= min(64, 4 * points)


def test_the_runs_that_a_half_width_needs_are_those_of_the_books():
    assert half_width_of(*wilson(1199, 2398)) <= 0.02 < half_width_of(*wilson(1198, 2396))
    assert half_width_of(*wilson(0, 93)) <= 0.02 < half_width_of(*wilson(0, 92))
    assert half_width_of(*wilson(1216, 2432)) <= 0.02, "the usual most is enough for every probability"
    assert [least_replicates(0.02, 2432), least_replicates(0.005, 2432), least_replicates(0.0001, 2432)] == [
        256,
        384,
        None,
    ]


def test_the_interval_at_the_look_that_ends_a_sweep_holds_the_truth_as_often_as_it_says():
    """The looks are fixed and few runs lie between them, so stopping early costs next to nothing of the 95 %."""
    draw = np.random.Generator(np.random.Philox(11))
    for truth in (0.03, 0.1, 0.3, 0.5):
        hits, trials = 0, 1500
        for _ in range(trials):
            counts = np.cumsum(draw.random(2432) < truth)
            ends = next(
                ends for n in looks_up_to(2432) if half_width_of(*(ends := wilson(int(counts[n - 1]), n))) <= 0.02
            )
            hits += ends[0] <= truth <= ends[1]
        assert 0.93 <= hits / trials <= 0.975, truth


@given(st.permutations(range(8)), st.sets(st.integers(0, 23), max_size=9))
@settings(max_examples=6, deadline=None)
def test_the_running_count_is_that_of_the_whole_store_in_any_order(tmp_path_factory, order, failed):
    store = made(tmp_path_factory.mktemp("a") / "a", layout(replicates=8, size=3), failed=failed)
    entries = store.entries()
    tally = Tally(3, usual_targets())
    for place in order:
        tally.take(store, entries[place])
    tables = {target: probability(store, target).set_index("point_id") for target in usual_targets()}
    widths = {(point, name): row.high - row.low for name, table in tables.items() for point, row in table.iterrows()}
    widest = tally.widest()
    assert widest.high - widest.low == max(widths.values()) == widths[widest.point, widest.target]
    row = tables[widest.target].loc[widest.point]
    assert (widest.n, widest.probability, widest.low, widest.high) == (row.n, row.probability, row.low, row.high)
    assert tally.failed == len(failed) and tally.balance() == (8, 8)
    known = len(widths) == 3 * len(usual_targets())
    assert tally.narrow(widest.half_width) is known and not tally.narrow(np.nextafter(widest.half_width, 0.0))


def test_a_point_of_which_nothing_is_known_is_not_narrow(tmp_path):
    store = made(tmp_path / "a", layout(replicates=8, size=3), failed=range(1, 24, 3))
    assert not Tally.of(store).narrow(0.4999) and set(probability(store)["point_id"]) == {0, 2}
    assert Tally(3).widest() is None


# --- from end to end -----------------------------------------------------------------------------------------------


def test_a_sweep_ends_at_the_first_look_at_which_every_interval_is_narrow(whole):
    path, folder, _ = whole
    store, study = SweepStore.open(folder), Study.read(path)
    runs = store.runs().to_pandas()
    assert list(runs["replicate"]) == [n // 2 for n in range(768)] and set(runs["status"]) == {"ok"}
    for n in (256, 320, 384):
        widths = []
        for _, rows in runs[runs["replicate"] < n].groupby("point_id"):
            low, high = wilson(int(rows["gdp_growth_reached"].sum()), len(rows))
            widths.append((high - low) / 2)
        assert (max(widths) <= 0.05) is (n == 384), n
    assert store.manifest["precision"] == {"half_width": 0.05, "targets": ["gdp_growth"], "looks": [256, 320, 384, 448]}
    assert store.parts == 896 // 8 and len(store.entries()) == 768 // 8 and study.part_size() == 8
    _, _, look = standing(store)
    assert (look.number, look.looks, look.replicates, look.complete, look.met) == (3, 4, 384, True, True)


def test_python_and_the_other_commands_read_a_sweep_that_ended_early(whole, planted, tmp_path, capsys):
    path, folder, before = whole
    done = run_sweep(Study.read(path), folder, INLINE)
    assert (done.ended, done.done, done.look.met) == (DONE, 768, True) and digest(folder) == before
    assert len(done.frame()) == 768
    table = done.probability("gdp_growth")
    assert list(table["n"]) == [384, 384] and list(table["probability"]) == [9 / 384, 0.5]
    assert done.widest.point == 1 and done.widest.probability == 0.5
    found = verify(folder, 0.05)
    assert not found.problems and found.recomputed == 39 and not found.mismatches
    run = SweepStore.open(folder).runs()["run_id"]
    assert replay(folder, run[700].as_py()).differs == ()
    beyond = SweepStore.open(folder).run_ids(111)[0]
    assert replay(folder, beyond).stored is None
    assert main(["export", str(folder), "--out", str(tmp_path / "a.csv"), "--lang", "en"]) == 0
    assert "768 of at most 896 runs" in capsys.readouterr().out


def test_every_look_and_the_widest_interval_are_in_the_log_of_the_session(whole):
    _, folder, _ = whole
    log = min((folder / "sessions").glob("*.jsonl"))
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    looks = [line for line in lines if line["event"] == "look"]
    assert [(line["look"], line["replicates"], line["met"]) for line in looks] == [
        (1, 256, False),
        (2, 320, False),
        (3, 384, True),
    ]
    parts = [line for line in lines if line["event"] == "part"]
    assert parts[0]["widest"]["n"] == 4 and parts[-1]["widest"]["n"] == 384 and parts[-1]["look"] == 3
    assert parts[-1]["widest"]["target"] == "gdp_growth"


def test_status_and_sweep_say_at_which_look_and_how_it_ended(whole, planted, tmp_path, capsys):
    path, folder, _ = whole
    for language, words in (("en", "finished, precise enough at look 3 of at most 4"), ("zh", "已达到精度")):
        assert main(["status", str(folder), "--lang", language]) == 0
        assert words in capsys.readouterr().out
        assert main(["sweep", str(path), "--out", str(folder), "--method", "inline", "--lang", language]) == 0
        assert words in capsys.readouterr().err
    assert main(["status", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["done"], document["left"], document["total"]) == (768, 0, 896)
    assert document["replicates_per_point"] == [384, 384] and document["widest_interval"]["target"] == "gdp_growth"
    look = document["look"]
    assert (look["look"], look["looks"], look["replicates"], look["wanted"]) == (3, 4, 384, 0.05)
    assert look["met"] and look["finished"] and look["half_width"] == pytest.approx(0.04976, abs=1e-5)


def test_at_the_most_replicates_the_sweep_ends_with_code_seven_and_says_what_is_left(planted, tmp_path, capsys):
    path = study_of(tmp_path / "s", "max = 448", "max = 300")
    sweep = ["sweep", str(path), "--out", str(tmp_path / "a"), "--method", "inline", "--lang", "en"]
    assert main([*sweep, "--json"]) == 7
    found = capsys.readouterr()
    assert json.loads(found.out)["ended"] == AT_MOST and json.loads(found.out)["done"] == 600
    assert "not precise enough: still ±0.0562" in found.err
    assert main(sweep) == 7, "once more: nothing is left to run, and that is what it says"
    assert "finished at the last look (2 of 2, 300 replicates of every point)" in capsys.readouterr().err
    assert main(["status", str(tmp_path / "a"), "--lang", "zh"]) == 0
    assert "未达到精度" in capsys.readouterr().out
    assert SweepStore.open(tmp_path / "a").done() == (600, 600) and not verify(tmp_path / "a", 0.0).problems


def test_all_targets_are_looked_at_unless_one_is_named(planted, tmp_path):
    path = study_of(tmp_path / "s", 'max = 448\ntarget = "gdp_growth"', "max = 256")
    done = run_sweep(Study.read(path), tmp_path / "a", INLINE)
    assert done.ended == AT_MOST and done.store.targets == usual_targets() and len(usual_targets()) == 10


# --- interruptions -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 63, 64, 65, 80, 95])
def test_a_sweep_that_is_stopped_goes_on_to_the_same_bytes(whole, planted, tmp_path, after):
    """Also right at a look, whose last part is the 64th."""
    path, _, wanted = whole
    stop, seen = StopFlag(), []

    def watch(progress):
        seen.append(progress)
        if len(seen) == after:
            stop.ask()

    done = run_sweep(Study.read(path), tmp_path / "a", INLINE, stop, watch)
    assert done.ended == STOPPED and done.done == 8 * after
    assert standing(SweepStore.open(tmp_path / "a"))[2].finished is False
    assert run_sweep(Study.read(path), tmp_path / "a", INLINE).ended == DONE
    assert digest(tmp_path / "a") == wanted


def test_what_is_damaged_after_the_end_is_computed_again_and_no_more(whole, planted, tmp_path):
    path, _, wanted = whole
    run_sweep(Study.read(path), tmp_path / "a", INLINE)
    for name in ("part-00003", "part-00090"):
        (tmp_path / "a" / "runs" / f"{name}.parquet").write_bytes(b"x")
    assert standing_of_damaged(tmp_path / "a")
    assert run_sweep(Study.read(path), tmp_path / "a", INLINE).ended == DONE
    assert digest(tmp_path / "a") == wanted


def standing_of_damaged(folder):
    assert main(["status", str(folder)]) == 5
    return True


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the plant is inherited by forked workers")
def test_kills_at_random_moments_change_no_byte(whole, tmp_path):
    path, _, wanted = whole
    draw, folder, kills = random.Random(4), tmp_path / "a", 0
    while True:
        command = [sys.executable, "-m", "tests.precision_sample", str(path), str(folder), "2", "0.002"]
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True
        )
        while process.poll() is None and not list(folder.glob("sessions/*")):
            time.sleep(0.01)
        try:
            process.wait(timeout=draw.uniform(0.2, 1.0) if kills < 4 else 300)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
            continue
        assert process.returncode == 0
        break
    assert kills > 0 and digest(folder) == wanted


# --- failures and refusals -----------------------------------------------------------------------------------------


def test_the_share_that_may_fail_is_that_of_the_runs_due_at_the_look(monkeypatch, tmp_path):
    plant(monkeypatch.setattr, failing=lambda point, replicate: point == 0 and replicate % 16 == 0)  # 1 run in 32
    path = study_of(tmp_path / "s", text=TEXT + "[failures]\nallow = 0.03\n")
    done = run_sweep(Study.read(path), tmp_path / "a", INLINE)
    assert done.ended == TOO_MANY_FAILED and done.failed == 16 and done.done <= 512, "0.03 of 512, not of 896"
    assert run_sweep(Study.read(path), tmp_path / "a", INLINE).ended == TOO_MANY_FAILED
    assert main(["resume", str(tmp_path / "a"), "--method", "inline"]) == 3


def test_failed_runs_count_neither_way_and_every_point_still_has_the_same_replicates(monkeypatch, tmp_path):
    plant(monkeypatch.setattr, failing=lambda point, replicate: point == 1 and replicate % 8 == 0)
    path = study_of(tmp_path / "s", text=TEXT + "[failures]\nallow = 0.1\n")
    done = run_sweep(Study.read(path), tmp_path / "a", INLINE)
    assert done.ended == DONE and done.look.number == 4, "384 replicates are 336 that count: not enough"
    table = done.probability("gdp_growth")
    assert list(table["n"]) == [448, 392] and list(table["failed"]) == [0, 56]


def test_a_share_of_the_parts_is_refused_before_anything_is_touched(planted, tmp_path, capsys):
    path = study_of(tmp_path / "s")
    assert main(["sweep", str(path), "--out", str(tmp_path / "a"), "--part", "1/2"]) == 2
    err = capsys.readouterr().err
    assert "--part 1/2" in err and "half_width" in err and not (tmp_path / "a").exists()
    with pytest.raises(InputError, match="half_width"):
        run_sweep(Study.read(path), tmp_path / "a", replace(INLINE, share=(1, 2)))


def test_looks_that_do_not_end_with_a_part_are_our_mistake():
    asked = {"half_width": 0.1, "targets": ["all_reached"], "looks": [4, 8]}
    assert layout(replicates=8, size=4, precision=asked).precision == asked
    for wrong in ({"size": 5}, {"replicates": 9}, {"precision": {**asked, "looks": [8, 4]}}):
        with pytest.raises(ValueError, match="looks at"):
            layout(**{"replicates": 8, "size": 4, "precision": asked, **wrong})


def test_where_a_sweep_stands_follows_from_the_parts_that_are_stored(tmp_path):
    """A look that has begun is finished, whatever the looks before it would say now."""
    asked = layout(replicates=8, size=4, precision={"half_width": 0.1, "targets": ["all_reached"], "looks": [4, 8]})
    store = SweepStore.create(tmp_path / "a", asked, {"version": "0"}, "test")
    assert [(Schedule(store, parts).due, list(Schedule(store, parts).parts())) for parts in ((), {1}, {4})] == [
        (12, [0, 1, 2]),
        (12, [0, 1, 2]),
        (24, [0, 1, 2, 3, 4, 5]),
    ]
    schedule = Schedule(store, ())
    assert schedule.next() == range(3, 6) and schedule.look().number == 2


# --- what is shown -------------------------------------------------------------------------------------------------


class Terminal:
    def __init__(self, live):
        self.text, self.live = "", live

    def write(self, text):
        self.text += text

    def isatty(self):
        return self.live

    def flush(self):
        pass

    def fileno(self):
        raise OSError


@pytest.mark.parametrize(("language", "words"), [("en", "widest: point 1 50 % (4"), ("zh", "最宽：点 1 50 %（4")])
def test_the_display_names_the_look_and_the_widest_interval(whole, planted, tmp_path, monkeypatch, language, words):
    path, _, _ = whole
    seen = []
    run_sweep(Study.read(path), tmp_path / "a", INLINE, watch=seen.append)
    assert seen[63].look.number == 2 and seen[63].remaining is not None, (
        "the time that is left is that of the next look"
    )
    assert seen[-1].done == 768 and seen[-1].total == 896 and seen[-1].remaining is None
    monkeypatch.setattr(sys, "stderr", stream := Terminal(True))
    bar = Bar(896, Messages(language), looks=True)
    bar._drawn._shown = 0.0
    bar.show(seen[70])
    assert words in stream.text and {"en": "568/at most 896", "zh": "568/至多 896"}[language] in stream.text
    assert {"en": "look 2/4", "zh": "第 2/4 次检查"}[language] in stream.text
    assert {"en": "to the next look", "zh": "距下次检查"}[language] in stream.text


def test_an_ordinary_sweep_shows_its_widest_interval_too(planted, tmp_path):
    text = TEXT.replace('half_width = 0.05\nmax = 448\ntarget = "gdp_growth"', "number = 20")
    seen = []
    run_sweep(Study.read(study_of(tmp_path / "s", text=text)), tmp_path / "a", INLINE, watch=seen.append)
    last = seen[-1]
    assert last.look is None and last.widest.n == 20
    store = SweepStore.open(tmp_path / "a")
    assert store.targets == usual_targets()
    for target in usual_targets():
        table = probability(store, target)
        assert (table["high"] - table["low"] <= last.widest.high - last.widest.low).all(), target
    row = probability(store, last.widest.target).set_index("point_id").loc[last.widest.point]
    assert (row["low"], row["high"]) == (last.widest.low, last.widest.high)
    document = status_document(tmp_path / "a")
    assert document["widest_interval"] == last.widest.document()
    name = target_words(last.widest.target, Messages("en"))
    assert f"point {last.widest.point}, {name} " in status_text(document, Messages("en"))
    assert next(words for words in Bar(40, Messages("en"))._words(last) if "widest" in words).endswith(name)


def test_a_narrow_terminal_gets_one_line_the_words_before_the_bar(monkeypatch):
    stream = Terminal(True)
    drawn = Drawn(100, "运行", str, stream)
    monkeypatch.setattr(stream, "fileno", lambda: 0)
    for columns, begins in ((200, "[#"), (60, "运行 50/100"), (20, "运行 50/100 宽")):
        monkeypatch.setattr(os, "get_terminal_size", lambda _, columns=columns: os.terminal_size((columns, 24)))
        stream.text = ""
        drawn._write(50, "宽" * 20)
        line = stream.text.removeprefix("\r\x1b[2K")
        assert line.startswith(begins) and len(line) + line.count("宽") + 2 <= columns


def test_every_part_is_counted_once(planted, tmp_path, monkeypatch):
    """What the count costs does not grow with the store: no part is read a second time."""
    reads, real = [], SweepStore.part
    monkeypatch.setattr(
        SweepStore, "part", lambda self, entry, columns: reads.append(entry.number) or real(self, entry, columns)
    )
    run_sweep(Study.read(study_of(tmp_path / "s")), tmp_path / "a", INLINE)
    assert sorted(reads) == list(range(96))


def test_the_least_megabytes_are_those_of_a_store_that_ends_at_its_first_look(planted, tmp_path):
    path = study_of(tmp_path / "s", "half_width = 0.05", "half_width = 0.07")
    done = run_sweep(Study.read(path), tmp_path / "a", INLINE)
    told = study_document(Study.read(path), 1)["precision"]["least"]
    assert done.done == told["runs"] == 512
    kept = [path for path in (tmp_path / "a").rglob("*") if path.is_file() and path.name != "code.diff"]
    found = sum(path.stat().st_size for path in kept) / 1e6
    assert found / 1.5 <= told["megabytes"] <= found * 1.5


def test_check_tells_the_looks_and_what_they_cost_at_least_and_at_most(tmp_path, capsys):
    path = study_of(tmp_path / "s")
    assert main(["check", str(path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    asked = document["precision"]
    assert asked["looks"] == [256, 320, 384, 448] and asked["least"]["runs"] == 512 and document["runs"] == 896
    assert document["seconds"] == pytest.approx(asked["least"]["seconds"] * 896 / 512, rel=0.02)
    assert 0 < asked["least"]["megabytes"] < document["megabytes"]
    for language, words in (("en", "512 to 896 runs"), ("zh", "512 至 896 次运行")):
        assert main(["check", str(path), "--lang", language]) == 0
        assert words in (out := capsys.readouterr().out) and "256, 320, 384, 448" in out
    path = study_of(tmp_path / "s", "half_width = 0.05", "half_width = 0.0001")
    assert main(["check", str(path), "--lang", "en"]) == 0
    assert "448 replicates cannot be enough for that" in capsys.readouterr().out


# --- the real model ------------------------------------------------------------------------------------------------


def real(folder, precision):
    """Run a study of one point, with a target that is not reached at so coarse a scale."""
    path = folder / "real.toml"
    asked = f'format = 1\nscenario = "baseline"\nscale = 1000\n[replicates]\n{precision}\ntarget = "land_intensity"\n'
    path.write_text(asked, "utf-8")
    return Study.read(path), run_sweep(Study.read(path), folder / "a", Options(workers=2))


@pytest.mark.slow
@pytest.mark.long
def test_the_real_model_ends_at_its_first_look_where_a_target_is_out_of_reach(tmp_path):
    study, done = real(tmp_path, "half_width = 0.02\nmax = 2432")
    assert (done.ended, done.done, done.total, done.look.number) == (DONE, 256, 2432, 1)
    table = done.probability("land_intensity")
    assert list(table["n"]) == [256] and list(table["probability"]) == [0.0] and table["high"][0] < 0.02
    assert verify(tmp_path / "a", 0.05).mismatches == () and len(done.frame()) == 256
    assert study_document(study, 2)["precision"]["least"]["runs"] == 256


@pytest.mark.slow
@pytest.mark.long
def test_the_real_model_ends_at_the_most_replicates_if_they_are_not_enough(tmp_path):
    _, done = real(tmp_path, "half_width = 0.001\nmax = 257")
    assert (done.ended, done.done, done.look.number, done.look.met) == (AT_MOST, 257, 2, False)

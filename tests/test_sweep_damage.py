"""Damage to the store of a sweep: flipped bits, torn files, full disks, kills at every write, foreign folders."""

from __future__ import annotations

import errno
import os
import random
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from experiments.errors import StorageError
from experiments.sweep import durable
from experiments.sweep.durable import append_line, replacing, write_file
from experiments.sweep.manifest import read_manifest, sealed, unsealed
from experiments.sweep.parts import Entry, Log, read_log, write_log
from experiments.sweep.store import SweepStore, verify_files
from sim.errors import InputError
from tests.sweep_sample import COMMAND, TEXT, VERSIONS, layout, made, part

CREATED = ("study.toml", "scenario.toml", "points.parquet", "manifest.json")


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it, and nothing is cleaned up."""


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*")]


def noticed(folder: Path) -> str:
    """Return what is said about a store, empty if all is well; anything but a plain message is a traceback."""
    try:
        return "; ".join(f"{problem.file}: {problem.text}" for problem in verify_files(SweepStore.open(folder)))
    except (InputError, StorageError) as error:
        return str(error)


def finish(folder: Path, asked) -> SweepStore:
    """Resume a sweep: create or open it, keep the parts that are sound, compute the others."""
    store = (
        SweepStore.open(folder) if SweepStore.is_sweep(folder) else SweepStore.create(folder, asked, VERSIONS, COMMAND)
    )
    for k in sorted(set(range(store.parts)) - store.sound_parts()):
        store.record(part(store, asked, k))
    return store


def flip(path: Path, bit: int) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.write_bytes(data)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Return the folder of a finished sweep, which nobody changes."""
    folder = tmp_path_factory.mktemp("sound") / "a"
    made(folder, layout(points=2, replicates=2, size=2))
    return folder


@pytest.fixture
def copy(sound, tmp_path):
    """Return a copy of the finished sweep, to be damaged."""
    return Path(shutil.copytree(sound, tmp_path / "a"))


# --- flipped bits and torn files -----------------------------------------------------------------------------------


def flips_noticed(folder: Path, count: int, seed: int) -> tuple[int, list[str]]:
    chance, names, missed = random.Random(seed), sorted(files_of(folder)), []
    for k in range(count):
        path = folder / names[k % len(names)]
        data = path.read_bytes()
        bit = chance.randrange(8 * len(data))
        flip(path, bit)
        said = noticed(folder)
        if path.name not in said:
            missed.append(f"{path.name}, bit {bit}: {said!r}")
        path.write_bytes(data)
    return count - len(missed), missed


def test_a_flipped_bit_is_noticed_wherever_it_is(copy):
    assert flips_noticed(copy, 100, seed=1) == (100, [])
    assert noticed(copy) == ""


@pytest.mark.slow
@pytest.mark.long
def test_a_thousand_flipped_bits_are_noticed(copy):
    assert flips_noticed(copy, 1000, seed=2) == (1000, [])


def test_every_bit_of_a_line_of_the_log_counts(sound):
    line = (sound / "parts.jsonl").read_bytes().splitlines()[0]
    read = 0
    for bit in range(8 * len(line)):
        data = bytearray(line)
        data[bit // 8] ^= 1 << bit % 8
        try:
            Entry.read(data.decode("utf-8"))
            read += 1
        except ValueError:
            pass
    assert read == 0


def test_every_bit_of_the_manifest_counts(sound):
    data = (sound / "manifest.json").read_bytes().rstrip(b"\n")
    assert unsealed(data.decode("utf-8"), indent=2)["runs"] == 4
    read = 0
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            unsealed(flipped.decode("utf-8"), indent=2)
            read += 1
        except ValueError:
            pass
    assert read == 0


@pytest.mark.parametrize("name", [*CREATED, "parts.jsonl", "runs/part-00000.parquet", "series/part-00001.parquet"])
def test_a_file_cut_short_is_noticed_at_any_length(copy, name):
    data = (copy / name).read_bytes()
    for k in range(10):
        (copy / name).write_bytes(data[: len(data) * k // 10 if k < 9 else len(data) - 1])
        assert noticed(copy), f"{name} cut to {(copy / name).stat().st_size} of {len(data)} bytes"


@pytest.mark.parametrize("name", CREATED)
def test_what_was_written_on_creation_is_refused_by_name(copy, name):
    before = files_of(copy)
    flip(copy / name, 50)
    with pytest.raises(StorageError, match=f"{name}.*(put it back|copy)"):
        SweepStore.open(copy)
    (copy / name).unlink()
    with pytest.raises(StorageError, match=f"{name}.*is missing.*put it back"):
        SweepStore.open(copy)
    assert files_of(copy) == {other: data for other, data in before.items() if other != name}


@pytest.mark.parametrize("kind", ["runs", "series"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone", "empty"])
def test_a_damaged_part_is_kept_apart_and_computed_again(sound, copy, kind, how):
    asked, path = layout(points=2, replicates=2, size=2), copy / kind / "part-00001.parquet"
    if how == "flipped":
        flip(path, 5000)
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-9])
    elif how == "gone":
        path.unlink()
    else:
        path.write_bytes(b"")
    damaged = path.read_bytes() if path.exists() else None
    store = SweepStore.open(copy)
    with pytest.raises(StorageError, match=r"part-00001.*dianzhong resume"):
        (store.runs if kind == "runs" else store.series)()
    assert store.sound_parts() == {0} and store.done() == (2, 4) and store.runs().num_rows == 2
    aside = copy / "quarantine" / "part-00001.parquet.0"
    assert (aside.read_bytes() if aside.exists() else None) == damaged
    finish(copy, asked)
    shutil.rmtree(copy / "quarantine", ignore_errors=True)
    expected = files_of(sound)
    assert {name: data for name, data in files_of(copy).items() if name != "parts.jsonl"} == {
        name: data for name, data in expected.items() if name != "parts.jsonl"
    }
    assert noticed(copy) == ""


def test_nothing_in_quarantine_is_overwritten(copy):
    asked, path = layout(points=2, replicates=2, size=2), copy / "runs" / "part-00000.parquet"
    for bit in (1000, 2000, 3000):
        flip(path, bit)
        finish(copy, asked)
    assert len({kept.read_bytes() for kept in (copy / "quarantine").iterdir()}) == 3


def test_a_part_with_the_runs_of_another_does_not_count(copy):
    store = SweepStore.open(copy)
    first, second = store.entries()
    shutil.copy(copy / "runs" / "part-00000.parquet", copy / "runs" / "part-00001.parquet")
    files = {**second.files, "runs/part-00001.parquet": first.files["runs/part-00000.parquet"]}
    store.record(Entry(1, 2, files))
    assert "other runs than its part" in noticed(copy)
    assert store.sound_parts() == {0}


def test_a_part_that_nobody_recorded_does_not_count(sound, copy):
    lines = (copy / "parts.jsonl").read_text("utf-8").splitlines(keepends=True)
    (copy / "parts.jsonl").write_text(lines[0], "utf-8")
    assert "part-00001.parquet: is not in the log" in noticed(copy)
    store = SweepStore.open(copy)
    assert store.sound_parts() == {0} and store.runs().num_rows == 2
    finish(copy, layout(points=2, replicates=2, size=2))
    assert (copy / "runs/part-00001.parquet").read_bytes() == (sound / "runs/part-00001.parquet").read_bytes()


# --- the log -------------------------------------------------------------------------------------------------------


def test_a_log_torn_at_any_length_loses_the_last_part_alone(copy):
    data = (copy / "parts.jsonl").read_bytes()
    first = data.index(b"\n") + 1
    for length in range(first, len(data)):
        (copy / "parts.jsonl").write_bytes(data[:length])
        log = read_log(copy / "parts.jsonl")
        whole = length == len(data) - 1  # only the end of the line is missing
        assert set(log.entries) == ({0, 1} if whole else {0}) and log.torn is (length > first)
    store = SweepStore.open(copy)
    (copy / "parts.jsonl").write_bytes(data[:-40])
    assert store.sound_parts() == {0} and (copy / "parts.jsonl").read_bytes() == data[:first]
    (copy / "parts.jsonl").write_bytes(data[:-1])
    assert store.sound_parts() == {0, 1} and (copy / "parts.jsonl").read_bytes() == data


@pytest.mark.parametrize(
    "rubbish", [b"\xff\xfe", b"{}", b"[]", b"null", b"", b"[" * 10_000, b'{"sha256": 1e999}', b"NaN"]
)
def test_an_unreadable_line_costs_its_part_alone(copy, rubbish):
    lines = (copy / "parts.jsonl").read_bytes().splitlines()
    (copy / "parts.jsonl").write_bytes(rubbish + b"\n" + lines[1] + b"\n")
    assert "line 1 cannot be read" in noticed(copy)
    store = SweepStore.open(copy)
    assert store.sound_parts() == {1} and (copy / "parts.jsonl").read_bytes() == lines[1] + b"\n"


def test_the_log_may_say_a_thing_twice_or_of_parts_that_do_not_exist(copy):
    store = SweepStore.open(copy)
    store.record(store.entries()[0], session="again")
    store.record(Entry(99, 2, {"runs/part-00099.parquet": "0" * 64}))
    assert [entry.session for entry in store.entries()] == ["again", "s1"] and store.runs().num_rows == 4
    assert "a part 99 that this sweep does not have" in noticed(copy)
    assert store.sound_parts() == {0, 1} and noticed(copy) == ""


def test_a_line_after_a_torn_one_is_whole(tmp_path):
    path = tmp_path / "parts.jsonl"
    path.write_bytes(b'{"torn": ')
    append_line(path, Entry(3, 1, {}).line())
    assert list(read_log(path).entries) == [3] and read_log(path).unreadable == (1,)
    with pytest.raises(ValueError, match="no line break"):
        append_line(path, "a\nb")
    write_log(path, Log({}))
    assert path.read_bytes() == b""


# --- the disk ------------------------------------------------------------------------------------------------------


class Disk:
    """Lets the k-th write or fsync fail or be the last; a write that fails has written half."""

    def __init__(self, monkeypatch, at: int, error: BaseException) -> None:
        self.left, self.error, self.dead = at, error, False
        write, sync, unlink, truncate = durable._write, durable._fsync, Path.unlink, os.ftruncate
        monkeypatch.setattr(durable, "_write", lambda descriptor, data: self.write(write, descriptor, data))
        monkeypatch.setattr(durable, "_fsync", lambda descriptor: self.step() or sync(descriptor))
        monkeypatch.setattr(Path, "unlink", lambda path, **how: self.dead or unlink(path, **how))
        monkeypatch.setattr(os, "ftruncate", lambda *what: self.dead or truncate(*what))

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.dead = isinstance(self.error, Killed)
            raise self.error

    def write(self, write, descriptor: int, data) -> int:
        if self.left == 1:
            write(descriptor, bytes(data[: len(data) // 2]))
        self.step()
        return write(descriptor, data)


def steps_of(tmp_path, monkeypatch, asked) -> int:
    with monkeypatch.context() as patch:
        disk = Disk(patch, -1, Killed())
        finish(tmp_path / "counted", asked)
    return -1 - disk.left


SMALL = {"points": 1, "replicates": 2, "size": 1, "series": False}


def test_a_kill_at_any_write_leaves_a_folder_that_resumes_to_the_same_bytes(tmp_path, monkeypatch):
    asked = layout(**SMALL)
    steps = steps_of(tmp_path, monkeypatch, asked)
    expected = {name: data for name, data in files_of(tmp_path / "counted").items() if name != "manifest.json"}
    assert steps > 20
    for k in range(1, steps + 1):
        folder = tmp_path / f"killed{k}"
        with monkeypatch.context() as patch, pytest.raises(Killed):
            Disk(patch, k, Killed())
            finish(folder, asked)
        store = finish(folder, asked)
        found = {name: data for name, data in files_of(folder).items() if name != "manifest.json"}
        assert found == expected, f"killed at {k} of {steps}"
        assert noticed(folder) == "" and store.runs().num_rows == 2 and hidden(folder) == []


@pytest.mark.parametrize(("code", "words"), [(errno.ENOSPC, "the disk is full"), (errno.EIO, "reports an error")])
def test_a_disk_that_fails_at_any_write_leaves_what_was_finished(tmp_path, monkeypatch, code, words):
    asked = layout(**SMALL)
    steps = steps_of(tmp_path, monkeypatch, asked)
    for k in range(1, steps + 1):
        folder = tmp_path / f"full{k}"
        with monkeypatch.context() as patch, pytest.raises(StorageError, match=f"{words}.*finished is kept"):
            Disk(patch, k, OSError(code, os.strerror(code)))
            finish(folder, asked)
        assert hidden(folder) == []
        if SweepStore.is_sweep(folder):
            assert not [said for said in noticed(folder).split("; ") if said and "is not in the log" not in said]
        assert finish(folder, asked).runs().num_rows == 2


def test_a_disk_without_a_word_of_its_own_is_quoted(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(StorageError, match=r"Is a directory.*start again"):
        write_file(tmp_path / "a", b"x")
    with pytest.raises(StorageError, match="has vanished"):
        write_file(tmp_path / "gone" / "a", b"x")
    with pytest.raises(StorageError, match="has vanished"), replacing(tmp_path / "gone" / "a") as output:
        output.write(b"x")
    assert hidden(tmp_path) == []


def test_a_file_that_another_session_removed_is_written_again(tmp_path, monkeypatch):
    sync, count = durable._fsync, []

    def swept(descriptor):
        if not count:
            durable.remove_temporaries(tmp_path)
        count.append(descriptor)
        sync(descriptor)

    monkeypatch.setattr(durable, "_fsync", swept)
    write_file(tmp_path / "a", b"data")
    assert files_of(tmp_path) == {"a": b"data"} and len(count) == 3


@pytest.fixture
def read_only(monkeypatch):
    """Let every folder be read-only, also for an administrator."""

    def refuse(path: Path):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    def opened(path, flags, *rest):
        return opens(path, flags, *rest) if flags & (os.O_WRONLY | os.O_RDWR) == 0 else refuse(path)

    opens = os.open
    monkeypatch.setattr(durable.os, "open", opened)


def test_a_read_only_store_is_read_and_never_written(copy, read_only):
    store = SweepStore.open(copy)
    assert store.runs().num_rows == 4 and verify_files(store) == [] and store.sound_parts() == {0, 1}
    with pytest.raises(StorageError, match="read-only"):
        part(store, layout(points=2, replicates=2, size=2), 0)
    with pytest.raises(StorageError, match="read-only"):
        store.record(store.entries()[0])


def test_a_folder_that_cannot_be_written_is_refused_before_the_first_run(tmp_path, read_only):
    with pytest.raises(InputError, match=r"cannot be written.*choose another"):
        SweepStore.create(tmp_path / "a", layout(), VERSIONS, COMMAND)
    assert files_of(tmp_path) == {}


# --- folders of something else -------------------------------------------------------------------------------------


def newer(folder: Path) -> None:
    found = read_manifest(folder)
    (folder / "manifest.json").write_text(sealed({**found, "format": 2, "more": []}, indent=2) + "\n", "utf-8")


def later(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"format": 3, "rules": "others"}', "utf-8")


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def replaced(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file", "utf-8")


def other(folder: Path) -> None:
    emptied(folder)
    (folder / "notes.txt").write_text("mine", "utf-8")


def begun(folder: Path) -> None:
    emptied(folder)
    (folder / "study.toml").write_text(TEXT, "utf-8")


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (newer, InputError, r"format 2 was made by a newer version.*up to format 1"),
        (later, InputError, r"format 3 was made by a newer version"),
        (emptied, InputError, r"is empty.*--out"),
        (replaced, InputError, r"is a file"),
        (other, InputError, r"is not the folder of a sweep"),
        (begun, InputError, r"cut short.*again"),
        (shutil.rmtree, InputError, r"does not exist"),
        (lambda folder: (folder / "manifest.json").unlink(), StorageError, r"is missing, though results are there"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), StorageError, r"is damaged"),
        (lambda folder: (folder / "manifest.json").write_bytes(b"\xff"), StorageError, r"is damaged"),
        (lambda folder: (folder / "manifest.json").write_text("[" * 100_000), StorageError, r"is damaged"),
    ],
)
def test_a_folder_that_cannot_be_opened_says_why_and_is_left_alone(copy, change, kind, words):
    change(copy)
    before = files_of(copy)
    with pytest.raises(kind, match=words) as caught:
        SweepStore.open(copy)
    assert str(copy) in str(caught.value) and "\n" not in str(caught.value)
    assert files_of(copy) == before


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("notes.txt", r"holds notes.txt"),
        ("study.toml", r"holds study.toml"),
        ("points.parquet", r"holds points.parquet"),
    ],
)
def test_a_new_sweep_never_overwrites_what_is_there(tmp_path, name, words):
    (tmp_path / name).write_text("mine", "utf-8")
    with pytest.raises(InputError, match=f"{words}.*choose a new folder"):
        SweepStore.create(tmp_path, layout(), VERSIONS, COMMAND)
    assert files_of(tmp_path) == {name: b"mine"}


def test_a_new_sweep_is_not_made_over_an_old_one(copy):
    before = files_of(copy)
    with pytest.raises(InputError, match="holds a sweep already"):
        SweepStore.create(copy, layout(), VERSIONS, COMMAND)
    with pytest.raises(InputError, match="is a file"):
        SweepStore.create(copy / "study.toml", layout(), VERSIONS, COMMAND)
    with pytest.raises(InputError, match="cannot be written"):
        SweepStore.create(copy / "study.toml" / "a", layout(), VERSIONS, COMMAND)
    assert files_of(copy) == before


def test_files_that_belong_nowhere_are_named(copy):
    (copy / "runs" / "part-00007.parquet").write_bytes(b"")
    (copy / "runs" / ".part-00001.parquet.1-0.tmp").write_bytes(b"")
    said = noticed(copy)
    assert "part-00007.parquet: is not in the log" in said and "was left by a crash" in said
    SweepStore.open(copy).sound_parts()
    assert hidden(copy) == []


@pytest.mark.parametrize("kind", ["runs", "series"])
def test_a_recorded_file_that_is_not_the_table_it_must_be_does_not_count(copy, kind):
    store = SweepStore.open(copy)
    name = f"{kind}/part-00000.parquet"
    table = pq.read_table(copy / name)
    shuffled = table.select(table.column_names[::-1])
    narrow, other = table.drop_columns(["run_id"]), table.append_column("more", table["run_id"])
    typed = table.set_column(0, "run_id", table["run_id"].cast("large_string"))
    for wrong, words in (
        (b"no table", "not a readable Parquet file"),
        (narrow, "missing: run_id"),
        (other, "unknown: more"),
        (typed, "of another type: run_id"),
        (shuffled, "in another order"),
    ):
        if isinstance(wrong, bytes):
            (copy / name).write_bytes(wrong)
        else:
            pq.write_table(wrong.replace_schema_metadata(None), copy / name, store_schema=True)
        files = {**store.entries()[0].files, name: durable.sha256((copy / name).read_bytes())}
        store.record(Entry(0, 2, files))
        assert re.search(words, noticed(copy)), noticed(copy)
    assert store.sound_parts() == {1}


def test_what_changes_under_an_open_store_is_noticed(copy):
    store = SweepStore.open(copy)
    found = read_manifest(copy)
    (copy / "manifest.json").write_text(sealed({**found, "seed": 8}, indent=2) + "\n", "utf-8")
    assert [problem.text for problem in verify_files(store)] == ["has changed since the store was opened"]
    flip(copy / "manifest.json", 100)
    assert "is damaged" in verify_files(store)[0].text
    flip(copy / "points.parquet", 100)
    assert [problem.file for problem in verify_files(store)] == ["points.parquet", "manifest.json"]


def test_a_folder_in_the_place_of_a_file_is_refused(copy):
    (copy / "study.toml").unlink()
    (copy / "study.toml").mkdir()
    with pytest.raises(StorageError, match=r"study.toml: cannot be read \(Is a directory\)"):
        SweepStore.open(copy)


def test_a_store_without_series_says_so(tmp_path):
    with pytest.raises(InputError, match="keeps no series"):
        made(tmp_path / "a", layout(**SMALL)).series()

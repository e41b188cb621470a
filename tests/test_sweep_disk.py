"""Sweeps into a real file system that is too small; ENOSPC injected at every write is in test_sweep_damage."""

from __future__ import annotations

import subprocess

import pytest

from experiments.cli import main
from experiments.sweep.store import SweepStore, verify_files
from experiments.sweep.study import Study
from tests.test_sweep import STUDY, command, digest, write

PAGE, RUNS = 4096, 8


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a study, the digest of its undisturbed store, and the pages that the store takes."""
    folder = tmp_path_factory.mktemp("whole")
    path = write(folder / "s", STUDY.replace("number = 2", "number = 1"))
    assert Study.read(path).sweep(folder / "a", workers=1, method="inline").done == RUNS
    sizes = [found.stat().st_size for found in (folder / "a").rglob("*") if found.is_file()]
    return path, digest(folder / "a"), sum(-(-size // PAGE) for size in sizes)


@pytest.fixture
def disk(tmp_path):
    """Return a function that makes a disk of so many pages, or gives the one that is there another size."""
    folder, made = tmp_path / "disk", []
    folder.mkdir()

    def sized(pages):
        options = f"{'remount,' if made else ''}size={pages * PAGE}"
        words = ["mount", "-t", "tmpfs", "-o", options, "dianzhong-test", str(folder)]
        try:
            done = subprocess.run(words, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("there is no command mount")
        if done.returncode != 0:
            assert not made, done.stderr
            pytest.skip(f"mounting is refused here: {done.stderr.strip()}")
        made.append(pages)
        return folder

    yield sized
    if made:
        subprocess.run(["umount", str(folder)], check=True)


def is_tidy(folder):
    """Demand that a store that met a full disk holds nothing half-written and nothing damaged."""
    assert not [path for path in folder.rglob(".*") if path.is_file()]
    if not SweepStore.is_sweep(folder):
        return 0
    store = SweepStore.open(folder)
    # A part whose line in the log found no room any more is whole, and nothing but unknown.
    assert [problem.text for problem in verify_files(store) if "is not in the log" not in problem.text] == []
    return store.done()[0]


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_disk_that_is_too_small_keeps_what_is_finished(whole, disk, share):
    path, wanted, pages = whole
    folder = disk(round(share * pages)) / "a"
    full = command(["sweep", str(path), "--out", str(folder), "--workers", "2"])
    assert full.returncode == 5, full.stderr
    assert "Traceback" not in full.stderr and full.stderr.count("the disk is full; free some space") == 1
    assert 0 < is_tidy(folder) < RUNS
    entries = SweepStore.open(folder).entries()
    disk(2 * pages)
    assert command(["resume", str(folder), "--workers", "2"]).returncode == 0
    assert digest(folder) == wanted
    # What was kept was not computed again: it is still the work of the first session.
    assert [entry for entry in SweepStore.open(folder).entries() if entry in entries] == entries


@pytest.mark.slow
@pytest.mark.long
def test_a_disk_that_grows_page_by_page_ends_with_the_same_bytes(whole, disk, capsys):
    path, wanted, _ = whole
    size, codes = 1, []
    while not codes or codes[-1]:
        folder = disk(size) / "a"
        codes.append(main(["sweep", str(path), "--out", str(folder), "--method", "inline"]))
        said = capsys.readouterr().err
        assert "Traceback" not in said and (codes[-1] == 0 or "the disk is full" in said), said
        is_tidy(folder)
        size += 3
    with capsys.disabled():
        print(f"{len(codes)} sessions")  # noqa: T201 - the figure of docs/reliability.md
    assert set(codes[:-1]) == {5} and len(codes) > 20
    assert digest(folder) == wanted

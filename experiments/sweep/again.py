"""Looking again: one run once more in the foreground, and a store against its checksums and a share of its runs."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from experiments.sweep.store import Problem, SweepStore, verify_files
from experiments.sweep.study import Study
from experiments.sweep.work import SweepWork
from sim.errors import InputError

STUDY_FILE = "study.toml"
_LIKE = 0.8


@dataclass(frozen=True)
class Replay:
    """One run once more: its row now, the stored one or None, and the columns in which the two differ."""

    row: dict[str, Any]
    stored: dict[str, Any] | None
    differs: tuple[str, ...]
    code_changed: bool


@dataclass(frozen=True)
class Verified:
    """What a look at a whole store found: files checked and wrong, runs recomputed and those that differ."""

    files: int
    problems: tuple[Problem, ...]
    recomputed: int
    mismatches: tuple[tuple[str, tuple[str, ...]], ...]
    code_changed: bool


def study_of(store: SweepStore) -> Study:
    """Return the study of a store, from its own copy."""
    return Study.read(store.folder / STUDY_FILE)


def replay(folder: str | Path, run: str) -> Replay:
    """Run one run of a sweep again, in this process, and compare it with its stored row. Raises InputError."""
    store = SweepStore.open(Path(folder))
    number = _number(store, run)
    work = _work(store)
    row = work.run(number).row.flat()
    stored = _stored(store, [number]).get(number)
    differs = () if stored is None else different(row, stored)
    return Replay(row, stored, differs, "code" in store.differences(work.study.sha256))


def verify(folder: str | Path, share: float = 0.01, watch: Callable[[int, int, int], None] | None = None) -> Verified:
    """Check every file of a store, and recompute a share of its runs (at least one) bit by bit.

    The runs are chosen anew every time. `watch` is told, before the first of them and after each, how many are done, of
    how many chosen, of how many stored. Raises InputError, StorageError.
    """
    if not 0.0 <= share <= 1.0:
        raise InputError(f"--share {share:g}: not a share from 0 to 1")
    store = SweepStore.open(Path(folder))
    problems = tuple(verify_files(store))
    entries = store.entries()
    files = sum(len(entry.files) for entry in entries) + len(store.manifest["files"]) + 1
    changed = "code" in store.differences(store.manifest["study_sha256"])
    if problems:
        return Verified(files, problems, 0, (), changed)
    numbers = [number for entry in entries for number in store.run_numbers(entry.number)]
    chosen = _some(numbers, math.ceil(share * len(numbers)))

    def told(done: int) -> None:
        if watch is not None and chosen:
            watch(done, len(chosen), len(numbers))

    return Verified(files, problems, len(chosen), tuple(_mismatches(store, chosen, told)), changed)


def _some(numbers: Sequence[int], count: int) -> list[int]:
    """Return so many numbers, others at every call: looking twice should see more than looking once."""
    salt = time.time_ns()

    def place(number: int) -> str:
        return hashlib.sha256(f"{salt}/{number}".encode()).hexdigest()

    return sorted(sorted(numbers, key=place)[:count])


def _mismatches(
    store: SweepStore, numbers: Sequence[int], told: Callable[[int], None]
) -> Iterable[tuple[str, tuple[str, ...]]]:
    told(0)
    work, stored = _work(store), _stored(store, numbers)
    for place, number in enumerate(numbers):
        told(place)
        if stored[number]["status"] in ("killed", "timeout"):
            continue  # what the machine did to a run is not in the study
        if differs := different(work.run(number).row.flat(), stored[number]):
            yield stored[number]["run_id"], differs
    told(len(numbers))


def different(row: dict[str, Any], stored: dict[str, Any]) -> tuple[str, ...]:
    """Return the columns in which a row differs from its stored one; numbers are compared as they are, not nearly."""
    return tuple(name for name, value in stored.items() if row.get(name) != value)


def _work(store: SweepStore) -> SweepWork:
    work = SweepWork(study_of(store), store)
    work.prepare()
    return work


def _stored(store: SweepStore, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the stored rows of runs by number; those that are not stored are left out."""
    points = int(store.manifest["points"])
    wanted = {(number % points, number // points): number for number in numbers}
    keys = store.runs(columns=["point_id", "replicate"])
    places = [
        place
        for place, key in enumerate(zip(keys["point_id"].to_pylist(), keys["replicate"].to_pylist(), strict=True))
        if key in wanted
    ]
    rows = store.runs().take(places).to_pylist() if places else []
    return {wanted[row["point_id"], row["replicate"]]: row for row in rows}


def _number(store: SweepStore, run: str) -> int:
    """Return the number of a run by its id or the beginning of it."""
    ids = [ident for part in range(store.parts) for ident in store.run_ids(part)]
    found = [number for number, ident in enumerate(ids) if run and ident.startswith(run.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"run {run!r} begins {len(found)} ids; write more of it, such as {ids[found[0]]}")
    # Digits of a hash: what shares fewer of them is like another by accident.
    close = get_close_matches(run.lower(), ids, n=1, cutoff=_LIKE)
    hint = f"did you mean {close[0]}?" if close else "ids are in the column run_id of runs/ (16 digits, 0-9 and a-f);"
    raise InputError(f"no run {run!r} in this sweep; {hint} status lists those that failed")

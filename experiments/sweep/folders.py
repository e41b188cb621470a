"""Folders that are no sweep, not yet one, or already one: each refused in its own words, and nothing touched."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from experiments.errors import StorageError
from experiments.sweep.durable import SUFFIX, read_bytes
from experiments.sweep.manifest import DIFF, MANIFEST, POINTS, STUDY
from sim.errors import InputError

RUNS, DRAWS, SERIES, LOG, QUARANTINE = "runs", "draws", "series", "parts.jsonl", "quarantine"


@contextmanager
def readable(folder: Path) -> Iterator[None]:
    """Turn what the system says about a folder that cannot be looked into into plain words."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{folder}: cannot be read ({error.strerror or error}); make it readable") from error


def refuse_others(folder: Path) -> None:
    """Raise for a folder without a manifest, in words that fit what is there."""
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise InputError(f"{folder}: {what}; give the folder that a sweep was started with (--out)")
    if (folder / MANIFEST).exists():
        return
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    if names & {LOG, RUNS}:
        raise StorageError(
            f"{folder / MANIFEST}: is missing, though results are there; put it back from a copy, or start the study "
            "again in a new folder"
        )
    if STUDY in names:
        raise InputError(
            f"{folder}: the making of this sweep was cut short; give `sweep` the same study and --out again"
        )
    what = "is not the folder of a sweep" if names else "is empty"
    raise InputError(f"{folder}: {what} (no {MANIFEST}); give the folder that a sweep was started with (--out)")


def refuse_taken(folder: Path, files: Mapping[str, str]) -> None:
    """Raise unless the folder is new, empty, or holds the beginning of this very sweep, whose `files` are these."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose a folder")
    if (folder / MANIFEST).exists():
        raise InputError(f"{folder}: holds a sweep already; resume it, or choose a new folder")
    names = sorted(path.name for path in folder.iterdir() if not path.name.endswith(SUFFIX))
    ours = {name for name, text in files.items() if _is(folder / name, text)}
    if STUDY in ours:
        ours |= {POINTS, DIFF, *(kind for kind in (RUNS, DRAWS, SERIES) if _is_empty(folder / kind))}
    others = [name for name in names if name not in ours]
    if others:
        raise InputError(f"{folder}: is not empty (holds {', '.join(others[:3])}); choose a new folder")


def refuse_unwritable(folder: Path) -> None:
    """Raise if it is plain, before anything is written, that a new folder cannot be made there."""
    nearest = next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)
    reason = "" if nearest.is_dir() else os.strerror(errno.ENOTDIR)
    if not reason and not os.access(nearest, os.W_OK | os.X_OK):
        reason = os.strerror(errno.EACCES)
    if reason:
        raise InputError(f"{folder}: cannot be written ({reason}); choose another")


def _is(path: Path, text: str) -> bool:
    return path.is_file() and read_bytes(path) == text.encode()


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(os.scandir(folder))

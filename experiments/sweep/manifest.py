"""The manifest of a sweep: what was asked, with which code, where and when. Written once, last, and never edited.

A manifest and a line of the log carry a sha256 of their own content and are read only if they are, byte for byte, what
would be written again: so no flipped bit goes unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from experiments import provenance as versions
from experiments.errors import StorageError
from experiments.sweep.durable import read_bytes, sha256
from experiments.sweep.looks import check_boundaries
from experiments.sweep.schema import FORMAT, REAL, TEXT, clean, indicator_fields, outcome_fields
from sim.errors import InputError

MANIFEST, STUDY, POINTS, DIFF = "manifest.json", "study.toml", "points.parquet", "code.diff"
RECIPE = "dianzhong sweep study.toml"  # what repeats the results; the exact command, with folder and workers, is apart
_ROOT = Path(__file__).resolve().parent.parent.parent
_PACKAGES, _APART, _SUFFIXES = ("agents", "sim", "experiments"), "experiments/dashboard/", {".py", ".csv", ".toml"}
_OURS = "sha256"


@dataclass(frozen=True)
class Layout:
    """What the store must know of a study.

    `files` are texts by name, written exactly (`study.toml`, scenarios); `points` one mapping a point in order of its
    number, with point_id, point_hash, scenario and the varied columns; `columns` the varied columns of a run with their
    types, float64 or string; `drawn` the ids of sampled parameters, kept once a replicate. Run n is point n % P of
    replicate n // P. `precision` has the looks, if the study has any; then `runs` and `replicates` are the most.
    """

    study_sha256: str
    files: Mapping[str, str]
    points: Sequence[Mapping[str, Any]]
    columns: Mapping[str, str]
    drawn: tuple[str, ...]
    runs: int
    replicates: int
    part_size: int
    seed: int
    scale: int
    series: bool = False
    precision: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuse what the lead of a sweep must never hand over: these are our mistakes, not the user's."""
        if [point["point_id"] for point in self.points] != list(range(len(self.points))):
            raise ValueError("the points are not numbered 0, 1, 2, ...")
        if not 1 <= self.runs <= self.replicates * len(self.points) or self.part_size < 1:
            raise ValueError(f"{self.runs} runs of {len(self.points)} points in parts of {self.part_size}")
        if self.precision is not None:
            check_boundaries(self.precision, len(self.points), self.part_size, self.replicates)
        if STUDY not in self.files or any(Path(name).name != name or name.startswith(".") for name in self.files):
            raise ValueError(f"files of a study have plain names, {STUDY} among them: {sorted(self.files)}")
        if set(self.files) & {MANIFEST, POINTS, DIFF} or not set(self.columns.values()) <= {REAL, TEXT}:
            raise ValueError("a file of a study takes a name of the store, or a column has another type")


def run_id(study_sha256: str, point_hash: str, replicate: int) -> str:
    """Return the identity of a run: a hash of what it is, never of where it stands."""
    return hashlib.sha256(f"{study_sha256}/{point_hash}/{replicate}".encode()).hexdigest()[:16]


@cache
def code_fingerprint() -> str:
    """Return one sha256 over every file that decides results: code, tables and scenarios, not the dashboard."""
    digest = hashlib.sha256()
    for name, data in _sources():
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def _sources() -> Iterator[tuple[str, bytes]]:
    paths = [path for package in _PACKAGES for path in (_ROOT / package).rglob("*") if path.suffix in _SUFFIXES]
    for name, path in sorted((path.relative_to(_ROOT).as_posix(), path) for path in paths):
        if not name.startswith(_APART):
            yield name, path.read_bytes()


def versions_now() -> dict[str, Any]:
    """Return what goes into the metadata of every file: versions of code, Python and libraries, hash of the data."""
    return {
        "version": versions.version(),
        "revision": versions.revision(),
        "python": platform.python_version(),
        "packages": dict(versions.packages()),
        "data_sha256": versions.data_sha256(),
    }


def code_changes(found: Mapping[str, Any]) -> str | None:
    """Return the difference of the code to its commit if `revision` says that there is one; None without."""
    if not str(found.get("revision") or "").endswith("+changes"):
        return None
    command = ["git", "-C", str(_ROOT), "diff", "HEAD", "--no-color", "--no-ext-diff"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise StorageError(f"the changes of the code cannot be saved ({error}); commit them, then start") from error
    return done.stdout.decode("utf-8", "replace")


def new_manifest(layout: Layout, found: Mapping[str, Any], command: str, files: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest of a new sweep; `files` are the sha256 of everything written before it."""
    own = {} if layout.precision is None else {"precision": dict(layout.precision)}
    return {
        "format": FORMAT,
        "study_sha256": layout.study_sha256,
        "code_sha256": code_fingerprint(),
        "versions": dict(found),
        "machine": {
            "platform": platform.platform(),
            "processor": platform.machine(),
            "cpus": os.cpu_count(),
            "python": platform.python_version(),
        },
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": socket.gethostname(),
        "command": clean(command),
        "runs": layout.runs,
        "points": len(layout.points),
        "replicates": layout.replicates,
        "part_size": layout.part_size,
        "seed": layout.seed,
        "scale": layout.scale,
        "columns": [[name, kind] for name, kind in layout.columns.items()],
        "drawn": list(layout.drawn),
        "outcomes": [column.name for column in outcome_fields()],
        "indicators": [column.name for column in indicator_fields()] if layout.series else None,
        "files": dict(files),
        **own,
    }


def sealed(content: Mapping[str, Any], indent: int | None = None) -> str:
    """Return JSON text of a mapping that carries the sha256 of its own content."""
    check = sha256(_canonical(content).encode())
    return _canonical({**content, _OURS: check}, indent)


def unsealed(text: str, indent: int | None = None) -> dict[str, Any]:
    """Return the mapping of a sealed text; ValueError if a single bit of it is not as written."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    content = {name: value for name, value in found.items() if name != _OURS}
    if sealed(content, indent) != text:
        raise ValueError("the content does not match its sha256")
    return content


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a sweep folder. InputError: not a sweep, or a newer one; StorageError: damaged."""
    path = folder / MANIFEST
    data = read_bytes(path)
    try:
        manifest = unsealed(data.decode("utf-8").removesuffix("\n"), indent=2)
        if not data.endswith(b"\n"):
            raise ValueError("the last line is torn")
    except (ValueError, RecursionError):
        raise _unreadable(path, data) from None
    if manifest.get("format") != FORMAT:
        raise _newer(path, manifest.get("format"))
    return manifest


def _unreadable(path: Path, data: bytes) -> Exception:
    """Tell a manifest of a later format, whose rules we cannot know, from a damaged one."""
    try:
        found = json.loads(data.decode("utf-8")).get("format")
    except (ValueError, AttributeError, RecursionError):
        found = None
    if isinstance(found, int) and found > FORMAT:
        return _newer(path, found)
    return StorageError(
        f"{path}: is damaged (its content does not match its own sha256); put it back from a copy, or start the study "
        "again in a new folder; the files in runs/ are left as they are"
    )


def _newer(path: Path, found: Any) -> InputError:
    return InputError(
        f"{path}: format {found} was made by a newer version of the program, which reads up to format {FORMAT}; "
        "install the newer version, or choose another folder"
    )


def _canonical(content: Mapping[str, Any], indent: int | None = None) -> str:
    separators = (",", ": ") if indent else (",", ":")
    return json.dumps(
        content, ensure_ascii=False, sort_keys=True, allow_nan=False, indent=indent, separators=separators
    )

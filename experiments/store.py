"""What `run --out` leaves behind: files that are complete or absent, written under a temporary name and renamed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.engine import PANELS
from experiments.ensemble import ARMS, Outcome
from sim.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

VERDICT, RUNS, SERIES = "verdict.json", "runs.parquet", "series.parquet"
_HIDDEN_PANEL = ".panel"
_PANEL_FOLDERS = tuple(f"panel-{name}" for name in PANELS)


def document_text(document: dict[str, Any]) -> str:
    """Return a verdict as JSON text; NaN and infinity cannot occur in it (ValueError if they did)."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


@contextmanager
def reserved(folder: Path, panel: str | None) -> Iterator[Path | None]:
    """Make sure before a run that its results can be written, and leave no trace of a run that was not finished.

    Yields the hidden folder for the parts of a panel, None without a panel. Raises InputError if the folder cannot be
    written or holds results already.
    """
    existed = folder.exists()
    _refuse_existing(folder)
    hidden = folder / _HIDDEN_PANEL
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        if panel is not None:
            hidden.mkdir()
    except OSError as error:
        raise InputError(f"--out {folder}: cannot be written ({error.strerror}); choose another folder") from None
    try:
        yield hidden if panel is not None else None
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
        if not existed and not any(folder.iterdir()):
            folder.rmdir()


def write_outcome(outcome: Outcome, document: dict[str, Any], folder: Path) -> list[str]:
    """Write all files of an outcome; the verdict comes last, so that where it is, everything is. Returns the names."""
    import pyarrow.parquet as pq

    metadata = {b"dianzhong": json.dumps(document["provenance"], sort_keys=True).encode()}
    tables = {RUNS: _runs(outcome), SERIES: _series(outcome)}
    written: list[str] = []
    try:
        for name, rows in tables.items():
            table = rows.replace_schema_metadata(metadata)
            _durably(folder / name, partial(pq.write_table, table))
            written.append(name)
        if outcome.plan.panel is not None:
            name = f"panel-{outcome.plan.panel}"
            (folder / _HIDDEN_PANEL).rename(folder / name)
            written.append(name)
        _durably(folder / VERDICT, partial(Path.write_text, data=document_text(document), encoding="utf-8"))
    except BaseException:
        for name in written:
            _remove(folder / name)
        raise
    return [*written, VERDICT]


def runs_file(outcome: Outcome) -> bytes:
    """Return the bytes of a Parquet file with a row for each run of an arm, as `write_outcome` writes it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = pa.BufferOutputStream()
    pq.write_table(_runs(outcome), out)
    return bytes(out.getvalue())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _refuse_existing(folder: Path) -> None:
    try:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"--out {folder}: is a file, not a folder; choose another name")
        taken = [name for name in (VERDICT, RUNS, SERIES, _HIDDEN_PANEL, *_PANEL_FOLDERS) if (folder / name).exists()]
    except OSError as error:
        raise InputError(f"--out {folder}: cannot be written ({error.strerror}); choose another folder") from None
    if taken:
        raise InputError(f"--out {folder}: holds {', '.join(taken)} already; choose a new folder")


def _durably(path: Path, write: Callable[[Path], object]) -> None:
    hidden = path.with_name(f".{path.name}.part")
    try:
        write(hidden)
        with hidden.open("rb+") as file:
            os.fsync(file.fileno())
        hidden.replace(path)
    finally:
        hidden.unlink(missing_ok=True)


def _runs(outcome: Outcome) -> pa.Table:
    """Return one row per run of an arm: replicate, arm, seed, status, error, targets, parameters.

    A failed replicate has its rows too, with empty values.
    """
    import pyarrow as pa

    done = {replicate.index: replicate for replicate in outcome.replicates}
    rows: list[dict[str, Any]] = []
    for index in range(outcome.plan.replicates):
        arms = done[index].arms if index in done else dict.fromkeys(ARMS)
        for arm, result in arms.items():
            row: dict[str, Any] = {"replicate": index, "arm": arm, "seed": outcome.plan.seed}
            row["status"] = "failed" if result is None else "ok"
            row["error"] = outcome.failures[index].message if result is None else None
            if result is not None:
                row |= {ident: measured.value for ident, measured in result.targets.items()}
                row |= {f"{ident}_reached": measured.reached for ident, measured in result.targets.items()}
                row |= {f"parameter_{ident}": value for ident, value in done[index].parameters.items()}
            rows.append(row)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return pa.table({column: _column(pa, column, [row.get(column) for row in rows]) for column in columns})


def _column(pa: Any, name: str, values: list[Any]) -> Any:
    """Return a typed column: a type guessed from the values would change with what happened to fail."""
    if name in ("arm", "status", "error"):
        kind = pa.string()
    elif name in ("replicate", "seed"):
        kind = pa.int64()
    else:
        kind = pa.bool_() if name.endswith("_reached") else pa.float64()
    return pa.array(values, kind)


def _series(outcome: Outcome) -> pa.Table:
    """Return one row per run and quarter (0 is 2020Q4), one column per indicator."""
    import pyarrow as pa

    replicates: list[int] = []
    arms: list[str] = []
    quarters: list[int] = []
    values: dict[str, list[float]] = {}
    for replicate in outcome.replicates:
        for arm, result in replicate.arms.items():
            length = len(next(iter(result.record.values())))
            replicates += [replicate.index] * length
            arms += [arm] * length
            quarters += range(length)
            for name, column in result.record.items():
                values.setdefault(name, []).extend(column)
    keys = {"replicate": pa.array(replicates, pa.int32()), "arm": pa.array(arms, pa.string())}
    keys["quarter"] = pa.array(quarters, pa.int16())
    return pa.table(keys | {name: pa.array(column, pa.float64()) for name, column in values.items()})

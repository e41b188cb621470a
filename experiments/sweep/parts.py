"""Parts of a sweep: a block of runs as Parquet bytes, the log of finished parts, and the tests that both must pass."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import StorageError
from experiments.sweep.durable import read_bytes, sha256, write_file
from experiments.sweep.manifest import sealed, unsealed
from experiments.sweep.schema import Field, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

METADATA = "dianzhong"


@dataclass(frozen=True)
class Entry:
    """One finished part: its number, its rows, the sha256 of each file by name in the store, and who wrote it."""

    number: int
    rows: int
    files: Mapping[str, str]
    session: str = ""

    def line(self) -> str:
        """Return the line of parts.jsonl; it carries its own sha256."""
        names = {"number": self.number, "rows": self.rows, "files": dict(self.files), "session": self.session}
        return sealed(names)

    @staticmethod
    def read(line: str) -> Entry:
        """Return the entry of a line; ValueError if it is not, byte for byte, a line that was written."""
        found = unsealed(line)
        entry = Entry(**found) if set(found) == {"number", "rows", "files", "session"} else None
        if entry is None or entry.line() != line:
            raise ValueError("not an entry")
        return entry


@dataclass(frozen=True)
class Log:
    """What parts.jsonl says: the entries by part, the numbers of lines that cannot be read, whether the end is torn."""

    entries: Mapping[int, Entry]
    unreadable: tuple[int, ...] = ()
    torn: bool = False

    def text(self) -> str:
        """Return the log as it should be."""
        return "".join(entry.line() + "\n" for entry in self.entries.values())


def read_log(path: Path) -> Log:
    """Read parts.jsonl: the last line of a part counts, a line that cannot be read does not."""
    if not path.exists():
        return Log({})
    data = read_bytes(path)
    *lines, rest = data.split(b"\n")
    entries: dict[int, Entry] = {}
    unreadable = []
    for number, line in enumerate([*lines, *([rest] if rest else [])], 1):
        try:
            entry = Entry.read(line.decode("utf-8"))
        except (ValueError, RecursionError):
            unreadable.append(number)
        else:
            entries[entry.number] = entry
    return Log(entries, tuple(unreadable), bool(rest))


def write_log(path: Path, log: Log) -> None:
    """Write parts.jsonl anew, durably."""
    write_file(path, log.text().encode())


def parquet_bytes(rows: Mapping[str, list[Any]], fields: Sequence[Field], provenance: Mapping[str, Any]) -> bytes:
    """Return columns as the bytes of a Parquet file: the same columns give the same bytes.

    Neither statistics nor dictionaries of numbers: with hundreds of columns and few rows they would be most of a file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    metadata = {METADATA: json.dumps(provenance, ensure_ascii=False, sort_keys=True)}
    schema = arrow_schema(fields, metadata)
    table = pa.table({field.name: rows[field.name] for field in fields}, schema=schema)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        use_dictionary=[field.name for field in fields if field.type == "string"],
        write_statistics=False,
        write_page_checksum=True,
    )
    return sink.getvalue().to_pybytes()


def read_table(
    path: Path, fields: Sequence[Field], expected: str | None = None, columns: Sequence[str] | None = None
) -> pa.Table:
    """Return a file's table, or some columns of it, if the file is what it must be; else StorageError says why not."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = read_bytes(path)
    if expected is not None and sha256(data) != expected:
        raise StorageError(f"{path}: is damaged (its sha256 is not the recorded one)")
    try:
        with pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True) as file:
            found, table = file.schema_arrow, file.read(columns=None if columns is None else list(columns))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StorageError(f"{path}: is damaged (not a readable Parquet file: {error})") from error
    wanted = arrow_schema(fields)
    if not found.equals(wanted, check_metadata=False):
        raise StorageError(f"{path}: has other columns than this sweep ({_difference(found, wanted)})")
    return table


def _difference(found: pa.Schema, wanted: pa.Schema) -> str:
    names, expected = (
        dict(zip(found.names, found.types, strict=True)),
        dict(zip(wanted.names, wanted.types, strict=True)),
    )
    missing = [name for name in expected if name not in names]
    extra = [name for name in names if name not in expected]
    changed = [name for name in expected if name in names and names[name] != expected[name]]
    named = {"missing": missing, "unknown": extra, "of another type": changed}
    return "; ".join(f"{what}: {', '.join(some[:3])}" for what, some in named.items() if some) or "in another order"


def series_columns(
    run_ids: Iterable[str], records: Iterable[Mapping[str, Sequence[float]] | None], names: Sequence[str]
) -> dict[str, list[Any]]:
    """Return the columns of a part of the series: one row per run and quarter; a run without a record has none."""
    columns: dict[str, list[Any]] = {name: [] for name in ("run_id", "quarter", *names)}
    for ident, record in zip(run_ids, records, strict=True):
        if record is None:
            continue
        length = len(record[names[0]])
        columns["run_id"] += [ident] * length
        columns["quarter"] += range(length)
        for name in names:
            columns[name] += [float(value) if math.isfinite(value) else None for value in record[name]]
    return columns

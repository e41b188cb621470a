"""The durable store of a sweep: a folder that survives crashes, full disks and flipped bits, and resumes where it was.

Parts are fixed by the design: whoever computes part i writes the same bytes, so double work is harmless and correctness
needs no lock. docs/store.md publishes the layout.
"""

from __future__ import annotations

import errno
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import ResumeError, StorageError
from experiments.sweep.changes import changes_words
from experiments.sweep.durable import (
    SUFFIX,
    append_line,
    make_folder,
    move_aside,
    read_bytes,
    remove_temporaries,
    sha256,
    write_file,
)
from experiments.sweep.folders import DRAWS, LOG, QUARANTINE, RUNS, SERIES, readable, refuse_others, refuse_taken
from experiments.sweep.looks import target_columns, usual_targets
from experiments.sweep.manifest import (
    DIFF,
    MANIFEST,
    POINTS,
    RECIPE,
    STUDY,
    Layout,
    code_changes,
    code_fingerprint,
    new_manifest,
    read_manifest,
    run_id,
    sealed,
)
from experiments.sweep.parts import Entry, Log, parquet_bytes, read_log, read_table, series_columns, write_log
from experiments.sweep.schema import (
    DRAW_FIELDS,
    FORMAT,
    OK,
    STATUSES,
    Field,
    RunRow,
    arrow_schema,
    point_fields,
    run_fields,
    series_fields,
)
from sim.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Entry", "Layout", "Problem", "ResumeError", "RunRow", "SweepStore", "verify_files"]

_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}


@dataclass(frozen=True)
class Problem:
    """What is wrong with one file of a store, in plain words."""

    file: str
    text: str


@dataclass(frozen=True)
class Sorted:
    """The parts that were recorded: sound ones, damaged ones of which a file went to quarantine, and missing ones."""

    sound: set[int]
    quarantined: set[int]
    missing: set[int]


@dataclass(frozen=True)
class SweepStore:
    """One folder of a sweep. Small and picklable: a worker writes parts with it, the main process records them.

    `code` is the fingerprint that new parts carry: that of the manifest unless a change of the code was accepted.
    """

    folder: Path
    manifest: Mapping[str, Any]
    code: str

    @classmethod
    def create(cls, folder: Path, layout: Layout, provenance: Mapping[str, Any], command: str) -> SweepStore:
        """Make the folder of a new sweep; the manifest comes last, so that where it is, everything is.

        A creation that was cut short is done again. Raises InputError if the folder holds anything else or cannot be
        written, StorageError if the disk fails.
        """
        folder = Path(folder)
        with readable(folder):
            refuse_taken(folder, layout.files)
        changes = code_changes(provenance)
        try:
            make_folder(folder)
            remove_temporaries(folder)
            texts = {STUDY: layout.files[STUDY], **layout.files, **({DIFF: changes} if changes is not None else {})}
            files = {name: write_file(folder / name, text.encode()) for name, text in texts.items()}
            manifest = new_manifest(layout, provenance, command, files)
            store = cls(folder, manifest, manifest["code_sha256"])
            manifest["files"][POINTS] = write_file(folder / POINTS, store._points_bytes(layout))
            for kind in (RUNS, DRAWS, SERIES):
                if kind in store.fields:
                    make_folder(folder / kind)
            write_file(folder / MANIFEST, (sealed(manifest, indent=2) + "\n").encode())
        except StorageError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _UNWRITABLE:
                raise InputError(f"{folder}: cannot be written ({error.__cause__.strerror}); choose another") from None
            raise
        return store

    @classmethod
    def open(cls, folder: Path) -> SweepStore:
        """Open the folder of a sweep, without touching it, after checking everything that was written on creation.

        Raises InputError if it is none or newer than this program, StorageError if a file is missing or damaged.
        """
        folder = Path(folder)
        with readable(folder):
            refuse_others(folder)
        manifest = read_manifest(folder)
        damaged = [f"{file}: {text}" for file, text in _damaged_files(folder, manifest)]
        if damaged:
            raise StorageError(
                f"{folder}: {'; '.join(damaged)}; put it back from a copy: the same study started in a new folder with "
                "the same code writes the same file"
            )
        return cls(folder, manifest, manifest["code_sha256"])

    @staticmethod
    def is_sweep(folder: Path) -> bool:
        """Return whether the folder holds a manifest: then `open`, otherwise `create`."""
        return (Path(folder) / MANIFEST).exists()

    def differences(self, study_sha256: str, files: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return what has changed since the sweep began, in plain words: by `study` and `code`; empty if nothing.

        With the `files` of the study that is asked for, the words name what differs, key by key.
        """
        found = {}
        if study_sha256 != self.manifest["study_sha256"]:
            was = self.manifest["study_sha256"]
            told = "" if files is None else changes_words(self._study_files(), files)
            told = told or f"{was[:12]}, asked for {study_sha256[:12]}"
            found["study"] = f"the folder holds another study ({told})"
        if code_fingerprint() != self.manifest["code_sha256"]:
            was = self.manifest["versions"].get("revision") or self.manifest["versions"].get("version")
            found["code"] = f"the code or its tables have changed since the sweep began (then {was})"
        return found

    def _study_files(self) -> dict[str, str]:
        """Return the texts of the study that the folder holds, by name."""
        names = [name for name in self.manifest["files"] if name not in (POINTS, DIFF)]
        return {name: read_bytes(self.folder / name).decode("utf-8", "replace") for name in names}

    def require_same(
        self, study_sha256: str, accept_code: bool = False, files: Mapping[str, str] | None = None
    ) -> SweepStore:
        """Return the store to go on with, or raise ResumeError with what changed and the ways out."""
        found = self.differences(study_sha256, files)
        if "study" in found:
            raise ResumeError(f"{self.folder}: {'; '.join(found.values())}; nothing was touched; choose a new folder")
        if found and not accept_code:
            raise ResumeError(
                f"{self.folder}: {found['code']}; nothing was touched; start again in a new folder, go back to that "
                "code, or accept that old and new runs are mixed with --accept-code-change"
            )
        return replace(self, code=code_fingerprint()) if found else self

    # --- what is expected --------------------------------------------------------------------------------------------

    @property
    def total(self) -> int:
        """Return the number of runs of the whole sweep."""
        return int(self.manifest["runs"])

    @property
    def parts(self) -> int:
        """Return the number of parts of the whole sweep."""
        return -(-self.total // int(self.manifest["part_size"]))

    @property
    def has_series(self) -> bool:
        """Return whether the indicators of every quarter are kept."""
        return self.manifest["indicators"] is not None

    @property
    def precision(self) -> Mapping[str, Any] | None:
        """Return the wanted half_width, the targets and the looks; None if the number of replicates is fixed."""
        found: Mapping[str, Any] | None = self.manifest.get("precision")
        return found

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the targets whose widest interval is told: those of the precision, or all nine and all at once."""
        if self.precision:
            return tuple(self.precision["targets"])
        columns, kept = target_columns(), set(self.manifest["outcomes"])
        return tuple(name for name in usual_targets() if columns[name] in kept)

    def run_numbers(self, number: int) -> range:
        """Return the numbers of the runs in one part."""
        size = int(self.manifest["part_size"])
        return range(number * size, min((number + 1) * size, self.total))

    def run_ids(self, number: int) -> list[str]:
        """Return the identities of the runs in one part, in order."""
        hashes = self._hashes
        numbers = ((n % len(hashes), n // len(hashes)) for n in self.run_numbers(number))
        return [run_id(self.manifest["study_sha256"], hashes[point], replicate) for point, replicate in numbers]

    @cached_property
    def fields(self) -> dict[str, tuple[Field, ...]]:
        """Return the columns of `runs`, `points` and, if kept, `draws` and `series`."""
        columns = dict(self.manifest["columns"])
        found = {
            RUNS: run_fields(columns, self.manifest["outcomes"]),
            "points": point_fields(columns),
        }
        if self.manifest["drawn"]:
            found[DRAWS] = DRAW_FIELDS
        return found | ({SERIES: series_fields(self.manifest["indicators"])} if self.has_series else {})

    @cached_property
    def _hashes(self) -> list[str]:
        return [str(value) for value in self.points()["point_hash"].to_pylist()]

    def _file_names(self, number: int) -> dict[str, str]:
        return {kind: f"{kind}/part-{number:05d}.parquet" for kind in (RUNS, DRAWS, SERIES) if kind in self.fields}

    def _provenance(self) -> dict[str, Any]:
        """Return what is in the metadata of every file: no time, no host, no option that leaves the results alone."""
        own = {name: self.manifest[name] for name in ("study_sha256", "versions", "seed", "scale")}
        return {"format": FORMAT, **own, "code_sha256": self.code, "command": RECIPE}

    def _points_bytes(self, layout: Layout) -> bytes:
        fields = self.fields["points"]
        columns = {field.name: [point.get(field.name) for point in layout.points] for field in fields}
        return parquet_bytes(columns, fields, self._provenance())

    # --- writing -----------------------------------------------------------------------------------------------------

    def write_part(
        self,
        number: int,
        rows: Sequence[RunRow],
        series: Sequence[Mapping[str, Sequence[float]] | None] | None = None,
        draws: Mapping[int, Mapping[str, float]] | None = None,
    ) -> Entry:
        """Write one part durably and return its entry; to be called in a worker. The same rows give the same bytes.

        `series` holds the record of each row, None for a run that failed; `draws` the sampled parameters by id of each
        of the `new_replicates` of the part.
        """
        self._check_rows(number, rows)
        names = self._file_names(number)
        flat = [row.flat() for row in rows]
        columns = {field.name: [row.get(field.name) for row in flat] for field in self.fields[RUNS]}
        data = {RUNS: parquet_bytes(columns, self.fields[RUNS], self._provenance())}
        if DRAWS in self.fields:
            data[DRAWS] = parquet_bytes(self._draw_columns(number, draws or {}), DRAW_FIELDS, self._provenance())
        if self.has_series:
            records = [None] * len(rows) if series is None else series
            found = series_columns([row.run_id for row in rows], records, self.manifest["indicators"])
            data[SERIES] = parquet_bytes(found, self.fields[SERIES], self._provenance())
        written = {names[kind]: write_file(self.folder / names[kind], data[kind]) for kind in names}
        return Entry(number, len(rows), written)

    def new_replicates(self, number: int) -> list[int]:
        """Return the replicates whose first run is in a part: their draws are kept there, once for all points."""
        numbers, points = self.run_numbers(number), int(self.manifest["points"])
        return [n // points for n in numbers if n % points == 0]

    def _draw_columns(self, number: int, draws: Mapping[int, Mapping[str, float]]) -> dict[str, list[Any]]:
        names, new = list(self.manifest["drawn"]), self.new_replicates(number)
        return {
            "replicate": [replicate for replicate in new for _ in names],
            "parameter": names * len(new),
            "value": [float(draws[replicate][name]) for replicate in new for name in names],
        }

    def _check_rows(self, number: int, rows: Sequence[RunRow]) -> None:
        """Refuse rows that are not those of the part: a mistake of ours, which must never reach a file."""
        if [row.run_id for row in rows] != self.run_ids(number):
            raise ValueError(f"part {number} was given other runs than its own")
        wanted = set(self.manifest["outcomes"])
        for row in rows:
            if row.status not in STATUSES:
                raise ValueError(f"run {row.run_id}: status {row.status!r}")
            if not wanted <= set(row.outcomes) if row.status == OK else row.outcomes:
                raise ValueError(f"run {row.run_id} is {row.status} and has outcomes {sorted(row.outcomes)}")

    def record(self, entry: Entry, session: str = "") -> None:
        """Append the entry of a finished part to the log, durably; to be called in the main process alone."""
        append_line(self.folder / LOG, replace(entry, session=session or entry.session).line())

    def sound_parts(self) -> set[int]:
        """Return the parts that are done, after `sort_out`."""
        return self.sort_out().sound

    def sort_out(self) -> Sorted:
        """Return which parts are done and which are not any more, and clean up what a crash left; once, on start.

        Temporaries are removed. A part counts only if it is in the log and its files are, byte for byte, what was
        recorded, with exactly the expected runs; a file that is not goes to quarantine and its part is computed again,
        like the part of a file that nobody recorded.
        """
        for folder in (self.folder, *(self.folder / kind for kind in (RUNS, DRAWS, SERIES))):
            remove_temporaries(folder)
        log = read_log(self.folder / LOG)
        sound: dict[int, Entry] = {}
        quarantined: set[int] = set()
        for number, entry in log.entries.items():
            problems = dict(self._problems(entry))
            for name in problems:
                if (path := self.folder / name).is_file() and path.parent != self.folder:
                    move_aside(path, self.folder / QUARANTINE)
                    quarantined.add(number)
            if not problems:
                sound[number] = entry
        if len(sound) < len(log.entries) or log.unreadable or log.torn:
            write_log(self.folder / LOG, Log(sound))
        return Sorted(set(sound), quarantined, set(log.entries) - set(sound) - quarantined)

    def _problems(self, entry: Entry) -> Iterator[tuple[str, str]]:
        """Yield, by file of a finished part, what is wrong with it."""
        if not 0 <= entry.number < self.parts or set(entry.files) != set(self._file_names(entry.number).values()):
            yield LOG, f"names a part {entry.number} that this sweep does not have"
            return
        for kind, name in self._file_names(entry.number).items():
            key = "replicate" if kind == DRAWS else "run_id"
            try:
                table = read_table(self.folder / name, self.fields[kind], entry.files[name], [key])
            except StorageError as error:
                yield name, str(error).partition(": ")[2]
                continue
            if not self._belongs(kind, entry, table[key].to_pylist()):
                yield name, "holds other runs than its part"

    def _belongs(self, kind: str, entry: Entry, found: list[Any]) -> bool:
        """Return whether the keys of a file are those of its part: a run that failed has no series."""
        if kind == DRAWS:
            return sorted(set(found)) == self.new_replicates(entry.number)
        expected = self.run_ids(entry.number)
        return set(found) <= set(expected) if kind == SERIES else found == expected and entry.rows == len(found)

    # --- reading -----------------------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """Return the entries of the log, in order of their parts."""
        log = read_log(self.folder / LOG)
        return [log.entries[number] for number in sorted(log.entries) if 0 <= number < self.parts]

    def done(self) -> tuple[int, int]:
        """Return how many runs are stored, and of how many."""
        return sum(entry.rows for entry in self.entries()), self.total

    def failed(self) -> int:
        """Return how many finished runs failed, were killed or took too long."""
        status = self._merged(RUNS, ["status"])["status"].to_pylist()
        return sum(value != OK for value in status)

    def runs(self, complete_only: bool = False, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all finished runs, in run order whatever the order of finishing.

        complete_only: only replicates that have every point; columns: only these, which saves memory in a large store.
        StorageError if a part is damaged.
        """
        table = self._merged(RUNS, columns)
        if not complete_only or not table.num_rows:
            return table
        import pyarrow as pa
        import pyarrow.compute as pc

        counts = table["replicate"].value_counts().to_pylist()
        full = [row["values"] for row in counts if row["counts"] == self.manifest["points"]]
        return table.filter(pc.is_in(table["replicate"], value_set=pa.array(full, pa.int32())))

    def series(self) -> pa.Table:
        """Return the indicators of every quarter of all finished runs, in run order. InputError if none were kept."""
        if not self.has_series:
            raise InputError(f"{self.folder}: keeps no series; the study must ask for them before its first run")
        return self._merged(SERIES)

    def draws(self) -> pa.Table:
        """Return the sampled parameters of every replicate that has begun: replicate, parameter, value.

        InputError if nothing is sampled in this sweep.
        """
        if DRAWS not in self.fields:
            raise InputError(f"{self.folder}: nothing is drawn in this sweep, because it uses central assumptions")
        return self._merged(DRAWS)

    def points(self) -> pa.Table:
        """Return the design: one row per point."""
        return read_table(self.folder / POINTS, self.fields["points"], self.manifest["files"][POINTS])

    def failures(self) -> list[dict[str, Any]]:
        """Return the runs that failed: run_id, seed, replicate, point, status, error, traceback, replay command."""
        columns = [name for name, _ in self.manifest["columns"]]
        found = []
        for row in self.runs().select([*(f.name for f in self.fields[RUNS][:7]), *columns]).to_pylist():
            if row["status"] != OK:
                point = {name: row.pop(name) for name in columns}
                replay = f"dianzhong replay {shlex.quote(str(self.folder))} {row['run_id']}"
                found.append({**row, "point": point, "replay": replay})
        return found

    def _merged(self, kind: str, columns: Sequence[str] | None = None) -> pa.Table:
        import pyarrow as pa

        schema = arrow_schema([field for field in self.fields[kind] if columns is None or field.name in columns])
        tables = []
        for entry in self.entries():
            tables.append(self._table(kind, entry, columns).select(schema.names).cast(schema))
        return pa.concat_tables(tables) if tables else schema.empty_table()

    def part(self, entry: Entry, columns: Sequence[str]) -> pa.Table:
        """Return some columns of the runs of one finished part. StorageError if it is damaged."""
        return self._table(RUNS, entry, columns)

    def _table(self, kind: str, entry: Entry, columns: Sequence[str] | None) -> pa.Table:
        name = self._file_names(entry.number)[kind]
        try:
            return read_table(self.folder / name, self.fields[kind], entry.files.get(name), columns)
        except StorageError as error:
            raise StorageError(f"{error}; `dianzhong resume {self.folder}` computes this part again") from error


def verify_files(store: SweepStore) -> list[Problem]:
    """Return everything that is wrong with the files of a store: checksums, columns, runs, and what belongs nowhere."""
    found = [Problem(file, text) for file, text in _damaged_files(store.folder, store.manifest)]
    try:
        if read_manifest(store.folder) != store.manifest:
            found.append(Problem(MANIFEST, "has changed since the store was opened"))
        log = read_log(store.folder / LOG)
        if any(problem.file == POINTS for problem in found):
            return found  # without the points nobody knows which runs a part must hold
        for number in sorted(log.entries):
            found += [Problem(file, text) for file, text in store._problems(log.entries[number])]
    except (InputError, StorageError) as error:
        return [*found, Problem(MANIFEST, str(error))]
    found += [
        Problem(LOG, f"line {number} cannot be read; its part will be computed again") for number in log.unreadable
    ]
    if log.torn and not log.unreadable:
        found.append(Problem(LOG, "the last line is not ended"))
    listed = {name for entry in log.entries.values() for name in entry.files}
    for kind in (RUNS, DRAWS, SERIES):
        for path in sorted((store.folder / kind).glob("*")):
            if f"{kind}/{path.name}" not in listed:
                what = "was left by a crash" if path.name.endswith(SUFFIX) else "is not in the log of finished parts"
                found.append(Problem(f"{kind}/{path.name}", what))
    return found


def _damaged_files(folder: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, expected in sorted(manifest["files"].items()):
        try:
            if sha256(read_bytes(folder / name)) != expected:
                yield name, "is damaged (its sha256 is not that of the manifest)"
        except StorageError as error:
            yield name, str(error).partition(": ")[2]

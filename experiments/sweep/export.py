"""The table of runs for people: CSV or XLSX, with Chinese or English headings, where no text can act as a formula.

One row of headings: title and unit, with first quarters written as 2021Q1; or the names of docs/store.md and numbers as
they are stored. The second sheet of an XLSX file has both names.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.errors import StorageError
from experiments.sweep.durable import failure, make_folder, replacing
from experiments.sweep.folders import RUNS
from experiments.sweep.schema import TRUTH, Field
from experiments.sweep.store import SweepStore
from experiments.units import unit_name
from sim.errors import InputError, nearest
from sim.scenario import date_of

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS, LANGUAGES, HEADINGS = ("csv", "xlsx"), ("zh", "en"), ("titles", "ids")
# What a spreadsheet takes for the beginning of a formula or skips before one; full-width forms included.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_SHEET_ROWS, _SHEET_COLUMNS, _CELL = 1_048_576, 16_384, 32_767
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ROWS_AT_ONCE = 1000
_UNITS_ZH = {"targets": "项", "quarter": "季度", "million yuan, 2020 prices": "百万元（2020 年价）"}
_WORDS = {
    "runs": ("运行", "Runs"),
    "about": ("说明", "About"),
    "column": ("列名", "Column"),
    "heading": ("表头", "Heading"),
    "type": ("类型", "Type"),
    "unit": ("单位", "Unit"),
    "meaning": ("含义", "Meaning"),
    "complete": ("已完成运行", "Runs finished"),
    "most": ("至多 ", "at most "),
    "study_sha256": ("研究哈希", "Study, sha256"),
    "code_sha256": ("代码哈希", "Code, sha256"),
    "version": ("程序版本", "Version"),
    "revision": ("代码修订", "Revision"),
    "data_sha256": ("数据哈希", "Data, sha256"),
    "command": ("命令", "Command"),
    "seed": ("根种子", "Root seed"),
    "scale": ("每个主体代表的数量", "Firms or persons per agent"),
    "started": ("开始时间", "Started"),
}


@dataclass(frozen=True)
class Exported:
    """What was written: the file, its rows, and how many runs the whole sweep has."""

    path: Path
    rows: int
    total: int


def export(store: SweepStore, to: str, target: Path, language: str = "zh", headed: str = "titles") -> Exported:
    """Write all finished runs as `csv` or `xlsx`; a file that exists is never replaced.

    `headed` by `titles` in the language (`zh`, `en`), with first quarters as 2021Q1; or by `ids`, the names of
    docs/store.md, with every value as it is stored.

    Raises InputError for what a user can mend, StorageError if the disk fails.
    """
    asked = (("--to", to, FORMATS), ("--language", language, LANGUAGES), ("--headings", headed, HEADINGS))
    for name, value, allowed in asked:
        if value not in allowed:
            hint = "".join(f"; did you mean {word}?" for word in nearest(value, allowed, 1))
            raise InputError(f"{name} {value}: not known; choose {' or '.join(allowed)}{hint}")
    target = Path(target)
    _refuse_existing(target)
    if to == "xlsx":
        _require_openpyxl()
    table = store.runs()
    try:
        make_folder(target.parent)
    except StorageError as error:
        raise InputError(f"{target}: {str(error).partition(': ')[2]}") from error
    shown = _Shown(store, language, headed == "titles")
    write = _write_csv if to == "csv" else _write_xlsx
    write(shown, table, target)
    return Exported(target, table.num_rows, store.total)


def headings(fields: Sequence[Field], language: str) -> list[str]:
    """Return one heading a column: title and unit; where two would be the same, the machine name is added."""
    plain = []
    for field in fields:
        unit = "" if _is_start(field) else _unit(field.unit, language)
        plain.append(f"{field.title(language)} [{unit}]" if unit else field.title(language))
    return [
        text if plain.count(text) == 1 else f"{text} ({field.name})" for text, field in zip(plain, fields, strict=True)
    ]


def _unit(unit: str, language: str) -> str:
    """Return a unit in the language asked for; some are of a store alone and not of the tables."""
    if not unit or (language == "zh" and unit in _UNITS_ZH):
        return _UNITS_ZH.get(unit, unit)
    return unit_name(unit, language)


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe goes before a dangerous first character."""
    return f"'{text}" if text.lstrip(" \u3000\u00a0\ufeff\x00").startswith(_DANGEROUS) else text


def _refuse_existing(target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise InputError(f"{target}: exists already and is not replaced; choose another name, or move it away")


def _is_start(field: Field) -> bool:
    """Say whether a column holds the first quarters of a lever."""
    return field.unit == "quarter" and field.name.endswith(".from")


@dataclass(frozen=True)
class _Shown:
    """How the runs of a store are shown: by titles in a language, or by the names and values of the store."""

    store: SweepStore
    language: str
    titles: bool

    @property
    def fields(self) -> tuple[Field, ...]:
        return self.store.fields[RUNS]

    def headings(self) -> list[str]:
        return headings(self.fields, self.language) if self.titles else [field.name for field in self.fields]

    def is_date(self, field: Field) -> bool:
        return self.titles and _is_start(field)

    def type(self, field: Field) -> str:
        if self.is_date(field):
            return "2021Q1"
        return "TRUE/FALSE" if field.type == TRUTH else field.type

    def rows(self, table: pa.Table) -> Iterator[Sequence[Any]]:
        dates = [self.is_date(field) for field in self.fields]
        for batch in table.to_batches(max_chunksize=_ROWS_AT_ONCE):
            columns = [column.to_pylist() for column in batch.columns]
            columns = [
                [None if value is None else date_of(int(value)) for value in column] if date else column
                for column, date in zip(columns, dates, strict=True)
            ]
            yield from zip(*columns, strict=True)


def _write_csv(shown: _Shown, table: pa.Table, target: Path) -> None:
    with replacing(target) as output:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        output.write(b"\xef\xbb\xbf")  # without the mark Excel takes the text for another code page
        writer.writerow([guarded(text) for text in shown.headings()])
        for number, row in enumerate(shown.rows(table), 1):
            writer.writerow([_csv_cell(value) for value in row])
            if number % _ROWS_AT_ONCE == 0:
                _drain(buffer, output)
        _drain(buffer, output)
        _refuse_existing(target)


def _drain(buffer: io.StringIO, output: Any) -> None:
    output.write(buffer.getvalue().encode("utf-8", "replace"))
    buffer.seek(0)
    buffer.truncate()


def _csv_cell(value: Any) -> Any:
    """Return a cell for CSV: numbers stay numbers, also negative ones; truth as spreadsheets write it."""
    if isinstance(value, str):
        return guarded(value.replace("\x00", "\ufffd"))
    return str(value).upper() if isinstance(value, bool) else value


def _write_xlsx(shown: _Shown, table: pa.Table, target: Path) -> None:
    columns = len(shown.fields)
    if table.num_rows >= _SHEET_ROWS or columns > _SHEET_COLUMNS:
        raise InputError(
            f"{target}: {table.num_rows} runs with {columns} columns; a sheet holds {_SHEET_ROWS - 1} rows and "
            f"{_SHEET_COLUMNS} columns; export --to csv"
        )
    try:
        data = _workbook(shown, table)
    except OSError as error:  # the library keeps unfinished sheets in the system's temporary folder
        raise failure(Path(tempfile.gettempdir()), error) from error
    with replacing(target) as output:
        output.write(data)
        _refuse_existing(target)


def _workbook(shown: _Shown, table: pa.Table) -> bytes:
    """Return the file as bytes: an archive that breaks off on a full disk would complain once more on its way out."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet(_word("runs", shown.language))
    sheet.freeze_panes = "B2"  # headings and run_id stay in sight
    cells = _Cells(sheet)
    sheet.append(cells.row(shown.headings()))
    for row in shown.rows(table):
        sheet.append(cells.row(row))
    about = book.create_sheet(_word("about", shown.language))
    for line in _about(shown, table.num_rows):
        about.append(_Cells(about).row(line))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


class _Cells:
    """Makes the cells of one sheet: text is stored as text, whatever it begins with."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet

    def row(self, values: Sequence[Any]) -> list[Any]:
        """Return cells; numbers, truth values and empty cells need no wrapping."""
        return [self._text(value) if isinstance(value, str) else value for value in values]

    def _text(self, value: str) -> Any:
        from openpyxl.cell import WriteOnlyCell

        clean = _CONTROL.sub("\ufffd", value)
        cell = WriteOnlyCell(self._sheet, clean if len(clean) <= _CELL else f"{clean[: _CELL - 1]}…")
        cell.data_type = "s"  # set by hand: the library would make a formula of what begins with =
        if guarded(clean) != clean:
            cell.quotePrefix = True  # stays text even after somebody has edited the cell
        return cell


def _about(shown: _Shown, rows: int) -> Iterator[list[Any]]:
    """Yield the lines of the second sheet: how complete, from where, and what each column means."""
    store, language = shown.store, shown.language
    manifest, word = store.manifest, lambda name: _word(name, language)
    if store.precision is None:
        yield [word("complete"), f"{rows} / {store.total} ({100 * rows // store.total} %)"]
    else:  # a share of what may be run at most would say nothing
        yield [word("complete"), f"{rows} / {word('most')}{store.total}"]
    versions = {name: manifest["versions"].get(name) for name in ("version", "revision", "data_sha256")}
    for name in (
        "study_sha256",
        "code_sha256",
        "version",
        "revision",
        "data_sha256",
        "command",
        "seed",
        "scale",
        "started",
    ):
        value = versions.get(name, manifest.get(name))
        yield [word(name), value if isinstance(value, int) else str(value or "")]
    yield []
    yield [word(name) for name in ("column", "heading", "type", "unit", "meaning")]
    for field, heading in zip(shown.fields, headings(shown.fields, language), strict=True):
        unit = "" if shown.is_date(field) else _unit(field.unit, language)
        yield [field.name, heading, shown.type(field), unit, field.title(language)]


def _word(name: str, language: str) -> str:
    zh, en = _WORDS[name]
    return zh if language == "zh" else en


def _require_openpyxl() -> None:
    try:
        import openpyxl  # noqa: F401 - whether it is there is the question
    except ImportError:
        raise InputError(
            "--to xlsx: needs the library openpyxl, which is not installed; install it with "
            "`pip install 'dianzhong[spreadsheet]'`, or export --to csv"
        ) from None

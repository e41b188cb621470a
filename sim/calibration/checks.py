"""Reading a table cell by cell: types, ranges and closed lists, with errors that name the place.

Every failure is a `TableError` that says file, line, column, the value found and what is allowed.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import NoReturn, TypeVar

from sim.errors import nearest

CONFIDENCE = ("high", "medium", "low")

# Web addresses are kept only where the publisher itself hosts the page: copies move and vanish.
PUBLISHER_HOSTS = (
    "kunming.cn",
    "chinadaily.com.cn",
    "dzxq.gov.cn",
    "km.gov.cn",
    "news.cn",
    "xinhuanet.com",
    "people.com.cn",
)

# The only rows dated after 2020 that may help to build the start, because no older figure exists.
DECLARED_AFTER_2020 = frozenset(
    {
        ("province.csv", "new_area_gdp", 2021),
        ("province.csv", "new_area_fai_first_quarter", 2022),
        ("province.csv", "anning_park_industrial_land", 2025),
        ("parks.csv", "anning_park", 2025),
    }
)

_ADDRESS = re.compile(r"(?:https?:)?//([^/\s:;)]+)")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e-?\d+)?")

T = TypeVar("T")


class TableError(ValueError):
    """Raised when a table breaks its schema; the text names file, line, column, value and what is allowed."""


class Row:
    """One line of a table, read through typed accessors that refuse what the schema does not allow."""

    __slots__ = ("cells", "file", "line")

    def __init__(self, file: str, line: int, cells: dict[str, str]) -> None:
        self.file = file
        self.line = line
        self.cells = cells

    def fail(self, column: str, allowed: str) -> NoReturn:
        """Raise the error of this row: the value of `column` is not what is `allowed`."""
        raise TableError(
            f"{self.file}, line {self.line}, column {column}: found {self.cells[column]!r}; allowed: {allowed}"
        )

    def text(self, column: str, blank: bool = False) -> str:
        """Return the text of a cell; an empty one only where `blank` says that it means not applicable."""
        value = self.cells[column]
        if not value and not blank:
            self.fail(column, "a text (this column may not be empty)")
        if value != value.strip():
            self.fail(column, "a text without blanks at its ends")
        return value

    def identifier(self, column: str) -> str:
        """Return a snake_case name."""
        value = self.text(column)
        if not _IDENTIFIER.fullmatch(value):
            self.fail(column, "a snake_case name: a-z, 0-9 and _, beginning with a letter")
        return value

    def matching(self, column: str, pattern: str, what: str) -> str:
        """Return a text that matches the whole regular expression `pattern`, described as `what`."""
        value = self.text(column)
        if not re.fullmatch(pattern, value):
            self.fail(column, what)
        return value

    def choice(self, column: str, allowed: Collection[str]) -> str:
        """Return a text out of a closed list."""
        value = self.text(column)
        if value not in allowed:
            close = nearest(value, allowed)
            meant = f" (did you mean {close[0]!r}?)" if close else ""
            known = ", ".join(sorted(allowed)) if len(allowed) <= 30 else f"one of {len(allowed)} declared values"
            self.fail(column, known + meant)
        return value

    def source(self, column: str) -> str:
        """Return where a row comes from: a text whose web addresses, if any, are the publisher's own."""
        value = self.text(column)
        for host in _ADDRESS.findall(value):
            if not any(host == own or host.endswith("." + own) for own in PUBLISHER_HOSTS):
                self.fail(column, "publisher, title and date; addresses only at " + ", ".join(PUBLISHER_HOSTS))
        return value

    def number(self, column: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return a finite number inside [low, high], written with a dot and without separators."""
        value = self.text(column)
        if not _NUMBER.fullmatch(value):
            self.fail(column, "a number with a dot as decimal sign and no thousands separators")
        number = float(value)
        if not low <= number <= high:
            self.fail(column, f"a number from {low:g} to {high:g}")
        return number

    def optional(self, column: str, low: float = -math.inf, high: float = math.inf) -> float | None:
        """Return a number, or None for an empty cell, which means not applicable."""
        return self.number(column, low, high) if self.text(column, blank=True) else None

    def whole(self, column: str, low: int, high: int) -> int:
        """Return a whole number inside [low, high]."""
        number = self.number(column, low, high)
        if not number.is_integer():
            self.fail(column, f"a whole number from {low} to {high}")
        return int(number)

    def flag(self, column: str) -> bool:
        """Return a switch written 0 or 1."""
        return self.choice(column, ("0", "1")) == "1"

    def share(self, column: str) -> float:
        """Return a share inside [0, 1]."""
        return self.number(column, 0.0, 1.0)

    def inside(self, column: str, value: float, low: float, high: float) -> None:
        """Refuse a value of `column` outside the range that the row itself declares."""
        if not low <= value <= high:
            self.fail(column, f"a number inside the row's own range, {low:g} to {high:g}")


def read_rows(folder: Path, file: str, columns: Sequence[str]) -> list[Row]:
    """Read a table of exactly these columns.

    Returns  one `Row` per line after the header, in the order of the file
    Errors   `TableError` for a missing file, another encoding, another header, a ragged or an empty line
    """
    try:
        text = folder.joinpath(file).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TableError(f"{file}: not found in {folder}") from None
    except UnicodeDecodeError as error:
        raise TableError(f"{file}: not UTF-8 at byte {error.start}; allowed: UTF-8 without byte-order mark") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise TableError(f"{file}, line {reader.line_num}: {error}; allowed: comma-separated values") from None
    header = lines[0][1] if lines else []
    if header != list(columns):
        wrong = next((name for name in header if name not in columns), None)
        missing = next((name for name in columns if name not in header), None)
        found = f"column {wrong!r}" if wrong is not None else f"no column {missing!r}" if missing else "another order"
        raise TableError(f"{file}, line 1: found {found}; allowed: the header {','.join(columns)}")
    rows = []
    for line, cells in lines[1:]:
        if len(cells) != len(columns):
            raise TableError(f"{file}, line {line}: found {len(cells)} cells; allowed: {len(columns)}")
        rows.append(Row(file, line, dict(zip(columns, cells, strict=True))))
    if not rows:
        raise TableError(f"{file}: found no rows; allowed: at least one")
    return rows


def unique(rows: Iterable[Row], *columns: str) -> None:
    """Refuse two rows with the same values in all the given columns together."""
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple(row.cells[column] for column in columns)
        if key in seen:
            row.fail(columns[-1], f"a value that is not yet on line {seen[key]} (unique: {', '.join(columns)})")
        seen[key] = row.line


def sums_to(row: Row, columns: Sequence[str], total: float, tolerance: float = 1e-9) -> None:
    """Refuse a row whose shares in `columns` do not add up to `total`."""
    found = math.fsum(float(row.cells[column]) for column in columns)
    if abs(found - total) > tolerance:
        row.fail(columns[-1], f"{' + '.join(columns)} = {total:g} (found {found:g})")


def column_sum(
    file: str, column: str, items: Iterable[T], value: Callable[[T], float], total: float, tolerance: float
) -> None:
    """Refuse a table whose column adds up to something else than the published total, beyond the tolerance."""
    found = math.fsum(value(item) for item in items)
    if abs(found - total) > tolerance:
        raise TableError(f"{file}, column {column}: found the sum {found:g}; allowed: {total:g} within {tolerance:g}")


def table_folder(folder: Path | None) -> Path:
    """Return the folder of the tables: the package's own unless another one is given."""
    return Path(__file__).parent if folder is None else folder


def columns_of(record: type) -> list[str]:
    """Return the columns of a table, which are the fields of its record in their order."""
    return [field.name for field in fields(record)]


def titles(row: Row) -> dict[str, str]:
    """Return the two titles of a row."""
    return {name: row.text(name) for name in ("title_zh", "title_en")}


def origin(row: Row) -> dict[str, str]:
    """Return source and confidence of a row."""
    return {"source": row.source("source"), "confidence": row.choice("confidence", CONFIDENCE)}


def refuse_late(row: Row, key: str, year: int) -> None:
    """Refuse a row dated after 2020 unless `DECLARED_AFTER_2020` names it."""
    if year > 2020 and (row.file, key, year) not in DECLARED_AFTER_2020:
        row.fail("year", "2020 or earlier; only declared exceptions are later")

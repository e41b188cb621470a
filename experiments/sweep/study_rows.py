"""Points written by people: the rows of `kind = "list"` and the CSV file of `kind = "file"`, every cell checked."""

from __future__ import annotations

import csv
import io
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.sweep.design import MOST_POINTS, START, UNCERTAIN, Row, Varied, equal_rows
from experiments.sweep.study_axes import date_fault, value_fault
from experiments.sweep.study_problems import Problems, did_you_mean, flattened, quoted, shown
from sim.scenario import date_of, quarter_of

MAX_CSV_BYTES = 16 * 1024 * 1024
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:[, '\u00a0\u202f]\d{3})+(?:\.\d*)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_NOT_FINITE = ("nan", "inf", "infinity")


def names_of(varied: Sequence[Varied]) -> dict[str, Varied]:
    """Return the column behind every name it may be called by: id or dotted name, with or without its group."""
    names: dict[str, Varied] = {}
    for axis in varied:
        group = "uncertain" if axis.group == UNCERTAIN else "policy"
        end = f".{START}" if axis.group == START else ""
        for name in (axis.ident, axis.declared.name):
            names[f"{name}{end}"] = names[f"{group}.{name}{end}"] = axis
    return names


def cell_fault(axis: Varied, value: Any) -> str:
    """Return what is wrong with a value of a column as a file spells it, or nothing."""
    if axis.group != START:
        return value_fault(axis, value)
    if fault := date_fault(value):
        return fault
    if quarter_of(value) not in axis.values:
        return f"{value} is not one of the values {', '.join(date_of(int(quarter)) for quarter in axis.values)}"
    return ""


def _stored(value: Any) -> float:
    # Adding zero turns -0.0 into 0.0.
    return float(quarter_of(value) or 0) if isinstance(value, str) else float(value) + 0.0


# Rows in the study itself


def listed_rows(given: Any, varied: Sequence[Varied] | None, problems: Problems) -> tuple[Row, ...]:
    """Return the rows of `kind = "list"` in the order of the columns, noting every error; without columns none."""
    place = "design.rows"
    if not isinstance(given, list) or not given or not all(isinstance(row, Mapping) for row in given):
        problems.add(place, 'is not a list of points; write rows = [{ "ID" = 0 }, { "ID" = 1 }]')
        return ()
    if varied is None:
        return ()
    names, count = names_of(varied), len(problems.found)
    rows = [_listed_row(row, f"{place}.{position}", varied, names, problems) for position, row in enumerate(given, 1)]
    if len(problems.found) == count:
        for first, second in equal_rows(rows):
            problems.add(f"{place}.{second + 1}", f"row {second + 1} repeats row {first + 1}; remove one")
    return tuple(rows)


def _listed_row(
    row: Mapping[str, Any], place: str, varied: Sequence[Varied], names: Mapping[str, Varied], problems: Problems
) -> Row:
    values: dict[str, float] = {}
    for name, value in flattened(row):
        axis = names.get(name)
        if axis is None:
            problems.add(place, f"{shown(name)} is not varied; {_varied_names(name, names, varied)}")
        elif axis.column in values:
            problems.add(place, f"{shown(name)} sets {axis.column} a second time; keep one of the two")
        elif fault := cell_fault(axis, value):
            problems.add(place, f"{axis.column}: {fault}")
            values[axis.column] = axis.low
        else:
            values[axis.column] = _stored(value)
    if missing := [axis.column for axis in varied if axis.column not in values]:
        problems.add(
            place, f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; every row is complete"
        )
    return tuple(values.get(axis.column, axis.low) for axis in varied)


def _varied_names(name: str, names: Mapping[str, Varied], varied: Sequence[Varied]) -> str:
    return did_you_mean(name, list(names), f"varied are {', '.join(axis.column for axis in varied[:12])}")


# Rows in a CSV file


def file_rows(given: Any, folder: Path, varied: Sequence[Varied] | None, problems: Problems) -> tuple[Row, ...]:
    """Return the rows of the CSV file of `kind = "file"` in the order of the columns, noting every error; without
    columns none.
    """
    path = _inside(given, folder, problems)
    text = None if path is None else _text_of(path, given, problems)
    if text is None or varied is None:
        return ()
    # A blank line is no row, but keeps its number.
    try:
        lines = [
            (k, cells) for k, cells in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), 1) if cells
        ]
    except csv.Error as error:
        problems.add_in(given, None, "", f"is not CSV: {error}; save it as comma-separated text")
        return ()
    if len(lines) < 2:
        what = "is empty" if not lines else "has a header and no rows"
        problems.add_in(given, None, "", f"{what}; write the names of the varied columns and one line per point")
        return ()
    if len(lines) - 1 > MOST_POINTS:
        problems.add_in(given, None, "", f"has {len(lines) - 1:,} rows, at most {MOST_POINTS:,}; split the study")
        return ()
    axes = _header(lines[0][1], given, varied, problems)
    return () if axes is None else _body(lines[1:], axes, given, varied, problems)


def _inside(given: Any, folder: Path, problems: Problems) -> Path | None:
    place = "design.file"
    if not isinstance(given, str) or not given or not given.isprintable() or len(given) > 255:
        what = "file is missing" if given is None else f"file = {quoted(given)} is not the name of a file"
        problems.add(place, f'{what}; write file = "points.csv"')
        return None
    try:
        path, home = (folder / given).resolve(), folder.resolve()
    except (OSError, RuntimeError, ValueError):
        problems.add(place, f"{quoted(given)}: cannot be read; write the name of a CSV file beside the study")
        return None
    if Path(given).is_absolute() or ".." in Path(given).parts or not path.is_relative_to(home):
        problems.add(
            place,
            f"{quoted(given)} lies outside the folder of the study; a study and its design travel together, so move "
            "the file beside the study",
        )
        return None
    return path


def _text_of(path: Path, name: str, problems: Problems) -> str | None:
    """Return the text of an ordinary, small UTF-8 file; None, with the error noted, if it is not one."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "is a folder" if stat.S_ISDIR(mode) else "is not an ordinary file"
            problems.add("design.file", f"{quoted(name)} {what}; name a CSV file")
            return None
        with path.open("rb") as file:
            raw = file.read(MAX_CSV_BYTES + 1)
    except FileNotFoundError:
        problems.add("design.file", f"{quoted(name)}: no such file; it is looked for beside the study")
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problems.add("design.file", f"{quoted(name)}: cannot be read ({reason}); check the permissions")
        return None
    line, fault = _encoding_fault(raw)
    if fault:
        problems.add_in(name, line, "", fault)
        return None
    return raw.decode("utf-8-sig")


def _encoding_fault(raw: bytes) -> tuple[int | None, str]:
    if len(raw) > MAX_CSV_BYTES:
        return None, f"is larger than {MAX_CSV_BYTES // 1024**2} MB; split the study"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None, "is UTF-16 text; save it as CSV UTF-8"
    if b"\x00" in raw:
        return None, "is a binary file, not CSV text; save the sheet as CSV UTF-8"
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return raw.count(b"\n", 0, error.start) + 1, "is not UTF-8 text; save the file as CSV UTF-8"
    return None, ""


def _header(cells: list[str], name: str, varied: Sequence[Varied], problems: Problems) -> list[Varied] | None:
    """Return the column behind each cell of the header; None, with the errors noted, if they do not fit."""
    names, count = names_of(varied), len(problems.found)
    heads = [cell.strip() for cell in cells]
    for mark, word in ((";", "semicolons"), ("\t", "tabs")):
        if len(heads) == 1 and mark in heads[0]:
            problems.add_in(name, 1, "", f"separates cells by {word}; save it with commas")
            return None
    axes: list[Varied] = []
    for position, head in enumerate(heads, 1):
        axis = names.get(head)
        if axis is None:
            what = f"column {position} has no name" if not head else f"column {quoted(head)} is not varied"
            problems.add_in(name, 1, head, f"{what}; {_varied_names(head, names, varied)}")
        elif axis in axes:
            problems.add_in(name, 1, head, f"{axis.column} is a column twice; keep one of the two")
        else:
            axes.append(axis)
    for axis in varied:
        if axis not in axes:
            problems.add_in(name, 1, axis.column, f"has no column; add {axis.ident} to the header and to every row")
    return axes if len(problems.found) == count else None


def _body(
    lines: list[tuple[int, list[str]]], axes: list[Varied], name: str, varied: Sequence[Varied], problems: Problems
) -> tuple[Row, ...]:
    order = [axes.index(axis) for axis in varied]
    count = len(problems.found)
    rows: list[Row] = []
    for number, cells in lines:
        if len(cells) != len(axes):
            hint = "; a number with a thousands separator takes two cells" if len(cells) > len(axes) else ""
            problems.add_in(name, number, "", f"row {number} has {len(cells)} cells, the header {len(axes)}{hint}")
            continue
        values = [_value(cell.strip(), axis, number, name, problems) for cell, axis in zip(cells, axes, strict=True)]
        rows.append(tuple(values[position] for position in order))
    if len(problems.found) == count:
        for first, second in equal_rows(rows):
            number = lines[second][0]
            problems.add_in(name, number, "", f"row {number} repeats row {lines[first][0]}; remove one")
    return tuple(rows)


def _value(cell: str, axis: Varied, number: int, name: str, problems: Problems) -> float:
    if axis.group == START:
        value: Any = cell
        fault = "is empty; fill in every cell" if not cell else cell_fault(axis, cell)
    else:
        value = float(cell) if _NUMBER.fullmatch(cell) else 0.0
        fault = value_fault(axis, value) if _NUMBER.fullmatch(cell) else _no_number(cell)
    if fault:
        problems.add_in(name, number, axis.column, f"row {number}: {fault}")
        return axis.low
    return _stored(value)


def _no_number(cell: str) -> str:
    """Say why the text of a cell is no number."""
    if not cell:
        return "the cell is empty; fill in every cell"
    if cell.startswith("="):
        return f"{quoted(cell)} is a formula; save the values, not the formulas"
    if _THOUSANDS.fullmatch(cell):
        return f"{quoted(cell)} has a thousands separator; write {re.sub(r'[^0-9.+-]', '', cell)}"
    if _DECIMAL_COMMA.fullmatch(cell):
        return f"{quoted(cell)} has a decimal comma; write {cell.replace(',', '.')}"
    if cell.lstrip("+-").casefold() in _NOT_FINITE:
        return f"{quoted(cell)} is not a finite number; write an ordinary number"
    return f"{quoted(cell)} is not a number; write digits and a dot only"

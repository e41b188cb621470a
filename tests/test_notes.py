"""Words about the numbers: parts and stages of the model, what a lever does, sources in Chinese."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from experiments import notes
from experiments.dashboard.evidence import baseline_note, evidence, referred
from experiments.dashboard.words import Words
from experiments.describe import schedule_rows
from experiments.published import published
from sim.calibration import tables
from sim.calibration.checks import TableError

FOLDER = Path(notes.__file__).parent
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CITED = re.compile(r"\[[FR][,\]]")


def test_a_source_that_is_a_sentence_is_chinese_on_the_chinese_page():
    for row in evidence(Words("zh")):
        assert CHINESE.search(row.source) or (CITED.match(row.recorded) and row.source == row.recorded), row.id
        assert not row.base_source or CHINESE.search(row.base_source), row.id
        assert CHINESE.search(row.used) and not re.search(r"stage|production", row.used), row.id
    for row in evidence(Words("en")):
        assert row.source == row.recorded
        assert not CHINESE.search(row.used)


def test_no_translation_is_left_over():
    said = {row.source for row in tables.parameters().values()}
    said |= {baseline_note(row.notes)[1] for row in tables.levers().values()}
    said |= {row.source for row in published()}
    assert set(notes.sources_zh()) <= said
    assert {row.source for row in published()} <= set(notes.sources_zh()), "the dots of a chart name their source too"


def test_the_stages_have_names_in_the_order_of_a_quarter():
    assert list(notes.parts("stage")) == [row["id"] for row in schedule_rows()]
    assert {row.block for row in tables.parameters().values()} == set(notes.parts("part"))


@pytest.mark.parametrize(
    ("mechanism", "stages"),
    [
        ("stage 5, 12", [5, 12]),
        ("stage 7 and 8: drift of wages", [7, 8]),
        ("stage 9; without it FAI is 32 % too low", [9]),
        ("start, stage 8: ties", [8]),
        ("stage 5, beside P104", [5]),
        ("cost of I13a", []),
    ],
)
def test_stages_are_read_from_the_mechanism(mechanism, stages):
    assert notes.stages_of(mechanism) == stages


def test_every_stage_that_a_mechanism_names_exists():
    for row in tables.parameters().values():
        assert set(notes.stages_of(row.mechanism)) <= set(range(1, 15)), row.id


def test_where_a_number_acts_is_said_in_words():
    rows = {row.id: row for row in evidence(Words("en"))}
    assert rows["Q10"].used == "Production and agglomeration · stage 10: output and sales"
    assert rows["N56"].used == f"Land · I13a {tables.levers()['I13a'].title_en}"
    named = referred(Words("en"), rows["I13j"])
    assert named == [f"P44 {tables.parameters()['P44'].title_en}"]


@pytest.mark.parametrize(
    ("file", "line", "column", "value", "message"),
    [
        ("effects.csv", 2, "lever", "I99z", "one of 60 declared values"),
        ("effects.csv", 2, "lever", "I03a", "not yet on line 2"),
        ("effects.csv", 2, "effect_en", "", "may not be empty"),
        ("parts.csv", 2, "kind", "room", "part, stage"),
        ("sources_zh.csv", 3, "text_zh", "", "may not be empty"),
    ],
)
def test_a_spoilt_table_of_words_is_refused(file, line, column, value, message, tmp_path):
    spoil(file, line, column, value, tmp_path)
    load = {"effects.csv": notes.effects, "sources_zh.csv": notes.sources_zh}.get(file)
    with pytest.raises(TableError, match=re.escape(message)):
        load(tmp_path) if load else notes.parts("part", tmp_path)


def test_a_lever_without_a_word_on_what_it_does_is_refused(tmp_path):
    lines = (FOLDER / "effects.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "effects.csv").write_text("".join(lines[:-1]), "utf-8")
    with pytest.raises(TableError, match="I22b not found"):
        notes.effects(tmp_path)


def spoil(file: str, line: int, column: str, value: str, folder: Path) -> None:
    """Write a copy of a table with one cell changed."""
    with (FOLDER / file).open(encoding="utf-8", newline="") as text:
        lines = list(csv.reader(text))
    lines[line - 1][lines[0].index(column)] = value
    with (folder / file).open("w", encoding="utf-8", newline="") as text:
        csv.writer(text, lineterminator="\n").writerows(lines)

"""The log tells of every answer that was shown: computed, cached, or left for a newer move."""

from __future__ import annotations

import json
import logging

import pytest
from streamlit.runtime.scriptrunner import RerunData, RerunException

from experiments.dashboard import record
from experiments.dashboard.record import LEVEL, log, shown, switch_on
from experiments.dashboard.service import Answer, Ticket


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, "dianzhong.app")
    return lambda: [json.loads(entry.message) for entry in caplog.records]


def answer(done: int = 64, superseded: bool = False, cached: bool = False) -> Answer:
    return Answer(done, 64, None, cached, superseded, 0, None, 1.23456, 2.5)


def test_an_answer_is_one_line(lines):
    with shown(Ticket("s", 1, "key")) as found:
        found.answer = answer()
    (line,) = lines()
    assert line.pop("script_s") >= 0.0
    assert line == {
        "step": "shown",
        "question": "2c70e12b7a06",
        "cached": False,
        "superseded": False,
        "n": 64,
        "of": 64,
        "after_s": 1.235,
        "model_s": 2.5,
    }


def test_a_cached_answer_says_so(lines):
    with shown(Ticket("s", 1, "key", cached=True)) as found:
        found.answer = answer(cached=True)
    assert lines()[0]["cached"]


def test_a_question_left_for_a_newer_one_says_so(lines):
    with shown(Ticket("s", 1, "key")) as found:
        found.answer = answer(3, superseded=True)
    with pytest.raises(RerunException), shown(Ticket("s", 2, "key")):
        raise RerunException(RerunData())
    assert [line["superseded"] for line in lines()] == [True, True]
    assert "n" not in lines()[1]


def test_a_page_that_fails_is_a_line_without_an_answer(lines):
    with pytest.raises(ZeroDivisionError), shown(Ticket("s", 1, "key")):
        raise ZeroDivisionError
    (line,) = lines()
    assert "n" not in line
    assert not line["superseded"]


@pytest.mark.parametrize(("value", "wanted"), [(None, False), ("", False), ("warning", False), ("info", True)])
def test_the_lines_come_only_if_asked_for(monkeypatch, value, wanted):
    quiet = logging.getLogger("dianzhong.test")
    monkeypatch.setattr(record, "log", quiet)
    monkeypatch.setattr(quiet, "handlers", [])
    monkeypatch.delenv(LEVEL, raising=False)
    if value is not None:
        monkeypatch.setenv(LEVEL, value)
    switch_on()
    switch_on()
    assert len(quiet.handlers) == wanted
    assert log.name == "dianzhong.app"

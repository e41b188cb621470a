"""The tutorial does what it shows: every block is executed in order, and every output is what was printed."""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


@cache
def runner() -> ModuleType:
    """Load docs/tutorial_run.py as a module; the folder is no package."""
    where = importlib.util.spec_from_file_location("dianzhong_tutorial_run", DOCS / "tutorial_run.py")
    assert where is not None and where.loader is not None
    module = importlib.util.module_from_spec(where)
    sys.modules[where.name] = module
    where.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_the_tutorial_prints_what_it_shows():
    page = runner().PAGE.read_text("utf-8")
    assert runner().refreshed(page) == page, "run `python docs/generate.py --tutorial` and read what has changed"


def test_blocks_that_are_not_run_say_why_and_are_few():
    marks = [found[1] or "" for found in runner().BLOCK.finditer(runner().PAGE.read_text("utf-8"))]
    assert [mark for mark in marks if mark.startswith("not run: ")] == [
        "not run: the first command of the README, tested there"
    ]
    assert marks.count("output") >= 10


def test_every_step_ends_with_what_to_notice():
    page = re.sub(r"^```.*?^```$", "", runner().PAGE.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    steps = re.split(r"^## (?=\d)", page, flags=re.MULTILINE)[1:]
    assert len(steps) >= 6
    assert [step.splitlines()[0] for step in steps if "**Notice.**" not in step] == []


def test_a_wrong_output_is_replaced():
    wrong = "```bash\necho right\n```\n\n<!-- output -->\n```text\nwrong\n```\n\nThe end.\n"
    assert runner().refreshed(wrong) == wrong.replace("wrong", "right")


def test_files_are_written_and_stay_for_later_blocks():
    page = "<!-- file: a.txt -->\n```toml\nx = 1\n```\n```bash\ncat a.txt\n```\n<!-- output -->\n```text\n```\n"
    assert runner().refreshed(page).endswith("```text\nx = 1\n```\n")


def test_a_command_that_fails_and_a_block_of_no_kind_are_refused():
    with pytest.raises(runner().TutorialError, match="exit code 3"):
        runner().refreshed("```bash\nexit 3\n```\n")
    with pytest.raises(runner().TutorialError, match="neither"):
        runner().refreshed("```python\nprint(1)\n```\n")

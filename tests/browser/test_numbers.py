"""The numbers on the page are those of the command that the page shows: same scenario, seed, scale and replicates.

The setting comes from a link, the scenario file from the button of the page, the command from its text; the command is
run as a program of its own, and every card, the sentence and the table are compared with what it prints.
"""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from experiments.dashboard import cards
from experiments.dashboard.desk import Desk, to_query
from experiments.dashboard.words import Words
from experiments.ensemble import HORIZONS, PATHS, RULES, SHARES
from sim.calibration import tables
from sim.scenario import Setting
from tests.browser import lab_page as lab
from tests.browser.harness import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
SETTINGS = 20
EVERY_CHANGE = 1  # of them; the others with `-m slow`
LONG = [pytest.mark.slow, pytest.mark.long]
QUARTERS = 20


@pytest.fixture(scope="module")
def command() -> list[str]:
    return lab.COMMAND


def some_desk(number: int) -> Desk:
    """Return a question drawn by its number: up to five levers, some dated, one in three with a fixed assumption."""
    draw = random.Random(number)
    desk = Desk(
        horizon=HORIZONS[number % 5 == 4],  # the longer one takes twice as long
        rule=draw.choice(RULES),
        share=draw.choice(SHARES),
        path=draw.choice(PATHS),
        replicates=20,
        seed=draw.randrange(1000),
    )
    for row in draw.sample(list(tables.levers().values()), draw.randint(1, 5)):
        value = draw.uniform(row.low, row.high)
        start = draw.choice((1, 1, draw.randint(2, QUARTERS)))
        ramp = draw.choice((0, 0, draw.randint(1, 8)))
        desk = desk.with_lever(row.id, Setting(value, start, None, ramp))
    if draw.random() < 1 / 3:
        uncertain = [row for row in tables.parameters().values() if row.role == "uncertain" and row.low < row.high]
        row = draw.choice(uncertain)
        desk = desk.with_assumption(row.id, draw.uniform(row.low, row.high))
    return desk


@pytest.mark.parametrize("number", [pytest.param(n, marks=[] if n < EVERY_CHANGE else LONG) for n in range(SETTINGS)])
def test_the_page_shows_what_its_command_prints(page: Page, tmp_path: Path, number: int) -> None:
    words = Words("zh")
    query = "&".join(f"{key}={value.replace('+', '%2B')}" for key, value in to_query(some_desk(number), "zh").items())
    lab.open_lab(page, query)
    document = printed_by_the_command(page, words, tmp_path)
    assert document["replicates"] == 20 and document["failed"] == 0
    wanted = [cards.card(words, row, document) for row in document["targets"]]
    shown = lab.cards(page)
    assert len(shown) == len(wanted)
    for text, card in zip(shown, wanted, strict=True):
        assert all(part in text for part in (card.title, card.value, card.delta)), (text, card)
    notes = page.locator(".st-key-cards [data-testid=stMarkdown]").all_inner_texts()
    assert notes == [card.note for card in wanted]
    assert lab.sentence(page) == cards.sentence(words, document)
    page.get_by_text(words("lab.table"), exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=words("lab.document_file")).click()
    kept: dict[str, Any] = json.loads(download.value.path().read_text("utf-8"))
    assert without_names(kept["targets"]) == without_names(document["targets"])
    assert kept["fiscal"] == document["fiscal"]
    assert kept["reached"] == document["reached"]
    with page.expect_download() as download:
        page.get_by_role("button", name=words("lab.runs_file")).click()
    runs = pq.read_table(download.value.path()).to_pandas()
    policy = runs[runs["arm"] == "policy"]
    assert list(policy["replicate"]) == list(range(document["replicates"]))
    for row in document["targets"]:
        assert policy[row["id"]].median() == pytest.approx(row["median"], rel=1e-12), row["id"]


def printed_by_the_command(page: Page, words: Words, folder: Path) -> dict[str, Any]:
    """Take the scenario file and the command from the page, run the command where the file is, and read its answer."""
    page.get_by_text(words("frame.share"), exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name=words("share.scenario")).click()
    download.value.save_as(folder / download.value.suggested_filename)
    program, *arguments = shlex.split(page.get_by_test_id("stCode").inner_text())
    assert program == "dianzhong"
    code = "import sys; from experiments.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},  # all of it: some of it chooses the kernels of linear algebra
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def without_names(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what the command alone explains: the second luck and the parts of the policy."""
    return [{key: value for key, value in row.items() if key not in ("luck_share", "parts", "binding")} for row in rows]

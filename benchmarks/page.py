"""How soon the app answers in a real browser: one table.

    python -m benchmarks.page [--moves N]

Starts the app on a free loopback port and drives Chromium. Run it while nothing else runs; nothing is asserted.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from time import monotonic
from typing import TYPE_CHECKING, Any

from benchmarks.table import Row, show
from experiments.dashboard.desk import Desk
from experiments.dashboard.service import Answers
from sim.scenario import Setting
from tests.browser import lab_page as lab
from tests.browser.harness import ARGUMENTS, Address, find_chromium, serve, settle

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LEVERS = ("lever_I05b", "lever_I13a", "lever_I14a", "lever_I04a")
MOVES = 20
HONEST = 2  # paired replicates behind an answer that may be shown
PAIRED = 20
LIMIT_MS = 240_000

# A badge counts for a move if it was painted after the address bar had the new question; the old badge says "N=".
NOTE = """() => {
    window.marks = [];
    const look = () => {
        const badge = document.querySelector('.st-key-badge');
        if (badge === null) return;
        const text = badge.innerText, last = window.marks.at(-1);
        if (last?.[1] !== text || last?.[2] !== location.href)
            window.marks.push([performance.now(), text, location.href]);
    };
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
    document.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
}"""
Marks = list[tuple[float, str, str]]


def count(badge: str) -> int:
    """Return the replicates that a badge speaks of."""
    found = re.search(r"N=(\d+)|模拟中 (\d+)/", badge)
    return int(found[1] or found[2]) if found else 0


def move(page: Page, lever: str, key: str) -> dict[int, float]:
    """Press a key and return the seconds to the first honest answer, to 20 paired replicates, and to the whole one."""
    link = page.url
    page.evaluate("() => { window.marks = []; }")
    lab.slider(page, lever).press(key)
    page.wait_for_function("link => location.href !== link", arg=link, timeout=LIMIT_MS)
    complete(page)
    marks: Marks = page.evaluate("() => window.marks")
    pressed: float = page.evaluate("() => window.pressed")
    final = page.url
    new = [(at, count(text)) for at, text, where in marks if where == final]
    # The badge of the question before is still there when the address changes: it is the first mark, and not an answer.
    old = count(marks[0][1]) if marks and "N=" in marks[0][1] else 0
    if old and new and new[0][1] == old and len(new) > 1:
        new = new[1:]
    whole = new[-1][1] if new else 0
    first = {}
    for goal in (HONEST, PAIRED, whole):
        at = next((at for at, done in new if done >= goal), None)
        if at is not None:
            first[goal if goal != whole else 0] = (at - pressed) / 1000
    return first


def alone() -> list[Row]:
    """Measure the service without a page and a browser on its cores: what of the seconds of a page is the model."""
    service, goals = Answers(), (HONEST, PAIRED, 64)
    found: dict[int, list[float]] = {goal: [] for goal in goals}
    for k in range(4):
        began, ticket = monotonic(), service.ask("alone", Desk().with_lever("I05b", Setting(600.0 + 10 * k)).plan())
        for goal in goals:
            service.wait(ticket, goal, LIMIT_MS / 1000)
            found[goal].append(monotonic() - began)
    service.close()
    # The first question also pays for what the workers remember afterwards.
    return [Row(f"service alone, {goal} paired replicates: p50", median(found[goal][1:]), "s", "") for goal in goals]


def complete(page: Page) -> None:
    page.wait_for_function(lab.DONE, timeout=LIMIT_MS, polling=lab.LOOK_MS)
    page.wait_for_timeout(200)
    page.wait_for_function(lab.DONE, timeout=LIMIT_MS, polling=lab.LOOK_MS)


def spread(what: str, seconds: list[float], aim: str = "") -> list[Row]:
    """Return the median and the 95th percentile as two rows."""
    if len(seconds) < 2:
        return [Row(f"{what}: p50", seconds[0], "s", aim)] if seconds else []
    last = quantiles(seconds, n=20, method="inclusive")[-1]
    return [Row(f"{what}: p50", median(seconds), "s", aim), Row(f"{what}: p95", last, "s", "")]


def moves(page: Page, number: int) -> list[Row]:
    """Measure moves on four levers in turn, each to a value that was not asked before."""
    found = [move(page, LEVERS[k % len(LEVERS)], "ArrowRight") for k in range(number)]
    rows = []
    for goal, what in ((HONEST, "first honest answer"), (PAIRED, "20 paired replicates"), (0, "whole answer (N=64)")):
        rows += spread(f"slider press to {what}", [row[goal] for row in found if goal in row])
    link = page.url
    page.get_by_role("button", name="撤销").click()
    page.wait_for_function("link => location.href !== link", arg=link, timeout=LIMIT_MS)
    complete(page)
    rows += spread(
        "slider press to a whole answer that is cached", [move(page, LEVERS[(number - 1) % 4], "ArrowRight")[0]]
    )
    return rows


def burst(page: Page) -> list[Row]:
    """Measure six key presses 150 ms apart: the delay of the answer to the last one after it."""
    delays = []
    for key in ("ArrowRight", "ArrowLeft", "ArrowRight"):
        page.evaluate("() => { window.marks = []; }")
        lab.slider(page, LEVERS[0]).focus()
        for _ in range(6):
            page.keyboard.press(key)
            page.wait_for_timeout(150)
        complete(page)
        marks: Marks = page.evaluate("() => window.marks")
        pressed: float = page.evaluate("() => window.pressed")
        final = [at for at, text, link in marks if link == page.url and count(text) >= HONEST and at > pressed]
        delays.append((final[1 if len(final) > 1 else 0] - pressed) / 1000)
    return [Row("six presses 150 ms apart: first answer to the last, p50 of 3", median(delays), "s", "")]


def timed(work: Callable[[], Any], repeats: int) -> list[float]:
    found = []
    for _ in range(repeats):
        began = monotonic()
        work()
        found.append(monotonic() - began)
    return found


def switches(page: Page) -> list[Row]:
    """Measure the change of page and of language, there and back, to a script that has ended with the new page."""

    def pages() -> None:
        lab.sources(page)
        lab.go(page, "实验室")
        page.locator(".st-key-cards").wait_for()
        settle(page)

    def languages() -> None:
        for name, undo in (("English", "Undo"), ("中文", "撤销")):
            page.get_by_test_id("stButtonGroup").get_by_text(name, exact=True).click()
            page.get_by_role("button", name=undo).wait_for()
            settle(page)

    return [
        Row("page switch: p50", median(timed(pages, 8)) / 2, "s", "<= 0.5"),
        Row("language switch: p50", median(timed(languages, 8)) / 2, "s", "<= 0.4"),
    ]


def two(browser: Browser, url: Address, page: Page) -> list[Row]:
    """Measure the first answer of one session while another runs 200 replicates to 2030, and while it does not."""
    lab.open_lab(page, f"{lab.QUICK}&seed=3")
    idle = [move(page, LEVERS[k % 4], "ArrowRight").get(HONEST) for k in range(8)]
    context = browser.new_context(base_url=str(url), locale="zh-CN")
    heavy = context.new_page()
    heavy.goto("/?replicates=200&horizon=2030&seed=4&I05b=900")
    heavy.locator(".st-key-badge").wait_for(timeout=LIMIT_MS)
    busy = [move(page, LEVERS[k % 4], "ArrowRight").get(HONEST) for k in range(8)]
    state = heavy.locator(".st-key-badge").inner_text().split("·")[0].strip()
    context.close()
    rows = [
        Row("first answer, one session: p50", median(filter(None, idle)), "s", ""),
        Row(
            "first answer while another runs the heaviest: p50", median(filter(None, busy)), "s", f"its badge: {state}"
        ),
    ]
    return [*rows, Row("ratio of the two", rows[1].figure / rows[0].figure, "x", "<= 2")]


def resident(pid: int, children: bool = False) -> float:
    """Return the memory of a process, or of the processes that it started, MB."""
    flag = "--ppid" if children else "-p"
    done = subprocess.run(["ps", "-o", "rss=", flag, str(pid)], capture_output=True, text=True, check=True)
    return sum(map(float, done.stdout.split())) / 1024


def memory(page: Page, url: Address, number: int) -> list[Row]:
    """Measure memory of the server and of the page before and after moves."""
    lab.open_lab(page)

    def note() -> tuple[float, float, float]:
        return resident(url.pid), resident(url.pid, True), lab.heap(page.context, page)

    before = note()
    for k in range(number):
        lab.slider(page, LEVERS[0]).press("ArrowRight" if k % 40 < 20 else "ArrowLeft")
        complete(page)
    names = ("memory of the server", "memory of its workers", "JavaScript heap of the page")
    return [
        row
        for name, old, new in zip(names, before, note(), strict=True)
        for row in (Row(f"{name}, before", old, "MB", ""), Row(f"{name}, after {number} moves", new, "MB", ""))
    ]


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description="the app in a browser, one table")
    parser.add_argument("--moves", type=int, default=200, help="moves between the two readings of memory (200)")
    number = parser.parse_args().moves
    from playwright.sync_api import sync_playwright

    first = alone()
    print(show(first), flush=True)
    with tempfile.TemporaryDirectory() as folder, serve(lab.COMMAND, Path(folder)) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), headless=True, args=ARGUMENTS)
        page = browser.new_context(
            base_url=str(url), locale="zh-CN", reduced_motion="reduce", viewport={"width": 1440, "height": 1000}
        ).new_page()
        began = monotonic()
        lab.open_lab(page, "")
        rows = [*first, Row("first load of a cold server to the whole answer", monotonic() - began, "s", "")]
        page.add_init_script(f"addEventListener('load', {NOTE})")
        lab.open_lab(page, "")
        for part in (
            lambda: moves(page, MOVES),
            lambda: burst(page),
            lambda: switches(page),
            lambda: two(browser, url, page),
            lambda: memory(page, url, number),
        ):
            new = part()
            rows += new
            print(show(new), flush=True)
        browser.close()
    print("\n" + show(rows))


if __name__ == "__main__":
    main()

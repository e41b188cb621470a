"""The Lab and the Sources page in a real browser, by the acceptance list of the app; no test asserts a time."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from experiments.articles import articles
from experiments.dashboard.evidence import evidence
from experiments.dashboard.words import Words
from sim.scenario import load_scenario
from tests.browser import lab_page as lab
from tests.browser.harness import DIFFERENT, Address, Record, serve, settle, without

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.browser
SCHEMES = ("light", "dark")
TONGUES = ("zh", "en")
SITE = "大板桥"
PATIENCE_MS = 10_000
# Chinese words that the English page may show: the language, and the document by its name. Latin words that the Chinese
# page may show: names, and what Streamlit says itself to those who use the keyboard or hear the page.
ENGLISH_MAY_SHOW = {"中文", "关于支持滇中新区深化改革创新加快推动高质量发展的实施意见"}
CHINESE_MAY_SHOW = {
    "Skip",
    "main",
    "content",
    "options",
    "English",
    "GDP",
    "CSV",
    "JSON",
    "TOML",
    "Wilson",
    "dianzhong",
}

# Notes every answer that is painted, with the address of that moment: the observer runs before the next frame.
WATCH = """() => {
    window.seen = [];
    const look = () => {
        const answer = document.querySelector('.st-key-answer'), last = window.seen.at(-1);
        if (answer !== null && answer.innerText && last?.[0] !== answer.innerText)
            window.seen.push([answer.innerText, location.href]);
    };
    new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
    look();
}"""


@pytest.fixture(scope="module")
def command() -> list[str]:
    return lab.COMMAND


@contextmanager
def another(chromium: Browser, app: str, **settings: Any) -> Iterator[Page]:
    """Open a page in a profile of its own."""
    options = {"locale": "zh-CN", "reduced_motion": "reduce", "viewport": {"width": 1440, "height": 1000}, **settings}
    context = chromium.new_context(base_url=str(app), **options)
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


@pytest.fixture(autouse=True)
def impatient(page: Page) -> None:
    page.set_default_timeout(PATIENCE_MS)


def test_a_move_changes_fan_card_and_sentence_and_undo_restores_them(page: Page, record: Record) -> None:
    lab.open_lab(page)
    before = lab.shown(page)
    lab.press(page, lab.PLATFORMS, "PageUp")
    after = lab.shown(page)
    assert all(old != new for old, new in zip(before, after, strict=True))
    page.get_by_role("button", name="撤销").click()
    page.wait_for_function("() => !location.href.includes('I05b=')")
    lab.complete(page)
    page.wait_for_function("text => document.querySelector('.st-key-answer').innerText === text", arg=before[1])
    assert lab.shown(page) == before
    assert record.complaints == []


def test_six_quick_presses_end_at_the_last_and_never_show_a_superseded_answer(
    page: Page, chromium: Browser, app: Address
) -> None:
    lab.open_lab(page)
    page.evaluate(WATCH)
    lever = lab.slider(page, lab.PLATFORMS)
    lever.focus()
    for key in ("End", "Home", "End", "Home", "End", "Home"):
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    page.wait_for_function("() => /I05b=0([.]0)?(&|$)/.test(location.href)")
    lab.complete(page)
    seen: list[list[str]] = page.evaluate("() => window.seen")
    assert (lever.get_attribute("aria-valuetext") or "").startswith("0 ")
    with another(chromium, app) as fresh:
        lab.open_lab(fresh, f"{lab.QUICK}&I05b=0")
        assert lab.cards(fresh) == lab.cards(page)
        assert lab.sentence(fresh) == lab.sentence(page)
    # The platforms at their most cost much and at nothing save money, so the sign tells whose answer it is. What is
    # painted anew must be an answer to the question in the address bar of that moment.
    for (before, _), (after, link) in pairwise(seen):
        if sign(before) != sign(after):
            assert sign(after) == (-1 if re.search("I05b=0([.]0)?(&|$)", link) else 1), seen
    assert sign(seen[0][0]) == 0 and sign(seen[-1][0]) == -1


def sign(text: str) -> int:
    """Return whether a sentence says that the policy costs (1), saves (-1), or neither."""
    number = re.findall(r"净支出（.*?）：([-−+]?)([\d,.]+)", text)[0]
    return 0 if float(number[1].replace(",", "")) == 0 else -1 if number[0] in ("-", "−") else 1


def test_a_link_gives_identical_cards_in_another_browser(page: Page, chromium: Browser, app: Address) -> None:
    lab.open_lab(page, f"{lab.QUICK}")
    lab.press(page, lab.PLATFORMS)
    with another(chromium, app) as fresh:
        fresh.goto(page.url)
        lab.complete(fresh)
        assert lab.cards(fresh) == lab.cards(page)
        assert lab.sentence(fresh) == lab.sentence(page)
        assert fresh.get_by_test_id("stAlertContainer").filter(has_text="链接中有").count() == 0


def test_bad_values_in_a_link_give_a_banner_and_the_baseline(page: Page, record: Record) -> None:
    lab.open_lab(page)
    baseline = lab.cards(page)
    lab.open_lab(page, f"{lab.QUICK}&I05b=1e99&no_such_thing=1")
    banner = page.get_by_test_id("stAlertContainer").filter(has_text="链接中有 2 个值无法识别")
    assert banner.is_visible() and "I05b" in banner.inner_text() and "no_such_thing" in banner.inner_text()
    assert lab.cards(page) == baseline
    assert "I05b" not in page.url and record.complaints == []


def text_of(page: Page) -> str:
    """Return all that is read on a page: its visible text, and the names of its charts."""
    names = page.locator("[data-testid=stVegaLiteChart]").evaluate_all("all => all.map(e => e.ariaLabel)")
    inside = page.locator("[data-testid=stVegaLiteChart] svg text").all_text_contents()
    return "\n".join([page.locator("body").inner_text(), *names, *inside])


def test_the_language_switch_keeps_levers_page_and_choice_and_leaves_no_foreign_word(page: Page) -> None:
    lab.open_lab(page, f"{lab.QUICK}&I05b=800")
    choose_park(page)
    before = lab.slider(page, lab.PLATFORMS).get_attribute("aria-valuetext")
    assert latin(text_of(page)) <= CHINESE_MAY_SHOW
    page.get_by_test_id("stButtonGroup").get_by_text("English", exact=True).click()
    page.get_by_role("button", name="Undo").wait_for()
    lab.complete(page)
    after = lab.slider(page, lab.PLATFORMS).get_attribute("aria-valuetext")
    assert before is not None and after is not None and before.split()[0] == after.split()[0] == "800"
    assert page.locator(".st-key-park_card").is_visible() and "lang=en" in page.url and "I05b=800" in page.url
    assert page.evaluate("() => document.documentElement.lang") == "en"
    assert chinese(text_of(page)) <= ENGLISH_MAY_SHOW
    lab.sources(page)
    page.get_by_test_id("stButtonGroup").get_by_text("中文", exact=True).click()
    page.get_by_role("button", name="撤销").wait_for()
    settle(page)
    assert "/sources" in page.url and "I05b=800" in page.url
    assert page.evaluate("() => document.documentElement.lang") == "zh-CN"


def test_the_english_sources_page_shows_no_chinese(page: Page) -> None:
    page.goto("/sources?lang=en&replicates=20")
    page.get_by_test_id("stDataFrame").wait_for()
    for tab in page.get_by_role("tab").all():
        open_tab(page, tab)
        assert chinese(page.locator("body").inner_text()) <= ENGLISH_MAY_SHOW


def open_tab(page: Page, tab: Locator) -> None:
    """Open a tab of the data page and wait for what it shows: only the open tab is drawn."""
    tab.click()
    page.get_by_role("tabpanel").filter(visible=True).get_by_test_id("stMarkdown").first.wait_for()
    settle(page)


def chinese(text: str) -> set[str]:
    return set(re.findall(r"[\u4e00-\u9fff]+", text))


def latin(text: str) -> set[str]:
    """Return the Latin words of a text that are longer than a unit and are no part of a path, an option or a link."""
    return set(re.findall(r"(?<![\w/.-])[A-Za-z]{3,}(?![\w/.])", text))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_other_host_is_asked_and_nothing_is_complained_about(page: Page, record: Record, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    lab.open_lab(page)
    lab.sources(page)
    lab.go(page, "实验室")
    lab.complete(page)
    page.wait_for_timeout(1000)  # what a page sends home, it sends a moment later
    assert any(url.startswith("ws://") for url in record.asked)
    assert record.foreign() == []
    assert record.complaints == []


def test_chinese_is_not_shown_as_boxes(page: Page) -> None:
    lab.open_lab(page)
    for element in (page.locator(".st-key-answer h3"), page.locator(lab.CHART).first.locator("svg text").first):
        assert not element.evaluate(DIFFERENT, ["\u0378", "\u0379"]), "two unassigned characters must look alike"
        if not element.evaluate(DIFFERENT, ["滇", "新"]):
            without("no font with Chinese characters on this machine")


def test_the_page_recovers_when_the_server_is_restarted(chromium: Browser, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with serve(lab.COMMAND, tmp_path / "first", port=port) as url:
        context = chromium.new_context(base_url=str(url), locale="zh-CN", reduced_motion="reduce")
        page = context.new_page()
        lab.open_lab(page, f"{lab.QUICK}&I05b=800")
        before = lab.cards(page)
        os.killpg(url.pid, signal.SIGKILL)
        page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]').dataset.testConnectionState !== 'CONNECTED'"
        )
    with serve(lab.COMMAND, tmp_path / "second", port=port):
        page.wait_for_function(
            "() => document.querySelector('[data-testid=stApp]').dataset.testConnectionState === 'CONNECTED'",
            timeout=lab.ANSWER_MS,
        )
        page.wait_for_timeout(500)
        lab.complete(page)
        assert "I05b=800" in page.url
        assert (lab.slider(page, lab.PLATFORMS).get_attribute("aria-valuetext") or "").startswith("800")
        assert lab.cards(page) == before
        context.close()


def test_a_session_gets_its_answer_while_another_runs_the_heaviest_action(
    page: Page, chromium: Browser, app: Address
) -> None:
    lab.open_lab(page)
    with another(chromium, app) as heavy:
        heavy.goto("/?replicates=200&horizon=2030&I05b=800")
        heavy.locator(".st-key-badge").filter(has_text="模拟中").wait_for(timeout=lab.ANSWER_MS)
        lab.press(page, lab.PLATFORMS, "PageDown")
        # Sessions are served in turn, so a tenth of the replicates is done long before the rest.
        assert "模拟中" in heavy.locator(".st-key-badge").inner_text()
        assert "N=20" in page.locator(".st-key-badge").inner_text()


@pytest.mark.parametrize("tongue", TONGUES)
def test_every_number_has_a_source_and_every_article_is_mapped(page: Page, tongue: str) -> None:
    words = Words(tongue)
    rows, missing = evidence(words), words("data.kind.missing")
    page.goto(f"/sources?lang={tongue}")
    page.get_by_text(words("data.found", n=len(rows)), exact=True).wait_for()
    assert all((row.kind == "missing") == (not row.source) for row in rows)
    assert words("data.count", n=len(rows)).strip() in page.get_by_test_id("stMain").inner_text()
    table = page.get_by_test_id("stDataFrame").locator("tbody tr")
    table.first.wait_for(state="attached")
    shown = table.evaluate_all("rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.textContent))")
    assert len(shown) > 5
    by_id = {row.id: row for row in rows}
    wrong = [cells for cells in shown if cells[-1] != (by_id[cells[0]].source or missing)]
    assert wrong == []
    page.get_by_role("tab", name=words("data.tab.articles")).click()
    mapped = page.get_by_role("tabpanel").filter(visible=True).locator("table tbody tr")
    mapped.first.wait_for()  # only the open tab is drawn
    states = {words(f"data.state.{state}") for state in ("full", "partly", "none")}
    found = mapped.evaluate_all("rows => rows.map(row => [...row.querySelectorAll('td,th')].map(c => c.innerText))")
    assert [int(cells[0]) for cells in found] == list(articles())
    assert {cells[-1] for cells in found} <= states


WIDTH = """() => Math.max(
    ...[document.documentElement, document.querySelector('[data-testid=stMain]')].map(element => element.scrollWidth)
)"""

# What axe finds in Streamlit's own markup and no setting can change: (rule, start of the selector).
STREAMLITS_OWN: set[tuple[str, str]] = set()


@pytest.mark.parametrize("tongue", TONGUES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_serious(page: Page, scheme: Any, tongue: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    found = []
    lab.open_lab(page, f"{lab.QUICK}&lang={tongue}")
    found += serious(axe.run(page).response, "baseline")
    lab.open_lab(page, f"{lab.QUICK}&lang={tongue}&I05b=800")
    choose_park(page)
    found += serious(axe.run(page).response, "lab")
    lab.sources(page)
    for number, tab in enumerate(page.get_by_role("tab").all()):
        open_tab(page, tab)
        found += serious(axe.run(page).response, f"sources {number}")
    assert found == []


def serious(response: Any, where: str) -> list[str]:
    return [
        f"{where}: {row['id']} {node['target']} {node['html'][:120]} {node['any'][:1]}"
        for row in response["violations"]
        if row["impact"] in ("serious", "critical")
        for node in row["nodes"]
        if not any(row["id"] == rule and str(node["target"][0]).startswith(start) for rule, start in STREAMLITS_OWN)
    ]


@pytest.mark.parametrize("tongue", TONGUES)
def test_on_a_phone_nothing_scrolls_sideways_and_the_answer_comes_first(page: Page, tongue: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    lab.open_lab(page, f"{lab.QUICK}&lang={tongue}")
    assert page.evaluate(WIDTH) <= 390
    box = page.locator(".st-key-cards").bounding_box()
    top = page.locator(".st-key-answer").bounding_box()
    assert box is not None and top is not None
    assert 0 <= top["y"] < box["y"] and box["y"] + box["height"] <= 2 * 844
    page.goto(f"/sources?lang={tongue}")
    page.get_by_test_id("stDataFrame").wait_for()
    assert page.evaluate(WIDTH) <= 390


def choose_park(page: Page) -> None:
    lab.pick(page, "park", re.compile(f"{SITE}|Dabanqiao"))
    page.locator(".st-key-park_card").wait_for()
    settle(page)


def test_a_park_is_chosen_by_select_box_and_by_click(page: Page, record: Record) -> None:
    lab.open_lab(page)
    choose_park(page)
    assert SITE in page.locator(".st-key-park_card").inner_text()
    page.locator('.st-key-map svg path[aria-label^="安宁市：产出"]').click()
    page.locator(".st-key-park_card").filter(has_text="安宁市").wait_for()
    # A line between two places can be clicked too, and is no park.
    for link in page.locator('.st-key-map svg [aria-roledescription="rule mark"]').all()[:3]:
        link.click(force=True)
        page.wait_for_timeout(500)
        lab.complete(page)
    assert "安宁市" in page.locator(".st-key-park_card").inner_text()
    assert record.complaints == []


def test_two_hundred_moves_leave_no_memory_behind(page: Page, app: Address) -> None:
    lab.open_lab(page)
    lever = lab.slider(page, lab.PLATFORMS)
    for k in range(20):
        move(page, lever, k)
    before = resident(app.pid)
    for k in range(200):
        move(page, lever, k)
    lab.complete(page)
    assert resident(app.pid) - before < 50
    assert lab.heap(page.context, page) < 250


def move(page: Page, lever: Any, k: int) -> None:
    lever.press("ArrowRight" if k % 20 < 10 else "ArrowLeft")
    lab.complete(page)


def resident(pid: int) -> float:
    """Return the memory of one process, MB."""
    done = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return float(done.stdout) / 1024


def test_what_was_chosen_in_a_list_changes_its_language_too(page: Page) -> None:
    lab.open_lab(page, f"{lab.QUICK}&lang=en")
    title = load_scenario("as_written").title["en"]
    lab.pick(page, "preset", title, typed=title)
    page.get_by_role("button", name=Words("en")("frame.preset.apply")).wait_for()
    settle(page)
    page.get_by_test_id("stButtonGroup").get_by_text("中文", exact=True).click()
    wanted = load_scenario("as_written").title["zh"]
    page.wait_for_function("text => document.querySelector('.st-key-preset input').value === text", arg=wanted)

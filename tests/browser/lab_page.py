"""The Lab page as a test, a benchmark or a screenshot sees it: what it shows, and how it is waited for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.browser.harness import ROOT, run_script, settle

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

COMMAND = run_script(ROOT / "app.py")
QUICK = "replicates=20"
ANSWER_MS = 90_000
LOOK_MS = 100  # between two looks at the page: to look at every frame takes a quarter of a core from the answer
PLATFORMS = "lever_I05b"  # building of platforms, paid by the New Area: every step shows in the cost
CHART = "[data-testid=stVegaLiteChart]"

# The badge says that all replicates of the question are done, and the page is at rest.
DONE = """() => {
    const badge = document.querySelector('.st-key-badge'), app = document.querySelector('[data-testid=stApp]');
    return badge !== null && badge.innerText.includes('N=') && app.dataset.testScriptState === 'notRunning'
        && document.querySelector('[data-testid=stSkeleton], [data-testid=stAppSkeleton]') === null;
}"""


def complete(page: Page) -> None:
    """Wait until the whole answer to the question on the page is shown."""
    page.wait_for_function(DONE, timeout=ANSWER_MS, polling=LOOK_MS)
    page.wait_for_timeout(150)  # a run that follows at once would have begun by now
    page.wait_for_function(DONE, timeout=ANSWER_MS, polling=LOOK_MS)


def open_lab(page: Page, query: str = QUICK) -> None:
    page.goto(f"/?{query}")
    complete(page)


def slider(page: Page, key: str) -> Locator:
    # A lever that something else has moved is another widget, with a number behind its key.
    return page.locator(f"[class*='st-key-{key}']").get_by_role("slider")


def press(page: Page, key: str, name: str = "ArrowRight") -> None:
    """Press a key on a lever and wait for the whole answer."""
    before = slider(page, key).get_attribute("aria-valuetext")
    link = page.url
    slider(page, key).press(name)
    page.wait_for_function("link => location.href !== link", arg=link, timeout=ANSWER_MS)
    complete(page)
    assert slider(page, key).get_attribute("aria-valuetext") != before


def pick(page: Page, key: str, option: str | re.Pattern[str], typed: str = "") -> None:
    """Open the list of a select box, type into it and click an option."""
    box = page.locator(f".st-key-{key}").get_by_role("combobox")
    found = page.get_by_role("option").filter(has_text=option).first
    for _ in range(3):  # the list closes when its page scrolls, and a panel that opens scrolls it
        box.scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        box.click()
        box.fill(typed)
        for _ in range(20):
            page.wait_for_timeout(LOOK_MS)
            if found.count():
                return found.click()
        page.keyboard.press("Escape")
    raise AssertionError(f"the list of {key} did not open, or has no option {option}")


def cards(page: Page) -> list[str]:
    return [" ".join(text.split()) for text in page.get_by_test_id("stMetric").all_inner_texts()]


def sentence(page: Page) -> str:
    return page.locator(".st-key-answer").inner_text()


def fan(page: Page) -> list[str]:
    """Return the paths of the first fan."""
    return (
        page.locator(CHART).first.locator("svg path").evaluate_all("paths => paths.map(path => path.getAttribute('d'))")
    )


def shown(page: Page) -> tuple[list[str], str, list[str]]:
    return cards(page), sentence(page), fan(page)


def go(page: Page, *names: str) -> None:
    """Choose a page by its title, in either language."""
    link = page.get_by_role("link", name=re.compile("^(" + "|".join(names) + ")$"))
    link.first.click()
    settle(page)


def sources(page: Page) -> None:
    go(page, "依据", "Sources")
    page.get_by_test_id("stDataFrame").wait_for()


def heap(context: BrowserContext, page: Page) -> float:
    """Return the JavaScript heap of a page after a collection, MB."""
    tools = context.new_cdp_session(page)
    tools.send("HeapProfiler.collectGarbage")
    return float(page.evaluate("() => performance.memory.usedJSHeapSize")) / 1e6

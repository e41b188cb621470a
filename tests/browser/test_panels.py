"""What is folded is drawn when it is opened, and stays open: in a browser, for only there a click opens anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from experiments.dashboard.words import Words
from tests.browser import lab_page as lab
from tests.browser.harness import Record

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
ZH, EN = Words("zh"), Words("en")


@pytest.fixture(scope="module")
def command() -> list[str]:
    return lab.COMMAND


def panel(page: Page, label: str) -> None:
    page.get_by_test_id("stExpander").get_by_text(label, exact=True).click()


def test_a_folded_panel_is_drawn_on_opening_and_stays_open_through_a_move_and_another_language(
    page: Page, record: Record
) -> None:
    lab.open_lab(page)
    horizon = page.locator("[class*='st-key-def_horizon']")
    assert horizon.count() == 0
    panel(page, ZH("frame.definitions"))
    horizon.get_by_role("combobox").wait_for()
    lab.press(page, lab.PLATFORMS)
    assert horizon.get_by_role("combobox").is_visible()
    page.get_by_test_id("stButtonGroup").get_by_text("English", exact=True).click()
    page.get_by_text(EN("def.horizon"), exact=True).wait_for()
    lab.complete(page)
    assert horizon.get_by_role("combobox").is_visible()
    panel(page, EN("frame.definitions"))
    horizon.wait_for(state="detached")
    assert record.complaints == []


def test_the_panel_of_assumptions_stays_open_when_one_is_fixed(page: Page) -> None:
    lab.open_lab(page)
    panel(page, ZH("frame.assumptions", n=0))
    lab.pick(page, "assume", "P02", typed="P02")
    page.get_by_role("button", name=ZH("assume.pin"), exact=True).click()
    page.get_by_text(ZH("frame.assumptions", n=1), exact=True).wait_for()
    lab.complete(page)
    assert lab.slider(page, "assume_P02").is_visible()
    assert "P02=" in page.url


def test_a_lever_is_tuned_in_its_popover(page: Page) -> None:
    lab.open_lab(page)
    lab.press(page, lab.PLATFORMS)
    page.get_by_role("button", name=ZH("frame.fine"), exact=True).click()
    value = page.get_by_role("spinbutton", name=ZH("fine.value"))
    value.wait_for()
    value.fill("432.5")
    value.press("Enter")
    page.get_by_role("button", name=ZH("fine.apply"), exact=True).click()
    page.wait_for_function("() => location.href.includes('I05b=432.5')")
    lab.complete(page)
    assert "432.5" in (lab.slider(page, lab.PLATFORMS).get_attribute("aria-valuetext") or "")

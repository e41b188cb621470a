"""Fixtures of the browser tests: a server, a browser, a page that is watched, and a picture of it on failure."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.browser.harness import ARGUMENTS, TINY, Address, Record, find_chromium, run_script, serve, without

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def command() -> list[str]:
    """The command that starts the app; a module that tests another one defines a fixture of this name."""
    return run_script(TINY)


@pytest.fixture(scope="module")
def app(command: list[str], chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The address of a running app. It needs the browser, so that without one no server is started in vain."""
    with serve(command, tmp_path_factory.mktemp("app")) as url:
        yield url


# Of a module, not of the session: while Playwright is open an event loop runs, and no other test could start its own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium of the system, driven by Playwright."""
    if sys.platform == "win32":
        without("the server is ended by process group, which Windows lacks")
    path = find_chromium()
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        without("Playwright is not installed: pip install -e '.[dev]' -c constraints.txt")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture
def record(app: str) -> Record:
    """What the page of this test asked for and complained about."""
    return Record(urlsplit(app).netloc)


@pytest.fixture
def page(chromium: Browser, app: str, record: Record, tmp_path: Path) -> Iterator[Page]:
    """An empty page in a profile of its own, watched from its first request on; `page.goto("/")` is the app."""
    context = chromium.new_context(
        base_url=app,
        locale="zh-CN",
        color_scheme="light",
        reduced_motion="reduce",
        service_workers="block",
        viewport={"width": 1440, "height": 1000},
    )
    try:
        opened = context.new_page()
        record.watch(opened)
        yield opened
    finally:
        context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Save a picture of the page of a failed test, and say where it is and what the page complained about."""
    report = yield
    held: dict[str, Any] = getattr(item, "funcargs", {})
    if report.when == "call" and report.failed and "page" in held:
        lines = list(held["record"].complaints) if "record" in held else []
        try:
            target = held["tmp_path"] / "page.png" if "tmp_path" in held else None
            if target is not None:
                held["page"].screenshot(path=target, full_page=True)
                lines.append(f"picture: {target}")
        except Exception as error:  # a page that has crashed must not hide why the test failed
            lines.append(f"no picture: {error}")
        report.sections.append(("page", "\n".join(lines)))
    return report

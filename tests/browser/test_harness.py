"""The harness itself, on a throw-away page: it loads, answers the keyboard, shows Chinese and asks no other host."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.browser.harness import DIFFERENT, ROOT, TINY, Record, open_app, run_script, serve, without

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


def test_the_page_loads_and_complains_about_nothing(page: Page, record: Record) -> None:
    open_app(page, "/")
    assert page.title() == "试验页"
    assert page.get_by_role("heading", name="滇中新区").is_visible()
    assert page.get_by_text("补贴为 10", exact=True).is_visible()
    assert page.get_by_test_id("stAppDeployButton").count() == 0
    assert record.complaints == []


def test_a_key_on_the_slider_changes_the_text(page: Page, record: Record) -> None:
    open_app(page, "/")
    slider = page.get_by_role("slider", name="产业补贴")
    for level in (11, 12, 13):
        slider.press("ArrowRight")
        page.get_by_text(f"补贴为 {level}", exact=True).wait_for()
    slider.press("ArrowLeft")
    page.get_by_text("补贴为 12", exact=True).wait_for()
    assert record.complaints == []


def test_no_other_host_is_asked(page: Page, record: Record) -> None:
    open_app(page, "/")
    page.get_by_role("slider", name="产业补贴").press("ArrowRight")
    page.get_by_text("补贴为 11", exact=True).wait_for()
    page.wait_for_timeout(1000)  # what a page sends home, it sends a moment later
    assert any(url.startswith("ws://") for url in record.asked), "the record saw no web socket"
    assert record.foreign() == []


def test_the_server_itself_asks_nobody(chromium: Browser, tmp_path: Path) -> None:
    with socket.socket() as proxy:  # what the server would send out arrives here instead
        proxy.bind(("127.0.0.1", 0))
        proxy.listen()
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy")
        extra = dict.fromkeys(names, address) | {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        with serve(run_script(TINY), tmp_path, extra) as url:
            page = chromium.new_page()
            open_app(page, url)
            page.wait_for_timeout(500)
            page.close()
        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_a_request_to_another_host_is_seen(page: Page, record: Record) -> None:
    open_app(page, "/")
    page.evaluate("() => fetch('https://elsewhere.example/x').catch(() => null)")
    assert record.foreign() == ["https://elsewhere.example/x"]
    assert any("elsewhere.example" in line for line in record.complaints)


def test_chinese_is_not_shown_as_boxes(page: Page) -> None:
    open_app(page, "/")
    heading = page.get_by_role("heading", name="滇中新区")
    assert not heading.evaluate(DIFFERENT, ["\u0378", "\u0379"]), "two unassigned characters must look alike"
    assert not heading.evaluate(DIFFERENT, ["滇", "滇"])
    if not heading.evaluate(DIFFERENT, ["滇", "新"]):
        without("no font with Chinese characters on this machine")


def test_a_server_that_ends_tells_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no such lever')"]
    with pytest.raises(RuntimeError, match="no such lever"), serve(command, tmp_path):
        pass


def test_nothing_of_a_server_is_left(tmp_path: Path, app: str) -> None:
    with serve(run_script(TINY), tmp_path) as url:
        assert url != app
    log = (tmp_path / "server.log").read_text("utf-8")
    assert url in log and "Network URL" not in log and "External URL" not in log
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), 5):
        pass


def test_every_setting_is_one_that_streamlit_knows(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path)}
    shown = subprocess.run(
        [sys.executable, "-m", "streamlit", "config", "show"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.returncode == 0 and "not a valid config option" not in shown.stdout + shown.stderr

"""A Streamlit server of its own for each test module, and a record of what a page asked for and complained about."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Request

ROOT = Path(__file__).resolve().parents[2]
TINY = Path(__file__).resolve().parent / "apps" / "tiny.py"
REQUIRED = "E2E_REQUIRED"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = [
    "--no-sandbox",  # as root Chromium refuses to start without it; it only ever sees our own pages
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no other host is even looked up
]
START_SECONDS = 60.0
SETTLE_MS = 30_000

# The page is connected, its script has ended, and no placeholder of a first load is left.
SETTLED = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    return app !== null && app.dataset.testConnectionState === 'CONNECTED'
        && app.dataset.testScriptState === 'notRunning'
        && document.querySelector('[data-testid=stSkeleton], [data-testid=stAppSkeleton]') === null;
}"""

# Whether two characters give different pixels in the font of an element: a missing glyph is the same box for both.
DIFFERENT = """(element, [first, second]) => {
    const draw = (text) => {
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 64;
        const brush = canvas.getContext('2d', {willReadFrequently: true});
        brush.font = '48px ' + getComputedStyle(element).fontFamily;
        brush.textBaseline = 'top';
        brush.fillText(text, 4, 4);
        return brush.getImageData(0, 0, 64, 64).data.join();
    };
    return draw(first) !== draw(second);
}"""


def without(reason: str) -> NoReturn:
    """Skip a test for want of something on this machine, or fail where the browser is required."""
    if os.environ.get(REQUIRED, "0") not in ("", "0"):
        pytest.fail(f"{reason} ({REQUIRED} is set, so this is no reason to skip)")
    pytest.skip(reason)


def find_chromium() -> str:
    """Return the browser of the system; Playwright's own download is never used."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    path = next(filter(None, map(shutil.which, NAMES)), None)
    return path or without("no Chromium on the path: install it, or name one in CHROMIUM")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_script(script: Path) -> list[str]:
    """Return the command that serves one script."""
    return [sys.executable, "-m", "streamlit", "run", str(script)]


def wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            with direct.open(f"{url}/_stcore/health", timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.05)
    state = "is not healthy in time" if server.poll() is None else f"ended with {server.returncode}"
    raise RuntimeError(f"the server {state}; it wrote:\n{log.read_text('utf-8', errors='replace')}")


class Address(str):
    """The address of a running server, with its process id."""

    pid: int = 0


def end_group(server: subprocess.Popen[bytes]) -> None:
    """End the server and all its children; the group is gone when this returns."""
    for kind, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(server.pid, kind)
        except ProcessLookupError:
            break
        try:
            server.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    server.wait()


@contextmanager
def serve(
    command: Sequence[str], folder: Path, extra: Mapping[str, str] | None = None, port: int | None = None
) -> Iterator[Address]:
    """Serve an app on a loopback port, with a home and a temporary folder of its own; yield its address.

    The port is given by environment variable, which any command that starts Streamlit obeys unless it passes a port;
    `extra` are more variables. Without a `port` a free one is taken.
    """
    port, log = port or free_port(), folder / "server.log"
    own = {"HOME": folder / "home", "TMPDIR": folder / "tmp", "XDG_CACHE_HOME": folder / "home" / "cache"}
    for path in own.values():
        path.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    here = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**kept, **{name: str(path) for name, path in own.items()}, "PYTHONPATH": here}
    environment |= {"STREAMLIT_SERVER_PORT": str(port), **(extra or {})}
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}", server, log)
            address = Address(f"http://127.0.0.1:{port}")
            address.pid = server.pid
            yield address
        finally:
            end_group(server)


@dataclass
class Record:
    """What a page asked for and complained about since it was opened."""

    host: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda channel: self.asked.append(channel.url))
        page.on("requestfailed", self._failed)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))

    def _failed(self, request: Request) -> None:
        self.complaints.append(f"failed: {request.method} {request.url} ({request.failure})")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"console: {message.text}")

    def foreign(self) -> list[str]:
        """List the requests to any host but the app; what stays inside the page (data:, blob:) is no request."""
        parts = [(url, urlsplit(url)) for url in self.asked]
        return [url for url, part in parts if part.scheme not in ("data", "blob") and part.netloc != self.host]


def settle(page: Page) -> None:
    """Wait until the script of the page has run to its end."""
    page.wait_for_function(SETTLED, timeout=SETTLE_MS)


def open_app(page: Page, url: str) -> None:
    """Open an address of the app and wait until it is complete, its fonts included."""
    page.goto(url)
    settle(page)
    page.evaluate("() => document.fonts.ready.then(() => true)")

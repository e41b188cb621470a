"""`dianzhong app`: what it starts, that it stays on this machine, and how it refuses."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from experiments.cli import main
from experiments.dashboard import launch

ROOT = Path(__file__).resolve().parent.parent


def flat(table: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def test_a_checkout_has_the_same_settings():
    written = dict(flat(tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))))
    assert written == dict(launch.OPTIONS)


def test_streamlit_knows_every_setting():
    from streamlit import config

    config.get_config_options(force_reparse=True)
    for name in launch.OPTIONS:
        config.get_option(name)


def test_the_server_is_on_this_machine_unless_asked():
    words = launch.command_line(8600, lan=False)
    assert "--server.address=127.0.0.1" in words and "--browser.gatherUsageStats=false" in words
    assert [word for word in words if "allowedHosts" in word] == [
        "--server.allowedHosts=127.0.0.1",
        "--server.allowedHosts=localhost",
    ]
    opened = launch.command_line(8600, lan=True, hosts=["lab.example"])
    assert "--server.address=0.0.0.0" in opened and "--server.allowedHosts=lab.example" in opened
    assert "--server.enableXsrfProtection=true" in opened


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--port", "0"], "outside 1 to 65535"),
        (["--port", "70000"], "outside 1 to 65535"),
        (["--port", "many"], "not a whole number"),
        (["--allow-host", "lab.example"], "add --lan"),
    ],
)
def test_a_bad_option_is_one_message(words, message, capsys):
    assert main(["app", *words, "--lang", "en"]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_taken_port_is_one_message(capsys):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        assert main(["app", "--port", str(held.getsockname()[1])]) == 2
    assert "is taken" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_server_answers_refuses_strangers_and_ends(tmp_path):
    port, quiet = launch.chosen_port(None, "127.0.0.1"), subprocess.DEVNULL
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    words = [sys.executable, "-c", "import sys; from experiments.cli import main; sys.exit(main())", "app"]
    words += ["--port", str(port)]
    server = subprocess.Popen(words, env=environment, cwd=tmp_path, stdout=quiet, stderr=quiet)
    try:
        until_healthy(port)
        assert handshake(port, f"127.0.0.1:{port}", f"http://127.0.0.1:{port}").startswith("HTTP/1.1 101")
        assert not handshake(port, "evil.example", "http://evil.example").startswith("HTTP/1.1 101")
        assert not handshake(port, f"127.0.0.1:{port}", "http://evil.example").startswith("HTTP/1.1 101")
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)
    finally:
        server.kill()
        server.wait()


def until_healthy(port: int) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(200):
        try:
            with direct.open(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server does not answer")


def handshake(port: int, host: str, origin: str) -> str:
    """Return the first line of the answer to a web-socket handshake under a name and from an origin."""
    asked = (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(asked.encode())
        return wire.recv(200).decode("latin-1").splitlines()[0]

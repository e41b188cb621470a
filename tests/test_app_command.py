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
        (["--lan", "--allow-host", "*"], "no host name"),
        (["--lan", "--allow-host", "http://lab.example"], "no host name"),
        (["--lan", "--allow-host", "lab.example:80"], "no host name"),
        (["--lan", "--allow-host", ""], "no host name"),
        (["--lan", "--allow-host", "a b"], "no host name"),
        (["--lan", "here"], "unrecognized arguments"),
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


def test_the_usual_port_is_8501_and_another_free_one_if_that_is_taken():
    with socket.socket() as held:
        try:
            held.bind(("127.0.0.1", launch.PORT))
        except OSError:
            pass  # somebody else holds it, which is as good
        else:
            held.listen()
        assert launch.chosen_port(None, "127.0.0.1") not in (0, launch.PORT)


def test_nothing_starts_before_the_options_are_in_order(monkeypatch, capsys):
    started: list[list[str]] = []
    monkeypatch.setattr(launch.os, "execve", lambda path, words, environment: started.append(words))
    assert main(["app", "--allow-host", "lab.example"]) == 2
    assert main(["app", "--lan", "--allow-host", "*"]) == 2
    assert started == []
    capsys.readouterr()
    main(["app", "--lan", "--allow-host", "LAB.example", "--port", str(free_port()), "--lang", "en"])
    said = capsys.readouterr().err
    assert "--server.allowedHosts=lab.example" in started[0]
    assert "anybody on the same network" in said and "http://lab.example:" in said
    assert "--client.showErrorDetails=none" in started[0]


def test_the_address_that_leads_outside_is_allowed_on_the_network(monkeypatch):
    # Many machines resolve their own name to loopback alone; their neighbours use the address.
    monkeypatch.setattr(launch, "outward_addresses", lambda: {"192.0.2.7"})
    assert "--server.allowedHosts=192.0.2.7" in launch.command_line(8600, lan=True)
    assert "--server.allowedHosts=192.0.2.7" not in launch.command_line(8600, lan=False)
    assert launch.urls(8600, True, ["*.lab.example"]) == ["http://127.0.0.1:8600", "http://192.0.2.7:8600"]
    assert launch.urls(8600, False) == ["http://127.0.0.1:8600"]


@pytest.mark.parametrize(("language", "words"), [("zh", "局域网"), ("en", "network")])
def test_the_help_comes_in_both_languages(language, words, capsys):
    with pytest.raises(SystemExit) as end:
        main(["app", "--help", "--lang", language])
    shown = capsys.readouterr().out
    assert end.value.code == 0
    assert words in shown and all(option in shown for option in ("--port", "--lan", "--allow-host"))


def test_the_entry_of_a_checkout_is_not_shipped():
    entry = (ROOT / "app.py").read_text("utf-8")
    assert "from experiments.dashboard.main import main" in entry
    shipped = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert shipped == {"packages": ["agents", "sim", "experiments"]}


def free_port() -> int:
    return launch.chosen_port(None, "127.0.0.1")


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
        own = f"127.0.0.1:{port}"
        assert accepted(port, own, f"http://{own}") and accepted(port, f"localhost:{port}", f"http://localhost:{port}")
        assert not accepted(port, "evil.example", "http://evil.example"), "a name that was made to point here"
        assert not accepted(port, f"evil.example:{port}", f"http://evil.example:{port}")
        assert not accepted(port, own, "http://evil.example"), "a page of another site"
        for address in launch.outward_addresses():
            with pytest.raises(OSError), socket.create_connection((address, port), timeout=5):
                pass
        end(server)
    finally:
        server.kill()
        server.wait()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_on_the_network_the_own_address_is_served_and_strangers_are_not(tmp_path):
    outside = launch.outward_addresses() - {"127.0.0.1"}
    if not outside:
        pytest.skip("this machine is on no network")
    stub = tmp_path / "stub.py"
    stub.write_text("import streamlit as st\nst.write('here')\n")
    port, quiet = launch.chosen_port(None, launch.EVERYWHERE), subprocess.DEVNULL
    words = launch.command_line(port, lan=True, hosts=["lab.example"])
    words = [str(stub) if word.endswith("main.py") else word for word in words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    server = subprocess.Popen(words, env=environment, cwd=tmp_path, stdout=quiet, stderr=quiet)
    try:
        until_healthy(port)
        for name in (*outside, "lab.example"):
            assert accepted(port, f"{name}:{port}", f"http://{name}:{port}"), name
        assert not accepted(port, f"evil.example:{port}", f"http://evil.example:{port}")
        assert not accepted(port, f"lab.example:{port}", "http://evil.example")
        end(server)
    finally:
        server.kill()
        server.wait()


def accepted(port: int, host: str, origin: str) -> bool:
    return handshake(port, host, origin).startswith("HTTP/1.1 101")


def end(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)
    assert server.wait(timeout=20) in (0, 130, -signal.SIGINT)


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

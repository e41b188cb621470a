"""`dianzhong app`: start Streamlit on the app with settings that keep it to this machine unless asked otherwise.

The settings of a checkout (`.streamlit/config.toml`) are the same; a test compares them.
"""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.errors import InputError

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"
PORT = 8501
LOCAL_HOSTS = (LOOPBACK, "localhost")
FONT = (
    "'Noto Sans SC', 'Noto Sans CJK SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', "
    "'WenQuanYi Micro Hei', sans-serif"
)
_HOST = re.compile(r"(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
OPTIONS: Mapping[str, Any] = {
    "server.headless": True,
    "server.address": LOOPBACK,
    "server.allowedHosts": list(LOCAL_HOSTS),
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.maxUploadSize": 1,
    "server.maxMessageSize": 50,
    "server.fileWatcherType": "none",
    "runner.postScriptGC": False,
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "theme.font": FONT,
    "theme.baseFontSize": 15,
    "theme.metricValueFontSize": "1.6rem",
    "theme.headingFontSizes": ["1.7rem", "1.25rem", "1.05rem"],
    "theme.light.primaryColor": "#0b6e69",
    "theme.light.grayTextColor": "#4f5661",
    "theme.dark.primaryColor": "#4fc3b8",
}


def command_line(port: int, lan: bool, hosts: Iterable[str] = ()) -> list[str]:
    """Return the command that serves the app on a port, on this machine or (`lan`) to the network."""
    changed: dict[str, Any] = {"server.port": port}
    if lan:
        changed["server.address"] = EVERYWHERE
    changed["server.allowedHosts"] = sorted({*LOCAL_HOSTS, *hosts, *(own_names() if lan else ())})
    words = [sys.executable, "-m", "experiments.dashboard.server", "run", str(Path(__file__).with_name("main.py"))]
    for name, value in {**OPTIONS, **changed}.items():
        for one in value if isinstance(value, list) else [value]:
            words.append(f"--{name}={str(one).lower() if isinstance(one, bool) else one}")
    return words


def own_names() -> set[str]:
    """Return the names and addresses by which this machine is known to its network, as far as it knows itself."""
    name = socket.gethostname()
    try:
        addresses = {str(entry[4][0]) for entry in socket.getaddrinfo(name, None, socket.AF_INET)}
    except OSError:  # a machine whose own name is not resolved: --allow-host names it
        addresses = set()
    return {name, *addresses, *outward_addresses()}


def outward_addresses() -> set[str]:
    """Return the address of the interface that leads outside; many machines resolve their own name to loopback alone.

    Choosing a route for a datagram sends nothing; the address asked about is one that is reserved for examples.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:  # no network
            return set()
        return {str(probe.getsockname()[0])}


def checked_hosts(hosts: Iterable[str]) -> list[str]:
    """Return the names of `--allow-host`, refusing what is no host name. Raises InputError.

    A bare star would let a page under any name talk to the app, which is what the list is there to prevent.
    """
    names = []
    for host in hosts:
        if not _HOST.fullmatch(host.lower()):
            raise InputError(
                f"--allow-host {host[:60]!r} is no host name: write a name or an address, as in lab.example"
            )
        names.append(host.lower())
    return names


def urls(port: int, lan: bool, hosts: Iterable[str] = ()) -> list[str]:
    """Return the addresses to open, the one for this machine first."""
    others = {name for name in (*hosts, *(outward_addresses() if lan else ())) if not name.startswith("*")}
    return [f"http://{name}:{port}" for name in (LOOPBACK, *sorted(others))]


def chosen_port(asked: int | None, address: str) -> int:
    """Return the port asked for, or the usual one, or any free one if that is taken. Raises InputError."""
    if asked is not None and not 1 <= asked <= 65535:
        raise InputError(f"--port {asked} is outside 1 to 65535")
    for port in (asked,) if asked is not None else (PORT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise InputError(f"--port {asked} is taken or not allowed on {address}; choose another, or leave --port out")


def launch(port: int | None, lan: bool, hosts: Sequence[str], say: Callable[[str], object] = print) -> int:
    """Serve the app until it is interrupted: this process becomes the server. Raises InputError.

    `say` is told the addresses to open, once the port is known to be free.
    """
    if hosts and not lan:
        raise InputError("--allow-host is about the network: add --lan, or leave it out")
    address = EVERYWHERE if lan else LOOPBACK
    names = checked_hosts(hosts)
    port = chosen_port(port, address)
    words = command_line(port, lan, names)
    say(" ".join(urls(port, lan, names)))
    root = str(Path(__file__).resolve().parent.parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    os.execve(words[0], words, environment)

"""Execute the tutorial: write its files, run its commands, put what they print below them.

Three kinds of fenced blocks count, in the order of the page. A block below `<!-- file: NAME -->` becomes that file. A
`bash` block is run in the same folder. A block below `<!-- output -->` shows what the command before it has printed,
errors included. A block below `<!-- not run: WHY -->` is left alone. The page is a fixed point of `refreshed`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "tutorial" / "README.md"
BLOCK = re.compile(r"(?:^<!-- ([^\n]*) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class TutorialError(RuntimeError):
    """Raised when a command of the tutorial fails, or when a block is neither file, command nor output."""


def refreshed(page: str) -> str:
    """Return the page with every output block as its commands print it now, run in a new folder.

    Raises TutorialError, with the block and what was printed, if a command does not exit with 0.
    """
    parts, end, printed = [], 0, ""
    with tempfile.TemporaryDirectory(prefix="tutorial") as name:
        outside = Path(name)
        folder = outside / "lab"
        folder.mkdir()
        environment = surroundings(outside)
        for found in BLOCK.finditer(page):
            mark, language, body = found[1] or "", found[2], found[3]
            if mark.startswith("file: "):
                (folder / mark.removeprefix("file: ")).write_text(body, "utf-8")
            elif mark == "output":
                parts += [page[end : found.start(3)], printed]
                end = found.end(3)
            elif language == "bash" and not mark:
                printed = run(body, folder, environment)
            elif not mark.startswith("not run: "):
                raise TutorialError(f"a block that is neither file, command nor output:\n{body}")
    return "".join(parts) + page[end:]


def surroundings(outside: Path) -> dict[str, str]:
    """Return the environment of somebody who has installed the project: its command, its rooms, this Python."""
    commands = outside / "bin"
    commands.mkdir()
    for name, call in (("dianzhong", f'"{sys.executable}" -m experiments'), ("python", f'"{sys.executable}"')):
        (commands / name).write_text(f'#!/bin/sh\nexec {call} "$@"\n', "utf-8")
        (commands / name).chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "GIT_"))}
    return kept | {
        "PATH": f"{commands}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONDONTWRITEBYTECODE": "1",  # a file that is edited within the second must not meet its old bytecode
        "GIT_CEILING_DIRECTORIES": str(outside),
        "CHECKOUT": str(ROOT),
    }


def run(body: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a bash block in a folder and return what it prints. Raises TutorialError unless it exits with 0."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", body],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise TutorialError(f"exit code {done.returncode} from:\n{body}\n{done.stdout}")
    # no blanks at the ends of lines: an editor would take them away from the page
    return re.sub(r"[ \t]+$", "", done.stdout, flags=re.MULTILINE)


def write() -> None:
    """Rewrite the outputs of the tutorial."""
    PAGE.write_text(refreshed(PAGE.read_text("utf-8")), "utf-8")

"""The options of the commands of sweeps; nothing heavy is loaded before one of them is run."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from experiments.messages import Messages

METHODS = ("inline", "fork", "forkserver", "spawn")
COMMANDS = ("sweep", "resume", "status", "replay", "verify", "export")

Command = Callable[..., argparse.ArgumentParser]


def add_sweep_commands(command: Command, text: Messages) -> None:
    """Add the commands to the parser; `command` makes one from its name and the function that runs it."""
    sweep = command("sweep", _later("sweep"))
    sweep.add_argument("study", type=Path, metavar="STUDY", help=text("help.study"))
    sweep.add_argument("--out", type=Path, required=True, metavar="DIR", help=text("help.sweep_out"))
    _add_running(sweep, text)
    resume = command("resume", _later("resume"))
    _add_folder(resume, text)
    _add_running(resume, text)
    _add_folder(command("status", _later("status")), text)
    replay = command("replay", _later("replay"))
    _add_folder(replay, text)
    replay.add_argument("run_id", metavar="RUN_ID", help=text("help.run_id"))
    verify = command("verify", _later("verify"))
    _add_folder(verify, text)
    verify.add_argument("--share", type=float, default=0.01, metavar="S", help=text("help.share_of_runs"))
    export = command("export", _later("export"), answers=False)
    _add_folder(export, text)
    export.add_argument("--to", choices=("csv", "xlsx"), default="csv", help=text("help.to"))
    export.add_argument("--out", type=Path, metavar="FILE", help=text("help.export_out"))
    export.add_argument("--headings", choices=("titles", "ids"), default="titles", help=text("help.headings"))


def _add_folder(parser: argparse.ArgumentParser, text: Messages) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help=text("help.sweep_folder"))


def _add_running(parser: argparse.ArgumentParser, text: Messages) -> None:
    parser.add_argument("--workers", type=whole, metavar="W", help=text("help.workers"))
    parser.add_argument("--part", type=_share, default=(1, 1), metavar="K/N", help=text("help.part"))
    parser.add_argument("--max-minutes", type=float, metavar="M", help=text("help.max_minutes"))
    parser.add_argument("--method", choices=METHODS, help=text("help.method"))
    parser.add_argument("--accept-code-change", action="store_true", help=text("help.accept_code_change"))
    parser.add_argument("--yes", action="store_true", help=text("help.yes"))


def _later(name: str) -> Callable[[argparse.Namespace, Messages], int]:
    """Return a command that is loaded when it is run."""

    def run(options: argparse.Namespace, text: Messages) -> int:
        from experiments.sweep import commands

        found: Any = getattr(commands, name)
        return int(found(options, text))

    return run


def whole(word: str) -> int:
    """Return a whole number, or say that the word is none."""
    try:
        return int(word)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number") from None


def _share(word: str) -> tuple[int, int]:
    first, slash, last = word.partition("/")
    if not slash or not first.isdigit() or not last.isdigit():
        raise argparse.ArgumentTypeError(f"{word!r}: write K/N, such as 3/20")
    return int(first), int(last)

"""The command line: `dianzhong run`, `check`, `describe`, `prove`, `app`, and the commands of sweeps.

Help, `check` and `describe` load no heavy library. Exit codes: 0 done; 1 our bug; 2 bad command line or input, nothing
was run; 3 done, but too many runs failed; 5 storage; 6 a sweep of another study or code; 7 out of time; 130 and 143
interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from experiments.errors import ResumeError, StorageError
from experiments.messages import LANGUAGES, Messages, language_of_locale
from experiments.sweep.options import COMMANDS, add_sweep_commands, whole
from experiments.wording import Style
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.ensemble import Outcome, Plan
    from experiments.progress import Progress

OK, BUG, BAD_INPUT, RUNS_FAILED, STORAGE, NOT_THE_SAME, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 5, 6, 130, 143
PROGRAM = "dianzhong"
_COMMANDS = ("run", "check", "describe", "prove", *COMMANDS, "app")
_CHOICES = ("assumptions", "share", "path", "rule", "horizon")
_PLAN_OPTIONS = (*_CHOICES, "scale", "replicates", "seed", "workers", "binding", "panel")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like every other error of the program."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (`{self.prog} --help` shows how)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; what goes wrong is one message on standard error."""
    if arguments is not None:
        return _main(list(arguments))
    code = _main(sys.argv[1:])
    # Everything is said: a signal while the interpreter leaves would only put a traceback in the place of the code.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    return code


def _main(given: list[str]) -> int:
    _never_fail_on_a_character()
    signal.signal(signal.SIGTERM, _terminate)
    try:
        text = Messages(_language(given))
        options = _parser(text).parse_args(given)
        options.arguments = given  # a sweep keeps the exact command
        code = int(options.command(options, text))
        sys.stdout.flush()  # here, where a reader that has gone is no error, and not at the exit of the interpreter
        return code
    except tuple(_ENDINGS) as error:
        return _ended(error)
    except Exception:
        traceback.print_exc()
        sys.stderr.write(f"{PROGRAM}: this is a bug; please report it with the lines above and the command\n")
        return BUG


class _Terminated(BaseException):
    """Raised by SIGTERM, so that workers are ended and hidden files removed on the way out."""


def _terminate(number: int, frame: object) -> NoReturn:
    raise _Terminated


_ENDINGS: Mapping[type[BaseException], int] = MappingProxyType(
    {
        ResumeError: NOT_THE_SAME,  # an input error with a code of its own, so it comes first
        InputError: BAD_INPUT,
        StorageError: STORAGE,
        BrokenPipeError: OK,
        KeyboardInterrupt: INTERRUPTED,
        _Terminated: TERMINATED,
    }
)


def _ended(error: BaseException) -> int:
    """Say in one message why a command ended early, and return its exit code."""
    if isinstance(error, BrokenPipeError):
        # The reader (`| head`) has enough; Python must not complain about it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    elif isinstance(error, KeyboardInterrupt | _Terminated):
        sys.stderr.write(f"{PROGRAM}: interrupted; nothing was kept\n")
    else:
        sys.stderr.write(f"{PROGRAM}: {error}\n")
    return next(code for kind, code in _ENDINGS.items() if isinstance(error, kind))


def _never_fail_on_a_character() -> None:
    """Let a terminal that cannot show a character show a question mark instead of ending the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _language(given: Sequence[str]) -> str:
    """Find the language before the arguments are parsed: help and errors of the parser come in it too."""
    for position, word in enumerate(given):
        value = word.partition("=")[2] if word.startswith("--lang=") else None
        if word == "--lang" and position + 1 < len(given):
            value = given[position + 1]
        if value in LANGUAGES:
            return value
    return language_of_locale()


# The commands


def _run(options: argparse.Namespace, text: Messages) -> int:
    # Before any numerical library is loaded, by this process or by its workers.
    from experiments.pool import single_threaded

    single_threaded()
    from experiments.ensemble import run_plan

    plan = _plan(options)
    if plan.panel is not None and options.out is None:
        raise InputError("--panel needs a folder for its frames; add --out DIR")
    with _place_for_results(options) as panel_folder:
        progress = _progress(plan, text)
        try:
            outcome = run_plan(plan, progress=progress.update, panel_folder=panel_folder)
        finally:
            progress.close()
        document = outcome.verdict
        written = []
        if options.out is not None:
            written = _keep(outcome, document, options.out)
    if options.json:
        from experiments.store import document_text

        sys.stdout.write(document_text(document))
    else:
        from experiments.board import board

        print(board(document, text, Style.of(sys.stdout)))
    if written:
        sys.stderr.write(text("written", folder=options.out, files=", ".join(written)) + "\n")
    return RUNS_FAILED if outcome.failures else OK


def _keep(outcome: Outcome, document: dict[str, Any], folder: Path) -> list[str]:
    from experiments.store import write_outcome

    try:
        return write_outcome(outcome, document, folder)
    except OSError as error:
        raise StorageError(f"--out {folder}: storage failed ({error.strerror or error}); nothing was kept") from error


def _check(options: argparse.Namespace, text: Messages) -> int:
    from experiments.sweep.commands import check, is_study

    if is_study(options.scenario):
        return check(options, text)
    from experiments.check import check_document, check_text

    document = check_document(_plan(options), options.scenario)
    print(json.dumps(document, ensure_ascii=False, indent=2) if options.json else check_text(document, text))
    return OK


def _prove(options: argparse.Namespace, text: Messages) -> int:
    from experiments.pool import single_threaded

    single_threaded()
    from experiments.proof.commands import prove

    names = ("replicates", "scale", "seed", "workers")
    proof = prove(options.proof, {name: getattr(options, name) for name in names})
    print(json.dumps(proof.document(), ensure_ascii=False, indent=2) if options.json else proof.markdown())
    return OK


def _describe(options: argparse.Namespace, text: Messages) -> int:
    from experiments.describe import TOPICS, describe, rows_of, topics

    style = Style.of(sys.stdout)
    if options.topic is None:
        print(json.dumps(list(TOPICS)) if options.json else topics(text, style))
        return OK
    rows = rows_of(options.topic, options.name)
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        print(describe(options.topic, rows, text, style))
    return OK


def _app(options: argparse.Namespace, text: Messages) -> int:
    from experiments.dashboard.launch import launch

    def say(urls: str) -> None:
        warning = text("app.lan") + "\n" if options.lan else ""
        sys.stderr.write(warning + text("app.open", urls=urls) + "\n")
        sys.stderr.flush()  # the process is about to become another one

    return launch(options.port, options.lan, options.allow_host, say)


def _plan(options: argparse.Namespace) -> Plan:
    """Return the plan that the options ask for. Raises InputError."""
    from experiments.ensemble import Plan
    from sim.scenario import load_scenario
    from sim.scenario_rules import check_assumptions, check_levers

    scenario = load_scenario(options.scenario)
    if options.set:
        changes = check_levers(_pairs(options.set, "--set"), "--set")
        title = {lang: f"{text} + {', '.join(options.set)}" for lang, text in scenario.title.items()}
        scenario = replace(scenario.with_levers(changes), title=title)  # the board must not pass it off as the text
    assume = check_assumptions(_pairs(options.assume, "--assume"), "--assume") if options.assume else {}
    chosen = {name: value for name in _PLAN_OPTIONS if (value := getattr(options, name)) is not None}
    return Plan(scenario, load_scenario(options.against), assume, **chosen)


def _pairs(words: Sequence[str], option: str) -> dict[str, float | str]:
    """Split NAME=VALUE; a value that is no number stays text, so that the rules refuse it with its range."""
    pairs: dict[str, float | str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name or not value:
            raise InputError(f"{option} {word!r}: write NAME=VALUE, such as I13a=5")
        if name in pairs:
            raise InputError(f"{option} {name} is given twice; keep one of the two")
        try:
            pairs[name] = float(value)
        except ValueError:
            pairs[name] = value
    return pairs


def _place_for_results(options: argparse.Namespace) -> contextlib.AbstractContextManager[Path | None]:
    if options.out is None:
        return contextlib.nullcontext()
    from experiments.store import reserved

    return reserved(options.out, options.panel)


def _progress(plan: Plan, text: Messages) -> Progress:
    from experiments.progress import Progress

    def left(seconds: float) -> str:
        if seconds < 100:
            return text("progress.seconds", n=max(1, round(seconds)))
        return text("progress.minutes", n=round(seconds / 60))

    return Progress(plan.replicates, text("progress.label"), left)


# The parser


def _parser(text: Messages) -> argparse.ArgumentParser:
    language = _Parser(add_help=False)
    language.add_argument("--lang", choices=LANGUAGES, default=argparse.SUPPRESS, help=text("help.lang"))
    parser = _Parser(prog=PROGRAM, description=text("help.program"), parents=[language], allow_abbrev=False)
    parser.add_argument("--version", action=_Version, help=text("help.version"))
    commands = parser.add_subparsers(dest="name", required=True, metavar=" | ".join(_COMMANDS), parser_class=_Parser)

    def command(name: str, run: Any, answers: bool = True) -> argparse.ArgumentParser:
        words = text(f"help.{name}")
        made = commands.add_parser(name, help=words, description=words, parents=[language], allow_abbrev=False)
        if answers:
            made.add_argument("--json", action="store_true", help=text("help.json"))
        made.set_defaults(command=run)
        return made

    run = command("run", _run)
    run.add_argument("scenario", nargs="?", default="as_written", metavar="SCENARIO", help=text("help.scenario"))
    run.add_argument("--out", type=Path, metavar="DIR", help=text("help.out"))
    _add_run_options(run, text)
    check = command("check", _check)
    check.add_argument("scenario", metavar="FILE", help=text("help.file"))
    _add_run_options(check, text)
    check.set_defaults(of_run=("set", "assume", *(name for name in _PLAN_OPTIONS if name != "workers")))
    _add_describe_options(command("describe", _describe), text)
    _add_prove_options(command("prove", _prove), text)
    add_sweep_commands(command, text)
    app = command("app", _app, answers=False)
    app.add_argument("--port", type=whole, metavar="P", help=text("help.port"))
    app.add_argument("--lan", action="store_true", help=text("help.lan"))
    app.add_argument("--allow-host", action="append", default=[], metavar="HOST", help=text("help.allow_host"))
    return parser


def _add_run_options(parser: argparse.ArgumentParser, text: Messages) -> None:
    """Add what decides a run; `check` takes the same, so that its estimate is about the run that is meant."""
    from experiments import ensemble as e

    add = parser.add_argument
    add("--against", default="baseline", metavar="SCENARIO", help=text("help.against"))
    add("--set", action="append", metavar="LEVER=VALUE", help=text("help.set"))
    add("--assume", action="append", metavar="PARAM=VALUE", help=text("help.assume"))
    add("--assumptions", choices=e.ASSUMPTIONS, help=text("help.assumptions"))
    add("--share", choices=e.SHARES, help=text("help.share"))
    add("--path", choices=e.PATHS, help=text("help.path"))
    add("--rule", choices=e.RULES, help=text("help.rule"))
    add("--horizon", type=int, choices=e.HORIZONS, help=text("help.horizon"))
    add("--scale", type=whole, metavar="N", help=text("help.scale", n=e.DEFAULT_SCALE))
    add("--replicates", type=whole, metavar="N", help=text("help.replicates", n=e.DEFAULT_REPLICATES))
    add("--seed", type=whole, metavar="S", help=text("help.seed", n=e.DEFAULT_SEED))
    add("--workers", type=whole, metavar="W", help=text("help.workers"))
    add("--binding", action="store_true", help=text("help.binding"))
    add("--panel", choices=e.PANELS, help=text("help.panel"))


def _add_describe_options(parser: argparse.ArgumentParser, text: Messages) -> None:
    from experiments.describe import TOPICS

    topics = tuple(TOPICS)
    words = text("help.topic", topics=", ".join(topics))
    parser.add_argument("topic", nargs="?", choices=topics, metavar="TOPIC", help=words)
    parser.add_argument("name", nargs="?", metavar="NAME", help=text("help.name"))


def _add_prove_options(parser: argparse.ArgumentParser, text: Messages) -> None:
    from experiments.proof.commands import PROOFS, defaults

    def default(option: str) -> str:
        """Return the default of an option: one number if all proofs share it, else proof by proof."""
        found = defaults(option)
        same = len(set(found.values())) == 1 and found.keys() == PROOFS.keys()
        return f"{next(iter(found.values())):g}" if same else ", ".join(f"{name} {n:g}" for name, n in found.items())

    words = text("help.proof", proofs=", ".join(PROOFS))
    parser.add_argument("proof", choices=tuple(PROOFS), metavar="PROOF", help=words)
    for option, letter in (("replicates", "N"), ("scale", "N"), ("seed", "S"), ("workers", "W")):
        key = "help.proof_workers" if option == "workers" else f"help.{option}"
        parser.add_argument(f"--{option}", type=whole, metavar=letter, help=text(key, n=default(option)))


class _Version(argparse.Action):
    """Print the version; looking it up is left until somebody asks."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from experiments.provenance import version

        print(f"{PROGRAM} {version()}")
        parser.exit()

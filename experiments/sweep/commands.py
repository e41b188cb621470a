"""The commands of sweeps: what each does with its options, and the exit code it ends with."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.messages import Messages
from sim.errors import InputError

if TYPE_CHECKING:
    from experiments.sweep.jobs import StopFlag
    from experiments.sweep.study import Study
    from experiments.sweep.sweep import Begin, Options, Sweep

OK, BUG, RUNS_FAILED, STORAGE, OUT_OF_TIME = 0, 1, 3, 5, 7
SIGNAL_CODES: Mapping[int, int] = {signal.SIGINT: 130, signal.SIGTERM: 143}
HOUR = 3600.0


def sweep(options: argparse.Namespace, text: Messages) -> int:
    """Run a study into a folder, or go on with it."""
    from experiments.pool import single_threaded

    single_threaded()
    from experiments.sweep.study import Study

    return _run(Study.read(options.study), options.out, options, text)


def resume(options: argparse.Namespace, text: Messages) -> int:
    """Go on with the study that a folder holds."""
    from experiments.pool import single_threaded

    single_threaded()
    from experiments.sweep.again import study_of
    from experiments.sweep.store import SweepStore

    return _run(study_of(SweepStore.open(options.folder)), options.folder, options, text)


def status(options: argparse.Namespace, text: Messages) -> int:
    """Say how far a sweep has come."""
    from experiments.sweep.status import status_document, status_text

    document = status_document(options.folder)
    _print(document, options, lambda: status_text(document, text))
    return OK


def replay(options: argparse.Namespace, text: Messages) -> int:
    """Run one run again and compare it with its stored row."""
    from experiments.pool import single_threaded

    single_threaded()
    from experiments.sweep.again import replay as run_again
    from experiments.sweep.status import replay_text

    found = run_again(options.folder, options.run_id)
    document = {
        "row": found.row,
        "stored": found.stored is not None,
        "differs": list(found.differs),
        "code_changed": found.code_changed,
    }
    _print(document, options, lambda: replay_text(found, text))
    return STORAGE if found.differs else OK


def verify(options: argparse.Namespace, text: Messages) -> int:
    """Check a store and recompute a share of its runs."""
    from experiments.pool import single_threaded

    single_threaded()
    from experiments.sweep.again import verify as look
    from experiments.sweep.status import verify_text

    found = look(options.folder, options.share, _recomputing(text))
    document = {
        "files": found.files,
        "problems": [{"file": problem.file, "text": problem.text} for problem in found.problems],
        "recomputed": found.recomputed,
        "mismatches": [{"run_id": ident, "columns": list(columns)} for ident, columns in found.mismatches],
        "code_changed": found.code_changed,
    }
    _print(document, options, lambda: verify_text(found, options.folder, text))
    return STORAGE if found.problems or found.mismatches else OK


def _recomputing(text: Messages) -> Callable[[int, int, int], None]:
    """Return what shows how far `verify` has come: one line, then a bar on a terminal, a line each half minute
    elsewhere.
    """
    from experiments.progress import Progress
    from experiments.wording import duration

    drawn: list[Progress] = []

    def told(done: int, chosen: int, total: int) -> None:
        if not drawn:
            sys.stderr.write(text("verify.begin", chosen=chosen, total=total) + "\n")
            left = lambda seconds: text("verify.left", time=duration(seconds, text))  # noqa: E731
            drawn.append(Progress(chosen, text("verify.label"), left))
        else:
            drawn[0].update(done)
        if done == chosen:
            drawn[0].close()

    return told


def export(options: argparse.Namespace, text: Messages) -> int:
    """Write the runs as a table for people."""
    from experiments.sweep.export import export as write
    from experiments.sweep.store import SweepStore
    from experiments.sweep.words import total_words

    folder = options.folder.resolve()
    target = options.out or folder.with_name(f"{folder.name}.{options.to}")
    store = SweepStore.open(options.folder)
    done = write(store, options.to, target, text.language, options.headings)
    total = total_words(done.total, store.precision is not None, text)
    sys.stdout.write(text("export.done", path=done.path, rows=done.rows, total=total) + "\n")
    return OK


def check(options: argparse.Namespace, text: Messages) -> int:
    """Say what a study would run; an option of `run` beside it would be read by nobody, so it is refused."""
    from experiments.ensemble import default_workers
    from experiments.sweep.status import study_text
    from experiments.sweep.study import Study
    from experiments.sweep.study_check import study_document

    unread = [name for name in options.of_run if getattr(options, name)]
    if unread:
        raise InputError(f"{options.scenario}: is a study, which says so itself; leave out --{', --'.join(unread)}")
    document = study_document(Study.read(options.scenario), options.workers or default_workers())
    _print(document, options, lambda: study_text(document, options.scenario, text))
    return OK


def is_study(name: str) -> bool:
    """Say whether a file is a study; one that cannot be read is left to those who say why."""
    from sim.toml_guard import read_toml

    if not name.endswith(".toml"):
        return False
    try:
        document = read_toml(Path(name), finite=False)
    except InputError:
        return False
    return bool({"vary", "design", "scenarios", "question", "replicates"} & set(document))


def _print(document: Any, options: argparse.Namespace, words: Any) -> None:
    shown = json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) if options.json else words()
    sys.stdout.write(f"{shown}\n")


# Running --------------------------------------------------------------------------------------------------------------


def _run(study: Study, folder: Path, options: argparse.Namespace, text: Messages) -> int:
    from experiments.sweep.jobs import PoolError, StopFlag
    from experiments.sweep.show import Bar
    from experiments.sweep.store import SweepStore
    from experiments.sweep.sweep import refuse_folder, refuse_share, run_sweep

    asked = _asked(options)
    refuse_share(study, asked)
    refuse_folder(study, folder, asked)
    again = SweepStore.is_sweep(folder)
    if not again and not _announced(study, folder, asked, options.yes, text):
        return OK
    stop = StopFlag()
    signals: list[int] = []
    bar = Bar(study.runs(), text, looks=study.precision is not None)
    try:
        with _asked_to_stop(stop, signals, text):
            told = (lambda begin: _say_what_is_there(begin, study, folder, text)) if again else None
            done = run_sweep(study, folder, asked, stop, bar.show, told)
            bar.close()
            _say_the_end(done, study, folder, asked, text)  # a signal that comes now finds nothing to stop
    except PoolError as error:
        bar.close()
        sys.stderr.write(f"dianzhong: {error}\n")
        return BUG
    finally:
        bar.close()
    if options.json:
        counts = {"ended": done.ended, "done": done.done, "failed": done.failed, "total": done.total}
        counts["look"] = None if done.look is None else done.look.document(done.widest)
        sys.stdout.write(json.dumps(counts) + "\n")
    return _code(done, study, signals)


def _asked(options: argparse.Namespace) -> Options:
    from experiments.sweep.sweep import Options

    chosen: dict[str, Any] = {"command": shlex.join(["dianzhong", *options.arguments])}
    if options.workers is not None:
        chosen["workers"] = options.workers
    chosen |= {"share": options.part, "max_minutes": options.max_minutes, "method": options.method or ""}
    return Options(**chosen, accept_code_change=options.accept_code_change)


def _announced(study: Study, folder: Path, asked: Options, yes: bool, text: Messages) -> bool:
    """Say what is going to be run; above an hour, somebody at a terminal is asked."""
    from experiments.sweep.status import cost_words
    from experiments.sweep.study_check import study_document

    document = study_document(study, asked.workers)
    sys.stderr.write(cost_words(("sweep.begin", "sweep.begin_range"), document, text, folder=folder) + "\n")
    if document["seconds"] > HOUR and not yes and sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write(text("sweep.ask"))
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes", "是"):
            sys.stderr.write(text("sweep.declined") + "\n")
            return False
    return True


def _say_what_is_there(begin: Begin, study: Study, folder: Path, text: Messages) -> None:
    """Say what a folder holds that a sweep goes on in, and which parts of it were lost."""
    from experiments.sweep.words import total_words

    if begin.quarantined:
        key = "sweep.quarantined" if begin.quarantined > 1 else "sweep.quarantined_one"
        sys.stderr.write(text(key, n=begin.quarantined) + "\n")
    if begin.missing:
        key = "sweep.missing" if begin.missing > 1 else "sweep.missing_one"
        sys.stderr.write(text(key, n=begin.missing) + "\n")
    key = "sweep.again" if begin.left else "sweep.again_all" if begin.done >= begin.due else "sweep.again_share"
    total = total_words(study.runs(), study.precision is not None, text)
    sys.stderr.write(text(key, folder=folder, done=begin.done, total=total) + "\n")


@contextmanager
def _asked_to_stop(stop: StopFlag, signals: list[int], text: Messages) -> Iterator[None]:
    """Let the first signal finish what is in flight and the second stop at once."""

    def heard(number: int, frame: object) -> None:
        if not stop.asked:
            sys.stderr.write("\n" + text("sweep.stopping") + "\n")
        signals.append(number)
        stop.press()

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say_the_end(done: Sweep, study: Study, folder: Path, asked: Options, text: Messages) -> None:
    from experiments.sweep import sweep as s
    from experiments.sweep.status import look_words
    from experiments.sweep.words import total_words, widest_words

    total = total_words(done.total, done.look is not None, text)
    facts: dict[str, Any] = {"done": done.done, "failed": done.failed, "total": total, "folder": folder}
    facts["allowed"] = int(study.limits.allow * done.due)
    keys = {s.STOPPED: "sweep.stopped", s.OUT_OF_TIME: "sweep.out_of_time", s.TOO_MANY_FAILED: "sweep.too_many_failed"}
    finished = "sweep.share_done" if done.done < done.total and asked.share != (1, 1) else "sweep.done"
    sys.stderr.write(text(keys.get(done.ended, finished), **facts) + "\n")
    if done.look is not None:
        sys.stderr.write(look_words(done.look.document(done.widest), text) + "\n")
        if done.widest is not None:
            sys.stderr.write(widest_words("status.widest", done.widest.document(), text) + "\n")
    if done.ended in (s.DONE, s.AT_MOST):
        sys.stderr.write(text("sweep.hint", folder=folder) + "\n")


def _code(done: Sweep, study: Study, signals: list[int]) -> int:
    from experiments.sweep import sweep as s

    if done.ended == s.STOPPED and signals:
        return SIGNAL_CODES[signals[0]]
    if done.failed > study.limits.allow * done.due:
        return RUNS_FAILED
    return OUT_OF_TIME if done.ended in (s.OUT_OF_TIME, s.AT_MOST) else OK

"""What people read about a study and a store: as documents for machines, and as text in their language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.messages import Messages
from experiments.sweep.session import PARTS_BEFORE_ESTIMATE
from experiments.sweep.study_notes import note_lines
from experiments.sweep.words import half, target_words, total_words, widest_words
from experiments.units import unit_name
from experiments.wording import duration

if TYPE_CHECKING:
    from experiments.sweep.again import Replay, Verified

MOST_FAILURES = 10
_FEW_LOOKS = 5


def status_document(folder: str | Path) -> dict[str, Any]:
    """Return how far a sweep has come, as one document. Raises InputError, StorageError; touches nothing."""
    from experiments.sweep.schedule import standing
    from experiments.sweep.session import read_sessions
    from experiments.sweep.store import SweepStore

    store = SweepStore.open(Path(folder))
    schedule, tally, look = standing(store)
    done, widest = int(tally.runs.sum()), tally.widest()
    return {
        "format": 1,
        "folder": str(folder),
        "study_sha256": store.manifest["study_sha256"],
        "done": done,
        "failed": tally.failed,
        "left": schedule.due - done,
        "total": store.total,
        "points": store.manifest["points"],
        "replicates": store.manifest["replicates"],
        "replicates_per_point": tally.balance(),
        "widest_interval": None if widest is None else widest.document(),
        "look": None if look is None else look.document(widest),
        "failures": store.failures() if tally.failed else [],
        "sessions": read_sessions(store.folder),
    }


def status_text(document: Mapping[str, Any], text: Messages) -> str:
    """Return the status as lines for a terminal."""
    return "\n".join(_status_lines(document, text))


def _status_lines(document: Mapping[str, Any], text: Messages) -> Iterator[str]:
    look = document["look"]
    share = 100.0 * document["done"] / (document["done"] + document["left"])
    total = total_words(document["total"], look is not None, text)
    counts = {k: document[k] for k in ("folder", "done", "failed")}
    yield text("status.runs" if look is None else "status.runs_at_most", percent=f"{share:.1f}", total=total, **counts)
    if document["done"]:
        yield _balance_line(document, text)
    if document["widest_interval"] is not None:
        yield widest_words("status.widest", document["widest_interval"], text)
    if look is not None:
        yield look_words(look, text)
    for row in document["failures"][:MOST_FAILURES]:
        yield text(
            "status.failure",
            run_id=row["run_id"],
            status=row["status"],
            point=row["point_id"],
            replicate=row["replicate"],
            error=row["error"],
        )
        yield "  " + text("status.replay", command=row["replay"])
    if len(document["failures"]) > MOST_FAILURES:
        yield text("status.more", n=len(document["failures"]) - MOST_FAILURES)
    yield from _session_lines(document, text)


def _balance_line(document: Mapping[str, Any], text: Messages) -> str:
    low, high = document["replicates_per_point"]
    wanted = total_words(document["replicates"], document["look"] is not None, text)
    if low == high:
        return text("status.balanced", n=low, wanted=wanted)
    return text("status.balance", low=low, high=high, wanted=wanted)


def look_words(look: Mapping[str, Any], text: Messages) -> str:
    """Say at which look a sweep stands, what is wanted and what is left, and whether it is finished and how."""
    key = "look.met" if look["met"] else "look.at_most" if look["finished"] else "look.open"
    facts = {name: look[name] for name in ("look", "looks", "replicates")}
    return text(key, half=half(look["half_width"]), wanted=half(look["wanted"]), **facts)


def _session_lines(document: Mapping[str, Any], text: Messages) -> Iterator[str]:
    running = [row for row in document["sessions"] if row["running"]]
    for row in running:
        needed = PARTS_BEFORE_ESTIMATE * (row["workers"] or 1)
        if row["remaining_s"] is not None:
            low, high = (duration(seconds, text) for seconds in row["remaining_s"])
            key = "status.running" if document["look"] is None else "status.running_look"
            yield text(key, runs=row["runs"], low=low, high=high)
        elif row["parts"] < needed and document["left"]:
            yield text("status.running_unknown", runs=row["runs"], parts=row["parts"], needed=needed)
        else:
            yield text("status.running_last", runs=row["runs"])
    if not running:
        yield text("status.idle")


def replay_text(found: Replay, text: Messages) -> str:
    """Return what a run gave and whether that is what is stored."""
    lines = [f"{name} = {value}" for name, value in found.row.items() if name != "traceback" and value is not None]
    if found.row["traceback"]:
        lines.append(found.row["traceback"].rstrip())
    if found.stored is None:
        lines.append(text("replay.absent"))
    elif found.differs:
        lines.append(text("replay.differs", columns=", ".join(found.differs)))
        lines.append(text("replay.machine"))
    else:
        lines.append(text("replay.same"))
    if found.code_changed:
        lines.append(text("replay.code"))
    return "\n".join(lines)


def verify_text(found: Verified, folder: Path, text: Messages) -> str:
    """Return what a look at a whole store found."""
    lines = [text("verify.problem", file=problem.file, text=problem.text) for problem in found.problems]
    if found.problems:
        lines.append(text("verify.mend", folder=folder))
    else:
        lines.append(text("verify.files", files=found.files))
    lines += [text("verify.mismatch", run_id=ident, columns=", ".join(names)) for ident, names in found.mismatches]
    if found.mismatches:
        lines.append(text("replay.machine"))
    elif found.recomputed:
        lines.append(text("verify.runs", n=found.recomputed))
    if found.code_changed:
        lines.append(text("replay.code"))
    return "\n".join(lines)


def study_text(document: Mapping[str, Any], source: str, text: Messages) -> str:
    """Return what a study would run."""
    return "\n".join(_study_lines(document, source, text))


def _study_lines(document: Mapping[str, Any], source: str, text: Messages) -> Iterator[str]:
    yield text("study.ok", file=source)
    if document["question"]:
        yield text("study.question", text=document["question"])
    yield text("study.scenarios", names=", ".join(row["name"] for row in document["scenarios"]))
    yield text("study.varied")
    for row in document["varied"]:
        unit = "" if row["unit"] == "quarter" else unit_name(row["unit"], text.language)
        if row["values"]:
            values = ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in row["values"])
            span = text("study.values", values=values, unit=unit)
        else:
            span = text("study.range", low=f"{row['low']:g}", high=f"{row['high']:g}", unit=unit)
            span += text("study.log") if row["log"] else ""
        yield f"  {row['column']} {text.title(row)}: {span}".rstrip()
    yield from _size_lines(document, text)
    if document["discrepancy"] is not None:
        yield text("study.discrepancy", value=f"{document['discrepancy']:.2g}")
    yield cost_words(("study.cost", "study.cost_range"), document, text)
    yield from note_lines(document["notes"], text)


def _size_lines(document: Mapping[str, Any], text: Messages) -> Iterator[str]:
    counts = {name: document[name] for name in ("points", "replicates", "runs", "parts")}
    asked = document["precision"]
    if asked is None:
        yield text("study.design", kind=document["design"], **counts)
        return
    yield text("study.design_at_most", kind=document["design"], **counts)
    yield text("study.precision", half_width=half(asked["half_width"]), targets=_targets_words(asked["targets"], text))
    yield text("study.looks", looks=_looks_words(asked["looks"]), number=len(asked["looks"]))
    if asked["least_replicates"] is None:
        yield text("study.out_of_reach", most=document["replicates"])


def _targets_words(targets: Sequence[str], text: Messages) -> str:
    return text("study.join").join(target_words(target, text) for target in targets)


def _looks_words(looks: Sequence[int]) -> str:
    """Write the looks; of many the first, how it goes on, and the last."""
    few = [str(look) for look in looks]
    return ", ".join(few if len(few) <= _FEW_LOOKS else [*few[:3], "...", few[-1]])


def cost_words(keys: tuple[str, str], document: Mapping[str, Any], text: Messages, **facts: Any) -> str:
    """Say what a study costs, time and megabytes, with the first of two texts; with the second, from least to most,
    where that depends on what is found.
    """
    own = {"workers": document["workers"], **facts}
    asked = document["precision"]
    if asked is None or asked["least"]["runs"] == document["runs"]:
        return text(keys[0], **_costs(document, text), **own)
    least = {f"least_{name}": words for name, words in _costs(asked["least"], text).items()}
    return text(keys[1], **least, **_costs(document, text), **own)


def _costs(costs: Mapping[str, Any], text: Messages) -> dict[str, Any]:
    time, megabytes = duration(costs["seconds"], text), f"{costs['megabytes']:g}"
    return {"runs": costs["runs"], "time": time, "megabytes": megabytes}

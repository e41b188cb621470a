"""What people read about a study and a store: as documents for machines, and as text in their language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.messages import Messages
from experiments.units import unit_name
from experiments.wording import duration, percent

if TYPE_CHECKING:
    from experiments.sweep.again import Replay, Verified

MOST_FAILURES = 10


def status_document(folder: str | Path) -> dict[str, Any]:
    """Return how far a sweep has come, as one document. Raises InputError, StorageError; touches nothing."""
    from experiments.sweep.answers import balance, widest
    from experiments.sweep.session import read_sessions
    from experiments.sweep.store import SweepStore

    store = SweepStore.open(Path(folder))
    done, total = store.done()
    failed = store.failed()
    return {
        "format": 1,
        "folder": str(folder),
        "study_sha256": store.manifest["study_sha256"],
        "done": done,
        "failed": failed,
        "left": total - done,
        "total": total,
        "points": store.manifest["points"],
        "replicates": store.manifest["replicates"],
        "replicates_per_point": balance(store),
        "widest_interval": widest(store),
        "failures": store.failures() if failed else [],
        "sessions": read_sessions(store.folder),
    }


def status_text(document: Mapping[str, Any], text: Messages) -> str:
    """Return the status as lines for a terminal."""
    return "\n".join(_status_lines(document, text))


def _status_lines(document: Mapping[str, Any], text: Messages) -> Iterator[str]:
    share = 100.0 * document["done"] / document["total"]
    yield text("status.runs", percent=f"{share:.1f}", **{k: document[k] for k in ("folder", "done", "total", "failed")})
    if document["done"]:
        low, high = document["replicates_per_point"]
        yield text("status.balance", low=low, high=high, wanted=document["replicates"])
    widest = document["widest_interval"]
    if widest is not None:
        ends = {name: percent(widest[name], text) for name in ("low", "high")}
        yield text(
            "status.widest", point=widest["point_id"], value=percent(widest["probability"], text), n=widest["n"], **ends
        )
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


def _session_lines(document: Mapping[str, Any], text: Messages) -> Iterator[str]:
    running = [row for row in document["sessions"] if row["running"]]
    for row in running:
        if row["remaining_s"] is None:
            yield text("status.running_unknown", session=row["session"])
        else:
            low, high = (duration(seconds, text) for seconds in row["remaining_s"])
            yield text("status.running", session=row["session"], low=low, high=high)
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
    if found.recomputed and not found.mismatches:
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
    counts = {name: document[name] for name in ("points", "replicates", "runs", "parts")}
    yield text("study.design", kind=document["design"], **counts)
    if document["discrepancy"] is not None:
        yield text("study.discrepancy", value=f"{document['discrepancy']:.2g}")
    yield text(
        "study.cost",
        time=duration(document["seconds"], text),
        workers=document["workers"],
        megabytes=f"{document['megabytes']:g}",
    )

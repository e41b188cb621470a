"""One session of a sweep: its log with all timings, and how long the rest will take.

`sessions/<name>.jsonl` holds one JSON object a line. It is the only place in a store with times, so that parts stay the
same bytes; nothing is decided by it, and losing it loses no result.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from experiments.sweep.durable import append_line, make_folder

SESSIONS = "sessions"
PARTS_BEFORE_ESTIMATE = 2  # per worker: the first ones pay for starting
LEAST_DOUBT = 0.1  # of the estimate, however even the parts were
_STALE_SECONDS = 120.0


def now() -> str:
    """Return the time as text, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Session:
    """The log of one session, and the rate of its own parts."""

    def __init__(self, folder: Path, workers: int, clock: Callable[[], float] = monotonic) -> None:
        """Open a new log in the store's folder; `clock` in seconds."""
        self.name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}"
        self.path = folder / SESSIONS / f"{self.name}.jsonl"
        self._clock, self._began, self._workers = clock, clock(), workers
        self._costs: list[tuple[float, int]] = []  # seconds of a worker and runs, by part
        make_folder(folder / SESSIONS)

    def note(self, event: str, **facts: Any) -> None:
        """Append one line."""
        line = {"event": event, "time": now(), **facts}
        append_line(self.path, json.dumps(line, ensure_ascii=False, allow_nan=False))

    def finished(self, seconds: float, runs: int) -> None:
        """Take in the cost of a part: seconds that its worker spent on it, and its runs."""
        self._costs.append((seconds, runs))

    @property
    def elapsed(self) -> float:
        """Return the seconds since the session began."""
        return self._clock() - self._began

    def remaining(self, runs: int) -> tuple[float, float] | None:
        """Return the seconds that so many runs will take, from and to; None until two parts per worker are done.

        The rate is that of this session's parts; the range covers two standard errors of their mean cost and is never
        narrower than a tenth of the estimate to either side.
        """
        if len(self._costs) < PARTS_BEFORE_ESTIMATE * self._workers:
            return None
        # The first part of a worker pays for what all its parts use: it is left out of the rate.
        costs = [seconds / count for seconds, count in self._costs[self._workers :]]
        mean = math.fsum(costs) / len(costs)
        variance = math.fsum((cost - mean) ** 2 for cost in costs) / max(len(costs) - 1, 1)
        doubt = max(2.0 * math.sqrt(variance / len(costs)), LEAST_DOUBT * mean)
        scale = runs / self._workers
        return max(mean - doubt, 0.0) * scale, (mean + doubt) * scale


def read_sessions(folder: Path) -> list[dict[str, Any]]:
    """Return one summary a session, in order of their beginning; a torn line is left out.

    `seconds` and `store_seconds` are sums over the workers of a session: with two of them up to twice what a clock on
    the wall shows, which is `last` minus `started`.
    """
    return [_summary(path) for path in sorted((folder / SESSIONS).glob("*.jsonl"))]


def _summary(path: Path) -> dict[str, Any]:
    lines = list(_lines(path))
    first: Mapping[str, Any] = next((line for line in lines if line["event"] == "start"), {})
    last = lines[-1] if lines else {}
    parts = [line for line in lines if line["event"] == "part"]
    ended = last.get("event") == "end"
    return {
        "session": path.stem,
        "started": first.get("time"),
        "command": first.get("command"),
        "workers": first.get("workers"),
        "method": first.get("method"),
        "accepted_code_change": first.get("accepted_code_change"),
        "last": last.get("time"),
        "ended": last.get("outcome") if ended else None,
        "running": not ended and _is_fresh(path),
        "parts": len(parts),
        "runs": sum(line["runs"] for line in parts),
        "seconds": round(math.fsum(line["seconds"] for line in parts), 3),
        "store_seconds": round(math.fsum(line["store_seconds"] for line in parts), 3),
        "remaining_s": parts[-1].get("remaining_s") if parts and not ended else None,
    }


def _lines(path: Path) -> Any:
    for text in path.read_text("utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue  # torn by a kill; every whole line stands for itself
        if isinstance(line, Mapping) and "event" in line:
            yield line


def _is_fresh(path: Path) -> bool:
    """Say whether a session may still be running: its log was written a moment ago, or its process is alive here."""
    process = path.stem.rpartition("-")[2]
    alive = process.isdigit() and Path("/proc", process).exists()
    return alive or datetime.now(UTC).timestamp() - path.stat().st_mtime < _STALE_SECONDS

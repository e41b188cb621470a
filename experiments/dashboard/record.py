"""One JSON line in the log for each answer that the page shows, cached and superseded ones too.

The service writes a line when it has computed something; this one is about what a person saw. `model_s` is the time
that workers have spent on the question so far, all together. Both carry the same `question`, by which they can be
joined.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from streamlit.runtime.scriptrunner import RerunException, StopException

from experiments.dashboard.service import Answer, Ticket

LEVEL = "DIANZHONG_LOG"  # environment: INFO shows these lines, anything else only warnings and errors
log = logging.getLogger("dianzhong.app")


@dataclass
class Shown:
    """What a page has found out about its answer by the time it ends, or is stopped by a newer move."""

    ticket: Ticket
    answer: Answer | None = None


def switch_on() -> None:
    """Write the log of the app to standard error, if the environment asks for it."""
    if os.environ.get(LEVEL, "").upper() == "INFO" and not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)


@contextmanager
def shown(ticket: Ticket) -> Iterator[Shown]:
    """Time a page and log its answer; a page that Streamlit stops for a newer move counts as superseded."""
    found, began, stopped = Shown(ticket), time.monotonic(), False
    try:
        yield found
    except (RerunException, StopException):
        stopped = True
        raise
    finally:
        log.info(json.dumps(_line(ticket, found.answer, stopped, time.monotonic() - began)))


def _line(ticket: Ticket, answer: Answer | None, stopped: bool, seconds: float) -> dict[str, str | int | float | bool]:
    line: dict[str, str | int | float | bool] = {
        "step": "shown",
        "question": sha256(ticket.key.encode()).hexdigest()[:12],  # as in the lines of the service
        "cached": ticket.cached,
        "superseded": stopped or (answer is not None and answer.superseded),
        "script_s": round(seconds, 3),
    }
    if answer is not None:
        line |= {"n": answer.done, "of": answer.wanted}
        line |= {"after_s": round(answer.seconds, 3), "model_s": round(answer.model_seconds, 3)}
    return line

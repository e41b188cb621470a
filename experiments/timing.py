"""Levers whose dates do not fit the run: begun after its end, or still rising along their ramp when it stops."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from experiments.messages import Messages
from experiments.wording import percent
from sim.calibration import tables
from sim.scenario import Scenario, date_of, quarter_of

Row = dict[str, Any]


def misfits(scenario: Scenario, horizon: int) -> list[Row]:
    """Return one row for each lever of a scenario that does nothing, or less than it says, up to the end of a year.

    `reached` is the share of its change that a lever makes at most: 0 where it begins too late.
    """
    return list(_misfits(scenario, horizon))


def _misfits(scenario: Scenario, horizon: int) -> Iterator[Row]:
    end_of_run = quarter_of(f"{horizon}Q4") or 0
    for lever, setting in scenario.levers.items():
        last = min(end_of_run, setting.end or end_of_run)
        steps = max(last - setting.start + 1, 0)
        if setting.value == tables.levers()[lever].baseline or 0 < max(setting.ramp, 1) <= steps:
            continue
        yield {
            "lever": lever,
            "from": date_of(setting.start),
            "last": date_of(last) if steps else None,
            "ramp_quarters": setting.ramp,
            "reached": steps / setting.ramp if setting.ramp else 0.0,
            "horizon": horizon,
        }


def warning(row: Mapping[str, Any], text: Messages) -> str:
    """Word one row of `misfits`."""
    given = {"lever": row["lever"], "start": row["from"]}
    if not row["reached"]:
        return text("timing.late", horizon=row["horizon"], **given)
    return text("timing.ramp", n=row["ramp_quarters"], last=row["last"], share=percent(row["reached"], text), **given)


def warnings(timing: Mapping[str, list[Row]], text: Messages) -> Iterator[str]:
    """Word the rows of a policy and of its reference."""
    yield from (warning(row, text) for row in timing["scenario"])
    yield from (text("timing.against", warning=warning(row, text)) for row in timing["against"])

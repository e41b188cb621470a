"""The explicit list of instruments, in the order in which they announce (a lever that scales a quota comes after the
quota).
"""

from __future__ import annotations

from sim.calibration import tables
from sim.policy import administration, firms, place
from sim.policy.base import Instrument

_ORDER_LAST = ("I13c", "I15d", "I21b")  # they scale what the others have put on offer


def _ordered() -> tuple[Instrument, ...]:
    everything = [*firms.INSTRUMENTS, *place.INSTRUMENTS, *administration.INSTRUMENTS]
    return tuple(sorted(everything, key=lambda i: _ORDER_LAST.index(i.lever) if i.lever in _ORDER_LAST else -1))


INSTRUMENTS: dict[str, Instrument] = {instrument.lever: instrument for instrument in _ordered()}


def check_registry() -> None:
    """Raise LookupError unless levers of the table and instruments of the code are the same."""
    if set(INSTRUMENTS) != set(tables.levers()):
        raise LookupError(f"levers and instruments differ: {sorted(set(INSTRUMENTS) ^ set(tables.levers()))}")

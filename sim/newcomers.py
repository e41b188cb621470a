"""Numbered pools: the n-th entrant of a cell, the n-th newcomer of a kind, is the same agent in every arm, whenever
it comes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from agents.columns import Floats, Integers
from agents.streams import Streams
from sim.state import Frame

PERSON_POOLS = ("commuter", "newcomer", "far newcomer", "young")
SKILLS = 4


@dataclass
class Pools:
    """Counters of the pools, and the fractions that have not made a whole agent yet."""

    frame: Frame
    streams: Streams
    kind: int  # 0 start-ups, 1 movers in
    persons: Integers = field(init=False)
    entrants: Integers = field(init=False)
    due: Floats = field(init=False)
    marks: Floats = field(init=False)
    pending: dict[str, float] = field(default_factory=dict)
    rounding: dict[str, float] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cells = self.frame.newcomer_room.shape[1]
        self.persons = np.zeros(len(PERSON_POOLS) * SKILLS, np.int64)
        self.entrants = np.zeros(cells, np.int64)
        self.due = np.zeros(cells)
        self.marks = self.streams.fixed(f"entry.rounding.{self.kind}", np.arange(cells))

    def new_persons(self, pool: str, skill: int, count: int) -> Integers:
        """Return the ids of the next `count` persons of a pool."""
        row = PERSON_POOLS.index(pool) * SKILLS + skill
        pools = len(self.persons)
        first = self.frame.first_person_id + int(self.persons[row]) * pools + row
        self.persons[row] += count
        return np.arange(first, first + count * pools, pools)

    def whole(self, name: str, amount: float) -> int:
        """Add a real number of arrivals and return how many whole ones that makes (systematic rounding)."""
        self.pending[name] = self.pending.get(name, 0.0) + amount
        if name not in self.rounding:
            self.rounding[name] = float(self.streams.fixed(f"rounding.{name}", np.zeros(1, np.int64))[0])
        mark = self.rounding[name]
        count = math.floor(self.pending[name] + mark) - self.sent.get(name, 0)
        self.sent[name] = self.sent.get(name, 0) + count
        return count

    def whole_entrants(self, expected: Floats) -> tuple[Integers, Integers]:
        """Return cells and ids of this quarter's entrants; expected: rows to enter by cell, shape (cells,)."""
        self.due = self.due + expected
        reached = np.floor(self.due + self.marks).astype(np.int64)
        count = np.maximum(reached - self.entrants, 0)
        cell = np.repeat(np.arange(len(count)), count)
        within = np.arange(len(cell)) - np.repeat(np.cumsum(count) - count, count)
        ids = self.frame.newcomer_ids(self.kind, cell, self.entrants[cell] + within)
        self.entrants = self.entrants + count
        return cell, ids

"""The object twin as a model that `mesa.batch_run` can run by itself: five stages, and a record of everything else.

The twin has five of the stages; the engine's other nine decide what it is told between them. `record` runs the engine
once and keeps that, `Replayed` reads it back, so that a run of the twin needs no engine beside it. A module of its own,
because the workers of `batch_run` import it by name.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

from agents.face import mesa
from agents.streams import Streams
from experiments.engine import seed_sequence
from sim.model import STAGES, RegionModel
from tests.twin.economy import Economy, Shared
from tests.twin.feed import TWINNED, Snapshot, Start, Told, quarter_inputs

Luck = tuple[int, tuple[int, ...]]
Ends = dict[str, float]


@dataclass(frozen=True)
class Feed:
    """One run as the twin is told it: the start, and by quarter and twinned stage what happened since the one before.

    `ends` says where the engine was after the last quarter, for the comparison.
    """

    luck: Luck
    start: Start
    quarters: list[list[tuple[str, Told, Shared]]]
    ends: Ends


def record(model: RegionModel, luck: Luck, quarters: int) -> Feed:
    """Run a model that has not made a step and keep what its twin must be told."""
    start, seen, kept = Start.of(model), Snapshot.of(model), []
    for _ in range(quarters):
        told: list[tuple[str, Told, Shared]] = []
        model.begin_quarter()
        for this in STAGES:
            if this.name in TWINNED:
                told.append((this.name, Told.since(seen, model), quarter_inputs(model)))
            this(model)
            if this.name in TWINNED:
                seen = Snapshot.of(model)
                ends = _ends_of_engine(model)
        model.end_quarter()
        kept.append(told)
    return Feed(luck, start, kept, ends)


def _ends_of_engine(model: RegionModel) -> Ends:
    firms = model.firms
    return {
        "people": float(model.talent.n),
        "workers": float((model.talent.cell >= 0).sum()),
        "firms": float(firms.n),
        "capital": float((firms.capital * firms.weight).sum()),
        "value_added": float((firms.value_added * firms.weight).sum()),
    }


class Replayed(Economy):
    """The twin of one run; `feed` is the file that `record` was kept in.

    `fed` and `worked` are the seconds of a core that went into reading and telling, and into the five stages.
    """

    def __init__(self, feed: str) -> None:
        began = process_time()
        self.feed: Feed = pickle.loads(Path(feed).read_bytes())
        super().__init__(self.feed.start.fixed, Streams(seed_sequence(self.feed.luck)))
        self.feed.start.fill(self)
        self.worked = 0.0
        self.ends: Ends = {}
        self.datacollector = mesa.DataCollector(model_reporters={"fed": "fed", "worked": "worked", "ends": "ends"})
        self.fed = process_time() - began

    def step(self) -> None:
        """Advance one quarter; `batch_run` ends a run after the last one."""
        began = process_time()
        told = self.feed.quarters[self.steps - 1]
        self.streams.begin(self.steps)
        self.separated.clear()
        self.hired.clear()
        for name, events, now in told:
            events.to(self)
            self.now = now
            self.paid.clear()
            before = process_time()
            TWINNED[name](self)
            after = process_time()
            self.fed, self.worked, began = self.fed + before - began, self.worked + after - before, after
        if self.steps == len(self.feed.quarters):
            self.ends = self._ends()
            self.running = False
        self.datacollector.collect(self)

    def _ends(self) -> Ends:
        firms: list[Any] = list(self.firms.values())
        return {
            "people": float(len(self.persons)),
            "workers": float(sum(self.workers())),
            "firms": float(len(firms)),
            "capital": sum(firm.capital * firm.weight for firm in firms),
            "value_added": sum(firm.value_added * firm.weight for firm in firms),
        }

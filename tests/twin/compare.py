"""Compare twin and engine by id: whole numbers must be identical, real ones agree within a relative tolerance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from operator import attrgetter
from typing import Any
from unittest.mock import patch

import numpy as np

from agents.columns import Population
from agents.talent import SEARCHING
from sim.model import RegionModel
from sim.stages import labour
from tests.twin import firm, person
from tests.twin.economy import Economy
from tests.twin.feed import HOMES, MARKETS, POOLS, REGION, RESERVOIRS

TOLERANCE = 1e-9
REST = 1e-3
# What is left when larger amounts cancel, such as credit below a limit that was just reached: compared with at least
# REST of the firm's capital and sales (so that 1e-12 of them counts as nothing).
RESTS = {"investment", "support", "profit", "usual_profit", "cash", "debt"}


class Differences:
    """The largest relative difference seen of every real number, by name, and where it was."""

    def __init__(self) -> None:
        """Begin with none."""
        self.largest: dict[str, tuple[float, str]] = {}

    @property
    def worst(self) -> tuple[float, str, str]:
        """Largest difference of all, its name and its place."""
        name = max(self.largest, key=lambda key: self.largest[key][0])
        return self.largest[name][0], name, self.largest[name][1]

    def real(self, name: str, place: str, engine: Any, twin: Any, scale: Any = 0.0) -> None:
        """Note the difference of two arrays relative to the larger, or to `scale` where the number is a small rest."""
        left, right = np.asarray(engine, float), np.asarray(twin, float)
        assert left.shape == right.shape, f"{place}: {name} has shape {left.shape} and {right.shape} in the twin"
        assert np.isfinite(right).all(), f"{place}: {name} is not finite in the twin"
        size = np.maximum(np.maximum(np.abs(left), np.abs(right)), scale)
        gap = float(np.max(np.abs(left - right) / np.maximum(size, 1e-300), initial=0.0))
        assert gap <= TOLERANCE, f"{place}: {name} differs by {gap:.2e} relative"
        if gap >= self.largest.get(name, (0.0, ""))[0]:
            self.largest[name] = gap, place

    def agents(self, kind: str, place: str, population: Population, twins: dict[int, Any]) -> None:
        """Compare every column that the twin keeps, agent by agent."""
        ids = population.id.tolist()
        assert sorted(ids) == sorted(twins), f"{place}: not the same {kind}s are here"
        members = [twins[ident] for ident in ids]
        for name in firm.FIELDS if kind == "firm" else person.FIELDS:
            engine = getattr(population, name)
            twin = np.array(list(map(attrgetter(name), members)))
            if engine.dtype.kind == "f":
                size = REST * (population.capital + population.value_added) if name in RESTS else 0.0
                self.real(f"{kind}.{name}", place, engine, twin.reshape(engine.shape), size)
                continue
            wrong = np.flatnonzero(engine != twin)
            assert not len(wrong), (
                f"{place}: {name} of {kind} {ids[wrong[0]]} is {engine[wrong[0]]}, {twin[wrong[0]]} in the twin"
                f" ({len(wrong)} such {kind}s)"
            )

    def stage(self, name: str, model: RegionModel, economy: Economy) -> None:
        """Compare the whole state of both after a stage, and what the stage posted."""
        place = f"quarter {model.quarter}, after {name}"
        self.agents("firm", place, model.firms, economy.firms)
        self.agents("person", place, model.talent, economy.persons)
        for shared, columns in (("markets", MARKETS), ("pools", POOLS), ("homes", HOMES)):
            for column in columns:
                engine, twin = getattr(getattr(model, shared), column), getattr(getattr(economy, shared), column)
                self.real(f"{shared}.{column}", place, engine, twin)
        for column in REGION:
            # Displaced sales are a rest: gains and losses of sectors that cancel, exactly so at the prices of 2020.
            scale = float(model.markets.turnover.sum()) if column == "displaced_sales" else 0.0
            engine, twin = getattr(model.region, column)[0], getattr(economy.region, column)
            self.real(f"region.{column}", place, engine, twin, scale)
        people = model.region.reservoir[0, : len(RESERVOIRS)]
        moved = [getattr(economy.region, name) for name in RESERVOIRS]  # since step 0, so it may be nobody
        self.real("region.reservoir", place, people, moved, economy.fixed.person_weight)
        self.real("site_terms", place, model.tfp_terms, economy.site_terms)
        for fact, amount in economy.facts.items():
            self.real(f"facts.{fact}", place, model.facts[fact], amount)
        for key, amount in economy.paid.items():
            own = model.ledger.postings[key] - economy.paid_before.get(key, 0.0)
            self.real(f"paid.{key[0]}.{key[2]}", place, own, amount)
        if name == "produce_and_sell":
            self.real("market_potential", place, model.market_potential, economy.market_potential)
            self.real("research_growth", place, model.research_growth, economy.research_growth)
            self.real("supplier_access", place, model.supplier_access, economy.supplier_access)


class Moves:
    """Who separated and who was hired where, in the engine's labour market of the quarter."""

    def __init__(self) -> None:
        """Begin with none."""
        self.separated: set[int] = set()
        self.hired: dict[int, int] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take notes around the engine's two functions that move persons, while the block runs."""
        separate, hire = labour.separate, labour.hire

        def separate_noted(model: RegionModel, targets: Any) -> Any:
            before = at_work(model)
            workers = separate(model, targets)
            self.separated = before.keys() - at_work(model).keys()
            return workers

        def hire_noted(model: RegionModel, vacancies: Any, flows: Any) -> Any:
            before = at_work(model)
            hired = hire(model, vacancies, flows)
            after = at_work(model)
            self.hired = {ident: after[ident] for ident in after.keys() - before.keys()}
            return hired

        with patch.object(labour, "separate", separate_noted), patch.object(labour, "hire", hire_noted):
            yield

    def check(self, place: str, economy: Economy) -> None:
        """Demand that the same persons separated and were hired, into the same labour cells."""
        assert economy.separated == self.separated, f"{place}: not the same persons separated"
        assert economy.hired == self.hired, f"{place}: not the same persons were hired"


def at_work(model: RegionModel) -> dict[int, int]:
    """Return the labour cell of persons at work, by id; -2 in Kunming."""
    working = model.talent.cell != SEARCHING
    return dict(zip(model.talent.id[working].tolist(), model.talent.cell[working].tolist(), strict=True))

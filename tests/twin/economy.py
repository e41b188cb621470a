"""The twin's economy: firms, persons, and what exists once for a sector, a labour pool, a home site or the region."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import numpy as np

from agents.face import mesa
from agents.streams import Streams
from tests.twin.firm import Firm
from tests.twin.person import Person

SKILLS = 4
POOLS = ("commuter", "newcomer", "far newcomer", "young")  # numbered pools that persons come from


class Shared:
    """Something of which there is one per sector, pool, site or region: attributes are lists (or one float each)."""

    def __init__(self, **values: Any) -> None:
        """Set the attributes."""
        self.__dict__.update(values)


class Economy(mesa.Model):
    """The state of the twin.

    firms, persons: by id. markets: lists by sector. pools: lists by commuting area x 4 + skill. homes: lists by site,
    Kunming core last. region: floats. fixed: the tables of a run (see `feed.fixed_tables`). now: what other stages
    decide for this quarter (see `feed.quarter_inputs`). paid: payments of the stage by (flow, payer, payee), million
    yuan. facts: take-up that the budget is told of. separated, hired: who parted from work, and who found it where.
    """

    def __init__(self, fixed: Any, streams: Streams) -> None:
        """Make an empty economy over the tables and the streams of a run."""
        super().__init__(rng=0)  # Mesa wants a generator; nothing here draws from it
        self.fixed, self.now, self.streams = fixed, Shared(), streams
        self.firms: dict[int, Firm] = {}
        self.persons: dict[int, Person] = {}
        self.markets, self.pools, self.homes, self.region = Shared(), Shared(), Shared(), Shared()
        self.site_terms: list[list[float]] = []  # exp(log productivity terms) by site and sector, for next quarter
        self.market_potential: list[float] = []
        self.supplier_access: list[list[float]] = []
        self.research_growth: list[float] = []  # of a site, which spin-offs follow
        self.paid: dict[tuple[str, str, str], float] = defaultdict(float)
        self.paid_before: dict[tuple[str, str, str], float] = {}  # by other stages, earlier in the quarter
        self.facts: dict[str, float] = {}
        self.separated: set[int] = set()
        self.hired: dict[int, int] = {}
        self.sent = dict.fromkeys(((pool, skill) for pool in POOLS for skill in range(SKILLS)), 0)
        self.flows: dict[str, list[float]] = {}  # name of a flow: mark, real arrivals so far, whole ones so far

    # Draws -------------------------------------------------------------------------------------------------------

    def uniform(self, stream: str, ids: list[int]) -> list[float]:
        """Return this quarter's uniforms of a stream, one per id."""
        return self.streams.uniform(stream, np.array(ids, np.int64)).tolist()

    def normal(self, stream: str, ids: list[int]) -> list[float]:
        """Return this quarter's standard normals of a stream, one per id."""
        return self.streams.normal(stream, np.array(ids, np.int64)).tolist()

    def for_life(self, stream: str, ids: list[int]) -> list[float]:
        """Return the uniforms that belong to each id for life."""
        return self.streams.fixed(stream, np.array(ids, np.int64)).tolist()

    # Persons come and go -----------------------------------------------------------------------------------------

    def add_person(self, ident: int, **fields: Any) -> Person:
        """Take a person in."""
        person = self.persons[ident] = Person(self, ident, **fields)
        return person

    def drop_person(self, person: Person) -> None:
        """Let a person go."""
        del self.persons[person.id]
        person.remove()

    def next_of_pool(self, pool: str, skill: int, count: int) -> list[int]:
        """Return the ids of the next persons of a numbered pool: the n-th of a kind has one id in every arm."""
        row = POOLS.index(pool) * SKILLS + skill
        first = self.sent[pool, skill]
        self.sent[pool, skill] = first + count
        width = len(POOLS) * SKILLS
        return [self.fixed.first_person_id + number * width + row for number in range(first, first + count)]

    def whole(self, flow: str, amount: float) -> int:
        """Add real arrivals to a flow and return how many whole ones that makes: floor(sum + mark), less those before.

        The mark belongs to the flow for life, so that whole arrivals follow real ones without noise of their own.
        """
        if flow not in self.flows:
            self.flows[flow] = [self.for_life(f"rounding.{flow}", [0])[0], 0.0, 0]
        mark, total, before = self.flows[flow]
        total += amount
        reached = math.floor(total + mark)
        self.flows[flow] = [mark, total, reached]
        return reached - int(before)

    # Sums --------------------------------------------------------------------------------------------------------

    def post(self, flow: str, payer: str, payee: str, amount: float) -> None:
        """Add a payment in million yuan to the stage's payments."""
        self.paid[flow, payer, payee] += amount

    def workers(self) -> list[int]:
        """Return persons at work in each labour cell."""
        count = [0] * self.fixed.cell_count
        for person in self.persons.values():
            if person.cell >= 0:
                count[person.cell] += 1
        return count

    def by_sector(self, attribute: str) -> list[float]:
        """Return the weighted total of an attribute of firms by sector."""
        total = [0.0] * self.fixed.sectors
        for firm in self.firms.values():
            total[firm.sector] += getattr(firm, attribute) * firm.weight
        return total

    def wage_table(self) -> list[list[list[float]]]:
        """Return wages by site, sector and skill: those of 2020 times the wage index of the pool."""
        fixed, index = self.fixed, self.pools.wage
        table = []
        for site, sectors in enumerate(fixed.wage):
            first = fixed.area[site] * SKILLS
            pool = index[first : first + SKILLS]
            table.append([[base * now for base, now in zip(skills, pool, strict=True)] for skills in sectors])
        return table

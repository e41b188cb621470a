"""One person of the labour force: where home and work are, and the decisions taken alone."""

from __future__ import annotations

import math
from typing import Any

from agents.face import mesa

SEARCHING, OUTSIDE = -1, -2  # instead of a labour cell: without work, at work in Kunming
FIELDS = ("skill", "home", "cell", "wage", "hukou", "owner", "origin")


class Person(mesa.Agent):
    """A person (a row of the engine: `person_weight` real ones) with skill, home, labour cell and wage."""

    skill: int
    home: int
    cell: int
    wage: float
    hukou: int
    owner: int
    origin: int

    def __init__(self, economy: Any, ident: int, **fields: Any) -> None:
        """Take a place in the economy; fields not named are zero."""
        super().__init__(economy)
        self.id = ident
        for name in FIELDS:
            setattr(self, name, fields.get(name, 0))

    @property
    def searching(self) -> bool:
        """Without work."""
        return self.cell == SEARCHING

    def quits(self, draw: float, rate: float) -> bool:
        """Say whether the person leaves a job of any kind this quarter: rate P93 (`labour.sep`)."""
        return self.cell != SEARCHING and draw < rate

    def reconsiders_home(self, draw: float, rate: float, owner_mobility: float) -> bool:
        """Say whether the person looks for another home this quarter: rate N95, owners N96 of it."""
        return draw < (rate * owner_mobility if self.owner else rate)

    def best_home(self, tastes: list[float], values: list[float]) -> int:
        """Return the site that wins the exponential race: clock -ln(1 - taste) / exp(utility); first among equals.

        tastes: uniforms of the person's class of tastes by site; values: exp(utility) by site for the workplace.
        The smallest of independent exponential clocks with these rates is a draw from the logit.
        """
        best, earliest = 0, math.inf
        for site, value in enumerate(values):
            clock = max(-math.log1p(-tastes[site]), 1e-300) / value
            if clock < earliest:
                best, earliest = site, clock
        return best

    def mobility(self, owner: float, hukou: float, searcher: float) -> float:
        """Return how ties (owner N96, local registration N97) and search (N98) scale the rate of leaving."""
        ties = owner if self.owner else 1.0
        if self.hukou:
            ties *= hukou
        if self.cell == SEARCHING:
            ties *= searcher
        return ties

"""Talent: persons of the labour force, with a skill, a home, a workplace or none, and reasons to stay or leave."""

from __future__ import annotations

import numpy as np

from agents.columns import Floats, Integers, Population, column

SEARCHING, OUTSIDE = -1, -2
PLACES = ("new_area", "kunming", "rest_of_yunnan", "rest_of_china")


class Talent(Population):
    """Persons who live or work in the New Area; each row stands for `scale` real persons."""

    kind = "person"

    # Narrow types: half a million persons are read many times a quarter, and memory is what that costs.
    skill = column(np.int8, "index", "0 basic, 1 technical, 2 graduate, 3 high level")
    home = column(np.int16, "index", "Home site, row of the site table; one past the last: Kunming core")
    cell = column(
        np.int32, "index", "Labour cell (site, sector, skill) of work; -1 searching, -2 works in Kunming", default=-1
    )
    wage = column(float, "million yuan per quarter", "Wage at the present workplace; the last one while searching")
    hukou = column(np.int8, "0/1", "Has local household registration")
    owner = column(np.int8, "0/1", "Owns the home (else rents)")
    origin = column(np.int8, "index", "0 New Area, 1 Kunming, 2 rest of Yunnan, 3 rest of China")

    def workers(self, cells: int) -> Integers:
        """Return simulated persons at work in each labour cell, shape (cells,)."""
        return np.bincount(self.cell - OUTSIDE, minlength=cells - OUTSIDE)[-OUTSIDE:]

    def searchers(self, sites: int, skills: int) -> Integers:
        """Return simulated persons without work by home and skill, shape (sites, skills)."""
        looking = self.cell == SEARCHING
        return np.bincount(self.home[looking] * skills + self.skill[looking], minlength=sites * skills).reshape(
            sites, skills
        )


def lowest(rank: Floats, group: Integers, quota: Integers, size: Integers) -> Integers:
    """Return the positions of the `quota[g]` members with the lowest rank in every group g.

    rank: keyed draws on [0, 1), shape (n,); group: group of each member, shape (n,); quota and size (members):
    shape (groups,). Independent of row order. A group that is asked for nobody may be negative (an index from the
    end).
    """
    limit = promising(size, quota)
    near = np.flatnonzero(rank < limit[group])
    found = np.bincount(group[near], minlength=len(quota))
    short = (found < np.minimum(quota, size)).nonzero()[0]
    if len(short):  # a rare group whose lowest ranks are higher than expected: look at all its members
        limit[short] = 1.0
        near = np.flatnonzero(rank < limit[group])
    group = group[near]
    order = np.argsort(group + rank[near])
    ordered = group[order]
    counts = np.bincount(ordered, minlength=len(quota))
    starts = np.cumsum(counts) - counts
    place = np.arange(len(order)) - starts[ordered]
    return near[order[place < quota[ordered]]]


def promising(size: Integers, quota: Integers) -> Floats:
    """Return a rank below which the `quota` lowest of `size` uniform ranks almost surely lie, shape (groups,).

    Most groups ask for few of many: only those few need sorting. Zero where nobody is asked for.
    """
    bound = (quota + 6.0 * np.sqrt(np.maximum(quota, 0)) + 8.0) / np.maximum(size, 1)
    return np.where(quota > 0, np.minimum(bound, 1.0), 0.0)

"""Talent: persons of the labour force, with a skill, a home, a workplace or none, and reasons to stay or leave."""

from __future__ import annotations

import numpy as np

from agents.columns import Floats, Integers, Population, column

SEARCHING, OUTSIDE = -1, -2
PLACES = ("new_area", "kunming", "rest_of_yunnan", "rest_of_china")


class Talent(Population):
    """Persons who live or work in the New Area; each row stands for `scale` real persons."""

    kind = "person"

    skill = column(np.int64, "index", "0 basic, 1 technical, 2 graduate, 3 high level")
    home = column(np.int64, "index", "Home site, row of the site table; one past the last: Kunming core")
    cell = column(
        np.int64, "index", "Labour cell (site, sector, skill) of work; -1 searching, -2 works in Kunming", default=-1
    )
    wage = column(float, "million yuan per quarter", "Wage at the present workplace; the last one while searching")
    hukou = column(np.int64, "0/1", "Has local household registration")
    owner = column(np.int64, "0/1", "Owns the home (else rents)")
    origin = column(np.int64, "index", "0 New Area, 1 Kunming, 2 rest of Yunnan, 3 rest of China")

    def workers(self, cells: int) -> Integers:
        """Return simulated persons at work in each labour cell, shape (cells,)."""
        return np.bincount(self.cell[self.cell >= 0], minlength=cells)

    def searchers(self, sites: int, skills: int) -> Integers:
        """Return simulated persons without work by home and skill, shape (sites, skills)."""
        looking = self.cell == SEARCHING
        return np.bincount(self.home[looking] * skills + self.skill[looking], minlength=sites * skills).reshape(
            sites, skills
        )


def lowest(rank: Floats, group: Integers, quota: Integers) -> Integers:
    """Return the positions of the `quota[g]` members with the lowest rank in every group g.

    rank: keyed draws, shape (n,); group: group of each member, shape (n,); quota: shape (groups,). Independent of row
    order.
    """
    wanted = np.flatnonzero(quota[group] > 0)  # most groups ask for nobody: sort only those that do
    group = group[wanted]
    order = np.argsort(group + rank[wanted])  # ranks lie in [0, 1)
    ordered = group[order]
    counts = np.bincount(ordered, minlength=len(quota))
    starts = np.cumsum(counts) - counts
    place = np.arange(len(order)) - starts[ordered]
    return wanted[order[place < quota[ordered]]]

"""Industrial parks and towns: land, price, admission, operator, public capital, and a yearly decision of their own."""

from __future__ import annotations

import numpy as np

from agents.columns import Floats, Population, column


class Parks(Population):
    """The ten sites of the New Area that offer land to industry; id and row are the site index."""

    kind = "park"

    planned = column(float, "km2", "Planned area")
    unserviced = column(float, "km2", "Industrial land with a quota and without services")
    serviced = column(float, "km2", "Serviced industrial land on offer")
    occupied = column(float, "km2", "Industrial land in use or promised to a project")
    idle = column(float, "km2", "Industrial land granted and not used")
    discount = column(float, "share", "Discount on the benchmark price of industrial land")
    effort = column(float, "share", "Share of the recruitment staff", default=0.1)
    release = column(float, "share", "Share of serviced land offered at once", default=1.0)
    attracted = column(float, "million yuan", "Investment signed this year")
    attracted_before = column(float, "million yuan", "Investment signed last year")
    receipts = column(float, "million yuan", "Land receipts this year")
    receipts_before = column(float, "million yuan", "Land receipts last year")
    budget = column(float, "million yuan", "Own account: the park's share of land receipts, kept for servicing")
    public_capital = column(float, "million yuan", "Public capital on the site")
    amenity = column(float, "index", "Services and green against 2020, log points")
    incubated = column(float, "firms", "Real firms in rent-free incubator places")
    operator = column(np.int64, "index", "0 committee, 1 service centre plus company, 2 anchor-run, 3 co-managed")

    def decide(
        self, minutes: Floats, race: float, sharing: float, ceiling: float, thrift: float, learning: float
    ) -> None:
        """Revise price discount, recruitment effort and release of land once a year, from what the park saw last
        year.

        A park that attracted less than its neighbours (weights fall with minutes, shape (n, n)) moves towards their
        mean discount and past it; benefit sharing in [0, 1] weakens that race. A park that lost receipts without
        gaining projects retreats (thrift).
        """
        near = np.exp(-minutes / 30.0)
        np.fill_diagonal(near, 0.0)
        near /= np.maximum(near.sum(axis=1, keepdims=True), 1e-12)
        gain = self.attracted
        behind = (gain < near @ gain).astype(float)
        others = near @ self.discount
        race_step = race * (1.0 - sharing) * behind * np.maximum(others - self.discount + 0.05, 0.0)
        lost = (self.receipts < self.receipts_before) & (gain <= self.attracted_before)
        self.discount = np.clip(self.discount + race_step - thrift * lost * self.discount, 0.0, ceiling)
        success = gain + 0.05 * max(float(gain.sum()), 1.0)
        self.effort = (1.0 - learning) * self.effort + learning * success / success.sum()
        scarce = self.serviced < 0.25 * np.maximum(self.occupied, 0.1)
        busy = gain > self.attracted_before
        self.release = np.clip(np.where(scarce & busy, self.release - 0.1, self.release + 0.1), 0.5, 1.0)
        self.attracted_before, self.attracted = self.attracted, np.zeros(self.n)
        self.receipts_before, self.receipts = self.receipts, np.zeros(self.n)

    def land_stock(self) -> float:
        """Return all industrial land with a quota, km2."""
        return float((self.unserviced + self.serviced + self.occupied + self.idle).sum())

"""Levers in force: dates, ramps, implementation, rationing; and what an instrument is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from agents.terms import Channel, Rule, Terms
from sim.calibration import tables

if TYPE_CHECKING:
    from sim.calibration.tables import Lever
    from sim.params import Parameters
    from sim.scenario import Scenario


class Dose(NamedTuple):
    """What a lever amounts to this quarter, in the unit of the lever.

    baseline: without policy; value: as set, dates and ramp applied; effective: an amount as implemented and rationed;
    share: share of cases to which a rule applies.
    """

    lever: str
    baseline: float
    value: float
    effective: float
    share: float

    @property
    def change(self) -> float:
        """Effective change against the baseline, unit of the lever."""
        return self.effective - self.baseline


def without_policy(row: Lever) -> Dose:
    """Return the dose of a lever that is left at its baseline."""
    return Dose(row.id, row.baseline, row.baseline, row.baseline, 0.0)


Mechanism = Callable[[Dose, Terms, "Parameters"], None]
Cost = Callable[[Dose, Mapping[str, float], "Parameters"], float]


def free(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    """Cost nothing from the budget."""
    return 0.0


@dataclass(frozen=True)
class Instrument:
    """One lever: its mechanism writes terms; its cost, million yuan per quarter, follows from take-up (`facts`).

    estimate: what the dose would cost this quarter, for rationing, where `cost` waits for take-up that comes later.
    outcome: activity that the lever moved in the quarter, million yuan, as an outside evaluation would measure it
    (I22b); None where an evaluation finds nothing to measure.
    """

    lever: str
    announce: Mechanism
    cost: Cost = free
    outcome: Cost | None = None
    estimate: Cost | None = None


def writes(channel: str, factor: float = 1.0) -> Mechanism:
    """Return the mechanism that puts the effective value, times a conversion of units, on a channel."""

    def announce(dose: Dose, terms: Terms, p: Parameters) -> None:
        target: Channel = getattr(terms, channel)
        target.add(dose.lever, factor * dose.effective)

    return announce


def rules(name: str) -> Mechanism:
    """Return the mechanism that puts a rule in force for a share of cases."""

    def announce(dose: Dose, terms: Terms, p: Parameters) -> None:
        target: Rule = getattr(terms, name)
        target.announce(dose.baseline, dose.value, dose.share)

    return announce


def per_year(rate: float) -> Cost:
    """Return the cost of a lever that costs `rate` million yuan per year and unit of its effective value."""

    def cost(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
        return rate * dose.effective / 4.0

    return cost


def formed(dose: Dose, facts: Mapping[str, float], p: Parameters) -> float:
    """Measure public works by the capital that they form."""
    return p.cf_infra * dose.effective / 4.0


CAPACITY = {"I10a": 0.25, "I15b": 0.25, "I20a": 0.3, "I21a": 0.2}  # shares of the gain in implementation; sum 1


class PolicyMix:
    """The levers of a scenario, dated; turns them into doses and terms quarter by quarter."""

    def __init__(self, scenario: Scenario) -> None:
        self.table = dict(tables.levers())  # a plain dictionary, so that a model can be copied
        self.settings = dict(scenario.levers)
        self._without = {lever: without_policy(row) for lever, row in self.table.items()}

    def value(self, lever: str, quarter: int) -> float:
        """Return the value of a lever as set for a quarter (1 = 2021Q1): its baseline before, after, and on the way
        along a ramp.
        """
        row = self.table[lever]
        setting = self.settings.get(lever)
        if setting is None or quarter < setting.start or (setting.end is not None and quarter > setting.end):
            return row.baseline
        if not setting.ramp:
            return setting.value
        return row.baseline + min((quarter - setting.start + 1) / setting.ramp, 1.0) * (setting.value - row.baseline)

    def implementation(self, quarter: int, p: Parameters) -> float:
        """Return theta: the share of a stated measure that takes effect, P160 raised by articles 10, 15, 20 and 21
        and by time.
        """
        ripe = p.theta_impl * min(1.0, p.theta_start + (1.0 - p.theta_start) * quarter / p.theta_quarters)
        gain = 0.0
        for lever, weight in CAPACITY.items():
            row = self.table[lever]
            span = (row.low - row.baseline) if lever == "I15b" else (row.high - row.baseline)
            gain += weight * ripe * (self.value(lever, quarter) - row.baseline) / span
        return min(1.0, ripe * (1.0 + p.theta_gain * gain))

    def doses(self, quarter: int, theta: float, cut: Mapping[str, float]) -> dict[str, Dose]:
        """Return the dose of every lever; cut: share of the change that the budget can pay, by lever (1 where
        absent).
        """
        out = dict(self._without)
        for lever in self.settings:
            row, value = self.table[lever], self.value(lever, quarter)
            change = value - row.baseline
            if change:
                share = 1.0 if row.effect == "exact" else theta
                effective = row.baseline + share * cut.get(lever, 1.0) * change
                out[lever] = Dose(lever, row.baseline, value, effective, share)
        return out

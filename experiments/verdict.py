"""From an ensemble to the verdict: one document with the board of targets, the bill and the effect on the province."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from experiments.bill import BESIDE, OTHERS, payer_of
from experiments.engine import FIRST_YEAR, ArmResult
from experiments.ensemble import ARMS, PARTS, RELAXED, Outcome, Replicate
from experiments.places import places
from experiments.provenance import provenance
from experiments.reach import first_year_out_of_reach
from experiments.statistics import (
    Probability,
    attained,
    changes,
    correlation,
    luck_share,
    mean,
    median,
    median_interval,
    quantile,
)
from experiments.timing import misfits
from sim.calibration import tables
from sim.calibration.records import Target

FORMAT = 1
_QUANTILES = {"p05": 0.05, "p25": 0.25, "p75": 0.75, "p95": 0.95}
# Million yuan: below it there is no gain of which a share could be displaced.
_NO_GAIN = 1e-6

Values = list[float | None]


def verdict(outcome: Outcome) -> dict[str, Any]:
    """Return the document of `run --json`; every number follows from the replicates, in their order."""
    plan = outcome.plan
    board = [_Row(outcome, target) for target in tables.targets().values()]
    return {
        "format": FORMAT,
        "scenario": plan.scenario.name,
        "against": plan.against.name,
        "titles": {"scenario": dict(plan.scenario.title), "against": dict(plan.against.title)},
        "settings": {lever: setting.value for lever, setting in plan.scenario.levers.items()},
        "assume": dict(sorted(plan.assume.items())),
        "timing": {"scenario": misfits(plan.scenario, plan.horizon), "against": misfits(plan.against, plan.horizon)},
        "replicates": plan.replicates,
        "failed": len(outcome.failures),
        "seed": plan.seed,
        "scale": plan.scale,
        "assumptions": plan.assumptions,
        "share": plan.share,
        "path": plan.path,
        "rule": plan.rule,
        "horizon": plan.horizon,
        "provenance": provenance(plan.scenario.sha256, plan.against.sha256),
        "targets": [row.entry() for row in board],
        "groups": {part: {row.target.id: row.change(part) for row in board} for part in PARTS if plan.explain},
        "reached": _reached(outcome),
        "series": _series(outcome),
        "fiscal": _fiscal(outcome),
        "province": _province(outcome),
        "contradictions": _contradictions(outcome),
        **({"places": places(outcome)} if plan.places else {}),
    }


class _Row:
    """One target of the board."""

    def __init__(self, outcome: Outcome, target: Target) -> None:
        self.outcome = outcome
        self.target = target

    def values(self, arm: str) -> Values:
        return [replicate.arms[arm].targets[self.target.id].value for replicate in self.outcome.replicates]

    def probability(self, arm: str) -> Probability:
        reached = sum(replicate.arms[arm].targets[self.target.id].reached for replicate in self.outcome.replicates)
        return Probability.of(reached, len(self.outcome.replicates), len(self.outcome.failures))

    def change(self, arm: str, reference: str = "against") -> dict[str, Any]:
        paired = changes(self.values(arm), self.values(reference))
        low, high = median_interval(paired) or (None, None)
        return {"median_change": median(paired), "low": low, "high": high}

    def entry(self) -> dict[str, Any]:
        target, plan = self.target, self.outcome.plan
        values, reference = self.values("policy"), self.values("against")
        middle = median(values)
        return {
            "id": target.id,
            "article": target.article,
            "title_zh": target.title_zh,
            "title_en": target.title_en,
            "unit": target.unit,
            "threshold": target.threshold,
            "counted": target.counted,
            "rule": plan.rule if target.rule_applies else "total",
            **_probability(self.probability("policy")),
            "median": middle,
            **{name: quantile(values, share) for name, share in _QUANTILES.items()},
            "gap": None if middle is None else middle - target.threshold,
            "luck_share": self._luck_share(values),
            "first_year_out_of_reach": self._out_of_reach(),
            "against": {**_probability(self.probability("against")), "median": median(reference)},
            "change": {**self.change("policy"), "correlation": correlation(values, reference)},
            "yearly": self._yearly(),
            **self._binding(),
        }

    def _yearly(self) -> dict[str, Any]:
        """Return the measure year by year after 2020: quantiles over replicates, and the median of the reference."""
        rows = {arm: [r.arms[arm].targets[self.target.id].yearly for r in self.outcome.replicates] for arm in ARMS[:2]}
        years = range(len(rows["policy"][0])) if rows["policy"] else range(0)
        columns = [[row[k] for row in rows["policy"]] for k in years]
        shares = {"median": 0.5, **_QUANTILES}
        return {
            "year": [FIRST_YEAR + 1 + k for k in years],
            **{name: [quantile(column, share) for column in columns] for name, share in shares.items()},
            "against": [median([row[k] for row in rows["against"]]) for k in years],
        }

    def _luck_share(self, values: Values) -> float | None:
        """Return the share of luck in the spread; with central assumptions there is nothing else, if anything
        varies.
        """
        if self.outcome.plan.assumptions == "central":
            known = {value for value in values if value is not None}
            return 1.0 if len(known) > 1 else None
        pairs = [
            (replicate.arms["policy"].targets[self.target.id].value, replicate.second_luck[self.target.id].value)
            for replicate in self.outcome.replicates
            if replicate.second_luck is not None
        ]
        return luck_share([first for first, _ in pairs], [second for _, second in pairs])

    def _out_of_reach(self) -> int | None:
        if not self.target.rule_applies or self.target.article != 2:
            return None
        yearly = [replicate.arms["policy"].targets[self.target.id].yearly for replicate in self.outcome.replicates]
        compounds = self.target.unit.startswith("%")
        return first_year_out_of_reach(yearly, self.target.threshold, self.outcome.plan.rule, compounds)

    def _binding(self) -> dict[str, Any]:
        """Return the constraint whose relaxation alone raises the target most, and all of them with their intervals."""
        if not self.outcome.plan.binding or not self.outcome.replicates:
            return {"binding": None}
        arms = [name for name in self.outcome.replicates[0].arms if name.startswith(RELAXED)]
        found = {name.removeprefix(RELAXED): self.change(name, "policy") for name in arms}
        # An interval that includes zero cannot tell a constraint that binds from luck.
        certain = {name: row["median_change"] for name, row in found.items() if (row["low"] or 0.0) > 0.0}
        best = max(certain, key=lambda name: certain[name]) if certain else None
        return {"binding": best, "constraints": found}


def _probability(value: Probability) -> dict[str, Any]:
    return {"probability": value.estimate, "low": value.low, "high": value.high, "n": value.n, "failed": value.failed}


def _reached(outcome: Outcome) -> dict[str, Any]:
    """Return how many of the nine are reached, and the joint frequency of all nine."""
    nine = [target.id for target in tables.targets().values() if target.counted]
    counts = [
        sum(replicate.arms["policy"].targets[ident].reached for ident in nine) for replicate in outcome.replicates
    ]
    together = Probability.of(sum(count == len(nine) for count in counts), len(counts), len(outcome.failures))
    return {
        "of": len(nine),
        "median": attained(counts, 0.5),
        "p05": attained(counts, 0.05),
        "p95": attained(counts, 0.95),
        "counts": [int(count) for count in counts],
        "all": _probability(together),
    }


def _series(outcome: Outcome) -> dict[str, Any]:
    """Return every indicator by calendar year: median and 5-95 % over replicates, and the median of the reference."""
    if not outcome.replicates:
        return {}
    names = outcome.replicates[0].arms["policy"].yearly
    years = list(range(FIRST_YEAR, outcome.plan.horizon + 1))
    return {name: _one_series(outcome, name, years) for name in names}


def _one_series(outcome: Outcome, name: str, years: Sequence[int]) -> dict[str, Any]:
    def over(arm: str, statistic: Callable[[Values], float | None]) -> Values:
        rows = [replicate.arms[arm].yearly[name] for replicate in outcome.replicates]
        return [statistic([row[k] for row in rows]) for k in range(len(years))]

    return {
        "unit": outcome.units[name],
        "year": list(years),
        "median": over("policy", median),
        "p05": over("policy", lambda values: quantile(values, 0.05)),
        "p95": over("policy", lambda values: quantile(values, 0.95)),
        "against": {"median": over("against", median)},
    }


def _fiscal(outcome: Outcome) -> dict[str, Any]:
    """Return the bill relative to the reference: means over replicates, so that the instruments add up to the total.

    `net_cost` is what the New Area pays more, with what it still owes more at the end (`owed`); money that the province
    and Kunming hand over is in `by_payer`, apart.
    """
    bill = _mean_difference(outcome, lambda arm: arm.paid)
    rationed = _means([replicate.arms["policy"].rationed for replicate in outcome.replicates])
    payers: dict[str, float] = {}
    for lever, amount in bill.items():
        payers[payer_of(lever)] = payers.get(payer_of(lever), 0.0) + amount
    costs = [
        sum(
            amount * sign
            for arm, sign in (("policy", 1.0), ("against", -1.0))
            for lever, amount in replicate.arms[arm].paid.items()
            if payer_of(lever) not in OTHERS
        )
        for replicate in outcome.replicates
    ]
    arrears = {
        arm: [row.arms[arm].yearly["arrears"][-1] for row in outcome.replicates] for arm in ("policy", "against")
    }
    return {
        "net_cost": mean(costs),
        "p05": quantile(costs, 0.05),
        "p95": quantile(costs, 0.95),
        "owed": mean(changes(arrears["policy"], arrears["against"])),
        "unit": f"million yuan, {FIRST_YEAR + 1}-{outcome.plan.horizon}",
        "by_instrument": bill,
        "by_payer": payers,
        "rationed": rationed,
    }


def _mean_difference(outcome: Outcome, amounts: Callable[[ArmResult], Mapping[str, float]]) -> dict[str, float]:
    policy = _means([amounts(replicate.arms["policy"]) for replicate in outcome.replicates])
    reference = _means([amounts(replicate.arms["against"]) for replicate in outcome.replicates])
    found = {lever: policy.get(lever, 0.0) - reference.get(lever, 0.0) for lever in sorted({*policy, *reference})}
    return {lever: amount for lever, amount in found.items() if amount}


def _means(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    levers = sorted({lever for row in rows for lever in row})
    found = {lever: mean([row.get(lever, 0.0) for row in rows]) for lever in levers}
    return {lever: amount for lever, amount in found.items() if amount}


def _province(outcome: Outcome) -> dict[str, Any]:
    """Return what the New Area gains and what the province keeps of it, summed over the years of the policy.

    Net of displacement, and of what the province and Kunming would have bought elsewhere with the money they hand over.
    """
    own = [_gain(replicate.arms, "gdp") for replicate in outcome.replicates]
    moved = [_gain(replicate.arms, "province_gdp") for replicate in outcome.replicates]
    forgone = [_forgone(replicate) for replicate in outcome.replicates]
    net = [None if change is None else change - cost for change, cost in zip(moved, forgone, strict=True)]
    gain, together = mean(own), mean(moved)
    return {
        "new_area_gain": gain,
        "net_gain": mean(net),
        "displaced_share": None if gain is None or together is None or gain < _NO_GAIN else 1.0 - together / gain,
        "forgone": mean(forgone),
        "unit": f"million yuan, 2020 prices, {FIRST_YEAR + 1}-{outcome.plan.horizon}",
        "new_area": {"p05": quantile(own, 0.05), "p95": quantile(own, 0.95)},
        "net": {"p05": quantile(net, 0.05), "p95": quantile(net, 0.95)},
    }


def _forgone(replicate: Replicate) -> float:
    """Return the output that the money of the province and Kunming would have bought elsewhere, million yuan."""
    handed = {
        arm: sum(
            a for lever, a in replicate.arms[arm].paid.items() if lever not in BESIDE and payer_of(lever) in OTHERS
        )
        for arm in ("policy", "against")
    }
    ident = next(row.id for row in tables.parameters().values() if row.symbol == "elsewhere_multiplier")
    return replicate.parameters.get(ident, 0.0) * (handed["policy"] - handed["against"])


def _gain(arms: Mapping[str, ArmResult], indicator: str) -> float | None:
    """Return policy less reference, summed over the years after 2020; None if a year is undefined."""
    yearly = changes(arms["policy"].yearly[indicator][1:], arms["against"].yearly[indicator][1:])
    known = [change for change in yearly if change is not None]
    return sum(known) if len(known) == len(yearly) else None


def _contradictions(outcome: Outcome) -> list[dict[str, Any]]:
    """Return, for each pair of rate and contribution in the text, the share of the province that the two imply.

    `model_share` is the share in the base year, median over replicates: published for GDP, an estimate for the others.
    """
    from sim.params import Parameters
    from sim.targets import published_share

    targets = tables.targets()
    drawn = [Parameters(replicate.parameters) for replicate in outcome.replicates]
    rows = []
    for subject in ("gdp", "fai", "industry", "hightech"):
        rate, pull = targets[f"{subject}_growth"].threshold, targets[f"{subject}_contribution"].threshold
        share = median([published_share(subject, parameters) / 100.0 for parameters in drawn])
        rows.append(
            {"subject": subject, "rate": rate, "contribution": pull, "implied_share": pull / rate, "model_share": share}
        )
    return rows

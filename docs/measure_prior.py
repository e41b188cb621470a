"""Measure what the model says before any verdict: the baseline over draws of its uncertain numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from typing import Any

import numpy as np
from pages import table

from sim.calibration import tables
from sim.model import RegionModel
from sim.params import draw
from sim.paths import yearly_growth
from sim.targets import measure

DRAWS = 200
SECOND_LUCKS = 40
SEED = 7
SCALE = 50
QUARTERS = 20
PROCESSES = 2
LOW, HIGH = 2.0, 8.0
STRONGEST = 12

Outcome = dict[str, float]


def outcome(model: RegionModel) -> Outcome:
    """Return what the table shows of a run, in the unit of its row."""
    found, record = measure(model.record, model.p), model.record
    years = QUARTERS / 4.0
    per_year = lambda name: 100.0 * math.log(record[name][QUARTERS] / record[name][0]) / years  # noqa: E731
    exits = sum(record["deaths"][1:]) / np.mean(record["firms"][1:]) / years
    values = {key: found[key].value for key in ("gdp_growth", "industry_growth", "fai_growth", "hightech_growth")}
    return {
        **{key: math.nan if value is None else float(value) for key, value in values.items()},
        "employment": per_year("employment"),
        "exit": 100.0 * float(exits),
        "unemployment": 100.0 * float(np.mean(record["unemployment_rate"][QUARTERS - 3 :])),
        "price": float(record["price_level"][QUARTERS]),
        "wage": per_year("mean_wage"),
        "intensity": math.nan if found["land_intensity"].value is None else float(found["land_intensity"].value),
    }


ROWS = {
    "gdp_growth": ("GDP", "% a year", 2),
    "industry_growth": ("industrial value added", "% a year", 2),
    "fai_growth": ("fixed-asset investment, nominal", "% a year", 2),
    "hightech_growth": ("value added of certified high-tech firms", "% a year", 2),
    "employment": ("employment", "log points a year", 2),
    "wage": ("mean wage, model prices", "log points a year", 2),
    "exit": ("failures of firms", "% of firms a year", 1),
    "unemployment": ("unemployment rate in 2025", "%", 1),
    "price": ("price level of value added at the end of 2025", "2020 = 1", 3),
    "intensity": ("investment over land of projects admitted 2021-2025", "100M yuan per km2", 0),
}


def replicate(index: int) -> tuple[Mapping[str, float], Outcome, float | None]:
    """Run one draw: its numbers, its outcome, and its GDP growth under a second luck for the first draws."""
    seed = lambda k: np.random.SeedSequence(SEED, spawn_key=(index, k))  # noqa: E731
    numbers = draw(seed(0), "observed")

    def run(k: int) -> RegionModel:
        return RegionModel("baseline", seed(k), SCALE, numbers, horizon_quarters=QUARTERS).run(QUARTERS)

    first = outcome(run(1))
    second = outcome(run(2))["gdp_growth"] if index < SECOND_LUCKS else None
    return dict(numbers.values), first, second


def blocks() -> dict[str, str]:
    """Return the measured block of prior.md."""
    with get_context("fork").Pool(PROCESSES) as pool:
        results = pool.map(replicate, range(DRAWS), chunksize=5)
    numbers = [r[0] for r in results]
    outcomes = [r[1] for r in results]
    pairs = [(r[1]["gdp_growth"], r[2]) for r in results if r[2] is not None]
    growth = np.array([o["gdp_growth"] for o in outcomes])
    province = 100.0 * (np.prod(1.0 + yearly_growth("observed", "province_gdp_growth")[:5]) ** 0.2 - 1.0)
    inside = float(np.mean((growth >= LOW) & (growth <= HIGH)))
    return {
        "prior": (
            f"{DRAWS} draws, seed {SEED}: draw r and its luck are those of replicate r of `dianzhong run --seed "
            f"{SEED}`. "
            f"Scenario `baseline`, path `observed`, scale {SCALE}.\n\n"
            + quantile_table(outcomes)
            + f"\n**{100.0 * inside:.1f} % of the draws grow by between {LOW:g} and {HIGH:g} % a year** (95 % are "
            f"required: "
            f"{'holds' if inside >= 0.95 else '**fails**'}). {100.0 * np.mean(growth < 0.0):.1f} % shrink; "
            f"{100.0 * np.mean(growth > province):.0f} % grow faster than the province ({province:.1f} % a year on "
            f"this path); "
            f"{100.0 * np.mean(growth >= 10.0):.1f} % reach the target of 10 % without any measure.\n\n"
            + histogram(growth)
            + "\n### What decides the growth of GDP\n\n"
            + correlation_text(numbers, growth)
            + luck_text(pairs)
        )
    }


def quantile_table(outcomes: Sequence[Outcome]) -> str:
    """Return quantiles over draws, one row per outcome."""
    rows = []
    for key, (title, unit, digits) in ROWS.items():
        values = np.array([o[key] for o in outcomes])
        known = values[np.isfinite(values)]
        cuts = np.quantile(known, (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0))
        rows.append([title, unit, *(f"{c:.{digits}f}" for c in cuts), len(known)])
    heads = ["2021-2025", "unit", "least", "5 %", "25 %", "median", "75 %", "95 %", "most", "draws"]
    return table(heads, rows, tuple(heads[2:]))


def histogram(values: Any, width: float = 0.5) -> str:
    """Return a histogram in characters: one line per half point of growth."""
    first, last = math.floor(values.min() / width), math.floor(values.max() / width)
    lines = []
    for k in range(first, last + 1):
        count = int(((values >= k * width) & (values < (k + 1) * width)).sum())
        lines.append(f"{k * width:5.1f} to {(k + 1) * width:4.1f} | {'#' * count} {count}".rstrip())
    return "GDP growth, % a year; one `#` is one draw:\n\n```text\n" + "\n".join(lines) + "\n```\n"


def ranks(values: Any) -> Any:
    """Return ranks centred on zero and scaled to length one."""
    order = np.argsort(np.argsort(values)).astype(float)
    order -= order.mean()
    return order / math.sqrt(float(order @ order))


def correlation_text(numbers: Sequence[Mapping[str, float]], growth: Any) -> str:
    """Return the parameters with the strongest rank correlation with growth, and how strong chance alone would be."""
    rows = [row for row in tables.parameters().values() if row.role == "uncertain" and row.low < row.high]
    target = ranks(growth)
    found = {row.id: float(ranks(np.array([n[row.id] for n in numbers])) @ target) for row in rows}
    strongest = sorted(rows, key=lambda row: -abs(found[row.id]))[:STRONGEST]
    # The largest of m correlations of unrelated columns: sqrt(2 ln m / (n - 1)), to first order.
    chance = math.sqrt(2.0 * math.log(len(rows)) / (len(growth) - 1))
    heads = ["id", "name", "title", "标题", "rank correlation"]
    body = [[r.id, f"`{r.name}`", r.title_en, r.title_zh, f"{found[r.id]:+.2f}"] for r in strongest]
    clear = sum(abs(value) > chance for value in found.values())
    return (
        f"Rank correlation of GDP growth with each of the {len(rows)} sampled numbers; the {STRONGEST} strongest:\n\n"
        + table(heads, body, ("rank correlation",))
        + f"\nAmong {len(rows)} unrelated numbers the strongest correlation over {len(growth)} draws would be about "
        f"{chance:.2f} by chance: {clear} of them lie above it, and the order below that line means nothing.\n"
    )


def luck_text(pairs: Sequence[tuple[float, float]]) -> str:
    """Return how much of the spread is luck: draws repeated with a second luck."""
    first, second = np.array(pairs).T
    share = 1.0 - float(np.corrcoef(first, second)[0, 1])
    spread = float(np.std(first - second, ddof=1) / math.sqrt(2.0))
    return (
        f"\nThe first {len(pairs)} draws were run again with a second luck: the correlation between both is "
        f"{1.0 - share:.2f}, so luck makes {100.0 * share:.0f} % of the variance; the standard deviation from luck "
        f"alone is {spread:.2f} points a year.\n"
    )

"""Measure how smoothly the baseline starts, and where its growth of 2021-2025 comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
from pages import table

from agents.firm import ENTRANT, INCUMBENT, MOVED_IN, PROJECT, SPIN_OFF, Firms, by_sector
from sim.identities import TOLERANCE
from sim.model import STAGES, RegionModel
from sim.params import Parameters, central
from sim.stages.production import log_terms, research_term
from sim.targets import measure

LUCKS = range(1, 33)
SCALE = 50
QUARTERS = 20
PROCESSES = 2
# Elasticity of each productivity term, by the name that the table gives it.
TERMS = {
    "density": "P01",
    "own industry": "P02",
    "market potential": "P03",
    "graduates": "P05",
    "public capital": "P120",
    "knowledge": "P65",
}
TREND = "P14"
ORIGIN = {ENTRANT: "start-ups", SPIN_OFF: "start-ups", PROJECT: "projects", MOVED_IN: "firms moved in"}


@dataclass(frozen=True)
class Run:
    """What one luck of the baseline leaves behind; arrays by sector unless said otherwise."""

    record: dict[str, Any]
    growth: float  # % a year, as the target measures it
    residual: float  # largest of all identities over all quarters
    output: tuple[Any, Any]  # million yuan per quarter, fourth quarter of 2020 and of 2025
    capital: tuple[Any, Any]  # million yuan, of firms that produce
    labour: tuple[Any, Any]  # effective persons
    parts: dict[str, Any]  # log change of productivity by cause, weighted by output
    path: list[dict[str, float]]  # the same at the end of each year, all sectors by output, terms as one
    by_origin: dict[str, float]  # million yuan per quarter, fourth quarter of 2025
    leavers: float  # output in 2020 of the incumbents that have left


def baseline(luck: int) -> Run:
    """Run the baseline with central assumptions on the observed path, and take it apart."""
    model = RegionModel("baseline", rng=luck, scale=SCALE, horizon_quarters=QUARTERS)
    firms = model.firms
    first, before = inputs(model), productivity(model, {})
    incumbents = dict(zip(firms.id, firms.sales * firms.weight, strict=True))
    terms: dict[str, Any] = {}
    path, residual = [], 0.0
    for quarter in range(1, QUARTERS + 1):
        model.begin_quarter()
        for stage in STAGES:
            stage(model)
            if stage.name == "produce_and_sell":
                if quarter == QUARTERS - 1:
                    terms = split_terms(model)  # in force in the last quarter
                if quarter % 4 == 0:
                    last, parts = inputs(model), productivity(model, terms)
                    path.append({name: last[0] @ (parts[name] - before[name]) / last[0].sum() for name in before})
                    origin, stayed = sold_by_origin(firms), sum(incumbents.get(i, 0.0) for i in firms.id)
        model.end_quarter()
        residual = max(residual, *model.identities().values())
    return Run(
        record={name: values.copy() for name, values in model.record.items()},
        growth=float(measure(model.record, model.p)["gdp_growth"].value or math.nan),
        residual=residual,
        output=(first[0], last[0]),
        capital=(first[1], last[1]),
        labour=(first[2], last[2]),
        parts={name: values - before.get(name, 0.0) for name, values in parts.items()},
        path=path,
        by_origin=origin,
        leavers=sum(incumbents.values()) - stayed,
    )


def inputs(model: RegionModel) -> tuple[Any, Any, Any]:
    """Return output, capital in production and effective labour by sector."""
    firms, sectors = model.firms, len(model.frame.sectors)
    capital = np.where(firms.producing, firms.capital, 0.0)
    labour = firms.staff @ model.frame.efficiency
    return tuple(by_sector(values, firms, sectors) for values in (firms.sales, capital, labour))


def split_terms(model: RegionModel) -> dict[str, Any]:
    """Return each productivity term by site and sector: the model's own formula with the other elasticities at zero."""
    whole, zero = model.p, dict.fromkeys((*TERMS.values(), TREND), 0.0)
    out = {}
    for name, ident in {**TERMS, "trend": TREND}.items():
        model.p = Parameters({**whole.values, **zero, ident: whole.values[ident]})
        out[name] = log_terms(model)
    model.p = whole
    return out


def productivity(model: RegionModel, terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return the log change of productivity by cause and sector since 2020.

    One factor after the other is put into the sum over firms: F = K^a L^(1-a); times technology at birth; times terms;
    times own research; times the shock; and sales over capacity. The logs of the ratios add up to the log of output
    over F of the sector as a whole. Terms are then shared out by their means, weighted by output.
    """
    firms, frame = model.firms, model.frame
    made = firms.producing & (firms.capacity > 0.0)
    share = frame.capital_share[firms.sector]
    labour = np.maximum(firms.staff @ frame.efficiency, 1e-12)
    factor = np.where(made, np.maximum(firms.capital, 0.0) ** share * labour ** (1.0 - share), 0.0)
    research = research_term(model)
    on_offer = firms.productivity / (firms.base_tfp * research)
    total = inputs(model)
    pooled = total[1] ** frame.capital_share * total[2] ** (1.0 - frame.capital_share)
    steps = {"inputs": factor, "technology": firms.base_tfp, "terms": on_offer, "research": research}
    steps["shock"] = np.exp(firms.shock)
    out, product, before = {}, np.ones(firms.n), pooled
    for name, values in steps.items():
        product = product * values
        now = by_sector(product, firms, len(pooled))
        out[name], before = np.log(now / before), now
    out["utilisation"] = np.log(total[0] / before)
    weight = firms.sales * firms.weight
    for name, values in terms.items():
        seen = np.bincount(firms.sector, weight * values[firms.site, firms.sector], len(pooled))
        out[name] = seen / np.maximum(total[0], 1e-12)
    return out


def sold_by_origin(firms: Firms) -> dict[str, float]:
    """Return sales of the quarter by where firms come from, million yuan."""
    sold = firms.sales * firms.weight
    out = {"incumbents": float(sold[firms.origin == INCUMBENT].sum())}
    for origin, name in ORIGIN.items():
        out[name] = out.get(name, 0.0) + float(sold[firms.origin == origin].sum())
    return out


def blocks() -> dict[str, str]:
    """Return the measured blocks of start.md."""
    with get_context("fork").Pool(PROCESSES) as pool:
        runs = pool.map(baseline, LUCKS)
    return {"start": start_block(runs), "growth": growth_block(runs)}


def means(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and standard error."""
    array = np.asarray(values, float)
    return float(array.mean()), float(array.std(ddof=1) / math.sqrt(len(array)))


def start_block(runs: Sequence[Run]) -> str:
    """Return the start test: first-quarter levels, growth of the first two quarters."""
    p = central("observed")
    shifted = 0.25 * (1.0 + p.g_K0) ** (p.shift0 + 0.25)
    rows = {
        "gdp": ("GDP", p.gdp_2020 * shifted, p.g_K0 / 4.0, 1.0),
        "industrial_value_added": ("Industrial value added", 29_000.0 * shifted, p.g_K0 / 4.0, 1.0),
        "fai": ("Fixed-asset investment", p.fai_2020 * shifted, p.g_K0 / 4.0, 1.5),
        "employment": ("Employment", 560_000.0, p.g_LF / 400.0, 1.0),
    }
    levels, growth = [], []
    for name, (title, wanted, trend, limit) in rows.items():
        mean, error = means([run.record[name][1] for run in runs])
        gap = 100.0 * (mean / wanted - 1.0)
        levels.append(
            [title, f"{wanted:,.0f}", f"{mean:,.0f}", f"{100.0 * error / wanted:.2f} %", f"{gap:+.2f} %", "0.5 %"]
        )
        levels[-1].append("holds" if abs(gap) <= 0.5 else "**fails**")
        line = [title, f"{100.0 * trend:.2f} %"]
        for quarter in (1, 2):
            rise = means([100.0 * (run.record[name][quarter] / run.record[name][quarter - 1] - 1.0) for run in runs])[0]
            line += [f"{rise:+.2f} %", f"{rise - 100.0 * trend:+.2f}"]
        held = all(abs(float(line[k])) <= limit for k in (3, 5))
        growth.append([*line, f"{limit:g}", "holds" if held else "**fails**"])
    worst = max(run.residual for run in runs)
    heads = ["first quarter of 2021", "wanted", "mean", "standard error", "deviation", "limit", ""]
    more = ["growth", "trend", "2021Q1", "deviation, points", "2021Q2", "deviation, points", "limit", ""]
    return (
        f"Mean over {len(runs)} lucks (`rng={LUCKS[0]}` to `{LUCKS[-1]}`), scenario `baseline`, central "
        f"assumptions, path "
        f"`observed`, scale {SCALE}.\n\n"
        + table(heads, levels, ("wanted", "mean", "standard error", "deviation"))
        + "\n"
        + table(more, growth, tuple(more[1:6]))
        + f"\nLargest relative residual of any identity in any of the {len(runs) * QUARTERS} quarters: {worst:.1e} "
        f"({'holds' if worst <= TOLERANCE else '**fails**'}; limit {TOLERANCE:g}).\n"
    )


def growth_block(runs: Sequence[Run]) -> str:
    """Return the growth accounting: by sector on paper, then by cause, then by origin of firms."""
    model = RegionModel("baseline", rng=LUCKS[0], scale=SCALE)
    frame = model.frame
    output, capital, labour = (
        [np.mean([getattr(run, name)[k] for run in runs], axis=0) for k in (0, 1)]
        for name in ("output", "capital", "labour")
    )
    rows, sums = [], np.zeros(4)
    for s, sector in enumerate(frame.sectors):
        share, alpha = sector_share(output, s), round(float(frame.capital_share[s]), 3)
        rates = [yearly(pair, s) for pair in (output, capital, labour)]
        rates = [round(rate, 2) for rate in rates]
        rest = round(rates[0] - alpha * rates[1] - (1.0 - alpha) * rates[2], 2)
        sums += share * np.array([alpha * rates[1], (1.0 - alpha) * rates[2], rest, rates[0]])
        levels = [f"{pair[k][s]:,.0f}" for pair in (output, capital, labour) for k in (0, 1)]
        rows.append([sector, *levels, f"{share:.4f}", f"{alpha:.3f}", *(f"{r:.2f}" for r in (*rates, rest))])
    whole = 100.0 * math.log(output[1].sum() / output[0].sum()) / 5.0
    rows.append(
        [
            "**sum**",
            *(f"{pair[k].sum():,.0f}" for pair in (output, capital, labour) for k in (0, 1)),
            "",
            "",
            "",
            "",
            "",
            "",
        ]
    )
    heads = ["sector", "Y 2020", "Y 2025", "K 2020", "K 2025", "L 2020", "L 2025", "share", "alpha"]
    heads += ["g_Y", "g_K", "g_L", "g_A"]
    names = ("capital", "labour", "productivity")
    lines = [
        f"{name}: sum of share x {formula} = **{value:.2f}**"
        for name, formula, value in zip(names, ("alpha x g_K", "(1 - alpha) x g_L", "g_A"), sums[:3], strict=True)
    ]
    mean, error = means([run.growth for run in runs])
    return (
        f"Mean over {len(runs)} lucks (`rng={LUCKS[0]}` to `{LUCKS[-1]}`), scenario `baseline`, central "
        f"assumptions, path "
        f"`observed`, scale {SCALE}. Levels are those of the fourth quarters of 2020 and 2025: Y million yuan per "
        f"quarter at "
        "2020 prices, K million yuan of capital in firms that produce, L effective persons.\n\n"
        f"As the target measures it (annual 2025 over annual 2020), GDP grows by {mean:.2f} % a year (standard error "
        f"{error:.2f}); from fourth quarter to fourth quarter by {whole:.2f} log points a year.\n\n"
        "### On paper\n\n"
        + table(heads, rows, tuple(heads[1:]))
        + "\n"
        + "\n".join(f"- {line}" for line in lines)
        + f"\n- sum of the three **{sums[:3].sum():.2f}**; g_Y of the whole, 100 x "
        f"ln({output[1].sum():,.0f} / {output[0].sum():,.0f}) / 5, **{whole:.2f}**; residual of mean shares and of "
        f"rounding "
        f"{whole - sums[:3].sum():+.2f} points a year.\n\n"
        "### Productivity by cause\n\n"
        + cause_table(runs, output, sums)
        + "\nLevels against the fourth quarter of 2020, 100 x ln, at the end of each year:\n\n"
        + path_table(runs)
        + "\n### Who makes the growth\n\n"
        + origin_table(runs, output)
    )


def sector_share(output: Sequence[Any], s: int) -> float:
    """Return the mean of a sector's shares in output at both ends, to four digits as printed."""
    return round(0.5 * float(output[0][s] / output[0].sum() + output[1][s] / output[1].sum()), 4)


def yearly(pair: Sequence[Any], s: int) -> float:
    """Return growth in log points a year over five years; zero where a sector uses none of it."""
    return 20.0 * math.log(pair[1][s] / pair[0][s]) if pair[0][s] > 0.0 and pair[1][s] > 0.0 else 0.0


CAUSES = {
    "trend": "trend (P14)",
    "density": "density (P01)",
    "own industry": "own industry (P02)",
    "market potential": "market potential (P03)",
    "graduates": "graduates (P05)",
    "public capital": "public capital (P120)",
    "knowledge": "knowledge of others (P65)",
    "mixing": "terms, rest: firms weighted by inputs, not output",
    "research": "own research (P62)",
    "technology": "technology at birth: newcomers against those they replace",
    "shock": "shocks: who survives and who grows",
    "inputs": "inputs: capital per worker differs more between firms",
    "utilisation": "utilisation: sales over capacity",
}


UNEXPLAINED = ("technology", "shock", "inputs", "utilisation")


def cause_table(runs: Sequence[Run], output: Sequence[Any], sums: Any) -> str:
    """Return contributions to GDP growth by cause of productivity, points a year, and what they leave open.

    sums: contributions of capital, labour and productivity on paper.
    """
    parts = {name: np.mean([run.parts[name] for run in runs], axis=0) for name in runs[0].parts}
    parts["mixing"] = parts["terms"] - sum(parts[name] for name in (*TERMS, "trend"))
    shares = np.array([sector_share(output, s) for s in range(len(output[0]))])
    values = [20.0 * float(shares @ parts[name]) for name in CAUSES]
    rows = [[title, f"{value:+.2f}"] for title, value in zip(CAUSES.values(), values, strict=True)]
    rows.append(["sum of causes", f"{sum(values):+.2f}"])
    rows.append(["means of logs against logs of means", f"{sums[2] - sum(values):+.2f}"])
    rows.append(["g_A on paper", f"{sums[2]:+.2f}"])
    known = dict(zip(CAUSES, values, strict=True))
    drift = sum(known[name] for name in UNEXPLAINED)
    return (
        table(["cause", "points a year"], rows, ("points a year",))
        + "\nInputs, trend, terms and research, which the model declares as sources of growth, make "
        f"{sums[:3].sum() - drift - (sums[2] - sum(values)):.2f} of the {sums[:3].sum():.2f} points. "
        f"**{drift:+.2f} points a year come from the composition of firms and from utilisation**: growth that no "
        "declared source explains.\n"
    )


def path_table(runs: Sequence[Run]) -> str:
    """Return the parts of productivity at the end of each year since 2020."""
    names = {"terms": "trend and terms", **{name: CAUSES[name].split(":")[0] for name in ("research", *UNEXPLAINED)}}
    years = range(2021, 2021 + len(runs[0].path))
    values = {name: [np.mean([100.0 * run.path[k][name] for run in runs]) for k in range(len(years))] for name in names}
    heads = ["part", *map(str, years)]
    return table(heads, [[names[n], *(f"{v:+.2f}" for v in values[n])] for n in names], tuple(heads[1:]))


def origin_table(runs: Sequence[Run], output: Sequence[Any]) -> str:
    """Return the change of output between the fourth quarters of 2020 and 2025 by who sells it."""
    start = float(output[0].sum())
    sold = {name: float(np.mean([run.by_origin[name] for run in runs])) for name in runs[0].by_origin}
    left = float(np.mean([run.leavers for run in runs]))
    lines = {
        "incumbents of 2020 that stayed": sold.pop("incumbents") - (start - left),
        "incumbents of 2020 that left": -left,
        **sold,
    }
    rows = [[name, f"{value:+,.0f}", f"{100.0 * value / start:+.1f} %"] for name, value in lines.items()]
    total = sum(lines.values())
    rows.append(["**all**", f"**{total:+,.0f}**", f"**{100.0 * total / start:+.1f} %**"])
    heads = ["", "million yuan per quarter", "of output in 2020Q4"]
    return table(heads, rows, tuple(heads[1:]))

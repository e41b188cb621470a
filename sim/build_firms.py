"""Incumbent firms of 2020: sizes, sampling, productivity, research, land and balance sheets that add up to the base
cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.columns import Floats, Integers
from agents.firm import INCUMBENT, STATE, Firms, by_cell, weighted
from agents.streams import Streams
from sim.calibration import tables
from sim.params import Parameters, formation

BURN_IN = 40  # quarters


@dataclass(frozen=True)
class BaseCells:
    """The 2020 base by site and sector, adjusted to the sampled levels; flows per year. Shapes (10, 13)."""

    value_added: Floats
    employment: Floats
    capital: Floats
    firms: Floats


def base_cells(p: Parameters, sites: tuple[str, ...], sectors: tuple[str, ...]) -> BaseCells:
    """Return the base: GDP scaled to the sampled level with the refinery at Q64, capital of each group =
    formation/(Q01+P08).
    """
    arrays = np.zeros((4, len(sites), len(sectors)))
    for row in tables.base_cells():
        where = sites.index(row.site), sectors.index(row.sector)
        arrays[:, where[0], where[1]] = row.value_added, row.employment, row.capital, row.n_firms
    value_added, employment, capital, firms = arrays
    plant = sectors.index("refinery")
    rest = value_added.sum() - value_added[:, plant].sum()
    others = (p.gdp_2020 - p.ref_va) / rest
    value_added = value_added * np.where(
        np.arange(len(sectors)) == plant, p.ref_va / value_added[:, plant].sum(), others
    )
    industrial = np.array([s.industrial for s in tables.sectors().values()], bool)
    wanted = formation(p)
    for group, mask in (("industry", industrial), ("other", ~industrial)):
        capital[:, mask] *= wanted[group] / (p.g_K0 + p.delta_K) / capital[:, mask].sum()
    return BaseCells(value_added, employment, capital, firms)


def firm_sizes(count: int, mean: float, tail: float) -> Floats:
    """Return the sizes of all real firms of a cell, largest first: Pareto quantiles of the given tail exponent with
    the given mean.
    """
    shares = ((np.arange(count) + 0.5) / count) ** (-1.0 / tail)
    return shares * mean / shares.mean()


def sample_cell(sizes: Floats, threshold: float, scale: float) -> tuple[Floats, Floats]:
    """Return sizes and weights of the simulated firms of a cell.

    Firms above the threshold stand for themselves; the others are cut into strata of about `scale` firms, each
    represented by its mean, so that counts and persons add up exactly.
    """
    large = sizes[sizes >= threshold]
    small = sizes[sizes < threshold]
    if not len(small):
        return large, np.ones(len(large))
    strata = np.array_split(small, max(1, round(len(small) / scale)))
    means = np.array([stratum.mean() for stratum in strata])
    return np.concatenate((large, means)), np.concatenate((np.ones(len(large)), [float(len(s)) for s in strata]))


def incumbents(p: Parameters, streams: Streams, base: BaseCells, scale: float) -> Firms:
    """Build the incumbents with site, sector, weight, size (`staff` in the first skill only), age and marks; no flows
    yet.
    """
    rows: list[tuple[int, int, Floats, Floats]] = []
    for site, sector in zip(*np.nonzero(base.firms), strict=True):
        count = int(base.firms[site, sector])
        sizes = firm_sizes(count, base.employment[site, sector] / count, p.size_tail)
        rows.append((site, sector, *sample_cell(sizes, p.large_firm, scale)))
    firms = Firms()
    lengths = [len(r[2]) for r in rows]
    ids = np.arange(sum(lengths))
    firms.add(
        ids,
        site=np.repeat([r[0] for r in rows], lengths),
        sector=np.repeat([r[1] for r in rows], lengths),
        weight=np.concatenate([r[3] for r in rows]),
        origin=INCUMBENT,
    )
    firms.staff[:, 0] = np.concatenate([r[2] for r in rows])
    firms.age = np.minimum(-np.log1p(-streams.fixed("build.age", ids)) * 40.0, 80.0).astype(np.int64)
    firms.grace = grace(p, streams, ids)
    big = firms.staff[:, 0] >= p.large_firm
    firms.ownership = np.where(big & (streams.fixed("build.state_owned", ids) < p.state_share_large), STATE, 0)
    return firms


def grace(p: Parameters, streams: Streams, ids: Integers) -> Integers:
    """Return the age from which the value rule applies, between Q29 and Q30, by hash, quarters."""
    return np.floor(p.grace_lo + (p.grace_hi - p.grace_lo) * streams.fixed("firm.grace", ids)).astype(np.int64)


def settled_shock(
    p: Parameters, streams: Streams, firms: Firms, leave_below: Floats
) -> tuple[Floats, Integers, Integers]:
    """Return shocks (log points), ages and weak quarters of a population in which leavers have been replaced for ten
    years.

    leave_below: shock relative to the mean of the sector below which a firm loses money, by sector, shape (13,). A
    firm that stays there for half the quarters of an entrant's runway (P27) is replaced by an entrant at zero: so
    nobody who should have left is there at the start, and ages follow from exits.
    """
    spread = innovation(p, firms)
    quarterly = p.rho_z**0.25
    shock, age, weak = np.zeros(firms.n), np.zeros(firms.n, np.int64), np.zeros(firms.n, np.int64)
    size = firms.employment * firms.weight
    heads = np.bincount(firms.sector, size, len(leave_below))
    for k in range(BURN_IN):
        draw = streams.fixed_normal(f"build.shock.{k}", firms.id)
        shock, age = quarterly * shock + spread * draw, age + 1
        mean = np.log(np.bincount(firms.sector, size * np.exp(shock), len(leave_below)) / np.maximum(heads, 1e-9))
        weak = np.where(shock - mean[firms.sector] < leave_below[firms.sector], weak + 1, 0)
        gone = weak > p.runway / 2.0
        shock, age, weak = np.where(gone, 0.0, shock), np.where(gone, 0, age), np.where(gone, 0, weak)
    return shock, np.where(age == BURN_IN, firms.age + BURN_IN, age), np.minimum(weak, 1)


def innovation(p: Parameters, firms: Firms) -> Floats:
    """Return the standard deviation of a firm's quarterly shock, log points: P26 a year, less for large firms (Q34)
    and named plants.
    """
    quarterly = p.rho_z**0.25
    yearly = p.sigma_z * np.sqrt((1.0 - quarterly**2) / (1.0 - p.rho_z**2))
    size = np.clip(firms.employment / 10.0, 1.0, 1e4) ** p.sd_size
    return yearly * size * np.where(firms.named == 1, p.sd_named, 1.0)


def exit_shock(p: Parameters, base: BaseCells, tax: Floats, labour: Floats) -> Floats:
    """Return the shock at which a firm with the inputs of its sector loses money, log points by sector, shape (13,)."""
    ratio = base.capital.sum(axis=0) / np.maximum(base.value_added.sum(axis=0), 1e-9)
    overhead = p.fix_share * np.maximum(1.0 - tax - labour, 0.02)
    need = labour + overhead + p.lev0 * ratio * p.r_loan
    return np.log(np.maximum(need, 1e-3) / (1.0 - tax))


@dataclass(frozen=True)
class Technology:
    """Shares by sector, shape (13,), and effective labour per person by skill, shape (4,)."""

    tax: Floats
    labour: Floats
    capital: Floats
    efficiency: Floats
    sheltered: Floats  # 0/1: neither fails nor takes entrants


def give_flows(p: Parameters, streams: Streams, firms: Firms, base: BaseCells, flow: float, tech: Technology) -> None:
    """Set sales, capital, productivity, customers and balance sheets so that every cell reproduces the base.

    flow: flow of step 0 over the yearly value (1/4 x (1+Q01)^Q69). Revenue follows staff and shock; inputs staff.
    """
    tax, labour, sheltered = tech.tax, tech.labour, tech.sheltered
    firms.shock, firms.age, firms.weak = settled_shock(
        p, streams, firms, np.where(sheltered > 0, -np.inf, exit_shock(p, base, tax, labour))
    )
    persons = firms.employment
    cell_staff = by_cell(persons, firms, *base.firms.shape)[firms.site, firms.sector]
    pull = persons * np.exp(firms.shock)
    cell_pull = by_cell(pull, firms, *base.firms.shape)[firms.site, firms.sector]
    firms.sales = base.value_added[firms.site, firms.sector] * flow * pull / cell_pull
    firms.value_added, firms.orders = firms.sales.copy(), firms.sales.copy()
    firms.capital = base.capital[firms.site, firms.sector] * persons / cell_staff
    firms.base_capital = firms.capital.copy()
    normal = firms.sales * np.exp(-firms.shock)
    firms.customer_base, firms.expected_sales, firms.base_sales = normal.copy(), normal.copy(), normal.copy()
    share = tech.capital[firms.sector]
    inputs = np.where(firms.capital > 0, firms.capital, 1.0) ** share * (firms.staff @ tech.efficiency) ** (1.0 - share)
    firms.base_tfp = normal / (p.u_norm * inputs)
    firms.productivity = firms.base_tfp.copy()
    firms.capacity = firms.sales / p.u_norm
    margin = np.maximum(1.0 - tax - labour, 0.02)[firms.sector]
    firms.overhead = p.fix_share * margin * normal
    wages = labour[firms.sector] * normal
    spread = 0.5 + streams.fixed("build.cash", firms.id)
    firms.cash = p.cash_target * (firms.overhead + p.runway_base * wages) * spread
    firms.debt = p.lev0 * firms.capital


def certify(p: Parameters, streams: Streams, firms: Firms, hightech_share: Floats) -> None:
    """Flag certified high-tech firms by a race until each sector holds its share of value added, scaled to Q66 in
    total.
    """
    by_sector = np.bincount(firms.sector, firms.sales * firms.weight, len(hightech_share))
    target = hightech_share * by_sector
    yearly = 4.0 / (1.0 + p.g_K0) ** p.shift0
    target = np.minimum(target * p.ht_va / max(target.sum() * yearly, 1e-9), 0.9 * by_sector)
    # An exponential race at the rate of size: large firms are certified first, firms below the least staff hardly ever.
    rate = np.where(firms.employment >= p.certification_staff, firms.employment, 1e-3 * firms.employment)
    race = -np.log1p(-streams.fixed("build.certified", firms.id)) / np.maximum(rate, 1e-9)
    order = np.lexsort((race, firms.sector))
    value = (firms.sales * firms.weight)[order]
    running = np.cumsum(value)
    start = np.concatenate(([0.0], np.cumsum(by_sector)))[:-1][firms.sector[order]]
    flag = np.zeros(firms.n, np.int64)
    flag[order] = running - start - 0.5 * value <= target[firms.sector[order]]
    firms.high_tech = flag


def give_research(p: Parameters, firms: Firms, industrial: Floats, services: int) -> None:
    """Set research intensity, spending and stock: Q67 of GDP, certified firms at five times the intensity of others
    that do research.
    """
    active = (industrial[firms.sector] > 0) | (firms.sector == services)
    intensity = np.where(firms.high_tech == 1, p.rd_certified, np.where(active, 1.0, 0.0))
    total = weighted(intensity * firms.sales, firms)
    firms.rd_share = intensity * p.rd_gdp * weighted(firms.sales, firms) / total
    firms.rd_spending = firms.rd_share * firms.sales
    quarterly_growth, quarterly_loss = (1.0 + p.g_rd) ** 0.25 - 1.0, 1.0 - (1.0 - p.delta_rd) ** 0.25
    firms.rd_stock = firms.rd_share * firms.base_sales / (quarterly_growth + quarterly_loss)
    firms.base_rd_stock = firms.rd_stock.copy()

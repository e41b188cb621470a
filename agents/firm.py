"""Firms: they plan, invest, hire, sell, research, and fail. One row per simulated firm; `weight` real firms stand
behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from agents.columns import Booleans, Floats, Integers, Population, column

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

SKILLS = ("basic", "technical", "graduate", "high_level")
ORIGINS = ("incumbent", "entrant", "project", "moved_in", "spin_off")
OWNERSHIPS = ("private", "state", "foreign", "relocated")
TENURES = ("bought", "leased", "lease_first", "equity")
INCUMBENT, ENTRANT, PROJECT, MOVED_IN, SPIN_OFF = range(5)
PRIVATE, STATE, FOREIGN, RELOCATED = range(4)
BOUGHT, LEASED, LEASE_FIRST, EQUITY = range(4)


class Technology(Protocol):
    """What firms know of their cell, read only."""

    @property
    def mix(self) -> Floats:
        """Shares of staff by site, sector, skill."""

    @property
    def efficiency(self) -> Floats:
        """Effective labour per person by skill."""

    @property
    def capital_share(self) -> Floats:
        """Capital share by sector."""

    @property
    def capital_per_worker(self) -> Floats:
        """Capital per worker at step 0 by site and sector, million yuan per person."""


class Firms(Population):
    """Firms of the New Area, projects under construction included (`building` > 0: they invest and do not produce
    yet).
    """

    kind = "firm"

    site = column(np.int64, "index", "Site where the firm produces, row of the site table")
    sector = column(np.int64, "index", "Sector, row of the sector table")
    ownership = column(np.int64, "index", "0 private, 1 state, 2 foreign, 3 relocated from the east")
    origin = column(np.int64, "index", "0 incumbent, 1 entrant, 2 project, 3 moved in, 4 spin-off")
    source = column(np.int64, "index", "Where a project comes from, row of the source table; -1 otherwise", default=-1)
    named = column(np.int64, "0/1", "A named plant with its own product market and damped shocks")
    weight = column(float, "firms", "Real firms behind this row")
    age = column(np.int64, "quarters", "Quarters since the firm began to produce")
    grace = column(np.int64, "quarters", "Age from which the value rule of exit applies to this firm")
    weak = column(np.int64, "quarters", "Quarters in a row with a value below scrap")
    building = column(np.int64, "quarters", "Quarters of construction left; 0 when producing")
    outlay = column(float, "million yuan per quarter", "Planned capital formation of a project under construction")
    capital = column(float, "million yuan", "Fixed capital, 2020 prices")
    base_capital = column(float, "million yuan", "Capital at the reference point of the capital rule (K0)")
    base_sales = column(
        float, "million yuan per quarter", "Normal sales at the reference point of the capital rule (Ye0)"
    )
    staff = column(float, "persons", "Employment by skill", width=4)
    wanted = column(float, "persons", "Employment wanted by skill this quarter", width=4)
    base_tfp = column(float, "index", "Total factor productivity at the start, shocks and terms excluded", default=1.0)
    shock = column(float, "log points", "Revenue productivity shock, AR(1)")
    productivity = column(float, "index", "Total factor productivity now, terms and research included, shock excluded")
    customer_base = column(float, "million yuan per quarter", "Customers kept, in units of normal sales")
    expected_sales = column(float, "million yuan per quarter", "Expected sales at a shock of zero")
    capacity = column(float, "million yuan per quarter", "Output possible this quarter, 2020 prices")
    orders = column(float, "million yuan per quarter", "Demand met with this quarter, sold or not, 2020 prices")
    sales = column(float, "million yuan per quarter", "Value added sold this quarter, 2020 prices")
    value_added = column(float, "million yuan per quarter", "Value added sold this quarter, model prices")
    investment = column(float, "million yuan per quarter", "Capital formation this quarter, 2020 prices")
    overhead = column(float, "million yuan per quarter", "Overhead of a normal quarter")
    profit = column(
        float, "million yuan per quarter", "Surplus less overhead and interest, with support, of this quarter"
    )
    usual_profit = column(float, "million yuan per quarter", "Profit that the firm would make at a shock of zero")
    cash = column(float, "million yuan", "Cash")
    debt = column(float, "million yuan", "Bank debt")
    support = column(float, "million yuan per quarter", "Subsidies received this quarter")
    land = column(float, "km2", "Industrial land held")
    tenure = column(np.int64, "index", "0 bought, 1 leased, 2 lease first, 3 contributed as equity")
    energy = column(float, "tonnes of coal equivalent per quarter", "Energy use")
    rd_spending = column(float, "million yuan per quarter", "Research and development, own and granted")
    rd_stock = column(float, "million yuan", "Research stock")
    base_rd_stock = column(float, "million yuan", "Research stock at the start of the firm (S0)")
    rd_share = column(float, "share of sales", "Research intensity at the base user cost")
    high_tech = column(np.int64, "0/1", "Certified high-tech firm")
    two_high = column(np.int64, "0/1", "Counts as energy-hungry or polluting")
    free_rent = column(np.int64, "quarters", "Quarters of free incubator rent left")

    @property
    def employment(self) -> Floats:
        """Persons employed by each firm, shape (n,)."""
        return across(self.staff)

    def local(self, table: NDArray[Any]) -> Any:
        """Return the entry of a table by site and sector that belongs to each firm.

        table: shape (sites, sectors, ...); returns shape (n, ...), the type of the table.
        """
        sectors = table.shape[1]
        flat = table.reshape(-1, *table.shape[2:])
        return flat.take(self.site * sectors + self.sector, axis=0)

    def frame(self) -> pd.DataFrame:
        """Return a pandas frame, one row per firm, with `employment` (persons) beside staff by skill."""
        frame = super().frame()
        frame.insert(1, "employment", self.employment)
        frame.attrs["units"] = {"employment": "persons", **frame.attrs["units"]}
        return frame

    @property
    def producing(self) -> Booleans:
        """Firms that are not under construction, shape (n,)."""
        return self.building == 0

    def plan_sales(self, learning: float, growth: Floats, utilisation: float) -> Floats:
        """Move expected sales towards the orders of the last quarter (at most a quarter above capacity).

        learning: weight of new orders per quarter (Q15); growth: growth per quarter that firms of a sector have
        learned, shape (13,). Orders, not sales: a firm at its limit knows that it could sell more. They are taken at
        a shock of zero, since the shock moves revenue and not the need for inputs. Returns mean log utilisation
        against normal by sector, weighted by expected sales, shape (13,): zero if plans were right.
        """
        seen = np.minimum(self.orders, 1.25 * self.capacity) * np.exp(-self.shock)
        ahead = 1.0 + growth[self.sector]
        known = self.producing & (seen > 0.0)
        used = np.where(known, self.orders, 1.0) / np.where(known, np.maximum(self.capacity, 1e-12), 1.0)
        self.expected_sales = np.where(
            known, ((1.0 - learning) * self.expected_sales + learning * seen) * ahead, self.expected_sales
        )
        size = self.weight * self.expected_sales * known
        total = np.bincount(self.sector, size, len(growth))
        strain = np.bincount(self.sector, size * np.log(np.clip(used / utilisation, 0.5, 2.0)), len(growth))
        return strain / np.maximum(total, 1e-12)

    def plan_capital(
        self, price: Floats, user_cost: Floats, elasticity: float, adjustment: float, ceiling: float, gross_rate: Floats
    ) -> Floats:
        """Return wanted capital formation of producing firms, million yuan per quarter, shape (n,).

        K* = K0 (Ye p / Ye0) (UC/UC0)^P52; the log gap is closed at Q12 a quarter on top of the base rate of gross
        investment of the sector group, between zero and the ceiling Q13. user_cost is relative to its base, shape
        (n,); price by sector, shape (13,).
        """
        sales = self.expected_sales * price[self.sector] / np.maximum(self.base_sales, 1e-12)
        wanted = self.base_capital * sales * user_cost**elasticity
        has_capital = self.producing & (self.capital > 0.0)
        gap = np.log(np.maximum(wanted, 1e-9) / np.where(has_capital, self.capital, 1.0))
        rate = np.clip(gross_rate[self.sector] + adjustment * gap, 0.0, ceiling)
        return np.where(has_capital, rate * self.capital, 0.0)

    def plan_staff(self, technology: Technology, utilisation: float, adjustment: float, cost_response: Floats) -> None:
        """Set `wanted` to what planned capacity needs, moved by Q14 of the gap; a firm that opens this quarter hires
        all at once.

        cost_response: (unit labour cost / base)^P83 by sector, shape (13,). A named plant is run by a fixed crew: it
        needs staff in proportion to expected sales, not what its very small labour share would ask for.
        """
        share = technology.capital_share[self.sector]
        opens = self.building == 1
        capital = np.where(opens, self.base_capital, self.capital)
        power = np.maximum(self.productivity * np.maximum(capital, 1e-9) ** share, 1e-12)
        need = (np.maximum(self.expected_sales, 0.0) / (utilisation * power)) ** (1.0 / (1.0 - share))
        own_mix = self.local(technology.mix)
        heads = need / (own_mix @ technology.efficiency)
        density = np.maximum(self.local(technology.capital_per_worker), 1e-12)
        crew = self.base_capital / density * self.expected_sales / np.maximum(self.base_sales, 1e-12)
        heads = np.where(self.named == 1, crew, heads) * np.where(opens, 1.0, cost_response[self.sector])
        target = own_mix * heads[:, None]
        moved = self.staff + np.where(opens, 1.0, adjustment)[:, None] * (target - self.staff)
        self.wanted = np.where((self.building <= 1)[:, None], np.maximum(moved, 0.0), 0.0)

    def produce(self, efficiency: Floats, capital_share: Floats) -> None:
        """Set `capacity`: Cobb-Douglas in capital and effective labour, times productivity and the shock."""
        share = capital_share[self.sector]
        labour = np.maximum(self.staff @ efficiency, 0.0)
        output = self.productivity * np.maximum(self.capital, 0.0) ** share * labour ** (1.0 - share)
        self.capacity = np.where(self.producing, output * np.exp(self.shock), 0.0)

    def sell(self, demand: Floats) -> None:
        """Take orders and sell the smaller of capacity and demand.

        demand: quantity demanded of each sector, million yuan per quarter, shape (13,). A firm's share follows its
        customers and its shock.
        """
        pull = np.where(self.producing, self.customer_base * np.exp(self.shock), 0.0)
        total = np.bincount(self.sector, pull * self.weight, len(demand))
        self.orders = demand[self.sector] * pull / np.maximum(total, 1e-12)[self.sector]
        self.sales = np.minimum(self.capacity, self.orders)

    def keep_customers(self, utilisation: float, speed: float) -> None:
        """Let the customer base follow normal capacity (Q16 a quarter)."""
        normal = utilisation * self.capacity * np.exp(-self.shock)
        self.customer_base = np.where(
            self.producing, self.customer_base + speed * (normal - self.customer_base), self.customer_base
        )

    def draw_shocks(self, draws: Floats, persistence: float, spread: float, size_exponent: float, named: float) -> None:
        """Advance the AR(1) of revenue productivity by a quarter.

        persistence and spread are yearly (P25, P26); the spread falls with size relative to ten persons by Q34 and is
        times Q35 for named plants. draws: standard normals, shape (n,).
        """
        quarterly = persistence**0.25
        innovation = spread * np.sqrt((1.0 - quarterly**2) / (1.0 - persistence**2))
        size, heads = np.ones(self.n), self.employment
        rows = np.flatnonzero(heads > 10.0)
        size[rows] = np.minimum(heads[rows] / 10.0, 1e4) ** size_exponent
        moved = quarterly * self.shock + innovation * size * np.where(self.named == 1, named, 1.0) * draws
        self.shock = np.where(self.producing, moved, 0.0)

    def judge(self, hurdle: float, reversion: float, scrap: float) -> Booleans:
        """Count weak quarters and return who leaves: out of cash, or value below scrap for two quarters past the age
        of grace.

        hurdle: yearly rate (P13); reversion: share of a shock that fades in a year (1 - P25), so today's gap to the
        usual profit is worth 1 / (hurdle + reversion) years of it and the usual profit 1 / hurdle years; scrap: share
        of capital (Q31).
        """
        gap = self.profit - self.usual_profit
        value = 4.0 * (gap / (hurdle + reversion) + self.usual_profit / hurdle)
        low = self.producing & (value < scrap * self.capital) & (self.age >= self.grace)
        self.weak = np.where(low, self.weak + 1, 0)
        return self.producing & ((self.cash < 0.0) | (self.weak >= 2))


def across(values: Floats) -> Floats:
    """Return the sum over the few columns of each row, shape (n,); a reduction of numpy over them takes six times as
    long.
    """
    total = values[:, 0].copy()
    for column_number in range(1, values.shape[1]):
        total += values[:, column_number]
    return total


def weighted(values: Floats, firms: Firms) -> float:
    """Return the total over real firms of a column, its unit."""
    # Not a dot product: the linear-algebra library splits that over threads, and the last bits would depend on it.
    return float(np.add.reduce(values * firms.weight))


def weighted_mean(values: Floats, weights: Floats) -> float:
    """Return a weighted mean; `numpy.average` first checks what is known here, which takes as long again."""
    return float((values * weights).sum() / weights.sum())


def by_sector(values: Floats, firms: Firms, sectors: int) -> Floats:
    """Return weighted totals by sector, shape (sectors,)."""
    return np.bincount(firms.sector, values * firms.weight, sectors).astype(float)


def by_cell(values: Floats, firms: Firms, sites: int, sectors: int) -> Floats:
    """Return weighted totals by site and sector, shape (sites, sectors)."""
    cell: Integers = firms.site * sectors + firms.sector
    return np.bincount(cell, values * firms.weight, sites * sectors).astype(float).reshape(sites, sectors)

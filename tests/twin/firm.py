"""One firm: what it expects, invests, hires, makes, sells and pays; rules that need nobody else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from agents.face import mesa

FIELDS = (
    "site",
    "sector",
    "named",
    "weight",
    "age",
    "building",
    "outlay",
    "capital",
    "base_capital",
    "base_sales",
    "staff",
    "wanted",
    "base_tfp",
    "shock",
    "productivity",
    "customer_base",
    "expected_sales",
    "capacity",
    "orders",
    "sales",
    "value_added",
    "investment",
    "overhead",
    "profit",
    "usual_profit",
    "cash",
    "debt",
    "support",
    "land",
    "tenure",
    "energy",
    "rd_spending",
    "rd_stock",
    "base_rd_stock",
    "rd_share",
    "high_tech",
    "free_rent",
)


def clip(value: float, low: float, high: float) -> float:
    """Return the value, moved into [low, high]."""
    return low if value < low else high if value > high else value


@dataclass(slots=True)
class Account:
    """What one firm (or all of them) pays and receives in a quarter, million yuan."""

    wages: float = 0.0
    local_tax: float = 0.0
    central_tax: float = 0.0
    overhead: float = 0.0
    interest: float = 0.0
    income_tax: float = 0.0
    rent: float = 0.0
    repayment: float = 0.0
    investment: float = 0.0
    outlay: float = 0.0
    support: float = 0.0
    rent_saved: float = 0.0
    equipment_subsidy: float = 0.0
    equity: float = 0.0
    payout: float = 0.0

    def add(self, other: Account, weight: float) -> None:
        """Add the account of a firm, times the real firms behind it."""
        self.wages += weight * other.wages
        self.local_tax += weight * other.local_tax
        self.central_tax += weight * other.central_tax
        self.overhead += weight * other.overhead
        self.interest += weight * other.interest
        self.income_tax += weight * other.income_tax
        self.rent += weight * other.rent
        self.repayment += weight * other.repayment
        self.investment += weight * other.investment
        self.outlay += weight * other.outlay
        self.support += weight * other.support
        self.rent_saved += weight * other.rent_saved
        self.equipment_subsidy += weight * other.equipment_subsidy
        self.equity += weight * other.equity
        self.payout += weight * other.payout


class Firm(mesa.Agent):
    """A firm (a row of the engine: `weight` real ones); its attributes are the columns of `agents.firm.Firms`."""

    def __init__(self, economy: Any, ident: int, **fields: Any) -> None:
        """Take a place in the economy with the attributes named in `FIELDS`."""
        super().__init__(economy)
        self.id = ident
        for name in FIELDS:
            setattr(self, name, fields[name])

    @property
    def employment(self) -> float:
        """Persons employed."""
        basic, technical, graduate, high = self.staff
        return basic + technical + graduate + high

    # Stage 6 -----------------------------------------------------------------------------------------------------

    def expect_sales(self, learning: float, growth: float, utilisation: float) -> tuple[float, float]:
        """Move expected sales: Ye = ((1 - Q15) Ye + Q15 min(orders, 1.25 capacity) e^-z) (1 + g of the sector).

        learning: Q15; growth: g; utilisation: Q10. Orders, not sales, and at a shock z of zero.
        Returns the firm's size in the sector's mean (weight x Ye) and its log utilisation against normal, both zero
        if it does not produce or sees no orders.
        """
        seen = min(self.orders, 1.25 * self.capacity) * math.exp(-self.shock)
        if self.building or seen <= 0.0:
            return 0.0, 0.0
        self.expected_sales = ((1.0 - learning) * self.expected_sales + learning * seen) * (1.0 + growth)
        used = self.orders / max(self.capacity, 1e-12)
        return self.weight * self.expected_sales, math.log(clip(used / utilisation, 0.5, 2.0))

    def user_cost(self, subsidy: float, cap: float, imported: float, land_share: float, land_ratio: float) -> float:
        """Return the user cost of capital relative to base: (1 - N45)(1 - marginal subsidy) + N45 x land price ratio.

        subsidy, cap: I09g as a share, I09h in million yuan a year; above the cap the marginal subsidy is nothing.
        imported: imported equipment as a share of capital formation; land_share: N45 in industry, else 0.
        """
        yearly = 4.0 * (self.outlay if self.building else self.investment) * imported
        marginal = subsidy * imported if subsidy * yearly < cap else 0.0
        return (1.0 - land_share) * (1.0 - marginal) + land_share * land_ratio

    def wanted_investment(self, price: float, user_cost: float, gross_rate: float, p: Any) -> float:
        """Return wanted formation: (base rate + Q12 ln(K*/K)) K within [0, Q13 K], K* = K0 (Ye p / Ye0) (UC/UC0)^P52.

        price: of the sector; gross_rate: base rate of gross investment of the sector, share of capital a quarter.
        """
        if self.building or self.capital <= 0.0:
            return 0.0
        sales = self.expected_sales * price / max(self.base_sales, 1e-12)
        wanted = self.base_capital * sales * user_cost**p.uc_inv
        gap = math.log(max(wanted, 1e-9) / self.capital)
        return clip(gross_rate + p.adj_K * gap, 0.0, p.I_max) * self.capital

    def credit_limit(self, guarantee: float, ip_pledge: float, p: Any) -> float:
        """Return what banks lend at most: Q37 of capital, for small firms P141 x I12c more, for certified I12d."""
        limit = p.ltv * self.capital
        if self.employment < p.large_firm:
            limit += p.guar_add * guarantee * p.ltv * self.capital
        if self.high_tech:
            limit += ip_pledge * self.rd_stock
        return limit

    def finance(self, wanted: float, guarantee: float, ip_pledge: float, p: Any) -> float:
        """Invest what cash, last profit and new credit allow, outlays being formation / Q02; returns the new loan.

        The usual leverage Q38 of formation and the instalment Q39 are borrowed first, more where cash is short.
        """
        room = 0.0 if self.building else max(self.credit_limit(guarantee, ip_pledge, p) - self.debt, 0.0)
        own = max(self.cash, 0.0) + max(self.profit, 0.0)
        self.investment = min(wanted, p.cf_firm * (own + room))
        if self.named and not self.building:  # the owners of a named plant pay for its upkeep
            self.investment = wanted
        if self.building:
            return 0.0
        short = self.investment / p.cf_firm - own
        loan = clip(max(p.lev0 * self.investment + p.repay * self.debt, short), 0.0, room)
        self.debt += loan
        self.cash += loan
        return loan

    def plan_staff(
        self, mix: list[float], efficiency: list[float], share: float, response: float, density: float, p: Any
    ) -> None:
        """Set `wanted` by skill: L = (Ye / (Q10 A K^alpha))^(1/(1-alpha)) x response, moved by Q14 of the gap.

        mix: shares of skills in staff; efficiency: P84 by skill; share: alpha; response: (unit labour cost / base)^P83.
        A firm that opens this quarter hires everybody at once, for the capital that it will have.
        """
        if self.building > 1:
            self.wanted = [0.0, 0.0, 0.0, 0.0]
            return
        opens = self.building == 1
        capital = max(self.base_capital if opens else self.capital, 1e-9)
        power = max(self.productivity * capital**share, 1e-12)
        need = (max(self.expected_sales, 0.0) / (p.u_norm * power)) ** (1.0 / (1.0 - share))
        effective = mix[0] * efficiency[0] + mix[1] * efficiency[1] + mix[2] * efficiency[2] + mix[3] * efficiency[3]
        heads = need / effective
        if self.named:  # a fixed crew, in proportion to expected sales; density: capital per worker at the start
            heads = self.base_capital / max(density, 1e-12) * self.expected_sales / max(self.base_sales, 1e-12)
        heads *= 1.0 if opens else response
        speed = 1.0 if opens else p.adj_L
        self.wanted = [
            max(have + speed * (part * heads - have), 0.0) for part, have in zip(mix, self.staff, strict=True)
        ]

    def plan_research(self, graduate_wage: float, p: Any) -> None:
        """Plan research: share of expected revenue Ye e^z x (wage of graduates against its trend)^P60."""
        if self.building:
            self.rd_spending = 0.0
        else:
            self.rd_spending = self.rd_share * self.expected_sales * math.exp(self.shock) * graduate_wage**p.uc_rd

    # Stage 10 ----------------------------------------------------------------------------------------------------

    def draw_shock(self, draw: float, p: Any) -> None:
        """Advance the AR(1) of revenue productivity (P25, P26 yearly); its spread falls with size (Q34, named Q35)."""
        if self.building:
            self.shock = 0.0
            return
        quarterly = p.rho_z**0.25
        innovation = p.sigma_z * math.sqrt((1.0 - quarterly**2) / (1.0 - p.rho_z**2))
        size = clip(self.employment / 10.0, 1.0, 1e4) ** p.sd_size
        self.shock = quarterly * self.shock + innovation * size * (p.sd_named if self.named else 1.0) * draw

    def research_term(self, years: float, p: Any) -> float:
        """Return (S / (S0 (1 + Q68)^t))^P62 within bounds; one for a firm that began without research."""
        if self.base_rd_stock <= 0.0:
            return 1.0
        ratio = self.rd_stock / max(self.base_rd_stock, 1e-12) / (1.0 + p.g_rd) ** years
        return clip(ratio, 0.05, 20.0) ** p.eps_rd

    def produce(self, term: float, efficiency: list[float], share: float, years: float, p: Any) -> None:
        """Set productivity A = base x site term x research term, and capacity = A K^alpha L^(1 - alpha) e^z."""
        self.productivity = self.base_tfp * term * self.research_term(years, p)
        if self.building:
            self.capacity = 0.0
            return
        basic, technical, graduate, high = self.staff
        labour = basic * efficiency[0] + technical * efficiency[1] + graduate * efficiency[2] + high * efficiency[3]
        inputs = max(self.capital, 0.0) ** share * max(labour, 0.0) ** (1.0 - share)
        self.capacity = self.productivity * inputs * math.exp(self.shock)

    @property
    def pull(self) -> float:
        """What the firm's share of demand follows: customers times e^z; nothing while it is built."""
        return 0.0 if self.building else self.customer_base * math.exp(self.shock)

    def sell(self, demand_per_pull: float, price: float, energy_per_sales: float) -> None:
        """Take orders, sell the smaller of capacity and orders, use energy."""
        self.orders = demand_per_pull * self.pull
        self.sales = min(self.capacity, self.orders)
        self.value_added = self.sales * price
        self.energy = energy_per_sales * self.sales

    def keep_customers(self, p: Any) -> None:
        """Let customers follow normal capacity Q10 x capacity e^-z, by Q16 of the gap."""
        if not self.building:
            normal = p.u_norm * self.capacity * math.exp(-self.shock)
            self.customer_base += p.lam_b * (normal - self.customer_base)

    # Stage 12 ----------------------------------------------------------------------------------------------------

    def settle_overhead(self, margin: float, price: float, p: Any) -> None:
        """Move overhead by N29 towards Q25 of the normal margin on the usual customers."""
        if not self.building:
            target = p.fix_share * margin * self.customer_base * price
            self.overhead += p.overhead_speed * (target - self.overhead)

    def account(self, wages: float, rules: Any, grant: float, p: Any) -> Account:
        """Work out the payments of the quarter; rules: what applies to the firm's sector (see `settlement`)."""
        producing = not self.building
        tax = rules.tax_share * self.value_added
        local_tax = tax * rules.local_tax_share
        overhead = self.overhead * rules.compliance if producing else 0.0
        interest = self.debt * p.r_loan / 4.0
        rent = p.p_ind * p.lease_rate / 4.0 * self.land if producing and self.tenure in (1, 2) else 0.0
        taxable = self.value_added - tax - wages - overhead - interest - rules.depreciation * self.capital
        favoured = self.high_tech or rules.industrial
        rate = p.hnte_rate / 100.0 if favoured else p.income_tax_standard
        rent_saved = p.incubator_rent_share * overhead if producing and self.free_rent > 0 else 0.0
        subsidy = min(rules.equipment_subsidy * self.investment * rules.imported, rules.equipment_cap / 4.0)
        return Account(
            wages=wages,
            local_tax=local_tax,
            central_tax=tax - local_tax,
            overhead=overhead,
            interest=interest,
            income_tax=rate * max(taxable, 0.0) if producing else 0.0,
            rent=rent,
            repayment=p.repay * self.debt,
            investment=self.investment,
            outlay=self.investment / p.cf_firm,
            support=rent_saved + subsidy + grant,
            rent_saved=rent_saved,
            equipment_subsidy=subsidy,
        )

    def pay(self, a: Account, p: Any) -> None:
        """Book the account: profit, usual profit (at z = 0), cash, debt, and the payout Q26 of cash above target Q27.

        Owners put in what construction costs: of firms being built, and of those that opened this very quarter.
        """
        opened = self.age == 0 and self.outlay > 0.0 and self.investment == self.outlay
        if self.building or opened:
            a.equity = a.outlay
        flow = self.value_added - a.wages - a.local_tax - a.central_tax
        self.profit = 0.0 if self.building else flow - a.overhead + a.support - a.interest
        kept = self.value_added - a.local_tax - a.central_tax
        self.usual_profit = self.profit + kept * (math.exp(-self.shock) - 1.0)
        cash = self.cash + flow - a.overhead - a.interest - a.repayment - a.income_tax - a.rent
        cash += a.equity - a.outlay + a.support
        target = p.cash_target * (self.overhead + p.runway_base * a.wages)
        if not self.building:
            a.payout = p.payout * max(cash - target, 0.0)
        self.cash = cash - a.payout
        self.debt -= a.repayment
        self.support = a.support

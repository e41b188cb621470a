"""The ledger: every payment of a quarter is one posting with payer and payee; balances and cost per lever follow from
postings.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

ACCOUNTS = (
    "customers",  # who buys value added: households, province, rest of China, exports
    "firms",
    "households",
    "new_area",  # budget of the committee
    "parks",  # own accounts of the parks
    "province",
    "kunming",
    "central",
    "partners",  # regions of origin that share tax of joint projects
    "banks",
    "owners",
    "builders",  # who puts capital in place
    "landholders",  # land, demolition and fees inside recorded investment
    "overhead",  # services bought by firms as overhead
    "services",  # running public services and operators paid by the budget
)
# Charged beside the levers: works on links that a scenario brings of its own, and Kunming's part of public works.
LINK_WORKS, COFINANCE = "links", "cofinance"


@dataclass
class Ledger:
    """Postings of the quarter and running totals, million yuan at model prices.

    `paid`, `unpaid` and `rationed` are by what caused them, a lever, LINK_WORKS or COFINANCE: what was paid in the
    quarter in which it fell due; what was not, and went into arrears; what was cut before anything fell due.
    """

    postings: dict[tuple[str, str, str], float] = field(default_factory=lambda: defaultdict(float))
    net: dict[str, float] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, 0.0))
    balance: dict[str, float] = field(default_factory=lambda: dict.fromkeys(ACCOUNTS, 0.0))
    paid: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    unpaid: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    rationed: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def open_quarter(self) -> None:
        """Forget the postings of the last quarter; balances and totals stay."""
        self.postings.clear()
        self.net = dict.fromkeys(ACCOUNTS, 0.0)

    def post(self, flow: str, payer: str, payee: str, amount: float, lever: str | None = None) -> None:
        """Post one payment in million yuan; a negative amount is a payment the other way. Raises KeyError for an
        unknown account.

        lever: what caused it, an instrument, LINK_WORKS or COFINANCE, charged with the amount.
        """
        self.net[payer] -= amount
        self.net[payee] += amount
        self.balance[payer] -= amount
        self.balance[payee] += amount
        self.postings[flow, payer, payee] += amount
        if lever is not None:
            self.paid[lever] += amount

    def cost(self) -> dict[str, float]:
        """Return what each lever has cost the payers of its bill, paid or still owed, million yuan."""
        causes = sorted({*self.paid, *self.unpaid})
        return {cause: self.paid.get(cause, 0.0) + self.unpaid.get(cause, 0.0) for cause in causes}

    def total(self, flow: str) -> float:
        """Return the amount posted under a flow this quarter, million yuan."""
        return sum(amount for (name, _, _), amount in self.postings.items() if name == flow)

    def turnover(self) -> float:
        """Return the sum of absolute postings of the quarter, million yuan."""
        return sum(abs(amount) for amount in self.postings.values())

    def operating_surplus(self) -> float:
        """Return the surplus of firms before overhead, depreciation, interest, rent, payouts and income tax, from
        postings alone.
        """
        return (
            self.total("sales")
            - self.total("wages")
            - self.total("production_tax_local")
            - self.total("production_tax_central")
        )

    def copy(self) -> Ledger:
        """Return an independent copy."""
        twin = Ledger()
        twin.postings.update(self.postings)
        twin.net, twin.balance = dict(self.net), dict(self.balance)
        twin.paid.update(self.paid)
        twin.unpaid.update(self.unpaid)
        twin.rationed.update(self.rationed)
        return twin

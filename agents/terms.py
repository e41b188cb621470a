"""Terms: what policy has on offer this quarter. Instruments write channels, behaviours read them, nobody else knows
the levers.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from agents.columns import Booleans, Floats


@dataclass(slots=True)
class Channel:
    """A quantity on offer that remembers which lever contributed what; several levers on one channel add up."""

    unit: str
    doc: str
    parts: dict[str, float] = field(default_factory=dict)

    def add(self, lever: str, amount: float) -> None:
        """Add the contribution of a lever, in the unit of the channel."""
        self.parts[lever] = self.parts.get(lever, 0.0) + amount

    def scale(self, lever: str, factor: float) -> None:
        """Scale the contribution of a lever (rationing)."""
        self.parts[lever] *= factor

    @property
    def total(self) -> float:
        """Sum of all contributions."""
        return sum(self.parts.values())


@dataclass(slots=True)
class Rule:
    """A threshold, ban, cap or switch: in force for the cases whose hash lies below `share`; the others see the
    baseline.
    """

    unit: str
    doc: str
    baseline: float = 0.0
    value: float = 0.0
    share: float = 1.0

    def announce(self, baseline: float, value: float, share: float) -> None:
        """Put the rule in force for a share of cases."""
        self.baseline, self.value, self.share = baseline, value, share

    def for_cases(self, hashes: Floats) -> Floats:
        """Return what each case sees; hashes: uniform draws that belong to the case for life, shape (n,)."""
        covered: Booleans = hashes < self.share
        return covered * self.value + ~covered * self.baseline

    @property
    def mean(self) -> float:
        """The rule as seen on average, for where there are no single cases."""
        return self.baseline + self.share * (self.value - self.baseline)


def channel(unit: str, doc: str) -> Channel:
    """Declare a channel of Terms."""
    return field(default_factory=lambda: Channel(unit, doc))


def rule(unit: str, doc: str) -> Rule:
    """Declare a rule of Terms."""
    return field(default_factory=lambda: Rule(unit, doc))


@dataclass
class Terms:
    """Everything on offer in a quarter, by the population that reads it."""

    # parks and land
    intensity_threshold: Rule = rule("100M yuan per km2", "Least investment per land of a new industrial project")
    two_high_admitted: Rule = rule("share", "Share of energy-hungry or polluting entrants that is admitted")
    construction_cap: Rule = rule("km2", "Cap on construction land")
    land_quota: Channel = channel("km2 per year", "Usable quota of land of the year")
    industry_land_share: Channel = channel("share", "Share of the quota that goes to industry")
    green_share: Channel = channel("share", "Share of new land kept green")
    residential_share: Channel = channel("share", "Share of new land for housing")
    idle_reuse: Channel = channel("share per year", "Idle industrial land brought back to use")
    land_discount: Channel = channel("share", "Discount on the benchmark price of industrial land")
    lease_first: Channel = channel("share", "Share of new parcels leased before they are bought")
    energy_fall: Channel = channel("share per year", "Required yearly fall of energy per output")
    operator_market: Channel = channel("share", "Parks under market operation")
    # recruitment and approval
    recruitment: Channel = channel("factor", "Arrival of prospects of all sources, log points")
    eastern: Channel = channel("factor", "Arrival of eastern transfers, log points")
    foreign: Channel = channel("factor", "Arrival of foreign prospects, log points")
    private_entry: Channel = channel("factor", "Entry of private firms, log points")
    approval_days: Channel = channel("working days", "Approval of an investment project")
    start_effort: Channel = channel("log points", "Raises the chance that a signed project starts")
    trade_cost: Channel = channel("log points", "Cut of the cost of selling outside the province")
    # firms
    equipment_subsidy: Channel = channel("share of imported equipment", "Subsidy on imported advanced equipment")
    equipment_cap: Channel = channel("million yuan per firm", "Cap of that subsidy per firm and year")
    compliance: Channel = channel("log points", "Cut of overhead by online services")
    free_rent: Channel = channel("months", "Rent-free period of a start-up in an incubator")
    incubator_space: Channel = channel("1000 m2", "Incubator floor space")
    guarantee: Channel = channel("share of loans", "Small-firm loans under public guarantee")
    ip_pledge: Channel = channel("share of research stock", "Credit against intellectual property")
    certification: Channel = channel("firms per year", "Firms in the high-tech pool")
    research_grants: Channel = channel("million yuan per year", "Grants to laboratories and centres")
    # talent
    hukou_barrier: Channel = channel("index 0-1", "Barrier of household registration")
    housing_ratio: Channel = channel("ratio", "Supply of worker housing over demand")
    # public investment, million yuan per year
    platform_investment: Channel = channel("million yuan per year", "Platform parks")
    district_investment: Channel = channel("million yuan per year", "Key districts")
    school_investment: Channel = channel("million yuan per year", "Schools and hospitals")
    smart_investment: Channel = channel("million yuan per year", "New infrastructure and smart city")
    garden_investment: Channel = channel("million yuan per year", "Garden and sponge city")
    environment_investment: Channel = channel("million yuan per year", "Joint environmental works")
    # links
    kunming_minutes: Channel = channel("minutes", "Travel time to Kunming core")
    layer_planning: Channel = channel("index 0-1", "Joint plan with Kunming")
    layer_customs: Channel = channel("index 0-1", "Three-zone linkage")
    layer_industry: Channel = channel("share", "City-zone benefit sharing")
    partner_sharing: Channel = channel("share", "Tax share of joint projects that goes to the partner region")
    # fiscal
    retention: Channel = channel("share", "Share of revenue growth that the New Area keeps")
    provincial_grant: Channel = channel("million yuan per year", "Grant of the province")
    kunming_grant: Channel = channel("million yuan per year", "Grant of Kunming")
    bond_quota: Channel = channel("million yuan per year", "Special bonds that may be issued")
    kunming_cofinance: Channel = channel("share", "Kunming's share of infrastructure outlays")
    # booking
    statistical_sharing: Channel = channel("share", "Output booked elsewhere")
    reporting_weight: Channel = channel("share", "Weight of growth in the appraisal of officials")
    evaluation_years: Channel = channel("years", "Years between outside evaluations; 0: none")

    def copy(self) -> Terms:
        """Return an independent copy."""
        twin = Terms()
        for declared in fields(self):
            mine = getattr(self, declared.name)
            if isinstance(mine, Channel):
                getattr(twin, declared.name).parts = dict(mine.parts)
            else:
                getattr(twin, declared.name).announce(mine.baseline, mine.value, mine.share)
        return twin

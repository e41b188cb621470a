"""What one row of each table means: frozen values, units in the field comments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that could be argued about: value, range, unit, role and where it comes from."""

    id: str
    name: str
    symbol: str
    title_zh: str
    title_en: str
    value: float
    low: float
    high: float
    unit: str
    role: str  # uncertain (sampled), fixed, check (a diagnostic, never an input)
    distribution: str  # triangular, fixed
    mechanism: str
    source: str
    confidence: str

    @property
    def block(self) -> str:
        """Return the part of the model it belongs to: the first half of its name."""
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Lever:
    """One policy lever: its setting without the policy, in the text, suggested, and its bounds."""

    id: str
    name: str
    article: int
    subject: str
    title_zh: str
    title_en: str
    unit: str
    baseline: float
    policy_value: float | None  # None: the text names a direction, no figure and no absolute wording
    suggested: float
    low: float
    high: float
    evidence: str  # figure, absolute wording, direction
    effect: str  # exact (in full), implemented (by implementation capacity)
    direction: str  # supports, restricts
    kind: str  # amount (interpolated), rule (in full for a share of cases)
    needs: tuple[tuple[str, float], ...]  # lever ids and values: the background on which it can act
    payer: str  # new_area, province, kunming, none
    cost_formula: str  # million yuan per year unless it says otherwise
    mechanism: str
    source: str
    notes: str

    @property
    def as_written(self) -> float:
        """Return the setting of the text: its stated value, otherwise the suggested one."""
        return self.suggested if self.policy_value is None else self.policy_value


@dataclass(frozen=True, slots=True)
class Sector:
    """One sector: shares, technology, skills, energy, where demand comes from. Money in million yuan."""

    id: str
    title_zh: str
    title_en: str
    industrial: bool
    capital_share: float  # rounded to 0.01; use `closing_capital_share` where identities must close
    labour_share: float
    production_tax_share: float
    local_share_of_production_tax: float
    capital_output: float  # years
    va_per_worker: float  # million yuan per worker and year
    skill_basic: float
    skill_technical: float
    skill_graduate: float
    skill_high: float
    energy_tce_per_mn_va: float  # tonnes of coal equivalent per million yuan
    two_high_share_of_new_projects: float
    tradable_share: float
    demand_province: float
    demand_rest_of_china: float
    demand_exports: float
    hightech_va_share: float
    hightech_sector: bool
    project_value_share: float
    equipment_share_of_capex: float
    imported_share_of_equipment: float
    source: str
    confidence: str

    @property
    def closing_capital_share(self) -> float:
        """Return 1 - labour share x 1.1 / (1 - production tax share): wages and profits add up at markup 1.1."""
        return 1.0 - self.labour_share * 1.1 / (1.0 - self.production_tax_share)


@dataclass(frozen=True, slots=True)
class Linkage:
    """How much of what a sector buys inside the region comes from another sector (share)."""

    supplier: str
    buyer: str
    weight: float
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class BaseCell:
    """Firms of one sector at one site in 2020: million yuan, persons, million yuan, count."""

    site: str
    sector: str
    value_added: float
    employment: int
    capital: float  # firms only: public and housing capital are apart
    n_firms: int
    basis: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Site:
    """One place on the integration graph."""

    id: str
    title_zh: str
    title_en: str
    role: str  # new_area, kunming, outer, source, hub
    kind: str
    lon: float  # degrees east
    lat: float  # degrees north
    area: float | None  # km2; None: not published and not needed
    market_output: float | None  # million yuan, 2020; None: the site has base cells
    notes: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Link:
    """One edge of the integration graph, open to both directions."""

    source_node: str
    target_node: str
    layer: str  # transport, planning, services, industry, environment, customs
    mode: str  # road, metro, hsr, rail_emu; agreement for every other layer
    weight_2020: float | None  # 0-1; None: transport is measured in minutes
    minutes_2020: float | None  # None: another layer, or not open
    minutes_2025: float | None
    km: float | None
    state: str  # open, construction, planned
    cost: float  # million yuan to open it
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class ParkRow:
    """Land of one park, district or town in km2."""

    id: str
    title_zh: str
    title_en: str
    site: str
    kind: str  # park, district, town, rival
    planned_area: float
    developed_area: float
    industrial_land: float
    year: int
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class PathValue:
    """One year of one outside path."""

    path: str  # observed, as_seen_in_2020
    year: int
    variable: str
    value: float
    unit: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class ProvinceFigure:
    """One published or working total of the province, Kunming or the New Area; low = value = high if not a range."""

    variable: str
    year: int
    value: float
    low: float
    high: float
    unit: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Target:
    """One target of articles 2 and 22."""

    id: str
    article: int
    title_zh: str
    title_en: str
    unit: str
    threshold: float
    counted: bool  # one of the nine
    rule_applies: bool  # the reach rule (average, each, final) may be chosen
    source: str

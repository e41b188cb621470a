"""State that belongs to no single agent: sector markets, labour pools, homes, the region; columns like every
population.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from agents.columns import Floats, Integers, Population, column

SOURCES = ("eastern", "foreign", "state_owned", "yunnan", "local")


class Markets(Population):
    """One row per sector: the region's market for its output."""

    kind = "sector"

    price = column(float, "index, 2020 = 1", "Price of the sector's value added", default=1.0)
    demand = column(float, "million yuan per quarter", "Quantity demanded, 2020 prices")
    output = column(float, "million yuan per quarter", "Quantity sold, 2020 prices")
    capacity = column(float, "million yuan per quarter", "Capacity of all firms")
    base_output = column(float, "million yuan per quarter", "Quantity at step 0")
    learned_growth = column(float, "share per quarter", "Growth of sales that firms have learned to expect")
    turnover = column(float, "million yuan per quarter", "Sales at the prices at which they were made")
    labour_cost = column(float, "ratio", "Wage bill over value added, relative to its base", default=1.0)
    provincial_share = column(float, "ratio", "Share of the provincial market relative to step 0", default=1.0)


class LabourPools(Population):
    """One row per commuting area and skill."""

    kind = "labour pool"

    wage = column(float, "index, 2020 = 1", "Wage of the pool", default=1.0)
    tightness = column(float, "ratio", "Vacancies over searchers")
    normal_tightness = column(float, "ratio", "Tightness at which wages follow productivity", default=1.0)
    vacancies = column(float, "persons", "Vacancies of the quarter")
    searchers = column(float, "persons", "Searchers of the quarter")
    hires = column(float, "persons", "Matches of the quarter, before rounding to whole persons")


class Homes(Population):
    """One row per home site; the last row is Kunming core."""

    kind = "home site"

    house_price = column(float, "index, 2020 = 1", "House price", default=1.0)
    residents = column(float, "persons", "Labour force living here")
    base_residents = column(float, "persons", "Labour force living here at step 0")
    amenity = column(float, "log points", "Services, schools and green against 2020")


class Region(Population):
    """One row: what exists once in the New Area."""

    kind = "region"

    wage_drift = column(float, "share per quarter", "Learned growth of labour productivity, the norm of wage growth")
    labour_productivity = column(float, "million yuan per person and quarter", "Value added per worker, model prices")
    housing_capital = column(float, "million yuan", "Housing capital")
    housing_base = column(float, "million yuan per quarter", "Housing formation of a quarter at step 0")
    business_formation = column(float, "million yuan per quarter", "Capital formation of firms, 2020 prices")
    infrastructure_formation = column(float, "million yuan per quarter", "Capital formation in infrastructure")
    housing_formation = column(float, "million yuan per quarter", "Capital formation in housing")
    investment_recorded = column(float, "million yuan per quarter", "Recorded fixed-asset investment, 2020 prices")
    levers_recorded = column(float, "million yuan per quarter", "Public investment set by levers")
    infrastructure_other = column(float, "million yuan per quarter", "Infrastructure that no lever sets, step 0")
    resold_capital = column(float, "million yuan per quarter", "Capital of leavers passed on inside their sector")
    energy_use = column(float, "tonnes of coal equivalent per quarter", "Energy use of firms")
    energy_quota = column(
        float, "tonnes of coal equivalent per quarter", "Energy that the required fall of intensity allows"
    )
    base_intensity = column(float, "tonnes per million yuan", "Energy intensity at step 0")
    committed_energy = column(
        float, "tonnes of coal equivalent per quarter", "Energy of admitted projects not yet producing"
    )
    committed_output = column(float, "million yuan per quarter", "Output of admitted projects not yet producing")
    reservoir = column(float, "persons", "Kunming, rest of Yunnan, rest of China against step 0; births ahead", width=4)
    natural_growth = column(float, "persons", "Natural growth of the labour force since step 0")
    quota_issued = column(float, "km2", "Industrial land quota issued since step 0")
    construction_land = column(float, "km2", "Construction land of all uses")
    residential_pace = column(float, "ratio", "New residential land relative to 2020", default=1.0)
    kunming_won = column(
        float, "million yuan per quarter", "Output of prospects that settled in Kunming, of firms moved there"
    )
    yunnan_won = column(float, "million yuan per quarter", "Output of prospects that settled in the rest of Yunnan")
    displaced_sales = column(float, "million yuan per quarter", "Provincial sales above the share of step 0")
    wage_bill = column(float, "million yuan per quarter", "Wages paid in the New Area")
    base_wage_bill = column(float, "million yuan per quarter", "Wages paid at step 0")
    base_formation = column(float, "million yuan per quarter", "Capital formation of all owners at step 0")


class Queue(Population):
    """Signed projects: land promised, approval pending; id is that of the prospect."""

    kind = "signed project"

    site = column(np.int64, "index", "Site that admitted it")
    start = column(np.int64, "quarter", "Quarter in which construction starts, or the project is given up")
    starts = column(np.int64, "0/1", "It will start")
    land = column(float, "km2", "Land promised, after any shrinking of the plot")
    leased = column(np.int64, "0/1", "Land leased first")


@dataclass(frozen=True)
class Cells:
    """Labour cells: site x sector x skill, small ones merged; `of[site, sector, skill]` is the cell that staffs a
    firm.
    """

    of: Integers
    site: Integers
    sector: Integers
    skill: Integers

    @property
    def count(self) -> int:
        """Number of labour cells."""
        return len(self.site)

    @cached_property
    def place(self) -> Integers:
        """Site and skill of each labour cell in one number, four for each site."""
        return self.site * 4 + self.skill


@dataclass(frozen=True)
class Frame:
    """What stays fixed during a run, as arrays by site (10), sector (13), skill (4)."""

    sites: tuple[str, ...]
    sectors: tuple[str, ...]
    area: Integers  # commuting area of each site
    areas: int
    industrial: Floats  # 0/1 by sector
    hightech_sector: Floats
    sheltered: Floats  # 0/1, sectors that neither fail nor take entrants: refinery, public services, farming
    capital_share: Floats
    labour_share: Floats
    tax_share: Floats
    local_tax_share: Floats
    capital_output: Floats
    energy: Floats  # tonnes per million yuan, 2020
    demand: Floats  # province, rest of China, exports by sector, shape (13, 3)
    equipment: Floats  # share of capital formation
    imported: Floats  # share of equipment
    two_high: Floats
    hightech_share: Floats
    project_share: Floats
    linkage: Floats  # supplier by buyer, shape (13, 13), rows sum to 1 over suppliers of a buyer
    efficiency: Floats  # effective labour per person by skill
    mix: Floats  # staff shares, shape (10, 13, 4)
    wage: Floats  # million yuan per person and quarter at step 0, shape (10, 13, 4)
    worker_output: Floats  # million yuan per worker and year by sector
    gross_rate: Floats  # gross investment of incumbents at base, share of capital per quarter, by sector
    newcomer_weight: Floats  # real firms behind a row of start-ups and of movers in, by cell, shape (2, 10, 13)
    entrant_size: Floats  # mean persons of a firm in the cell at base, shape (10, 13)
    base_firms: Floats  # real firms at base, shape (10, 13)
    base_output: Floats  # million yuan per quarter at step 0, shape (10, 13)
    base_employment: Floats  # persons, shape (10, 13)
    base_potential: Floats  # market potential of sites at step 0
    base_graduates: Floats  # graduate share of staff by site at step 0
    base_knowledge: Floats  # knowledge reaching a site at step 0
    base_supply: Floats  # supplier access, shape (10, 13)
    node_output: Floats  # million yuan per year of outside nodes at step 0, shape (nodes,)
    person_weight: float
    outside_vacancies: Floats  # simulated vacancies of Kunming by skill at base
    kunming_searchers: Floats  # simulated searchers from Kunming by skill at base
    newcomer_block: Integers  # first id of the block of each cell, start-ups and then movers, shape (2, 130)
    newcomer_room: Integers  # size of that block
    first_free_id: int
    first_person_id: int
    cell_tfp: Floats  # total factor productivity of firms of the cell at step 0, shape (10, 13)
    capital_per_worker: Floats  # million yuan per person at step 0, shape (10, 13)
    movers_per_quarter: Floats  # real firms that move in per quarter by cell at base, shape (10, 13)
    entry_per_quarter: Floats  # real firms per quarter by cell at base, shape (10, 13)

    def newcomer_ids(self, kind: int, cell: Integers, number: Integers) -> Integers:
        """Return the id of newcomer `number` (0, 1, ...) of a cell: the same firm in every arm, whenever it comes.

        kind: 0 start-ups, 1 movers in. Beyond its block a cell goes on past the last one, interleaved with the
        others.
        """
        room = self.newcomer_room[kind, cell]
        extra = self.first_free_id + ((number - room) * 2 + kind) * self.newcomer_room.shape[1] + cell
        return np.where(number < room, self.newcomer_block[kind, cell] + number, extra)

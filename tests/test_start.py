"""The start: the base of 2020 adds up, the first quarters are smooth, and growth without the package is plausible."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from agents.firm import by_cell, weighted
from sim.build import Start, build_start
from sim.calibration import tables
from sim.model import INDICATORS, RegionModel
from sim.params import capital_output, central, draw, formation, plausible, recorded
from sim.scenario import load_scenario
from sim.targets import measure

BASELINE = load_scenario("baseline")
GDP, INVESTMENT, INDUSTRY, WORKERS, FIRMS = 89_500.0, 75_000.0, 29_000.0, 560_000.0, 60_000.0
P = central()
SHIFT_0, SHIFT_1 = (1.0 + P.g_K0) ** 0.375, (1.0 + P.g_K0) ** 0.625
LEVELS = {"gdp": GDP, "industrial_value_added": INDUSTRY, "fai": INVESTMENT}
LUCKS = 32


@cache
def start(scale: int, luck: int = 3) -> Start:
    return build_start(P, np.random.SeedSequence(luck), scale, BASELINE)


@cache
def first_quarters() -> dict[str, np.ndarray]:
    """Mean of quarters 0 to 2 over 32 lucks at central assumptions."""
    records = [RegionModel(rng=luck, scale=50).run(2).record for luck in range(LUCKS)]
    return {name: np.mean([record[name][:3] for record in records], axis=0) for name in (*LEVELS, "employment")}


def test_the_working_values_are_those_of_the_tables() -> None:
    assert (P.gdp_2020, P.fai_2020) == (GDP, INVESTMENT)
    cells = tables.base_cells()
    assert sum(cell.value_added for cell in cells) == pytest.approx(GDP, rel=1e-9)
    assert sum(cell.employment for cell in cells) == WORKERS
    assert sum(cell.n_firms for cell in cells) == FIRMS
    industrial = {name for name, sector in tables.sectors().items() if sector.industrial}
    assert sum(cell.value_added for cell in cells if cell.sector in industrial) == pytest.approx(INDUSTRY, rel=1e-9)


# --- levels and smoothness -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LEVELS)
def test_quarter_0_is_the_shifted_working_value(name: str) -> None:
    assert first_quarters()[name][0] == pytest.approx(LEVELS[name] / 4.0 * SHIFT_0, rel=1e-9)


@pytest.mark.parametrize("name", LEVELS)
def test_the_first_quarter_has_the_level_of_the_working_value(name: str) -> None:
    assert first_quarters()[name][1] == pytest.approx(LEVELS[name] / 4.0 * SHIFT_1, rel=0.005)


def test_employment_starts_at_its_working_value() -> None:
    level = first_quarters()["employment"]
    assert level[0] == pytest.approx(WORKERS, rel=1e-9) and level[1] == pytest.approx(WORKERS, rel=0.005)


@pytest.mark.parametrize(
    ("name", "allowed"), [("gdp", 1.0), ("industrial_value_added", 1.0), ("employment", 1.0), ("fai", 1.5)]
)
@pytest.mark.parametrize("quarter", [1, 2])
def test_growth_of_the_first_two_quarters_is_on_trend(name: str, allowed: float, quarter: int) -> None:
    levels = first_quarters()[name]
    trend = P.g_LF / 4.0 if name == "employment" else 100.0 * P.g_K0 / 4.0
    growth = 100.0 * (levels[quarter] / levels[quarter - 1] - 1.0)
    assert abs(growth - trend) < allowed


# --- the base of 2020 ----------------------------------------------------------------------------------------------


def table_by_cell(frame, attribute: str) -> np.ndarray:
    cells = {(cell.site, cell.sector): float(getattr(cell, attribute)) for cell in tables.base_cells()}
    return np.array([[cells.get((site, sector), 0.0) for sector in frame.sectors] for site in frame.sites])


@pytest.mark.parametrize("scale", [20, 50, 200, 400])
def test_every_cell_of_the_base_reproduces_its_table_row(scale: int) -> None:
    here = start(scale)
    firms, frame = here.firms, here.frame
    sites, sectors = len(frame.sites), len(frame.sectors)
    assert {(cell.site, cell.sector) for cell in tables.base_cells()} <= {
        (site, sector) for site in frame.sites for sector in frame.sectors
    }
    value_added = by_cell(firms.sales, firms, sites, sectors) * 4.0 / SHIFT_0
    assert np.allclose(value_added, table_by_cell(frame, "value_added"), rtol=1e-9, atol=1e-9)
    assert np.allclose(
        by_cell(np.ones(firms.n), firms, sites, sectors), table_by_cell(frame, "n_firms"), rtol=1e-9, atol=1e-9
    )
    # Persons are whole, so a cell may miss its row by a person or so of each skill; the sum does not.
    staff = by_cell(firms.employment, firms, sites, sectors)
    assert np.abs(staff - table_by_cell(frame, "employment")).max() <= 4.0 * frame.person_weight
    assert staff.sum() == pytest.approx(WORKERS, rel=1e-12)
    # Capital follows from formation over Q01 + P08; the table shows it rounded.
    capital = by_cell(firms.capital, firms, sites, sectors)
    shown = table_by_cell(frame, "capital")
    assert np.allclose(capital, shown, rtol=0.005, atol=0.5)


@pytest.mark.parametrize("scale", [20, 200])
def test_persons_staff_and_parks_agree_at_the_start(scale: int) -> None:
    here = start(scale)
    firms, cells, talent, frame = here.firms, here.cells, here.talent, here.frame
    cell = cells.of[firms.site, firms.sector]
    staff = np.bincount(cell.ravel(), (firms.staff * firms.weight[:, None]).ravel(), cells.count)
    assert np.allclose(staff, talent.workers(cells.count) * frame.person_weight, rtol=1e-9, atol=1e-6)
    land = np.bincount(firms.site, firms.land * firms.weight, here.parks.n)
    assert np.allclose(land, here.parks.occupied, atol=1e-9), "land of firms is the occupied land of their park"
    assert here.region.energy_use[0] == pytest.approx(weighted(firms.energy, firms), rel=1e-12)
    assert here.region.wage_bill[0] == pytest.approx(
        float(talent.wage[talent.cell >= 0].sum() * frame.person_weight), rel=1e-9
    )


def test_investment_by_owner_and_capital_follow_from_each_other() -> None:
    assert sum(recorded(P).values()) == pytest.approx(INVESTMENT, rel=1e-12)
    assert recorded(P)["industry"] == pytest.approx(12_480.0, rel=0.01)
    assert recorded(P)["other"] == pytest.approx(8_620.0, rel=0.01)
    assert recorded(P)["infrastructure"] == pytest.approx(27_900.0, rel=0.01)
    assert recorded(P)["housing"] == pytest.approx(26_000.0, rel=0.01)
    here = start(50)
    stock = weighted(here.firms.capital, here.firms)
    formed = formation(P)
    assert stock == pytest.approx((formed["industry"] + formed["other"]) / (P.g_K0 + P.delta_K), rel=1e-9)
    assert stock / GDP == pytest.approx(1.4, abs=0.1)
    everyone = stock + here.parks.public_capital.sum() + here.region.housing_capital[0]
    assert everyone / GDP == pytest.approx(capital_output(P), rel=1e-9) == pytest.approx(3.4, abs=0.2)


def test_high_tech_value_added_starts_at_its_sampled_value() -> None:
    model = RegionModel(rng=3, scale=50)
    assert model.record["hightech_value_added"][0] == pytest.approx(P.ht_va / 4.0 * SHIFT_0, rel=1e-9)


def test_the_base_budget_is_balanced() -> None:
    """Without new support, cash stays about where it was: spending follows revenue."""
    record = RegionModel(rng=3, scale=50).run(4).record
    assert abs(record["budget_cash"][4] - record["budget_cash"][0]) < record["budget_revenue"][1]
    assert not record["budget_rationed"][: 4 + 1].any() and not record["arrears"][: 4 + 1].any()


def test_the_start_is_the_same_for_every_policy() -> None:
    one, other = RegionModel("baseline", rng=3, scale=100), RegionModel("ambitious", rng=3, scale=100)
    for name in INDICATORS:
        if name not in ("booked_gdp", "implementation"):
            assert one.record[name][0] == other.record[name][0], name


def test_exits_and_openings_of_the_first_quarter_are_those_of_an_ordinary_one() -> None:
    counts = np.mean([RegionModel(rng=luck, scale=50).run(4).record["firms"][:5] for luck in range(6)], axis=0)
    assert counts[0] == pytest.approx(FIRMS, rel=1e-9)
    growth = np.diff(np.log(counts))
    assert np.abs(growth - growth.mean()).max() < 0.01 and 0.0 < growth.mean() < 0.04


# --- the prior -----------------------------------------------------------------------------------------------------


@cache
def prior_growth(name: str, draws: int) -> np.ndarray:
    found = []
    for luck in range(draws):
        p = draw(np.random.SeedSequence(7, spawn_key=(luck, 0)))
        model = RegionModel(rng=np.random.SeedSequence(7, spawn_key=(luck, 1)), scale=100, parameters=p).run(20)
        found.append(measure(model.record, p)[name].value)
    return np.array(found, float)


def test_growth_without_the_package_is_plausible_over_the_prior() -> None:
    growth = prior_growth("gdp_growth", 40)
    assert np.mean((growth >= 2.0) & (growth <= 8.0)) >= 0.95, np.sort(growth).round(1)


@pytest.mark.slow
def test_growth_without_the_package_is_plausible_over_a_large_prior() -> None:
    growth = prior_growth("gdp_growth", 200)
    assert np.mean((growth >= 2.0) & (growth <= 8.0)) >= 0.95, np.sort(growth).round(1)


def test_a_draw_is_its_seed_stays_in_range_and_is_jointly_plausible() -> None:
    rows = tables.parameters()
    for number in range(60):
        p = draw(np.random.SeedSequence(number))
        assert plausible(p)
        assert dict(p.values) == dict(draw(np.random.SeedSequence(number)).values)
        for ident, row in rows.items():
            mixed = ident == "P03" and p.values[ident] == 0.0  # some evidence finds no effect of market potential
            assert mixed or row.low <= p.values[ident] <= row.high, ident
            if row.role != "uncertain":
                assert p.values[ident] == row.value


def test_the_two_paths_differ_only_in_the_reference_rates() -> None:
    one, other = central("observed").values, central("as_seen_in_2020").values
    assert {ident for ident in one if one[ident] != other[ident]} == {"Q01", "Q18", "Q56"}

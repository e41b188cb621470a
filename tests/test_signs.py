"""Signs that a user may rely on, asserted on the stage in the quarter in which the arms still share their state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import pairwise
from unittest import mock

import numpy as np
import pytest

from sim.build import Start, build_start
from sim.model import STAGES, RegionModel
from sim.params import Parameters, central
from sim.scenario import Scenario, Setting
from sim.stages import recruit
from sim.stages.land import land_price
from sim.stages.settlement import equipment_support

LUCKS = range(12)
SCALE, QUARTER = 200, 3
NAMES = [this.name for this in STAGES]
SIGN = recruit.sign
Prepare = Callable[[RegionModel], None]


@cache
def strong() -> Parameters:
    """Central values with an implementation of 0.9 from the second quarter on, so that levers are felt in full size."""
    return central().replace(P160=0.9, N60=0.8, N61=2.0)


@cache
def start(luck: int) -> Start:
    return build_start(strong(), np.random.SeedSequence(luck), SCALE, Scenario("arm"))


def at(luck: int, stage: str, levers: Mapping[str, float], prepare: Prepare | None = None) -> RegionModel:
    """Return a model just after a stage of quarter 3, the first in which the levers differ from their baselines.

    prepare: what is set up in all arms alike at the end of quarter 2. Projects signed in the quarter are kept beside.
    """
    dated = {lever: Setting(value, QUARTER) for lever, value in levers.items()}
    arm = Scenario("arm").with_levers(dated)
    model = RegionModel(arm, rng=luck, scale=SCALE, parameters=strong(), start=start(luck)).run(QUARTER - 1)
    if prepare is not None:
        prepare(model)
    model.begin_quarter()
    with mock.patch("sim.stages.recruit.sign", note_signed):
        for this in STAGES[: NAMES.index(stage) + 1]:
            this(model)
    return model


def note_signed(model: RegionModel, rows: np.ndarray, site: np.ndarray, land: np.ndarray) -> None:
    """Sign as the stage does, and keep a copy: projects with a short approval leave the queue in the same stage."""
    before = model.queue.n
    SIGN(model, rows, site, land)
    model.noted = model.queue.copy()
    model.noted.keep(np.arange(model.noted.n) >= before)


def energy_for_all(model: RegionModel) -> None:
    model.region.base_intensity[:] = 1e9


def land_and_energy_for_all(model: RegionModel) -> None:
    energy_for_all(model)
    model.parks.serviced[:] = 1e6


def a_crowd(model: RegionModel) -> None:
    """Let the prospects of all later quarters decide in this one, with land and energy for all of them."""
    land_and_energy_for_all(model)
    model.prospects = model.prospects.copy()
    model.prospects.quarter = np.minimum(model.prospects.quarter, QUARTER)


def little_land(model: RegionModel) -> None:
    energy_for_all(model)
    model.parks.serviced *= 0.02
    model.parks.budget[:] = 1e6  # what is issued is serviced at once


def rising(values: list[float]) -> bool:
    return all(later >= earlier - 1e-9 * max(abs(earlier), 1.0) for earlier, later in pairwise(values))


# --- land ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prepare", [energy_for_all, little_land], ids=["usual land", "scarce land"])
def test_more_quota_never_lowers_admitted_land(prepare: Prepare) -> None:
    gains = []
    for luck in LUCKS:
        admitted = [
            at(luck, "recruit", {"I13a": q}, prepare).facts["land_admitted"] for q in (0.0, 3.0, 6.0, 10.0, 15.0)
        ]
        assert rising(admitted), f"luck {luck}: {admitted}"
        gains.append(admitted[-1] - admitted[0])
    if prepare is little_land:
        assert max(gains) > 0.0, "where land is scarce, quota is felt"


@pytest.mark.parametrize("luck", LUCKS)
def test_a_higher_threshold_raises_intensity_and_admits_no_more_of_its_cases(luck: int) -> None:
    numbers, means = [], []
    for threshold in (0.0, 60.0, 100.0, 150.0, 220.0, 300.0):
        model = at(luck, "recruit", {"I02a": threshold}, a_crowd)
        assert model.facts["refused_energy"] == model.facts["refused_land"] == 0.0
        applies = model.hashes["I02a"][model.noted.id] < float(model.government.implementation[0])
        rows, land = model.noted.id[applies], model.noted.land[applies]
        numbers.append(-len(rows))
        if len(rows):
            intensity = model.prospects.investment[rows] / 100.0 / land
            assert intensity.min() >= threshold * (1.0 - 1e-9)
            means.append(float(intensity.mean()))
    assert rising(numbers) and rising(means), (numbers, means)


@pytest.mark.parametrize("luck", LUCKS)
def test_dearer_land_never_raises_demand_for_it(luck: int) -> None:
    wanted, prices = [], []
    capable = {"I10a": 1.0, "I15b": 1.0, "I20a": 1.0, "I21a": 1.0}  # so that a discount is given nearly in full
    for discount in (80.0, 72.0, 65.0, 50.0, 25.0, 10.0, 0.0):
        model = at(luck, "recruit", {**capable, "I13j": discount}, a_crowd)
        rows = np.flatnonzero(model.prospects.quarter == model.quarter)
        wanted.append(-float(model.facts["land_admitted"]))
        prices.append(float(land_price(model).mean()))
        assert len(rows)
    assert rising(prices) and rising(wanted), (prices, wanted)


@pytest.mark.parametrize("luck", LUCKS)
def test_more_approval_days_never_speed_a_start(luck: int) -> None:
    arms = [at(luck, "recruit", {"I19a": days}, a_crowd) for days in (10.0, 60.0, 90.0, 120.0, 200.0)]
    for fast, slow in pairwise(arms):
        assert set(slow.noted.id) <= set(fast.noted.id), "more days attract nobody"
        early = fast.noted.row_of(slow.noted.id)
        assert (slow.noted.start >= fast.noted.start[early]).all()
        assert (slow.noted.starts <= fast.noted.starts[early]).all()
    assert (arms[0].noted.start >= QUARTER).all()


# --- firms ---------------------------------------------------------------------------------------------------------


def subsidised_investment(model: RegionModel) -> np.ndarray:
    """Investment by firm in sectors that buy imported equipment, million yuan per quarter."""
    firms, frame = model.firms, model.frame
    bought = frame.equipment[firms.sector] * frame.imported[firms.sector] > 0.0
    return np.where(bought & firms.producing, firms.investment, 0.0)


@pytest.mark.parametrize("cap", [0.2, 2.0, 20.0])
@pytest.mark.parametrize("luck", LUCKS)
def test_a_bigger_equipment_subsidy_never_lowers_subsidised_investment(luck: int, cap: float) -> None:
    total = []
    for rate in (0.0, 2.0, 5.0, 10.0, 20.0):
        model = at(luck, "plan_firms", {"I09g": rate, "I09h": cap})
        total.append(float(subsidised_investment(model) @ model.firms.weight))
    assert rising(total), total


@pytest.mark.parametrize("luck", LUCKS)
def test_a_cap_binds_only_above_its_level(luck: int) -> None:
    """Two caps pay a firm the same unless its uncapped support is above the lower of the two."""
    arms = {cap: at(luck, "build_capital", {"I09g": 10.0, "I09h": 20.0}) for cap in (0.0, 0.5, 2.0, 20.0)}
    paid = {}
    for cap, model in arms.items():
        model.terms.equipment_cap.parts["I09h"] = cap
        paid[cap] = equipment_support(model)
    firms, frame = arms[20.0].firms, arms[20.0].frame
    full = 0.1 * firms.investment * frame.equipment[firms.sector] * frame.imported[firms.sector]
    for low, high in pairwise(sorted(paid)):
        assert (paid[high] >= paid[low]).all()
        assert np.array_equal(paid[low][4.0 * full <= low], paid[high][4.0 * full <= low])
        assert np.allclose(paid[low], np.minimum(full, low / 4.0), rtol=1e-9, atol=1e-12)
    assert not paid[0.0].any() and (full > 0.0).any()


@pytest.mark.parametrize("luck", LUCKS)
def test_a_cap_that_nobody_reaches_changes_no_plan(luck: int) -> None:
    def plans(cap: float) -> tuple[np.ndarray, np.ndarray]:
        model = at(luck, "plan_firms", {"I09g": 5.0, "I09h": cap})
        firms, frame = model.firms, model.frame
        yearly = 4.0 * np.where(firms.building > 0, firms.outlay, firms.investment)
        return firms.investment, yearly * frame.equipment[firms.sector] * frame.imported[firms.sector]

    (low, bought), (high, _) = plans(2.0), plans(20.0)
    free = bought * 0.05 < 0.5  # far below either cap, before and after planning
    assert np.array_equal(low[free], high[free])


# --- people --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lever", ["I11c", "I11d"])
@pytest.mark.parametrize("luck", LUCKS)
def test_more_housing_never_raises_its_price(luck: int, lever: str) -> None:
    ends = {"I11c": (0.6, 0.9, 1.0, 1.3), "I11d": (5.0, 22.0, 30.0, 60.0)}[lever]
    prices = [at(luck, "choose_residence", {lever: value}).homes.house_price for value in ends]
    for less, more in pairwise(prices):
        assert (more <= less + 1e-12).all()
    assert (prices[-1][:-1] < prices[0][:-1]).all(), "and it is felt at every site"


@pytest.mark.parametrize("luck", LUCKS)
def test_a_lower_hukou_barrier_never_lowers_inflow(luck: int) -> None:
    inflow = [
        at(luck, "choose_residence", {"I14a": barrier}).facts["new_residents"] for barrier in (1.0, 0.3, 0.1, 0.0)
    ]
    assert rising(inflow) and inflow[-1] > inflow[0], inflow


# --- money ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lever", ["I18b", "I18c"])
@pytest.mark.parametrize(
    "others", [{}, {"I11a": 25000.0}, {"I11a": 8000.0, "I18d": 12000.0}], ids=["alone", "scarce", "bonds"]
)
@pytest.mark.parametrize("luck", LUCKS)
def test_a_larger_grant_never_lowers_the_cash_of_its_quarter(luck: int, others: dict[str, float], lever: str) -> None:
    arms = [at(luck, "ration_support", {**others, lever: grant}) for grant in (0.0, 200.0, 500.0, 1000.0)]
    cash = [float(model.government.cash[0]) for model in arms]
    usable = [cash_and_debt - float(m.government.bond_debt[0]) for cash_and_debt, m in zip(cash, arms, strict=True)]
    assert rising(cash) and rising(usable), (cash, usable)
    cut = [-float(model.government.rationed[0]) for model in arms]
    assert rising(cut), "nor does it cut more support"

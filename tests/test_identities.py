"""Identities, signs of stocks and ranges of shares hold in any world that a user can set up.

Every failure names the command that replays it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sim.calibration import tables
from sim.errors import InputError
from sim.identities import IdentityError
from sim.model import INDICATORS, RegionModel
from sim.params import central, draw
from sim.scenario import Setting, scenario_from_mapping

LEVERS = tables.levers()
ROUNDING = 1e-9
# Hypothetical places that a scenario may add: parks beside sites of every kind, roads, and joint layers.
PARKS = tuple(
    {"id": f"park_{near}", "near": near, "minutes": 12.0, "planned_area": 8.0} for near in ("anning", "kunming_centre")
)
LAYERS = ("planning", "services", "industry", "environment", "customs")
PLACES = {
    "none": {},
    "parks": {"parks": PARKS},
    "roads": {
        "links": (
            {"source": "anning", "target": "songming", "layer": "transport", "minutes": 9.0, "opens": "2021Q3"},
            {"source": "qujing", "target": "yanglin", "layer": "transport", "minutes": 15.0, "cost": 4000.0},
        )
    },
    "layers": {
        "links": tuple({"source": "qujing", "target": "songming", "layer": name, "weight": 1.0} for name in LAYERS)
    },
    "both": {
        "parks": PARKS[:1],
        "links": ({"source": "park_anning", "target": "kunming_centre", "layer": "transport", "minutes": 5.0},),
    },
}
SHARES = {"unemployment_rate", "implementation", "land_discount"}


@dataclass(frozen=True)
class World:
    """One random set-up; its `repr` is the argument of the replay command."""

    levers: dict[str, tuple[float, int, int | None, int]]
    prior: int | None
    path: str
    seed: int
    scale: int
    quarters: int
    checked: bool = False
    places: str = "none"

    def model(self) -> RegionModel:
        ground = scenario_from_mapping({"name": "random", **{k: list(v) for k, v in PLACES[self.places].items()}})
        scenario = ground.with_levers({lever: Setting(*v) for lever, v in self.levers.items()})
        values = central(self.path) if self.prior is None else draw(np.random.SeedSequence(self.prior), self.path)
        return RegionModel(
            scenario, rng=self.seed, scale=self.scale, parameters=values, path=self.path, checked=self.checked
        )

    def replay(self) -> str:
        text = repr(self).replace("'", '\\"')
        return f'python -c "from tests.test_identities import World, examine; examine({text})"'


@st.composite
def worlds(draw_from: st.DrawFn, checked: bool = False) -> World:
    """Draw a few levers anywhere in their ranges, with dates and ramps, on a random prior, luck and scale."""
    quarters = draw_from(st.integers(6, 8))
    chosen = draw_from(st.lists(st.sampled_from(sorted(LEVERS)), max_size=12, unique=True))
    levers = {}
    for lever in chosen:
        row = LEVERS[lever]
        value = draw_from(st.floats(row.low, row.high, allow_subnormal=False) | st.sampled_from((row.low, row.high)))
        start = draw_from(st.integers(1, quarters))
        end = draw_from(st.none() | st.integers(start, quarters))
        levers[lever] = (value, start, end, draw_from(st.integers(0, 4)))
    return World(
        levers,
        draw_from(st.none() | st.integers(0, 10**6)),
        draw_from(st.sampled_from(("observed", "as_seen_in_2020"))),
        draw_from(st.integers(0, 10**6)),
        draw_from(st.integers(200, 400)),
        quarters,
        checked,
        draw_from(st.sampled_from(list(PLACES))),
    )


def examine(world: World) -> None:
    """Run a world and assert after every quarter what must hold in it; this is what the replay command calls."""
    try:
        model = world.model()
        for _ in range(world.quarters):
            model.step()
            wrong = [*broken_identities(model), *wrong_numbers(model), *negative_stocks(model), *wrong_shares(model)]
            assert not wrong, f"quarter {model.quarter}: {wrong}"
    except Exception as error:
        error.add_note(f"replay: {world.replay()}")
        raise


def broken_identities(model: RegionModel) -> list[str]:
    residuals = model.identities()
    exact = [f"employment_cells = {residuals['employment_cells']}"] if residuals["employment_cells"] else []
    return exact + [f"{name} = {value:g}" for name, value in residuals.items() if not value < ROUNDING]


def wrong_numbers(model: RegionModel) -> list[str]:
    """Everything recorded up to now is finite, and so is every column of every population."""
    bad = [name for name in INDICATORS if not np.isfinite(model.record[name][: model.quarter + 1]).all()]
    for name in ("firms", "talent", "parks", "government", "markets", "pools", "homes", "region", "queue"):
        population = getattr(model, name)
        bad += [
            f"{name}.{column}" for column in population.columns if not np.isfinite(getattr(population, column)).all()
        ]
    return [f"{name} is not finite" for name in bad]


def negative_stocks(model: RegionModel) -> list[str]:
    firms, parks, government, region = model.firms, model.parks, model.government, model.region
    stocks = {
        "firms": ("weight age capital debt staff wanted capacity orders sales overhead rd_stock land energy", firms),
        "parks": ("unserviced serviced occupied idle budget public_capital incubated discount effort", parks),
        "government": ("cash bond_debt arrears rationed spending", government),
        "markets": ("price demand output capacity", model.markets),
        "pools": ("wage tightness vacancies searchers hires", model.pools),
        "homes": ("house_price residents", model.homes),
        "region": ("housing_capital construction_land committed_energy committed_output energy_use", region),
        "queue": ("land", model.queue),
    }
    found = []
    for population, (columns, rows) in stocks.items():
        for column in columns.split():
            values = getattr(rows, column)
            scale = max(float(np.abs(values).max(initial=0.0)), 1.0)
            if values.min(initial=0.0) < -ROUNDING * scale:
                found.append(f"{population}.{column} = {values.min():g} is negative")
    found += [f"{name} = {v:g} is negative" for name, v in model.now.items() if v < -ROUNDING]
    found += [f"{lever} was paid {v:g}" for lever, v in model.ledger.paid.items() if v < -ROUNDING]
    found += [f"{lever} was cut by {v:g}" for lever, v in model.ledger.rationed.items() if v < -ROUNDING]
    return found


def wrong_shares(model: RegionModel) -> list[str]:
    """Shares and chances lie in 0..1, and nobody is in two places or nowhere."""
    shares = {name: np.array([model.now[name]]) for name in SHARES}
    shares |= {
        "parks.release": model.parks.release,
        "parks.effort": model.parks.effort,
        "dose shares": np.array([dose.share for dose in model.doses.values()]),
        "high_tech": model.firms.high_tech,
        "hukou": model.talent.hukou,
        "owner": model.talent.owner,
    }
    found = [
        f"{k} = {v.min():g}..{v.max():g}" for k, v in shares.items() if v.size and (v.min() < 0.0 or v.max() > 1.0)
    ]
    for population in (model.firms, model.talent, model.parks, model.queue):
        if len(np.unique(population.id)) != population.n:
            found.append(f"an id of {population.kind} occurs twice")
    kunming = len(model.frame.sites)
    if ((model.talent.home == kunming) & (model.talent.cell < 0)).any():
        found.append("somebody of Kunming without a workplace here is in the talent of the New Area")
    return found


PHASES = (Phase.explicit, Phase.generate, Phase.shrink)
COMMON = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "phases": PHASES,
    "suppress_health_check": [HealthCheck.too_slow],
}


@settings(max_examples=25, **COMMON)
@given(world=worlds())
def test_everything_adds_up_in_any_world(world: World) -> None:
    examine(world)


@settings(max_examples=5, **COMMON)
@given(world=worlds(checked=True))
def test_everything_adds_up_and_is_declared_in_any_world(world: World) -> None:
    examine(world)


@pytest.mark.slow
@settings(max_examples=400, **COMMON)
@given(world=worlds())
def test_everything_adds_up_in_many_worlds(world: World) -> None:
    examine(world)


@pytest.mark.slow
@settings(max_examples=100, **COMMON)
@given(world=worlds(checked=True))
def test_everything_is_declared_in_many_worlds(world: World) -> None:
    examine(world)


@pytest.mark.parametrize("end", ["low", "high"])
def test_everything_adds_up_with_all_levers_at_one_end(end: str) -> None:
    levers = {lever: (getattr(row, end), 1, None, 0) for lever, row in LEVERS.items()}
    examine(World(levers, None, "observed", 7, 200, 12))


def test_a_failure_says_how_to_replay_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RegionModel, "identities", lambda model: {"employment_cells": 0.0, "land": 1e-6})
    world = World({"I13a": (5.0, 2, None, 0)}, 3, "observed", 7, 400, 1)
    with pytest.raises(AssertionError, match="land = 1e-06") as caught:
        examine(world)
    command = caught.value.__notes__[-1].removeprefix("replay: ")
    assert command.startswith("python -c ") and "I13a" in command and "prior=3" in command and "\n" not in command


LEAKS = {
    "gdp_production_income": lambda m: m.ledger.post("sales", "customers", "firms", 1.0),
    "ledger_sums_to_zero": lambda m: m.ledger.balance.update(banks=m.ledger.balance["banks"] + 1.0),
    "firms_cash": lambda m: np.add(m.firms.cash, 0.01, out=m.firms.cash),
    "budget_cash": lambda m: np.add(m.government.cash, 0.1, out=m.government.cash),
    "park_accounts": lambda m: np.add(m.parks.budget, 0.01, out=m.parks.budget),
    "capital_formation": lambda m: m.facts.update(capital_gap=m.facts["capital_gap"] + 0.1),
    "land": lambda m: np.add(m.parks.idle, 1e-4, out=m.parks.idle),
    "people": lambda m: m.talent.keep(np.arange(m.talent.n) > 0),
    "employment_cells": lambda m: m.talent.cell.__setitem__(0, -3),
    "employment_firms": lambda m: np.multiply(m.firms.staff, 2.0, out=m.firms.staff),
    "energy": lambda m: m.region.energy_use.__imul__(1.0001),
}


@pytest.mark.parametrize("name", sorted(LEAKS))
def test_every_identity_notices_a_leak(name: str) -> None:
    model = RegionModel(rng=11, scale=400).run(1)
    assert set(model.identities()) == set(LEAKS)
    before = model.identities()[name]
    LEAKS[name](model)
    assert model.identities()[name] > max(ROUNDING, 2.0 * before)


def test_a_checked_run_stops_at_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    model = RegionModel(rng=7, scale=400, checked=True)
    monkeypatch.setattr("sim.model.identities", lambda model: {"land": 2e-9, "people": 0.0})
    with pytest.raises(IdentityError, match="land") as caught:
        model.end_quarter()
    assert "people" not in str(caught.value)


def test_a_workplace_that_does_not_exist_is_counted() -> None:
    model = RegionModel(rng=7, scale=400).run(1)
    model.talent.cell[:2] = model.cells.count, -3
    assert model.identities()["employment_cells"] == 2.0


@pytest.mark.parametrize("number", [1, 4])
def test_a_scenario_may_add_many_parks(number: int) -> None:
    parks = [{**PARKS[0], "id": f"park_{k}"} for k in range(number)]
    model = RegionModel(scenario_from_mapping({"name": "parks", "parks": parks}), rng=7, scale=400).run(2)
    assert model.parks.n == 10 + number and not wrong_numbers(model) and not negative_stocks(model)


def test_more_parks_than_tastes_are_drawn_for_are_refused() -> None:
    parks = [{**PARKS[0], "id": f"park_{k}"} for k in range(5)]
    with pytest.raises(InputError, match="at most 4"):
        scenario_from_mapping({"name": "parks", "parks": parks})

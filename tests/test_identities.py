"""Identities, signs of stocks and ranges of shares hold in any world that a user can set up, and so do probabilities.

Every failure names the command that replays it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from experiments.board import board
from experiments.ensemble import RULES, SHARES, Plan, run_plan
from experiments.messages import Messages
from experiments.wording import Style
from sim.calibration import tables
from sim.errors import InputError
from sim.identities import IdentityError
from sim.model import INDICATORS, RegionModel
from sim.params import central, draw
from sim.scenario import LAST_QUARTER, Scenario, Setting, date_of, scenario_from_mapping

ROOT = Path(__file__).resolve().parent.parent
LEVERS = tables.levers()
INPUTS = {ident: row for ident, row in tables.parameters().items() if row.role != "check"}
ROUNDING = 1e-9
PATHS = ("observed", "as_seen_in_2020")
LAYERS = ("transport", "planning", "services", "industry", "environment", "customs")
NODES = tuple(site.id for site in tables.sites().values())
HOSTS = tuple(site.id for site in tables.sites().values() if site.role in ("new_area", "hub", "kunming"))
SHARE_INDICATORS = {"unemployment_rate", "implementation", "land_discount"}


@dataclass(frozen=True)
class World:
    """One random set-up; its `repr` is the argument of the replay command.

    levers: value, first quarter, last quarter or None, ramp; prior: seed of a draw, or None for central values;
    assumptions are set on top of it; parks and links are rows of a scenario file.
    """

    levers: dict[str, tuple[float, int, int | None, int]]
    prior: int | None
    path: str
    seed: int
    scale: int
    quarters: int
    checked: bool = False
    assumptions: dict[str, float] = field(default_factory=dict)
    parks: tuple[dict[str, Any], ...] = ()
    links: tuple[dict[str, Any], ...] = ()

    def scenario(self) -> Scenario:
        places = {"parks": list(self.parks), "links": list(self.links)}
        ground = scenario_from_mapping({"name": "random", "assumptions": self.assumptions, **places})
        return ground.with_levers({lever: Setting(*v) for lever, v in self.levers.items()})

    def model(self) -> RegionModel:
        values = central(self.path) if self.prior is None else draw(np.random.SeedSequence(self.prior), self.path)
        return RegionModel(
            self.scenario(), rng=self.seed, scale=self.scale, parameters=values, path=self.path, checked=self.checked
        )

    def replay(self, how: str = "examine") -> str:
        text = repr(self).replace("'", '\\"')
        return f'python -c "from tests.test_identities import World, {how}; {how}({text})"'


def within(low: float, high: float) -> st.SearchStrategy[float]:
    """Anywhere between two numbers, and often at one of them."""
    return st.floats(low, high, allow_subnormal=False) | st.sampled_from((low, high))


@st.composite
def lever_settings(draw_from: st.DrawFn, quarters: int) -> dict[str, tuple[float, int, int | None, int]]:
    """Levers anywhere in their ranges, mostly dated inside the run, sometimes after it."""
    chosen = draw_from(st.lists(st.sampled_from(sorted(LEVERS)), max_size=12, unique=True))
    levers = {}
    for lever in chosen:
        row = LEVERS[lever]
        start = draw_from(st.integers(1, quarters) | st.sampled_from((1, quarters, LAST_QUARTER)))
        end = draw_from(st.none() | st.integers(start, LAST_QUARTER))
        ramp = draw_from(st.integers(0, 4) | st.just(LAST_QUARTER))
        levers[lever] = (draw_from(within(row.low, row.high)), start, end, ramp)
    return levers


@st.composite
def hypothetical_parks(draw_from: st.DrawFn) -> tuple[dict[str, Any], ...]:
    """Up to four parks beside any place that may host one."""
    near = draw_from(st.just([]) | st.lists(st.sampled_from(HOSTS), max_size=4))
    return tuple(
        {
            "id": f"park_{k}",
            "near": host,
            "minutes": draw_from(within(1.0, 600.0)),
            "planned_area": draw_from(within(0.1, 482.0)),
        }
        for k, host in enumerate(near)
    )


@st.composite
def hypothetical_links(draw_from: st.DrawFn, parks: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """Up to four links in any layer between any two places, open already or later, free or dear."""
    nodes = (*NODES, *(park["id"] for park in parks))
    links = []
    for _ in range(draw_from(st.sampled_from((0, 0, 1, 2, 4)))):
        source, target = draw_from(st.lists(st.sampled_from(nodes), min_size=2, max_size=2, unique=True))
        link: dict[str, Any] = {"source": source, "target": target, "layer": draw_from(st.sampled_from(LAYERS))}
        if link["layer"] == "transport":
            link["minutes"] = draw_from(within(1.0, 600.0))
        else:
            link["weight"] = draw_from(within(0.0, 1.0))
        if opens := draw_from(st.none() | st.integers(1, LAST_QUARTER)):
            link["opens"] = date_of(opens)
        links.append({**link, "cost": draw_from(within(0.0, 1e6))})
    return tuple(links)


@st.composite
def worlds(draw_from: st.DrawFn, checked: bool = False, longest: int = 8) -> World:
    """Draw levers with dates, assumptions (a prior draw, and single ones at the ends), parks, links, luck and scale."""
    quarters = draw_from(st.integers(6, longest))
    levers = draw_from(lever_settings(quarters))
    chosen = draw_from(st.lists(st.sampled_from(sorted(INPUTS)), max_size=3, unique=True))
    parks = draw_from(hypothetical_parks())
    return World(
        levers,
        draw_from(st.none() | st.integers(0, 10**6)),
        draw_from(st.sampled_from(PATHS)),
        draw_from(st.integers(0, 10**6)),
        draw_from(st.integers(200, 400)),
        quarters,
        checked,
        {ident: draw_from(st.sampled_from((INPUTS[ident].low, INPUTS[ident].high))) for ident in chosen},
        parks,
        draw_from(hypothetical_links(parks)),
    )


def examine(world: World) -> None:
    """Run a world and assert after every quarter what must hold in it; this is what the replay command calls."""
    try:
        model = world.model()
        for _ in range(world.quarters):
            model.step()
            wrong = wrong_in(model)
            assert not wrong, f"quarter {model.quarter}: {wrong}"
    except Exception as error:
        error.add_note(f"replay: {world.replay()}")
        raise


def wrong_in(model: RegionModel) -> list[str]:
    """Everything that must hold after a quarter and does not."""
    return [*broken_identities(model), *wrong_numbers(model), *negative_stocks(model), *wrong_shares(model)]


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
    found += [f"{cause} was owed {v:g}" for cause, v in model.ledger.unpaid.items() if v < -ROUNDING]
    found += [f"{lever} was cut by {v:g}" for lever, v in model.ledger.rationed.items() if v < -ROUNDING]
    return found


def wrong_shares(model: RegionModel) -> list[str]:
    """Shares and chances lie in 0..1, and nobody is in two places or nowhere."""
    shares = {name: np.array([model.now[name]]) for name in SHARE_INDICATORS}
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


def examine_board(world: World) -> None:
    """Run a tiny ensemble of a world and assert that every probability and interval of its board is one.

    The luck of the world chooses how its targets are measured.
    """
    plan = Plan(
        world.scenario(),
        scenario_from_mapping({"name": "reference"}),
        assumptions="central" if world.prior is None else "sampled",
        share=SHARES[world.seed % 2],
        path=world.path,
        rule=RULES[world.seed % 3],
        scale=world.scale,
        replicates=2,
        seed=world.seed,
        workers=1,
    )
    try:
        outcome = run_plan(plan)
        assert not outcome.failures, [failure.message for failure in outcome.failures.values()]
        wrong = wrong_estimates(outcome.verdict)
        assert not wrong, wrong
        assert "nan" not in board(outcome.verdict, Messages("en"), Style()).split()
    except Exception as error:
        error.add_note(f"replay: {world.replay('examine_board')}")
        raise


def parts(document: Any, place: str = "verdict") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every table inside a document, with its place."""
    if isinstance(document, Mapping):
        yield place, document
        for key, value in document.items():
            yield from parts(value, f"{place}.{key}")
    elif isinstance(document, list | tuple):
        for k, value in enumerate(document):
            yield from parts(value, f"{place}[{k}]")


def wrong_estimates(document: Mapping[str, Any]) -> list[str]:
    """Probabilities and their intervals lie in 0..1 and in order, as do quantiles; every number is finite."""
    found = []
    for place, row in parts(document):
        values = [value for value in row.values() if isinstance(value, float)]
        found += [f"{place} has {value}" for value in values if not np.isfinite(value)]
        if "n" in row and not (0.0 <= row["low"] <= row["probability"] <= row["high"] <= 1.0 and row["n"] == 2):
            found.append(f"{place}: {row['low']} <= {row['probability']} <= {row['high']} in {row['n']} runs")
        known = [row[key] for key in ("p05", "p25", "median", "p75", "p95") if isinstance(row.get(key), float)]
        if any(later < earlier for earlier, later in pairwise(known)):
            found.append(f"{place}: quantiles {known} are not in order")
        for share in ("luck_share", "all"):
            if isinstance(row.get(share), float) and not 0.0 <= row[share] <= 1.0:
                found.append(f"{place}.{share} = {row[share]}")
    reached = document["reached"]
    if not 0 <= reached["p05"] <= reached["median"] <= reached["p95"] <= reached["of"]:
        found.append(f"reached {reached}")
    return found


PHASES = (Phase.explicit, Phase.generate, Phase.shrink)
COMMON = {
    "deadline": None,
    "derandomize": True,
    "database": None,
    "phases": PHASES,
    "suppress_health_check": [HealthCheck.too_slow],
}


# Every change is tried in 200 worlds and on 10 boards; `-m slow` tries 2,000 and 50.
@settings(max_examples=175, **COMMON)
@given(world=worlds())
def test_everything_adds_up_in_any_world(world: World) -> None:
    examine(world)


@settings(max_examples=25, **COMMON)
@given(world=worlds(checked=True))
def test_everything_adds_up_and_is_declared_in_any_world(world: World) -> None:
    examine(world)


@settings(max_examples=10, **COMMON)
@given(world=worlds())
def test_the_board_of_any_world_shows_probabilities(world: World) -> None:
    examine_board(world)


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=1750, **COMMON)
@given(world=worlds(longest=20))
def test_everything_adds_up_in_many_worlds(world: World) -> None:
    examine(world)


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=250, **COMMON)
@given(world=worlds(checked=True, longest=20))
def test_everything_is_declared_in_many_worlds(world: World) -> None:
    examine(world)


@pytest.mark.slow
@pytest.mark.long
@settings(max_examples=50, **COMMON)
@given(world=worlds())
def test_the_boards_of_many_worlds_show_probabilities(world: World) -> None:
    examine_board(world)


# A world with every kind of text in it: what a shell must pass on unchanged.
FULL_WORLD = World(
    {"I13a": (5.0, 2, None, 0), "I02a": (1.5e-05, 1, 40, 40)},
    3,
    "as_seen_in_2020",
    7,
    400,
    1,
    True,
    {"P12": 3.0},
    ({"id": "park_0", "near": "anning", "minutes": 12.0, "planned_area": 8.0},),
    ({"source": "park_0", "target": "songming", "layer": "transport", "minutes": 9.0, "opens": "2021Q3"},),
)
# Loaded by every Python that starts with the folder of this file on its path.
PLANT = """
from sim.model import RegionModel
RegionModel.identities = lambda model: {"employment_cells": 0.0, "land": 1e-6}
"""
FAILING = f"""
from tests.test_identities import World, examine


def test_planted() -> None:
    examine({FULL_WORLD!r})
"""


def shell(command: str, *folders: Path) -> subprocess.CompletedProcess[str]:
    """Run a line as a user would who pastes it into a shell in the checkout."""
    paths = os.pathsep.join(str(folder) for folder in folders)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        command, shell=True, cwd=ROOT, env={**os.environ, "PATH": path, "PYTHONPATH": paths}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


def test_a_failure_prints_a_line_that_replays_it(tmp_path: Path) -> None:
    plant = tmp_path / "plant"
    plant.mkdir()
    (plant / "sitecustomize.py").write_text(PLANT, "utf-8")
    failing = tmp_path / "test_planted.py"
    failing.write_text(FAILING, "utf-8")
    printed = shell(f'python -m pytest -q -p no:cacheprovider "{failing}"', plant, ROOT)
    lines = [line.partition("replay: ")[2] for line in printed.stdout.splitlines() if "replay: " in line]
    assert printed.returncode == 1 and lines, printed.stdout + printed.stderr
    assert lines[0] == FULL_WORLD.replay()
    again = shell(lines[0], plant, ROOT)
    assert again.returncode == 1 and "land" in again.stderr and "1e-06" in again.stderr, again.stderr
    assert f"replay: {lines[0]}" in again.stderr, "the world that was replayed is the one that failed"
    assert shell(lines[0]).returncode == 0, "and what fails is the plant"


def test_a_board_says_how_to_replay_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(plan: Plan) -> None:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr(sys.modules[__name__], "run_plan", broken)
    with pytest.raises(ZeroDivisionError) as caught:
        examine_board(FULL_WORLD)
    command = caught.value.__notes__[-1].removeprefix("replay: ")
    assert command == FULL_WORLD.replay("examine_board")


def test_a_wrong_estimate_is_noticed() -> None:
    right = {"probability": 0.5, "low": 0.1, "high": 0.9, "n": 2, "luck_share": 1.0, "p05": 1.0, "median": 2.0}
    reached = {"p05": 0.0, "median": 1.0, "p95": 2.0, "of": 9}
    assert not wrong_estimates({"targets": [right], "reached": reached})
    changes = ({"high": 1.1}, {"low": 0.6}, {"probability": -0.1}, {"luck_share": 1.5}, {"p05": 3.0}, {"p05": np.inf})
    for change in changes:
        assert wrong_estimates({"targets": [{**right, **change}], "reached": reached}), change
    assert wrong_estimates({"targets": [], "reached": {**reached, "p95": 10.0}})


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
    parks = [{**FULL_WORLD.parks[0], "id": f"park_{k}"} for k in range(number)]
    model = RegionModel(scenario_from_mapping({"name": "parks", "parks": parks}), rng=7, scale=400).run(2)
    assert model.parks.n == 10 + number and not wrong_numbers(model) and not negative_stocks(model)


def test_more_parks_than_tastes_are_drawn_for_are_refused() -> None:
    parks = [{**FULL_WORLD.parks[0], "id": f"park_{k}"} for k in range(5)]
    with pytest.raises(InputError, match="at most 4"):
        scenario_from_mapping({"name": "parks", "parks": parks})

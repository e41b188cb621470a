"""The quarter: its order, what its stages declare, and that each declared read reaches a declared write."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from sim.model import STAGES, RegionModel
from sim.scenario import Scenario, load_scenario
from sim.schedule import TRACKED, Stage, UndeclaredError, covers, fingerprints, names, run_checked, stage, watched

SCALE = 200
LUCK = 5
NAMES = [this.name for this in STAGES]


def calls_in_step() -> list[str]:
    """Names called with the model alone in the source of `step`, in order."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(RegionModel.step))))
    return [
        node.value.func.id
        for node in tree.body[0].body  # type: ignore[attr-defined]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name)
    ]


def test_step_runs_the_fourteen_stages_in_their_order() -> None:
    assert calls_in_step() == NAMES
    assert len(set(NAMES)) == 14 == len(STAGES)


def test_a_step_really_runs_them_in_this_order(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    for this in STAGES:
        spy = replace(this, run=lambda model, this=this: (ran.append(this.name), this.run(model))[1])
        monkeypatch.setattr(f"sim.model.{this.name}", spy)
    RegionModel(rng=LUCK, scale=400).run(2)
    assert ran == 2 * NAMES


@pytest.mark.parametrize("this", STAGES, ids=NAMES)
def test_a_stage_declares_columns_that_exist(this: Stage) -> None:
    model = RegionModel(rng=LUCK, scale=400)
    known = {f"{name}.{column}" for name in TRACKED for column in (*getattr(model, name).columns, "id", "*")}
    assert this.reads | this.writes <= known


@pytest.mark.parametrize("this", STAGES, ids=NAMES)
def test_a_stage_says_what_it_does_in_a_whole_sentence(this: Stage) -> None:
    assert len(this.doc) > 20 and this.doc.endswith("."), this.doc


def test_declarations_are_exact_over_a_year() -> None:
    """A checked run passes: no stage reads or writes what it has not declared."""
    RegionModel("as_written", rng=LUCK, scale=50, checked=True).run(4)


def test_nothing_is_declared_in_vain() -> None:
    """Over three policies, every declared column is really read, or changed, by its stage."""
    idle = {this.name: (set(this.reads), set(this.writes)) for this in STAGES}
    # Works on a link are paid for while cash lasts, and then fall into arrears.
    road = {"source": "kunming_centre", "target": "songming", "layer": "transport", "minutes": 40.0, "opens": 5}
    with_road = replace(load_scenario("as_written"), links=({**road, "cost": 900.0},))
    poor = replace(with_road.with_levers({"I16a": 100.0}), links=({**road, "cost": 60_000.0},))
    for luck, policy in enumerate(("as_written", "ambitious", "baseline", with_road, poor), start=1):
        model = RegionModel(policy, rng=luck, scale=50)
        for _ in range(6):
            model.begin_quarter()
            for this in STAGES:
                before = fingerprints(model)
                with watched(model) as seen:
                    this.run(model)
                after = fingerprints(model)
                idle[this.name][0].difference_update(seen)
                idle[this.name][1].difference_update(column for column in after if before[column] != after[column])
    assert not {name: left for name, left in idle.items() if left[0] or left[1]}


# --- the checked mode ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def region() -> RegionModel:
    return RegionModel(rng=LUCK, scale=400)


@stage(reads="firms.capital firms.weight", writes="region.energy_use")
def honest(model: RegionModel) -> None:
    """Write a declared total of a declared column."""
    model.region.energy_use[:] = float(model.firms.capital @ model.firms.weight)


@stage(reads="firms.capital", writes="region.energy_use")
def in_place(model: RegionModel) -> None:
    """Change an undeclared column in place."""
    model.firms.capital[3] += 1.0


@stage(reads="firms.capital", writes="region.energy_use")
def replaced(model: RegionModel) -> None:
    """Replace an undeclared column."""
    model.firms.capital = model.firms.capital * 2.0


@stage(reads="", writes="region.energy_use")
def peeking(model: RegionModel) -> None:
    """Read an undeclared column."""
    model.region.energy_use[:] = float(model.parks.serviced.sum())


@stage(reads="", writes="firms.capital")
def through_a_property(model: RegionModel) -> None:
    """Read an undeclared column behind a property of the population."""
    _ = model.firms.employment


@stage(reads="queue.*", writes="queue.land")
def joining(model: RegionModel) -> None:
    """Let a row in without declaring it."""
    model.queue.add([10**6], land=1.0)


@stage(reads="queue.*", writes="queue.id")
def joining_openly(model: RegionModel) -> None:
    """Let a row in, declared as `.id`."""
    model.queue.add([10**7], land=1.0)


def test_an_honest_stage_passes(region: RegionModel) -> None:
    run_checked(honest, region)
    run_checked(joining_openly, region)


@pytest.mark.parametrize(
    ("this", "said"),
    [
        (in_place, r"in_place changed \['firms.capital'\]"),
        (replaced, r"replaced changed \['firms.capital'\]"),
        (peeking, r"peeking read \['parks.serviced'\]"),
        (through_a_property, r"through_a_property read \['firms.staff'\]"),
        (joining, r"joining changed \[.*'queue.id'"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_stage_that_hides_something_is_caught(this: Stage, said: str, region: RegionModel) -> None:
    kinds = {name: type(getattr(region, name)) for name in TRACKED}
    with pytest.raises(UndeclaredError, match=said):
        run_checked(this, region)
    assert {name: type(getattr(region, name)) for name in TRACKED} == kinds, "the watch is over when the stage is"


@pytest.mark.parametrize("position", range(14), ids=NAMES)
def test_a_planted_offence_in_a_real_stage_stops_a_checked_step(position: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a checked model, any stage that starts to write homes' amenity or to read prospects' rivals is stopped."""
    this = STAGES[position]
    if covers(this.writes, "homes.base_residents") or covers(this.reads, "homes.base_residents"):
        target, ask = (
            "markets.base_output",
            lambda model: model.markets.__setattr__("base_output", model.markets.base_output + 1.0),
        )
    else:
        target, ask = (
            "homes.base_residents",
            lambda model: model.homes.__setattr__("base_residents", model.homes.base_residents + 1.0),
        )

    def spoilt(model: RegionModel) -> None:
        this.run(model)
        ask(model)

    monkeypatch.setattr(f"sim.model.{this.name}", replace(this, run=spoilt))
    with pytest.raises(UndeclaredError, match=f"stage {this.name} changed \\['{target}'\\]"):
        RegionModel(rng=LUCK, scale=400, checked=True).step()
    RegionModel(rng=LUCK, scale=400, checked=False).step()  # an unchecked run pays nothing and sees nothing


def test_watching_changes_no_number() -> None:
    one, two = (RegionModel("as_written", rng=LUCK, scale=100, checked=checked).run(3) for checked in (False, True))
    assert fingerprints(one) == fingerprints(two)


def test_names_are_split_at_commas_and_space() -> None:
    assert names("firms.cash, parks.idle\n  queue.*") == {"firms.cash", "parks.idle", "queue.*"}
    assert covers(names("queue.*"), "queue.land") and not covers(names("queue.land"), "queue.site")


# --- one read reaches one write ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Link:
    """A declared read, how it is perturbed, and a declared write (or attribute) that must move with it."""

    stage: str
    read: str
    write: str
    perturb: Callable[[RegionModel], None]
    quarter: int = 3
    levers: tuple[tuple[str, float], ...] = ()
    effect: Callable[[RegionModel], Any] | None = None  # what the stage exists to change, where no column is written

    @property
    def id(self) -> str:
        return f"{self.stage}:{self.read}->{self.write}"


def times(population: str, column: str, factor: float) -> Callable[[RegionModel], None]:
    def perturb(model: RegionModel) -> None:
        rows = getattr(model, population)
        setattr(rows, column, getattr(rows, column) * factor)

    return perturb


def coordinate(model: RegionModel) -> None:
    model.policy.settings.update(Scenario("x").with_levers({"I20a": 1.0}).levers)


def more_land(model: RegionModel) -> None:
    model.policy.settings.update(Scenario("x").with_levers({"I13a": 5.0}).levers)


def joint_plan(model: RegionModel) -> None:
    model.terms.layer_planning.add("I17a", 0.5)


def close_roads(model: RegionModel) -> None:
    model.network.opens[np.flatnonzero(model.network.layer == 0)[:5]] = model.quarter + 1


def larger_park(model: RegionModel) -> None:
    model.parks.planned[0] *= 3.0


def dear_homes(model: RegionModel) -> None:
    model.homes.house_price[0] = 5.0


def link(stage_name: str, read: str, write: str, factor: float = 1.2, **options: Any) -> Link:
    population, column = read.split(".")
    return Link(stage_name, read, write, times(population, column, factor), **options)


LINKS = (
    Link("announce_policy", "policy", "government.implementation", coordinate),
    Link("announce_policy", "policy", "terms", more_land, effect=lambda m: m.terms.land_quota.total),
    link("ration_support", "government.cash", "government.rationed", 0.0, levers=(("I11a", 25000.0),)),
    link("ration_support", "government.own_taxes", "government.cash"),
    Link("rebuild_links", "terms", "network.kernels", joint_plan, effect=lambda m: m.kernels.minutes),
    Link("rebuild_links", "network", "network.kernels", close_roads, effect=lambda m: m.kernels.commute),
    link("offer_land", "parks.idle", "parks.serviced"),
    Link("offer_land", "parks.planned", "parks.unserviced", larger_park),
    link("offer_land", "parks.receipts", "parks.receipts_before", quarter=5),
    link("recruit", "parks.serviced", "parks.occupied", 0.0),
    link("recruit", "queue.land", "firms.land", 2.0),
    link("recruit", "queue.start", "firms.id", 2),
    link("plan_firms", "firms.orders", "firms.expected_sales"),
    link("plan_firms", "firms.debt", "firms.investment", 100.0),
    link("plan_firms", "pools.wage", "firms.rd_spending"),
    link("match_labour", "firms.wanted", "talent.cell"),
    link("match_labour", "pools.normal_tightness", "pools.wage", 0.5),
    link("choose_residence", "homes.residents", "homes.house_price"),
    link("choose_residence", "pools.wage", "talent.id"),
    Link("choose_residence", "homes.house_price", "talent.home", dear_homes),
    link("build_capital", "firms.investment", "firms.capital"),
    link("build_capital", "homes.house_price", "region.housing_formation"),
    link("build_capital", "region.infrastructure_other", "parks.public_capital"),
    link("produce_and_sell", "firms.capital", "firms.capacity"),
    link("produce_and_sell", "firms.rd_stock", "firms.productivity"),
    link("produce_and_sell", "markets.price", "markets.demand"),
    link("produce_and_sell", "region.wage_bill", "markets.demand"),
    link("innovate", "firms.rd_spending", "firms.rd_stock"),
    link("settle_accounts", "firms.value_added", "firms.cash"),
    link("settle_accounts", "pools.wage", "firms.profit"),
    link("settle_accounts", "government.regular_spending", "government.spending"),
    link("enter_and_exit", "firms.cash", "firms.id", -1.0),
    link("enter_and_exit", "markets.output", "firms.id", 3.0),
    link("enter_and_exit", "firms.land", "parks.idle", quarter=3),
    link("measure", "firms.sales", "record", effect=lambda m: m.record["gdp"][m.quarter]),
    link("measure", "talent.wage", "record", effect=lambda m: m.record["mean_wage"][m.quarter]),
    link("measure", "pools.wage", "attractiveness", effect=lambda m: m.attractiveness),
)


def opened(this: Link) -> RegionModel:
    """Return a model in the given quarter, just before the stage."""
    model = RegionModel(Scenario("x").with_levers(dict(this.levers)), rng=LUCK, scale=SCALE).run(this.quarter - 1)
    model.begin_quarter()
    for earlier in STAGES[: NAMES.index(this.stage)]:
        earlier(model)
    return model


def written(model: RegionModel, this: Link) -> np.ndarray:
    if this.effect is not None:
        return np.asarray(this.effect(model))
    population, column = this.write.split(".")
    return getattr(getattr(model, population), column)


@pytest.mark.parametrize("this", LINKS, ids=[this.id for this in LINKS])
def test_a_declared_read_moves_a_declared_write(this: Link) -> None:
    found = STAGES[NAMES.index(this.stage)]
    if "." in this.read:
        assert covers(found.reads, this.read), "the read is not declared"
    plain, other = opened(this), opened(this)
    assert fingerprints(plain) == fingerprints(other)
    this.perturb(other)
    found(plain)
    found(other)
    assert not np.array_equal(written(plain, this), written(other, this))
    if this.effect is None:
        moves_rows = plain.firms.n != other.firms.n or this.write.startswith("firms.")
        declared = covers(found.writes, this.write) or (moves_rows and covers(found.writes, "firms.id"))
        assert declared, "the write is not declared"


def test_every_stage_has_such_a_pair() -> None:
    assert {this.stage for this in LINKS} == set(NAMES)

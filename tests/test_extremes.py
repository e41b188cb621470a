"""Every number at the ends of its range, every lever at its limits, and worlds in which something is missing.

The identities, signs and ranges of `tests/test_identities.py` must hold in each, and a failure names the number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from agents.talent import SEARCHING
from sim.build import Start, build_start, share_out
from sim.model import RegionModel
from sim.params import central
from sim.scenario import LAST_QUARTER, load_scenario
from sim.targets import measure
from tests.test_identities import INPUTS, LEVERS, World, examine, wrong_in

SCALE = 400
AS_WRITTEN = {lever: (s.value, s.start, s.end, s.ramp) for lever, s in load_scenario("as_written").levers.items()}
ENDS = ("low", "high")
Levers = dict[str, tuple[float, int, int | None, int]]


# --- parameters ----------------------------------------------------------------------------------------------------


def at_either_end(ident: str, quarters: int, checked: bool) -> None:
    for value in sorted({INPUTS[ident].low, INPUTS[ident].high}):
        examine(World(AS_WRITTEN, None, "observed", 7, SCALE, quarters, checked, {ident: value}))


@pytest.mark.parametrize("ident", sorted(INPUTS))
def test_a_parameter_may_lie_at_either_end(ident: str) -> None:
    at_either_end(ident, 4, checked=False)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("ident", sorted(INPUTS))
def test_a_parameter_may_lie_at_either_end_for_five_years(ident: str) -> None:
    at_either_end(ident, 20, checked=True)


@pytest.mark.parametrize("end", ENDS)
def test_all_parameters_may_lie_at_one_end(end: str) -> None:
    values = {ident: getattr(row, end) for ident, row in INPUTS.items()}
    examine(World(AS_WRITTEN, None, "observed", 7, SCALE, 20, True, values))


# --- levers and dates ----------------------------------------------------------------------------------------------

# First quarter, last quarter, ramp: at once and for good, one quarter only, the last quarter only, ramps that outlast
# the setting, the run, or both.
EDGES = (
    (1, None, 0),
    (1, 1, 0),
    (LAST_QUARTER, None, 0),
    (LAST_QUARTER, LAST_QUARTER, LAST_QUARTER),
    (1, LAST_QUARTER, LAST_QUARTER),
    (2, 3, LAST_QUARTER),
    (LAST_QUARTER - 1, LAST_QUARTER, 1),
)


def dated(shift: int) -> Levers:
    """Return all levers, low and high in turn, each with other dates; every shift gives every lever another edge."""
    return {
        lever: (getattr(row, ENDS[(k + shift) % 2]), *EDGES[(k + shift) % len(EDGES)])
        for k, (lever, row) in enumerate(LEVERS.items())
    }


@pytest.mark.parametrize("end", ENDS)
def test_all_levers_may_lie_at_one_end_to_2030(end: str) -> None:
    levers = {lever: (getattr(row, end), 1, None, 0) for lever, row in LEVERS.items()}
    examine(World(levers, None, "observed", 7, SCALE, LAST_QUARTER))


@pytest.mark.parametrize("shift", range(len(EDGES)))
def test_all_levers_may_be_dated_at_the_edges_of_the_run(shift: int) -> None:
    examine(World(dated(shift), None, "observed", 7, SCALE, LAST_QUARTER))


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("end", ENDS)
def test_all_levers_may_share_an_edge(end: str, edge: tuple[int, int | None, int]) -> None:
    levers = {lever: (getattr(row, end), *edge) for lever, row in LEVERS.items()}
    examine(World(levers, None, "observed", 7, SCALE, LAST_QUARTER if edge[0] > 2 else 4))


def test_a_policy_may_find_no_money() -> None:
    """Ask for everything at its dearest, with no grant, no bond, no retained tax, and the least land and fees."""
    dear = {lever: (row.high, 1, None, 0) for lever, row in LEVERS.items()}
    purse = {lever: (LEVERS[lever].low, 1, None, 0) for lever in ("I18a", "I18b", "I18c", "I18d")}
    poor = {ident: INPUTS[ident].low for ident in ("P101", "Q63", "N76")}
    world = World({**dear, **purse}, None, "observed", 7, SCALE, 20, True, poor)
    examine(world)
    model = world.model().run(20)
    assert np.nanmax(model.record["budget_rationed"]) > 0.0, "and so it is cut"


@pytest.mark.parametrize("path", ["observed", "as_seen_in_2020"])
@pytest.mark.parametrize("scenario", ["baseline", "as_written", "ambitious"])
def test_a_run_may_last_to_2030(scenario: str, path: str) -> None:
    levers = {lever: (s.value, s.start, s.end, s.ramp) for lever, s in load_scenario(scenario).levers.items()}
    examine(World(levers, None, path, 7, SCALE, LAST_QUARTER))


# --- worlds in which something is missing --------------------------------------------------------------------------


def nobody_here(start: Start, site: np.ndarray) -> None:
    """Let everybody at work on these sites (a mask) search instead; commuters from Kunming stay at home."""
    talent, frame = start.talent, start.frame
    out = (talent.cell >= 0) & site[start.cells.site[np.maximum(talent.cell, 0)]]
    talent.cell = np.where(out, SEARCHING, talent.cell)
    talent.keep(~(out & (talent.home == len(frame.sites))))
    persons = talent.workers(start.cells.count) * frame.person_weight
    start.firms.staff = share_out(start.firms, start.cells, start.firms.staff, persons)


def nobody_enters(start: Start, site: np.ndarray) -> None:
    """Let no firm be founded on these sites (a mask) and none move in."""
    columns = ("entry_per_quarter", "movers_per_quarter", "base_firms")
    start.frame = replace(
        start.frame, **{name: np.where(site[:, None], 0.0, getattr(start.frame, name)) for name in columns}
    )


def no_firms(start: Start) -> None:
    start.firms.keep(np.zeros(start.firms.n, bool))
    nobody_here(start, np.ones(start.parks.n, bool))


def no_firms_ever(start: Start) -> None:
    no_firms(start)
    nobody_enters(start, np.ones(start.parks.n, bool))
    start.prospects = start.prospects.copy()
    start.prospects.keep(np.zeros(start.prospects.n, bool))


def no_talent(start: Start) -> None:
    start.talent.keep(np.zeros(start.talent.n, bool))
    start.firms.staff[:] = 0.0


def no_talent_ever(start: Start) -> None:
    no_talent(start)
    start.frame = replace(start.frame, kunming_searchers=np.zeros(4))


def no_budget(start: Start) -> None:
    for name in ("cash", "bond_debt", "base_revenue", "revenue", "own_taxes"):
        getattr(start.government, name)[:] = 0.0
    start.frame = replace(start.frame, local_tax_share=np.zeros(len(start.frame.sectors)))


def one_park(start: Start, name: str = "anning_park") -> None:
    """Leave firms, land and recruiters in one park; the other sites are villages."""
    other = np.array([site != name for site in start.frame.sites])
    start.firms.keep(~other[start.firms.site])
    nobody_here(start, other)
    nobody_enters(start, other)
    for column in ("planned", "unserviced", "serviced", "occupied", "idle", "effort", "public_capital"):
        getattr(start.parks, column)[other] = 0.0
    start.parks.effort[~other] = 1.0


def nothing(start: Start) -> None:
    no_firms_ever(start)
    no_talent_ever(start)
    no_budget(start)
    for column in ("unserviced", "serviced", "occupied", "idle", "public_capital"):
        getattr(start.parks, column)[:] = 0.0


MISSING: tuple[Callable[[Start], None], ...] = (
    no_firms,
    no_firms_ever,
    no_talent,
    no_talent_ever,
    no_budget,
    one_park,
    nothing,
)


def without(change: Callable[[Start], None], scenario: str) -> RegionModel:
    case = load_scenario(scenario)
    start = build_start(central(), np.random.SeedSequence(7), SCALE, case)
    change(start)
    return RegionModel(case, rng=7, scale=SCALE, start=start, checked=True, horizon_quarters=20)


def run_sound(model: RegionModel, quarters: int) -> None:
    for _ in range(quarters):
        model.step()
        wrong = wrong_in(model)
        assert not wrong, f"quarter {model.quarter}: {wrong}"


@pytest.mark.parametrize("scenario", ["baseline", "ambitious"])
@pytest.mark.parametrize("change", MISSING)
def test_a_world_may_begin_without(change: Callable[[Start], None], scenario: str) -> None:
    model = without(change, scenario)
    run_sound(model, 20)
    for name, found in measure(model.record, model.p).items():
        assert found.value is None or np.isfinite(found.value), name
        assert not (found.reached and found.value is None), f"{name} is reached and undefined"


def test_what_is_missing_stays_away_only_where_nobody_can_come() -> None:
    gone, back = without(no_firms_ever, "baseline").run(8), without(no_firms, "baseline").run(8)
    assert gone.firms.n == 0 and gone.now["gdp"] == gone.now["employment"] == 0.0
    assert back.now["firms"] > 0.0 and back.now["gdp"] > 0.0, "start-ups, movers and projects come"
    empty, hired = without(no_talent_ever, "baseline").run(8), without(no_talent, "baseline").run(8)
    assert empty.talent.n == 0 and empty.now["gdp"] == 0.0
    assert hired.now["employment"] == hired.now["commuters_in"] > 0.0, "commuters from Kunming come"


def everybody_fails(model: RegionModel) -> None:
    """Let every firm lose all it has and ever could borrow: its money goes to owners, so the books stay closed."""
    loss = np.maximum(model.firms.cash, 0.0) + 10.0 * model.firms.capital + 1.0
    model.firms.cash = model.firms.cash - loss
    model.ledger.post("payout", "firms", "owners", float((loss * model.firms.weight).sum()))


def everybody_leaves(model: RegionModel) -> None:
    """Let all persons move to the rest of the country, as stage 8 does with some."""
    model.region.reservoir[0, 2] += model.talent.n * model.frame.person_weight
    model.talent.keep(np.zeros(model.talent.n, bool))
    model.firms.staff[:] = 0.0


def the_till_is_empty(model: RegionModel) -> None:
    """Let the committee hand its cash and its parks' cash to builders."""
    model.pay("services", "new_area", "builders", float(model.government.cash[0]))
    model.ledger.post("servicing", "parks", "builders", float(model.parks.budget.sum()))
    model.parks.budget[:] = 0.0


@pytest.mark.parametrize("blow", [everybody_fails, everybody_leaves, the_till_is_empty])
@pytest.mark.parametrize("scenario", ["baseline", "ambitious"])
def test_a_world_may_lose_everything_on_the_way(blow: Callable[[RegionModel], None], scenario: str) -> None:
    model = RegionModel(scenario, rng=7, scale=SCALE, checked=True).run(3)
    blow(model)
    run_sound(model, 9)

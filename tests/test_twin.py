"""Engine and object twin, agent by agent: what the columns do is what the readable specification says.

Five stages are written twice (see `tests/twin`). Over five years the whole numbers of both are identical and the real
ones agree to 1e-9; nothing is carried over from the engine but what the other nine stages do.
"""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import tests.twin.firm as firm_rules
import tests.twin.labour as labour_rules
import tests.twin.residence as residence_rules
from agents.columns import Population
from agents.face import mesa
from sim.model import STAGES, RegionModel
from sim.params import Parameters, draw
from tests.twin.compare import TOLERANCE, Differences, Moves
from tests.twin.economy import Economy
from tests.twin.feed import TWINNED, Pair, events, tell
from tests.twin.firm import FIELDS, Firm
from tests.twin.person import Person

QUARTERS = 20
RULES = sorted(
    path for path in Path(firm_rules.__file__).parent.glob("*.py") if path.stem not in {"feed", "compare", "__init__"}
)


def new_pair(luck: int, scale: float, scenario: str = "as_written", parameters: Parameters | None = None) -> Pair:
    seed = np.random.SeedSequence(luck)
    return Pair(RegionModel(scenario, rng=seed, scale=scale, parameters=parameters), seed)


def run(pair: Pair, quarters: int) -> Differences:
    """Step both, and compare everything after every twinned stage."""
    seen, moves = Differences(), Moves()

    def watch(name: str, model: RegionModel, economy: Economy) -> None:
        seen.stage(name, model, economy)
        if name == "match_labour":
            moves.check(f"quarter {model.quarter}", economy)

    with moves.watched():
        for _ in range(quarters):
            pair.step(watch)
    return seen


@pytest.mark.parametrize("luck", [1, 2, 3])
def test_engine_and_twin_agree_for_five_years(luck):
    pair = new_pair(luck, scale=200)
    seen = run(pair, QUARTERS)
    assert pair.model.quarter == QUARTERS
    assert seen.worst[0] <= TOLERANCE, seen.worst
    assert len(seen.largest) > 75, "few numbers were compared"


@pytest.mark.slow
def test_engine_and_twin_agree_at_scale_50():
    assert run(new_pair(4, scale=50), QUARTERS).worst[0] <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["baseline", "ambitious"])
def test_engine_and_twin_agree_in_other_scenarios(scenario):
    assert run(new_pair(5, scale=200, scenario=scenario), QUARTERS).worst[0] <= TOLERANCE


@pytest.mark.slow
@pytest.mark.parametrize("luck", [11, 12, 13, 14])
def test_engine_and_twin_agree_under_drawn_assumptions(luck):
    parameters = draw(np.random.SeedSequence(luck + 1000))
    assert run(new_pair(luck, scale=300, parameters=parameters), QUARTERS).worst[0] <= TOLERANCE


def test_the_quarters_are_not_empty():
    """The comparison means little unless people part, are hired, move, come and go, and firms do too."""
    pair = new_pair(1, scale=200)
    first_firms, first_persons = set(pair.economy.firms), set(pair.economy.persons)
    home = {person.id: person.home for person in pair.economy.persons.values()}
    run(pair, 4)
    economy = pair.economy
    assert len(economy.separated) > 10 and len(economy.hired) > 10
    assert first_firms - economy.firms.keys() and economy.firms.keys() - first_firms
    assert first_persons - economy.persons.keys() and economy.persons.keys() - first_persons
    assert any(person.home != home.get(person.id, person.home) for person in economy.persons.values())
    assert any(firm.high_tech and firm.rd_spending for firm in economy.firms.values())


# A comparison that cannot fail proves nothing: each of these bends one rule of the twin by a little.
def bent_staff(monkeypatch):
    plan = Firm.plan_staff
    monkeypatch.setattr(
        Firm, "plan_staff", lambda f, mix, e, share, cost, k, p: plan(f, mix, e, share, cost + 1e-6, k, p)
    )


def bent_quits(monkeypatch):
    monkeypatch.setattr(Person, "quits", lambda person, draw, rate: person.cell >= 0 and draw < rate)


def bent_seats(monkeypatch):
    seat = labour_rules.seat
    monkeypatch.setattr(labour_rules, "seat", lambda economy, people, cells: seat(economy, people, cells[::-1]))


def bent_homes(monkeypatch):
    monkeypatch.setattr(Person, "best_home", lambda person, tastes, values: values.index(max(values)))


def bent_arrivals(monkeypatch):
    pull = residence_rules.pull_factor
    monkeypatch.setattr(residence_rules, "pull_factor", lambda e: [value + 0.2 for value in pull(e)])


def bent_shares(monkeypatch):
    monkeypatch.setattr(Firm, "pull", property(lambda f: 0.0 if f.building else f.customer_base))


def bent_payouts(monkeypatch):
    pay = Firm.pay

    def pay_late(firm, account, p):
        pay(firm, account, p)
        firm.cash += 1e-6 * account.payout

    monkeypatch.setattr(Firm, "pay", pay_late)


BENT = [bent_staff, bent_quits, bent_seats, bent_homes, bent_arrivals, bent_shares, bent_payouts]


@pytest.mark.parametrize("bend", BENT, ids=lambda bend: bend.__name__)
def test_a_rule_bent_a_little_is_noticed(monkeypatch, bend):
    pair = new_pair(1, scale=400)
    bend(monkeypatch)
    with pytest.raises(AssertionError, match="quarter"):
        run(pair, 4)


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_the_rules_of_the_twin_use_nothing_of_the_engine(path):
    """Only the streams and Mesa: no stage, no population, and numpy nowhere but where a draw is received."""
    allowed = {"agents.face", "agents.streams", "numpy"} if path.stem == "economy" else {"agents.face"}
    used = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            used |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            used.add(node.module or "")
    ours = {name for name in used if name.split(".")[0] in {"agents", "sim", "experiments", "numpy", "scipy", "pandas"}}
    assert ours <= allowed


def test_the_agents_of_the_twin_are_plain_agents_of_mesa():
    assert Firm.__mro__[1] is mesa.Agent and Person.__mro__[1] is mesa.Agent and Economy.__mro__[1] is mesa.Model
    assert TWINNED.keys() < {this.name for this in STAGES}


def test_events_of_other_stages_reach_the_twin():
    """Who leaves, who comes and what changes is told by id, and a difference is added to the twin's own value."""
    pair = new_pair(1, scale=400)
    model, economy = pair.model, pair.economy
    ident, other = (int(i) for i in model.firms.id[:2])
    economy.firms[ident].cash += 1.0  # the twin's own
    mine = economy.firms[ident].cash
    model.firms.cash[0] += 5.0
    model.firms.keep(model.firms.id != other)
    gone, changes, came = events(pair.seen.firms, model.firms, FIELDS)
    assert gone == [other] and came == [] and [change[:2] for change in changes] == [(ident, "cash")]
    tell(economy, pair.seen, model)
    assert economy.firms[ident].cash == pytest.approx(mine + 5.0, abs=1e-9)
    assert other not in economy.firms
    assert isinstance(model.firms, Population)

"""The same seed gives the same bytes: in the process, in another one, for any number of workers; nothing is left."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import subprocess
import sys
import weakref
from pathlib import Path

import mesa
import numpy as np
import pytest

from agents.face import Home
from experiments.ensemble import Plan, run_plan
from experiments.store import document_text
from sim.build import build_start
from sim.model import RegionModel
from sim.params import central, draw
from sim.scenario import load_scenario
from sim.schedule import TRACKED, fingerprints

ROOT = Path(__file__).resolve().parent.parent

DIGEST = """
import hashlib
from sim import RegionModel
from sim.schedule import fingerprints
model = RegionModel("as_written", rng=11, scale=200).run(6)
digest = hashlib.sha256()
for name in sorted(model.record):
    digest.update(model.record[name].tobytes())
for name, mark in sorted(fingerprints(model).items()):
    digest.update(mark)
for book in (model.ledger.balance, model.ledger.paid, model.ledger.rationed):
    digest.update(repr(sorted(book.items())).encode())
print(digest.hexdigest())
"""


def digest(model: RegionModel) -> str:
    total = hashlib.sha256()
    for name in sorted(model.record):
        total.update(model.record[name].tobytes())
    for _, mark in sorted(fingerprints(model).items()):
        total.update(mark)
    for book in (model.ledger.balance, model.ledger.paid, model.ledger.rationed):
        total.update(repr(sorted(book.items())).encode())
    return total.hexdigest()


def fresh(hash_seed: str) -> str:
    """The digest of the same run in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", DIGEST], capture_output=True, text=True, env=environment, cwd=ROOT, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def small(seed: int = 11, **options) -> RegionModel:
    return RegionModel(options.pop("scenario", "as_written"), rng=seed, scale=200, **options).run(6)


# --- the same bytes ------------------------------------------------------------------------------------------------


def test_a_seed_gives_the_same_bytes_in_one_process() -> None:
    assert digest(small()) == digest(small())


def test_a_seed_gives_the_same_bytes_in_any_process() -> None:
    assert fresh("0") == fresh("1") == digest(small())


def test_the_form_of_the_seed_does_not_matter() -> None:
    plain = digest(small())
    assert plain == digest(small(np.random.SeedSequence(11)))
    used = np.random.SeedSequence(11)
    used.spawn(3)
    assert plain == digest(small(used)), "a seed sequence that has had children is still the same seed"


@pytest.mark.parametrize("seed", [12, np.random.SeedSequence(11, spawn_key=(1,))], ids=["another", "a child"])
def test_another_seed_gives_another_run(seed) -> None:
    assert digest(small(seed)) != digest(small())


def test_the_global_generators_are_neither_read_nor_moved() -> None:
    import random

    expected = digest(small())
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002 - the point is that the model ignores it
    before = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002
    assert digest(small()) == expected
    assert random.getstate() == before[0] and np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002


def test_steps_and_run_are_the_same() -> None:
    model = RegionModel("as_written", rng=11, scale=200)
    for _ in range(6):
        model.step()
    assert digest(model) == digest(small())
    assert digest(RegionModel("as_written", rng=11, scale=200).run(2).run(4)) == digest(model)


def test_a_longer_horizon_changes_nothing_before_it() -> None:
    short, long = (small(horizon_quarters=horizon) for horizon in (6, 40))
    assert all(np.array_equal(short.record[name], long.record[name][:7]) for name in short.record)
    with pytest.raises(IndexError, match="horizon"):
        short.step()


def test_a_run_that_is_looked_at_is_the_same_run() -> None:
    """Asking for agents, frames, identities and graphs between the quarters moves nothing."""
    model = RegionModel("as_written", rng=11, scale=200)
    for _ in range(6):
        model.step()
        model.identities()
        model.firms.frame()
        model.agents.select(at_most=5).get("unique_id")
        model.network.as_networkx()
        model.datacollector.get_model_vars_dataframe()
    assert digest(model) == digest(small())


# --- arms of one start ---------------------------------------------------------------------------------------------


def test_arms_that_share_a_start_do_not_disturb_each_other() -> None:
    seed, scenario = np.random.SeedSequence(11), load_scenario("baseline")
    shared = build_start(central(), seed, 200, scenario)
    before = {
        name: {c: getattr(getattr(shared, name), c).copy() for c in getattr(shared, name).columns} for name in MOVING
    }
    arms = [RegionModel(name, rng=11, scale=200, start=shared) for name in ("baseline", "as_written", "ambitious")]
    for _ in range(6):  # in turns, so that anything shared would show
        for arm in arms:
            arm.step()
    for arm, name in zip(arms, ("baseline", "as_written", "ambitious"), strict=True):
        assert digest(arm) == digest(RegionModel(name, rng=11, scale=200).run(6)), f"{name} depends on the other arms"
    for name, columns in before.items():
        for column, values in columns.items():
            assert np.array_equal(getattr(getattr(shared, name), column), values), f"the start's {name}.{column} moved"
    assert not any(shared.ledger.balance.values()) and not shared.ledger.paid


MOVING = tuple(name for name in TRACKED if name != "queue")


def test_arms_share_no_array() -> None:
    shared = build_start(central(), np.random.SeedSequence(11), 400, load_scenario("baseline"))
    one, other = (RegionModel("baseline", rng=11, scale=400, start=shared) for _ in range(2))
    for name in TRACKED:
        for column in (*getattr(one, name).columns, "id"):
            first, second = getattr(getattr(one, name), column), getattr(getattr(other, name), column)
            assert first.size == 0 or not np.shares_memory(first, second), f"{name}.{column}"
    for column in ("weight", "open", "minutes", "opens"):
        assert not np.shares_memory(getattr(one.network, column), getattr(other.network, column))


def test_luck_is_common_to_the_arms() -> None:
    """The same prospects, shocks and newcomers in every arm: a policy that starts late changes nothing before."""
    late = load_scenario("baseline").with_levers({"I13a": {"value": 15.0, "from": "2022Q1"}})
    one, other = RegionModel("baseline", rng=11, scale=200).run(4), RegionModel(late, rng=11, scale=200).run(4)
    assert digest(one) == digest(other)
    one.step(), other.step()
    assert digest(one) != digest(other)
    assert np.array_equal(one.prospects.investment, other.prospects.investment)


# --- nothing is left -----------------------------------------------------------------------------------------------


def test_two_hundred_models_leave_nothing() -> None:
    gc.collect()
    before = len(getattr(mesa.Agent, "_ids", {}))
    kept = []
    for luck in range(200):
        model = RegionModel("baseline", rng=luck, scale=400)
        if luck % 10 == 0:
            model.step()
            model.agents.select(at_most=3)
        kept.append(weakref.ref(model))
        del model
    gc.collect()
    assert sum(ref() is not None for ref in kept) == 0
    assert len(getattr(mesa.Agent, "_ids", {})) == before


def test_a_headless_run_makes_no_view(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(Home, "view", lambda home, ident, row=0: made.append(ident))
    model = RegionModel("as_written", rng=11, scale=200).run(6)
    assert not made
    assert len(model.agents) == model.firms.n + model.talent.n + model.parks.n + 1 and not made
    _ = model.agents[0]
    assert made


# --- ensembles -----------------------------------------------------------------------------------------------------


def document(workers: int) -> str:
    plan = Plan(
        load_scenario("as_written"), load_scenario("baseline"), scale=200, replicates=4, seed=3, workers=workers
    )
    outcome = run_plan(plan)
    assert not outcome.failures
    return document_text(outcome.verdict)


def test_an_ensemble_of_the_model_is_the_same_for_one_and_two_workers() -> None:
    one, two = document(1), document(2)
    assert one == two
    assert json.loads(one)["replicates"] == 4


def test_a_draw_is_the_same_in_any_process() -> None:
    code = (
        "import numpy as np, hashlib\nfrom sim.params import draw\n"
        "print(hashlib.sha256(repr(sorted(draw(np.random.SeedSequence(5)).values.items())).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "3", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
    here = hashlib.sha256(repr(sorted(draw(np.random.SeedSequence(5)).values.items())).encode()).hexdigest()
    assert done.stdout.strip() == here

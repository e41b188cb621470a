"""A branch from a quarter is the run that had that policy from the start: bit for bit, and independent of its stem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.errors import InputError
from sim.model import RegionModel
from sim.scenario import load_scenario
from sim.schedule import fingerprints

SCALE = 200


def later(name: str, quarter: int):
    """A scenario whose levers all begin in a quarter."""
    case = load_scenario(name)
    return replace(case, levers={lever: replace(s, start=quarter) for lever, s in case.levers.items()})


@pytest.mark.parametrize("quarter", [0, 3, 8])
def test_a_branch_is_the_run_of_its_policy_from_the_start(quarter):
    case = later("as_written", quarter + 1)
    whole = RegionModel(case, rng=7, scale=SCALE).run(12)
    stem = RegionModel("baseline", rng=7, scale=SCALE).run(quarter)
    branch = stem.branch(case).run(12 - quarter)
    assert fingerprints(branch) == fingerprints(whole)
    assert all(np.array_equal(branch.record[name], whole.record[name], equal_nan=True) for name in whole.record)
    assert branch.ledger.paid == whole.ledger.paid
    assert sum(branch.ledger.paid.values()) > sum(
        RegionModel("baseline", rng=7, scale=SCALE).run(12).ledger.paid.values()
    )


def test_a_branch_leaves_its_stem_alone():
    stem = RegionModel("baseline", rng=7, scale=SCALE).run(4)
    stem.branch(I13a=5.0).run(6)
    assert fingerprints(stem.run(6)) == fingerprints(RegionModel("baseline", rng=7, scale=SCALE).run(10))


def test_a_keyword_holds_from_the_next_quarter_on():
    branch = RegionModel("baseline", rng=7, scale=SCALE).run(4).branch(land__annual_quota=5.0)
    assert branch.policy.value("I13a", 4) == branch.policy.table["I13a"].baseline
    assert branch.policy.value("I13a", 5) == 5.0
    assert branch.agents_by_type.keys() == RegionModel("baseline", scale=SCALE).agents_by_type.keys()
    assert next(iter(branch.agents)).model is branch


def test_a_branch_cannot_change_the_past():
    stem = RegionModel("baseline", rng=7, scale=SCALE).run(4)
    with pytest.raises(InputError, match="date it from 2022Q1"):
        stem.branch("as_written")
    with pytest.raises(InputError, match="a branch keeps the assumptions"):
        stem.branch(P14=2.0)

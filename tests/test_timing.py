"""Dates of a scenario that do not fit the run are told, and no others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.check import check_document, check_text
from experiments.ensemble import Plan
from experiments.messages import Messages
from experiments.timing import misfits, warning, warnings
from sim.calibration import tables
from sim.policy.base import PolicyMix
from sim.scenario import LAST_QUARTER, Scenario, Setting, load_scenario, scenario_names

EN, ZH = Messages("en"), Messages("zh")


def scenario(setting: Setting) -> Scenario:
    return Scenario("plan", levers={"I05b": setting})


def said(setting: Setting, horizon: int = 2025) -> list[str]:
    return [warning(row, EN) for row in misfits(scenario(setting), horizon)]


def test_a_lever_that_begins_after_the_horizon_is_told():
    assert said(Setting(2500.0, 21)) == ["I05b begins 2026Q1, after the end of 2025: it has no effect."]
    assert said(Setting(2500.0, 21), 2030) == []
    assert said(Setting(2500.0, 20)) == []
    found = misfits(scenario(Setting(2500.0, 21)), 2025)
    assert warning(found[0], ZH) == "I05b 从 2026Q1 起才实施，晚于 2025 年末：不起作用。"


def test_a_ramp_that_does_not_finish_is_told():
    text = "I05b rises over 8 quarters from 2024Q3; in 2025Q4, its last quarter, it has made 75 % of its change."
    assert said(Setting(2500.0, 15, None, 8)) == [text]
    assert said(Setting(2500.0, 15, None, 6)) == []
    assert said(Setting(2500.0, 15, None, 8), 2030) == []
    assert len(said(Setting(2500.0, 1, 4, 8), 2030)) == 1  # it ends before it is there


def test_a_lever_at_its_baseline_is_no_warning():
    assert said(Setting(tables.levers()["I05b"].baseline, 21)) == []


@pytest.mark.parametrize("name", scenario_names())
@pytest.mark.parametrize("horizon", [2025, 2030])
def test_no_scenario_of_ours_needs_a_warning(name, horizon):
    assert misfits(load_scenario(name), horizon) == []


@given(
    st.integers(1, LAST_QUARTER).flatmap(
        lambda start: st.builds(
            Setting,
            st.just(2500.0),
            st.just(start),
            st.none() | st.integers(start, LAST_QUARTER),
            st.integers(0, LAST_QUARTER),
        )
    ),
    st.sampled_from([2025, 2030]),
)
def test_what_is_told_is_what_the_model_does(setting, horizon):
    row = tables.levers()["I05b"]
    policy = PolicyMix(scenario(setting))
    values = [policy.value("I05b", quarter) for quarter in range(1, 4 * (horizon - 2020) + 1)]
    most = max((value - row.baseline) / (setting.value - row.baseline) for value in values)
    found = misfits(scenario(setting), horizon)
    assert bool(found) is (most < 1.0 - 1e-9)
    if found:
        assert found[0]["reached"] == pytest.approx(most)


def test_check_tells_it_for_the_policy_and_for_its_reference():
    plan = Plan(scenario(Setting(2500.0, 21)), scenario(Setting(2500.0, 1, 4, 8)), replicates=4, workers=1)
    document = check_document(plan, "plan.toml")
    lines = list(warnings(document["timing"], EN))
    assert [line.partition(" begins")[0].partition(" rises")[0] for line in lines] == ["I05b", "Reference: I05b"]
    assert all(line in check_text(document, EN) for line in lines)

"""Charts from a small real answer: they are valid, and what they show is what the document says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from experiments.charts import fan, ledger, palette, reached_dots
from experiments.dashboard.desk import Desk
from experiments.ensemble import run_plan
from experiments.messages import Messages
from experiments.region_map import region_map
from experiments.wording import money, number
from sim.calibration import tables
from sim.scenario import load_scenario


@pytest.fixture(scope="module")
def document():
    plan = Desk().with_policy(load_scenario("as_written")).plan()
    return run_plan(replace(plan, scale=400, replicates=3)).verdict


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_chart_of_a_real_answer_can_be_drawn(document, language, theme):
    colours, text = palette(theme), Messages(language)
    for row in document["targets"]:
        specification, alt = fan(document, row["id"], language, colours, document)
        drawn = json.dumps(specification, allow_nan=False)
        assert f'"target": {tables.targets()[row["id"]].threshold}' in drawn or f"{row['threshold']:g}" in drawn
        assert number(row["median"], row["unit"], text) in alt
    specification, alt = ledger(document, language, colours)
    json.dumps(specification, allow_nan=False)
    assert money(document["fiscal"]["net_cost"], text) in alt
    for year in document["places"]["year"]:
        specification, alt = region_map(document, year, language, colours, "anning")
        json.dumps(specification, allow_nan=False)
        assert str(year) in alt
        assert any(param["name"] == "park" for param in specification["params"])
    specification, alt = reached_dots(document, language, colours)
    json.dumps(specification, allow_nan=False)
    assert f"{document['reached']['median']:g}" in alt

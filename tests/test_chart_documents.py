"""Charts from a small real answer: what they show is what the document says, and it can be read in both themes."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest

from experiments.charts import DOTS, LEDGER_ROWS, fan, ledger, palette, reached_dots
from experiments.dashboard.desk import Desk
from experiments.ensemble import Plan, run_plan
from experiments.messages import Messages
from experiments.published import published
from experiments.region_map import region_map
from experiments.wording import money, number
from sim.calibration import tables
from sim.scenario import load_scenario, scenario_from_mapping

TARGETS = list(tables.targets())
LANGUAGES = ("zh", "en")
THEMES = ("light", "dark")
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b")
NAMED = re.compile(r"(?i)^(rgb|hsl|white|black|red|green|blue|gr[ae]y)")


def small(desk: Desk) -> Plan:
    return replace(desk.plan(), scale=400, replicates=3)


@pytest.fixture(scope="module")
def document():
    return run_plan(small(Desk(load_scenario("as_written")))).verdict


@pytest.fixture(scope="module")
def before(document):
    """The document of the step before: the same but for another policy."""
    moved = json.loads(json.dumps(document))
    for row in moved["targets"]:
        row["yearly"]["median"] = [value - 1.0 for value in row["yearly"]["median"]]
    return moved


@pytest.fixture(params=LANGUAGES)
def language(request):
    return request.param


@pytest.fixture(params=THEMES)
def colours(request):
    return palette(request.param)


def parts(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from parts(inner)


def rows_of(specification: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for key, found in parts(specification) if key == "values" for row in found if isinstance(row, dict)]


def every_chart(document: Any, language: str, colours: Any) -> dict[str, tuple[dict[str, Any], str]]:
    years = document["places"]["year"]
    return {
        **{f"fan {target}": fan(document, target, language, colours) for target in TARGETS},
        "ledger": ledger(document, language, colours),
        "dots": reached_dots(document, language, colours),
        **{f"map {year}": region_map(document, year, language, colours, "anning") for year in years},
    }


def test_every_chart_can_be_drawn_and_told(document, language, colours):
    for name, (specification, alt) in every_chart(document, language, colours).items():
        text = json.dumps(specification, allow_nan=False)
        assert json.loads(text) == specification, name
        assert specification["$schema"].startswith("https://vega.github.io/schema/vega-lite/"), name
        assert specification["title"]["text"], name
        assert len(alt) > 20, name
        assert "None" not in alt, name
        assert "nan" not in alt.lower().split(), name
        assert bool(re.search(r"[\u4e00-\u9fff]", alt)) is (language == "zh"), name
        assert not re.search(r"[{}]", alt + specification["title"]["text"] + specification["title"]["subtitle"]), name


def test_every_colour_is_one_of_the_palette(document, language, colours):
    for name, (specification, _) in every_chart(document, language, colours).items():
        assert set(COLOUR.findall(json.dumps({**specification, "$schema": ""}))) <= set(colours.values()), name
        for key, value in parts(specification):
            if isinstance(value, str) and ("color" in key.lower() or key in {"stroke", "fill"}):
                assert not NAMED.match(value), (name, key, value)


def test_years_are_text_so_that_no_axis_shows_2_025(document, before, language, colours):
    for target in TARGETS:
        specification, _ = fan(document, target, language, colours, before)
        found = {row["year"] for row in rows_of(specification) if "year" in row}
        assert found
        assert all(isinstance(year, str) and re.fullmatch(r"20[23]\d", year) for year in found)
        assert specification["encoding"]["x"]["type"] == "ordinal"


# The fan


@pytest.mark.parametrize("target", TARGETS)
def test_a_fan_shows_the_path_and_the_target_of_the_registry(target, document, language, colours):
    specification, alt = fan(document, target, language, colours)
    declared = tables.targets()[target]
    row = next(row for row in document["targets"] if row["id"] == target)
    yearly = row["yearly"]
    shown = specification["data"]["values"]
    assert [point["year"] for point in shown] == [str(year) for year in yearly["year"]]
    for name in ("median", "p05", "p25", "p75", "p95", "against"):
        assert [point[name] for point in shown] == yearly[name]
    assert all(p["p05"] <= p["p25"] <= p["median"] <= p["p75"] <= p["p95"] for p in shown)
    lines = {point["target"] for point in rows_of(specification) if "target" in point}
    assert lines == {declared.threshold}
    text = Messages(language)
    assert number(row["median"], row["unit"], text) in alt
    assert number(row["median"], row["unit"], text) in specification["title"]["text"]
    assert number(row["against"]["median"], row["unit"], text) in alt
    assert f"{declared.threshold:g}" in alt
    assert text.title(row) in alt
    low, high = specification["layer"][0]["encoding"]["y"]["scale"]["domain"]
    held = [value for point in shown for key, value in point.items() if key != "year" and value is not None]
    assert low < min([*held, declared.threshold])
    assert high > max([*held, declared.threshold])
    scales = {tuple(y["scale"]["domain"]) for key, y in parts(specification) if key == "y" and "scale" in y}
    assert scales == {(low, high)}


def test_the_step_before_is_a_line_of_its_own(document, before, language, colours):
    plain, _ = fan(document, "gdp_growth", language, colours)
    both, _ = fan(document, "gdp_growth", language, colours, before)
    assert len(both["layer"]) == len(plain["layer"]) + 1
    row = next(row for row in before["targets"] if row["id"] == "gdp_growth")
    assert [point["before"] for point in both["data"]["values"]] == row["yearly"]["median"]
    assert {point["before"] for point in plain["data"]["values"]} == {None}
    assert len(both["title"]["subtitle"]) > len(plain["title"]["subtitle"])


def test_a_ghost_of_another_horizon_is_drawn_where_it_has_years(document, before, language, colours):
    short = json.loads(json.dumps(before))
    for row in short["targets"]:
        row["yearly"] = {name: values[:3] for name, values in row["yearly"].items()}
    specification, _ = fan(document, "gdp_growth", language, colours, short)
    ghost = [point["before"] for point in specification["data"]["values"]]
    assert None not in ghost[:3]
    assert set(ghost[3:]) == {None}


def test_published_dots_are_those_of_the_file(document, language, colours):
    text = (resources.files("experiments") / "published.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [(p.target, p.year, p.value, p.source) for p in published()] == [
        (row["target"], int(row["year"]), float(row["value"]), row["source"]) for row in rows
    ]
    for target in TARGETS:
        specification, _ = fan(document, target, language, colours)
        dots = [point for point in rows_of(specification) if "basis" in point]
        assert dots == [
            {
                "year": row["year"],
                "value": float(row["value"]),
                "basis": row[f"basis_{language}"],
                "source": row["source"],
            }
            for row in rows
            if row["target"] == target
        ]
        for dot in dots:
            assert dot["basis"] in specification["title"]["subtitle"]


def test_published_values_have_a_source_and_a_target():
    for point in published():
        assert point.target in tables.targets()
        assert 2021 <= point.year <= 2025
        assert math.isfinite(point.value)
        assert point.source
        assert point.basis_zh
        assert point.basis_en


def test_an_undefined_value_is_a_gap_and_no_error(document, language, colours):
    hollow = json.loads(json.dumps(document))
    row = next(row for row in hollow["targets"] if row["id"] == "land_intensity")
    row["yearly"] = {k: v if k == "year" else [None] * len(v) for k, v in row["yearly"].items()}
    row.update(median=None, p05=None, p95=None)
    specification, alt = fan(hollow, "land_intensity", language, colours)
    json.dumps(specification, allow_nan=False)
    assert Messages(language)("board.undefined") in alt


# The bill and the count


def test_the_rows_of_the_ledger_add_up_to_the_bill(document, language, colours):
    specification, alt = ledger(document, language, colours)
    fiscal, factor = document["fiscal"], 0.01 if language == "zh" else 0.001
    kinds = specification["encoding"]["color"]["scale"]["domain"]
    assert len(set(kinds)) == 2
    values = specification["data"]["values"]
    for kind, wanted in zip(kinds, (fiscal["by_instrument"], fiscal["rationed"]), strict=True):
        total = math.fsum(row["amount"] for row in values if row["kind"] == kind)
        assert total == pytest.approx(factor * math.fsum(wanted.values()), abs=1e-9)
    assert len(fiscal["by_instrument"]) > LEDGER_ROWS  # so that the last row holds the others
    assert len({row["item"] for row in values}) == LEDGER_ROWS + 1
    text = Messages(language)
    assert money(fiscal["net_cost"], text) in alt
    assert money(fiscal["net_cost"], text) in specification["title"]["text"]
    for payer, amount in fiscal["by_payer"].items():
        assert money(amount, text) in specification["title"]["subtitle"], payer
    payers = math.fsum(a for payer, a in fiscal["by_payer"].items() if payer not in ("province", "kunming"))
    assert payers == pytest.approx(fiscal["net_cost"])


def test_the_largest_item_of_the_ledger_comes_first(document, language, colours):
    specification, alt = ledger(document, language, colours)
    first = min(specification["data"]["values"], key=lambda row: row["order"])["item"]
    paid = document["fiscal"]["by_instrument"]
    assert first.startswith(max(paid, key=lambda lever: abs(paid[lever])))
    assert first in alt
    orders = [row["order"] for row in specification["data"]["values"]]
    assert orders == sorted(orders)


def test_what_the_budget_cut_is_a_bar_of_its_own(document, language, colours):
    cut = json.loads(json.dumps(document))
    cut["fiscal"]["rationed"] = {"I13a": 50_000.0, "I02a": 3.0}
    specification, _ = ledger(cut, language, colours)
    kind = specification["encoding"]["color"]["scale"]["domain"][1]
    factor = 0.01 if language == "zh" else 0.001
    shown = {row["item"].split()[0]: row["amount"] for row in specification["data"]["values"] if row["kind"] == kind}
    assert shown["I13a"] == pytest.approx(factor * 50_000.0)
    assert sum(shown.values()) == pytest.approx(factor * 50_003.0)


def test_an_empty_bill_is_a_chart_without_bars(document, language, colours):
    empty = {**document, "fiscal": {**document["fiscal"], "by_instrument": {}, "by_payer": {}, "rationed": {}}}
    specification, alt = ledger({**empty, "fiscal": {**empty["fiscal"], "net_cost": 0.0}}, language, colours)
    assert specification["data"]["values"] == []
    assert alt


@pytest.mark.parametrize("counts", [[0], [3, 1, 2], [9] * 64, [0, 9], list(range(10)) * 20, []], ids=str)
def test_twenty_dots_show_the_spread_of_what_is_reached(counts, document, language, colours):
    middle = float(sorted(counts)[len(counts) // 2]) if counts else None
    reached = {"of": 9, "median": middle, "p05": middle, "p95": middle, "counts": counts}
    specification, alt = reached_dots({**document, "reached": reached}, language, colours)
    dots = specification["data"]["values"]
    assert len(dots) == (DOTS if counts else 0)
    assert {dot["count"] for dot in dots} <= set(counts)
    for count in {dot["count"] for dot in dots}:
        stack = sorted(dot["place"] for dot in dots if dot["count"] == count)
        assert stack == list(range(1, len(stack) + 1))
        assert abs(len(stack) / DOTS - counts.count(count) / len(counts)) <= 1 / DOTS + 1e-9
    assert f"{middle or 0:g}" in alt
    low, high = specification["encoding"]["x"]["scale"]["domain"]
    assert low < 0
    assert high > 9


def test_the_dots_are_those_of_the_document(document, language, colours):
    specification, alt = reached_dots(document, language, colours)
    assert f"{document['reached']['median']:g}" in alt
    assert {dot["count"] for dot in specification["data"]["values"]} == set(document["reached"]["counts"])
    assert specification["encoding"]["x"]["axis"]["values"] == list(range(document["reached"]["of"] + 1))


# The map


def nodes(specification: dict[str, Any]) -> list[dict[str, Any]]:
    layer = next(layer for layer in specification["layer"] if layer.get("name") == "nodes")
    found: list[dict[str, Any]] = layer["data"]["values"]
    return found


def test_the_map_has_ten_sites_and_the_selection(document, language, colours):
    for at, year in enumerate(document["places"]["year"]):
        specification, alt = region_map(document, year, language, colours, "anning")
        rows = [row for row in nodes(specification) if row["id"] != "kunming_centre"]
        assert len(rows) == 10
        assert {row["id"] for row in rows} == {row.id for row in tables.parks().values() if row.kind != "rival"}
        assert [row["id"] for row in rows if row["selected"]] == ["anning"]
        (selection,) = specification["params"]
        assert selection["name"] == "park"
        assert selection["select"]["fields"] == ["id"]
        assert selection["views"] == ["nodes"]
        for row in rows:
            found = document["places"]["sites"][row["id"]]["output"]
            assert row["output"] == found["median"][at]
            assert row["change"] == pytest.approx(100 * (found["median"][at] / found["against"][at] - 1))
        assert max(rows, key=lambda row: row["output"])["title"] in alt
        assert str(year) in alt


def test_labels_of_the_map_stand_once_each_and_nodes_lie_apart(document, language, colours):
    specification, _ = region_map(document, 2025, language, colours)
    labels = [
        row["id"]
        for layer in specification["layer"]
        if isinstance(layer["mark"], dict) and layer["mark"]["type"] == "text"
        for row in layer["data"]["values"]
    ]
    assert sorted(labels) == sorted(row["id"] for row in nodes(specification))
    assert not any(row["selected"] for row in nodes(specification))
    (left, right), (bottom, top) = (
        next(layer["encoding"][axis]["scale"]["domain"] for layer in specification["layer"] if "encoding" in layer)
        for axis in ("x", "y")
    )
    for row in nodes(specification):
        assert left < row["x"] < right, row["id"]
        assert bottom < row["y"] < top, row["id"]
    places = [(row["x"], row["y"]) for row in nodes(specification)]
    for k, (x, y) in enumerate(places):
        assert all(math.hypot(x - a, y - b) > 0.02 for a, b in places[:k])


def test_the_policy_shows_on_the_map_and_nothing_shows_before_it(document, language, colours):
    first, last = (nodes(region_map(document, year, language, colours)[0]) for year in (2020, 2025))
    assert not any(row["sign"] for row in first)
    signs = {row["sign"] for row in last if row["id"] != "kunming_centre"}
    assert signs & {"▲", "▼"}
    for row in last:
        assert row["label"].startswith(row["title"])
        if row["sign"]:
            assert row["label"].endswith(f"{row['sign']}{abs(row['change']):.1f}%")


def test_links_of_the_map_are_the_commuters_of_the_year(document, language, colours):
    for year in (2020, 2025):
        specification, _ = region_map(document, year, language, colours)
        at = document["places"]["year"].index(year)
        lines = next(layer for layer in specification["layer"] if "strokeWidth" in layer.get("encoding", {}))
        wanted = sorted(flow["commuters"][at] for flow in document["places"]["flows"])
        assert sorted(row["commuters"] for row in lines["data"]["values"]) == wanted


def test_a_hypothetical_park_leaves_the_ten_sites_of_the_map():
    park = {"id": "north_park", "near": "yanglin", "minutes": 10, "planned_area": 5}
    plan = replace(small(Desk(scenario_from_mapping({"name": "lab", "parks": [park]}))), replicates=1)
    found = run_plan(plan).verdict
    assert len(found["places"]["sites"]) == 10
    specification, alt = region_map(found, 2025, "en", palette("light"))
    assert len(nodes(specification)) == 11
    assert alt


# Contrast, as WCAG 2 defines it


def luminance(colour: str) -> float:
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES)
def test_what_must_be_seen_stands_out_from_the_page(theme):
    colours = palette(theme)
    for name in ("current", "baseline", "ghost", "target", "gain", "loss", "park"):
        assert contrast(colours[name], colours["page"]) >= 3, name
    for name in ("text", "soft", "target"):
        assert contrast(colours[name], colours["page"]) >= 4.5, name


def test_both_themes_name_the_same_colours_and_another_theme_is_light():
    assert set(palette("light")) == set(palette("dark"))
    assert palette("unheard of") == palette("light")
    assert all(re.fullmatch(r"#[0-9a-f]{6}", colour) for theme in THEMES for colour in palette(theme).values())
    assert luminance(palette("light")["page"]) > luminance(palette("dark")["page"])

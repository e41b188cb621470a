"""Charts: valid data, the registry's targets, findings in words, colours of the palette and contrast enough."""

from __future__ import annotations

import copy
import json
import re
import string
from pathlib import Path

import pytest

from experiments import charts
from experiments.chart_frame import lines
from experiments.chart_text import TEXT
from experiments.charts import fan, ledger, palette, reached_dots
from experiments.published import published
from experiments.region_map import region_map
from sim.calibration import tables

ROOT = Path(__file__).resolve().parent.parent
TARGETS = tuple(tables.targets())
YEARS = list(range(2021, 2026))
BOTH = [(language, kind) for language in ("zh", "en") for kind in ("light", "dark")]


def target_row(target, median=4.25):
    spread = {"p05": median - 2, "p25": median - 1, "p75": median + 1, "p95": median + 2}
    return {
        **{name: getattr(target, name) for name in ("id", "title_zh", "title_en", "unit", "threshold", "counted")},
        **{"rule": "average" if target.rule_applies else "total", "median": median, **spread},
        **{"probability": 0.12, "low": 0.05, "high": 0.2, "against": {"median": median - 0.5}},
        "yearly": {"year": YEARS, "against": [3.5] * 5, "median": [median] * 5}
        | {name: [value] * 5 for name, value in spread.items()},
    }


@pytest.fixture
def document():
    sites = {ident: {"output": {"median": [100.0 + k] * 6, "against": [100.0] * 6}} for k, ident in enumerate(PARKS)}
    return {
        "targets": [target_row(target) for target in tables.targets().values()],
        "reached": {"of": 9, "median": 2.0, "p05": 1.0, "p95": 3.0, "counts": [1, 2, 2, 3]},
        "fiscal": {
            **{"net_cost": 7230.0, "p05": 4600.0, "p95": 10000.0, "rationed": {"I11c": 900.0}},
            "by_instrument": {"I11c": 2900.0, "I18b": 2500.0, "I13d": -450.0, "I22b": 3.0},
            "by_payer": {"new_area": 7230.0, "province": 2500.0, "kunming": 1000.0},
        },
        "places": {
            "year": [2020, *YEARS],
            "sites": sites,
            "flows": [{"source": "anning", "target": "kunming_centre", "commuters": [900.0] * 6}],
        },
    }


PARKS = tuple(dict.fromkeys(cell.site for cell in tables.base_cells()))


def every_chart(document, language, kind, ghost=None):
    colours = palette(kind)
    found = {target: fan(document, target, language, colours, ghost) for target in TARGETS}
    found["ledger"], found["dots"] = ledger(document, language, colours), reached_dots(document, language, colours)
    return found | {"map": region_map(document, 2025, language, colours, "yanglin")}


def walk(node, key=""):
    if isinstance(node, dict):
        for name, value in node.items():
            yield from walk(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value, key)
    else:
        yield key, node


@pytest.mark.parametrize(("language", "kind"), BOTH)
def test_every_chart_is_json_with_a_finding_and_colours_of_the_palette(document, language, kind):
    for name, (specification, alt) in every_chart(document, language, kind, copy.deepcopy(document)).items():
        text = json.dumps(specification, allow_nan=False, ensure_ascii=False)
        assert set(re.findall(r"#[0-9a-fA-F]{6}\b", text)) <= set(palette(kind).values()), name
        assert re.search(r"\d", alt), name
        if language == "en":
            shown = [value for key, value in walk(specification) if isinstance(value, str) and "ont" not in key]
            assert not [value for value in shown if re.search(r"[\u4e00-\u9fff]", value)], name
        assert all(isinstance(value, str) for key, value in walk(specification) if key == "year"), name


def test_the_finding_carries_its_number(document):
    found = every_chart(document, "en", "light")
    assert "4.2" in found["gdp_growth"][1] and "12 %" in found["gdp_growth"][1]
    assert "7.23 billion" in found["ledger"][1] and "median 2" in found["dots"][1]
    assert f"+{len(PARKS) - 1}.0 %" in found["map"][1]


@pytest.mark.parametrize("target", TARGETS)
def test_the_target_line_stands_at_the_value_of_the_registry(document, target):
    specification, _ = fan(document, target, "zh", palette("light"))
    drawn = [value for key, value in walk(specification) if key == "target" and not isinstance(value, str)]
    assert drawn and set(drawn) == {tables.targets()[target].threshold}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_is_undefined_is_left_out(document, language):
    for row in document["targets"]:
        row.update(dict.fromkeys(("median", "p05", "p25", "p75", "p95", "probability", "low", "high")))
        row["against"] = {"median": None}
        row["yearly"] |= {name: [None, float("nan"), None, None, 1.0] for name in ("median", "p05", "against")}
    document["reached"] |= {"median": None, "p05": None, "p95": None, "counts": []}
    document["fiscal"] |= {"net_cost": None, "p05": None, "p95": None, "by_instrument": {}, "rationed": {}}
    for site in document["places"]["sites"].values():
        site["output"] = {"median": [None] * 6, "against": [0.0] * 6}
    for specification, alt in every_chart(document, language, "light").values():
        json.dumps(specification, allow_nan=False)
        assert alt


def test_a_click_on_a_park_is_the_selection_the_page_listens_to(document):
    specification, _ = region_map(document, 2025, "en", palette("light"))
    (param,) = specification["params"]
    assert param["name"] == "park" and param["select"]["fields"] == ["id"]
    with pytest.raises(ValueError):
        region_map(document, 2040, "en", palette("light"))


def test_texts_have_both_languages_and_the_same_blanks():
    for key, texts in TEXT.items():
        blanks = [{part[1] for part in string.Formatter().parse(texts[lang]) if part[1]} for lang in ("zh", "en")]
        assert texts.keys() == {"zh", "en"} and blanks[0] == blanks[1], key


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("kind", ["light", "dark"])
def test_contrast_is_enough(kind):
    colours = charts.palette(kind)
    for name, colour in colours.items():
        if name in ("page", "grid"):  # the grid carries no information
            continue
        dark, light = sorted((luminance(colour), luminance(colours["page"])))
        words = name in ("text", "soft", "current", "baseline", "target")
        assert (light + 0.05) / (dark + 0.05) >= (4.5 if words else 3.0), name


@pytest.mark.parametrize(
    "text", ["对全省高新技术产业增加值的拉动（年均）：12 %", "Subsidy on imported advanced equipment"]
)
def test_folding_loses_nothing(text):
    folded = lines(text, 20)
    assert "".join(folded).replace(" ", "") == text.replace(" ", "") and len(folded) > 1


def test_published_statistics_are_later_than_the_model_and_unknown_to_it():
    assert published() and all(row.year > 2020 and row.source for row in published())
    for room in ("sim", "agents"):
        for path in (ROOT / room).rglob("*.py"):
            assert "experiments.published" not in path.read_text("utf-8"), path

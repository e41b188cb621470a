"""Charts: valid data, the registry's targets, findings in words, colours of the palette and contrast enough."""

from __future__ import annotations

import copy
import json
import re
import string
from pathlib import Path

import pytest

from experiments import charts
from experiments.chart_frame import SUBTITLE_COLUMNS, TITLE_COLUMNS, lines
from experiments.chart_text import TEXT
from experiments.charts import fan, ledger, palette, reached_dots
from experiments.published import published
from experiments.region_map import _X, _Y, region_map
from experiments.wording import width
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
        "against": "baseline",
        "settings": {"I11c": 1.0, "I18b": 500.0, "I13d": 8.0},
        "targets": [target_row(target) for target in tables.targets().values()],
        "reached": {"of": 9, "median": 2.0, "p05": 1.0, "p95": 3.0, "counts": [1, 2, 2, 3]},
        "fiscal": {
            **{"net_cost": 7230.0, "p05": 4600.0, "p95": 10000.0, "owed": 0.0, "rationed": {"I11c": 900.0}},
            "by_instrument": {"I11c": 2900.0, "I18b": 2500.0, "I13d": -450.0, "I22b": 3.0},
            "by_payer": {"new_area": 2453.0, "province": 2500.0},
        },
        "places": {
            "year": [2020, *YEARS],
            "sites": sites,
            "flows": [{"source": "anning", "target": "kunming_centre", "commuters": [900.0] * 6}],
        },
    }


PAID = [tables.levers()[lever] for lever in ("I11c", "I18b", "I13d", "I22b")]
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


def walk_rows(node):
    """Yield the rows of all data of a specification."""
    if isinstance(node, dict):
        yield from node.get("values", []) if isinstance(node.get("values"), list) else []
        for name, value in node.items():
            yield from walk_rows(value) if name != "values" else ()
    elif isinstance(node, list):
        for value in node:
            yield from walk_rows(value)


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
    rows = [row for row in walk_rows(specification) if "target" in (row.get("name"), *row)]
    drawn = [row.get("target", row.get("value")) for row in rows]
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


def bill(document, language="en"):
    specification, alt = ledger(document, language, palette("light"))
    return specification, alt, [row["label"] for row in specification["data"]["values"]]


def test_the_bill_says_who_pays_each_item(document):
    specification, _, labels = bill(document)
    rows = specification["data"]["values"]
    assert [row["label"].replace("\n", " ") for row in rows if row["weight"] == "bold"] == [
        "New Area pays: 2.45 billion yuan, cut: 0.90 billion yuan",
        "Province pays: 2.50 billion yuan",
    ], "a payer of nothing has no heading"
    titles = {row.title_en: {"new_area": "New Area", "province": "Province"}[row.payer] for row in PAID}
    assert {row["item"]: row["payer"] for row in rows if "item" in row} == titles
    assert labels[0].startswith("New Area") and labels.index("Provincial grant") > labels.index(
        "Province pays: 2.50 billion yuan"
    )
    places = [row["y"] for row in rows]
    assert places == sorted(set(places)), "no name is drawn on another one"


def test_the_bill_marks_levers_that_nobody_has_set(document):
    _, _, labels = bill(document)
    (unset,) = [label for label in labels if label.endswith("· not set")]
    assert unset.startswith(tables.levers()["I22b"].title_en)
    document["against"] = "another"
    assert not [label for label in bill(document)[2] if "not set" in label], "what the reference sets is not known"


def test_small_items_are_one_row_for_each_payer(document):
    document["fiscal"]["by_instrument"] |= {"I04d": 2.0, "I06a": 1.0, "I18c": 0.5}
    _, _, labels = bill(document)
    assert [label for label in labels if "smaller items" in label] == ["3 smaller items · not set"]
    assert "Kunming grant · not set" in labels, "one item alone keeps its name"


def test_a_bill_in_small_amounts_is_in_the_small_unit(document):
    document["fiscal"] |= {"net_cost": 3.0, "p05": 1.0, "p95": 5.0, "by_instrument": {"I22b": 3.0}, "rationed": {}}
    specification, alt, _ = bill(document, "zh")
    assert "300 万元" in alt and "百万元" not in json.dumps(specification, ensure_ascii=False)
    (row,) = [row for row in specification["data"]["values"] if "item" in row]
    assert row["figure"] == "300"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_bill_of_nothing_is_a_plain_sentence(document, language):
    document["fiscal"] |= {"net_cost": -8e-13, "p05": 0.0, "p95": 0.0, "by_instrument": {}, "rationed": {}}
    _, alt = ledger(document, language, palette("light"))
    assert alt == TEXT["ledger.empty"][language]
    document["fiscal"]["by_instrument"] = {"I18b": 2500.0}
    assert TEXT["ledger.title.same"][language] in ledger(document, language, palette("light"))[1]


def test_the_bill_holds_what_is_owed_and_the_works_on_own_links(document):
    assert not [line for line in bill(document)[0]["title"]["subtitle"] if "owed" in line]
    document["fiscal"] |= {"owed": 1200.0, "by_instrument": document["fiscal"]["by_instrument"] | {"links": 5000.0}}
    specification, _, labels = bill(document)
    said = " ".join(specification["title"]["subtitle"])
    assert "owed at the end: 1.20 billion yuan more than under the reference" in said
    document["fiscal"]["owed"] = -1200.0
    less = " ".join(bill(document)[0]["title"]["subtitle"])
    assert "owed at the end: 1.20 billion yuan less than under the reference" in less and "more than" not in less
    assert "Works on the scenario's own links" in labels, "nobody set it as a lever, but the scenario did"
    assert labels.index("Works on the scenario's own links") < labels.index("Province pays: 2.50 billion yuan")


def test_what_kunming_pays_of_public_works_is_an_item_of_its_own(document):
    document["fiscal"]["by_instrument"]["cofinance"] = 900.0
    labels = bill(document)[2]
    assert labels.index("Kunming pays: 0.90 billion yuan") < labels.index("Kunming's part of public works")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_line_of_a_heading_is_wider_than_a_phone(document, language):
    for name, (specification, _) in every_chart(document, language, "light", copy.deepcopy(document)).items():
        title = specification["title"]
        assert all(width(line) <= TITLE_COLUMNS for line in title["text"]), name
        assert all(width(line) <= SUBTITLE_COLUMNS for line in title["subtitle"]), name
    for row in ledger(document, language, palette("light"))[0]["data"]["values"]:
        most = TITLE_COLUMNS if row["weight"] == "bold" else SUBTITLE_COLUMNS
        assert all(width(line) <= most for line in row["label"].split("\n")), row["label"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_labels_of_the_map_are_drawn_last_and_apart(document, language):
    specification, _ = region_map(document, 2025, language, palette("light"))
    assert [layer["mark"]["type"] for layer in specification["layer"]][-2:] == ["text", "text"]
    for wide in (310, 460, 680):
        boxes = [box(row, wide, specification["height"] - 80) for row in specification["data"]["values"]]
        for k, (left, top, right, bottom) in enumerate(boxes):
            assert left >= -10 and right <= wide + 10, (wide, specification["data"]["values"][k]["label"])
            for other in boxes[:k]:
                apart = left >= other[2] or right <= other[0] or top >= other[3] or bottom <= other[1]
                assert apart, (wide, specification["data"]["values"][k]["label"])


def box(row, wide, high):
    """Return the box of a label on a map of so many pixels: 6 of them for a column, 15 for a line."""
    (x0, x1), (y0, y1) = _X["scale"]["domain"], _Y["scale"]["domain"]
    x = wide * (row["x"] - x0) / (x1 - x0) + row["dx"]
    y = high * (y1 - row["y"]) / (y1 - y0) + row["dy"]
    parts = row["label"].split("\n")
    size, tall = 6 * max(width(part) for part in parts), 15 * len(parts)
    x -= {"left": 0, "right": size, "center": size / 2}[row["align"]]
    y -= {"top": 0, "middle": 7, "bottom": 15}[row["baseline"]]
    return x, y, x + size, y + tall


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


@pytest.mark.parametrize(("rule", "said"), [("each", " (lowest year)"), ("final", " (final year)"), ("average", "")])
def test_the_heading_of_a_fan_says_of_which_year_its_median_is(document, rule, said):
    row = next(row for row in document["targets"] if row["id"] == "gdp_growth")
    row |= {"rule": rule, "median": 3.5}
    assert f"{row['title_en']}{said} median 3.5," in " ".join(
        fan(document, "gdp_growth", "en", palette("light"))[0]["title"]["text"]
    )

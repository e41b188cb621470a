"""Charts as pure functions from a result document to a Vega-Lite specification with its data, and its finding in words.

One specification serves the page and a printed report (`vl-convert` draws it without a browser), so no figure is made
twice. Every function returns (specification, alternative text with the finding). Colours come from `palette`, words
from `chart_text`: there are none of either in here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.chart_frame import (
    Chart,
    Document,
    Palette,
    Specification,
    domain,
    finite,
    frame,
    labels,
    palette,
    tooltip,
)
from experiments.chart_ledger import ledger
from experiments.chart_text import chart_text as say
from experiments.messages import Messages
from experiments.notes import source_in
from experiments.published import published
from experiments.units import unit_name
from experiments.wording import number, probability

__all__ = ["fan", "ledger", "palette", "reached_dots"]

DOTS = 20
_BANDS = (("p05", "p95", 0.16), ("p25", "p75", 0.3))
_FORMATS = {"% per year": ".1f", "pp per year": ".2f", "100M yuan per km2": ".0f"}

# Targets -------------------------------------------------------------------------------------------------------------


def fan(document: Document, target: str, language: str, colours: Palette, ghost: Document | None = None) -> Chart:
    """Return one target's measure: year by year as a fan, or as one bar where it is measured over the whole period.

    Both show bands of 50 and 90 %, the median, the reference, the target, and the median of `ghost`, the step before.
    """
    text = Messages(language)
    row = _target(document, target)
    before = _target(ghost, target) if ghost else None
    unit = row["unit"]
    shown = {
        "title": text.title(row),
        "median": number(row["median"], unit, text),
        "unit": unit_name(unit, language),
        "target": f"{row['threshold']:g}",
        "reference": number(row["against"]["median"], unit, text),
    }
    reached = row["median"] is not None and row["median"] >= row["threshold"]
    name = shown["title"]
    if row["rule"] in ("each", "final"):
        name = say("fan.lowest" if row["rule"] == "each" else "fan.final", language, title=name)
    title = [name, say("fan.title.reached" if reached else "fan.title.missed", language, **shown)]
    interval = {"low": number(row["p05"], unit, text), "high": number(row["p95"], unit, text)}
    alt = say("fan.alt", language, **shown, **interval, chance=probability(row, text))
    whole = row["rule"] == "total" or not row.get("yearly")
    draw = _bar if whole else _path
    return draw(row, before, title, shown, language, colours), alt


def _target(document: Document, target: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(row for row in document["targets"] if row["id"] == target)
    return found


def _path(
    row: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    title: Sequence[str],
    shown: Mapping[str, str],
    language: str,
    colours: Palette,
) -> Specification:
    values = _path_values(row, before)
    dots = [
        {
            "year": str(found.year),
            "value": found.value,
            "basis": getattr(found, f"basis_{language}"),
            "source": source_in(found.source, language),
            "confidence": say(f"chart.confidence.{found.confidence}", language),
        }
        for found in published()
        if found.target == row["id"]
    ]
    more = [say("fan.key.ghost", language)] if before else []
    more += [say("fan.key.dots", language)] if dots else []
    key = [say("fan.key", language), say("fan.key.and", language).join(more)]
    specification = frame(title, key, colours, 150)
    names = ("median", "p05", "p25", "p75", "p95", "against", "before")
    everything = [value[name] for value in values for name in names] + [dot["value"] for dot in dots]
    low, high = domain([*everything, row["threshold"]])
    form = _FORMATS.get(row["unit"], ".2f")
    fields = ("median", "p05", "p95", "against", *(["before"] if before else []))
    specification["data"] = {"values": values}
    # What every layer has is said once: a browser reads the specification anew with every move.
    specification["encoding"] = {
        "x": {"field": "year", "type": "ordinal", "axis": {"title": None, "labelAngle": 0, "grid": False}},
        "y": {
            "type": "quantitative",
            "scale": {"domain": [low, high], "zero": False},
            "axis": {"title": shown["unit"], "tickCount": 5},
        },
        "tooltip": tooltip(language, year="", **dict.fromkeys(fields, form)),
    }
    specification["layer"] = [
        *(
            {
                "mark": {"type": "area", "opacity": opacity, "color": colours["current"]},
                "encoding": {"y": {"field": bottom}, "y2": {"field": top}},
            }
            for bottom, top, opacity in _BANDS
        ),
        _line("against", colours["baseline"], strokeWidth=4, strokeDash=[6, 4]),
        *([_line("before", colours["ghost"], strokeWidth=1.5, strokeDash=[3, 3])] if before else []),
        _line("median", colours["current"], strokeWidth=3),
        *_target_line(row["threshold"], say("fan.target", language, value=shown["target"]), colours),
        *([_published_dots(dots, language, colours)] if dots else []),
    ]
    return specification


def _path_values(row: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return the rows of the chart; a year is a text, because it is a name on an ordinal axis."""
    yearly = row["yearly"]
    last = before.get("yearly") if before else None
    old = dict(zip(last["year"], last["median"], strict=True)) if last else {}
    names = ("median", "p05", "p25", "p75", "p95", "against")
    return [
        {"year": str(year), **{name: finite(yearly[name][k]) for name in names}, "before": finite(old.get(year))}
        for k, year in enumerate(yearly["year"])
    ]


def _line(field: str, colour: str, **look: Any) -> Specification:
    return {"mark": {"type": "line", "color": colour, **look}, "encoding": {"y": {"field": field}}}


def _target_line(threshold: float, label: str, colours: Palette) -> list[Specification]:
    data = {"values": [{"target": threshold, "label": label}]}
    rule = {"type": "rule", "color": colours["target"], "strokeWidth": 2, "strokeDash": [2, 3]}
    at = {"y": {"field": "target"}, "tooltip": None}
    words = {**at, "x": {"value": "width"}, "text": {"field": "label"}}
    return [
        {"data": data, "mark": rule, "encoding": {**at, "x": None}},
        *labels(words, colours, "target", data, align="right", dy=-9),
    ]


def _published_dots(dots: list[dict[str, Any]], language: str, colours: Palette) -> Specification:
    tips = tooltip(language, year="", value=".1f", basis="", confidence="", source="")
    mark = {"type": "point", "filled": True, "opacity": 1, "size": 80, "color": colours["park"]}
    edge = {"stroke": colours["page"], "strokeWidth": 1.5}
    return {
        "data": {"values": dots},
        "mark": {**mark, **edge},
        "encoding": {"y": {"field": "value"}, "tooltip": tips},
    }


def _bar(
    row: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    title: Sequence[str],
    shown: Mapping[str, str],
    language: str,
    colours: Palette,
) -> Specification:
    """Return one bar for a measure of the whole period: its bands, and upright lines for median and comparisons."""
    middle = {"median": row["median"], "against": row["against"]["median"], "target": row["threshold"]}
    middle["before"] = before["median"] if before else None
    values = {name: finite(value) for name, value in middle.items()}
    bands = {name: finite(row[name]) for name in ("p05", "p25", "p75", "p95")}
    low, high = domain([*values.values(), *bands.values()])
    key = [say("bar.key", language), say("fan.key.ghost", language) if before else ""]
    specification = frame(title, key, colours, 142)
    # The lines are the data of the chart, so that three layers share them; the bands are one row beside them.
    specification["data"] = {"values": _uprights(row, values, (low, high), language, colours)}
    axis = {"title": shown["unit"], "grid": False, "tickCount": 6}
    scale = {"domain": [low, high], "zero": False, "nice": False}
    specification["encoding"] = {"x": {"type": "quantitative", "scale": scale, "axis": axis}}
    tips = tooltip(language, **dict.fromkeys((*bands, *values), _FORMATS.get(row["unit"], ".2f")))
    pixels = {"type": "quantitative", "scale": None, "axis": None}
    looks = {"color": {"expr": "datum.colour"}, "strokeWidth": {"expr": "datum.wide"}}
    words = {"x": {"field": "value"}, "y": {**pixels, "field": "word"}, "text": {"field": "label"}}
    edge, text = labels(words, colours, "text", align={"expr": "datum.align"})
    text["mark"]["color"] = {"expr": "datum.colour"}
    specification["layer"] = [
        *(
            {
                "data": {"values": [bands | values]},
                "mark": {"type": "bar", "opacity": opacity, "color": colours["current"], "height": 30},
                "encoding": {"x": {"field": a}, "x2": {"field": b}, "y": {"value": 42}, "tooltip": tips},
            }
            for a, b, opacity in _BANDS
        ),
        {
            "mark": {"type": "rule", **looks, "strokeDash": {"expr": "[datum.on, datum.off]"}},
            "encoding": {"x": {"field": "value"}, "y": {**pixels, "field": "top"}, "y2": {"field": "end"}},
        },
        edge,
        text,
    ]
    return specification


def _uprights(
    row: Mapping[str, Any],
    values: Mapping[str, float | None],
    ends: tuple[float, float],
    language: str,
    colours: Palette,
) -> list[dict[str, Any]]:
    """Return the upright lines of the bar: value, look, ends and height of the label in pixels from above."""
    rows = []
    for name, colour, wide, on, off, top, end, word in (
        ("against", "baseline", 4, 6, 4, 22, 68, 78),
        ("before", "ghost", 1.5, 3, 3, 22, 62, 0),
        ("median", "current", 3, 1, 0, 22, 62, 12),
        ("target", "target", 2, 2, 3, 0, 86, 95),
    ):
        value = values[name]
        if value is None:
            continue
        side = (value - ends[0]) / (ends[1] - ends[0])
        shown = number(value, row["unit"], Messages(language))
        rows.append(
            {
                "name": name,
                "value": value,
                "label": say(f"bar.{name}", language, value=shown) if word else "",
                "align": "left" if side < 0.2 else "right" if side > 0.8 else "center",
                "colour": colours[colour],
                **{"wide": wide, "on": on, "off": off, "top": top, "end": end, "word": word},
            }
        )
    return rows


# The count ------------------------------------------------------------------------------------------------------------


def reached_dots(document: Document, language: str, colours: Palette) -> Chart:
    """Return twenty dots, each one in twenty of the replicates, over the number of targets reached."""
    reached = document["reached"]
    counts = sorted(reached.get("counts") or [])
    picked = [counts[min(int((k + 0.5) / DOTS * len(counts)), len(counts) - 1)] for k in range(DOTS)] if counts else []
    height: dict[int, int] = {}
    values = []
    for count in picked:
        height[count] = height.get(count, 0) + 1
        values.append({"count": count, "place": height[count]})
    facts = {name: f"{reached[name] or 0:g}" for name in ("median", "p05", "p95", "of")}
    title = say("dots.title" if counts else "dots.none", language, **facts)
    specification = frame([title], [say("dots.key", language)], colours, 165)
    specification["data"] = {"values": values}
    specification["mark"] = {"type": "point", "filled": True, "size": 38, "color": colours["current"], "opacity": 1}
    axis = {"title": say("dots.axis", language), "grid": False, "format": "d"}
    axis["values"] = list(range(reached["of"] + 1))
    specification["encoding"] = {
        "x": {
            "field": "count",
            "type": "quantitative",
            "scale": {"domain": [-0.5, reached["of"] + 0.5]},
            "axis": axis,
        },
        "y": {"field": "place", "type": "quantitative", "scale": {"domain": [0, DOTS + 1]}, "axis": None},
        "tooltip": tooltip(language, count="d"),
    }
    return specification, say("dots.alt" if counts else "dots.none", language, **facts)

"""The map of parks and links as a Vega-Lite specification: a graph at its real places, moved apart where it must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.chart_text import chart_text as say
from experiments.charts import LEAST_CHANGE, Chart, Document, Palette, frame
from experiments.places import CENTRE
from sim.calibration import tables

# What is drawn beside its real place, in degrees (the airport sites almost coincide), and the side of each label.
_MOVED: Mapping[str, tuple[float, float]] = {
    "bonded_zone": (0.05, -0.09),
    "airport_zone": (-0.02, 0.05),
    "dabanqiao": (-0.03, -0.03),
    "asean_park": (0.1, -0.01),
    "xiaoshao": (0.02, 0.06),
    "yanglin": (0.05, 0.04),
    "anning": (0.03, -0.03),
    "taiping": (0.02, 0.03),
    "anning_park": (-0.03, 0.02),
}
_SIDE: Mapping[str, str] = {
    "anning_park": "above",
    "anning": "below",
    "taiping": "right",
    "dabanqiao": "below",
    "airport_zone": "left",
    "bonded_zone": "right",
    "asean_park": "right",
    "yanglin": "right",
    "xiaoshao": "above",
    "songming": "right",
    CENTRE: "left",
}
_LABEL: Mapping[str, dict[str, Any]] = {
    "left": {"align": "right", "dx": -16},
    "right": {"align": "left", "dx": 16},
    "above": {"align": "center", "dy": -20},
    "below": {"align": "center", "dy": 22},
}


def region_map(document: Document, year: int, language: str, colours: Palette, selected: str | None = None) -> Chart:
    """Return the map of a year; a click on a park is the selection `park` with its `id`."""
    nodes = _nodes(document, year, language, selected)
    largest = max((row for row in nodes if row["id"] != CENTRE), key=lambda row: row["output"])
    changed = max((row for row in nodes if row["id"] != CENTRE), key=lambda row: abs(row["change"]))
    alt = say(
        "map.alt",
        language,
        year=year,
        largest=largest["title"],
        changed=changed["title"],
        change=f"{changed['change']:+.1f} %",
    )
    specification = frame(say("map.title", language, year=year), say("map.key", language), colours, 420)
    places = {row["id"]: (row["x"], row["y"]) for row in nodes}
    specification["params"] = [
        {"name": "park", "select": {"type": "point", "fields": ["id"], "toggle": False}, "views": ["nodes"]}
    ]
    specification["layer"] = [
        _links(document, year, places, colours),
        _planned(places, colours),
        _circles(nodes, colours),
        *(_labels([row for row in nodes if row["side"] == side], side, colours) for side in _LABEL),
    ]
    return specification, alt


def _axis(field: str, values: list[float]) -> dict[str, Any]:
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": values, "zero": False, "nice": False},
        "axis": None,
    }


X, Y = _axis("x", [102.05, 103.75]), _axis("y", [24.83, 25.42])


def _nodes(document: Document, year: int, language: str, selected: str | None) -> list[dict[str, Any]]:
    places = document["places"]
    at, rows = places["year"].index(year), []
    for ident, found in places["sites"].items():
        site, park = tables.sites()[tables.parks()[ident].site], tables.parks()[ident]
        value, reference = found["output"]["median"][at], found["output"]["against"][at]
        change = 100.0 * (value / reference - 1.0) if reference > 0.0 else 0.0
        title = str(getattr(park, f"title_{language}")).split("(")[0].strip()
        sign = "▲" if change > LEAST_CHANGE else "▼" if change < -LEAST_CHANGE else ""
        rows.append(_node(ident, site, title, {"output": value, "change": change, "sign": sign}, ident == selected))
    centre = tables.sites()[CENTRE]
    rows.append(_node(CENTRE, centre, say("map.centre", language), {"output": 0.0, "change": 0.0, "sign": ""}, False))
    return rows


def _node(ident: str, site: Any, title: str, facts: Mapping[str, Any], selected: bool) -> dict[str, Any]:
    dx, dy = _MOVED.get(ident, (0.0, 0.0))
    change = f" {facts['sign']}{abs(facts['change']):.1f}%" if facts["sign"] else ""
    return {
        "id": ident,
        "title": title,
        "label": title + change,
        "x": float(site.lon) + dx,
        "y": float(site.lat) + dy,
        "side": _SIDE.get(ident, "right"),
        "selected": selected,
        **facts,
    }


def _circles(nodes: list[dict[str, Any]], colours: Palette) -> dict[str, Any]:
    spread = max(1.0, *(abs(row["change"]) for row in nodes))
    scale = {"domain": [-spread, 0, spread], "range": [colours["loss"], colours["park"], colours["gain"]]}
    sized = {"field": "output", "type": "quantitative", "scale": {"range": [60, 1400]}, "legend": None}
    return {
        "name": "nodes",
        "data": {"values": nodes},
        "mark": {"type": "circle", "opacity": 0.95, "stroke": colours["text"], "cursor": "pointer"},
        "encoding": {
            "x": X,
            "y": Y,
            "size": sized,
            "color": {"field": "change", "type": "quantitative", "scale": scale, "legend": None},
            "strokeWidth": {"condition": {"test": "datum.selected", "value": 3}, "value": 0},
            "tooltip": [
                {"field": "title"},
                {"field": "output", "type": "quantitative", "format": ",.0f"},
                {"field": "change", "type": "quantitative", "format": "+.2f"},
            ],
        },
    }


def _labels(nodes: list[dict[str, Any]], side: str, colours: Palette) -> dict[str, Any]:
    mark = {"type": "text", "fontSize": 12, "color": colours["text"], **_LABEL[side]}
    return {"data": {"values": nodes}, "mark": mark, "encoding": {"x": X, "y": Y, "text": {"field": "label"}}}


def _links(
    document: Document, year: int, places: Mapping[str, tuple[float, float]], colours: Palette
) -> dict[str, Any]:
    at = document["places"]["year"].index(year)
    rows = [
        {**_ends(places, flow["source"], flow["target"]), "commuters": flow["commuters"][at]}
        for flow in document["places"]["flows"]
        if flow["source"] in places and flow["target"] in places
    ]
    wide = {"field": "commuters", "type": "quantitative", "scale": {"range": [0.2, 9]}, "legend": None}
    return {
        "data": {"values": rows},
        "mark": {"type": "rule", "color": colours["baseline"], "opacity": 0.45},
        "encoding": {"x": X, "y": Y, "x2": {"field": "x2"}, "y2": {"field": "y2"}, "strokeWidth": wide},
    }


def _planned(places: Mapping[str, tuple[float, float]], colours: Palette) -> dict[str, Any]:
    rows = [
        _ends(places, row.source_node, row.target_node)
        for row in tables.links()
        if row.state == "planned" and row.source_node in places and row.target_node in places
    ]
    mark = {"type": "rule", "color": colours["ghost"], "strokeDash": [5, 5], "strokeWidth": 2}
    ends = {"x": X, "y": Y, "x2": {"field": "x2"}, "y2": {"field": "y2"}}
    return {"data": {"values": rows}, "mark": mark, "encoding": ends}


def _ends(places: Mapping[str, tuple[float, float]], source: str, target: str) -> dict[str, float]:
    (x, y), (x2, y2) = places[source], places[target]
    return {"x": x, "y": y, "x2": x2, "y2": y2}

"""The map of parks and links as a Vega-Lite specification: a graph at its real places, moved apart where it must be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.chart_frame import Chart, Document, Palette, Specification, finite, frame, labels, tooltip
from experiments.chart_text import chart_text as say
from experiments.messages import Messages
from experiments.places import CENTRE
from experiments.wording import money
from sim.calibration import tables

LEAST_CHANGE = 0.05  # per cent of output: a smaller change is none
FEWEST_SHOWN = 0.02  # share of the largest flow: a thinner line would only be in the way

# By site: what is added to longitude and latitude in degrees (the airport sites almost coincide), the side of the
# label.
_DRAWN: Mapping[str, tuple[float, float, str]] = {
    "anning_park": (-0.06, 0.03, "above"),
    "anning": (-0.01, -0.03, "below"),
    "taiping": (0.0, 0.04, "above"),
    CENTRE: (0.0, -0.06, "below"),
    "dabanqiao": (-0.01, 0.0, "below"),
    "airport_zone": (0.0, 0.05, "left"),
    "bonded_zone": (0.1, -0.07, "below"),
    "asean_park": (0.13, -0.02, "right"),
    "xiaoshao": (0.0, 0.07, "left"),
    "yanglin": (0.06, 0.03, "right"),
    "songming": (0.02, 0.0, "right"),
}
_SIDES: Mapping[str, tuple[str, str]] = {
    "left": ("right", "middle"),
    "right": ("left", "middle"),
    "above": ("center", "bottom"),
    "below": ("center", "top"),
}
_LINE_HEIGHT = 15
_SMALLEST, _LARGEST = 70.0, 1300.0  # square pixels
# A line that ends at the airport ends at the zone around it.
_STANDS_FOR: Mapping[str, str] = {"changshui_airport": "airport_zone"}
_BILLION: Mapping[str, float] = {"zh": 0.01, "en": 0.001}  # from million yuan to 亿元, to billion yuan


def region_map(document: Document, year: int, language: str, colours: Palette, selected: str | None = None) -> Chart:
    """Return the map of a year; a click on a park is the selection `park` with its `id`.

    Errors   ValueError for a year that the document does not hold
    """
    nodes = _nodes(document, year, language, selected)
    parks = [row for row in nodes if row["id"] != CENTRE]
    known = [row for row in parks if row["output"] is not None]
    largest = max(known, key=lambda row: row["output"], default=parks[0])
    changed = max(parks, key=lambda row: abs(row["change"] or 0.0))
    change = f"{changed['change'] or 0.0:+.1f} %".replace("-", "−")
    facts = {"year": year, "changed": changed["title"], "change": change, "largest": largest["title"]}
    output = None if largest["output"] is None else largest["output"] / _BILLION[language]
    title = say("map.title" if changed["sign"] else "map.title.same", language, **facts)
    key = [say("map.key.size", language), say("map.key.lines", language)]
    specification = frame(title, key, colours, 400)
    specification["params"] = [
        {"name": "park", "select": {"type": "point", "fields": ["id"], "toggle": False}, "views": ["nodes"]}
    ]
    specification["layer"] = [
        _links(document, year, nodes, language, colours),
        _planned(nodes, colours),
        _circles(parks, language, colours),
        _centre(nodes, colours),
        *(layer for row in nodes for layer in _name(row, largest["output"], colours)),
    ]
    return specification, say("map.alt", language, output=money(output, Messages(language)), **facts)


def _axis(field: str, low: float, high: float) -> dict[str, Any]:
    scale = {"domain": [low, high], "zero": False, "nice": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": None}


_X, _Y = _axis("x", 102.14, 103.5), _axis("y", 24.8, 25.41)
_ENDS = {"x": _X, "y": _Y, "x2": {"field": "x2"}, "y2": {"field": "y2"}}


def _nodes(document: Document, year: int, language: str, selected: str | None) -> list[dict[str, Any]]:
    places = document["places"]
    at, rows = places["year"].index(year), []
    for ident, found in places["sites"].items():
        value, reference = finite(found["output"]["median"][at]), finite(found["output"]["against"][at])
        change = 100.0 * (value / reference - 1.0) if value is not None and reference else None
        size = change or 0.0
        sign = "▲" if size > LEAST_CHANGE else "▼" if size < -LEAST_CHANGE else ""
        output = None if value is None else value * _BILLION[language]
        facts = {"output": output, "change": change, "sign": sign, "selected": ident == selected}
        facts["said"] = _said(ident, output, change, language)
        rows.append(_node(ident, language, facts))
    return [*rows, _node(CENTRE, language, {"output": None, "change": None, "sign": "", "selected": False})]


def _said(ident: str, output: float | None, change: float | None, language: str) -> str:
    """Return what a screen reader says of a circle: the name, the output and the change, as the tooltip shows them."""
    unknown = say("map.unknown", language)
    figures = {
        "output": unknown if output is None else f"{output:,.1f}",
        "change": unknown if change is None else f"{change:+.2f}",
    }
    return say("map.park", language, park=_title(ident, language), **figures)


def _node(ident: str, language: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a site with its place on the map and a label of one or two lines: its name, its change."""
    known = tables.sites()
    site = known[ident] if ident in known else known[tables.parks()[ident].site]
    dx, dy, side = _DRAWN.get(ident, (0.0, 0.0, "right"))
    name = _title(ident, language)
    change = say("map.change", language, sign=facts["sign"], size=f"{abs(facts['change'] or 0.0):.1f}")
    label = [name, change] if facts["sign"] else [name]
    at = {"x": float(site.lon) + dx, "y": float(site.lat) + dy}
    return {"id": ident, "title": name, "label": label, "side": side, **at, **facts}


def _title(ident: str, language: str) -> str:
    """Return the short name that stands beside a circle, or the whole one of a park that has no short name."""
    known = tables.sites()
    site = known[ident] if ident in known else known[tables.parks()[ident].site]
    return say(f"map.{ident}", language) if ident in _DRAWN else str(getattr(site, f"title_{language}"))


def _circles(parks: Sequence[Mapping[str, Any]], language: str, colours: Palette) -> Specification:
    spread = max([1.0, *(abs(row["change"] or 0.0) for row in parks)])
    scale = {
        "domain": [-spread, 0, spread],
        "range": [colours["loss"], colours["baseline"], colours["gain"]],
        "interpolate": "rgb",
    }
    top = max([row["output"] or 0.0 for row in parks], default=0.0)
    size = {"field": "output", "type": "quantitative", "legend": None}
    return {
        "name": "nodes",
        "data": {"values": list(parks)},
        "mark": {"type": "circle", "opacity": 1, "stroke": colours["text"], "cursor": "pointer"},
        "encoding": {
            "x": _X,
            "y": _Y,
            "size": {**size, "scale": {"domain": [0, top or 1.0], "range": [_SMALLEST, _LARGEST]}},
            "color": {"field": "change", "type": "quantitative", "scale": scale, "legend": None},
            "strokeWidth": {"condition": {"test": "datum.selected", "value": 4}, "value": 0},
            "tooltip": tooltip(language, title="", output=",.1f", change="+.2f"),
            "description": {"field": "said"},
        },
    }


def _centre(nodes: Sequence[Mapping[str, Any]], colours: Palette) -> Specification:
    """Return the city as a hollow square: it is where people come from, and its output is not that of a park."""
    mark = {"type": "point", "shape": "square", "size": 160, "strokeWidth": 2, "filled": False, "opacity": 1}
    rows = [row for row in nodes if row["id"] == CENTRE]
    look = {**mark, "color": colours["text"], "fill": colours["page"]}
    return {"data": {"values": rows}, "mark": look, "encoding": {"x": _X, "y": _Y}}


def _name(node: Mapping[str, Any], largest: float | None, colours: Palette) -> list[Specification]:
    """Return the label of a node, as far from its place as its circle is wide."""
    share = (node["output"] or 0.0) / largest if largest else 0.0
    away = math.sqrt((_SMALLEST + (_LARGEST - _SMALLEST) * share) / math.pi) + 5.0
    align, baseline = _SIDES[node["side"]]
    # The first line is where the mark is put, the others come below it.
    more = _LINE_HEIGHT * (len(node["label"]) - 1)
    dx = {"left": -away, "right": away}.get(node["side"], 0.0)
    dy = {"above": -away - more, "below": away}.get(node["side"], -more / 2.0)
    mark = {"align": align, "baseline": baseline, "dx": round(dx, 1), "dy": round(dy, 1), "lineHeight": _LINE_HEIGHT}
    data = {"values": [{name: node[name] for name in ("x", "y", "label")}]}
    return labels(data, {"x": _X, "y": _Y, "text": {"field": "label"}}, colours, "text", **mark)


def _links(
    document: Document, year: int, nodes: Sequence[Mapping[str, Any]], language: str, colours: Palette
) -> Specification:
    at, places = document["places"]["year"].index(year), {row["id"]: row for row in nodes}
    flows = [flow for flow in document["places"]["flows"] if {flow["source"], flow["target"]} <= places.keys()]
    amounts = [finite(flow["commuters"][at]) or 0.0 for flow in flows]
    most = max(amounts, default=0.0)
    rows = [
        {
            **_ends(places[flow["source"]], places[flow["target"]]),
            "link": say(
                "map.link", language, source=places[flow["source"]]["title"], target=places[flow["target"]]["title"]
            ),
            "commuters": amount,
        }
        for flow, amount in zip(flows, amounts, strict=True)
        if amount > 0.0 and amount >= FEWEST_SHOWN * most
    ]
    scale = {"domain": [0, most or 1.0], "range": [0.7, 10]}
    wide = {"field": "commuters", "type": "quantitative", "scale": scale, "legend": None}
    return {
        "data": {"values": rows},
        "mark": {"type": "rule", "color": colours["baseline"], "opacity": 0.45},
        "encoding": {
            **_ENDS,
            "strokeWidth": wide,
            "tooltip": tooltip(language, link="", commuters=",.0f"),
            "description": {"field": "link"},
        },
    }


def _planned(nodes: Sequence[Mapping[str, Any]], colours: Palette) -> Specification:
    """Return the lines that the table of links calls planned or under construction."""
    places = {row["id"]: row for row in nodes}
    pairs = [
        (_STANDS_FOR.get(row.source_node, row.source_node), _STANDS_FOR.get(row.target_node, row.target_node))
        for row in tables.links()
        if row.state in ("planned", "construction")
    ]
    rows = [_ends(places[a], places[b]) for a, b in pairs if a in places and b in places]
    mark = {"type": "rule", "color": colours["ghost"], "strokeDash": [5, 5], "strokeWidth": 2}
    return {"data": {"values": rows}, "mark": mark, "encoding": _ENDS}


def _ends(source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, float]:
    return {"x": source["x"], "y": source["y"], "x2": target["x"], "y2": target["y"]}

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

# By site: what is added to longitude and latitude in degrees, and the side of the label. The airport sites almost
# coincide; the others have made room so that no label stands on a link or on another one, from a phone's width on.
# West stays west, and south stays south.
_DRAWN: Mapping[str, tuple[float, float, str]] = {
    "anning_park": (-0.04, 0.0, "above"),
    "anning": (0.07, -0.05, "right"),
    "taiping": (0.03, 0.02, "above"),
    CENTRE: (0.05, -0.06, "right"),
    "dabanqiao": (-0.01, -0.04, "right"),
    "airport_zone": (-0.07, 0.04, "left"),
    "bonded_zone": (0.02, 0.0, "right"),
    "asean_park": (0.04, 0.02, "right"),
    "xiaoshao": (-0.03, 0.06, "left"),
    "yanglin": (0.0, 0.03, "right"),
    "songming": (0.08, -0.04, "above"),
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
    facts = {"year": year, "changed": changed["short"], "change": change, "largest": largest["short"]}
    facts["output"] = _money(largest["output"], language)
    title = say("map.title" if changed["sign"] else "map.title.same", language, **facts)
    key = [say("map.key.size", language), say("map.key.lines", language)]
    specification = frame([title], key, colours, 400)
    specification["params"] = [
        {"name": "park", "select": {"type": "point", "fields": ["id"], "toggle": False}, "views": ["nodes"]}
    ]
    # Circles and labels share the places; a city is a place, but no park.
    specification["data"] = {"values": [row | _beside(row, largest["output"]) for row in nodes]}
    specification["encoding"] = {"x": _X, "y": _Y}
    specification["layer"] = [
        _links(document, year, nodes, language, colours),
        _planned(nodes, colours),
        _circles(parks, language, colours),
        _centre(colours),
        *_names(colours),
    ]
    return specification, say("map.alt", language, **facts)


def _money(million_yuan: float | None, language: str) -> str:
    return say("map.unknown", language) if million_yuan is None else money(million_yuan, Messages(language))


def _axis(field: str, low: float, high: float) -> dict[str, Any]:
    scale = {"domain": [low, high], "zero": False, "nice": False}
    return {"field": field, "type": "quantitative", "scale": scale, "axis": None}


_X, _Y = _axis("x", 102.14, 103.5), _axis("y", 24.8, 25.42)
_ENDS = {"x": {"field": "x"}, "y": {"field": "y"}, "x2": {"field": "x2"}, "y2": {"field": "y2"}}


def _nodes(document: Document, year: int, language: str, selected: str | None) -> list[dict[str, Any]]:
    places = document["places"]
    at, rows = places["year"].index(year), []
    for ident, found in places["sites"].items():
        value, reference = finite(found["output"]["median"][at]), finite(found["output"]["against"][at])
        change = 100.0 * (value / reference - 1.0) if value is not None and reference else None
        size = change or 0.0
        sign = "▲" if size > LEAST_CHANGE else "▼" if size < -LEAST_CHANGE else ""
        facts = {"output": value, "change": change, "sign": sign, "selected": ident == selected}
        rows.append(_node(ident, language, facts))
    return [*rows, _node(CENTRE, language, {"output": None, "change": None, "sign": "", "selected": False})]


def _node(ident: str, language: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a site with its place on the map, a label of one or two lines (its name, its change), and what a tooltip
    and a screen reader say of it.
    """
    known = tables.sites()
    site = known[ident] if ident in known else known[tables.parks()[ident].site]
    dx, dy, side = _DRAWN.get(ident, (0.0, 0.0, "right"))
    title = str(getattr(site, f"title_{language}"))
    short = say(f"map.{ident}", language) if ident in _DRAWN else title
    label = short
    if facts["sign"]:
        label += "\n" + say("map.change", language, sign=facts["sign"], size=f"{abs(facts['change'] or 0.0):.1f}")
    change = say("map.unknown", language) if facts["change"] is None else f"{facts['change']:+.2f} %"
    said = {"title": title, "yearly": _money(facts["output"], language), "relative": change.replace("-", "−")}
    said["said"] = say("map.park", language, park=title, output=said["yearly"], change=said["relative"])
    at = {"x": round(float(site.lon) + dx, 4), "y": round(float(site.lat) + dy, 4)}
    return {"id": ident, "short": short, "label": label, "side": side, **at, **said, **facts}


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
        "transform": [{"filter": f"datum.id != '{CENTRE}'"}],
        "mark": {"type": "circle", "opacity": 1, "stroke": colours["text"], "cursor": "pointer"},
        "encoding": {
            "size": {**size, "scale": {"domain": [0, top or 1.0], "range": [_SMALLEST, _LARGEST]}},
            "color": {"field": "change", "type": "quantitative", "scale": scale, "legend": None},
            "strokeWidth": {"condition": {"test": "datum.selected", "value": 4}, "value": 0},
            "tooltip": tooltip(language, title="", yearly="", relative=""),
            "description": {"field": "said"},
        },
    }


def _centre(colours: Palette) -> Specification:
    """Return the city as a hollow square: it is where people come from, and its output is not that of a park."""
    mark = {"type": "point", "shape": "square", "size": 160, "strokeWidth": 2, "filled": False, "opacity": 1}
    look = {**mark, "color": colours["text"], "fill": colours["page"]}
    return {"transform": [{"filter": f"datum.id == '{CENTRE}'"}], "mark": look}


def _beside(node: Mapping[str, Any], largest: float | None) -> dict[str, Any]:
    """Return where the label of a node stands: as far from its place as its circle is wide."""
    share = (node["output"] or 0.0) / largest if largest else 0.0
    away = math.sqrt((_SMALLEST + (_LARGEST - _SMALLEST) * share) / math.pi) + 5.0
    align, baseline = _SIDES[node["side"]]
    # The first line is where the mark is put, the others come below it.
    more = _LINE_HEIGHT * node["label"].count("\n")
    dx = {"left": -away, "right": away}.get(node["side"], 0.0)
    dy = {"above": -away - more, "below": away}.get(node["side"], -more / 2.0)
    return {"align": align, "baseline": baseline, "dx": round(dx, 1), "dy": round(dy, 1)}


def _names(colours: Palette) -> list[Specification]:
    """Return the labels of all nodes, above the links."""
    own = {name: {"expr": f"datum.{name}"} for name in ("align", "baseline", "dx", "dy")}
    words = {"text": {"field": "label"}}
    return labels(words, colours, "text", **own, aria=False, lineBreak="\n", lineHeight=_LINE_HEIGHT)


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
            "commuters": round(amount, 1),
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

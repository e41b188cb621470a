"""Charts as pure functions from a result document to a Vega-Lite specification with its data, and its finding in words.

One specification serves the page and a printed report (`vl-convert` draws it without a browser), so no figure is made
twice. Every function returns (specification, alternative text with the finding).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.chart_text import chart_text as say
from experiments.messages import Messages
from experiments.published import published
from experiments.wording import money, number, unit_name
from sim.calibration import tables

Document = Mapping[str, Any]
Palette = Mapping[str, str]
Chart = tuple[dict[str, Any], str]
FONT = "'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
LEDGER_ROWS = 10
DOTS = 20
LEAST_CHANGE = 0.05  # per cent of output: a smaller change is none

_PALETTES: Mapping[str, Palette] = {
    "light": {
        "page": "#ffffff",
        "text": "#31333f",
        "soft": "#4f5661",
        "grid": "#dfe2e6",
        "current": "#0b6e69",
        "baseline": "#5b6470",
        "ghost": "#9a6fb0",
        "target": "#b3261e",
        "gain": "#17734a",
        "loss": "#b3261e",
        "park": "#c96a12",
    },
    "dark": {
        "page": "#0e1117",
        "text": "#fafafa",
        "soft": "#c3c8d0",
        "grid": "#3a3f4a",
        "current": "#4fc3b8",
        "baseline": "#b8bcc4",
        "ghost": "#c9a6db",
        "target": "#ff8a80",
        "gain": "#6fcf97",
        "loss": "#ff8a80",
        "park": "#f0a35e",
    },
}


def palette(kind: str) -> Palette:
    """Return the colours of the light or the dark theme."""
    return _PALETTES["dark" if kind == "dark" else "light"]


def frame(title: str, subtitle: str, colours: Palette, height: int) -> dict[str, Any]:
    """Return what all specifications share: title, size, fonts, colours."""
    axis = {
        "labelColor": colours["soft"],
        "titleColor": colours["soft"],
        "gridColor": colours["grid"],
        "domainColor": colours["grid"],
        "tickColor": colours["grid"],
        "labelFont": FONT,
        "titleFont": FONT,
        "labelFontSize": 12,
        "titleFontWeight": "normal",
    }
    heading = {
        "text": title,
        "subtitle": subtitle,
        "anchor": "start",
        "color": colours["text"],
        "subtitleColor": colours["soft"],
        "font": FONT,
        "subtitleFont": FONT,
        "fontSize": 14,
        "subtitleFontSize": 12,
        "offset": 8,
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": heading,
        "width": "container",
        "height": height,
        "background": "transparent",
        "autosize": {"type": "fit", "contains": "padding"},
        "config": {"axis": axis, "view": {"stroke": None}, "text": {"font": FONT, "color": colours["text"]}},
    }


# Fans ----------------------------------------------------------------------------------------------------------------


def fan(document: Document, target: str, language: str, colours: Palette, ghost: Document | None = None) -> Chart:
    """Return the path of one target's measure: bands of 50 and 90 %, median, reference, target, the step before."""
    text = Messages(language)
    row = next(row for row in document["targets"] if row["id"] == target)
    before = next((old for old in ghost["targets"] if old["id"] == target), None) if ghost else None
    values = _fan_values(row, before)
    dots = [
        {"year": str(p.year), "value": p.value, "basis": getattr(p, f"basis_{language}"), "source": p.source}
        for p in published()
        if p.target == target
    ]
    unit, name = row["unit"], text.title(row)
    shown = {"title": name, "median": number(row["median"], unit, text), "unit": unit_name(unit, text)}
    title = say("fan.title", language, **shown)
    alt = say(
        "fan.alt",
        language,
        **shown,
        low=number(row["p05"], unit, text),
        high=number(row["p95"], unit, text),
        target=f"{row['threshold']:g}",
        reference=number(row["against"]["median"], unit, text),
    )
    key = say("fan.key", language)
    if before is not None:
        key += say("fan.key.ghost", language)
    if dots:
        key += say("fan.key.dots", language, basis=dots[0]["basis"])
    low, high = _domain([*values, *dots], row["threshold"])
    specification = frame(title, key, colours, 210)
    x = {"field": "year", "type": "ordinal", "axis": {"title": None, "labelAngle": 0, "grid": False}}
    y = {"type": "quantitative", "scale": {"domain": [low, high], "zero": False}, "axis": {"title": shown["unit"]}}
    specification["data"] = {"values": values}
    specification["encoding"] = {"x": x}
    specification["layer"] = [
        *_bands(colours, y),
        _line("against", colours["baseline"], y, 3, [6, 4]),
        *([_line("before", colours["ghost"], y, 1.5, [3, 3])] if before is not None else []),
        _line("median", colours["current"], y, 3, None),
        *_target_line(row["threshold"], colours, y, say("fan.target", language, value=f"{row['threshold']:g}"), values),
        *([_published_dots(dots, colours, y)] if dots else []),
    ]
    return specification, alt


def _fan_values(row: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    yearly = row["yearly"]
    old = dict(zip(before["yearly"]["year"], before["yearly"]["median"], strict=True)) if before else {}
    names = ("median", "p05", "p25", "p75", "p95", "against")
    return [
        {"year": str(year), **{name: yearly[name][k] for name in names}, "before": old.get(year)}
        for k, year in enumerate(yearly["year"])
    ]


def _domain(rows: Sequence[Mapping[str, Any]], threshold: float) -> tuple[float, float]:
    """Return the ends of an axis that holds everything, rounded outwards, so that refinement does not move it."""
    found = [value for row in rows for value in row.values() if isinstance(value, float) and math.isfinite(value)]
    low, high = min([*found, threshold]), max([*found, threshold])
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-9)))
    step = step / 2.0 if (high - low) / step < 5.0 else step
    return math.floor(low / step - 0.2) * step, math.ceil(high / step + 0.2) * step


def _bands(colours: Palette, y: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "mark": {"type": "area", "opacity": opacity, "color": colours["current"]},
            "encoding": {"y": {**y, "field": low}, "y2": {"field": high}},
        }
        for low, high, opacity in (("p05", "p95", 0.16), ("p25", "p75", 0.3))
    ]


def _line(field: str, colour: str, y: Mapping[str, Any], width: float, dash: list[int] | None) -> dict[str, Any]:
    mark: dict[str, Any] = {"type": "line", "color": colour, "strokeWidth": width, "point": False}
    if dash:
        mark["strokeDash"] = dash
    tooltip = [{"field": "year"}, {"field": field, "type": "quantitative", "format": ".2f"}]
    return {"mark": {**mark, "tooltip": True}, "encoding": {"y": {**y, "field": field}, "tooltip": tooltip}}


def _target_line(
    value: float, colours: Palette, y: Mapping[str, Any], label: str, values: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    last = values[-1]["year"] if values else ""
    data = {"values": [{"target": value, "year": last, "label": label}]}
    rule = {"type": "rule", "color": colours["target"], "strokeWidth": 2, "strokeDash": [2, 3]}
    words = {"type": "text", "color": colours["target"], "align": "right", "dy": -7, "fontSize": 12, "dx": 18}
    return [
        {"data": data, "mark": rule, "encoding": {"x": None, "y": {**y, "field": "target"}}},
        {"data": data, "mark": words, "encoding": {"y": {**y, "field": "target"}, "text": {"field": "label"}}},
    ]


def _published_dots(dots: list[dict[str, Any]], colours: Palette, y: Mapping[str, Any]) -> dict[str, Any]:
    tooltip = [{"field": name} for name in ("year", "value", "basis", "source")]
    mark = {"type": "point", "filled": True, "size": 70, "color": colours["park"], "stroke": colours["page"]}
    return {
        "data": {"values": dots},
        "mark": mark,
        "encoding": {"y": {**y, "field": "value"}, "tooltip": tooltip},
    }


# The bill and the count ----------------------------------------------------------------------------------------------


def ledger(document: Document, language: str, colours: Palette) -> Chart:
    """Return signed bars by lever: what is paid more than under no policy, and what the budget had to cut."""
    text, fiscal = Messages(language), document["fiscal"]
    factor, unit = (0.01, "亿元") if language == "zh" else (0.001, "bn yuan")
    levers = tables.levers()
    paid, cut = fiscal["by_instrument"], fiscal["rationed"]
    items = sorted({*paid, *cut}, key=lambda lever: -abs(paid.get(lever, 0.0)) - abs(cut.get(lever, 0.0)))
    shown, rest = items[:LEDGER_ROWS], items[LEDGER_ROWS:]
    names = {lever: _short(str(getattr(levers[lever], f"title_{language}"))) for lever in shown}
    rows = [(f"{lever} {names[lever]}", paid.get(lever, 0.0), cut.get(lever, 0.0)) for lever in shown]
    if rest:
        sums = [sum(part.get(lever, 0.0) for lever in rest) for part in (paid, cut)]
        rows.append((say("ledger.rest", language, n=len(rest)), *sums))
    values = [
        {"item": item, "kind": say(f"ledger.{kind}", language), "amount": factor * amount, "order": k}
        for k, (item, *amounts) in enumerate(rows)
        for kind, amount in zip(("paid", "cut"), amounts, strict=True)
    ]
    payers = fiscal["by_payer"]
    facts = {payer: money(payers.get(payer, 0.0), text) for payer in ("new_area", "province", "kunming")}
    cost = money(fiscal["net_cost"], text)
    title = say("ledger.title", language, cost=cost)
    specification = frame(title, say("ledger.payers", language, **facts), colours, max(90, 26 * len(rows)))
    specification["data"] = {"values": values}
    specification["mark"] = {"type": "bar"}
    order = {"field": "item", "type": "nominal", "sort": {"field": "order"}}
    kinds = [say("ledger.paid", language), say("ledger.cut", language)]
    legend = {"title": None, "orient": "bottom", "labelColor": colours["soft"], "labelFont": FONT}
    specification["encoding"] = {
        "y": {**order, "axis": {"title": None, "labelLimit": 210}},
        "x": {"field": "amount", "type": "quantitative", "axis": {"title": unit, "tickCount": 5}},
        "color": {
            "field": "kind",
            "type": "nominal",
            "scale": {"domain": kinds, "range": [colours["current"], colours["target"]]},
            "legend": legend,
        },
        "tooltip": [{"field": "item"}, {"field": "kind"}, {"field": "amount", "type": "quantitative", "format": ".2f"}],
    }
    largest = rows[0][0] if rows else say("ledger.none", language)
    return specification, say("ledger.alt", language, cost=cost, largest=largest)


def _short(title: str) -> str:
    return title if len(title) <= 26 else title[:25] + "…"


def reached_dots(document: Document, language: str, colours: Palette) -> Chart:
    """Return twenty dots, each one in twenty of the replicates, over the number of targets reached."""
    reached = document["reached"]
    counts = sorted(reached["counts"])
    picked = [counts[min(int((k + 0.5) / DOTS * len(counts)), len(counts) - 1)] for k in range(DOTS)] if counts else []
    height: dict[int, int] = {}
    values = []
    for count in picked:
        height[count] = height.get(count, 0) + 1
        values.append({"count": count, "place": height[count]})
    title = say("dots.title", language, median=f"{reached['median'] or 0:g}", of=reached["of"])
    specification = frame(title, say("dots.key", language), colours, 150)
    specification["data"] = {"values": values}
    specification["mark"] = {"type": "point", "filled": True, "size": 55, "color": colours["current"], "opacity": 1}
    specification["encoding"] = {
        "x": {
            "field": "count",
            "type": "quantitative",
            "scale": {"domain": [-0.5, reached["of"] + 0.5]},
            "axis": {
                "title": say("dots.axis", language),
                "values": list(range(reached["of"] + 1)),
                "grid": False,
                "format": "d",
            },
        },
        "y": {"field": "place", "type": "quantitative", "scale": {"domain": [0, DOTS + 1]}, "axis": None},
    }
    low, high = f"{reached['p05'] or 0:g}", f"{reached['p95'] or 0:g}"
    return specification, say("dots.alt", language, median=f"{reached['median'] or 0:g}", low=low, high=high)

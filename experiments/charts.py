"""Charts as pure functions from a result document to a Vega-Lite specification with its data, and its finding in words.

One specification serves the page and a printed report (`vl-convert` draws it without a browser), so no figure is made
twice. Every function returns (specification, alternative text with the finding). Colours come from `palette`, words
from `chart_text`: there are none of either in here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.chart_frame import (
    FONT,
    Chart,
    Document,
    Palette,
    Specification,
    domain,
    finite,
    frame,
    labels,
    lines,
    palette,
    tooltip,
)
from experiments.chart_text import chart_text as say
from experiments.messages import Messages
from experiments.published import published
from experiments.units import unit_name
from experiments.wording import money, number, probability
from sim.calibration import tables

__all__ = ["fan", "ledger", "palette", "reached_dots"]

LEDGER_ROWS = 10
LEDGER_COLUMNS = 26
DOTS = 20
_BANDS = (("p05", "p95", 0.16), ("p25", "p75", 0.3))
_FORMATS = {"% per year": ".1f", "pp per year": ".2f", "100M yuan per km2": ".0f"}
_MONEY = {"zh": (0.01, 1), "en": (0.001, 2)}  # factor from million yuan, decimals

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
    title = say("fan.title.reached" if reached else "fan.title.missed", language, **shown)
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
    title: str,
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
            "source": found.source,
            "confidence": say(f"chart.confidence.{found.confidence}", language),
        }
        for found in published()
        if found.target == row["id"]
    ]
    key = say("fan.key", language) + (say("fan.key.ghost", language) if before is not None else "")
    specification = frame(title, [key, say("fan.key.dots", language) if dots else ""], colours, 150)
    names = ("median", "p05", "p25", "p75", "p95", "against", "before")
    everything = [value[name] for value in values for name in names] + [dot["value"] for dot in dots]
    low, high = domain([*everything, row["threshold"]])
    x = {"field": "year", "type": "ordinal", "axis": {"title": None, "labelAngle": 0, "grid": False}}
    y = {"type": "quantitative", "scale": {"domain": [low, high], "zero": False}, "axis": {"title": shown["unit"]}}
    form = _FORMATS.get(row["unit"], ".2f")
    tips = tooltip(language, year="", **dict.fromkeys(("median", "p05", "p95", "against"), form))
    specification["data"] = {"values": values}
    specification["encoding"] = {"x": x}
    specification["layer"] = [
        *(
            {
                "mark": {"type": "area", "opacity": opacity, "color": colours["current"]},
                "encoding": {"y": {**y, "field": bottom}, "y2": {"field": top}, "tooltip": tips},
            }
            for bottom, top, opacity in _BANDS
        ),
        _line("against", colours["baseline"], y, tips, strokeWidth=4, strokeDash=[6, 4]),
        *([_line("before", colours["ghost"], y, tips, strokeWidth=1.5, strokeDash=[3, 3])] if before else []),
        _line("median", colours["current"], y, tips, strokeWidth=3),
        *_target_line(row, values, y, say("fan.target", language, value=shown["target"]), colours),
        *([_published_dots(dots, y, language, colours)] if dots else []),
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


def _line(field: str, colour: str, y: Mapping[str, Any], tips: list[dict[str, str]], **look: Any) -> Specification:
    mark = {"type": "line", "color": colour, **look}
    return {"mark": mark, "encoding": {"y": {**y, "field": field}, "tooltip": tips}}


def _target_line(
    row: Mapping[str, Any], values: Sequence[Mapping[str, Any]], y: Mapping[str, Any], label: str, colours: Palette
) -> list[Specification]:
    data = {"values": [{"target": row["threshold"], "year": values[-1]["year"] if values else "", "label": label}]}
    rule = {"type": "rule", "color": colours["target"], "strokeWidth": 2, "strokeDash": [2, 3]}
    words = {"x": {"value": "width"}, "y": {**y, "field": "target"}, "text": {"field": "label"}}
    return [
        {"data": data, "mark": rule, "encoding": {"x": None, "y": {**y, "field": "target"}}},
        *labels(data, words, colours, "target", align="right", dy=-9),
    ]


def _published_dots(dots: list[dict[str, Any]], y: Mapping[str, Any], language: str, colours: Palette) -> Specification:
    tips = tooltip(language, year="", value=".1f", basis="", confidence="", source="")
    mark = {"type": "point", "filled": True, "opacity": 1, "size": 80, "color": colours["park"]}
    edge = {"stroke": colours["page"], "strokeWidth": 1.5}
    return {
        "data": {"values": dots},
        "mark": {**mark, **edge},
        "encoding": {"y": {**y, "field": "value"}, "tooltip": tips},
    }


def _bar(
    row: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    title: str,
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
    key = say("bar.key", language) + (say("fan.key.ghost", language) if before is not None else "")
    specification = frame(title, [key], colours, 125)
    axis = {"title": shown["unit"], "grid": False}
    x = {"type": "quantitative", "scale": {"domain": [low, high], "zero": False, "nice": False}, "axis": axis}
    tips = tooltip(language, **dict.fromkeys((*bands, *values), _FORMATS.get(row["unit"], ".2f")))
    specification["data"] = {"values": [bands | values]}
    layers: list[Specification] = [
        {
            "mark": {"type": "bar", "opacity": opacity, "color": colours["current"], "height": 30},
            "encoding": {"x": {**x, "field": a}, "x2": {"field": b}, "y": {"value": 42}, "tooltip": tips},
        }
        for a, b, opacity in _BANDS
    ]
    # Name of the line, its look, its ends and the height of its label in pixels from above.
    for name, look, top, end, word in (
        ("against", {"strokeWidth": 4, "strokeDash": [6, 4], "color": colours["baseline"]}, 22, 68, 78),
        ("before", {"strokeWidth": 1.5, "strokeDash": [3, 3], "color": colours["ghost"]}, 22, 62, None),
        ("median", {"strokeWidth": 3, "color": colours["current"]}, 22, 62, 12),
        ("target", {"strokeWidth": 2, "strokeDash": [2, 3], "color": colours["target"]}, 0, 88, 98),
    ):
        value = values[name]
        if value is None:
            continue
        at = {**x, "field": name}
        ends = {"x": at, "y": {"value": top}, "y2": {"value": end}}
        layers.append({"mark": {"type": "rule", **look}, "encoding": ends})
        if word is not None:
            side = (value - low) / (high - low)
            align = "left" if side < 0.15 else "right" if side > 0.85 else "center"
            caption = say(f"bar.{name}", language, value=number(value, row["unit"], Messages(language)))
            data = {"values": [{name: value, "label": caption}]}
            colour = {"against": "baseline", "median": "current", "target": "target"}[name]
            layers += labels(
                data, {"x": at, "y": {"value": word}, "text": {"field": "label"}}, colours, colour, align=align
            )
    specification["layer"] = layers
    return specification


# The bill and the count ----------------------------------------------------------------------------------------------


def ledger(document: Document, language: str, colours: Palette) -> Chart:
    """Return signed bars by lever: what is paid more than under the reference, and what the budget had to cut.

    Both together are what was promised. Payers are in the heading: a grant is an item here and no cost of the New Area.
    """
    text, fiscal = Messages(language), document["fiscal"]
    rows = _ledger_rows(fiscal, language)
    factor, digits = _MONEY[language]
    kinds = ("paid", "cut") if any(cut for _, _, cut in rows) else ("paid",)
    names = {kind: say(f"ledger.{kind}", language) for kind in kinds}
    values = [
        {
            "item": "\n".join(lines(item, LEDGER_COLUMNS)),
            "kind": names[kind],
            "amount": factor * amount,
            "promised": factor * (paid + cut),
        }
        for item, paid, cut in rows
        for kind, amount in (("paid", paid), ("cut", cut))
        if kind in kinds
    ]
    payers = {payer: money(fiscal["by_payer"].get(payer, 0.0), text) for payer in ("new_area", "province", "kunming")}
    cost = fiscal["net_cost"]
    amounts = {
        "cost": money(None if cost is None else abs(cost), text),
        "low": money(fiscal["p05"], text),
        "high": money(fiscal["p95"], text),
    }
    title = say("ledger.title.less" if (cost or 0.0) < 0.0 else "ledger.title.more", language, **amounts)
    key = [say("ledger.payers", language, **payers), say("ledger.range", language, **amounts)]
    key.append(say("ledger.key" if "cut" in kinds else "ledger.nothing_cut", language))
    folded = ["\n".join(lines(item, LEDGER_COLUMNS)) for item, _, _ in rows]
    step = 20 + 14 * max((item.count("\n") for item in folded), default=0)
    legend_room = 40 if "cut" in kinds else 0
    specification = frame(title, key, colours, max(60, step * len(rows)) + 16 + legend_room)
    specification["data"] = {"values": values}
    y = {
        "field": "item",
        "type": "nominal",
        "sort": folded,
        "axis": {"title": None, "labelLimit": 200, "labelExpr": "split(datum.label, '\\n')", "ticks": False},
    }
    low, high = _room([(paid, cut) for _, paid, cut in rows], factor)
    x = {"type": "quantitative", "scale": {"domain": [low, high], "nice": False}}
    axis = {"title": say("ledger.unit", language), "tickCount": 5}
    tips = tooltip(language, item="", kind="", amount=f",.{digits}f", promised=f",.{digits}f")
    scale = {"domain": list(names.values()), "range": [colours["current"], colours["loss"]][: len(kinds)]}
    legend = {"title": None, "orient": "bottom", "labelColor": colours["soft"], "labelFont": FONT, "labelFontSize": 12}
    colour = {"field": "kind", "type": "nominal", "scale": scale, "legend": legend if "cut" in kinds else None}
    specification["layer"] = [
        {
            "mark": {"type": "bar", "height": {"band": 0.7}},
            "encoding": {"y": y, "x": {**x, "field": "amount", "axis": axis}, "color": colour, "tooltip": tips},
        },
        *_amounts(values, x, y, digits, colours),
    ]
    largest = rows[0][0] if rows else say("ledger.none", language)
    facts = {"largest": largest, "amount": money(sum(rows[0][1:]) if rows else 0.0, text)}
    lost = sum(fiscal["rationed"].values())
    cut_total = money(lost, text) if lost else say("ledger.none", language)
    return specification, say("ledger.alt", language, title=title, cut=cut_total, **facts, **payers)


def _ledger_rows(fiscal: Mapping[str, Any], language: str) -> list[tuple[str, float, float]]:
    """Return (title, paid, cut) in million yuan, the largest first, all beyond the first ones in one row."""
    levers = tables.levers()
    paid, cut = fiscal["by_instrument"], fiscal["rationed"]
    items = sorted({*paid, *cut}, key=lambda lever: (-abs(paid.get(lever, 0.0)) - abs(cut.get(lever, 0.0)), lever))
    rows = [
        (str(getattr(levers[lever], f"title_{language}")), paid.get(lever, 0.0), cut.get(lever, 0.0))
        for lever in items[:LEDGER_ROWS]
    ]
    rest = items[LEDGER_ROWS:]
    if rest:
        sums = [sum(part.get(lever, 0.0) for lever in rest) for part in (paid, cut)]
        rows.append((say("ledger.rest", language, n=len(rest)), sums[0], sums[1]))
    return rows


def _room(amounts: Sequence[tuple[float, float]], factor: float) -> tuple[float, float]:
    """Return the ends of the axis of money, with room for the figures at the ends of the bars."""
    top = max([factor * (max(paid, 0.0) + max(cut, 0.0)) for paid, cut in amounts], default=0.0)
    bottom = min([factor * (min(paid, 0.0) + min(cut, 0.0)) for paid, cut in amounts], default=0.0)
    span = max(top - bottom, 10.0 * factor)
    return (
        bottom - 0.25 * span if bottom < -0.02 * span else 0.0 if bottom == 0.0 else -0.02 * span
    ), top + 0.25 * span


def _amounts(
    values: Sequence[Mapping[str, Any]], x: Mapping[str, Any], y: Mapping[str, Any], digits: int, colours: Palette
) -> list[Specification]:
    """Return what is promised as a figure at the end of each bar; what would read as nothing is said to be small."""
    layers: list[Specification] = []
    for align, dx, sign in (("left", 5, 1.0), ("right", -5, -1.0)):
        rows = []
        for item, promised in dict.fromkeys((value["item"], value["promised"]) for value in values):
            if (promised >= 0.0) != (sign > 0.0):
                continue
            shown = f"{promised:,.{digits}f}".replace("-", "−")
            if round(promised, digits) == 0.0 and promised:
                shown = ("−" if promised < 0.0 else "") + f"<{10.0**-digits:g}"
            rows.append({"item": item, "promised": promised, "label": shown})
        encoding = {"y": y, "x": {**x, "field": "promised"}, "text": {"field": "label"}}
        layers += labels({"values": rows}, encoding, colours, "text", align=align, dx=dx) if rows else []
    return layers


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
    specification = frame(title, [say("dots.key", language)], colours, 165)
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

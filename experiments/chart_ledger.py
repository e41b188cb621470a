"""The bill as a Vega-Lite specification: who pays for which lever, what was cut, and what nobody has asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.bill import PAYERS, payer_of, title_of
from experiments.chart_frame import (
    SUBTITLE_COLUMNS,
    TITLE_COLUMNS,
    Chart,
    Document,
    Palette,
    Specification,
    frame,
    lines,
    tooltip,
)
from experiments.chart_text import chart_text as say
from experiments.messages import Messages
from experiments.wording import magnitude, money
from sim.calibration import tables

MOST_ITEMS = 8
LEAST_SHARE = 0.005  # of the largest item: a smaller one would have no bar that can be seen
_LINE, _BAR, _GAP = 15, 14, 8  # pixels
_FIGURE_ROOM = 0.25  # share of the axis for a figure at the end of the longest bar


@dataclass(frozen=True)
class _Unit:
    """A unit of money for all bars of a chart: from million yuan, with decimals."""

    name: str
    factor: float
    digits: int

    def shown(self, million_yuan: float) -> str:
        """Write an amount; what would read as nothing is said to be small."""
        value = self.factor * million_yuan
        if value and not round(value, self.digits):
            return ("−" if value < 0.0 else "") + f"<{10.0**-self.digits:g}"
        return f"{value:,.{self.digits}f}".replace("-", "−")


# By whether the largest item is worth the large unit: one chart has one unit.
_UNITS: Mapping[str, Mapping[bool, _Unit]] = {
    "zh": {True: _Unit("money", 0.01, 1), False: _Unit("small_money", 100.0, 0)},
    "en": {True: _Unit("money", 0.001, 2), False: _Unit("small_money", 1.0, 1)},
}


@dataclass(frozen=True)
class _Item:
    """A lever, or several together: who pays, what is paid more than under the reference and what was cut."""

    title: str
    payer: str
    paid: float
    cut: float
    unset: bool  # at its baseline in policy and reference: its cost follows from other levers
    levers: tuple[str, ...]

    @property
    def promised(self) -> float:
        return self.paid + self.cut

    @property
    def size(self) -> float:
        return abs(self.paid) + abs(self.cut)


def ledger(document: Document, language: str, colours: Palette) -> Chart:
    """Return bars by who pays and for which lever: what is paid more than under the reference, and what was cut.

    Both together are what was promised. A grant of the province or of Kunming is an item here and no cost of the New
    Area.
    """
    text, fiscal = Messages(language), document["fiscal"]
    items = _items(document, language)
    if not items:
        nothing = say("ledger.empty", language)
        return frame([nothing], [], colours, 0) | {"data": {"values": []}, "mark": "point"}, nothing
    unit = _UNITS[language][max(abs(item.promised) for item in items) >= 100.0]
    title, moved = _title(fiscal["net_cost"], text)
    paid_by = {payer: _heading(payer, items, text) for payer in PAYERS}
    headings = {payer: said for payer, said in paid_by.items() if any(item.payer == payer for item in items)}
    rows, height = _rows(items, headings, unit, text)
    specification = frame([title], _key(fiscal, items, unit, language, moved), colours, height)
    specification["data"] = {"values": rows}
    specification |= _drawn(rows, items, unit, language, colours)
    largest = max(items, key=lambda item: item.size)
    lost = sum(fiscal["rationed"].values())
    facts = {
        "payers": say("ledger.and", language).join(headings.values()),
        "largest": largest.title,
        "amount": money(largest.promised, text),
        "cut": money(lost, text) if lost else say("ledger.none", language),
    }
    return specification, say("ledger.alt", language, title=title, **facts)


def _title(cost: float | None, text: Messages) -> tuple[str, bool]:
    """Return the finding, and whether the New Area pays more or less at all."""
    shown = magnitude(cost, text)
    if not shown:
        return say("ledger.title.same", text.language), False
    less = cost is not None and cost < 0.0
    return say("ledger.title.less" if less else "ledger.title.more", text.language, cost=shown), True


def _heading(payer: str, items: Sequence[_Item], text: Messages) -> str:
    paid, cut = (sum(getattr(item, name) for item in items if item.payer == payer) for name in ("paid", "cut"))
    facts = {"payer": say(f"ledger.payer.{payer}", text.language), "amount": money(paid, text).replace("-", "−")}
    if lost := magnitude(cut, text):
        return say("ledger.heading.cut", text.language, cut=lost, **facts)
    return say("ledger.heading", text.language, **facts)


def _key(fiscal: Mapping[str, Any], items: Sequence[_Item], unit: _Unit, language: str, moved: bool) -> list[str]:
    name, low, high = say(f"ledger.unit.{unit.name}", language), fiscal["p05"], fiscal["p95"]
    key = []
    if moved and low is not None and high is not None:
        key.append(say("ledger.range", language, low=unit.shown(low), high=unit.shown(high), unit=name))
    key.append(say("ledger.key.cut" if any(item.cut for item in items) else "ledger.key", language, unit=name))
    owed = fiscal["owed"] or 0.0
    if (amount := unit.shown(abs(owed))) != unit.shown(0.0):
        key.append(say("ledger.key.owed" if owed > 0.0 else "ledger.key.owed_less", language, owed=amount, unit=name))
    if any(item.unset for item in items):
        key.append(say("ledger.key.unset", language))
    return key


def _items(document: Document, language: str) -> list[_Item]:
    """Return the items by payer, the largest first; what is small or beyond the first ones is one item per payer."""
    fiscal, table = document["fiscal"], tables.levers()
    paid, cut = fiscal["by_instrument"], fiscal["rationed"]
    found = []
    for lever in {**paid, **cut}:
        # With another reference than the baseline it is not known what that one sets.
        base = table[lever].baseline if lever in table else None
        unset = base is not None and document["against"] == "baseline" and document["settings"].get(lever, base) == base
        payer = payer_of(lever) if payer_of(lever) in PAYERS else "new_area"
        title = title_of(lever, Messages(language))
        found.append(_Item(title, payer, paid.get(lever, 0.0), cut.get(lever, 0.0), unset, (lever,)))
    found.sort(key=lambda item: (-item.size, item.levers))
    least = LEAST_SHARE * found[0].size if found else 0.0
    kept = [item for item in found[:MOST_ITEMS] if item.size >= least]
    items = []
    for payer in PAYERS:
        items += [item for item in kept if item.payer == payer]
        rest = [item for item in found[len(kept) :] if item.payer == payer]
        items += rest if len(rest) == 1 else [_together(rest, payer, language)] if rest else []
    return items


def _together(rest: Sequence[_Item], payer: str, language: str) -> _Item:
    title = say("ledger.rest", language, n=len(rest))
    paid, cut = sum(item.paid for item in rest), sum(item.cut for item in rest)
    return _Item(title, payer, paid, cut, all(item.unset for item in rest), tuple(i.levers[0] for i in rest))


def _rows(
    items: Sequence[_Item], headings: Mapping[str, str], unit: _Unit, text: Messages
) -> tuple[list[dict[str, Any]], int]:
    """Return a row for each heading and item, with its places in pixels from above, and the height of all.

    A name stands above its bar, not beside it: half a phone would not do for names, and a bar to the left of zero would
    run into them.
    """
    rows: list[dict[str, Any]] = []
    y = 4
    for payer, heading in headings.items():
        y += _GAP if rows else 0
        label = lines(heading, TITLE_COLUMNS)
        rows.append({"y": y, "label": "\n".join(label), "weight": "bold"})
        y += _LINE * len(label) + 3
        for item in (item for item in items if item.payer == payer):
            label = lines(_label(item, unit, text), SUBTITLE_COLUMNS)
            bar = y + _LINE * len(label) + _BAR // 2
            rows.append(
                {
                    "y": y,
                    "bar": bar,
                    "label": "\n".join(label),
                    "weight": "normal",
                    "paid": unit.factor * item.paid,
                    "promised": unit.factor * item.promised,
                    "figure": unit.shown(item.promised),
                    "item": item.title,
                    "payer": say(f"ledger.payer.{payer}", text.language),
                    "amount": money(item.paid, text),
                    "cut": money(item.cut, text) if item.cut else say("ledger.none", text.language),
                }
            )
            y = bar + _BAR // 2 + _GAP
    return rows, y


def _label(item: _Item, unit: _Unit, text: Messages) -> str:
    parts = [item.title]
    if item.cut:
        parts.append(say("ledger.item.cut", text.language, amount=unit.shown(item.cut)))
    if item.unset:
        parts.append(say("ledger.item.unset", text.language))
    return " · ".join(parts)


def _drawn(
    rows: Sequence[Mapping[str, Any]], items: Sequence[_Item], unit: _Unit, language: str, colours: Palette
) -> Specification:
    """Return what all layers share, and the layers: names, bars, what was cut, figures, the line of zero."""
    ends = [unit.factor * end for item in items for end in (item.paid, item.promised)]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = _FIGURE_ROOM * (high - low)
    scale = {"domain": [low - room if low < 0.0 else low, high + room], "nice": False, "zero": False}
    pixels = {"type": "quantitative", "scale": None, "axis": None}
    thick = {"type": "bar", "orient": "horizontal", "height": _BAR}
    words = {"type": "text", "fontSize": 12}
    at_bar = {"y": {"field": "bar"}}
    side = {
        "align": {"expr": "datum.promised < 0 ? 'right' : 'left'"},
        "dx": {"expr": "datum.promised < 0 ? -5 : 5"},
    }
    named = {
        **words,
        **{"align": "left", "baseline": "top", "lineBreak": "\n", "lineHeight": _LINE},
        "fontWeight": {"expr": "datum.weight"},
        "color": {"expr": f"datum.weight == 'bold' ? '{colours['text']}' : '{colours['soft']}'"},
    }
    layers: list[Specification] = [
        {"mark": named, "encoding": {"x": {"value": 0}, "y": {"field": "y"}, "text": {"field": "label"}}},
        {
            "mark": {**thick, "color": colours["current"]},
            "encoding": {**at_bar, "x": {"field": "paid"}, "x2": {"datum": 0.0}},
        },
        {
            "mark": {**words, "baseline": "middle", **side},
            "encoding": {**at_bar, "x": {"field": "promised"}, "text": {"field": "figure"}},
        },
    ]
    if any(item.cut for item in items):
        cut = {**at_bar, "x": {"field": "paid"}, "x2": {"field": "promised"}}
        layers.append({"mark": {**thick, "color": colours["loss"]}, "encoding": cut})
    if low < 0.0:
        tick = {"type": "tick", "orient": "vertical", "color": colours["soft"], "thickness": 1, "height": _BAR + 2}
        layers.append(
            {"transform": [{"filter": "datum.item"}], "mark": tick, "encoding": {**at_bar, "x": {"datum": 0.0}}}
        )
    shared = {
        "x": {"type": "quantitative", "scale": scale, "axis": None},
        "y": pixels,
        "tooltip": tooltip(language, item="", payer="", amount="", cut=""),
    }
    return {"encoding": shared, "layer": layers}

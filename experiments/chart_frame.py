"""What all charts share: colours, fonts, the frame of a specification, lines of text that fit, marks used twice."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.chart_text import chart_text as say
from experiments.wording import width

Document = Mapping[str, Any]
Palette = Mapping[str, str]
Specification = dict[str, Any]
Chart = tuple[Specification, str]
FONT = "'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
TITLE_COLUMNS, SUBTITLE_COLUMNS = (
    36,
    44,
)  # what 310 pixels hold, whatever the font, at 14 and at 12 pixels, Chinese characters taking two
# What stays on one line: opening marks with what follows, letters and digits, one wide character; then closing marks.
_WORD = re.compile(
    r"[（《“(]*(?:[^\s\u2e80-\u9fff\uff00-\uffef（《“”》）]+|[\u2e80-\u9fff]|[\uff00-\uffef])?"
    r"[，。；：、）》”]*(?: %)?\s*"
)
_TITLE_LINE, _SUBTITLE_LINE, _AXIS_ROOM = 18, 15, 24  # pixels

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


def frame(title: Sequence[str], subtitle: Sequence[str], colours: Palette, height: int) -> Specification:
    """Return title, size, fonts and colours; every part of title and subtitle starts a line, long ones are folded.

    `height` is that of the plot in pixels; room for the heading and for the labels of one axis is added.
    """
    head = [line for part in title for line in lines(part, TITLE_COLUMNS)]
    below = [line for part in subtitle if part for line in lines(part, SUBTITLE_COLUMNS)]
    axis = {
        "labelColor": colours["soft"],
        "titleColor": colours["soft"],
        "gridColor": colours["grid"],
        "domainColor": colours["grid"],
        "tickColor": colours["grid"],
        "labelFont": FONT,
        "titleFont": FONT,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    }
    heading = {
        "text": head,
        "subtitle": below,
        "anchor": "start",
        "lineHeight": _TITLE_LINE,
        "subtitleLineHeight": _SUBTITLE_LINE,
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
        "height": height + _TITLE_LINE * len(head) + _SUBTITLE_LINE * len(below) + _AXIS_ROOM,
        "background": "transparent",
        "autosize": {"type": "fit", "contains": "padding"},
        "config": {"axis": axis, "view": {"stroke": None}, "text": {"font": FONT, "color": colours["text"]}},
    }


def lines(text: str, columns: int) -> list[str]:
    """Fold a text into as few lines of so many columns as hold it, of about equal length."""
    best = _folded(text, columns)
    for narrower in range(columns - 1, columns // 2, -1):
        tried = _folded(text, narrower)
        if len(tried) > len(best):
            break
        best = tried
    return best


def _folded(text: str, columns: int) -> list[str]:
    """Fold at blanks, and in Chinese between any two characters but before a closing and after an opening mark."""
    found: list[str] = []
    line = ""
    for word in _WORD.findall(text):
        if line and width((line + word).rstrip()) > columns:
            found.append(line.rstrip())
            line = ""
        line += word
    return [*found, line.rstrip()] if line.strip() else found


def tooltip(language: str, **fields: str) -> list[dict[str, str]]:
    """Return tooltip entries: field -> number format, or an empty text for words; titles come from the text table."""
    return [
        {"field": field, "title": say(f"tip.{field}", language)}
        | ({"type": "quantitative", "format": form} if form else {"type": "nominal"})
        for field, form in fields.items()
    ]


def labels(
    encoding: Mapping[str, Any], colours: Palette, colour: str, data: Mapping[str, Any] | None = None, **mark: Any
) -> list[Specification]:
    """Return two layers of text: an edge in the colour of the page, against lines beneath, and the words.

    Without `data` the labels are those of the data of the chart.
    """
    words = {"type": "text", "fontSize": 12, **mark}
    edge = {**words, "color": colours["page"], "stroke": colours["page"], "strokeWidth": 4, "strokeJoin": "round"}
    edge["aria"] = False  # a screen reader says a label once
    layers: list[Specification] = []
    for kind in (edge, {**words, "color": colours[colour]}):
        layers.append({**({"data": dict(data)} if data else {}), "mark": kind, "encoding": dict(encoding)})
    return layers


def finite(value: float | None) -> float | None:
    """Return a number that JSON can hold, else None."""
    return value if value is not None and math.isfinite(value) else None


def domain(values: Sequence[float | None]) -> tuple[float, float]:
    """Return the ends of an axis that holds every value, rounded outwards, so that refinement seldom moves it."""
    found = [value for value in values if value is not None and math.isfinite(value)] or [0.0]
    low, high = min(found), max(found)
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-9)))
    step = step / 2.0 if (high - low) / step < 5.0 else step
    return math.floor(low / step - 0.2) * step, math.ceil(high / step + 0.2) * step

"""The board that `run` shows: ten targets in words and bars, what restricts and what supports, the bill, the
province.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from experiments.bill import BESIDE, title_of
from experiments.messages import Messages
from experiments.modified import modified
from experiments.timing import warnings
from experiments.units import quantity
from experiments.wording import BAR_CELLS, Style, folded, magnitude, money, number, pad, percent, probability, width

_WORDS = ((0.05, "out", "red"), (0.35, "unlikely", "yellow"), (0.65, "even", "yellow"), (0.95, "likely", "green"))
_TOP_ITEMS = 5
_COLUMNS = 112
_INDENT = "    "

Document = Mapping[str, Any]


def board(document: Document, text: Messages, style: Style) -> str:
    """Return the board of a verdict as text for a terminal, without a final line break."""
    parts = (_head, _targets, _groups, _bill, _province, _contradictions, _foot)
    return "\n\n".join("\n".join(part(document, text, style)) for part in parts)


def verdict_word(estimate: float | None) -> str:
    """Return the key of the word for a probability: out, unlikely, even, likely or certain; none without a result.

    Up to 5 % is out of reach, from 95 % near certain, 35 % to 65 % even odds.
    """
    if estimate is None:
        return "none"
    if estimate >= 0.95:
        return "certain"
    return next(word for limit, word, _ in _WORDS if estimate < limit or (word == "out" and estimate == limit))


def _word(row: Document, text: Messages, style: Style) -> str:
    key = verdict_word(row["probability"])
    if key == "none":
        return text("board.none")
    colour = next((colour for _, word, colour in _WORDS if word == key), "green")
    return style.paint(text(f"word.{key}"), "bold", colour)


def _head(document: Document, text: Messages, style: Style) -> Iterator[str]:
    yield style.paint(text("board.title", horizon=document["horizon"]), "bold", "cyan")
    names = {part: _scenario_title(document, part, text) for part in ("scenario", "against")}
    yield text("board.question", **names)
    if document["horizon"] != 2025:
        yield text("board.extension")
    if changes := modified(document, text):
        line = text("modified.line", changes=" · ".join(changes))
        if width(line) <= _COLUMNS:
            yield line
        else:
            yield text("modified.line", changes="").rstrip()
            yield _INDENT + folded(changes, len(_INDENT), _COLUMNS)
    yield from (style.paint(line, "yellow") for line in warnings(document["timing"], text))
    reached = document["reached"]
    if reached["median"] is not None:
        counts = {key: f"{reached[key]:g}" for key in ("median", "p05", "p95", "of")}
        yield style.paint(text("board.reached", all=probability(reached["all"], text), **counts), "bold")


def _scenario_title(document: Document, part: str, text: Messages) -> str:
    title, name = document["titles"][part].get(text.language), document[part]
    return f"{title} ({name})" if title else str(name)


def _targets(document: Document, text: Messages, style: Style) -> Iterator[str]:
    titles = [text.title(row) for row in document["targets"]]
    column = max(width(title) for title in titles) + 2
    heads = [text(f"board.columns.{name}") for name in ("target", "threshold", "median", "probability")]
    yield style.paint(pad(heads[0], column) + pad(heads[1], 10) + pad(heads[2], 24) + heads[3], "dim")
    for row in document["targets"]:
        yield from _target(row, column, text, style)


def _target(row: Document, column: int, text: Messages, style: Style) -> Iterator[str]:
    unit = row["unit"]
    least = text("board.at_least" if row["counted"] else "board.above", threshold=f"{row['threshold']:g}")
    spread = number(row["median"], unit, text)
    if row["median"] is not None:
        spread += f" ({number(row['p05'], unit, text)} … {number(row['p95'], unit, text)})"
    line = style.paint(pad(text.title(row), column), "bold") + pad(least, 10) + pad(spread, 23) + " "
    yield line + _word(row, text, style)
    chance = pad(probability(row, text), 20)
    details = folded(_details(row, text), len(_INDENT) + BAR_CELLS + 1 + width(chance), _COLUMNS)
    yield f"{_INDENT}{style.bar(row['low'], row['high'])} {chance}{details}"


def _details(row: Document, text: Messages) -> list[str]:
    unit, parts = row["unit"], []
    if row["gap"] is not None:
        key = "board.gap" if row["gap"] < 0 else "board.margin"
        gap = number(row["gap"], unit, text, sign=True)
        parts.append(text(key, gap=quantity(gap, unit, text.language)))
    if row["first_year_out_of_reach"] is not None:
        parts.append(text("board.out_since", year=row["first_year_out_of_reach"]))
    against = row["against"]
    reference = {"value": number(against["median"], unit, text), "probability": percent(against["probability"], text)}
    parts.append(text("board.reference", **reference))
    if row["luck_share"] is not None:
        parts.append(text("board.luck", share=percent(row["luck_share"], text)))
    if row["binding"] is not None:
        parts.append(text("board.binding", constraint=text.known(f"constraint.{row['binding']}", row["binding"])))
    elif "constraints" in row:  # asked for, and no answer: silence would look like a switch that does nothing
        parts.append(text("board.unbound"))
    if not row["counted"]:
        parts.append(text("board.extra"))
    return parts


def _groups(document: Document, text: Messages, style: Style) -> Iterator[str]:
    yield style.paint(text("groups.title"), "bold")
    titles = {row["id"]: text.title(row) for row in document["targets"]}
    column = max(width(title) for title in titles.values()) + 2
    names = ("groups.restricts", "groups.supports", "groups.bundle")
    yield style.paint((_INDENT + " " * column + "".join(pad(text(name), 14) for name in names)).rstrip(), "dim")
    for row in document["targets"]:
        parts = [document["groups"][part][row["id"]] for part in ("restricts", "supports")] + [row["change"]]
        cells = (pad(number(part["median_change"], row["unit"], text, sign=True), 14) for part in parts)
        yield (_INDENT + pad(titles[row["id"]], column) + "".join(cells)).rstrip()


def _bill(document: Document, text: Messages, style: Style) -> Iterator[str]:
    yield style.paint(text("bill.title"), "bold")
    fiscal = document["fiscal"]
    if not fiscal["by_instrument"]:
        yield _INDENT + text("bill.free")
    else:
        amounts = {
            key: money(fiscal[name], text) for key, name in (("cost", "net_cost"), ("p05", "p05"), ("p95", "p95"))
        }
        yield _INDENT + text("bill.net", span=fiscal["unit"].rpartition(", ")[2], **amounts)
        carried = sum(fiscal["by_payer"].get(payer, 0.0) for payer in ("province", "kunming"))
        if shown := magnitude(carried, text):
            yield _INDENT + text("bill.transfers" if carried > 0.0 else "bill.transfers_less", cost=shown)
        if shown := magnitude(fiscal["owed"], text):
            yield _INDENT + text("bill.owed" if fiscal["owed"] > 0.0 else "bill.owed_less", owed=shown)
        yield _INDENT + text("bill.top")
        yield from _items(fiscal["by_instrument"], text)
    if fiscal["rationed"]:
        yield _INDENT + style.paint(text("bill.rationed"), "yellow")
        yield from _items(fiscal["rationed"], text)
    elif fiscal["by_instrument"]:
        yield _INDENT + text("bill.no_ration")


def _items(amounts: Mapping[str, float], text: Messages) -> Iterator[str]:
    largest = sorted(amounts, key=lambda lever: (-abs(amounts[lever]), lever))[:_TOP_ITEMS]
    for lever in largest:
        name = title_of(lever, text) if lever in BESIDE else f"{lever} {title_of(lever, text)}"
        yield f"{_INDENT * 2}{name}: {money(amounts[lever], text)}"


def _province(document: Document, text: Messages, style: Style) -> Iterator[str]:
    yield style.paint(text("province.title"), "bold")
    yield from (_INDENT + line for line in province_lines(document, text))


def province_lines(document: Document, text: Messages) -> Iterator[str]:
    """Word what the New Area gains and what the province keeps of it; the page says the same."""
    row, share = document["province"], document["province"]["displaced_share"]
    own, net = row["new_area_gain"], money(row["net_gain"], text)
    key = "province.line_less" if own is not None and own < 0.0 else "province.line"
    yield text(key, span=row["unit"].rpartition(", ")[2], own=magnitude(own, text) or money(0.0, text), net=net)
    yield text("province.net", forgone=money(row["forgone"], text))
    if share is not None:
        # A negative share is no displacement: the others gain as well.
        if share >= 0.0:
            yield text("province.displaced", share=percent(share, text))
        else:
            yield text("province.shared", gain=money(-share * row["new_area_gain"], text))


def _contradictions(document: Document, text: Messages, style: Style) -> Iterator[str]:
    yield style.paint(text("contradictions.title"), "bold")
    for row in document["contradictions"]:
        line = text(
            "contradictions.line",
            subject=text(f"subject.{row['subject']}"),
            rate=f"{row['rate']:g}",
            pull=f"{row['contribution']:g}",
            share=f"{100 * row['implied_share']:.1f} %",
        )
        if row["model_share"] is not None:
            line += text("contradictions.model", share=f"{100 * row['model_share']:.1f} %")
        yield _INDENT + line


def _foot(document: Document, text: Messages, style: Style) -> Iterator[str]:
    origin = document["provenance"]
    fields = ("replicates", "failed", "scale", "seed", "assumptions", "path", "rule", "share")
    yield style.paint(text("provenance.run", **{name: document[name] for name in fields}), "dim")
    source = text(
        "provenance.source",
        version=origin["version"] + (f"+{origin['revision'][:8]}" if origin["revision"] else ""),
        scenario=origin["scenario_sha256"][:8],
        data=origin["data_sha256"][:8],
    )
    yield style.paint(source, "dim")
    yield style.paint(text("provenance.meaning"), "dim")

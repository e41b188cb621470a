"""What the Lab page says, as plain values from a result document: sentence, cards, park card, table. No Streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.dashboard.words import Words
from experiments.wording import money, number, percent, probability
from sim.calibration import tables

Document = Mapping[str, Any]
NEVER, ALWAYS = 0.05, 0.95  # when both arms lie below or above, the odds say nothing and the median leads


@dataclass(frozen=True)
class Card:
    """One target: title, leading figure, change against the reference as text with its sign, and the explanation.

    `note` is the line below: the odds with their interval, and the gap.
    """

    title: str
    value: str
    delta: str
    help: str
    moved: bool  # whether the change shows at the precision of the card
    note: str


def sentence(words: Words, document: Document) -> str:
    """Return the answer in one or two generated sentences."""
    reached, text = document["reached"], words.terminal
    if reached["median"] is None:
        return text("board.none")
    answer = words(
        "lab.answer",
        median=f"{reached['median']:g}",
        p05=f"{reached['p05']:g}",
        p95=f"{reached['p95']:g}",
        all=percent(reached["all"]["probability"], text),
        cost=money(document["fiscal"]["net_cost"], text),
    )
    return f"{answer} {weakest(words, document)}"


def weakest(words: Words, document: Document) -> str:
    """Return which target is furthest from reach, relative to its threshold; of all, if every one is reached."""
    rows = [row for row in document["targets"] if row["counted"] and row["gap"] is not None]
    short = [row for row in rows if row["gap"] < 0.0]
    if not short:
        return ""
    row = min(short, key=lambda row: row["gap"] / abs(row["threshold"]))
    text = words.terminal
    line = words(
        "lab.weakest",
        title=words.title(row),
        median=number(row["median"], row["unit"], text),
        gap=words.quantity(number(-row["gap"], row["unit"], text), row["unit"]),
    )
    growing = [row for row in rows if row["unit"] != "100M yuan per km2"]
    hopeless = all(row["probability"] is not None and row["probability"] <= NEVER for row in growing)
    return f"{words('lab.none')} {line}" if hopeless else line


def odds_say_nothing(row: Mapping[str, Any]) -> bool:
    """Say whether both arms lie below 5 or above 95 in 100: the card then leads with the median."""
    both = (row["probability"], row["against"]["probability"])
    if None in both:
        return True
    return all(value <= NEVER for value in both) or all(value >= ALWAYS for value in both)


def card(words: Words, row: Mapping[str, Any], document: Document) -> Card:
    """Return the card of a target."""
    text, unit = words.terminal, row["unit"]
    middle, gap = row["median"], row["gap"]
    change, low, high = (row["change"][name] for name in ("median_change", "low", "high"))
    odds = odds_text(words, row)
    if odds_say_nothing(row):
        value = number(middle, unit, text)
        delta = number(change, unit, text, sign=True) if change is not None else ""
    else:
        value = f"{round(100 * row['probability'])}/100"
        points = 100.0 * (row["probability"] - row["against"]["probability"])
        delta = f"{points:+.0f}"
    short = gap is not None and gap < 0.0
    key = "card.gap_short" if short else "card.gap_over"
    distance = words(key, gap=words.quantity(number(abs(gap), unit, text), unit)) if gap is not None else ""
    rule = words("card.rule.total") if row["rule"] == "total" else words(f"def.rule.{row['rule']}")
    explained = words(
        "card.help",
        threshold=words.quantity(f"{row['threshold']:g}", unit),
        rule=rule,
        article=row["article"],
        n=document["replicates"] - document["failed"],
    )
    # A colour says that something has changed: not before the interval of the paired changes leaves zero out.
    moved = any(digit in "123456789" for digit in delta) and low is not None and (low > 0.0 or high < 0.0)
    if low is not None:
        ends = {name: number(value, unit, text, sign=True) for name, value in (("low", low), ("high", high))}
        explained += " " + words("card.change_help", value=number(change, unit, text, sign=True), **ends)
    changed = words("card.change", value=delta) if delta else ""
    title = f"{words('tgt.' + row['id'])} · {words.known('card.unit.' + unit, words.unit(unit))}"
    note = ""
    if row["probability"] is not None and gap is not None:
        near = words("card.short" if short else "card.over", gap=number(abs(gap), unit, text))
        note = words("card.note", odds=odds_short(row), gap=near)
    return Card(title, value, changed, f"{words.title(row)}. {odds}. {distance}. {explained}", moved, note)


def _change_range(words: Words, row: Mapping[str, Any]) -> str:
    """Return the 95 % interval of the median of paired changes; few replicates have none."""
    ends = [row["change"][name] for name in ("low", "high")]
    return " … ".join(number(end, row["unit"], words.terminal, sign=True) for end in ends) if None not in ends else "–"


def odds_short(row: Mapping[str, Any]) -> str:
    """Return a probability in hundredths with its interval, as short as a card needs it."""
    return f"{round(100 * row['probability'])}/100 ({round(100 * row['low'])}–{round(100 * row['high'])})"


def odds_text(words: Words, row: Mapping[str, Any]) -> str:
    """Return a probability as a count of a hundred with its interval."""
    if row["probability"] is None:
        return words.terminal("board.none")
    count = percent(row["probability"], words.terminal).replace(" %", "")
    return words("card.chance", n=count, low=round(100 * row["low"]), high=round(100 * row["high"]))


def sites(words: Words) -> dict[str, str]:
    """Return the names of the ten sites in this language."""
    return {row.id: words.title(row) for row in tables.parks().values() if row.kind != "rival"}


def park(words: Words, document: Document, site: str, year: int) -> list[tuple[str, str, str]]:
    """Return label, value and reference of a park in a year."""
    places = document["places"]
    at, found = places["year"].index(year), places["sites"][site]
    rows = []
    for name, factor, digits in (
        ("output", 0.01, 1),
        ("firms", 1.0, 0),
        ("employment", 1.0, 0),
        ("land_used", 1.0, 1),
        ("land_free", 1.0, 1),
    ):
        value, reference = found[name]["median"][at], found[name]["against"][at]
        rows.append((words(f"park.{name}"), f"{factor * value:,.{digits}f}", f"{factor * reference:,.{digits}f}"))
    return rows


def flows(words: Words, document: Document, site: str, year: int) -> str:
    """Return the three largest commuter links of a park in a year."""
    places = document["places"]
    at, names = places["year"].index(year), {**sites(words), "kunming_centre": words("map.kunming_centre")}
    linked = [
        (row["commuters"][at], row["target"] if row["source"] == site else row["source"])
        for row in places["flows"]
        if site in (row["source"], row["target"]) and row["source"] != row["target"]
    ]
    largest = sorted(linked, reverse=True)[:3]
    parts = [f"{names.get(other, other)} {words('table.persons', n=f'{count:,.0f}')}" for count, other in largest]
    return "；".join(parts) if words.language == "zh" else "; ".join(parts)


def table(words: Words, document: Document) -> list[dict[str, str]]:
    """Return the board as rows of text: the table twin of cards and fans."""
    text, rows = words.terminal, []
    for row in document["targets"]:
        unit = row["unit"]
        rows.append(
            {
                words("table.target"): f"{words.title(row)} ({words.unit(unit)})",
                words("table.threshold"): f"{row['threshold']:g}",
                words("table.median"): number(row["median"], unit, text),
                words("table.low"): number(row["p05"], unit, text),
                words("table.high"): number(row["p95"], unit, text),
                words("table.reference"): number(row["against"]["median"], unit, text),
                words("table.change"): number(row["change"]["median_change"], unit, text, sign=True),
                words("table.change_range"): _change_range(words, row),
                words("table.chance"): probability(row, text),
            }
        )
    return rows

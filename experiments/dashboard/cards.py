"""What the Lab page says, as plain values from a result document: sentence, cards, park card, table. No Streamlit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from experiments.articles import ARTICLES
from experiments.bill import OTHERS
from experiments.board import province_lines
from experiments.dashboard.words import Words
from experiments.ensemble import HORIZONS
from experiments.messages import Messages
from experiments.wording import MONEY, magnitude, money, number, percent, probability
from sim.calibration import tables
from sim.calibration.units import amount_of
from sim.paths import FIRST_YEAR

Document = Mapping[str, Any]
Arrow = Literal["up", "down", "off"]
NEVER, ALWAYS = 0.05, 0.95  # when both arms lie below or above, the odds say nothing and the median leads


@dataclass(frozen=True)
class Card:
    """One target: title with the unit of the value, leading figure, change against the reference, explanation.

    `note` is the line below: the odds with their interval, and the gap. `arrow` and `colour` are for `st.metric`, which
    would take them from the first character of the change; both are off until the change shows.
    """

    title: str
    value: str
    delta: str
    help: str
    note: str
    arrow: Arrow

    @property
    def colour(self) -> Literal["green", "red", "off"]:
        """The colour of the change: more is better for every target."""
        return "off" if self.arrow == "off" else "green" if self.arrow == "up" else "red"


def introduction(words: Words, document: Document) -> tuple[str, str]:
    """Return what a reader must know first: place, document and question in a few sentences; the terms as a list."""
    text = words(
        "lab.intro",
        articles=ARTICLES,
        targets=sum(row.counted for row in tables.targets().values()),
        target_year=HORIZONS[0],
        first=FIRST_YEAR,
        last=document["horizon"],
    )
    if document["horizon"] != HORIZONS[0]:
        text = words.together(text, words.terminal("board.extension"))
    return text, words("lab.intro.terms", n=document["replicates"] - document["failed"])


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
        span=document["fiscal"]["unit"].rpartition(", ")[2],
    )
    others = sum(document["fiscal"]["by_payer"].get(payer, 0.0) for payer in OTHERS)
    paid = magnitude(others, text)
    besides = words("lab.others_pay" if others > 0.0 else "lab.others_save", cost=paid) if paid else ""
    lost = magnitude(sum(document["fiscal"]["rationed"].values()), text)
    cut = words("lab.cut", cut=lost) if lost else ""
    return words.together(answer, besides, cut, weakest(words, document))


def province(words: Words, document: Document) -> list[str]:
    """Return what the New Area gains and what the province keeps of it, as lines of the board; none at the baseline."""
    if not document["province"]["new_area_gain"]:
        return []
    text = words.terminal
    return [f"**{text('province.title')}**", *province_lines(document, text)]


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
        title=words.measured(row),
        median=number(row["median"], row["unit"], text),
        gap=words.quantity(number(-row["gap"], row["unit"], text), row["unit"]),
    )
    growing = [row for row in rows if row["unit"] != "100M yuan per km2"]
    hopeless = all(row["probability"] is not None and row["probability"] <= NEVER for row in growing)
    return words.together(words("lab.none"), line) if hopeless else line


def odds_say_nothing(row: Mapping[str, Any]) -> bool:
    """Say whether both arms lie below 5 or above 95 in 100: the card then leads with the median."""
    both = (row["probability"], row["against"]["probability"])
    if None in both:
        return True
    return all(value <= NEVER for value in both) or all(value >= ALWAYS for value in both)


def card(words: Words, row: Mapping[str, Any], document: Document) -> Card:
    """Return the card of a target."""
    text, unit = words.terminal, row["unit"]
    # The title names the unit of the figure below it, and that is another one where the odds lead.
    if odds_say_nothing(row):
        kind = words(f"card.unit.{unit}")
        value = number(row["median"], unit, text)
        change = row["change"]["median_change"]
        delta = number(change, unit, text, sign=True) if change is not None else ""
    else:
        kind = words("card.unit.odds")
        value = f"{round(100 * row['probability'])}/100"
        delta = f"{100.0 * (row['probability'] - row['against']['probability']):+.0f}"
    return Card(
        title=f"{words('tgt.' + row['id'])} · {kind}",
        value=value,
        delta=words("card.change", value=delta) if delta else "",
        help=_help(words, row, document),
        note=_note(words, row) if row["counted"] else words("card.uncounted", note=_note(words, row)),
        arrow=_arrow(row, delta, text),
    )


def _arrow(row: Mapping[str, Any], delta: str, text: Messages) -> Arrow:
    """Return where a change points: nowhere before it and an interval that leaves zero out show as written."""
    low, high = row["change"]["low"], row["change"]["high"]
    if low is None or not _shows(delta):
        return "off"
    nearest = high if delta.startswith("-") else low
    if (nearest < 0.0) is not delta.startswith("-") or not _shows(number(nearest, row["unit"], text, sign=True)):
        return "off"
    return "down" if nearest < 0.0 else "up"


def _shows(written: str) -> bool:
    return any(digit in "123456789" for digit in written)


def _note(words: Words, row: Mapping[str, Any]) -> str:
    """Return the line below the figure; where the odds lead, the gap brings the unit that the title does not have."""
    unit, gap = row["unit"], row["gap"]
    if row["probability"] is None or gap is None:
        return ""
    leads = not odds_say_nothing(row)
    amount = number(abs(gap), unit, words.terminal)
    shown = amount_of(amount, words(f"card.unit.{unit}")) if leads else amount
    near = words("card.short" if gap < 0.0 else "card.over", gap=shown)
    if leads:
        return words("card.note_odds", low=round(100 * row["low"]), high=round(100 * row["high"]), gap=near)
    return words("card.note", odds=odds_short(words, row), gap=near)


def _help(words: Words, row: Mapping[str, Any], document: Document) -> str:
    """Return the explanation of a card; it begins with the full name of the target, of which the title is short."""
    text, unit, gap = words.terminal, row["unit"], row["gap"]
    parts = [words.measured(row), odds_text(words, row)]
    if gap is not None:
        key = "card.gap_short" if gap < 0.0 else "card.gap_over"
        parts.append(words(key, gap=words.quantity(number(abs(gap), unit, text), unit)))
    rule = words("card.rule.total") if row["rule"] == "total" else words(f"def.rule.{row['rule']}")
    threshold = words.quantity(f"{row['threshold']:g}", unit)
    n = document["replicates"] - document["failed"]
    parts.append(words("card.help", threshold=threshold, rule=rule, article=row["article"], n=n))
    if row["id"] == "above_province":
        parts.append(words("card.above_help"))
    change = row["change"]
    if change["low"] is not None:
        named = {"value": change["median_change"], "low": change["low"], "high": change["high"]}
        shown = {name: number(value, unit, text, sign=True) for name, value in named.items()}
        parts.append(words("card.change_help", **shown))
    return words.sentences(parts)


def _change_range(words: Words, row: Mapping[str, Any]) -> str:
    """Return the 95 % interval of the median of paired changes; few replicates have none."""
    ends = [row["change"][name] for name in ("low", "high")]
    return " … ".join(number(end, row["unit"], words.terminal, sign=True) for end in ends) if None not in ends else "–"


def odds_short(words: Words, row: Mapping[str, Any]) -> str:
    """Return a probability in hundredths with its interval, as short as a card needs it."""
    interval = f"{round(100 * row['low'])}–{round(100 * row['high'])}"
    return words.bracketed(f"{round(100 * row['probability'])}/100", interval)


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
        ("output", *MONEY[words.language]),
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
                words("table.target"): words.bracketed(words.title(row), words.unit(unit)),
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

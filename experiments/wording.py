"""How numbers, widths and bars look on a terminal: Chinese characters take two columns, colours only where wanted."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TextIO

from experiments.messages import Messages

_DECIMALS = {"% per year": 1, "pp per year": 2, "100M yuan per km2": 0}
_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
MONEY = {"zh": (0.01, 1), "en": (0.001, 2)}  # from million yuan to 亿元 and to billion yuan: factor, decimals
_SMALL_MONEY = {"zh": (100.0, 0), "en": (1.0, 1)}  # the same for 万元 and million yuan
BAR_CELLS = 20


@dataclass(frozen=True, slots=True)
class Style:
    """What the terminal can show: colours, and block characters for bars."""

    colour: bool = False
    blocks: bool = True

    @classmethod
    def of(cls, stream: TextIO, environment: Mapping[str, str] | None = None) -> Style:
        """Find out what a stream can show: colours on a terminal unless NO_COLOR is set, blocks if it can encode
        them.
        """
        values = os.environ if environment is None else environment
        colour = stream.isatty() and not values.get("NO_COLOR") and values.get("TERM") != "dumb"
        try:
            "█▒░".encode(stream.encoding or "ascii")
        except (UnicodeEncodeError, LookupError):
            return cls(colour, False)
        return cls(colour, True)

    def paint(self, text: str, *names: str) -> str:
        """Colour a text, or return it as it is."""
        if not self.colour or not names:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}\x1b[0m"

    def bar(self, low: float | None, high: float | None) -> str:
        """Draw a share with its interval: full up to `low`, shaded from `low` to `high`, light beyond."""
        full, shaded, light = "█▒░" if self.blocks else "#~."
        if low is None or high is None:
            return light * BAR_CELLS
        # The shaded part always shows, however narrow the interval is.
        start = min(round(low * BAR_CELLS), BAR_CELLS - 1)
        end = max(round(high * BAR_CELLS), start + 1)
        return full * start + shaded * (end - start) + light * (BAR_CELLS - end)


@lru_cache(maxsize=10_000)  # the same words come again in every chart of every answer
def width(text: str) -> int:
    """Return the columns a text takes on a terminal."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def pad(text: str, columns: int) -> str:
    """Fill a text with blanks on the right up to a number of columns."""
    return text + " " * max(0, columns - width(text))


def number(value: float | None, unit: str, text: Messages, sign: bool = False) -> str:
    """Word a value of a target with the decimals that suit its unit."""
    if value is None:
        return text("board.undefined")
    digits = _DECIMALS.get(unit, 2)
    # Rounded first: "-0.0" would tell of a loss that is none.
    shown = round(value, digits) + 0.0
    return f"{shown:{'+' if sign else ''},.{digits}f}"


def percent(share: float | None, text: Messages) -> str:
    """Word a share as whole per cent; only what is exactly 0 or 1 is shown as 0 % or 100 %."""
    if share is None:
        return text("board.none")
    rounded = round(100.0 * share)
    if rounded == 0 and share > 0.0:
        return "<1 %"
    return ">99 %" if rounded == 100 and share < 1.0 else f"{rounded} %"


def probability(row: Mapping[str, float | None], text: Messages) -> str:
    """Word a probability with its interval."""
    low, high = row["low"], row["high"]
    if row["probability"] is None or low is None or high is None:
        return text("board.none")
    found, ends = percent(row["probability"], text), (round(100 * low), round(100 * high))
    return f"{found}（{ends[0]}–{ends[1]} %）" if text.language == "zh" else f"{found} ({ends[0]}-{ends[1]} %)"


def money(million_yuan: float | None, text: Messages) -> str:
    """Word an amount of million yuan: 亿元 or 万元 in Chinese, billions or millions in English."""
    if million_yuan is None:
        return text("board.undefined")
    # A small item in the large unit would read as nothing.
    small = abs(million_yuan) < 100
    factor, digits = (_SMALL_MONEY if small else MONEY)[text.language]
    amount = million_yuan * factor
    if text.language == "zh" and abs(amount) >= 99.95:  # 123 亿元: its tenths are noise
        digits = 0
    return text("unit.small_money" if small else "unit.money", value=f"{round(amount, digits) + 0.0:,.{digits}f}")


def magnitude(million_yuan: float | None, text: Messages) -> str:
    """Word an amount without its sign; an empty text if it reads as nothing."""
    shown = money(None if million_yuan is None else abs(million_yuan), text)
    return "" if shown == money(0.0, text) else shown


def folded(parts: Sequence[str], first: int, columns: int) -> str:
    """Join parts with a dot, breaking lines at `columns`; `first` columns are taken on every line."""
    lines, used = [""], first
    for part in parts:
        room = width(part) + 3
        if lines[-1] and used + room > columns:
            lines.append("")
            used = first
        lines[-1] += f" · {part}" if lines[-1] else part
        used += room
    return ("\n" + " " * first).join(lines)


def duration(seconds: float, text: Messages) -> str:
    """Word a length of time with the unit that suits it."""
    if seconds < 100:
        return text("time.seconds", n=max(1, round(seconds)))
    if seconds < 6000:
        return text("time.minutes", n=round(seconds / 60))
    return text("time.hours", n=f"{seconds / 3600:.1f}")

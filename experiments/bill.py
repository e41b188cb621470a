"""What the bill is made of: the levers and, beside them, the works on links that a scenario brings of its own."""

from __future__ import annotations

from experiments.messages import Messages
from sim.accounting import LINK_WORKS
from sim.calibration import tables

OTHERS = ("province", "kunming")  # who hands money to the New Area
PAYERS = ("new_area", *OTHERS)


def payer_of(item: str) -> str:
    """Return who pays for an item of the bill: one of PAYERS, or `none`. Raises KeyError for an unknown item."""
    return "new_area" if item == LINK_WORKS else tables.levers()[item].payer


def title_of(item: str, text: Messages) -> str:
    """Return what an item of the bill is called. Raises KeyError for an unknown item."""
    if item == LINK_WORKS:
        return text("bill.links")
    row = tables.levers()[item]
    return row.title_zh if text.language == "zh" else row.title_en

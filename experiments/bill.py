"""What the bill is made of: the levers; beside them, works on a scenario's own links, and Kunming's part of works."""

from __future__ import annotations

from experiments.messages import Messages
from sim.accounting import COFINANCE, LINK_WORKS
from sim.calibration import tables

OTHERS = ("province", "kunming")  # who hands money to the New Area
PAYERS = ("new_area", *OTHERS)
BESIDE = {LINK_WORKS: "new_area", COFINANCE: "kunming"}  # items that are no lever, with who pays them


def payer_of(item: str) -> str:
    """Return who pays for an item of the bill: one of PAYERS, or `none`. Raises KeyError for an unknown item."""
    if item in BESIDE:
        return BESIDE[item]
    return tables.levers()[item].payer


def title_of(item: str, text: Messages) -> str:
    """Return what an item of the bill is called. Raises KeyError for an unknown item."""
    if item == LINK_WORKS:
        return text("bill.links")
    if item == COFINANCE:
        return text("bill.cofinance")
    row = tables.levers()[item]
    return row.title_zh if text.language == "zh" else row.title_en

"""What an answer was asked under that is not the shipped baseline: assumptions, definitions and another reference.

A policy and its reference are always compared in one world, so that none of this is an effect of the policy; a reader
must see that it is there all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.ensemble import Plan
from experiments.messages import Messages
from sim.calibration import tables
from sim.scenario import load_scenario

MOST_ASSUMPTIONS = 4
_DEFINITIONS = ("assumptions", "share", "path", "rule", "horizon")


def modified(document: Mapping[str, Any], text: Messages) -> list[str]:
    """Return, in words, each way in which the baseline of a result differs from the shipped one; most often none."""
    said = []
    if document["provenance"]["against_sha256"] != load_scenario("baseline").sha256:
        title = document["titles"]["against"].get(text.language) or document["against"]
        said.append(text("modified.against", title=title))
    fixed = list(document["assume"].items())
    for ident, value in fixed[:MOST_ASSUMPTIONS]:
        title = getattr(tables.parameters()[ident], f"title_{text.language}")
        said.append(text("modified.assume", title=title, ident=ident, value=f"{value:g}"))
    if len(fixed) > MOST_ASSUMPTIONS:
        said.append(text("modified.more", n=len(fixed) - MOST_ASSUMPTIONS))
    for name in _DEFINITIONS:
        value = document[name]
        if value != Plan.__dataclass_fields__[name].default:
            said.append(text("modified.horizon", n=value) if name == "horizon" else text(f"modified.{name}.{value}"))
    return said

"""The model of the New Area: `from sim import RegionModel`. Names are loaded on first use, so that importing is
cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import agents

__project__ = "dianzhong"
if getattr(agents, "__project__", None) != __project__:
    raise ImportError(
        f"'agents' was imported from {getattr(agents, '__file__', '?')}, which belongs to another distribution. "
        "Install this project in its own environment."
    )

_HOMES = {
    "RegionModel": "sim.model",
    "Scenario": "sim.scenario",
    "load_scenario": "sim.scenario",
    "Parameters": "sim.params",
    "build_start": "sim.build",
}
__all__ = ["Parameters", "RegionModel", "Scenario", "build_start", "load_scenario"]


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

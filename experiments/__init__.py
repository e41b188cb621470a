"""Experiments: scenarios, ensembles, verdicts and the command line. Names are loaded on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__project__ = "dianzhong"
__all__ = ["Scenario", "load_scenario", "run"]

if TYPE_CHECKING:
    from experiments.ensemble import run
    from sim.scenario import Scenario, load_scenario

_HOMES = {"Scenario": "sim.scenario", "load_scenario": "sim.scenario", "run": "experiments.ensemble"}


def __getattr__(name: str) -> Any:
    """Load a public name from its module; the heavy libraries stay unread until something needs them."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

"""Which proofs there are, and how `dianzhong prove` calls them; nothing heavy is imported before one is asked for."""

from __future__ import annotations

import ast
from collections.abc import Callable
from importlib import import_module, resources
from typing import Any

from experiments.proof.table import Proof
from sim.errors import InputError

# name -> module and function, and which of the options it takes
PROOFS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "luck": ("luck", "luck", ("replicates", "scale", "seed", "workers")),
    "switching": ("luck", "switching", ("replicates", "scale", "seed", "workers")),
    "scale": ("scale", "scales", ("replicates", "seed", "workers")),
    "facts": ("facts", "facts", ("scale", "seed")),
    "agents": ("agents", "agents_matter", ("replicates", "scale", "seed", "workers")),
}


def defaults(option: str) -> dict[str, float]:
    """Return the default of an option for each proof that takes it, read from the source: help loads nothing heavy."""
    found = {}
    for name, (module, function, takes) in PROOFS.items():
        if option in takes:
            tree = ast.parse((resources.files("experiments.proof") / f"{module}.py").read_text(encoding="utf-8"))
            made = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function)
            arguments = made.args.args[-len(made.args.defaults) :]
            values = {a.arg: value for a, value in zip(arguments, made.args.defaults, strict=True)}
            found[name] = float(ast.literal_eval(values[option]))
    return found


def prove(name: str, options: dict[str, Any]) -> Proof:
    """Run a proof; an option that it does not take is refused. Raises InputError."""
    module, function, takes = PROOFS[name]
    given = {key: value for key, value in options.items() if value is not None}
    strange = sorted(set(given) - set(takes))
    if strange:
        raise InputError(f"prove {name} takes no --{strange[0]}; it takes {', '.join('--' + key for key in takes)}")
    for key in ("replicates", "scale", "workers"):
        if key in given and given[key] < 1:
            raise InputError(f"--{key} = {given[key]} is not a whole number from 1")
    if given.get("replicates", 4) < 4:
        raise InputError(f"--replicates = {given['replicates']} is too few for a standard error; ask for 4 or more")
    call: Callable[..., Proof] = getattr(import_module(f"experiments.proof.{module}"), function)
    return call(**given)

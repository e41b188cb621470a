"""The proofs find what is planted: a power law, a policy that does nothing, a scale that changes nothing."""

from __future__ import annotations

from importlib import import_module
from inspect import signature

import numpy as np
import pytest

from experiments.proof.agents import VARIANTS, with_symbols
from experiments.proof.commands import PROOFS, defaults, prove
from experiments.proof.facts import tail_exponent
from experiments.proof.luck import switching
from experiments.proof.table import Proof
from sim.errors import InputError
from sim.params import central


@pytest.mark.parametrize("exponent", [1.1, 1.5, 2.2])
def test_a_planted_power_law_is_found(exponent: float) -> None:
    draws = np.random.Generator(np.random.Philox(3)).random(40_000)
    found, _, vuong = tail_exponent((1.0 - draws) ** (-1.0 / exponent), np.ones(40_000))
    assert found == pytest.approx(exponent, rel=0.08)
    # A lognormal with a huge spread comes close to any power law, so the test can only not refuse the latter.
    assert vuong > -2.0


def test_a_planted_lognormal_is_not_taken_for_a_power_law() -> None:
    draws = np.exp(np.random.Generator(np.random.Philox(4)).standard_normal(40_000))
    assert tail_exponent(draws, np.ones(40_000), share=0.5)[2] < -2.0


def test_weights_count_as_repetitions() -> None:
    sizes = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    weights = np.array([32.0, 16.0, 8.0, 4.0, 2.0, 1.0])
    whole = np.repeat(sizes, weights.astype(int))
    once = tail_exponent(sizes, weights, share=0.5)
    assert once[:2] == pytest.approx(tail_exponent(whole, np.ones(len(whole)), share=0.5)[:2])


def test_switching_is_near_the_least_that_probabilities_allow() -> None:
    row = switching(replicates=4, scale=400, workers=1).document()["rows"][0]
    assert 0.0 < row["least possible"] <= row["share that switches"] * 1.1
    assert row["ratio"] < 1.5


def test_every_proof_has_a_function_and_the_options_it_names() -> None:
    for module, function, takes in PROOFS.values():
        found = signature(getattr(import_module(f"experiments.proof.{module}"), function)).parameters
        assert set(takes) <= set(found)


@pytest.mark.parametrize("option", ["replicates", "scale", "seed", "workers"])
def test_help_tells_the_defaults_that_the_proofs_have(option: str) -> None:
    declared = {
        name: signature(getattr(import_module(f"experiments.proof.{module}"), function)).parameters[option].default
        for name, (module, function, takes) in PROOFS.items()
        if option in takes
    }
    assert defaults(option) == declared


@pytest.mark.parametrize(
    ("name", "options"),
    [("facts", {"replicates": 8}), ("luck", {"replicates": 2}), ("luck", {"scale": 0}), ("luck", {"workers": -1})],
)
def test_wrong_options_are_one_clear_message(name: str, options: dict[str, int]) -> None:
    with pytest.raises(InputError):
        prove(name, options)


def test_an_ablation_changes_only_what_it_names() -> None:
    for changes, _, _ in VARIANTS.values():
        p = with_symbols(central(), changes)
        different = {key for key in p.values if p.values[key] != central().values[key]}
        assert len(different) <= len(changes)
        assert all(getattr(p, symbol) == value for symbol, value in changes.items())


def test_a_table_reads_in_a_terminal_and_in_a_program() -> None:
    proof = Proof("Title", ("a", "b"), [["x", 1234.5], ["y", None]], {"seed": 7}, ["Note."])
    assert "| x | 1,234 |" in proof.markdown()
    assert proof.document()["rows"] == [{"a": "x", "b": 1234.5}, {"a": "y", "b": None}]

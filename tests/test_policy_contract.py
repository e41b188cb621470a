"""What every lever of the table owes: nothing at its baseline, something away from it, and a bill that adds up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.terms import Channel, Rule, Terms
from sim.accounting import COFINANCE, LINK_WORKS
from sim.calibration import tables
from sim.model import RegionModel, announce_terms
from sim.params import Parameters, central
from sim.policy.base import CAPACITY, PolicyMix
from sim.policy.registry import INSTRUMENTS, check_registry
from sim.scenario import Scenario, Setting, scenario_from_mapping
from sim.schedule import fingerprints
from sim.setup import PUBLIC_WORKS
from sim.stages.announce import FROM_OTHERS, _cuts

LEVERS = tables.levers()
IDS = sorted(LEVERS)
SCALE, LUCK = 200, 5
AGENTS = {"firms.id", "firms.cash", "firms.capital", "talent.id", "talent.cell", "talent.home", "parks.serviced"}
DIRECTLY_BUDGET = ("budget_revenue", "budget_spending", "budget_rationed", "budget_cash", "debt", "arrears")


def strong() -> Parameters:
    """Central values with a high implementation capacity, so that a lever is felt."""
    return central().replace(P160=0.9, N60=0.8, N61=2.0)


def run(levers: Mapping[str, float | Setting], quarters: int, parameters: Parameters | None = None) -> RegionModel:
    scenario = Scenario("case").with_levers(dict(levers))
    return RegionModel(scenario, rng=LUCK, scale=SCALE, parameters=parameters).run(quarters)


def content(model: RegionModel, until: int | None = None) -> dict[str, bytes]:
    """Everything that a run reports, up to and with a quarter, as bytes."""
    last = model.quarter if until is None else until
    found = {name: values[: last + 1].tobytes() for name, values in model.record.items()}
    if until is None:
        for book in ("paid", "rationed"):
            amounts = getattr(model.ledger, book)
            found |= {f"{book}.{lever}": np.float64(v).tobytes() for lever, v in amounts.items() if v}
    return found


def farther(lever: str) -> float:
    """The end of the range that is farther from the baseline; of a cap the end that can bind."""
    row = LEVERS[lever]
    if lever == "I10b":
        return row.low
    return row.low if row.baseline - row.low > row.high - row.baseline else row.high


@cache
def without(quarters: int) -> dict[str, bytes]:
    return content(run({}, quarters))


# --- the table and the code ----------------------------------------------------------------------------------------


def test_every_lever_has_one_instrument_and_the_other_way_round() -> None:
    check_registry()
    assert set(INSTRUMENTS) == set(LEVERS)
    assert all(key == instrument.lever for key, instrument in INSTRUMENTS.items())


def test_a_lever_without_an_instrument_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sim.policy.registry.INSTRUMENTS", {k: v for k, v in INSTRUMENTS.items() if k != "I13a"})
    with pytest.raises(LookupError, match="I13a"):
        RegionModel(rng=LUCK, scale=400)


def test_every_lever_with_a_figure_or_an_absolute_wording_is_there() -> None:
    """The measures of the text that state what is to be reached are all levers of the table."""
    for row in LEVERS.values():
        assert row.evidence in ("figure", "absolute wording", "direction")
        assert (row.policy_value is not None) == (row.evidence != "direction"), row.id


def test_exact_are_only_transfers_and_legal_rates_with_their_caps() -> None:
    exact = {lever for lever, row in LEVERS.items() if row.effect == "exact"}
    assert exact == {"I06a", "I06b", "I06c", "I09g", "I09h", "I18a", "I18b", "I18c"}


@pytest.mark.parametrize("theta", [0.0, 0.3, 1.0])
def test_an_amount_is_interpolated_a_rule_holds_for_a_share_and_exact_is_exact(theta: float) -> None:
    scenario = Scenario("all").with_levers({lever: farther(lever) for lever in IDS})
    for lever, dose in PolicyMix(scenario).doses(1, theta, {}).items():
        row = LEVERS[lever]
        share = 1.0 if row.effect == "exact" else theta
        assert (dose.baseline, dose.value, dose.share) == (row.baseline, farther(lever), share)
        assert dose.effective == pytest.approx(row.baseline + share * (farther(lever) - row.baseline), rel=1e-12)


def test_the_terms_at_no_implementation_are_those_without_policy() -> None:
    model = RegionModel(rng=LUCK, scale=400)
    everything = {lever: farther(lever) for lever in IDS if LEVERS[lever].effect == "implemented"}
    mix = PolicyMix(Scenario("all").with_levers(everything))
    plain = announce_terms(PolicyMix(Scenario("none")).doses(1, 0.5, {}), model)
    assert seen(announce_terms(mix.doses(1, 0.0, {}), model)) == pytest.approx(seen(plain), rel=1e-12, abs=1e-12)


# --- zero dose, and no lever without effect ------------------------------------------------------------------------


@pytest.mark.parametrize("lever", IDS)
def test_a_lever_at_its_baseline_changes_no_bit(lever: str) -> None:
    assert content(run({lever: LEVERS[lever].baseline}, 8)) == without(8)


def test_all_levers_at_their_baselines_dated_and_ramped_change_no_bit() -> None:
    settings = {lever: Setting(row.baseline, 2, 6, 3) for lever, row in LEVERS.items()}
    assert content(run(settings, 8)) == without(8)


# What a lever can act on, beside what the table says it needs: money levers need something that lacks money.
SCARCE = {lever: (("I11a", 25000.0),) for lever in ("I17b", "I18a", "I18b", "I18c", "I22b")}
EXTREME = {"I22b": 3.0}  # years: an evaluation falls into the sixteen quarters


@cache
def background(given: tuple[tuple[str, float], ...], quarters: int) -> RegionModel:
    return run(dict(given), quarters, strong())


def quarters_of(lever: str) -> int:
    return 16 if lever in EXTREME else 12


@pytest.mark.parametrize("lever", IDS)
def test_a_lever_at_an_extreme_changes_something(lever: str) -> None:
    needs = LEVERS[lever].needs
    moved = run({**dict(needs), lever: EXTREME.get(lever, farther(lever))}, quarters_of(lever), strong())
    assert differences(moved, background(needs, moved.quarter)), f"{lever} does nothing"


@pytest.mark.parametrize("lever", IDS)
def test_a_lever_changes_more_than_the_budget(lever: str) -> None:
    """A lever moves the region at one of its ends, not only its own bill (money through what it finances)."""
    given = (*LEVERS[lever].needs, *SCARCE.get(lever, ()))
    changed: set[str] = set()
    for end in (LEVERS[lever].low, EXTREME.get(lever, LEVERS[lever].high)):
        moved = run({**dict(given), lever: end}, quarters_of(lever), strong())
        changed |= differences(moved, background(given, moved.quarter))
    of_the_budget = {name for name in changed if name in DIRECTLY_BUDGET or name.startswith(("paid.", "rationed."))}
    assert changed - of_the_budget, f"{lever} moves only {sorted(changed)}"


def differences(one: RegionModel, other: RegionModel) -> set[str]:
    """Names of what differs: indicators and ledger entries over the run, columns of agents and sites at its end."""
    first, second = (content(m) | {k: v for k, v in fingerprints(m).items() if k in AGENTS} for m in (one, other))
    return {name for name in first.keys() | second.keys() if first.get(name) != second.get(name)}


# --- dates and ramps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lever", IDS)
def test_a_lever_that_starts_in_quarter_5_leaves_the_quarters_before_alone(lever: str) -> None:
    needs = {need: Setting(value, 5) for need, value in LEVERS[lever].needs}
    model = run({**needs, lever: Setting(farther(lever), 5)}, 4)
    assert content(model, 4) == content(run({}, 4), 4) and not model.ledger.rationed


def seen(terms: Terms) -> dict[str, float]:
    """Everything on offer, as numbers."""
    out: dict[str, float] = {}
    for declared in fields(Terms):
        on_offer = getattr(terms, declared.name)
        out[declared.name] = on_offer.total if isinstance(on_offer, Channel) else on_offer.mean
    return out


@pytest.mark.parametrize("lever", IDS)
def test_a_lever_that_ends_takes_its_terms_with_it(lever: str) -> None:
    model = RegionModel(rng=LUCK, scale=400)
    needs = {need: Setting(value, 1, 3) for need, value in LEVERS[lever].needs}
    dated = PolicyMix(Scenario("dated").with_levers({**needs, lever: Setting(farther(lever), 2, 3)}))
    plain = PolicyMix(Scenario("none"))
    terms = {}
    for mix in (dated, plain):
        for quarter in (1, 2, 3, 4, 5):
            theta = mix.implementation(quarter, model.p)
            terms[mix, quarter] = seen(announce_terms(mix.doses(quarter, theta, {}), model)) | {"theta": theta}
    assert terms[dated, 4] == terms[plain, 4] and terms[dated, 5] == terms[plain, 5]
    assert terms[dated, 2] != terms[plain, 2] and terms[dated, 3] != terms[plain, 3]


def test_a_repealed_lever_is_off_the_table_in_a_run() -> None:
    model = run({"I11a": Setting(8000.0, 2, 3), "I02a": Setting(300.0, 1, 4), "I20a": Setting(1.0, 1, 4)}, 6)
    plain = run({}, 6)
    assert seen(model.terms) == seen(plain.terms)
    assert model.record["implementation"][4] > plain.record["implementation"][4]
    assert model.record["implementation"][5] == plain.record["implementation"][5]


def test_a_ramp_climbs_in_equal_steps_from_the_baseline() -> None:
    mix = PolicyMix(Scenario("ramp").with_levers({"I13a": Setting(7.0, 3, 8, 4)}))
    values = [mix.value("I13a", quarter) for quarter in range(1, 11)]
    assert values == [3.0, 3.0, 4.0, 5.0, 6.0, 7.0, 7.0, 7.0, 3.0, 3.0]


@given(
    st.sampled_from(IDS),
    st.floats(0, 1),
    st.integers(1, 40),
    st.integers(0, 40),
    st.integers(0, 12),
    st.integers(1, 40),
)
def test_a_dated_value_stays_between_the_baseline_and_the_setting(
    lever: str, part: float, start: int, length: int, ramp: int, quarter: int
) -> None:
    row = LEVERS[lever]
    wanted = row.low + part * (row.high - row.low)
    end = min(start + length, 40)
    value = PolicyMix(Scenario("x", levers={lever: Setting(wanted, start, end, ramp)})).value(lever, quarter)
    if not start <= quarter <= end:
        assert value == row.baseline
    elif quarter - start + 1 >= ramp:
        assert value == pytest.approx(wanted, rel=1e-12, abs=1e-12)
    else:
        assert min(row.baseline, wanted) - 1e-9 <= value <= max(row.baseline, wanted) + 1e-9


def test_implementation_rises_with_time_and_with_the_articles_that_raise_it() -> None:
    p = central()
    plain = PolicyMix(Scenario("none"))
    path = [plain.implementation(quarter, p) for quarter in range(1, 13)]
    assert all(np.diff(path) >= 0.0) and path[-1] == p.theta_impl and path[0] < p.theta_impl
    for lever in CAPACITY:
        row = LEVERS[lever]
        better = row.low if lever == "I15b" else row.high
        mix = PolicyMix(Scenario("one").with_levers({lever: better}))
        assert all(mix.implementation(quarter, p) > plain.implementation(quarter, p) for quarter in range(1, 13))
    assert sum(CAPACITY.values()) == pytest.approx(1.0)
    everything = PolicyMix(
        Scenario("all").with_levers({k: (LEVERS[k].low if k == "I15b" else LEVERS[k].high) for k in CAPACITY})
    )
    assert everything.implementation(40, p.replace(P160=0.9)) <= 1.0


# --- channels and rules --------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-1e6, 1e6)), max_size=8))
def test_a_channel_adds_up_and_remembers_who(parts: list[tuple[str, float]]) -> None:
    channel = Channel("km2", "test")
    for lever, amount in parts:
        channel.add(lever, amount)
    assert channel.total == pytest.approx(sum(amount for _, amount in parts), abs=1e-6)
    for lever in {lever for lever, _ in parts}:
        assert channel.parts[lever] == pytest.approx(sum(a for name, a in parts if name == lever), abs=1e-6)
    if parts:
        channel.scale(parts[0][0], 0.0)
        assert channel.total == pytest.approx(sum(a for name, a in parts if name != parts[0][0]), abs=1e-6)


@given(st.floats(0, 300), st.floats(0, 300), st.floats(0, 1), st.integers(0, 10**6))
def test_a_rule_holds_in_full_for_its_share_of_cases(baseline: float, value: float, share: float, seed: int) -> None:
    rule = Rule("x", "test")
    rule.announce(baseline, value, share)
    marks = np.random.default_rng(seed).random(500)
    faced = rule.for_cases(marks)
    assert np.array_equal(faced, np.where(marks < share, value, baseline)), "nobody sees a rule that nobody wrote"
    assert min(baseline, value) - 1e-9 <= rule.mean <= max(baseline, value) + 1e-9
    stricter = Rule("x", "test")
    stricter.announce(baseline, value, min(1.0, share + 0.1))
    assert ((stricter.for_cases(marks) == value) >= (faced == value)).all(), "who is covered stays covered"


def test_a_copy_of_the_terms_is_independent() -> None:
    model = RegionModel(rng=LUCK, scale=400)
    twin = model.terms.copy()
    assert seen(twin) == seen(model.terms)
    twin.land_quota.add("I13a", 1.0)
    twin.intensity_threshold.announce(0.0, 300.0, 1.0)
    assert seen(twin) != seen(model.terms) and model.terms.intensity_threshold.value != 300.0


def test_every_term_is_written_by_a_lever_and_read_by_the_model() -> None:
    model = RegionModel(rng=LUCK, scale=400)
    room = Path(__file__).resolve().parent.parent / "sim"
    source = "\n".join(path.read_text(encoding="utf-8") for path in [*room.glob("stages/*.py"), *room.glob("*.py")])
    channels = {f.name for f in fields(Terms) if isinstance(getattr(model.terms, f.name), Channel)}
    unwritten = {name for name in channels if not getattr(model.terms, name).parts}
    unread = {f.name for f in fields(Terms) if not re.search(rf"\bterms\.{f.name}\b", source)}
    assert not unwritten and not unread


# --- money ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", ["baseline", "as_written", "ambitious"])
def test_what_levers_cost_is_what_was_posted(policy: str) -> None:
    model = RegionModel(policy, rng=LUCK, scale=SCALE)
    before: dict[str, float] = {}
    for _ in range(16):
        model.step()
        posted = sum(model.ledger.total(flow) for flow in ("support", "grant", "cofinance"))
        paid = sum(model.ledger.paid.values()) - sum(before.values())
        assert paid == pytest.approx(posted, rel=1e-9, abs=1e-6)
        before = dict(model.ledger.paid)
    assert set(model.ledger.paid) <= {*LEVERS, COFINANCE} and all(np.isfinite(v) and v >= 0.0 for v in before.values())
    for lever, payer in FROM_OTHERS.items():
        assert LEVERS[lever].payer == payer


@pytest.mark.parametrize("lever", [lever for lever in IDS if LEVERS[lever].payer == "none"])
def test_a_lever_that_the_table_calls_free_is_free(lever: str) -> None:
    model = run({**dict(LEVERS[lever].needs), lever: farther(lever)}, 4, strong())
    assert model.ledger.paid.get(lever, 0.0) == 0.0


def test_a_grant_arrives_in_full_in_every_quarter() -> None:
    model = run({"I18b": 500.0, "I18c": Setting(200.0, 3)}, 4, central().replace(P160=0.3))
    assert model.ledger.paid["I18b"] == pytest.approx(500.0)
    assert model.ledger.paid["I18c"] == pytest.approx(100.0)


def test_revenue_growth_that_is_kept_is_not_remitted() -> None:
    def remitted(share: float) -> float:
        model = RegionModel(Scenario("x").with_levers({"I18a": share}), rng=LUCK, scale=SCALE)
        total = 0.0
        for _ in range(6):
            model.step()
            total += model.ledger.total("remittance")
        return total

    assert remitted(1.0) == 0.0 < remitted(0.6)


def poor() -> Parameters:
    """No reserve and no other revenue to speak of: values outside the ranges, which only a test may set."""
    return Parameters({**central().values, "N76": 0.0, "P160": 0.9})


def test_an_empty_budget_cuts_support_says_so_and_never_goes_below_zero() -> None:
    model = RegionModel(Scenario("x").with_levers({"I11a": 25000.0}), rng=LUCK, scale=SCALE, parameters=poor())
    plain = run({}, 8, poor())
    for _ in range(8):
        paid = model.ledger.paid["I11a"]
        model.step()
        cash, dose = float(model.government.cash[0]), model.doses["I11a"]
        assert cash >= -1e-9
        assert dose.effective < dose.value, "what is built is what is paid, not what was promised"
        worth = model.own_share("I11a") * dose.effective / 4.0
        assert model.ledger.paid["I11a"] - paid == pytest.approx(worth, rel=0.02) or model.government.arrears[0] > 0.0
    assert model.ledger.rationed["I11a"] > 1000.0
    assert sum(model.ledger.rationed.values()) == pytest.approx(model.record["budget_rationed"][1:9].sum(), rel=1e-9)
    wanted = 8 * model.own_share("I11a") * 25000.0 / 4.0
    assert model.ledger.paid["I11a"] < 0.7 * wanted
    assert not any(plain.ledger.rationed.values()), "levers at their baselines are not new support"


def test_what_cash_could_not_pay_stays_on_the_bill() -> None:
    model, settled = RegionModel("talent", rng=7, scale=SCALE), 0.0
    for _ in range(24):
        model.step()
        settled += model.ledger.total("arrears")
    unpaid, owed = sum(model.ledger.unpaid.values()), float(model.government.arrears[0])
    assert owed > 100.0, "this policy leaves the budget short, or the test shows nothing"
    assert unpaid == pytest.approx(settled + owed, rel=1e-9)
    assert sum(model.ledger.cost().values()) == pytest.approx(sum(model.ledger.paid.values()) + unpaid, rel=1e-12)


def test_what_kunming_pays_of_public_works_is_on_the_bill() -> None:
    """Article 17: Kunming's share s of works that cost c in all is s c, which is s / (1 - s) of the New Area's part."""
    model, before, wanted = RegionModel("baseline", LUCK, 50.0, I05b=600.0, I17b=40.0), 0.0, 0.0
    for _ in range(8):
        model.step()
        works = sum(amount for lever, amount in model.ledger.paid.items() if lever in PUBLIC_WORKS)
        share = model.terms.kunming_cofinance.total
        wanted, before = wanted + (works - before) * share / (1.0 - share), works
    assert wanted > 100.0 and share > 0.2
    assert model.ledger.cost()[COFINANCE] == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("cost", [200.0, 5000.0])
def test_a_link_of_a_scenario_costs_what_the_scenario_says(cost: float) -> None:
    link = {"source": "kunming_centre", "target": "songming", "minutes": 35, "opens": "2022Q1", "cost": cost}
    model = RegionModel(scenario_from_mapping({"name": "link", "links": [link]}), LUCK, SCALE).run(12)
    assert model.ledger.cost()[LINK_WORKS] == pytest.approx(cost)
    assert (model.ledger.unpaid[LINK_WORKS] > 0.0) == (cost > 1000.0), "the small one is paid in cash"
    assert LINK_WORKS not in run({}, 12).ledger.cost()


def test_a_richer_budget_cuts_less() -> None:
    cut = [
        sum(run({"I11a": 25000.0, "I18b": grant}, 8, strong()).ledger.rationed.values())
        for grant in (0.0, 500.0, 2000.0)
    ]
    assert cut[0] > cut[1] > cut[2]


def test_money_goes_in_proportion_before_an_evaluation_and_to_what_works_after_it() -> None:
    model = RegionModel(rng=LUCK, scale=400)
    wanted = {"I11a": 100.0, "I05b": 50.0, "I07a": 50.0}
    assert _cuts(model, wanted, 200.0) == dict.fromkeys(wanted, 1.0)
    assert _cuts(model, wanted, 50.0) == dict.fromkeys(wanted, 0.25)
    model.effects = {"I11a": 0.5, "I05b": 2.0, "I07a": 0.1}
    assert _cuts(model, wanted, 100.0) == {"I05b": 1.0, "I11a": 0.5, "I07a": 0.0}
    assert _cuts(model, wanted, 0.0) == dict.fromkeys(wanted, 0.0)

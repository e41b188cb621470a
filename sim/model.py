"""RegionModel: firms, talent, parks and government of the New Area, stepped by quarter. Read `step` first."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from agents.columns import Floats, Integers
from agents.face import ColumnModel, Firm, Government, Park, Person, attach, mesa
from agents.firm import weighted
from agents.streams import Streams
from agents.terms import Terms
from sim import setup
from sim.build import Start, build_start
from sim.build_firms import grace
from sim.identities import TOLERANCE, IdentityError, identities
from sim.newcomers import Pools
from sim.params import Parameters, central
from sim.paths import build_paths
from sim.policy.base import Dose, PolicyMix
from sim.policy.registry import check_registry
from sim.scenario import Scenario
from sim.stages.announce import announce_policy, announce_terms, ration_support, rebuild_links
from sim.stages.construct import build_capital
from sim.stages.demography import enter_and_exit
from sim.stages.innovation import innovate
from sim.stages.labour import match_labour
from sim.stages.land import offer_land
from sim.stages.measure import INDICATORS, measure
from sim.stages.plan import plan_firms
from sim.stages.production import produce_and_sell
from sim.stages.recruit import recruit
from sim.stages.residence import choose_residence
from sim.stages.settlement import settle_accounts
from sim.state import Queue

STAGES = (
    announce_policy,
    ration_support,
    rebuild_links,
    offer_land,
    recruit,
    plan_firms,
    match_labour,
    choose_residence,
    build_capital,
    produce_and_sell,
    innovate,
    settle_accounts,
    enter_and_exit,
    measure,
)


class RegionModel(ColumnModel):
    """Firms, talent, parks and a government of one region. A `mesa.Model`; agents are columns with views on demand."""

    def __init__(
        self,
        scenario: str | Scenario = "baseline",
        rng: int | np.random.SeedSequence | None = 7,
        scale: float = 20,
        parameters: Parameters | None = None,
        path: str = "observed",
        checked: bool = False,
        start: Start | None = None,
        horizon_quarters: int = 40,
        **settings: float,
    ) -> None:
        """Set up the region at the end of 2020.

        scale: real small firms or persons behind one row (1: all of them); rng: seed of the luck of the run;
        parameters: values of assumptions (central by default); path: `observed` or `as_seen_in_2020`; checked:
        enforce declared reads, writes and identities; start: a state to start from, shared by the arms of a
        comparison; settings: levers and parameters by id, or by dotted name with `__` for the dot. Raises InputError
        for anything unknown or out of range.
        """
        seed = setup.seed_of(rng)
        setup.check_options(scale, path, horizon_quarters)
        super().__init__(rng=int(seed.generate_state(1)[0]))
        check_registry()
        case, values = setup.resolve(scenario, parameters or central(path), settings)
        self.p, self.path, self.checked, self.quarter = values, path, checked, 0
        own = (start or build_start(values, seed, scale, case)).copy()
        self.case, self.scale, self.frame, self.cells, self.prospects = (
            case,
            own.scale,
            own.frame,
            own.cells,
            own.prospects,
        )
        self.firms, self.talent, self.parks, self.government = own.firms, own.talent, own.parks, own.government
        self.markets, self.pools, self.homes, self.region = own.markets, own.pools, own.homes, own.region
        self.network, self.ledger, self.queue = own.network, own.ledger, Queue()
        self.streams, self.policy, self.paths = Streams(seed), PolicyMix(case), build_paths(path, values)
        self.rates = setup.rates(values)
        self.terms = Terms()
        self.doses: dict[str, Dose] = {}
        self.cuts: dict[str, float] = {}  # share of a lever's extra cost that the budget pays this quarter
        self.outcomes: dict[str, float] = {}  # activity that levers have moved, as an evaluation measures it
        self.effects: dict[str, float] = {}  # activity per yuan at the last evaluation
        self.record: dict[str, Floats] = {name: np.full(horizon_quarters + 1, np.nan) for name in INDICATORS}
        attach(self, {Firm: "firms", Person: "talent", Park: "parks", Government: "government"})
        self.datacollector = IndicatorCollector()
        setup.prepare(self)

    def step(self) -> None:
        """Advance one quarter. Each line is a stage; the order is part of the model."""
        self.begin_quarter()
        announce_policy(self)  # what is on offer, as implemented
        ration_support(self)  # what the budget can pay of it
        rebuild_links(self)  # roads, rails and agreements move on
        offer_land(self)  # parks service land and set their price
        recruit(self)  # prospects choose, parks admit, projects start
        plan_firms(self)  # sales, capital, staff, research
        match_labour(self)  # separations, vacancies, hires, wages
        choose_residence(self)  # homes, house prices, arrivals, departures
        build_capital(self)  # formation and recorded investment
        produce_and_sell(self)  # output, demand, prices
        innovate(self)  # research and certification
        settle_accounts(self)  # every payment posted
        enter_and_exit(self)  # firms fail, move and are founded
        measure(self)  # indicators recorded
        self.end_quarter()

    def begin_quarter(self) -> None:
        """Turn the page: next quarter, fresh draws, an empty book of postings."""
        self.quarter += 1
        if self.quarter >= len(next(iter(self.record.values()))):
            raise IndexError(
                f"quarter {self.quarter} is past the horizon; build the model with more horizon_quarters (at most 40)"
            )
        self.streams.begin(self.quarter)
        self.ledger.open_quarter()

    def end_quarter(self) -> None:
        """Stop at the horizon; in a checked run, demand that every identity closes."""
        self.running = self.quarter < len(next(iter(self.record.values()))) - 1
        if self.checked:
            broken = {name: value for name, value in self.identities().items() if value > TOLERANCE}
            if broken:
                raise IdentityError(f"quarter {self.quarter}: {broken}")

    def run(self, quarters: int = 20) -> RegionModel:
        """Advance the given number of quarters and return the model."""
        for _ in range(quarters):
            self.step()
        return self

    def branch(self, scenario: str | Scenario | None = None, **settings: float) -> RegionModel:
        """Return an independent copy of the region as it stands, which goes on under another policy.

        scenario: a policy that is the same as this one's until now (this one's by default); settings: levers by id or
        name, changed from the next quarter on. The copy goes on bit for bit as a run of that policy from the start
        would. Raises InputError where the policies already differ.
        """
        case = setup.branched(self, scenario, settings)
        twin = copy.deepcopy(self)
        twin.case, twin.policy = case, PolicyMix(case)
        return twin

    def identities(self) -> dict[str, float]:
        """Return the relative residual of every identity of the last quarter, by name."""
        return identities(self)

    # What stages ask the model for
    # ---------------------------------------------------------------------------------------------------

    def pay(self, flow: str, payer: str, payee: str, amount: float, lever: str | None = None) -> None:
        """Post a payment in million yuan and move the cash of the committee with it."""
        self.ledger.post(flow, payer, payee, amount, lever)
        if payer == "new_area":
            self.government.cash[0] -= amount
        if payee == "new_area":
            self.government.cash[0] += amount

    def own_share(self, lever: str) -> float:
        """Return the share of a lever's outlay that the New Area pays itself (Kunming co-finances public works,
        I17b).
        """
        return 1.0 - self.terms.kunming_cofinance.total if lever in setup.PUBLIC_WORKS else 1.0

    def grace(self, ids: Integers) -> Integers:
        """Return the age at which the value rule begins for firms with these ids, quarters."""
        return grace(self.p, self.streams, ids)

    def new_persons(self, pool: str, skill: int, count: int) -> Integers:
        """Return ids of the next persons of a numbered pool."""
        return self.pools_of["entrants"].new_persons(pool, skill, count)

    def whole_arrivals(self, name: str, amount: float) -> int:
        """Return whole arrivals of a real flow, rounded systematically over time."""
        return self.pools_of["entrants"].whole(name, amount)


class IndicatorCollector(mesa.DataCollector):  # type: ignore[misc]
    """A `mesa.DataCollector` of the indicators, which are known: none is asked for while nobody adds a reporter."""

    def __init__(self) -> None:
        super().__init__(model_reporters={name: _reporter(name) for name in INDICATORS})
        self._own = dict(self.model_reporters)

    def collect(self, model: RegionModel) -> None:
        """Note the indicators of the quarter, and what others have asked for."""
        if self.model_reporters != self._own or self.agent_reporters or self.agenttype_reporters:
            super().collect(model)
            return
        for name, values in self.model_vars.items():
            values.append(model.now[name])


def _reporter(name: str) -> Any:
    return lambda model: model.now[name]


__all__ = ["INDICATORS", "STAGES", "Pools", "RegionModel", "announce_terms", "weighted"]

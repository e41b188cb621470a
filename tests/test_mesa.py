"""RegionModel is a `mesa.Model` like any other, and the Python block of the interface works word for word."""

from __future__ import annotations

import mesa
import networkx as nx
import numpy as np
import pandas as pd
import pytest

from agents.face import ColumnAgent, Firm, Government, Park, Person
from sim import RegionModel
from sim.errors import InputError
from sim.model import INDICATORS

PROMISED = {
    *("gdp", "fai", "industrial_value_added", "hightech_value_added", "employment", "population"),
    *("firms", "births", "deaths", "moved_in", "moved_out", "projects_admitted", "projects_refused", "land_admitted"),
    *("capital", "public_capital", "mean_tfp", "mean_wage", "unemployment_rate", "house_price", "energy_use"),
    *("rd_spending", "budget_revenue", "budget_spending", "budget_rationed", "debt", "kunming_gdp"),
    *("rest_of_yunnan_gdp", "province_gdp", "booked_gdp"),
}
FIRM_COLUMNS = {
    *("id", "site", "sector", "employment", "capital", "value_added", "productivity", "age", "origin"),
    *("high_tech", "weight"),
}


@pytest.fixture(scope="module")
def model() -> RegionModel:
    return RegionModel("as_written", rng=7, scale=200).run(4)


def test_the_block_of_the_interface_works_word_for_word() -> None:
    from sim import RegionModel

    model = RegionModel(scenario="baseline", rng=7, scale=20, I13a=5.0)
    model.step()
    model.run(quarters=3)
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == 4 and set(frame.columns) >= PROMISED
    assert {Firm, Person, Park, Government} <= set(model.agents_by_type)
    for population in (model.firms, model.talent, model.parks):
        rows = population.frame()
        assert isinstance(rows, pd.DataFrame) and len(rows) == population.n
        assert set(rows.attrs["units"]) == set(rows.columns)
    assert isinstance(model.network.as_networkx(), nx.MultiGraph)
    assert model.policy.value("I13a", 1) == 5.0


def test_it_is_a_mesa_model(model: RegionModel) -> None:
    assert isinstance(model, mesa.Model) and model.running
    assert model.steps == model.quarter == 4
    assert isinstance(model.datacollector, mesa.DataCollector)
    assert isinstance(model.agents, mesa.agent.AgentSet)


# --- the door ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"I13a": 5.0}, {"land__annual_quota": 5.0}], ids=["by id", "by name"])
def test_levers_are_set_by_id_or_by_name(settings: dict[str, float]) -> None:
    model = RegionModel(rng=7, scale=400, **settings)
    assert {lever: setting.value for lever, setting in model.case.levers.items()} == {"I13a": 5.0}


def test_parameters_are_set_by_id_or_by_name() -> None:
    one, other = RegionModel(rng=7, scale=400, P160=0.8), RegionModel(rng=7, scale=400, implementation__theta_impl=0.8)
    assert one.p.theta_impl == other.p.theta_impl == 0.8
    assert dict(one.p.values) == dict(other.p.values)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"I13z": 5.0}, "I13"),
        ({"land__anual_quota": 5.0}, "land.annual_quota"),
        ({"I13a": 99.0}, "km2 per year"),
        ({"I13a": float("nan")}, "finite"),
        ({"P160": 7.0}, "0.3 to 0.9"),
        ({"P160": float("nan")}, "P160|theta"),
        ({"P06": 0.1}, "check"),
    ],
    ids=["unknown id", "unknown name", "out of range", "nan", "parameter out of range", "nan parameter", "a check"],
)
def test_wrong_settings_are_one_clear_message(settings: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        RegionModel(rng=7, scale=400, **settings)


@pytest.mark.parametrize(
    "options",
    [{"scale": 0}, {"scale": -5}, {"scale": float("nan")}, {"path": "seen"}, {"rng": -1}, {"horizon_quarters": 60}],
    ids=["no scale", "negative scale", "nan scale", "path", "negative seed", "horizon past the paths"],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wrong_options_are_one_clear_message(options: dict[str, float]) -> None:
    with pytest.raises(InputError):
        RegionModel(**{"rng": 7, "scale": 400, **options})


def test_an_unknown_scenario_is_one_clear_message() -> None:
    with pytest.raises(InputError, match="as_written"):
        RegionModel("as_writen", rng=7, scale=400)


# --- frames --------------------------------------------------------------------------------------------------------


def test_the_frame_of_the_collector_has_a_row_per_quarter(model: RegionModel) -> None:
    frame = model.datacollector.get_model_vars_dataframe()
    assert len(frame) == 4 and list(frame.columns) == list(INDICATORS)
    assert set(INDICATORS) >= PROMISED
    for name in INDICATORS:
        assert np.array_equal(frame[name].to_numpy(float), model.record[name][1:5]), name


def test_every_indicator_has_a_unit_and_a_title_in_both_languages() -> None:
    for name, (unit, chinese, english) in INDICATORS.items():
        assert unit and english and any("\u4e00" <= letter <= "\u9fff" for letter in chinese), name


def test_frames_of_agents_carry_their_units(model: RegionModel) -> None:
    rows = model.firms.frame()
    units = rows.attrs["units"]
    assert units["capital"] == "million yuan" and units["weight"] == "firms"
    assert rows["id"].is_unique and rows["capital"].sum() > 0.0
    rows.loc[:, "capital"] = 0.0
    assert model.firms.capital.sum() > 0.0, "a frame is a copy"


def test_the_frame_of_firms_has_the_promised_columns(model: RegionModel) -> None:
    assert set(model.firms.frame().columns) >= FIRM_COLUMNS


def test_the_graph_is_a_multigraph_with_layers(model: RegionModel) -> None:
    graph = model.network.as_networkx()
    assert graph.number_of_nodes() == len(model.network.nodes)
    assert graph.number_of_edges() == len(model.network.source)
    layers = {data["layer"] for _, _, data in graph.edges(data=True)}
    assert {"transport", "planning", "services", "industry", "environment", "customs"} == layers
    roads = nx.Graph((a, b) for a, b, data in graph.edges(data=True) if data["layer"] == "transport" and data["open"])
    sites = [name for name, data in graph.nodes(data=True) if data["site"]]
    assert all(nx.has_path(roads, "kunming_centre", site) for site in sites)


# --- agents --------------------------------------------------------------------------------------------------------


def test_agents_are_the_rows_of_the_populations(model: RegionModel) -> None:
    sizes = {kind: len(agents) for kind, agents in model.agents_by_type.items()}
    assert sizes == {Firm: model.firms.n, Person: model.talent.n, Park: model.parks.n, Government: 1}
    assert len(model.agents) == sum(sizes.values())
    assert set(model.agent_types) == {Firm, Person, Park, Government}


def test_select_agg_and_groupby_on_firms(model: RegionModel) -> None:
    firms = model.agents_by_type[Firm]
    assert firms.agg("capital", sum) == pytest.approx(model.firms.capital.sum())
    assert firms.agg("capital", [np.min, np.max]) == [model.firms.capital.min(), model.firms.capital.max()]
    large = firms.select(lambda firm: firm.capital > 100.0)
    assert len(large) == (model.firms.capital > 100.0).sum() and all(isinstance(firm, Firm) for firm in large)
    assert len(firms.select(at_most=3)) == 3
    counts = firms.groupby("sector").count()
    assert counts == dict(
        zip(*(part.tolist() for part in np.unique(model.firms.sector, return_counts=True)), strict=True)
    )
    sales = firms.groupby(lambda firm: firm.sector, result_type="list").map(lambda group: sum(f.sales for f in group))
    expected = np.bincount(model.firms.sector, model.firms.sales)
    assert sales == pytest.approx({sector: expected[sector] for sector in sales})


def test_select_agg_and_groupby_on_all_agents(model: RegionModel) -> None:
    agents = model.agents
    assert len(agents.select(agent_type=Park)) == model.parks.n
    by_kind = agents.groupby(type).count()
    assert by_kind == {Firm: model.firms.n, Person: model.talent.n, Park: model.parks.n, Government: 1}
    rich = agents.select(lambda agent: isinstance(agent, Park) and agent.public_capital > 0.0)
    assert 0 < len(rich) <= model.parks.n
    ids = agents.agg("unique_id", max)
    assert ids == 4 * 10**9 + model.government.id[0]
    assert sorted(agents.shuffle().get("unique_id")) == sorted(agents.get("unique_id"))


def test_a_view_writes_to_the_model_and_says_when_its_firm_has_left() -> None:
    from agents.columns import DepartedError

    model = RegionModel("baseline", rng=7, scale=100)
    firm = model.agents_by_type[Firm].select(lambda firm: firm.building == 0 and not firm.named)[0]
    firm.cash = -1e6
    row = int(model.firms.row_of(firm.id))
    assert model.firms.cash[row] == -1e6
    model.step()
    assert not firm.is_here
    with pytest.raises(DepartedError, match="left"):
        _ = firm.capital


def test_agents_added_by_others_live_beside_the_rows() -> None:
    class Visitor(mesa.Agent):
        """An ordinary agent of somebody who extends the model."""

        def look(self) -> float:
            return self.model.now["gdp"]

    class Extended(RegionModel):
        """A subclass that collects more and acts after the quarter."""

        def __init__(self, **options) -> None:
            super().__init__(**options)
            self.visitor = Visitor(self)
            self.looked: list[float] = []

        def step(self) -> None:
            super().step()
            self.looked += [agent.look() for agent in self.agents_by_type[Visitor]]

    model = Extended(rng=7, scale=400).run(2)
    assert len(model.looked) == 2 and model.steps == 2
    assert np.array_equal(model.record["gdp"][:3], RegionModel(rng=7, scale=400).run(2).record["gdp"][:3])


# --- Mesa's tools --------------------------------------------------------------------------------------------------


class Observed(RegionModel):
    """The model with agent reporters on its firms, as a user of Mesa would write it."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.agents_collector = mesa.DataCollector(
            model_reporters={"gdp": lambda model: model.now["gdp"], "quarter": "quarter"},
            agenttype_reporters={Firm: {"capital": "capital", "size": lambda firm: float(np.sum(firm.staff))}},
        )

    def step(self) -> None:
        super().step()
        self.agents_collector.collect(self)


def test_agent_reporters_on_firms() -> None:
    model = Observed(rng=7, scale=400).run(3)
    rows = model.agents_collector.get_agenttype_vars_dataframe(Firm)
    last = rows.xs(3, level="Step")
    assert len(last) == model.firms.n
    assert last["capital"].sum() == pytest.approx(model.firms.capital.sum())
    assert last["size"].sum() == pytest.approx(model.firms.staff.sum())
    assert model.agents_collector.get_model_vars_dataframe()["quarter"].tolist() == [1, 2, 3]


def test_agent_reporters_on_everybody() -> None:
    model = RegionModel(rng=7, scale=400)
    collector = mesa.DataCollector(agent_reporters={"id": "unique_id", "kind": lambda agent: type(agent).__name__})
    collector.collect(model)
    rows = collector.get_agent_vars_dataframe()
    assert len(rows) == len(model.agents) and set(rows["kind"]) == {"Firm", "Person", "Park", "Government"}


def test_batch_run() -> None:
    rows = mesa.batch_run(
        RegionModel,
        {"scenario": "baseline", "scale": 400, "I13a": [3.0, 5.0]},
        number_processes=1,
        iterations=2,
        max_steps=4,
        data_collection_period=-1,
        display_progress=False,
    )
    assert len(rows) == 4 and {row["Step"] for row in rows} == {4}  # Mesa makes one step more than it is told
    assert {row["I13a"] for row in rows} == {3.0, 5.0} and {"gdp", "RunId", "iteration"} <= set(rows[0])
    direct = RegionModel("baseline", scale=400, I13a=5.0).run(5)
    assert direct.now["gdp"] in {row["gdp"] for row in rows if row["I13a"] == 5.0}


def test_batch_run_over_seeds() -> None:
    rows = mesa.batch_run(
        RegionModel,
        {"scale": 400, "rng": [1, 2, 3]},
        number_processes=1,
        max_steps=3,
        data_collection_period=1,
        display_progress=False,
    )
    assert len({row["gdp"] for row in rows if row["Step"] == 3}) == 3
    found = [row["gdp"] for row in rows if row["rng"] == 2]
    assert found == RegionModel(rng=2, scale=400).run(4).record["gdp"][1:5].tolist()


def test_batch_run_without_a_number_of_steps_ends_at_the_horizon() -> None:
    rows = mesa.batch_run(
        RegionModel,
        {"scale": 400, "horizon_quarters": 3},
        number_processes=1,
        data_collection_period=1,
        display_progress=False,
    )
    assert [row["gdp"] for row in rows] == RegionModel(scale=400).run(3).record["gdp"][1:4].tolist()


def test_views_are_agents_of_mesa() -> None:
    for kind in (Firm, Person, Park, Government):
        assert issubclass(kind, mesa.Agent) and issubclass(kind, ColumnAgent)

"""The Mesa face of the columns: `Firm`, `Person`, `Park` and `Government` are `mesa.Agent`s, each a view of one row.

A view stores no attribute. It is made when somebody asks for agents and dropped when nobody needs it any more; a run
that asks for none makes none. Everything that is kept about an agent is in the columns of its population.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from agents.agentsets import SPAN, AllAgents, ColumnAgentSet  # before mesa itself: it keeps the process's start method

import mesa  # isort: skip

from agents.columns import DepartedError
from agents.firm import Firms
from agents.government import GovernmentAccount
from agents.park import Parks
from agents.talent import Talent

if TYPE_CHECKING:
    from agents.columns import Booleans, Column, Integers, Population


class ColumnProperty(property):
    """A property of a view that reads and writes the view's row of one column."""


def _column_property(declared: Column) -> ColumnProperty:
    name, wide, whole = declared.name, declared.width is not None, declared.dtype.kind in "iub"

    def read(view: ColumnAgent) -> Any:
        home, ident, row = view._place
        population = home.population()
        ids = population.id
        if row >= len(ids) or ids.item(row) != ident:  # what _find() does; this spares the call
            population, row = view._find()
        values = getattr(population, name)
        return frozen_copy(values[row]) if wide else values.item(row)

    def write(view: ColumnAgent, value: Any) -> None:
        population, row = view._find()
        values = getattr(population, name)
        if whole:
            check_whole(values, name, value)
        values[row] = value

    read.__doc__ = f"{declared.doc} ({declared.unit})."
    return ColumnProperty(read, write)


def frozen_copy(values: Any) -> Any:
    """Return a copy nobody can write to: a write into it would look like a change of the agent and be lost."""
    copy = values.copy()
    copy.flags.writeable = False
    return copy


def check_whole(column: Any, name: str, value: Any) -> None:
    """Raise TypeError where numpy would silently cut the fraction off a value written to a column of whole numbers."""
    if column.dtype.kind in "iub" and np.asarray(value).dtype.kind == "f" and not np.all(np.trunc(value) == value):
        raise TypeError(f"column {name!r} holds whole numbers ({column.dtype}); {value!r} would lose its fraction")


class Home:
    """Where the views of one class live: a population of one model, looked up anew as the model may replace it."""

    __slots__ = ("bulk_removal", "first", "model", "population", "view_class")

    def __init__(
        self, model: ColumnModel, view_class: type[ColumnAgent], provider: str | Callable[[], Population]
    ) -> None:
        self.model = model
        self.view_class = view_class
        # an attribute name still means the right model after the model was copied or pickled; a closure would not
        self.population: Callable[[], Any] = (
            partial(getattr, model, provider) if isinstance(provider, str) else provider
        )
        self.first = view_class.kind_number * SPAN
        # agents may leave together only if nobody hooked into the departure of a single one
        hooks = view_class.remove, type(model).deregister_agent
        self.bulk_removal = hooks == (mesa.Agent.remove, ColumnModel.deregister_agent)

    def view(self, ident: int, row: int = 0) -> ColumnAgent:
        """Make the view of one agent; all views are made here. `row` is where to look first."""
        view: ColumnAgent = object.__new__(self.view_class)
        _place(view, (self, ident, row))
        return view

    def present(self, ids: Integers) -> Booleans:
        """Say for each id whether the agent is in the population, shape of `ids`."""
        try:
            self.population().row_of(ids)
        except DepartedError:
            return np.isin(ids, self.population().id)
        return np.ones(ids.shape, bool)

    def values(self, name: str, ids: Integers) -> Any:
        """Return a fresh array of an attribute, one row per id, or None if the attribute is not a column."""
        attribute = getattr(self.view_class, str(name), None)
        if attribute is ColumnAgent.unique_id:
            return self.first + ids
        if not isinstance(attribute, ColumnProperty):
            return None
        population = self.population()
        return getattr(population, name)[population.row_of(ids)]

    def write(self, name: str, ids: Integers, value: Any) -> bool:
        """Write one value to a column of all ids; return False if it has to be written agent by agent."""
        if not isinstance(getattr(self.view_class, name, None), ColumnProperty):
            return False
        population = self.population()
        values = getattr(population, name)
        if np.ndim(value) >= values.ndim:
            return False  # numpy would hand out the value in pieces
        check_whole(values, name, value)
        values[population.row_of(ids)] = value
        return True

    def depart(self, ids: Integers) -> None:
        """Remove the agents with these ids from the population."""
        population = self.population()
        population.keep(~np.isin(population.id, ids))


class ColumnAgent(mesa.Agent):  # type: ignore[misc]
    """A `mesa.Agent` that is a view of one row of a population, found by the agent's id because rows shift.

    A subclass names its population class and a number; it then has a property for every column. Methods may be added,
    in the class or in a subclass of it. Reading or writing a column of an agent that has left raises `DepartedError`.
    """

    __slots__ = ("_place",)
    _place: tuple[Home, int, int]  # home, id, and the row where the agent was last seen

    population: ClassVar[type[Population]]
    kind_number: ClassVar[int]  # from 1, different for each class in a model; unique_id = kind_number * SPAN + id

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "population" not in vars(cls):
            return
        for name, declared in cls.population.columns.items():
            if hasattr(ColumnAgent, name):
                raise TypeError(
                    f"column {name!r} of {cls.population.__name__} has the name of an attribute of every agent"
                )
            if isinstance(getattr(cls, name, None), ColumnProperty | None):
                setattr(cls, name, _column_property(declared))

    def __init__(self, *args: Any, **columns: Any) -> None:
        raise TypeError(
            f"{type(self).__name__} is a view of a row: add rows to the population, as in model.firms.add(ids), "
            "and ask model.agents_by_type for views"
        )

    def __setattr__(self, name: str, value: Any) -> None:
        attribute = getattr(type(self), name, None)
        if type(attribute) is ColumnProperty:
            attribute.fset(self, value)  # type: ignore[misc]
        elif hasattr(attribute, "__set__"):
            super().__setattr__(name, value)
        else:
            raise AttributeError(f"{type(self).__name__} has no column {name!r}, and a view keeps nothing of its own")

    def _find(self) -> tuple[Any, int]:
        """Return the population and the agent's row in it now. Raises DepartedError if the agent has left."""
        home, ident, row = self._place
        population = home.population()
        ids = population.id
        if row >= len(ids) or ids.item(row) != ident:
            row = int(population.row_of(ident))
            _place(self, (home, ident, row))
        return population, row

    @property
    def _home(self) -> Home:
        return self._place[0]

    @property
    def id(self) -> int:
        """The agent's id in its population."""
        return self._place[1]

    @property
    def unique_id(self) -> int:
        """The agent's id among all agents of the model."""
        home, ident, _ = self._place
        return home.first + ident

    @property
    def model(self) -> Any:
        """The model the agent belongs to, also after the agent has left it."""
        return self._home.model

    @property
    def pos(self) -> None:
        """None: agents of the columns are in no Mesa space."""

    @property
    def is_here(self) -> bool:
        """Whether the agent is in its population now."""
        try:
            self._find()
        except DepartedError:
            return False
        return True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._place[:2] == self._place[:2]

    def __hash__(self) -> int:
        return hash(self.unique_id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id})"


# the slot's own setter, past __setattr__: views are made by the hundred thousand
_place: Callable[[Any, tuple[Home, int, int]], None] = vars(ColumnAgent)["_place"].__set__


class Firm(ColumnAgent):
    """One row of `model.firms`: the real firms it stands for are in `weight`."""

    population = Firms
    kind_number = 1


class Person(ColumnAgent):
    """One row of `model.talent`."""

    population = Talent
    kind_number = 2


class Park(ColumnAgent):
    """One park, a row of `model.parks`."""

    population = Parks
    kind_number = 3


class Government(ColumnAgent):
    """The account of the New Area's committee, the row of `model.government`."""

    population = GovernmentAccount
    kind_number = 4


class ColumnModel(mesa.Model):  # type: ignore[misc]
    """A `mesa.Model` whose agents are rows of populations; ordinary `mesa.Agent`s may live beside them.

    Call `attach` after `super().__init__()`. To clean up after agents that are removed through Mesa
    (`agent.remove()`), override `deregister_agent`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._homes: dict[int, Home] = {}
        self._last_plain_id = 0

    def register_agent(self, agent: Any) -> None:
        """Take in an ordinary agent; its unique_id counts from 1 in this model, far below those of views."""
        if agent not in self._agents:
            self._last_plain_id += 1
            agent.unique_id = self._last_plain_id
        # Mesa 3.3 numbers agents in a dictionary of the class, whose keys keep every model in memory for ever
        getattr(mesa.Agent, "_ids", {}).pop(self, None)
        super().register_agent(agent)

    def deregister_agent(self, agent: Any) -> None:
        """Remove an agent: a view's row leaves its population. Raises KeyError if the agent is not in the model."""
        if not isinstance(agent, ColumnAgent):
            super().deregister_agent(agent)
        elif agent._home.model is not self or not agent.is_here:
            raise KeyError(agent)
        else:
            agent._home.depart(np.array([agent.id]))

    def remove_all_agents(self) -> None:
        """Remove all ordinary agents and all rows of the populations."""
        super().remove_all_agents()
        for home in self._homes.values():
            ColumnAgentSet([home], self.random).do("remove")


def attach(model: ColumnModel, populations: Mapping[type[ColumnAgent], str | Callable[[], Population]]) -> None:
    """Make `model.agents` and `model.agents_by_type` show the rows of populations as agents; makes no view itself.

    `populations` names for each view class the attribute of the model that holds the population (`{Firm: "firms"}`),
    or a function that returns it (`lambda: model.firms`, but a copy of the model would show the agents of the first).
    It is asked at every use, so the population may be made later or replaced. A second call may replace a class by a
    subclass of it.
    """
    for view_class, provider in populations.items():
        home, kind = Home(model, view_class, provider), view_class.kind_number
        earlier = model._homes.get(kind)
        if earlier is not None:
            if not issubclass(view_class, earlier.view_class):
                raise ValueError(
                    f"{view_class.__name__} and {earlier.view_class.__name__} both have kind_number {kind}"
                )
            del model._agents_by_type[earlier.view_class]
        model._homes[kind] = home
        model._agents_by_type[view_class] = ColumnAgentSet([home], model.random)
    model._all_agents = AllAgents(model._homes.values(), model.random, plain=model._agents)

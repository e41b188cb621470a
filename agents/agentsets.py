"""Mesa agent sets of rows of populations: only identities are stored, views are made while they are used."""

from __future__ import annotations

import contextlib
import itertools
import math
import multiprocessing
import operator
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

import numpy as np

# Mesa 3.3 calls set_start_method("spawn", force=True) when it is imported, for the whole process. That is the choice of
# whoever runs the process, so it is put back (None: not chosen yet). This has to be the project's first import of Mesa.
_start_method = multiprocessing.get_start_method(allow_none=True)
from mesa.agent import AgentSet, GroupBy  # noqa: E402

multiprocessing.set_start_method(_start_method, force=True)  # type: ignore[arg-type]

if TYPE_CHECKING:
    from random import Random

    from agents.columns import Booleans, Integers
    from agents.face import Home

SPAN = 1_000_000_000  # more than the ids of one kind; the unique_id of agent `id` is kind_number * SPAN + id

_EVERYONE = float("inf")


class ColumnAgentSet(AgentSet):  # type: ignore[misc]
    """A `mesa.agent.AgentSet` over columns: live (all agents of its homes) or a fixed list; departed agents drop out.

    Members are held as codes: the unique_id of a view, a negative number for an ordinary `mesa.Agent` (held weakly,
    as in Mesa). A live set that was changed in place keeps its order and, like Mesa's own `model.agents`, takes in
    newcomers at the end.
    """

    def __init__(
        self, homes: Iterable[Home], random: Random, codes: Integers | None = None, plain: Iterable[Any] = ()
    ) -> None:
        self.random = random
        self._homes: dict[int, Home] = {home.first // SPAN: home for home in homes}
        self._live: tuple[Home, ...] = tuple(self._homes.values()) if codes is None else ()
        self._codes = codes
        self._seen: dict[int, Integers] = {}  # ids a changed live set has met, by kind
        self._index: set[int] | None = None
        self._numbers: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._refs: dict[int, weakref.ref[Any]] = {}
        self._last_number = 0
        for agent in plain:
            self._code(agent)

    # ---- who is in the set

    def _code(self, agent: Any) -> int:
        """Return the code of an agent, giving one to an ordinary agent that is new here."""
        home = getattr(agent, "_home", None)
        if home is not None:
            if self._homes.setdefault(home.first // SPAN, home) is not home:
                raise ValueError(f"{agent!r} belongs to another model than the agents of this set")
            return int(agent.unique_id)
        number = self._numbers.get(agent)
        if number is None:
            self._last_number -= 1
            number = self._numbers[agent] = self._last_number
            self._refs[number] = weakref.ref(agent)
        return number

    def _members(self) -> Integers:
        """Return the codes of the agents that are in the set now, in order."""
        if self._codes is None:
            parts = [home.first + home.population().id for home in self._live]
            return np.concatenate([*parts, np.array(list(self._numbers.values()), np.int64)])
        self._take_in_newcomers()
        here = self._present(self._codes)
        return self._codes if here.all() else self._codes[here]

    def _present(self, codes: Integers) -> Booleans:
        here = np.ones(len(codes), bool)
        for home, where in self._blocks(codes):
            if home is None:
                here[where] = np.isin(codes[where], list(self._numbers.values()))
            else:
                here[where] = home.present(codes[where] - home.first)
        return here

    def _take_in_newcomers(self) -> None:
        for kind, seen in self._seen.items():
            ids = self._homes[kind].population().id
            new = ids[~np.isin(ids, seen)]
            if len(new):
                self._seen[kind] = np.concatenate((seen, new))
                self._become(np.concatenate((self._codes, self._homes[kind].first + new)))  # type: ignore[arg-type]

    def _blocks(self, codes: Integers) -> Iterator[tuple[Home | None, Any]]:
        """Yield (home, where) for each kind among the codes: None for ordinary agents; `where` indexes the codes."""
        kinds = codes // SPAN
        if len(kinds) and (kinds == kinds[0]).all():
            yield self._homes.get(int(kinds[0])), slice(None)
        else:
            for kind in np.unique(kinds).tolist():
                yield self._homes.get(kind), np.flatnonzero(kinds == kind)

    def _walk(self, codes: Integers) -> Iterator[Any]:
        """Yield the agents of the codes in order, leaving out those that depart meanwhile."""
        rows = np.zeros(len(codes), np.int64)
        for home, where in self._blocks(codes):
            if home is not None:
                rows[where] = home.population().row_of(codes[where] - home.first)
        starts = [0, *(np.flatnonzero(np.diff(codes // SPAN)) + 1).tolist(), len(codes)]
        for start, stop in itertools.pairwise(starts):
            run = codes[start:stop].tolist()
            home = self._homes.get(run[0] // SPAN) if run else None
            if home is None:
                found = (self._refs[code]() for code in run if code in self._refs)
                yield from (agent for agent in found if agent is not None)
                continue
            before, first = home.population().id, home.first
            for code, row in zip(run, rows[start:stop].tolist(), strict=True):
                agent = home.view(code - first, row)
                if home.population().id is before or agent.is_here:
                    yield agent

    def _fixed(self, codes: Integers) -> ColumnAgentSet:
        """Return a new fixed set of some of the members."""
        result = ColumnAgentSet(self._homes.values(), self.random, codes)
        for number in codes[codes < 0].tolist():
            if (agent := self._refs[number]()) is not None:
                result._numbers[agent], result._refs[number] = number, self._refs[number]
        result._last_number = self._last_number
        return result

    def _become(self, codes: Integers) -> Self:
        """Change the members in place; a live set remembers whom it has already met."""
        if self._codes is None:
            self._seen = {home.first // SPAN: home.population().id for home in self._live}
        kept = set(codes[codes < 0].tolist())
        for agent, number in list(self._numbers.items()):
            if number not in kept:
                del self._numbers[agent], self._refs[number]
        self._codes, self._index = codes, None
        return self

    def _result(self, codes: Any, inplace: bool) -> ColumnAgentSet:
        codes = np.asarray(codes, np.int64)
        return self._become(codes) if inplace else self._fixed(codes)

    def _update(self, agents: Iterable[Any]) -> Self:
        return self._become(np.array(list(dict.fromkeys(map(self._code, agents))), np.int64))

    @property
    def _agents(self) -> dict[Any, None]:
        """Serve code that looks into Mesa's private dictionary: the agents as keys, made for the occasion."""
        return dict.fromkeys(self)

    def __len__(self) -> int:
        if self._codes is None:
            return sum(home.population().n for home in self._live) + len(self._numbers)
        return len(self._members())

    def __iter__(self) -> Iterator[Any]:
        return self._walk(self._members())

    def __reversed__(self) -> Iterator[Any]:
        return self._walk(self._members()[::-1])

    def __contains__(self, agent: Any) -> bool:
        home = getattr(agent, "_home", None)
        if home is None:
            return agent in self._numbers
        if self._homes.get(home.first // SPAN) is not home or not agent.is_here:
            return False
        if self._codes is None:
            return home in self._live
        self._take_in_newcomers()
        if self._index is None:
            self._index = set(self._codes.tolist())
        return agent.unique_id in self._index

    def __getitem__(self, item: int | slice) -> Any:
        """Return one agent, or a list of agents for a slice. Raises IndexError and TypeError as a list does."""
        if self._codes is None and not isinstance(item, slice):  # random.choice(model.agents) without listing everybody
            row = range(len(self))[item]
            for home in self._live:
                population = home.population()
                if row < population.n:
                    return home.view(population.id.item(row), row)
                row -= population.n
            return list(self._numbers)[row]
        members = self._members()
        positions = range(len(members))[item]
        if isinstance(positions, range):
            return list(self._walk(members[item]))
        return next(self._walk(members[positions : positions + 1]))

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the position of an agent. Raises ValueError if it is not there."""
        agents = list(self)
        return agents.index(value, start, len(agents) if stop is None else stop)

    # ---- sets made from the set

    def where(self, mask: Booleans) -> ColumnAgentSet:
        """Return the agents whose entry in `mask` is True; its order is that of the set (live: of the rows)."""
        return self._fixed(self._members()[mask])

    def select(
        self,
        filter_func: Callable[[Any], bool] | None = None,
        at_most: int | float = _EVERYONE,
        inplace: bool = False,
        agent_type: type | None = None,
    ) -> ColumnAgentSet:
        """Return the agents that pass a filter and are of a type, at most a number (int) or share (float) of them."""
        members = self._members()
        if isinstance(at_most, float) and at_most <= 1.0:
            at_most = int(len(members) * at_most)
        if filter_func:
            passed = (agent for agent in self._walk(members) if filter_func(agent))
            chosen = (agent for agent in passed if not agent_type or isinstance(agent, agent_type))
            return self._result(list(map(self._code, _first(chosen, at_most))), inplace)
        if agent_type:
            right = np.ones(len(members), bool)
            for home, where in self._blocks(members):
                if home is None:
                    right[where] = [isinstance(agent, agent_type) for agent in self._walk(members[where])]
                else:
                    right[where] = issubclass(home.view_class, agent_type)
            members = members[right]
        elif at_most == _EVERYONE and inplace:
            return self
        enough = max(0, math.ceil(at_most)) if at_most < len(members) else None
        return self._result(members[:enough], inplace)

    def shuffle(self, inplace: bool = False) -> ColumnAgentSet:
        """Return the agents in random order, drawn from `model.random` as Mesa draws it."""
        codes = self._members().tolist()
        self.random.shuffle(codes)
        return self._result(codes, inplace)

    def sort(self, key: Callable[[Any], Any] | str, ascending: bool = False, inplace: bool = False) -> ColumnAgentSet:
        """Return the agents sorted by an attribute or a function, descending by default; equals keep their order."""
        members = self._members()
        if isinstance(key, str) and "." in key:
            key = operator.attrgetter(key)
        column = self._column(key, members) if isinstance(key, str) else None
        if column is not None and not (column.dtype.kind == "f" and np.isnan(column).any()):
            if ascending:
                return self._result(members[np.argsort(column, kind="stable")], inplace)
            backwards = np.argsort(column[::-1], kind="stable")[::-1]
            return self._result(members[len(members) - 1 - backwards], inplace)
        keys = self._keys(key, members)
        order = sorted(range(len(keys)), key=keys.__getitem__, reverse=not ascending)
        return self._result(members[order], inplace)

    def groupby(self, by: Callable[[Any], Any] | str, result_type: str = "agentset") -> GroupBy:
        """Group the agents by an attribute or the result of a function; groups are sets ("agentset") or lists."""
        members = self._members()
        groups: defaultdict[Any, list[Any]] = defaultdict(list)
        for position, key in enumerate(self._keys(by, members)):
            groups[key].append(position)
        if result_type == "agentset":
            return GroupBy({key: self._fixed(members[positions]) for key, positions in groups.items()})
        for key, positions in groups.items():
            groups[key] = list(self._walk(members[positions]))
        return GroupBy(groups)

    def _keys(self, by: Callable[[Any], Any] | str, members: Integers) -> list[Any]:
        """Return what each member is sorted or grouped by."""
        if callable(by):
            return [by(agent) for agent in self._walk(members)]
        return self._attribute(by, members)

    # ---- acting on the agents

    def do(self, method: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Self:
        """Call a method (by name) or a function on each agent, in order."""
        members = self._members()
        if method == "remove" and not args and not kwargs:
            members = self._remove_together(members)
        self._call(members, method, *args, **kwargs)
        return self

    def shuffle_do(self, method: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Self:
        """Call a method (by name) or a function on each agent, in the random order that `shuffle` would give."""
        codes = self._members().tolist()
        self.random.shuffle(codes)
        self._call(np.array(codes, np.int64), method, *args, **kwargs)
        return self

    def map(self, method: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> list[Any]:
        """Call a method (by name) or a function on each agent and return the results."""
        return self._call(self._members(), method, *args, **kwargs)

    def _call(self, codes: Integers, method: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> list[Any]:
        if isinstance(method, str):
            return [getattr(agent, method)(*args, **kwargs) for agent in self._walk(codes)]
        return [method(agent, *args, **kwargs) for agent in self._walk(codes)]

    def _remove_together(self, members: Integers) -> Integers:
        """Remove what may leave in one sweep (one by one takes quadratic time) and return the others."""
        left = np.ones(len(members), bool)
        for home, where in self._blocks(members):
            if home is not None and home.bulk_removal:
                home.depart(members[where] - home.first)
                left[where] = False
        return members[left]

    def get(self, attr_names: str | list[str], handle_missing: str = "error", default_value: Any = None) -> list[Any]:
        """Return an attribute of each agent, or lists of attributes; a missing one raises or takes the default."""
        if handle_missing not in ("error", "default"):
            raise ValueError(f"Unknown handle_missing option: {handle_missing}, should be one of 'error' or 'default'")
        default = (default_value,) if handle_missing == "default" else ()
        members = self._members()
        if isinstance(attr_names, str):
            return self._attribute(attr_names, members, *default)
        columns = [self._attribute(name, members, *default) for name in attr_names]
        return [[column[k] for column in columns] for k in range(len(members))]

    def _attribute(self, name: str, members: Integers, *default: Any) -> list[Any]:
        values: list[Any] = [None] * len(members)
        for home, where in self._blocks(members):
            codes = members[where]
            column = None if home is None else home.values(name, codes - home.first)
            if column is None:
                found = [getattr(agent, name, *default) for agent in self._walk(codes)]
            else:
                found = column.tolist() if column.ndim == 1 else list(column)
            if isinstance(where, slice):
                return found
            for position, value in zip(where.tolist(), found, strict=True):
                values[position] = value
        return values

    def _column(self, name: str, members: Integers) -> Any:
        """Return an attribute as numpy reads the list of its values, or None unless it is one numeric column."""
        blocks = list(self._blocks(members))
        home = blocks[0][0] if len(blocks) == 1 else None
        column = None if home is None else home.values(name, members - home.first)
        if column is None or column.ndim > 1:
            return None
        python_type = {"b": np.bool_, "f": np.float64, "i": np.int64, "u": np.int64}.get(column.dtype.kind)
        if python_type is None or not np.can_cast(column.dtype, python_type):
            return None
        return column.astype(python_type, copy=False)

    def agg(self, attribute: str, func: Callable[[Any], Any] | Iterable[Callable[[Any], Any]]) -> Any:
        """Return what a function, or a list of what each function, makes of the values of an attribute."""
        column = self._column(attribute, self._members())
        values = self.get(attribute) if column is None else None
        if callable(func):
            return _reduce(func, column, values)
        return [_reduce(one, column, values) for one in func]

    def set(self, attr_name: str, value: Any) -> Self:
        """Write a value to an attribute of every agent."""
        members = self._members()
        for home, where in self._blocks(members):
            if home is None or not home.write(attr_name, members[where] - home.first, value):
                for agent in self._walk(members[where]):
                    setattr(agent, attr_name, value)
        return self

    # ---- changing the set

    def add(self, agent: Any) -> None:
        """Put an agent at the end, if it is not in the set."""
        if agent not in self:
            members = self._members()
            code = self._code(agent)
            if code > 0 or self._codes is not None:
                self._become(np.append(members, code))

    def discard(self, agent: Any) -> None:
        """Take an agent out of the set, if it is there; it stays in the model."""
        with contextlib.suppress(KeyError):
            self.remove(agent)

    def remove(self, agent: Any) -> None:
        """Take an agent out of the set; it stays in the model. Raises KeyError if it is not there."""
        if getattr(agent, "_home", None) is None:
            del self._refs[self._numbers.pop(agent)]
        elif agent not in self:
            raise KeyError(agent)
        else:
            members = self._members()
            self._become(members[members != agent.unique_id])

    def clear(self) -> None:
        """Take all agents out of the set; they stay in the model."""
        self._become(np.empty(0, np.int64))

    # An operator collects its result in a set of the class on the left. In Mesa's own class views would vanish at once,
    # so the reflected operators, which Python prefers here because this is a subclass, make the left side one of ours.
    def _from_iterable(self, agents: Iterable[Any]) -> ColumnAgentSet:
        return ColumnAgentSet(self._homes.values(), self.random, np.empty(0, np.int64))._update(agents)

    def __ror__(self, other: Any) -> Any:
        return (self._from_iterable(other) | self) if isinstance(other, AgentSet) else self | other

    def __rand__(self, other: Any) -> Any:
        return (self._from_iterable(other) & self) if isinstance(other, AgentSet) else self & other

    def __rxor__(self, other: Any) -> Any:
        return (self._from_iterable(other) ^ self) if isinstance(other, AgentSet) else self ^ other

    def __rsub__(self, other: Any) -> Any:
        return super().__rsub__(other)

    def __copy__(self) -> ColumnAgentSet:
        return self._fixed(self._members())

    def __getstate__(self) -> dict[str, Any]:
        state = {key: value for key, value in self.__dict__.items() if key not in ("_numbers", "_refs")}
        return {**state, "plain": {number: agent for agent, number in self._numbers.items()}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        plain = state.pop("plain")
        self.__dict__.update(state)
        self._numbers = weakref.WeakKeyDictionary({agent: number for number, agent in plain.items()})
        self._refs = {number: weakref.ref(agent) for number, agent in plain.items()}


class AllAgents(ColumnAgentSet):
    """The mixed set `model.agents`: the agents of all populations and after them the ordinary agents of the user."""


def _first(agents: Iterable[Any], at_most: float) -> Iterator[Any]:
    """Yield the first agents; the filter behind `agents` is not asked about more than needed."""
    count = 0
    agents = iter(agents)
    while count < at_most and (found := next(agents, None)) is not None:
        yield found
        count += 1


def _reduce(func: Callable[[Any], Any], column: Any, values: list[Any] | None) -> Any:
    """Apply a function to the values, on the column itself where that cannot change the result."""
    if column is None:
        return func(values)
    if getattr(func, "__module__", None) == "numpy":
        return func(column)
    if (func is min or func is max) and len(column) and not np.isnan(column).any():
        return (column.min() if func is min else column.max()).item()
    if func is sum and column.dtype.kind != "f":  # a float sum depends on the order of the additions
        return int(column.sum())
    return func(column.tolist())

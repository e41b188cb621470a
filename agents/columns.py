"""Populations as structures of arrays: one declared numpy column per attribute, one row per agent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

Floats = np.ndarray[Any, np.dtype[np.float64]]
Integers = np.ndarray[Any, np.dtype[np.int64]]
Booleans = np.ndarray[Any, np.dtype[np.bool_]]


class DepartedError(LookupError):
    """Raised when an agent is asked for that has left its population (or never belonged to it)."""


class Column:
    """One declared attribute of a population: type, unit, meaning, default, and the width of a row."""

    __slots__ = ("_defaults", "default", "doc", "dtype", "name", "unit", "width")

    def __init__(self, dtype: Any, unit: str, doc: str, default: Any = 0, width: int | None = None) -> None:
        self.dtype = np.dtype(dtype)
        self.unit = unit
        self.doc = doc
        self.default = default
        self.width = width
        self.name = ""
        self._defaults = self.filled(0)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def defaults(self, n: int) -> NDArray[Any]:
        """Return n rows of the default to copy from, not to write to: all askers share them."""
        if len(self._defaults) < n:
            self._defaults = self.filled(2 * n)
            self._defaults.flags.writeable = False
        return self._defaults[:n]

    def filled(self, n: int) -> NDArray[Any]:
        """Return n rows of the default, shape (n,) or (n, width)."""
        shape = (n,) if self.width is None else (n, self.width)
        return np.full(shape, self.default, self.dtype)


def column(dtype: Any, unit: str, doc: str, default: Any = 0, width: int | None = None) -> Any:
    """Declare a column; typed as Any so that `firms.capital` reads as the array that it is."""
    return Column(dtype, unit, doc, default, width)


class Population:
    """Agents of one kind. Every row is alive; references between populations are ids, never row numbers.

    Columns are plain numpy arrays of exactly `n` rows held in the instance, so `firms.capital` is the array itself.
    """

    columns: ClassVar[dict[str, Column]] = {}
    kind: ClassVar[str] = "agent"
    id: Any

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Column)}
        cls.columns = {**cls.columns, **own}

    def __init__(self) -> None:
        self.id = np.empty(0, np.int64)
        for name, declared in self.columns.items():
            setattr(self, name, declared.filled(0))
        self._rows: Integers | None = None

    def __len__(self) -> int:
        return len(self.id)

    def __iter__(self) -> Iterator[str]:
        raise TypeError("a population is columns; iterate over model.agents_by_type for views of single agents")

    @property
    def n(self) -> int:
        """Number of agents (rows)."""
        return len(self.id)

    def add(self, ids: ArrayLike, **values: ArrayLike) -> slice:
        """Append agents with the given ids; columns not named take their default. Returns the new rows."""
        new = np.asarray(ids, np.int64).reshape(-1)
        if not len(new):
            return slice(self.n, self.n)
        unknown = values.keys() - self.columns.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no column {sorted(unknown)}")
        first, grown = self.n, {}
        for name, declared in self.columns.items():
            added = declared.defaults(len(new))
            if name in values:
                added = np.empty(added.shape, declared.dtype)
                added[...] = values[name]
            grown[name] = np.concatenate((getattr(self, name), added))
        self.__dict__.update(grown)  # nothing is changed before every value has been accepted
        self.id = np.concatenate((self.id, new))
        self._rows = None
        return slice(first, self.n)

    def keep(self, mask: Booleans) -> None:
        """Drop the agents whose mask is False; the order of the others does not change."""
        rows = np.flatnonzero(mask)
        if len(rows) == self.n:
            return
        held = self.__dict__
        for name in self.columns:
            held[name] = getattr(self, name).take(rows, 0)
        self.id = self.id.take(rows)
        self._rows = None

    def row_of(self, ids: ArrayLike) -> Integers:
        """Return the row of each id, same shape as `ids`. Raises DepartedError for an agent that is not here."""
        wanted = np.asarray(ids, np.int64)
        if self._rows is None:
            rows = np.full(int(self.id.max()) + 1 if self.n else 0, -1, np.int64)
            rows[self.id] = np.arange(self.n)
            self._rows = rows
        inside = (wanted >= 0) & (wanted < len(self._rows))
        found = np.where(inside, self._rows[np.where(inside, wanted, 0)] if len(self._rows) else -1, -1)
        if (found < 0).any():
            gone = int(np.ravel(wanted)[np.ravel(found) < 0][0])
            raise DepartedError(f"{self.kind} {gone} is not in the New Area: it has left, or never was there")
        return found

    def has(self, ident: int) -> bool:
        """Say whether the agent with this id is here."""
        try:
            self.row_of([ident])
        except DepartedError:
            return False
        return True

    def copy(self) -> Self:
        """Return an independent copy of all columns."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update({k: v.copy() if isinstance(v, np.ndarray) else v for k, v in self.__dict__.items()})
        twin._rows = None
        return twin

    def frame(self) -> pd.DataFrame:
        """Return a pandas frame, one row per agent, one column per attribute; units in `frame.attrs["units"]`."""
        import pandas as pd  # heavy, and only people who look at agents need it

        data: dict[str, Any] = {"id": self.id.copy()}
        units = {"id": "number"}
        for name, declared in self.columns.items():
            values = getattr(self, name)
            if declared.width is None:
                data[name], units[name] = values.copy(), declared.unit
            else:
                for k in range(declared.width):
                    data[f"{name}_{k}"], units[f"{name}_{k}"] = values[:, k].copy(), declared.unit
        frame = pd.DataFrame(data)
        frame.attrs["units"] = units
        return frame

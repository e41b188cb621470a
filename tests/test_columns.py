"""Populations as columns: rows stay aligned with their ids through every arrival and departure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from agents.columns import Column, DepartedError, Population, column


class Shops(Population):
    """A population made for these tests."""

    kind = "shop"
    sales = column(float, unit="million yuan", doc="Sales of the quarter", default=1.5)
    site = column(np.int64, unit="index", doc="Where it stands", default=-1)
    open_now = column(bool, unit="yes or no", doc="Whether it sells", default=True)
    staff = column(float, unit="persons", doc="Staff by skill", width=3)


class Kiosks(Shops):
    """A population with one column more."""

    rent = column(float, unit="million yuan", doc="Rent of the quarter")


def shops(*ids: int) -> Shops:
    made = Shops()
    if ids:
        made.add(ids, sales=np.array(ids) * 10.0, site=ids, staff=np.array(ids)[:, None] + [0.1, 0.2, 0.3])
    return made


def check_aligned(population: Shops) -> None:
    """Every cell was written as a function of the id, so a row that slipped shows at once."""
    ids = population.id
    assert all(len(getattr(population, name)) == population.n == len(ids) for name in population.columns)
    assert_array_equal(population.sales, ids * 10.0)
    assert_array_equal(population.site, ids)
    assert_array_equal(population.staff, ids[:, None] + [0.1, 0.2, 0.3])
    assert_array_equal(population.row_of(ids), np.arange(population.n))


def test_declared_columns_are_known_by_name_and_inherited():
    assert list(Shops.columns) == ["sales", "site", "open_now", "staff"]
    assert list(Kiosks.columns) == ["sales", "site", "open_now", "staff", "rent"]
    assert "rent" not in Shops.columns and Population.columns == {}
    declared = Shops.columns["sales"]
    assert isinstance(declared, Column)
    assert (declared.name, declared.unit, declared.dtype) == ("sales", "million yuan", np.dtype(float))


def test_a_new_population_is_empty():
    empty = shops()
    assert empty.n == len(empty) == 0
    assert empty.staff.shape == (0, 3) and empty.id.dtype == np.int64
    assert empty.row_of([]).shape == (0,)
    assert not empty.has(0)


def test_two_populations_share_nothing():
    one, two = shops(1), shops(2)
    one.sales[:] = 99.0
    assert two.sales.tolist() == [20.0] and len(shops()) == 0


def test_columns_not_named_take_their_default():
    some = shops()
    rows = some.add([4, 9], site=3)
    assert rows == slice(0, 2)
    assert some.sales.tolist() == [1.5, 1.5] and some.site.tolist() == [3, 3] and some.open_now.all()
    assert_array_equal(some.staff, np.zeros((2, 3)))
    assert some.add(11, sales=2.0) == slice(2, 3)
    assert some.id.tolist() == [4, 9, 11]
    assert some.add([]) == slice(3, 3)


def test_an_undeclared_column_is_refused_and_nobody_arrives():
    some = shops(1)
    with pytest.raises(TypeError, match=r"Shops has no column \['salse'\]"):
        some.add([2], salse=3.0)
    check_aligned(some)
    assert some.n == 1


def test_a_column_is_the_array_itself():
    some = shops(1, 2)
    some.sales *= 2.0
    some.sales[some.row_of([2])] += 1.0
    assert some.sales.tolist() == [20.0, 41.0] and some.sales.dtype == np.float64


def test_departures_keep_the_order():
    some = shops(5, 3, 8, 1)
    some.keep(np.array([True, False, True, True]))
    assert some.id.tolist() == [5, 8, 1]
    check_aligned(some)
    some.keep(np.ones(3, bool))
    assert some.n == 3
    some.keep(np.zeros(3, bool))
    assert some.n == 0 and some.staff.shape == (0, 3)


def test_row_of_has_the_shape_of_the_question():
    some = shops(5, 3, 8)
    assert some.row_of(3) == 1
    assert_array_equal(some.row_of([[8, 5], [3, 3]]), [[2, 0], [1, 1]])
    assert some.has(8) and not some.has(4)


@pytest.mark.parametrize("wanted", [3, [5, 3], 4, -1, 10**12])
def test_an_agent_that_left_is_named(wanted):
    some = shops(5, 3, 8)
    some.keep(some.id != 3)
    gone = np.ravel(wanted)[-1]
    with pytest.raises(DepartedError, match=rf"^shop {gone} is not in the New Area: it has left, or never was there$"):
        some.row_of(wanted)
    assert issubclass(DepartedError, LookupError)


def test_nobody_is_in_an_empty_population():
    with pytest.raises(DepartedError, match="shop 0 is not in the New Area"):
        shops().row_of(0)


def test_iterating_over_a_population_says_what_to_do_instead():
    with pytest.raises(TypeError, match="agents_by_type"):
        list(shops(1))


def test_a_copy_is_independent():
    first = shops(5, 3)
    first.row_of(5)
    twin = first.copy()
    assert type(twin) is Shops
    twin.sales[:] = 0.0
    twin.keep(twin.id == 3)
    twin.add([7], sales=70.0, site=7, staff=[7.1, 7.2, 7.3])
    check_aligned(first)
    assert first.id.tolist() == [5, 3] and twin.id.tolist() == [3, 7]
    assert twin.row_of([3, 7]).tolist() == [0, 1]


def test_the_frame_has_one_row_per_agent_and_its_units():
    some = shops(5, 3)
    frame = some.frame()
    assert list(frame) == ["id", "sales", "site", "open_now", "staff_0", "staff_1", "staff_2"]
    assert frame["id"].tolist() == [5, 3] and frame["staff_1"].tolist() == [5.2, 3.2]
    units = frame.attrs["units"]
    assert set(units) == set(frame) and units["sales"] == "million yuan" and units["staff_2"] == "persons"
    frame.loc[:, "sales"] = 0.0
    check_aligned(some)
    assert len(shops().frame()) == 0


# A history is a list of events: a number of arrivals, or the seed of who leaves.
events = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 6)),
        st.tuples(st.just("keep"), st.integers(0, 2**16)),
        st.tuples(st.just("ask"), st.just(0)),
    ),
    max_size=25,
)


@given(history=events, ids=st.permutations(range(150)))
def test_any_history_keeps_columns_aligned_with_ids(history, ids):
    population, arriving, present = shops(), iter(ids), []
    for event, number in history:
        if event == "add":
            new = [next(arriving) for _ in range(number)]
            added = population.add(
                new, sales=np.array(new) * 10.0, site=new, staff=np.array(new)[:, None] + [0.1, 0.2, 0.3]
            )
            assert population.id[added].tolist() == new
            present += new
        elif event == "keep":
            stays = [(number >> (k % 16)) & 1 == 1 for k in range(len(present))]
            population.keep(np.array(stays, bool))
            present = [ident for ident, stay in zip(present, stays, strict=True) if stay]
        assert population.id.tolist() == present
        check_aligned(population)
        gone = set(ids) - set(present)
        assert not any(population.has(ident) for ident in list(gone)[:5])

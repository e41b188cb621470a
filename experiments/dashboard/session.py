"""What a session remembers between two runs of the page: its desks, which widget shows what, and what is open."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from experiments.dashboard.desk import Desk, History, from_query
from experiments.dashboard.guard import careful

LANGUAGES = {"中文": "zh", "English": "en"}


def history() -> History:
    """Return the steps of this session; the first desk comes from the share link."""
    if "history" not in st.session_state:
        query = {key: value for key, value in st.query_params.to_dict().items() if isinstance(value, str)}
        desk, problems = from_query(query)
        st.session_state.history = History(desk)
        st.session_state.link_problems = problems
        st.session_state.link_version = query.get("mv")
        st.session_state.language = next((k for k, v in LANGUAGES.items() if v == query.get("lang")), _locale())
    steps: History = st.session_state.history
    return steps


def _locale() -> str:
    return "English" if (st.context.locale or "zh").lower().startswith("en") else "中文"


@careful
def put(desk: Desk, what: str) -> None:
    """Take a step to another desk; `what` names the thing that moved."""
    steps: History = st.session_state.history
    steps.put(desk, what, time.monotonic())


def bound(name: str, value: Any) -> str:
    """Return the key of the widget that shows a value which the session keeps, and which is the truth.

    Where something else than the widget has changed the value (undo, a preset, a file), it is another widget from then
    on: a browser that does not know of the change yet sends the old value along with the next click, and a widget of
    the same key would take that for a move of the person.

    The widget must be given the value as its first one; it may not be put into the session state under the key.
    Streamlit tells the browser of a value put there once, and forgets that word if the next run begins before it was
    sent: the browser then stands at the lowest value, and sends that back as a move of the person.
    """
    key = key_of(name)
    if key in st.session_state and st.session_state[key] != value:
        renew(name)
        key = key_of(name)
    return key


def renew(*names: str) -> None:
    """Make other widgets of those with these names: they start anew with the values that the session keeps."""
    turns: dict[str, int] = st.session_state.setdefault("turns", {})
    for name in names:
        turns[name] = turns.get(name, 0) + 1


def key_of(name: str) -> str:
    """Return the key of the widget that is bound now; a callback with another one comes from a browser that is late."""
    turns: dict[str, int] = st.session_state.setdefault("turns", {})
    return f"{name}_{turns[name]}" if name in turns else name


def opened(name: str, label: str, first: bool = False) -> Any:
    """Return an expander whose content is to be drawn only if its `open` says so; `first` is how it begins.

    What is closed costs nothing then, neither here nor in the browser. A label that changes its words or a count would
    make it another expander, closed again: the session knows better.
    """
    state: dict[str, bool] = st.session_state.setdefault("panels", {})
    key = f"open_{name}"
    st.session_state[key] = state.get(name, first)  # of an expander the browser is told this with every run
    return st.expander(label, key=key, on_change=_opened, args=(name, key))


@careful
def _opened(name: str, key: str) -> None:
    st.session_state.panels[name] = bool(st.session_state[key])

"""The data page: every number with its source, the map of articles, definitions, limits."""

from __future__ import annotations

import re

import streamlit as st

from experiments.articles import SOURCE, articles, coverage, state, unmodelled
from experiments.dashboard.evidence import GRADES, KINDS, Evidence, chosen, counted, evidence
from experiments.dashboard.words import Words
from experiments.provenance import data_sha256, packages, version
from sim.calibration import tables

# Pixels; together with the source in what is left of a laptop's window, because the source is what the page is for.
_WIDTHS = {
    "data.col.id": 62,
    "data.col.title": 240,
    "data.col.value": 66,
    "data.col.range": 96,
    "data.col.unit": 84,
    "data.kind": 150,
    "data.col.confidence": 76,
    "data.col.role": 110,
    "data.col.source": 260,
}


def render(words: Words) -> None:
    """Draw the page."""
    rows = evidence(words)
    counts = counted(rows)
    parts = [f"{words(f'data.kind.{kind}')} {count}" for kind, count in counts.items()]
    st.subheader(words("data.title"), anchor=False)
    st.markdown(words("data.count", n=len(rows)) + " · ".join(parts))
    tabs = st.tabs([words(f"data.tab.{name}") for name in ("numbers", "articles", "definitions", "limits", "version")])
    with tabs[0]:
        _numbers(words, rows)
    with tabs[1]:
        _articles(words)
    with tabs[2]:
        _definitions(words)
    with tabs[3]:
        for line in words("data.limits").split("\n"):
            st.markdown(f"- {line}")
        st.markdown(words("data.limits.more"))
    with tabs[4]:
        st.markdown(words("data.version", version=version(), data=data_sha256()))
        st.table([{"": name, " ": number} for name, number in packages().items()], hide_header=True, hide_index=True)


def _numbers(words: Words, rows: list[Evidence]) -> None:
    first, second, third, fourth = st.columns(4)
    text = first.text_input(words("data.search"), key="data_search", placeholder=words("data.search.hint"))
    kinds = second.multiselect(
        words("data.kind"),
        KINDS,
        key="data_kind",
        format_func=lambda kind: words(f"data.kind.{kind}"),
        placeholder=words("data.all"),
    )
    sorts = third.multiselect(
        words("data.sort"),
        ("parameter", "lever"),
        key="data_sort",
        format_func=lambda sort: words(f"data.sort.{sort}"),
        placeholder=words("data.all"),
    )
    grades = fourth.multiselect(
        words("data.grade"),
        GRADES,
        key="data_grade",
        format_func=lambda grade: words(f"data.confidence.{grade}"),
        placeholder=words("data.all"),
    )
    left_over = chosen(rows, text, kinds, sorts, grades)
    st.markdown(words("data.found", n=len(left_over)))
    st.dataframe(
        [
            {
                words("data.col.id"): row.id,
                words("data.col.title"): row.title,
                words("data.col.value"): row.value,
                words("data.col.range"): f"{row.low:g} … {row.high:g}",
                words("data.col.unit"): row.unit,
                words("data.kind"): words(f"data.kind.{row.kind}"),
                words("data.col.confidence"): words.known(f"data.confidence.{row.confidence}", row.confidence),
                words("data.col.role"): words(f"data.role.{row.role}"),
                words("data.col.source"): row.source or words("data.kind.missing"),
            }
            for row in left_over
        ],
        hide_index=True,
        height=420,
        key="data_table",
        column_config={words(name): st.column_config.Column(width=width) for name, width in _WIDTHS.items()},
        on_select=lambda: _take([row.id for row in left_over]),
        selection_mode="single-row",
    )
    asked = st.query_params.get("id")
    if asked and asked not in {row.id for row in rows}:
        st.warning(words("data.unknown", id=plain(asked[:40])))
    _card(words, left_over)


def _take(shown: list[str]) -> None:
    """Open the row that was clicked in the table, whose rows are `shown` from above."""
    for position in st.session_state.data_table.selection.rows:
        if position < len(shown):  # a filter may have left fewer rows than the browser still shows
            st.session_state.data_id = shown[position]
            _remember()


def _remember() -> None:
    """Keep the open row in the address, so that the address can be passed on."""
    if st.session_state.data_id is not None:
        st.query_params["id"] = st.session_state.data_id
    else:
        st.query_params.pop("id", None)


def plain(text: str) -> str:
    """Return text from a table so that Markdown shows it as it is: formulas have stars, sources have brackets."""
    return re.sub(r"([\\`*_{}\[\]<>~$|#:])", r"\\\1", text)


def _card(words: Words, rows: list[Evidence]) -> None:
    """Draw one row in full; a link may name it as `id`, and a select box is the keyboard's way to it."""
    by_id = {row.id: row for row in rows}
    if "data_id" not in st.session_state and st.query_params.get("id") in by_id:
        st.session_state.data_id = st.query_params["id"]
    if st.session_state.get("data_id") not in by_id:
        st.session_state.data_id = None
    ident = st.selectbox(
        words("data.choose"),
        list(by_id),
        index=None,
        key="data_id",
        on_change=_remember,
        format_func=lambda key: f"{key} · {by_id[key].title}",
        placeholder=words("data.choose.hint"),
    )
    if ident is None:
        return
    row = by_id[ident]
    with st.container(border=True, key="data_card"):
        st.markdown(f"**{row.id} · {plain(row.title)}**")
        span = f"{row.said} ({row.low:g} … {row.high:g})"
        st.markdown(f"{plain(span)} · {words(f'data.role.{row.role}')}")
        confidence = words.known(f"data.confidence.{row.confidence}", row.confidence)
        st.markdown(f"{_kind(words, row)} · {confidence}")
        st.markdown(f"{words('data.col.source')}: {plain(row.source) or words('data.kind.missing')}")
        st.markdown(f"{words('data.col.used')}: {plain(row.used)}")


def _kind(words: Words, row: Evidence) -> str:
    text = words(f"data.kind.{row.kind}")
    return f":red-badge[{text}]" if row.kind == "missing" else text


def _articles(words: Words) -> None:
    st.markdown(words("data.articles.note", source=SOURCE))
    rows = []
    for number, article in articles().items():
        here, absent = coverage(number)
        rows.append(
            {
                words("data.col.article"): number,
                words("data.col.subject"): getattr(article, f"subject_{words.language}"),
                words("data.col.gist"): getattr(article, f"gist_{words.language}"),
                words("data.col.here"): here,
                words("data.col.absent"): absent,
                words("data.col.state"): words(f"data.state.{state(number)}"),
            }
        )
    st.table(rows, hide_index=True)
    with st.expander(words("data.absent", n=len(unmodelled()))):
        for row in unmodelled():
            st.markdown(f"- {row.id} · {words.title(row)}")


def _definitions(words: Words) -> None:
    st.table(
        [
            {
                words("table.target"): words.title(row),
                words("table.threshold"): words.quantity(f"{row.threshold:g}", row.unit),
                words("data.col.article"): row.article,
            }
            for row in tables.targets().values()
        ],
        hide_index=True,
    )
    for line in words("data.rules").split("\n"):
        st.markdown(f"- {line}")

"""The data page: every number with its source, the map of articles, definitions, limits."""

from __future__ import annotations

import streamlit as st

from experiments.articles import SOURCE, articles, coverage, unmodelled
from experiments.dashboard.evidence import KINDS, Evidence, chosen, counted, evidence
from experiments.dashboard.words import Words
from experiments.provenance import data_sha256, packages, version
from experiments.wording import unit_name
from sim.calibration import tables


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
    left, middle, right = st.columns([2, 2, 2])
    text = left.text_input(words("data.search"), key="data_search", placeholder=words("data.search.hint"))
    kinds = middle.multiselect(
        words("data.kind"),
        KINDS,
        key="data_kind",
        format_func=lambda kind: words(f"data.kind.{kind}"),
        placeholder=words("data.all"),
    )
    sorts = right.multiselect(
        words("data.sort"),
        ("parameter", "lever"),
        key="data_sort",
        format_func=lambda sort: words(f"data.sort.{sort}"),
        placeholder=words("data.all"),
    )
    left_over = chosen(rows, text, kinds, sorts)
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
                words("data.col.source"): row.source or words("data.kind.missing"),
            }
            for row in left_over
        ],
        hide_index=True,
        height=420,
        key="data_table",
    )
    _card(words, left_over)


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
        format_func=lambda key: f"{key} · {by_id[key].title}",
        placeholder=words("data.choose.hint"),
    )
    if ident is None:
        return
    row = by_id[ident]
    with st.container(border=True, key="data_card"):
        st.markdown(f"**{row.id} · {row.title}**")
        st.markdown(f"{row.value:g} {row.unit} ({row.low:g} … {row.high:g}) · {words(f'data.role.{row.role}')}")
        confidence = words.known(f"data.confidence.{row.confidence}", row.confidence)
        st.markdown(f"{words(f'data.kind.{row.kind}')} · {confidence}")
        st.markdown(f"{words('data.col.source')}: {row.source or words('data.kind.missing')}")
        st.markdown(f"{words('data.col.used')}: {row.used}")


def _articles(words: Words) -> None:
    st.markdown(words("data.articles.note", source=SOURCE))
    rows = []
    for number, article in articles().items():
        here, absent = coverage(number)
        state = "none" if not here else "partly" if absent else "full"
        rows.append(
            {
                words("data.col.article"): number,
                words("data.col.subject"): getattr(article, f"subject_{words.language}"),
                words("data.col.gist"): getattr(article, f"gist_{words.language}"),
                words("data.col.here"): here,
                words("data.col.absent"): absent,
                words("data.col.state"): words(f"data.state.{state}"),
            }
        )
    st.table(rows, hide_index=True)
    with st.expander(words("data.absent", n=len(unmodelled()))):
        for row in unmodelled():
            st.markdown(f"- {row.id} · {words.title(row)}")


def _definitions(words: Words) -> None:
    text = words.terminal
    st.table(
        [
            {
                words("table.target"): words.title(row),
                words("table.threshold"): f"{row.threshold:g} {unit_name(row.unit, text)}",
                words("data.col.article"): row.article,
            }
            for row in tables.targets().values()
        ],
        hide_index=True,
    )
    for line in words("data.rules").split("\n"):
        st.markdown(f"- {line}")

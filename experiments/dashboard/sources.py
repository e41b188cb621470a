"""The data page: every number with its source, the map of articles, definitions, limits."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from experiments.articles import SOURCE, articles, coverage, state, unmodelled
from experiments.dashboard.evidence import (
    BARE,
    GRADES,
    KINDS,
    Evidence,
    baselines,
    chosen,
    counted,
    evidence,
    in_words,
    referred,
)
from experiments.dashboard.guard import card, careful
from experiments.dashboard.session import bound, key_of
from experiments.dashboard.words import Words
from experiments.dashboard.words_data import TERMS
from experiments.provenance import data_sha256, packages, version
from experiments.published import published
from sim.calibration import tables

# Pixels; together with the source in what is left of a laptop's window, because the source is what the page is for.
_WIDTHS = {
    "data.col.id": 56,
    "data.col.title": 190,
    "data.col.value": 70,
    "data.col.written": 112,
    "data.col.range": 90,
    "data.col.unit": 74,
    "data.kind": 98,
    "data.col.confidence": 78,
    "data.col.used": 110,
    "data.col.source": 220,
}
_rows = functools.lru_cache(maxsize=4)(evidence)  # by the words, of which the app has one for each language


@st.fragment  # a search or another tab draws this page again and not the sidebar beside it
def render(words: Words) -> None:
    """Draw the page."""
    with card(words):
        rows = _rows(words)
        st.subheader(words("data.title"), anchor=False)
        st.markdown(_counter(words, rows))
        for name, tab in _tabs(words).items():
            if tab.open:
                with tab:
                    _DRAWN[name](words, rows)


def _tabs(words: Words) -> Mapping[str, TabContainer]:
    """Return the tabs by name; the one that was open stays so when the language or the page has changed meanwhile."""
    labels = [words(f"data.tab.{name}") for name in _DRAWN]
    key = f"data_tab_{words.language}"
    if key not in st.session_state:  # these tabs are new, and stay the same ones while their first tab does
        st.session_state.data_first = st.session_state.get("data_open", "numbers")
    first = words(f"data.tab.{st.session_state.data_first}")
    tabs = dict(zip(_DRAWN, st.tabs(labels, default=first, key=key, on_change="rerun"), strict=True))
    st.session_state.data_open = next(name for name, tab in tabs.items() if tab.open)
    return tabs


def _counter(words: Words, rows: list[Evidence]) -> str:
    """Return how many numbers there are of each kind of evidence; each line sums, what is missing is never hidden."""
    parameters = [row for row in rows if row.sort == "parameter"]
    levers = [row for row in rows if row.sort == "lever"]
    total = words("data.count", n=len(rows))
    lines = [f"**{total}**{words('data.colon')}{words('data.count.parts', p=len(parameters), l=len(levers))}"]
    for what, counts in (
        (words("data.count.parameters", n=len(parameters)), counted(parameters)),
        (words("data.count.written", n=len(levers)), counted(levers)),
        (words("data.count.baseline", n=len(levers)), baselines(levers)),
    ):
        shown = [_count(words, kind, n) for kind, n in counts.items() if n or kind == "missing"]
        lines.append(f"- {what}{words('data.colon')}{' · '.join(shown)}")
    return lines[0] + "\n\n" + "\n".join(lines[1:])


def _count(words: Words, kind: str, number: int) -> str:
    text = f"{words(f'data.kind.{kind}')} {number}"
    return f":red-badge[{text}]" if kind == "missing" and number else text


def _numbers(words: Words, rows: list[Evidence]) -> None:
    left_over = _filtered(words, rows)
    st.markdown(words("data.found", n=len(left_over)))
    st.dataframe(
        [_line(words, row) for row in left_over],
        hide_index=True,
        height=420,
        key="data_table",
        placeholder="",
        column_config={words(name): st.column_config.Column(width=width) for name, width in _WIDTHS.items()},
        on_select=lambda: _take([row.id for row in left_over]),
        selection_mode="single-row",
    )
    st.markdown(words("data.note") + "\n\n" + words("data.tags"))
    asked = st.query_params.get("id")
    if asked and asked not in {row.id for row in rows}:
        st.warning(words("data.unknown", id=plain(asked[:40])))
    _card(words, left_over)


def _filtered(words: Words, rows: list[Evidence]) -> list[Evidence]:
    """Draw search and filters, and return the rows that they leave."""
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
    return chosen(rows, text, kinds, sorts, grades)


def _line(words: Words, row: Evidence) -> dict[str, str | float | None]:
    return {
        words("data.col.id"): row.id,
        words("data.col.title"): row.title,
        words("data.col.value"): row.value,
        words("data.col.written"): row.written,
        words("data.col.range"): f"{row.low:g} … {row.high:g}",
        words("data.col.unit"): row.unit,
        words("data.kind"): words(f"data.kind.{row.kind}"),
        words("data.col.confidence"): words.known(f"data.confidence.{row.confidence}", row.confidence),
        words("data.col.used"): row.used,
        words("data.col.source"): row.source or words("data.kind.missing"),
    }


@careful
def _take(shown: list[str]) -> None:
    """Open the row that was clicked in the table, whose rows are `shown` from above."""
    for position in st.session_state.data_table.selection.rows:
        if position < len(shown):  # a filter may have left fewer rows than the browser still shows
            _open(shown[position])


@careful
def _picked(key: str) -> None:
    if key == key_of("data_id"):
        _open(st.session_state[key])


def _open(ident: str | None) -> None:
    """Open a row, or none, and keep it in the address, so that the address can be passed on."""
    st.session_state.open_row = ident
    if ident is not None:
        st.query_params["id"] = ident
    else:
        st.query_params.pop("id", None)


def plain(text: str) -> str:
    """Return text from a table so that Markdown shows it as it is: formulas have stars, sources have brackets."""
    return re.sub(r"([\\`*_{}\[\]<>~$|#:])", r"\\\1", text)


def _card(words: Words, rows: list[Evidence]) -> None:
    """Draw one row in full; a link may name it as `id`, and a select box is the keyboard's way to it."""
    by_id = {row.id: row for row in rows}
    ident = st.session_state.setdefault("open_row", st.query_params.get("id"))
    if ident not in by_id:
        ident = st.session_state.open_row = None
    key = bound("data_id", ident)
    st.selectbox(
        words("data.choose"),
        list(by_id),
        index=None if ident is None else list(by_id).index(ident),
        key=key,
        on_change=_picked,
        args=(key,),
        format_func=lambda key: f"{key} · {by_id[key].title}",
        placeholder=words("data.choose.hint"),
    )
    if ident is None:
        return
    row = by_id[ident]
    with st.container(border=True, key="data_card"):
        st.markdown(f"**{row.id} · {plain(row.title)}**")
        lines = [*_values(words, row), *_background(words, row)]
        st.markdown("\n".join(f"- {label}{words('data.colon')}{text}" for label, text in lines))


def _values(words: Words, row: Evidence) -> list[tuple[str, str]]:
    """Return the numbers of a row, each with what it rests on; the numbers of a lever rest on different things."""

    def said(number: str, kind: str, more: str) -> str:
        rests = words("data.card.rests", kind=_kind(words, kind))
        return " · ".join(filter(None, (plain(words.quantity(number, row.measure)), rests, plain(more))))

    grade = words.known(f"data.confidence.{row.confidence}", row.confidence)
    span = words.quantity(f"{row.low:g} … {row.high:g}", row.measure)
    if row.written is None:
        sure = f"{words('data.col.confidence')} {grade}"
        return [
            (words("data.card.value"), said(f"{row.value:g}", row.kind, sure)),
            (words("data.card.range"), plain(span)),
            (words("data.col.source"), plain(row.source) or words("data.kind.missing")),
        ]
    direction = row.confidence == "direction"  # which the label of the value says already
    written = words("data.card.suggested" if direction else "data.card.written")
    bare = row.base_source == in_words(words, BARE)
    return [
        (words("data.card.baseline"), said(f"{row.value:g}", row.base_kind, "" if bare else row.base_source)),
        (written, said(f"{row.written:g}", row.kind, "" if direction else grade)),
        (words("data.card.lever_range"), plain(span)),
        (words("data.col.source"), plain(row.source) or words("data.kind.missing")),
    ]


def _background(words: Words, row: Evidence) -> list[tuple[str, str]]:
    """Return what stands behind a row: where it acts, what its notes name, and how it is recorded."""
    lines = [
        (words("data.card.role"), words(f"data.role.{row.role}")),
        (words("data.col.used"), plain(row.used)),
    ]
    if named := referred(words, row):
        lines.append((words("data.card.refers"), plain(("；" if words.language == "zh" else "; ").join(named))))
    if row.source != row.recorded:
        lines.append((words("data.card.recorded"), plain(row.recorded)))
    lines.append((words("data.card.code"), f"`{row.name}` · {plain(row.mechanism)}"))
    return lines


def _kind(words: Words, kind: str) -> str:
    text = words(f"data.kind.{kind}")
    return f":red-badge[{text}]" if kind == "missing" else text


def _articles(words: Words, rows: list[Evidence]) -> None:
    st.markdown(words("data.articles.note", source=SOURCE))
    mapped = []
    for number, article in articles().items():
        here, absent = coverage(number)
        mapped.append(
            {
                words("data.col.article"): number,
                words("data.col.subject"): getattr(article, f"subject_{words.language}"),
                words("data.col.gist"): getattr(article, f"gist_{words.language}"),
                words("data.col.here"): f"{here} / {here + absent}",
                words("data.col.state"): words(f"data.state.{state(number)}"),
            }
        )
    st.table(mapped, hide_index=True)
    with st.expander(words("data.absent", n=len(unmodelled()))):
        st.markdown("\n".join(f"- {row.id} · {plain(words.title(row))}" for row in unmodelled()))


def _definitions(words: Words, rows: list[Evidence]) -> None:
    st.markdown(f"**{words('data.terms')}**")
    st.markdown("\n".join("- " + words(f"term.{term}") for term in TERMS))
    st.markdown(f"**{words('data.targets')}**")
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
    _published(words)


def _published(words: Words) -> None:
    st.markdown(f"**{words('data.published')}**")
    targets = tables.targets()
    st.table(
        [
            {
                words("table.target"): words.title(targets[row.target]),
                words("data.col.year"): row.year,
                words("data.col.published"): words.quantity(f"{row.value:g}", row.unit),
                words("data.col.basis"): row.basis_zh if words.language == "zh" else row.basis_en,
                words("data.col.source"): plain(in_words(words, row.source)),
                words("data.col.confidence"): words(f"data.confidence.{row.confidence}"),
            }
            for row in published()
        ],
        hide_index=True,
    )


def _limits(words: Words, rows: list[Evidence]) -> None:
    st.markdown("\n".join(f"- {line}" for line in words("data.limits").split("\n")))
    st.markdown(words("data.limits.more"))


def _version(words: Words, rows: list[Evidence]) -> None:
    st.markdown(words("data.version", version=version(), data=data_sha256()))
    st.table([{"": name, " ": number} for name, number in packages().items()], hide_header=True, hide_index=True)


_DRAWN: Mapping[str, Callable[[Words, list[Evidence]], None]] = MappingProxyType(
    {
        "numbers": _numbers,
        "articles": _articles,
        "definitions": _definitions,
        "limits": _limits,
        "version": _version,
    }
)

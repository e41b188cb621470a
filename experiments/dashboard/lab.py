"""The Policy Lab page: the answer sentence, cards, fans, the map of parks, the ledger; refined in place."""

from __future__ import annotations

import csv
import io
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from experiments import charts
from experiments.chart_text import GROUPS
from experiments.dashboard import cards
from experiments.dashboard.desk import Desk
from experiments.dashboard.guard import careful
from experiments.dashboard.record import Shown
from experiments.dashboard.service import FIRST, Answer, Answers, Ticket
from experiments.dashboard.session import bound, key_of, opened
from experiments.dashboard.words import Words
from experiments.ensemble import Outcome
from experiments.modified import modified
from experiments.region_map import region_map
from experiments.store import runs_file

Document = Mapping[str, Any]
STAGES = (FIRST, 20, 64, 128)  # replicates at which the page is drawn anew: charts that flicker cannot be read
GHOST = STAGES[1]  # replicates from which an answer is kept for the line of the step before: medians of two are luck
PATIENCE = 2.0  # seconds that a page waits for the first answer before it shows the old one as being updated
GLANCE = 0.03  # seconds between two looks while waiting; each is a chance for Streamlit to start over
SAY = 1.0  # seconds between two words on how far it has come
FOLLOW = 0.3  # seconds after which the browser asks to follow the rest of an answer


def page(words: Words, desk: Desk, answers: Answers, found: Shown) -> None:
    """Draw the page for the desk; leave in `found` what is logged about it, however the page ends."""
    ticket = found.ticket
    answer = found.answer = _first(words, answers, ticket)
    _note_problem(words, answer)
    if answer.document is not None:
        st.session_state.last_good = answer.document
        if answer.done >= min(GHOST, answer.wanted):
            _remember(desk, answer.document)
    document = answer.document or st.session_state.get("last_good")
    if document is None:
        progress = _badge(words, answer)
        st.skeleton(height=400)
    else:
        progress = _draw(words, desk, answer, document)
        _folded(words, document, lambda: answers.outcome(ticket, answer.done) if answer.document else None)
    if answer.done < answer.wanted and answer.error is None:
        drawing = [True]
        st.fragment(_follow, run_every=FOLLOW)(words, answers, ticket, answer.done, progress, drawing)
        drawing.clear()


def _goal(drawn: int, wanted: int) -> int:
    """Return the next stage: between two of them a page would only flicker."""
    return min([stage for stage in STAGES if stage > drawn] + [wanted])


def _follow(words: Words, answers: Answers, ticket: Ticket, drawn: int, progress: Any, drawing: list[bool]) -> None:
    """Say how far the answer has come, and draw the page anew when it has reached the next stage.

    While the page itself is `drawing` this says it once. Afterwards it lasts until the stage is reached: at each end of
    a run the browser goes through the whole page, so that many short runs would take the time of the model.
    """
    answer, said = answers.look(ticket, full=False), -math.inf
    while not answer.superseded:
        goal = _goal(drawn, answer.wanted)
        if answer.done >= goal or answer.error:
            st.rerun()
        if time.monotonic() - said >= SAY:
            progress.markdown(words("lab.progress", done=answer.done, wanted=answer.wanted))
            said = time.monotonic()
        if drawing:
            return
        _give_way()
        answer = answers.wait(ticket, goal, GLANCE, full=False)


def _first(words: Words, answers: Answers, ticket: Ticket) -> Answer:
    """Wait for the first honest answer; every look is a place where a newer move may take over."""
    began = time.monotonic()
    while True:
        answer = answers.wait(ticket, FIRST, GLANCE, full=False)
        late = time.monotonic() - began > PATIENCE
        if late or answer.done >= min(FIRST, answer.wanted) or answer.error or answer.superseded:
            return answers.look(ticket)
        _give_way()


def _give_way() -> None:
    """Let a newer move take over: Streamlit stops a script where it looks at its state; no word to the browser."""
    st.session_state.get("language")


def _remember(desk: Desk, document: Document) -> None:
    """Keep the newest medians that were shown, by desk: what the ghost line of the step before is drawn from."""
    kept = st.session_state.setdefault("medians", {})
    kept.pop(desk, None)
    kept[desk] = {"targets": document["targets"], "series": document["series"]}
    while len(kept) > 20:
        kept.pop(next(iter(kept)))


def _ghost() -> Document | None:
    before = st.session_state.history.before
    if not st.session_state.get("ghost") or before is None:
        return None
    found: Document | None = st.session_state.get("medians", {}).get(before)
    return found


def _note_problem(words: Words, answer: Answer) -> None:
    if answer.error is None:
        return
    if answer.error.startswith("E-"):
        st.error(words("lab.failed", code=answer.error))
    else:
        st.error(words("lab.refused"))
        st.code(answer.error, language=None, wrap_lines=True)


def _status(words: Words, answer: Answer) -> str:
    """Return the badge: how far the answer on the screen has come."""
    if answer.waiting and not answer.done:
        return words("lab.waiting", n=answer.waiting)
    if answer.done < answer.wanted:
        return "○ " + words("lab.running", done=answer.done, wanted=answer.wanted)
    return "● " + words("lab.cached" if answer.cached else "lab.exact", wanted=answer.wanted)


def _badge(words: Words, answer: Answer, precision: str = "") -> Any:
    """Say what the page shows; return the place behind it for the word on what is being computed meanwhile."""
    with st.container(key="badge", horizontal=True, gap="small"):
        st.markdown(_status(words, answer) + precision, width="content")
        return st.empty()


def _draw(words: Words, desk: Desk, answer: Answer, document: Document) -> Any:
    """Draw the answer; return the place for the word on its progress."""
    palette = charts.palette(st.context.theme.type or "light")
    _introduction(words, desk, document)
    with st.container(key="answer"):
        st.subheader(cards.sentence(words, document), anchor=False)
    width = 100.0 * max((row["high"] or 0.0) - (row["low"] or 0.0) for row in document["targets"])
    progress = _badge(words, answer, f" · {words('lab.error_size', e=round(width))}")
    if changes := modified(document, words.terminal):
        st.markdown(words.terminal("modified.line", changes=" · ".join(changes)))
    if not (desk.scenario.levers or desk.scenario.parks or desk.scenario.links):
        st.info(words("lab.baseline"))
    if document["failed"]:
        st.warning(words("lab.some_failed", n=document["failed"]))
    _cards(words, document)
    _fans(words, document, palette)
    left, right = st.columns([3, 2])
    with left:
        _map(words, document, palette)
    with right:
        _ledger(words, document, palette)
        for line in cards.province(words, document):
            st.markdown(line)
    return progress


def _folded(words: Words, document: Document, outcome: Callable[[], Outcome | None]) -> None:
    """Draw what is folded at first: whether the targets fit together, and the table with the downloads."""
    consistency = opened("consistency", words("lab.consistency"))
    if consistency.open:
        with consistency:
            _consistency(words, document)
    table = opened("table", words("lab.table"))
    if table.open:
        with table:
            _table(words, document, outcome())


def _introduction(words: Words, desk: Desk, document: Document) -> None:
    """Say what this is to somebody who has just come; whoever has moved a lever finds it folded with the terms."""
    text, terms = cards.introduction(words, document)
    new = desk == desk.reset()
    if new:
        st.markdown(text)
    panel = opened("terms", words("lab.terms"))
    if panel.open:
        with panel:
            st.markdown(terms if new else f"{text}\n\n{terms}")


def _cards(words: Words, document: Document) -> None:
    with st.container(key="cards"):
        grid = st.grid(5, min_column_width=170)
        for row in document["targets"]:
            card = cards.card(words, row, document)
            with grid, st.container(border=True, gap="xsmall"):
                st.metric(
                    card.title,
                    card.value,
                    card.delta or None,
                    delta_color=card.colour,
                    delta_arrow=card.arrow,
                    help=card.help,
                )
                st.markdown(f":small[{card.note}]")  # a caption is too faint to be read by everybody


def _fans(words: Words, document: Document, palette: Mapping[str, str]) -> None:
    group = st.segmented_control(
        words("lab.view"),
        list(GROUPS),
        default="growth",
        required=True,
        key="group",
        format_func=lambda name: words(f"lab.{name}"),
        label_visibility="collapsed",
    )
    ghost = _ghost()
    grid = st.grid(2, min_column_width=320)
    for target in GROUPS[group or "growth"]:
        specification, alt = charts.fan(document, target, words.language, palette, ghost)
        with grid:
            st.vega_lite_chart(specification, alt=alt, theme=None, width="stretch", key=f"fan_{target}")


def _map(words: Words, document: Document, palette: Mapping[str, str]) -> None:
    if "places" not in document:
        return
    st.subheader(words("lab.map"), anchor=False)
    places = document["places"]
    year = st.select_slider(
        words("lab.year"), places["year"], value=places["year"][-1], key=f"map_year_{places['year'][-1]}"
    )
    sites = {ident: name for ident, name in cards.sites(words).items() if ident in places["sites"]}
    chosen = st.session_state.get("site")
    specification, alt = region_map(document, year, words.language, palette, chosen)
    st.vega_lite_chart(
        specification,
        alt=alt,
        theme=None,
        width="stretch",
        key="map",
        on_select=_clicked,
        selection_mode="park",
    )
    key = bound("park", chosen)
    st.selectbox(
        words("lab.park"),
        list(sites),
        index=list(sites).index(chosen) if chosen in sites else None,
        format_func=lambda site: sites[site],
        key=key,
        placeholder=words("lab.park.none"),
        on_change=_chosen,
        args=(key,),
    )
    if chosen in sites:
        _park(words, document, chosen, year)


@careful
def _clicked() -> None:
    # A click on a line between two places selects something too, and that is no park.
    picked = [row["id"] for row in st.session_state.map.get("selection", {}).get("park", []) if "id" in row]
    if picked:
        st.session_state.site = picked[0]


@careful
def _chosen(key: str) -> None:
    if key == key_of("park"):
        st.session_state.site = st.session_state[key]


def _park(words: Words, document: Document, site: str, year: int) -> None:
    with st.container(border=True, key="park_card"):
        st.markdown(f"**{cards.sites(words)[site]}** · {year}")
        for label, value, reference in cards.park(words, document, site, year):
            beside = words.bracketed(f"**{value}**", words("card.reference", value=reference))
            st.markdown(words.labelled(label, beside))
        st.markdown(words.labelled(words("park.flows"), cards.flows(words, document, site, year)))


def _ledger(words: Words, document: Document, palette: Mapping[str, str]) -> None:
    st.subheader(words("lab.ledger"), anchor=False)
    specification, alt = charts.ledger(document, words.language, palette)
    if document["fiscal"]["by_instrument"] or document["fiscal"]["rationed"]:
        st.vega_lite_chart(specification, alt=alt, theme=None, width="stretch", key="ledger")
    else:
        st.markdown(alt)  # no bar to draw, and axes without bars say less than the sentence
    specification, alt = charts.reached_dots(document, words.language, palette)
    st.vega_lite_chart(specification, alt=alt, theme=None, width="stretch", key="dots")


def _consistency(words: Words, document: Document) -> None:
    for row in document["contradictions"]:
        st.markdown(
            words(
                "lab.consistency.line",
                subject=words.known(f"subject.{row['subject']}", row["subject"]),
                rate=f"{row['rate']:g}",
                contribution=f"{row['contribution']:g}",
                implied=f"{100 * row['implied_share']:.1f} %",
                model=f"{100 * row['model_share']:.1f} %",
                pull=f"{row['rate'] * row['model_share']:.2f}",
            )
        )


def _table(words: Words, document: Document, outcome: Outcome | None) -> None:
    rows = cards.table(words, document)
    st.table(rows, hide_index=True)
    whole = json.dumps(document, ensure_ascii=False, indent=1)
    files: list[tuple[str, str, str | bytes, str]] = [
        (words("lab.replicates_file"), "targets.csv", as_csv(rows), "text/csv"),
        (words("lab.document_file"), "result.json", whole, "application/json"),
    ]
    if outcome is not None:  # none where the page still shows an older answer
        files.append((words("lab.runs_file"), "runs.parquet", runs_file(outcome), "application/vnd.apache.parquet"))
    for label, name, content, kind in files:
        st.download_button(label, content, name, kind, key=f"download_{name}", on_click="ignore")


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as CSV in UTF-8 with a byte-order mark, which spreadsheets need for Chinese."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()

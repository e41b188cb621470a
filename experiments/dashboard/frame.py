"""The frame around every page: language, undo, presets, changes, levers, assumptions, definitions, share, downloads."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import streamlit as st

from experiments.dashboard.desk import REPLICATES, Desk, History, changes, to_query
from experiments.dashboard.evidence import of_parameter
from experiments.dashboard.guard import careful
from experiments.dashboard.session import LANGUAGES, bound, history, key_of, opened, put, renew
from experiments.dashboard.words import Words
from experiments.ensemble import HORIZONS, PATHS, RULES, SHARES
from experiments.error_words import error_text
from experiments.timing import misfits, warning
from sim.calibration import tables
from sim.calibration.records import Lever, Parameter
from sim.errors import InputError
from sim.scenario import LAST_QUARTER, Setting, date_of, load_scenario, scenario_from_mapping, scenario_names
from sim.toml_guard import parse_toml

# The levers that are always drawn: the largest in money or in growth, one for each kind of measure.
PINNED = ("I13a", "I13j", "I02a", "I18b", "I18d", "I05b", "I11b", "I04a", "I12c", "I09g", "I14a", "I19a")
SLIDER_STEPS = 200
MOST_FOUND = 20
_DEFINITIONS = ("def_horizon", "def_rule", "def_share", "def_path", "def_replicates")
MOST_WARNINGS = 3
TEXT_ENDS = 2025  # the last year that the document sets figures for


def draw(words: Words, on_lab: bool) -> Desk:
    """Draw the sidebar and return the desk."""
    steps = history()
    with st.sidebar:
        key = bound("tongue", st.session_state.language)
        st.segmented_control(
            words("frame.language"),
            list(LANGUAGES),
            default=st.session_state.language,
            key=key,
            required=True,
            on_change=_speak,
            args=(key,),
            label_visibility="collapsed",
        )
        _steps(words, steps)
        _presets(words, steps)
        _changes(words, steps)
        _timing(words, steps.now)
        fixed = len(steps.now.scenario.assumptions)
        for name, label, content in (
            ("levers", words("frame.levers"), _levers),
            ("assumptions", words("frame.assumptions", n=fixed), _assumptions),
            ("definitions", words("frame.definitions"), _definitions),
            ("share", words("frame.share"), _share),
        ):
            panel = opened(name if on_lab else f"{name} elsewhere", label, first=on_lab and name == "levers")
            if panel.open:
                with panel:
                    content(words, steps.now)
    st.query_params.from_dict({**to_query(steps.now, words.language), **_kept()})
    return steps.now


def _kept() -> dict[str, str]:
    return {key: value for key, value in st.query_params.to_dict().items() if key == "id" and isinstance(value, str)}


@careful
def _speak(key: str) -> None:
    if key != key_of("tongue"):
        return
    st.session_state.language = st.session_state[key]
    st.query_params["lang"] = LANGUAGES[st.session_state.language]
    # A browser keeps the words of what was chosen in a list until it is told of the choice anew, or it is another list.
    for name in ("preset", "article", "assume"):
        if name in st.session_state:
            st.session_state[name] = st.session_state[name]
    renew("park", "data_id", *_DEFINITIONS)


# Steps and presets ---------------------------------------------------------------------------------------------------


def _steps(words: Words, steps: History) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button(words("frame.undo"), on_click=steps.undo, disabled=not steps.can_undo, key="undo")
        st.button(words("frame.redo"), on_click=steps.redo, disabled=not steps.can_redo, key="redo")
        st.button(words("frame.reset"), on_click=_reset, disabled=steps.now == steps.now.reset(), key="reset")
    st.toggle(words("frame.ghost"), key="ghost", value=True, help=words("frame.ghost.help"))


@careful
def _reset() -> None:
    put(st.session_state.history.now.reset(), "reset")


def _presets(words: Words, steps: History) -> None:
    titles = _titles(words.language)
    chosen = st.selectbox(
        words("frame.preset"),
        list(titles),
        index=None,
        format_func=lambda name: titles[name],
        key="preset",
        placeholder=words("frame.preset.choose"),
    )
    if chosen is None:
        return
    policy = load_scenario(chosen)
    wanted = steps.now.with_policy(policy)
    differing = sum(steps.now.setting(lever) != wanted.setting(lever) for lever in tables.levers())
    st.markdown(words("frame.preset.differs", n=differing) + " " + policy.why.get(words.language, ""))
    what = f"preset {chosen}"
    st.button(words("frame.preset.apply"), on_click=put, args=(wanted, what), key="apply", disabled=not differing)


@cache
def _titles(language: str) -> dict[str, str]:
    """Return the title of every scenario that comes with the program; reading them takes longer than drawing them."""
    return {name: load_scenario(name).title.get(language, name) for name in scenario_names()}


def _changes(words: Words, steps: History) -> None:
    found, scenario = list(changes(steps.now)), steps.now.scenario
    number = len(found) + len(scenario.parks) + len(scenario.links)
    with st.expander(words("frame.changes", n=number), expanded=0 < number <= 6):
        if not number:
            st.markdown(words("frame.unchanged"))
        for lever, old, new in found:
            row = tables.levers()[lever]
            dated = words.dates(steps.now.setting(lever))
            now = words.with_money(words.quantity(f"**{new:g}**", row.unit), new, row.unit)
            st.markdown(f"{words.title(row)} {old:g} → {now} {dated}")
            back = steps.now.with_lever(lever, Setting(old))
            st.button(words("frame.back"), key=f"back_{lever}", on_click=put, args=(back, lever), type="tertiary")
        for park in scenario.parks:
            st.markdown(words("frame.own_park", name=park["id"]))
            back, key = steps.now.without_park(park["id"]), f"back_park_{park['id']}"
            st.button(words("frame.back"), key=key, on_click=put, args=(back, key), type="tertiary")
        for k, link in enumerate(scenario.links):
            st.markdown(words("frame.own_link", name=f"{link['source']} – {link['target']}"))
            back, key = steps.now.without_link(k), f"back_link_{k}"
            st.button(words("frame.back"), key=key, on_click=put, args=(back, key), type="tertiary")


def _timing(words: Words, desk: Desk) -> None:
    """Warn of levers whose dates do not fit the target year, the first few of many, and of going on after the text."""
    found = misfits(desk.scenario, desk.horizon)
    if found:
        lines = [f"- {warning(row, words.terminal)}" for row in found[:MOST_WARNINGS]]
        if len(found) > MOST_WARNINGS:
            lines.append("- " + words("frame.more", n=len(found) - MOST_WARNINGS))
        st.warning("\n".join(lines))
    going_on = sum(setting.end is None for setting in desk.scenario.levers.values())
    if desk.horizon > TEXT_ENDS and going_on:
        st.warning(words("frame.goes_on", n=going_on, last=TEXT_ENDS, horizon=desk.horizon))


# Levers --------------------------------------------------------------------------------------------------------------


def _levers(words: Words, desk: Desk) -> None:
    search = st.text_input(words("frame.search"), key="search", placeholder=words("frame.search.hint"))
    table = tables.levers()
    if search.strip():
        found = [row for row in table.values() if _matches(row, search.strip().lower())]
        if not found:
            st.markdown(words("frame.search.none", text=search))
        for row in found[:MOST_FOUND]:
            _lever(words, desk, row)
        return
    drawn = [table[lever] for lever in PINNED]
    drawn += [table[lever] for lever in desk.scenario.levers if lever not in PINNED]
    for row in drawn:
        _lever(words, desk, row)
    articles = sorted({row.article for row in table.values()})
    article = st.selectbox(
        words("frame.article"),
        articles,
        index=None,
        format_func=lambda number: words.article(number, desk),
        key="article",
        placeholder=words("frame.article.choose"),
    )
    if article is None:
        return
    rows = [row for row in table.values() if row.article == article]
    written = desk
    for row in rows:
        if row.policy_value is not None:
            written = written.with_lever(row.id, Setting(row.policy_value))
    st.button(words("frame.as_written"), key="article_written", on_click=put, args=(written, f"article {article}"))
    for row in rows:
        if row not in drawn:
            _lever(words, desk, row)


def _matches(row: Lever, text: str) -> bool:
    return any(text in str(part).lower() for part in (row.id, row.name, row.title_zh, row.title_en, row.mechanism))


def slider_step(low: float, high: float, marks: Iterator[float] | tuple[float, ...]) -> float:
    """Return a round step between the ends such that the marks (baseline, value of the text) can be chosen exactly."""
    span = high - low
    exponent = math.floor(math.log10(span / SLIDER_STEPS))
    fixed = tuple(marks)
    for power in range(exponent + 2, exponent - 3, -1):
        for factor in (5.0, 2.0, 1.0):
            step = factor * 10.0**power
            if span / step < 20 or span / step > 5 * SLIDER_STEPS:
                continue
            if all(abs((mark - low) / step - round((mark - low) / step)) < 1e-9 for mark in (*fixed, high)):
                return round(step, 10)
    return span / SLIDER_STEPS


def decimals(step: float, value: float = 0.0) -> str:
    """Return the number format that shows a step, and a value that lies between two steps, and no more."""
    needed = -math.floor(math.log10(step) + 1e-9)
    _, _, digits = f"{value:.6f}".rstrip("0").partition(".")
    return f"%.{max(0, needed, len(digits))}f"


def slider_format(number: str, words: Words, unit: str) -> str:
    """Return the format of a slider: how its number stands with its unit; only the number holds a place."""
    before, after = words.quantity("\0", unit).split("\0")
    return before.replace("%", "%%") + number + after.replace("%", "%%")


def _lever(words: Words, desk: Desk, row: Lever) -> None:
    """Draw the slider of a lever, with a note of its baseline and of what the text says, and the fine-tuning of it."""
    setting = desk.setting(row.id)
    key = bound(f"lever_{row.id}", setting.value)
    marks = (row.baseline, row.as_written, setting.value)
    step = slider_step(row.low, row.high, marks)
    st.slider(
        words.title(row),
        row.low,
        row.high,
        setting.value,
        step=step,
        key=key,
        format=slider_format(decimals(step, setting.value), words, row.unit),
        help=words.lever_help(row),
        on_change=_moved,
        args=(row.id, key),
    )
    if row.id in desk.scenario.levers:
        panel = st.popover(words("frame.fine"), key=f"fine_{row.id}", on_change="rerun")
        if panel.open:
            with panel:
                _fine(words, desk, row)


@careful
def _moved(lever: str, key: str) -> None:
    if key != key_of(f"lever_{lever}"):
        return
    desk = st.session_state.history.now
    put(desk.with_lever(lever, replace(desk.setting(lever), value=float(st.session_state[key]))), lever)


def _fine(words: Words, desk: Desk, row: Lever) -> None:
    """Draw exact value, first and last quarter, and the ramp of a changed lever."""
    setting = desk.setting(row.id)
    key = f"value_{row.id}_{setting.value}"
    value = st.number_input(words("fine.value"), row.low, row.high, setting.value, key=key)
    quarters = list(range(1, LAST_QUARTER + 1))
    start = st.selectbox(
        words("fine.from"), quarters, index=setting.start - 1, format_func=date_of, key=f"from_{row.id}_{setting.start}"
    )
    ends = [*quarters[start - 1 :], None]
    end = st.selectbox(
        words("fine.to"),
        ends,
        index=ends.index(setting.end) if setting.end in ends else len(ends) - 1,
        format_func=lambda quarter: words("fine.open") if quarter is None else date_of(quarter),
        key=f"to_{row.id}_{setting.end}_{start}",
    )
    ramp = st.number_input(words("fine.ramp"), 0, LAST_QUARTER, setting.ramp, key=f"ramp_{row.id}_{setting.ramp}")
    wanted = Setting(float(value), int(start), end, int(ramp))
    st.button(
        words("fine.apply"),
        key=f"set_{row.id}",
        on_click=put,
        args=(desk.with_lever(row.id, wanted), f"fine {row.id}"),
        disabled=wanted == setting,
    )


# Assumptions and definitions -----------------------------------------------------------------------------------------


def _assumptions(words: Words, desk: Desk) -> None:
    st.markdown(words("assume.note"))
    rows = {row.id: row for row in tables.parameters().values() if row.role == "uncertain"}
    chosen = st.selectbox(
        words("assume.fix"),
        list(rows),
        index=None,
        format_func=lambda ident: f"{words.title(rows[ident])} · {ident}",
        key="assume",
        placeholder=words("assume.choose"),
    )
    if chosen is not None and chosen not in desk.scenario.assumptions:
        st.button(
            words("assume.pin"),
            key="assume_pin",
            on_click=put,
            args=(desk.with_assumption(chosen, rows[chosen].value), chosen),
        )
    for ident, value in desk.scenario.assumptions.items():
        _assumption(words, desk, tables.parameters()[ident], value)


def _assumption(words: Words, desk: Desk, row: Parameter, value: float) -> None:
    key = bound(f"assume_{row.id}", value)
    label = words.bracketed(words.title(row), words.unit(row.unit))
    if row.low < row.high:
        step = slider_step(row.low, row.high, (row.value, value))
        st.slider(
            label,
            row.low,
            row.high,
            value,
            step=step,
            key=key,
            format=decimals(step, value),
            help=_evidence(words, row),
            on_change=_assumed,
            args=(row.id, key),
        )
    else:  # a number without a range, from a link
        st.markdown(words.labelled(label, f"{value:g}"))
    st.button(words("assume.free"), key=f"free_{row.id}", on_click=put, args=(desk.without_assumption(row.id), row.id))


def _evidence(words: Words, row: Parameter) -> str:
    """Return where an assumption acts, its central value, and what its range rests on."""
    found = of_parameter(words, row)
    source = words.labelled(words(f"data.kind.{found.kind}"), found.source)
    return f"{found.used}\n\n{row.id} · {words('assume.central', value=f'{row.value:g}')} · {source}"


@careful
def _assumed(ident: str, key: str) -> None:
    if key != key_of(f"assume_{ident}"):
        return
    put(st.session_state.history.now.with_assumption(ident, float(st.session_state[key])), ident)


def _definitions(words: Words, desk: Desk) -> None:
    for name, options in (
        ("horizon", HORIZONS),
        ("rule", RULES),
        ("share", SHARES),
        ("path", PATHS),
        ("replicates", REPLICATES),
    ):
        key = bound(f"def_{name}", getattr(desk, name))
        st.selectbox(
            words(f"def.{name}"),
            options,
            index=options.index(getattr(desk, name)),
            key=key,
            format_func=lambda option, name=name: words.known(f"def.{name}.{option}", str(option)),
            help=words(f"term.{name}"),
            on_change=_defined,
            args=(name, key),
        )


@careful
def _defined(name: str, key: str) -> None:
    if key != key_of(f"def_{name}"):
        return
    put(replace(st.session_state.history.now, **{name: st.session_state[key]}), name)


# Share and download --------------------------------------------------------------------------------------------------


def _share(words: Words, desk: Desk) -> None:
    st.markdown(words("share.link"))
    st.markdown(words("share.file"))
    text = replace(desk.scenario, name="lab").normal_form()
    st.download_button(
        words("share.scenario"), text, "lab.toml", "application/toml", key="download_scenario", on_click="ignore"
    )
    st.code(command(desk), language="bash", wrap_lines=True)
    given = st.file_uploader(words("share.open"), type="toml", key="upload")
    if given is not None and st.session_state.get("opened") != given.file_id:
        st.session_state.opened = given.file_id
        try:
            policy = scenario_from_mapping(
                {k: v for k, v in parse_toml(given.getvalue(), given.name, finite=False).items() if k != "format"},
                given.name,
            )
        except InputError as error:
            st.session_state.upload_problem = error
        else:
            st.session_state.upload_problem = None
            put(replace(desk, scenario=replace(policy, name="lab", title={}, why={})), "file")
            st.rerun()
    elif given is not None and not st.session_state.get("upload_problem"):
        st.success(words("share.opened", name=given.name.replace("`", "'")))
    if st.session_state.get("upload_problem"):
        st.error(words("share.refused"))
        st.code(error_text(st.session_state.upload_problem, words.language), language=None, wrap_lines=True)


def command(desk: Desk) -> str:
    """Return the command line that gives the same numbers, for the scenario downloaded as lab.toml."""
    parts = ["dianzhong run lab.toml"]
    empty = Desk()
    for name in ("horizon", "rule", "share", "path", "replicates", "seed"):
        if getattr(desk, name) != getattr(empty, name):
            parts.append(f"--{name.replace('_', '-')} {getattr(desk, name)}")
    return " ".join([*parts, "--json"])

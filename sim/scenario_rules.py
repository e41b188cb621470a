"""The rules a scenario must obey, checked all at once: every error of one file is reported together, each with what
to do next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.calibration import tables
from sim.calibration.records import Lever, Parameter
from sim.calibration.units import amount_of
from sim.errors import Amount, InputError, Said, Titled, nearest
from sim.scenario import LAST_QUARTER, Scenario, Setting, date_of, quarter_of
from sim.toml_guard import is_finite_number

_TOP_KEYS = ("format", "name", "title", "why", "levers", "assumptions", "parks", "links")
_SETTING_KEYS = ("value", "from", "to", "ramp_quarters")
_PARK_KEYS = ("id", "title_en", "title_zh", "near", "minutes", "planned_area")
_LINK_KEYS = ("source", "target", "layer", "minutes", "weight", "opens", "cost")
_LAYERS = ("transport", "planning", "services", "industry", "environment", "customs")
_HOST_ROLES = ("new_area", "hub", "kunming")
_STUDY_KEYS = {"vary", "design", "scenario", "scenarios", "question", "replicates"}
_NAME = re.compile(r"\w[\w-]{0,59}")
_ID = re.compile(r"[a-z][a-z0-9_]{1,39}")
_NOTHING = Titled("nothing", "空值")
KINDS = {
    "lever": Titled("lever", "政策工具"),
    "parameter": Titled("parameter", "参数"),
    "layer": Titled("layer", "联系类型"),
    "site": Titled("site or park", "地点或园区"),
}
_LONGEST_TEXT = {"title": 120, "why": 2000}
_MOST_ROWS = {"parks": 4, "links": 50}  # tastes of prospects are drawn for four more sites than the tables hold
_LARGEST_PARK = 482.0


@dataclass
class Problems:
    """The errors found in one source so far."""

    source: str
    found: list[Said] = field(default_factory=list)

    def add(self, place: str, why: Said) -> None:
        """Note one error at a dotted place of the source."""
        where = Said("{name}: {place}", name=self.source, place=place) if place else self.source
        self.found.append(Said("{name}: {why}", name=where, why=why))

    def raise_if_any(self) -> None:
        """Raise one InputError with all errors, if there are any."""
        if not self.found:
            return
        several = len(self.found) > 1
        lines = [*self.found, Said("{n} errors; nothing was run", n=len(self.found))] if several else self.found
        raise InputError("\n".join(lines), lines)


def scenario_from_document(document: Mapping[str, Any], source: str, default_name: str) -> Scenario:
    """Check a parsed document and return the scenario. Raises one InputError with every error found."""
    problems = Problems(source)
    if _STUDY_KEYS & set(document) and ("vary" in document or "levers" not in document):
        problems.add("", Said("this is a study, not a scenario; use `dianzhong sweep FILE --out FOLDER`"))
        problems.raise_if_any()
    _check_keys(document, _TOP_KEYS, "", problems)
    _check_format(document, problems)
    name = document.get("name", default_name)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        text = Said('{given!r} is not a name; write up to 60 letters, digits, _ or -, such as "my_plan"', given=name)
        problems.add("name", text)
        name = "scenario"
    parks = _parks(document.get("parks", []), problems)
    scenario = Scenario(
        name,
        _texts(document, "title", problems),
        _texts(document, "why", problems),
        _levers(document.get("levers", {}), "levers", problems),
        _assumptions(document.get("assumptions", {}), "assumptions", problems),
        parks,
        _links(document.get("links", []), [park["id"] for park in parks], problems),
    )
    problems.raise_if_any()
    return scenario


def check_levers(changes: Mapping[str, Any], source: str = "levers") -> dict[str, Setting]:
    """Return settings by lever id for changes by id or name. Raises one InputError with every error found."""
    problems = Problems(source)
    settings = _levers(changes, "", problems)
    problems.raise_if_any()
    return settings


def check_assumptions(changes: Mapping[str, Any], source: str = "assumptions") -> dict[str, float]:
    """Return values by parameter id for changes by id or name. Raises one InputError with every error found."""
    problems = Problems(source)
    values = _assumptions(changes, "", problems)
    problems.raise_if_any()
    return values


def _check_format(document: Mapping[str, Any], problems: Problems) -> None:
    if "format" not in document:
        problems.add("format", Said("is missing; begin the file with format = 1"))
    elif document["format"] != 1 or isinstance(document["format"], bool):
        given = document["format"]
        problems.add("format", Said("{given!r} is not known; this version reads format = 1", given=given))


def _check_keys(row: Mapping[str, Any], allowed: tuple[str, ...], place: str, problems: Problems) -> None:
    for key in row:
        if key not in allowed:
            close = nearest(str(key), allowed)
            offer = _meant(close) if close else Said("known are {names}", names=list(allowed))
            problems.add(_join(place, key), Said("no such key; {offer}", offer=offer))


def _texts(document: Mapping[str, Any], key: str, problems: Problems) -> dict[str, str]:
    given = document.get(key, {})
    texts = {"zh": given, "en": given} if isinstance(given, str) else given
    if not isinstance(texts, Mapping) or not all(isinstance(text, str) for text in texts.values()):
        problems.add(key, Said('is not text; write one text, or {{ zh = "...", en = "..." }}'))
        return {}
    _check_keys(texts, ("zh", "en"), key, problems)
    longest = _LONGEST_TEXT[key]
    if any(len(text) > longest for text in texts.values()):
        problems.add(key, Said("is longer than {most} characters; shorten it", most=longest))
    return {language: texts[language] for language in ("zh", "en") if language in texts}


# Levers and assumptions


def _levers(given: object, place: str, problems: Problems) -> dict[str, Setting]:
    table = tables.levers()
    settings: dict[str, Setting] = {}
    for name, value in _flat(given, place, table, "lever", problems):
        lever = _resolve(name, value, table, "lever", place, settings, problems)
        if lever is not None:
            settings[lever.id] = _setting(value, lever, _join(place, name), problems)
    return settings


def _assumptions(given: object, place: str, problems: Problems) -> dict[str, float]:
    table = tables.parameters()
    values: dict[str, float] = {}
    for name, value in _flat(given, place, table, "parameter", problems):
        parameter = _resolve(name, value, table, "parameter", place, values, problems)
        if parameter is None:
            continue
        where = _join(place, name)
        if parameter.role == "check":
            problems.add(where, Said("is a result that the model is checked against, not an input; leave it out"))
        else:
            values[parameter.id] = _number(value, where, parameter, problems)
    return values


def _flat(
    given: object, place: str, table: Mapping[str, Lever] | Mapping[str, Parameter], kind: str, problems: Problems
) -> Iterator[tuple[str, Any]]:
    """Yield (id or dotted name, value): `land.annual_quota = 5` arrives as nested tables and is joined again here."""
    if not isinstance(given, Mapping):
        text = Said("is not a table; write [{place}] and one line per {kind} below it", place=place, kind=KINDS[kind])
        problems.add(place, text)
        return
    names = _by_name(table)
    pending = list(reversed([(str(key), value) for key, value in given.items()]))
    while pending:
        name, value = pending.pop()
        is_group = isinstance(value, Mapping) and name not in table and name not in names
        if is_group and value and not set(value) & set(_SETTING_KEYS):
            pending.extend(reversed([(f"{name}.{key}", inner) for key, inner in value.items()]))
        else:
            yield name, value


def _by_name(table: Mapping[str, Lever] | Mapping[str, Parameter]) -> dict[str, str]:
    return {row.name: ident for ident, row in table.items() if row.name}


def _resolve(
    name: str,
    value: Any,
    table: Mapping[str, Any],
    kind: str,
    place: str,
    seen: Mapping[str, Any],
    problems: Problems,
) -> Any | None:
    """Return the row called by id or dotted name; None, with the error noted, if there is none or it was set before."""
    names = _by_name(table)
    ident = name if name in table else names.get(name)
    if ident is None and (elsewhere := _elsewhere(name, value, kind, problems.source)):
        problems.add(_join(place, name), elsewhere)
        return None
    if ident is None:
        close = nearest(name, [*table, *names])
        offer = _meant(close) if close else Said("`dianzhong describe {topic}` lists all", topic=f"{kind}s")
        problems.add(_join(place, name), Said("no such {kind}; {offer}", kind=KINDS[kind], offer=offer))
        return None
    if ident in seen:
        text = "sets {id} ({name}) a second time; keep one of the two"
        problems.add(_join(place, name), Said(text, id=ident, name=table[ident].name))
        return None
    return table[ident]


def _elsewhere(name: str, value: Any, kind: str, source: str) -> Said | None:
    """Return where a name belongs if it is a parameter among the levers or a lever among the assumptions."""
    other: Mapping[str, Any] = tables.parameters() if kind == "lever" else tables.levers()
    if name not in other and name not in _by_name(other):
        return None
    is_lever = kind == "parameter"
    what = Said("is a lever, not a parameter") if is_lever else Said("is a parameter, not a lever")
    if source in ("--set", "--assume"):
        shown = f"{value:.12g}" if isinstance(value, float) else _shown(value, str)
        option = "--set" if is_lever else "--assume"
        return Said("{what}; write {option} {name}={given}", what=what, option=option, name=name, given=shown)
    return Said("{what}; move it to [{table}]", what=what, table="levers" if is_lever else "assumptions")


def _setting(given: Any, lever: Any, place: str, problems: Problems) -> Setting:
    if isinstance(given, Setting):
        given = _as_mapping(given)
    if not isinstance(given, Mapping):
        return Setting(_number(given, place, lever, problems))
    _check_keys(given, _SETTING_KEYS, place, problems)
    if "value" not in given:
        why = Said('value is missing; write {{ value = {value:g}, from = "2022Q1" }}', value=lever.baseline)
        problems.add(place, why)
    value = _number(given.get("value", lever.baseline), place, lever, problems)
    start = _date(given, "from", place, problems) or 1
    end = _date(given, "to", place, problems)
    if end is not None and end < start:
        dates = {"start": date_of(start), "end": date_of(end)}
        problems.add(place, Said("from {start} to {end} runs backwards; exchange the two dates", **dates))
    ramp = given.get("ramp_quarters", 0)
    if not isinstance(ramp, int) or isinstance(ramp, bool) or not 0 <= ramp <= LAST_QUARTER:
        text = "ramp_quarters = {given} is not a whole number from 0 to {most} quarters"
        problems.add(place, Said(text, given=_shown(ramp), most=LAST_QUARTER))
        ramp = 0
    return Setting(value, start, end, ramp)


def _as_mapping(setting: Setting) -> dict[str, Any]:
    """Spell a Setting as a file would, so that one set of rules checks both; a quarter out of range fails as a date."""
    dates = {"from": setting.start} if setting.end is None else {"from": setting.start, "to": setting.end}
    valid = {key: date_of(quarter) if isinstance(quarter, int) else quarter for key, quarter in dates.items()}
    return {"value": setting.value, "ramp_quarters": setting.ramp, **valid}


def _date(row: Mapping[str, Any], key: str, place: str, problems: Problems) -> int | None:
    if key not in row:
        return None
    quarter = quarter_of(row[key]) if isinstance(row[key], str) else None
    if quarter is None:
        text = (
            '{key} = {given} is not a date of the simulation; write a quarter from {start} to {end}, such as "2022Q1"'
        )
        ends = {"start": date_of(1), "end": date_of(LAST_QUARTER)}
        problems.add(place, Said(text, key=key, given=_shown(row[key]), **ends))
    return quarter


def _number(value: Any, place: str, declared: Any, problems: Problems) -> float:
    """Return the number as a float, noting an error if it is none or lies outside the declared range."""
    title = Titled(
        getattr(declared, "title_en", "") or declared.name, getattr(declared, "title_zh", "") or declared.name
    )
    allowed = Said("{amount} ({title})", amount=_span(declared.low, declared.high, declared.unit), title=title)
    if not is_finite_number(value):
        what = Said("is not a finite number") if isinstance(value, float) else Said("is not a number")
        text = "{key} = {given} {what}; allowed is {allowed}"
        problems.add(place, Said(text, key="value", given=_shown(value), what=what, allowed=allowed))
        return 0.0
    _check_range("value", float(value), (declared.low, declared.high), allowed, place, problems)
    return float(value)


def _check_range(
    key: str, value: float, limits: tuple[float | None, float | None], allowed: str, place: str, problems: Problems
) -> bool:
    """Note a value outside its limits; say whether it is inside."""
    low, high = limits
    if low is not None and value < low:
        side = Said("is below")
    elif high is not None and value > high:
        side = Said("is above")
    else:
        return True
    text = "{key} = {given:g} {side} the allowed {allowed}; choose a value in that range"
    problems.add(place, Said(text, key=key, given=value, side=side, allowed=allowed))
    return False


def _span(low: float | None, high: float | None, unit: str) -> Amount:
    if low is None and high is None:
        span = Said("any number of")
    elif high is None:
        span = Said("{low:g} or more", low=low)
    elif low is None:
        span = Said("at most {high:g}", high=high)
    else:
        span = Said("{low:g} to {high:g}", low=low, high=high)
    return Amount(amount_of(span, unit), span, unit)


# Hypothetical parks and links


def _rows(given: object, key: str, problems: Problems) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(given, list | tuple) or not all(isinstance(row, Mapping) for row in given):
        problems.add(key, Said("is not a list of tables; begin each with [[{key}]]", key=key))
        return []
    most = _MOST_ROWS[key]
    if len(given) > most:
        problems.add(key, Said("has {n} entries, at most {most}; shorten the list", n=len(given), most=most))
    return [(f"{key}[{position}]", row) for position, row in enumerate(given[:most], 1)]


def _parks(given: object, problems: Problems) -> tuple[dict[str, Any], ...]:
    rows = _rows(given, "parks", problems)
    if not rows:
        return ()
    sites = [site.id for site in tables.sites().values() if site.role in _HOST_ROLES]
    taken = {*tables.sites(), *tables.parks()}
    parks: list[dict[str, Any]] = []
    for place, row in rows:
        _check_keys(row, _PARK_KEYS, place, problems)
        ident = row.get("id")
        if not isinstance(ident, str) or not _ID.fullmatch(ident):
            text = 'id = {given} is not an id; write small letters, digits and _, such as "north_park"'
            problems.add(place, Said(text, given=_shown(ident)))
            ident = f"park_{len(parks) + 1}"
        elif ident in taken:
            problems.add(place, Said("id = {given!r} exists already; choose another id", given=ident))
        taken.add(ident)
        park: dict[str, Any] = {
            "id": ident,
            **{key: _title(row, key, ident, place, problems) for key in ("title_en", "title_zh")},
        }
        park["near"] = _site(row, "near", sites, place, problems)
        park["minutes"] = _measure(row, "minutes", place, problems, (1, 600), "minutes")
        park["planned_area"] = _measure(row, "planned_area", place, problems, (0.1, _LARGEST_PARK), "km2")
        parks.append(park)
    return tuple(parks)


def _links(given: object, new_parks: list[str], problems: Problems) -> tuple[dict[str, Any], ...]:
    rows = _rows(given, "links", problems)
    if not rows:
        return ()
    sites = [*tables.sites(), *new_parks]
    links: list[dict[str, Any]] = []
    for place, row in rows:
        _check_keys(row, _LINK_KEYS, place, problems)
        link: dict[str, Any] = {end: _site(row, end, sites, place, problems) for end in ("source", "target")}
        if link["source"] and link["source"] == link["target"]:
            problems.add(place, Said("links {site} with itself; name two sites", site=link["source"]))
        link["layer"] = _choice(row, "layer", _LAYERS, "transport", place, problems)
        if not link["layer"]:
            continue
        # A road has minutes, every other layer a strength; the wrong one of the two would silently do nothing.
        size, other = ("minutes", "weight") if link["layer"] == "transport" else ("weight", "minutes")
        if other in row:
            text = "a {layer} link has {size}, not {other}"
            problems.add(place, Said(text, layer=link["layer"], size=size, other=other))
        limits, unit = ((1, 600), "minutes") if size == "minutes" else ((0, 1), "share (link strength)")
        link[size] = _measure(row, size, place, problems, limits, unit)
        if opens := _date(row, "opens", place, problems):
            link["opens"] = opens
        link["cost"] = _measure({"cost": 0.0, **row}, "cost", place, problems, (0, 1_000_000), "million yuan")
        links.append(link)
    return tuple(links)


def _title(row: Mapping[str, Any], key: str, default: str, place: str, problems: Problems) -> str:
    text = row.get(key, default)
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TEXT["title"]:
        most = _LONGEST_TEXT["title"]
        why = "{key} = {given} is not a text of 1 to {most} characters"
        problems.add(place, Said(why, key=key, given=_shown(text), most=most))
        return default
    return text


def _site(row: Mapping[str, Any], key: str, sites: list[str], place: str, problems: Problems) -> str:
    return _choice(row, key, sites, None, place, problems)


def _choice(
    row: Mapping[str, Any],
    key: str,
    allowed: list[str] | tuple[str, ...],
    default: str | None,
    place: str,
    problems: Problems,
) -> str:
    value = row.get(key, default)
    if value is None:
        problems.add(place, Said("{key} is missing; write one of {names}", key=key, names=list(allowed)))
    elif not isinstance(value, str) or value not in allowed:
        close = nearest(value, allowed) if isinstance(value, str) else []
        offer = _meant(close) if close else Said("write one of {names}", names=list(allowed))
        kind = KINDS["layer" if key == "layer" else "site"]
        text = "{key} = {given}: there is no such {kind}; {offer}"
        problems.add(place, Said(text, key=key, given=_shown(value), kind=kind, offer=offer))
    else:
        return value
    return ""


def _measure(
    row: Mapping[str, Any], key: str, place: str, problems: Problems, limits: tuple[float, float], unit: str
) -> float:
    allowed = _span(*limits, unit)
    if key not in row:
        problems.add(place, Said("{key} is missing; write a number from {allowed}", key=key, allowed=allowed))
    elif not is_finite_number(row[key]):
        text = "{key} = {given} {what}; allowed is {allowed}"
        what = Said("is not a finite number")
        problems.add(place, Said(text, key=key, given=_shown(row[key]), what=what, allowed=allowed))
    elif _check_range(key, row[key], limits, allowed, place, problems):
        return float(row[key])
    return limits[0]


def _meant(names: list[str]) -> Said:
    return Said("did you mean {names}?", names=tuple(names))


def _join(place: str, key: object) -> str:
    """Extend a place by a key; a key that could disturb a terminal is shown escaped and cut short."""
    name = str(key)
    if not name.isprintable() or len(name) > 60:
        name = _shown(name)
    return f"{place}.{name}" if place else name


def _shown(value: object, show: Callable[[object], str] = repr) -> str:
    """Show a value as given, cut short: a message is one readable line whatever was in the file."""
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    text = text or (_NOTHING if value is None else show(value))
    return text if len(text) <= 60 else text[:57] + "..."

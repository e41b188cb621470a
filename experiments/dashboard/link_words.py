"""What the page says of a value in a share link that it cannot use: the thing, what is allowed, and what happens."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from experiments.dashboard.desk import CHOICES, MOST_SEED, PLACES, Desk, Problem, parts_of
from experiments.dashboard.words import Words
from sim.calibration import tables
from sim.calibration.records import Lever, Parameter
from sim.errors import nearest
from sim.scenario import LAST_QUARTER, date_of

TEXT: Mapping[str, Mapping[str, str]] = {
    "link.range": {
        "zh": "`{given}`：“{title}”的允许范围是 {allowed}；{instead}。",
        "en": "`{given}`: the range of “{title}” is {allowed}; {instead}.",
    },
    "link.number": {
        "zh": "`{given}`：“{title}”须是一个数，范围 {allowed}；{instead}。",
        "en": "`{given}`: “{title}” has to be a number, {allowed}; {instead}.",
    },
    "link.dates": {
        "zh": "`{given}`：“{title}”的起止季度须在 {first} 至 {last} 之间，且先起后止，如 5@2022Q1-2024Q4；{instead}。",
        "en": "`{given}`: the quarters of “{title}” have to lie between {first} and {last} and in this order, such as "
        "5@2022Q1-2024Q4; {instead}.",
    },
    "link.ramp": {
        "zh": "`{given}`：“{title}”分步到位的季度数须是 0 至 {most} 的整数；{instead}。",
        "en": "`{given}`: the quarters to phase “{title}” in have to be a whole number from 0 to {most}; {instead}.",
    },
    "link.check": {
        "zh": "`{given}`：“{title}”是用来检验模型的结果，不能设定；已忽略。",
        "en": "`{given}`: “{title}” is a result that the model is checked against and cannot be set; it is left out.",
    },
    "link.choice": {
        "zh": "`{given}`：“{title}”只能是 {allowed}；{instead}。",
        "en": "`{given}`: “{title}” can only be {allowed}; {instead}.",
    },
    "link.seed": {
        "zh": "`{given}`：随机种子须是 0 至 {most} 的整数；{instead}。",
        "en": "`{given}`: the seed has to be a whole number from 0 to {most}; {instead}.",
    },
    "link.parks": {
        "zh": "`{given}`：假设的园区写法有误，全部没有采用。",
        "en": "`{given}`: the hypothetical parks are not written as they should be; none of them is used.",
    },
    "link.links": {
        "zh": "`{given}`：假设的交通联系写法有误，全部没有采用。",
        "en": "`{given}`: the hypothetical links are not written as they should be; none of them is used.",
    },
    "link.unknown": {
        "zh": "`{given}`：没有叫这个名字的工具、假设或设置；已忽略。",
        "en": "`{given}`: no lever, assumption or setting has this name; it is left out.",
    },
    "link.nearest": {
        "zh": "`{given}`：没有叫这个名字的工具、假设或设置，相近的是 {names}；已忽略。",
        "en": "`{given}`: no lever, assumption or setting has this name, the nearest is {names}; it is left out.",
    },
    "link.span": {"zh": "{low} 至 {high}", "en": "{low} to {high}"},
    "link.baseline": {"zh": "改用基准值 {value}", "en": "the baseline, {value}, is used"},
    "link.default": {"zh": "改用默认值 {value}", "en": "the default, {value}, is used"},
    "link.drawn": {"zh": "改为每次模拟按范围抽样", "en": "it is drawn from its range in every replicate"},
}
MOST_SHOWN = {"key": 30, "value": 40}  # characters


def problem_text(words: Words, problem: Problem) -> str:
    """Return one sentence, in Markdown, on a value of a link that was left out."""
    key, given = problem.key, _given(problem)
    parameters = {name: row for row in tables.parameters().values() for name in (row.id, row.name)}
    if key in CHOICES:
        return _choice(words, key, given)
    if key == "seed":
        return words("link.seed", given=given, most=MOST_SEED, instead=words("link.default", value=Desk().seed))
    if key in PLACES:
        return words("link.parks" if key == "parks" else "link.links", given=given)
    if key in tables.levers():
        return _lever(words, tables.levers()[key], problem.text, given)
    return _parameter(words, parameters[key], problem.text, given) if key in parameters else _unknown(words, key, given)


def _given(problem: Problem) -> str:
    """Return the part of the link for a piece of code: on one line, shortened, with nothing that would end it."""
    parts = {"key": problem.key, "value": problem.text}
    found = {name: " ".join(part.replace("`", "'").split()) for name, part in parts.items()}
    return "=".join(
        part if len(part) <= (most := MOST_SHOWN[name]) else part[:most] + "…" for name, part in found.items()
    )


def _choice(words: Words, key: str, given: str) -> str:
    names = {option: words.known(f"def.{key}.{option}", str(option)) for option in CHOICES[key]}
    shown = {option: name if name == str(option) else f"{option} “{name}”" for option, name in names.items()}
    allowed, default = words.either(list(shown.values())), shown[getattr(Desk(), key)]
    instead = words("link.default", value=default)
    return words("link.choice", given=given, title=words(f"def.{key}"), allowed=allowed, instead=instead)


def _lever(words: Words, row: Lever, text: str, given: str) -> str:
    """Say what is wrong with a setting: its value, its ramp, or else its dates."""
    value, _, ramp = parts_of(text)
    title, instead = words.title(row), words("link.baseline", value=words.quantity(f"{row.baseline:g}", row.unit))
    number = _number(value)
    if number is None or not row.low <= number <= row.high:
        return _value(words, row, number, given, instead)
    if ramp and not (ramp.isdigit() and len(ramp) <= len(str(LAST_QUARTER)) and int(ramp) <= LAST_QUARTER):
        return words("link.ramp", given=given, title=title, most=LAST_QUARTER, instead=instead)
    ends = {"first": date_of(1), "last": date_of(LAST_QUARTER)}
    return words("link.dates", given=given, title=title, **ends, instead=instead)


def _parameter(words: Words, row: Parameter, text: str, given: str) -> str:
    if row.role == "check":
        return words("link.check", given=given, title=words.title(row))
    default = words("link.default", value=words.quantity(f"{row.value:g}", row.unit))
    return _value(words, row, _number(text), given, words("link.drawn") if row.role == "uncertain" else default)


def _value(words: Words, row: Lever | Parameter, number: float | None, given: str, instead: str) -> str:
    """Say that a value is no number, or is outside the range of its lever or assumption."""
    allowed = words.quantity(words("link.span", low=f"{row.low:g}", high=f"{row.high:g}"), row.unit)
    facts = {"given": given, "title": words.title(row), "allowed": allowed, "instead": instead}
    return words("link.number" if number is None else "link.range", **facts)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:  # the answer to the question that is asked here
        return None
    return number if math.isfinite(number) else None


def _unknown(words: Words, key: str, given: str) -> str:
    """Say that there is no such name, and which one a person may have meant."""
    shown = {name: f"{row.id} “{words.title(row)}”" for row in _rows() for name in (row.id, row.name)}
    shown |= {name: f"{name} “{words(f'def.{name}')}”" for name in CHOICES}
    close = [key] if key in shown else nearest(key, shown)  # the long name of a lever is none that a link knows
    if not close:
        return words("link.unknown", given=given)
    return words("link.nearest", given=given, names=words.either(list(dict.fromkeys(shown[name] for name in close))))


def _rows() -> Iterator[Lever | Parameter]:
    yield from tables.levers().values()
    yield from (row for row in tables.parameters().values() if row.role != "check")

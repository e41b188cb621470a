"""What a session has on its desk: one question as an immutable value, its share link, and the steps that led to it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from experiments.ensemble import DEFAULT_REPLICATES, DEFAULT_SCALE, DEFAULT_SEED, HORIZONS, PATHS, RULES, SHARES, Plan
from experiments.provenance import version
from sim.calibration import tables
from sim.errors import InputError
from sim.scenario import Scenario, Setting, date_of, load_scenario, quarter_of, scenario_from_mapping

REPLICATES = (20, DEFAULT_REPLICATES, 200)
STEPS = 100  # of undo
MERGE_SECONDS = 1.5  # moves of one lever within this time are one step
CHOICES: Mapping[str, tuple[Any, ...]] = {
    "horizon": HORIZONS,
    "rule": RULES,
    "share": SHARES,
    "path": PATHS,
    "replicates": REPLICATES,
}
PLACES = ("parks", "links")
MOST_SEED = 999_999_999
IGNORED = ("lang", "mv", "id")  # keys of the link that are no part of the question


@dataclass(frozen=True)
class Desk:
    """The question that a session asks: a policy with its assumptions, and the definitions of the answer."""

    scenario: Scenario = field(default_factory=lambda: Scenario("lab"))
    horizon: int = 2025
    rule: str = "average"
    share: str = "published"
    path: str = "observed"
    replicates: int = DEFAULT_REPLICATES
    seed: int = DEFAULT_SEED

    def plan(self) -> Plan:
        """Return the plan of the ensemble that answers it, against no policy in the same world."""
        against = replace(load_scenario("baseline"), parks=(), links=())
        return Plan(
            replace(self.scenario, name="lab"),
            against,
            share=self.share,
            path=self.path,
            rule=self.rule,
            horizon=self.horizon,
            scale=DEFAULT_SCALE,
            replicates=self.replicates,
            seed=self.seed,
            workers=1,
            explain=False,
            places=True,
        )

    def setting(self, lever: str) -> Setting:
        """Return the setting of a lever: the one on the desk, or its baseline."""
        return self.scenario.levers.get(lever) or Setting(tables.levers()[lever].baseline)

    def with_lever(self, lever: str, setting: Setting) -> Desk:
        """Return the desk with one lever set; at its baseline it leaves the desk."""
        levers = dict(self.scenario.levers)
        levers.pop(lever, None)
        if setting.value != tables.levers()[lever].baseline:
            levers[lever] = setting
        return replace(self, scenario=replace(self.scenario, levers=levers))

    def with_assumption(self, ident: str, value: float) -> Desk:
        """Return the desk with one assumption fixed."""
        return replace(self, scenario=replace(self.scenario, assumptions={**self.scenario.assumptions, ident: value}))

    def without_assumption(self, ident: str) -> Desk:
        """Return the desk with one assumption drawn again as declared."""
        kept = {key: value for key, value in self.scenario.assumptions.items() if key != ident}
        return replace(self, scenario=replace(self.scenario, assumptions=kept))

    def without_park(self, ident: str) -> Desk:
        """Return the desk without a hypothetical park and the links that lead to it."""
        parks = tuple(park for park in self.scenario.parks if park["id"] != ident)
        links = tuple(link for link in self.scenario.links if ident not in (link["source"], link["target"]))
        return replace(self, scenario=replace(self.scenario, parks=parks, links=links))

    def without_link(self, position: int) -> Desk:
        """Return the desk without one of its hypothetical links."""
        links = self.scenario.links[:position] + self.scenario.links[position + 1 :]
        return replace(self, scenario=replace(self.scenario, links=links))

    def reset(self) -> Desk:
        """Return the baseline: no levers, no fixed assumptions, the definitions as shipped.

        The number of replicates stays: it decides how exact an answer is, not what is asked.
        """
        return Desk(replicates=self.replicates)

    def with_policy(self, policy: Scenario) -> Desk:
        """Return the desk with the levers and places of a scenario; assumptions stay unless it brings its own."""
        assumptions = dict(policy.assumptions) or dict(self.scenario.assumptions)
        return replace(self, scenario=replace(policy, name="lab", title={}, why={}, assumptions=assumptions))


# The share link ------------------------------------------------------------------------------------------------------


def to_query(desk: Desk, language: str) -> dict[str, str]:
    """Return the query of the share link: what differs from an empty desk, the language and the model's version."""
    query = {"lang": language}
    for lever, setting in desk.scenario.levers.items():
        query[lever] = setting_text(setting)
    for ident, value in desk.scenario.assumptions.items():
        query[ident] = repr(float(value))
    for name in PLACES:
        rows = _places(desk)[name]
        if rows:
            query[name] = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    empty = Desk()
    for name in (*CHOICES, "seed"):
        if getattr(desk, name) != getattr(empty, name):
            query[name] = str(getattr(desk, name))
    if len(query) > 1:
        query["mv"] = version()
    return query


@dataclass(frozen=True)
class Problem:
    """A value of a link that was left out: its key, its text, and the error in the words of the program."""

    key: str
    text: str
    error: str

    def __str__(self) -> str:
        """Return it as one short line."""
        return f"{self.key}={self.text[:40]}: {self.error}"


def from_query(query: Mapping[str, str]) -> tuple[Desk, list[Problem]]:
    """Return the desk of a share link, and a problem for each value that was not recognised and left out."""
    problems: list[Problem] = []
    desk = Desk()
    for key, text in query.items():
        if key in IGNORED:
            continue
        try:
            desk = _with(desk, key, text)
        except (InputError, ValueError, RecursionError) as error:  # the last from deeply nested JSON
            problems.append(Problem(key, text, str(error).splitlines()[0][:200]))
    return desk, problems


def _with(desk: Desk, key: str, text: str) -> Desk:
    if key in CHOICES:
        allowed = {str(choice): choice for choice in CHOICES[key]}
        if text not in allowed:
            raise InputError(f"choose {' / '.join(allowed)}")
        return replace(desk, **{key: allowed[text]})
    if key == "seed":
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise InputError(f"a whole number from 0 to {MOST_SEED}")
        return replace(desk, seed=int(text))
    if key in PLACES:
        found = scenario_from_mapping({"name": "link", **_places(desk), key: json.loads(text)}, "link")
        return replace(desk, scenario=replace(desk.scenario, **{key: getattr(found, key)}))
    if key in tables.levers():
        return replace(desk, scenario=desk.scenario.with_levers({key: setting_of(text)}))
    if not any(key in (row.id, row.name) for row in tables.parameters().values()):
        raise InputError("no lever, assumption or setting has this name")
    return replace(desk, scenario=desk.scenario.with_assumptions({key: float(text)}))


def _places(desk: Desk) -> dict[str, list[dict[str, Any]]]:
    """Return parks and links as a file spells them: the quarter that a link opens in is a date there."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name in PLACES:
        rows = [dict(row) for row in getattr(desk.scenario, name)]
        found[name] = [{**row, "opens": date_of(row["opens"])} if "opens" in row else row for row in rows]
    return found


def setting_text(setting: Setting) -> str:
    """Write a setting as `5`, `5@2022Q1`, `5@2022Q1-2024Q4` or with `~4` for a ramp of four quarters."""
    text = repr(float(setting.value))
    if setting.start != 1 or setting.end is not None:
        text += f"@{date_of(setting.start)}" + (f"-{date_of(setting.end)}" if setting.end is not None else "")
    return text + (f"~{setting.ramp}" if setting.ramp else "")


def parts_of(text: str) -> tuple[str, str, str]:
    """Return value, dates and ramp of a setting in a link, as they are written."""
    body, _, ramp = text.partition("~")
    value, _, dates = body.partition("@")
    return value, dates, ramp


def setting_of(text: str) -> Setting:
    """Read what `setting_text` wrote. Raises InputError."""
    value, dates, ramp = parts_of(text)
    first, _, last = dates.partition("-")
    start = quarter_of(first) if first else 1
    end = quarter_of(last) if last else None
    if start is None or (last and end is None):
        raise InputError("write a value such as 5, 5@2022Q1 or 5@2022Q1-2024Q4")
    return Setting(float(value), start, end, int(ramp) if ramp else 0)


# Steps ---------------------------------------------------------------------------------------------------------------


class History:
    """The desks of a session, one after the other: undo, redo, and the one before."""

    def __init__(self, first: Desk) -> None:
        self._desks = [first]
        self._at = 0
        self._last: tuple[str, float] | None = None

    @property
    def now(self) -> Desk:
        """The desk as it is."""
        return self._desks[self._at]

    @property
    def before(self) -> Desk | None:
        """The desk one step ago, if there is one."""
        return self._desks[self._at - 1] if self._at else None

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to redo."""
        return self._at < len(self._desks) - 1

    def put(self, desk: Desk, what: str, when: float) -> None:
        """Take a step; moves of the same thing (`what`) within a moment (`when`, seconds) are one step."""
        if desk == self.now:
            return
        merged = self._last is not None and self._last[0] == what and when - self._last[1] <= MERGE_SECONDS
        del self._desks[self._at + 1 :]
        if merged and self._at:
            self._desks[self._at] = desk
        else:
            self._desks.append(desk)
            del self._desks[: -STEPS - 1]
        self._last = (what, when)
        if merged and self._at and desk == self._desks[self._at - 1]:  # moved back to where it came from: no step
            self._desks.pop()
            self._last = None
        self._at = len(self._desks) - 1

    def undo(self) -> None:
        """Go one step back, if there is one."""
        self._at, self._last = max(self._at - 1, 0), None

    def redo(self) -> None:
        """Go one step forward again, if there is one."""
        self._at, self._last = min(self._at + 1, len(self._desks) - 1), None


def changes(desk: Desk) -> Iterator[tuple[str, float, float]]:
    """Yield what differs from the baseline: lever, value there, value now."""
    for lever, setting in desk.scenario.levers.items():
        baseline = tables.levers()[lever].baseline
        if setting.value != baseline:  # a file may set a lever to where it stands anyway
            yield lever, baseline, setting.value

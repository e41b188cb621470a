"""Scenarios that are parts of the ambitious one, cut along the registry's own groups: nothing is set here anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from sim.calibration.records import Lever
from sim.scenario import Scenario, load_scenario

WHOLE = "ambitious"


@dataclass(frozen=True, slots=True)
class Part:
    """Which levers a preset keeps: of a direction, or of some subjects with a few named ones and what they need."""

    title: Mapping[str, str]
    of: Mapping[str, str]  # what it keeps, in words
    direction: str = ""
    subjects: tuple[str, ...] = ()
    levers: tuple[str, ...] = ()

    def keeps(self, row: Lever) -> bool:
        """Say whether a lever belongs to this part."""
        return row.direction == self.direction or row.subject in self.subjects or row.id in self.levers


def _part(zh: str, of_zh: str, en: str, of_en: str, **chosen: str | tuple[str, ...]) -> Part:
    return Part({"en": en, "zh": zh}, {"en": of_en, "zh": of_zh}, **chosen)  # type: ignore[arg-type]


PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "supports_only": _part("只有支持", "支持性措施", "Support only", "what supports", direction="supports"),
        "restrictions_only": _part(
            "只有限制", "限制性措施", "Restrictions only", "what restricts", direction="restricts"
        ),
        "grants": _part(
            "补贴与融资",
            "补贴、财政与融资",
            "Grants and finance",
            "grants, public money and credit",
            subjects=("innovation", "finance", "fiscal"),
            levers=("I09g", "I09h"),  # the subsidy on equipment stands among the measures of opening up
        ),
        "land_industry": _part(
            "土地与产业",
            "土地、产业准入、招商与平台",
            "Land and industry",
            "land, admission, recruitment and platforms",
            subjects=("land", "industry", "recruitment", "platforms"),
        ),
        "links": _part(
            "联通与一体化",
            "与昆明的联通和一体化",
            "Links and integration",
            "links and integration with Kunming",
            subjects=("integration",),
            levers=("I08a", "I11b"),  # the linkage of the three zones, and the travel time to the city
        ),
        "talent": _part(
            "人才与宜居",
            "落户、住房与公共服务",
            "Talent and livability",
            "settlement, housing and public services",
            subjects=("talent", "livability"),
        ),
    }
)


@cache  # the app asks for all of them at every move
def preset(name: str) -> Scenario:
    """Return a part of the ambitious scenario under its own name. Raises KeyError for a name that is no part."""
    from sim.calibration.tables import levers

    part, whole, table = PARTS[name], load_scenario(WHOLE), levers()
    names = {lever for lever in whole.levers if part.keeps(table[lever])}
    if not part.direction:  # a measure that acts only under another brings it along, or it would be there for nothing
        names |= {needed for lever in names for needed, _ in table[lever].needs}
    kept = {lever: setting for lever, setting in whole.levers.items() if lever in names}
    why = {
        "en": f"Of the ambitious policy only {part.of['en']}: {len(kept)} of its {len(whole.levers)} levers; every "
        "other lever keeps its baseline value.",
        "zh": f"雄心方案中只取{part.of['zh']}：{len(whole.levers)} 个杠杆中的 {len(kept)} 个，其余杠杆保持基准值。",
    }
    return replace(whole, name=name, title=part.title, why=why, levers=kept)

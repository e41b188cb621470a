"""Texts of the charts, the same keys in 中文 and in English; the app joins them to its one table."""

from __future__ import annotations

from collections.abc import Mapping

TEXT: Mapping[str, Mapping[str, str]] = {
    "fan.title": {"zh": "{title}：中位 {median} {unit}", "en": "{title}: median {median} {unit}"},
    "fan.key": {
        "zh": "实线当前，色带 50 % 与 90 %，虚线对照，点线目标",
        "en": "solid: this policy, bands 50 and 90 %; dashed: reference; dotted: target",
    },
    "fan.key.ghost": {"zh": "，细虚线上一步", "en": "; thin: previous step"},
    "fan.key.dots": {"zh": "，圆点为公布值（{basis}）", "en": "; dot: published ({basis})"},
    "fan.target": {"zh": "目标 {value}", "en": "target {value}"},
    "fan.alt": {
        "zh": "{title}：中位 {median}（5–95 %：{low} 至 {high}）{unit}，对照 {reference}，目标 {target}。",
        "en": "{title}: median {median} (5-95 %: {low} to {high}) {unit}, reference {reference}, target {target}.",
    },
    "ledger.title": {"zh": "新区净支出比基准多 {cost}", "en": "Net cost to the New Area: {cost}"},
    "ledger.payers": {
        "zh": "新区 {new_area} · 省 {province} · 昆明 {kunming}",
        "en": "New Area {new_area} · province {province} · Kunming {kunming}",
    },
    "ledger.paid": {"zh": "已付", "en": "paid"},
    "ledger.cut": {"zh": "压减（承诺未付）", "en": "cut (promised, not paid)"},
    "ledger.rest": {"zh": "其余 {n} 项", "en": "{n} others"},
    "ledger.none": {"zh": "无", "en": "none"},
    "ledger.alt": {
        "zh": "财政台账：新区净支出 {cost}，最大一项 {largest}。",
        "en": "Fiscal ledger: net cost {cost}; the largest item is {largest}.",
    },
    "dots.title": {"zh": "最可能达到 {median} / {of} 项", "en": "Most likely {median} of {of} reached"},
    "dots.key": {"zh": "每点代表 20 次中的 1 次", "en": "each dot is one in twenty"},
    "dots.axis": {"zh": "达到的目标数", "en": "targets reached"},
    "dots.alt": {
        "zh": "达到的目标数：中位 {median}，90 % 区间 {low} 至 {high}。",
        "en": "Targets reached: median {median}, 90 % range {low} to {high}.",
    },
    "map.title": {"zh": "{year} 年园区产出与通勤联系", "en": "Output of the parks and commuter links, {year}"},
    "map.key": {
        "zh": "圆大小为产出，▲▼ 为对照之差，线宽为通勤人数，虚线为规划线路",
        "en": "size: output; ▲▼: against reference; line width: commuters; dashed: planned",
    },
    "map.alt": {
        "zh": "{year} 年产出最大的园区是 {largest}；与对照相差最大的是 {changed}（{change}）。",
        "en": "In {year} {largest} has the largest output; {changed} differs most from the reference ({change}).",
    },
    "map.centre": {"zh": "昆明主城", "en": "Kunming"},
}
GROUPS: Mapping[str, tuple[str, ...]] = {
    "growth": ("gdp_growth", "fai_growth", "industry_growth", "hightech_growth"),
    "contribution": ("gdp_contribution", "fai_contribution", "industry_contribution", "hightech_contribution"),
    "others": ("land_intensity", "above_province"),
}


def chart_text(key: str, language: str, **values: object) -> str:
    """Return a text of the charts with its blanks filled."""
    return TEXT[key][language].format(**values)

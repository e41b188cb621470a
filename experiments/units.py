"""Names of units for people, in 中文 and in English, and how a number stands before one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from sim.calibration.units import NUMBERS, amount_of

_ZH: Mapping[str, str] = MappingProxyType(
    {
        # money
        "million yuan": "百万元",
        "million yuan each": "百万元/个",
        "million yuan per lab-year": "百万元/个·年",
        "million yuan per year": "百万元/年",
        "million yuan per quarter": "百万元/季度",
        "million yuan per quarter, 2020 prices": "百万元/季度，2020 年价",
        "million yuan per quarter, model prices": "百万元/季度，模型价格",
        "million yuan per quarter, investment prices": "百万元/季度，投资价格",
        "100M yuan per km2": "亿元/平方公里",
        "million yuan per km2": "百万元/平方公里",
        "million yuan per FTE-year": "百万元/人·年",
        "million yuan per project": "百万元/个",
        "million yuan per firm": "百万元/家",
        "million yuan per person": "百万元/人",
        "million yuan per person-year": "百万元/人·年",
        "million yuan per 1000 m2": "百万元/千平方米",
        "million yuan per minute": "百万元/分钟",
        "million yuan per mu": "百万元/亩",
        "yuan per kWh": "元/千瓦时",
        "yuan per m2": "元/平方米",
        "yuan per m2 per month": "元/平方米·月",
        "yuan per year": "元/年",
        "yuan per yuan": "元/元",
        # rates
        "%": "%",
        "% below benchmark": "%（低于基准价）",
        "% of GDP": "%（占地区生产总值）",
        "% of equipment investment": "%（占设备投资）",
        "% of idle stock per year": "%/年（占闲置存量）",
        "% of incremental tax to Kunming": "%（增量税收归昆明市）",
        "% of projects": "%（占项目数）",
        "% of shortfall": "%（占缺口）",
        "% of stock per year": "%/年（占存量）",
        "% per 1%": "%（每变动 1 %）",
        "% per pp": "%（每 1 个百分点）",
        "% per year": "%/年",
        "pp": "个百分点",
        "pp per year": "个百分点/年",
        "per minute": "每分钟",
        "per quarter": "每季度",
        "per year": "每年",
        "share": "比例",
        "share (link strength)": "比例（联系强度）",
        "share of capital per quarter": "占资本的比例，每季度",
        "share of debt per quarter": "占债务的比例，每季度",
        "share of gap per quarter": "占差距的比例，每季度",
        "share of ln gap per quarter": "占对数差距的比例，每季度",
        "share of workforce per year": "占劳动力的比例，每年",
        "share per quarter": "比例，每季度",
        "share per year": "比例，每年",
        "log points": "对数点",
        "log points per quarter": "对数点/季度",
        "log wage per year": "对数工资/受教育年",
        "AR(1) annual": "一阶自回归系数，年度",
        # numbers without a unit
        "0/1": "0=否，1=是",
        "coefficient": "系数",
        "correlation": "相关系数",
        "elasticity": "弹性",
        "elasticity per year": "弹性，每年",
        "index 0-1": "指数，0 至 1",
        "index, 2020 = 1": "指数，2020 年=1",
        "link weight 0-1": "联系权重，0 至 1",
        "loan-to-value": "贷款与押品价值之比",
        "multiplier": "倍数",
        "multiplier of relocation pool": "产业转移规模的倍数",
        "parameter": "参数",
        "ratio": "比值",
        "shape": "形状参数",
        # quantities
        "1000 m2": "千平方米",
        "FTE": "人（全职）",
        "firms": "家",
        "firms per quarter": "家/季度",
        "firms per year": "家/年",
        "km": "公里",
        "km2": "平方公里",
        "km2 per quarter": "平方公里/季度",
        "km2 per year": "平方公里/年",
        "m2": "平方米",
        "number": "个",
        "number per year": "个/年",
        "persons": "人",
        "persons per year": "人/年",
        "projects": "个",
        "projects per quarter": "个/季度",
        "simulated persons": "人（模拟）",
        "tonnes of coal equivalent": "吨标准煤",
        "tonnes of coal equivalent per quarter": "吨标准煤/季度",
        # times
        "minutes": "分钟",
        "working days": "个工作日",
        "months": "个月",
        "quarters": "个季度",
        "quarters of fixed cost": "个季度的固定成本",
        "years": "年",
        "years (0 = none)": "年（0=无）",
    }
)
# English differs from the tables only here, and in the raised 2 of areas.
_EN: Mapping[str, str] = MappingProxyType(
    {"% per year": "% a year", "pp per year": "points a year", "0/1": "0 = no, 1 = yes"}
)
_AREA = re.compile(r"\b(k?m)2\b")


def unit_name(unit: str, language: str) -> str:
    """Return the name of a unit of the tables in a language.

    Errors   `KeyError` in Chinese for a unit that no table has: a missing name must not show as English
    """
    return _ZH[unit] if language == "zh" else _AREA.sub(r"\1²", _EN.get(unit, unit))


def quantity(number: str, unit: str, language: str) -> str:
    """Return a number as text with its unit.

    What only says which kind of number it is, such as an elasticity, stands in brackets; a unit that begins with a
    number itself is multiplied: `60 × 100M yuan per km²`.
    """
    name = unit_name(unit, language)
    kind = unit in NUMBERS or unit.startswith(("share", "per ", "index", "AR(1)"))
    if language == "zh":
        return f"{number}（{name}）" if kind else f"{number} {name}"
    if unit == "number":  # "3 number" is no English; the title says of what
        return number
    return f"{number} ({name})" if kind and not unit.startswith("per ") else amount_of(number, name)

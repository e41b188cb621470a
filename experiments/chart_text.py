"""Texts of the charts, the same keys in 中文 and in English; the app joins them to its one table."""

from __future__ import annotations

from collections.abc import Mapping

TEXT: Mapping[str, Mapping[str, str]] = {
    "fan.title.missed": {
        "zh": "{title}：中位 {median}，低于目标 {target}",
        "en": "{title}: median {median}, below the target of {target}",
    },
    "fan.title.reached": {
        "zh": "{title}：中位 {median}，达到目标 {target}",
        "en": "{title}: median {median} reaches the target of {target}",
    },
    "fan.key": {
        "zh": "实线为当前方案，色带为 50 % 与 90 % 区间，虚线为对照",
        "en": "solid: this policy with its 50 and 90 % bands; dashed: reference",
    },
    "fan.key.ghost": {"zh": "，细虚线为上一步", "en": "; thin dashes: previous step"},
    "fan.key.dots": {
        "zh": "圆点为已公布数据（不足一年，口径见提示）",
        "en": "dots: published, part of a year (see tooltip for what is covered)",
    },
    "fan.target": {"zh": "目标 {value}", "en": "target {value}"},
    "fan.alt": {
        "zh": "{title}（{unit}）：中位 {median}（5–95 %：{low} 至 {high}），对照 {reference}，目标 {target}，"
        "达标可能 {chance}。",
        "en": "{title} ({unit}): median {median} (5-95 %: {low} to {high}), reference {reference}, target {target}, "
        "probability of reaching it {chance}.",
    },
    "bar.key": {
        "zh": "全期合计口径，不分年度；色带为 50 % 与 90 % 区间",
        "en": "measured over the whole period; bands: 50 and 90 %",
    },
    "bar.median": {"zh": "中位 {value}", "en": "median {value}"},
    "bar.against": {"zh": "对照 {value}", "en": "reference {value}"},
    "bar.target": {"zh": "目标 {value}", "en": "target {value}"},
    "ledger.title.more": {"zh": "新区净支出比对照多 {cost}", "en": "The New Area pays {cost} more than the reference"},
    "ledger.title.less": {"zh": "新区净支出比对照少 {cost}", "en": "The New Area pays {cost} less than the reference"},
    "ledger.range": {"zh": "新区净支出 90 % 区间：{low} 至 {high}", "en": "90 % range of its cost: {low} to {high}"},
    "ledger.payers": {
        "zh": "新区 {new_area} · 省 {province} · 昆明 {kunming}",
        "en": "New Area {new_area} · province {province} · Kunming {kunming}",
    },
    "ledger.key": {"zh": "数字为承诺额 = 已付 + 压减", "en": "figures: promised = paid + cut"},
    "ledger.nothing_cut": {"zh": "承诺全部支付，没有压减", "en": "all that was promised is paid: nothing was cut"},
    "ledger.unit": {"zh": "亿元", "en": "billion yuan"},
    "ledger.paid": {"zh": "已付", "en": "paid"},
    "ledger.cut": {"zh": "压减（承诺未付）", "en": "cut, not paid"},
    "ledger.rest": {"zh": "其余 {n} 项", "en": "{n} others"},
    "ledger.none": {"zh": "无", "en": "none"},
    "ledger.alt": {
        "zh": "财政台账：{title}；新区 {new_area}，省 {province}，昆明 {kunming}；最大一项是{largest}（{amount}）；"
        "压减 {cut}。",
        "en": "Fiscal ledger: {title}. New Area {new_area}, province {province}, Kunming {kunming}. The largest item "
        "is {largest} ({amount}); cut: {cut}.",
    },
    "dots.title": {"zh": "{of} 项目标中，中位达到 {median} 项", "en": "Median: {median} of {of} targets reached"},
    "dots.none": {"zh": "达标项数：无结果", "en": "Number of targets reached: no result"},
    "dots.key": {"zh": "每点代表 20 次运行中的 1 次", "en": "each dot stands for one run in twenty"},
    "dots.axis": {"zh": "达到的目标数", "en": "targets reached"},
    "dots.alt": {
        "zh": "{of} 项目标中达到的项数：中位 {median}，90 % 区间 {p05} 至 {p95}。",
        "en": "Targets reached out of {of}: median {median}, 90 % range {p05} to {p95}.",
    },
    "map.title": {
        "zh": "{year} 年：{changed}的产出与对照相差最大（{change}）",
        "en": "{year}: output of {changed} differs most from the reference ({change})",
    },
    "map.title.same": {"zh": "{year} 年：各园区产出与对照相同", "en": "{year}: all parks produce as in the reference"},
    "map.key.size": {"zh": "圆越大产出越高，▲▼ 为与对照之差", "en": "size: output; ▲▼: against the reference"},
    "map.key.lines": {"zh": "线越粗通勤越多，虚线为规划或在建线路", "en": "width: commuters; dashed: planned lines"},
    "map.alt": {
        "zh": "{year} 年产出最大的园区是{largest}（{output}）；与对照相差最大的是{changed}（{change}）。",
        "en": "In {year} {largest} has the largest output ({output}); {changed} differs most from the reference "
        "({change}).",
    },
    "map.change": {"zh": "{sign} {size} %", "en": "{sign} {size} %"},
    "map.link": {"zh": "{source} – {target}", "en": "{source} – {target}"},
    "map.park": {
        "zh": "{park}：产出 {output} 亿元/年，与对照之差 {change} %",
        "en": "{park}: output {output} billion yuan a year, {change} % against the reference",
    },
    "map.unknown": {"zh": "无结果", "en": "no result"},
    # Short names, because a label stands beside its circle.
    "map.kunming_centre": {"zh": "昆明主城", "en": "Kunming"},
    "map.anning": {"zh": "安宁市", "en": "Anning city"},
    "map.songming": {"zh": "嵩明县", "en": "Songming"},
    "map.dabanqiao": {"zh": "大板桥", "en": "Dabanqiao"},
    "map.xiaoshao": {"zh": "小哨新城", "en": "Xiaoshao"},
    "map.taiping": {"zh": "太平新城", "en": "Taiping"},
    "map.asean_park": {"zh": "东盟产业园", "en": "ASEAN park"},
    "map.anning_park": {"zh": "安宁产业园", "en": "Anning park"},
    "map.yanglin": {"zh": "杨林经开区", "en": "Yanglin"},
    "map.airport_zone": {"zh": "空港经济区", "en": "Airport zone"},
    "map.bonded_zone": {"zh": "综合保税区", "en": "Bonded zone"},
    # Tooltips
    "tip.year": {"zh": "年份", "en": "year"},
    "tip.median": {"zh": "中位", "en": "median"},
    "tip.against": {"zh": "对照", "en": "reference"},
    "tip.before": {"zh": "上一步", "en": "previous step"},
    "tip.target": {"zh": "目标", "en": "target"},
    "tip.p05": {"zh": "5 %", "en": "5 %"},
    "tip.p25": {"zh": "25 %", "en": "25 %"},
    "tip.p75": {"zh": "75 %", "en": "75 %"},
    "tip.p95": {"zh": "95 %", "en": "95 %"},
    "tip.value": {"zh": "公布值", "en": "published"},
    "tip.basis": {"zh": "口径", "en": "basis"},
    "tip.confidence": {"zh": "可信度", "en": "confidence"},
    "tip.source": {"zh": "来源", "en": "source"},
    "tip.item": {"zh": "项目", "en": "item"},
    "tip.kind": {"zh": "类别", "en": "kind"},
    "tip.amount": {"zh": "金额（亿元）", "en": "amount (billion yuan)"},
    "tip.promised": {"zh": "承诺（亿元）", "en": "promised (billion yuan)"},
    "tip.count": {"zh": "达到的目标数", "en": "targets reached"},
    "tip.title": {"zh": "园区", "en": "park"},
    "tip.output": {"zh": "产出（亿元/年）", "en": "output (billion yuan a year)"},
    "tip.change": {"zh": "与对照之差（%）", "en": "against the reference (%)"},
    "tip.link": {"zh": "联系", "en": "link"},
    "tip.commuters": {"zh": "通勤人数", "en": "commuters"},
    "chart.confidence.high": {"zh": "高", "en": "high"},
    "chart.confidence.medium": {"zh": "中", "en": "medium"},
    "chart.confidence.low": {"zh": "低", "en": "low"},
}
GROUPS: Mapping[str, tuple[str, ...]] = {
    "growth": ("gdp_growth", "fai_growth", "industry_growth", "hightech_growth"),
    "contribution": ("gdp_contribution", "fai_contribution", "industry_contribution", "hightech_contribution"),
    "others": ("land_intensity", "above_province"),
}


def chart_text(key: str, language: str, **values: object) -> str:
    """Return a text of the charts with its blanks filled."""
    return TEXT[key][language].format(**values)

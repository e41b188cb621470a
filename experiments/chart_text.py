"""Texts of the charts, the same keys in 中文 and in English; the app joins them to its one table."""

from __future__ import annotations

from collections.abc import Mapping

TEXT: Mapping[str, Mapping[str, str]] = {
    "fan.title.missed": {
        "zh": "中位 {median}，低于目标 {target}",
        "en": "median {median}, below target {target}",
    },
    "fan.title.reached": {
        "zh": "中位 {median}，达到目标 {target}",
        "en": "median {median}, reaches target {target}",
    },
    "fan.lowest": {"zh": "{title}（最低的一年）", "en": "{title} (lowest year)"},
    "fan.final": {"zh": "{title}（末年）", "en": "{title} (final year)"},
    "fan.key": {
        "zh": "当前方案，带 50 %、90 % 区间；虚线：对照",
        "en": "policy, 50 and 90 % bands; dashes: reference",
    },
    "fan.key.ghost": {"zh": "细虚线：上一步", "en": "thin: previous step"},
    "fan.key.dots": {"zh": "圆点：已公布，不足一年", "en": "dots: published, part of a year"},
    "fan.key.and": {"zh": "；", "en": "; "},
    "fan.target": {"zh": "目标 {value}", "en": "target {value}"},
    "fan.alt": {
        "zh": "{title}（{unit}）：中位 {median}（5–95 %：{low} 至 {high}），对照 {reference}，目标 {target}，"
        "达标可能 {chance}。",
        "en": "{title} ({unit}): median {median} (5-95 %: {low} to {high}), reference {reference}, target {target}, "
        "probability of reaching it {chance}.",
    },
    "bar.key": {
        "zh": "全期合计，不分年度；带：50 %、90 % 区间",
        "en": "over the whole period; bands: 50 and 90 %",
    },
    "bar.median": {"zh": "中位 {value}", "en": "median {value}"},
    "bar.against": {"zh": "对照 {value}", "en": "reference {value}"},
    "bar.target": {"zh": "目标 {value}", "en": "target {value}"},
    "ledger.title.more": {
        "zh": "新区净支出比对照多 {cost}",
        "en": "The New Area pays {cost} more than under the reference",
    },
    "ledger.title.less": {
        "zh": "新区净支出比对照少 {cost}",
        "en": "The New Area pays {cost} less than under the reference",
    },
    "ledger.title.same": {
        "zh": "新区净支出与对照相同",
        "en": "The New Area pays the same as under the reference",
    },
    "ledger.empty": {
        "zh": "与对照相比，没有一项支出增加或减少，也没有压减。",
        "en": "No item costs more or less than under the reference, and nothing is cut.",
    },
    "ledger.heading": {"zh": "{payer}付：{amount}", "en": "{payer} pays: {amount}"},
    "ledger.heading.cut": {"zh": "{payer}付：{amount}，另压减 {cut}", "en": "{payer} pays: {amount}, cut: {cut}"},
    "ledger.payer.new_area": {"zh": "新区", "en": "New Area"},
    "ledger.payer.province": {"zh": "省", "en": "Province"},
    "ledger.payer.kunming": {"zh": "昆明市", "en": "Kunming"},
    "ledger.and": {"zh": "，", "en": ", "},
    "ledger.range": {
        "zh": "新区净支出 90 % 区间：{low} 至 {high} {unit}",
        "en": "90 % range: {low} to {high} {unit}",
    },
    "ledger.key": {
        "zh": "各项与对照之差（{unit}）；没有压减",
        "en": "beyond the reference, {unit}; no cuts",
    },
    "ledger.key.cut": {
        "zh": "各项承诺额与对照之差（{unit}）；红色：压减未付",
        "en": "promised beyond the reference, {unit}; red: cut, not paid",
    },
    "ledger.key.unset": {
        "zh": "“未调整”：本方案没有动它，支出随其他手段而变",
        "en": "“not set”: this policy leaves it alone; its cost follows from other levers",
    },
    "ledger.key.owed": {
        "zh": "期末拖欠比对照多 {owed} {unit}，已计入；收入减少也会造成拖欠",
        "en": "owed at the end: {owed} {unit} more than under the reference; counted, and lost revenue causes it too",
    },
    "ledger.key.owed_less": {
        "zh": "期末拖欠比对照少 {owed} {unit}，已计入",
        "en": "owed at the end: {owed} {unit} less than under the reference; counted",
    },
    "ledger.item.cut": {"zh": "压减 {amount}", "en": "cut {amount}"},
    "ledger.item.unset": {"zh": "未调整", "en": "not set"},
    "ledger.unit.money": {"zh": "亿元", "en": "billion yuan"},
    "ledger.unit.small_money": {"zh": "万元", "en": "million yuan"},
    "ledger.rest": {"zh": "较小的 {n} 项", "en": "{n} smaller items"},
    "ledger.none": {"zh": "无", "en": "none"},
    "ledger.alt": {
        "zh": "财政台账：{title}；{payers}；最大一项是{largest}（{amount}）；压减：{cut}。",
        "en": "Fiscal ledger: {title}. {payers}. The largest item is {largest} ({amount}); cut: {cut}.",
    },
    "dots.title": {"zh": "{of} 项目标中，中位达到 {median} 项", "en": "Median: {median} of {of} targets reached"},
    "dots.none": {"zh": "达标项数：无结果", "en": "Number of targets reached: no result"},
    "dots.key": {"zh": "每点代表 5 % 的运行", "en": "each dot stands for 5 % of the runs"},
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
        "zh": "{park}：产出 {output}/年，与对照之差 {change}",
        "en": "{park}: output {output} a year, {change} against the reference",
    },
    "map.unknown": {"zh": "无结果", "en": "no result"},
    # Short names, because a label stands beside its circle.
    "map.kunming_centre": {"zh": "昆明主城", "en": "Kunming"},
    "map.anning": {"zh": "安宁市", "en": "Anning city"},
    "map.songming": {"zh": "嵩明县", "en": "Songming county seat"},
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
    "tip.payer": {"zh": "付款方", "en": "paid by"},
    "tip.amount": {"zh": "比对照多付", "en": "paid more than the reference"},
    "tip.cut": {"zh": "压减", "en": "cut"},
    "tip.count": {"zh": "达到的目标数", "en": "targets reached"},
    "tip.title": {"zh": "园区", "en": "park"},
    "tip.yearly": {"zh": "年产出", "en": "output a year"},
    "tip.relative": {"zh": "与对照之差", "en": "against the reference"},
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

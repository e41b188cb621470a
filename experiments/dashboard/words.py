"""All texts of the app in one table, the same keys in 中文 and in English; links, charts and data page join it here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.articles import articles
from experiments.dashboard.desk import Desk
from experiments.messages import Messages
from experiments.notes import effects
from experiments.units import quantity, unit_name
from experiments.wording import money
from sim.calibration import tables
from sim.calibration.records import Lever
from sim.scenario import Setting, date_of

TEXT: Mapping[str, Mapping[str, str]] = {
    "app.title": {"zh": "滇中新区政策实验室", "en": "Dianzhong New Area Policy Lab"},
    "nav.lab": {"zh": "实验室", "en": "Lab"},
    "nav.data": {"zh": "依据", "en": "Sources"},
    "foot": {
        "zh": "模型结果用于比较政策方案，不是预测，也不代表任何机构立场。版本 {version} · 数据 {data}",
        "en": "Results compare policy options; they are not forecasts and no institution's position. "
        "Version {version} · data {data}",
    },
    "guard.failed": {
        "zh": "这一页出错了，方案没有丢失。编号 {code}，可复制给维护者；换一页或撤销一步可以继续。",
        "en": "This page failed; your policy is kept. Code {code}, to be given to a maintainer. Open another page or "
        "undo a step to go on.",
    },
    # frame
    "frame.language": {"zh": "语言", "en": "Language"},
    "frame.undo": {"zh": "撤销", "en": "Undo"},
    "frame.redo": {"zh": "重做", "en": "Redo"},
    "frame.reset": {"zh": "恢复基准", "en": "Reset"},
    "frame.ghost": {"zh": "显示上一步", "en": "Show previous step"},
    "frame.ghost.help": {
        "zh": "图中细虚线是上一步改动之前的结果。",
        "en": "The thin dashed line is the result before the last change.",
    },
    "frame.preset": {"zh": "预设方案", "en": "Presets"},
    "frame.preset.choose": {"zh": "选择…", "en": "Choose…"},
    "frame.preset.differs": {
        "zh": "与当前方案相差 {n} 项工具。采用后，您对工具的全部改动都由此方案取代，可用“撤销”恢复。",
        "en": "Differs from the current policy in {n} levers. Apply replaces all your changes of levers; Undo brings "
        "them back.",
    },
    "frame.preset.apply": {"zh": "采用此方案", "en": "Apply"},
    "frame.changes": {"zh": "改动（{n}）", "en": "Changes ({n})"},
    "frame.unchanged": {"zh": "与基准相同", "en": "Same as baseline"},
    "frame.more": {"zh": "另有 {n} 项同样如此。", "en": "and {n} more."},
    "frame.goes_on": {
        "zh": "文件的资金安排到 {last} 年为止；这里有 {n} 项工具未设结束日期，按延续到 {horizon} 年计算"
        "（本实验室的假设）。",
        "en": "The document arranges money up to {last}; {n} levers have no end here and are taken to go on to "
        "{horizon} (an assumption of this lab).",
    },
    "frame.own_park": {"zh": "自设园区 **{name}**", "en": "Park of your own **{name}**"},
    "frame.own_link": {"zh": "自设线路 **{name}**", "en": "Link of your own **{name}**"},
    "frame.back": {"zh": "× 撤掉", "en": "× take back"},
    "frame.levers": {"zh": "政策工具", "en": "Policy levers"},
    "frame.search": {"zh": "搜索工具", "en": "Search levers"},
    "frame.search.hint": {"zh": "名称、编号或作用", "en": "name, id or effect"},
    "frame.search.none": {"zh": "没有找到“{text}”。", "en": "Nothing found for “{text}”."},
    "frame.article": {"zh": "展开一条条款的全部工具", "en": "Open all levers of one article"},
    "frame.article.choose": {"zh": "选择条款…", "en": "Choose an article…"},
    "frame.article.title": {"zh": "第 {n} 条 · {subject}", "en": "Article {n} · {subject}"},
    "frame.article.changed": {"zh": "（已改 {k} 项）", "en": " ({k} changed)"},
    "frame.as_written": {"zh": "本条按文件执行", "en": "Apply this article as written"},
    "frame.fine": {"zh": "精调", "en": "Fine-tune"},
    "frame.assumptions": {"zh": "情景假设（已固定 {n} 项）", "en": "Assumptions ({n} fixed)"},
    "frame.definitions": {"zh": "口径", "en": "Definitions"},
    "frame.share": {"zh": "分享与下载", "en": "Share and download"},
    "lever.baseline": {"zh": "基准 {value}", "en": "Baseline {value}"},
    "lever.text": {"zh": "文件值 {value}", "en": "the document says {value}"},
    "lever.direction": {
        "zh": "文件只给方向，假设取 {value}",
        "en": "the document gives a direction only; assumed {value}",
    },
    "lever.range": {"zh": "范围 {low} 至 {high}", "en": "range {low} to {high}"},
    "lever.money": {"zh": "{number}，即 {money}", "en": "{number}, which is {money}"},
    "fine.value": {"zh": "数值", "en": "Value"},
    "fine.from": {"zh": "起始季度", "en": "From quarter"},
    "fine.to": {"zh": "结束季度", "en": "To quarter"},
    "fine.open": {"zh": "一直有效", "en": "no end"},
    "fine.ramp": {"zh": "分几个季度到位", "en": "Quarters to phase it in"},
    "fine.apply": {"zh": "采用", "en": "Apply"},
    "date.from": {"zh": "（{start} 起）", "en": "(from {start})"},
    "date.ramp": {"zh": "（{n} 个季度爬坡）", "en": " (ramp of {n} quarters)"},
    "date.span": {"zh": "（{start}—{end}）", "en": "({start} to {end})"},
    "assume.central": {"zh": "中心值 {value}", "en": "central value {value}"},
    "assume.note": {
        "zh": "未固定的假设每次模拟都按声明的范围抽样；固定一项后，方案与对照都在同一假设下比较。",
        "en": "Assumptions that are not fixed are drawn from their declared range in every replicate; a fixed one "
        "holds for the policy and for its reference.",
    },
    "assume.fix": {"zh": "固定一项假设", "en": "Fix an assumption"},
    "assume.choose": {"zh": "选择…", "en": "Choose…"},
    "assume.pin": {"zh": "固定", "en": "Fix it"},
    "assume.free": {"zh": "恢复抽样", "en": "Draw it again"},
    "def.horizon": {"zh": "目标年", "en": "Target year"},
    "def.horizon.2025": {"zh": "2025（文件口径）", "en": "2025 (as in the document)"},
    "def.horizon.2030": {"zh": "2030（本实验室的延伸）", "en": "2030 (our extension)"},
    "def.rule": {"zh": "达标规则", "en": "Reach rule"},
    "def.rule.average": {"zh": "年均达标", "en": "Average over the period"},
    "def.rule.each": {"zh": "逐年达标", "en": "Every year"},
    "def.rule.final": {"zh": "末年达标", "en": "Final year"},
    "def.share": {"zh": "基年占全省份额", "en": "Share of the province in the base year"},
    "def.share.published": {"zh": "公布的份额", "en": "As published"},
    "def.share.implied": {"zh": "文件隐含的份额", "en": "Implied by the document"},
    "def.path": {"zh": "外部环境", "en": "Outside world"},
    "def.path.observed": {"zh": "2021—2025 年的实际情况", "en": "2021-2025 as it happened"},
    "def.path.as_seen_in_2020": {"zh": "2020 年时的预期", "en": "As expected in 2020"},
    "def.replicates": {"zh": "模拟次数 N", "en": "Replicates, N"},
    "share.link": {
        "zh": "浏览器地址栏就是分享链接：复制它，别人打开得到同一方案。",
        "en": "The address bar is the share link: whoever opens it gets the same policy.",
    },
    "share.file": {
        "zh": "方案文件可保存、修改，也可在命令行得到同样的数字：",
        "en": "The scenario file can be kept and changed; the command line gives the same numbers from it:",
    },
    "share.scenario": {"zh": "下载方案（TOML）", "en": "Download scenario (TOML)"},
    "share.opened": {"zh": "已打开 `{name}`。", "en": "`{name}` is open."},
    "share.open": {"zh": "打开方案文件（.toml，至多 1 MB）", "en": "Open a scenario file (.toml, at most 1 MB)"},
    "share.refused": {
        "zh": "这个文件没有被采用，当前方案不变：",
        "en": "This file was not taken; the current policy stays:",
    },
    "link.bad": {
        "zh": "链接中有 {n} 个值无法识别或不在允许范围内，其余照常采用：",
        "en": "Values of the link that are unknown or not allowed: {n}. All others are used as they are:",
    },
    "link.version": {
        "zh": "此链接由模型 {old} 生成，当前为 {new}，结果可能不同。",
        "en": "This link was made with model {old}; this is {new}. Results may differ.",
    },
    # lab
    "lab.intro": {
        "zh": "滇中新区位于云南省昆明市，包括安宁市、嵩明县和空港经济区。2020 年 8 月，云南省印发"
        "《关于支持滇中新区深化改革创新加快推动高质量发展的实施意见》，共 {articles} 条，"
        "到 {target_year} 年有 {targets} 项目标：增长速度、对全省增长的拉动和工业用地的投资强度。"
        "在这里调整文件中的政策工具，可以看到 {first}—{last} 年每项目标"
        "有多大可能达到、还差多少、要花多少钱。",
        "en": "The Dianzhong New Area lies in Kunming, Yunnan: Anning, Songming and the airport economic zone. In "
        "August 2020 the province printed the Implementation Opinions in support of it, {articles} articles with "
        "{targets} targets for {target_year}: growth rates, contributions to the growth of the province, and "
        "investment per area of industrial land. Move the policy levers of the document to see how likely each target "
        "is to be reached in {first}-{last}, how much is missing, and what it costs.",
    },
    "lab.intro.terms": {
        "zh": "- **对照**：政策工具全部保持 2020 年的基准值、其余条件相同的模拟。\n"
        "- **较对照**（变化）：方案与对照在同一随机数下逐次相减，取差值的中位数；它不一定等于两个中位数之差。"
        "变化的 95 % 区间不含零时，卡片才有箭头和颜色。\n"
        "- **N 次模拟**：同一方案模拟 N 次，每次抽取不同的参数和运气，现在 N={n}。中位数居于 N 个结果的正中；"
        "90 % 区间去掉最低和最高的各 5 %。\n"
        "- **95 % 区间**：只模拟 N 次带来的误差；N 越大，区间越窄。\n"
        "- **11/100（5–21）**：约 100 次模拟中有 11 次达标，95 % 区间为 5 至 21 次。"
        "“差”“超”指中位数低于、高出目标多少。\n"
        "- **固投**：固定资产投资。\n"
        "- **百分点**：两个百分数之差。**拉动**：新区当年的增量相当于全省上年总量的多少个百分点。\n"
        "- **亿元/km²**：新引进工业项目每平方公里用地的投资。金额用亿元、万元；滑块用百万元，1 亿元等于 100 百万元。",
        "en": "- **Reference**: the simulation with every lever at its baseline of 2020 and all else equal.\n"
        "- **Change** (vs reference): policy minus reference on the same luck, replicate by replicate; shown is the "
        "median of these paired differences, which need not be the difference of the two medians. A card has an arrow "
        "and a colour only where the 95 % interval of the change leaves zero out.\n"
        "- **N replicates**: the policy is simulated N times, each time with other parameters and other luck; now "
        "N={n}. The median is the middle one of the N results; the 90 % range leaves out the lowest and the highest "
        "5 %.\n"
        "- **95 % interval**: the error of having N replicates only; the larger N, the narrower it is.\n"
        "- **11/100 (5–21)**: about 11 in 100 replicates reach the target, 95 % interval 5 to 21. “Short” and “over”: "
        "how far the median lies below or above the target.\n"
        "- **FAI**: fixed-asset investment.\n"
        "- **pp**: percentage points. **Contribution**: growth of the New Area in points of last year's provincial "
        "total.\n"
        "- **100M yuan/km²**: investment of new industrial projects per square kilometre of their land, in hundreds "
        "of millions. Other money is in million or billion yuan; sliders are in millions, 1 billion is 1000 million.",
    },
    "lab.terms": {"zh": "名词与读法", "en": "Terms, and how to read the numbers"},
    "lab.baseline": {
        "zh": "当前就是基准方案。打开“政策工具”（手机上先点左上角 ≫），移动任一滑块即可比较。",
        "en": "This is the baseline. Open the levers (≫ at the top left on a phone) and move any slider to compare.",
    },
    "lab.answer": {
        "zh": "九项目标中最可能达到 {median} 项（90 % 区间 {p05}–{p95}）；九项同时达到的可能性：{all}。"
        "新区财政净支出（{span}，与对照之差）：{cost}。",
        "en": "Most likely {median} of nine targets are reached (90 % range {p05}-{p95}); all nine together: {all}. "
        "Net cost to the New Area against the reference, {span}: {cost}.",
    },
    "lab.others_save": {
        "zh": "省和昆明市少付 {cost}。",
        "en": "The province and Kunming pay {cost} less.",
    },
    "lab.others_pay": {
        "zh": "省和昆明市另付 {cost}。",
        "en": "The province and Kunming pay {cost} besides.",
    },
    "lab.cut": {
        "zh": "承诺中另有 {cut}，因新区财力不足没有支付，也就没有起作用。",
        "en": "A further {cut} that the levers promise is not paid, for want of money, and has no effect.",
    },
    "measure.each": {"zh": "{title}（最低的一年）", "en": "{title} (lowest year)"},
    "measure.final": {"zh": "{title}（末年）", "en": "{title} (final year)"},
    "card.uncounted": {"zh": "{note}；不计入九项", "en": "{note}; not one of the nine"},
    "lab.weakest": {
        "zh": "离目标最远：{title}，中位 {median}，差 {gap}。",
        "en": "Furthest from reach: {title}, median {median}, {gap} short.",
    },
    "lab.none": {
        "zh": "在这些假设下，增速与拉动目标没有一项接近达到。",
        "en": "Under these assumptions none of the growth and contribution targets comes near.",
    },
    "lab.running": {"zh": "模拟中 {done}/{wanted}", "en": "Simulating {done} of {wanted}"},
    "lab.progress": {"zh": "已算完 {done}/{wanted}", "en": "{done} of {wanted} computed"},
    "lab.exact": {"zh": "模拟已完成：N={wanted}", "en": "Complete: N={wanted} replicates"},
    "lab.cached": {
        "zh": "模拟已完成：N={wanted}（取自缓存）",
        "en": "Complete: N={wanted} replicates (cached)",
    },
    "lab.waiting": {
        "zh": "排队中，前面还有其他人的 {n} 次模拟",
        "en": "Waiting: {n} replicates of other people come first",
    },
    "lab.error_size": {
        "zh": "达标可能的 95 % 区间最宽 {e} 个百分点",
        "en": "95 % intervals of the odds at most {e} points wide",
    },
    "lab.failed": {
        "zh": "本次计算失败，仍显示上一次成功的结果。编号 {code}，可复制给维护者。",
        "en": "This run failed; the last good result is still shown. Code {code}, to be given to a maintainer.",
    },
    "lab.refused": {"zh": "这个组合无法计算：", "en": "This combination cannot be run:"},
    "lab.some_failed": {"zh": "有 {n} 次模拟失败，未计入。", "en": "{n} replicates failed and are not counted."},
    "lab.growth": {"zh": "增长", "en": "Growth"},
    "lab.contribution": {"zh": "拉动全省", "en": "Contribution"},
    "lab.others": {"zh": "其他", "en": "Others"},
    "lab.view": {"zh": "看哪一组", "en": "Which group"},
    "tgt.gdp_growth": {"zh": "GDP 增速", "en": "GDP growth"},
    "tgt.fai_growth": {"zh": "固投增速", "en": "FAI growth"},
    "tgt.industry_growth": {"zh": "工业增速", "en": "Industry growth"},
    "tgt.hightech_growth": {"zh": "高新技术增速", "en": "High-tech growth"},
    "tgt.gdp_contribution": {"zh": "拉动全省 GDP", "en": "Contribution: GDP"},
    "tgt.fai_contribution": {"zh": "拉动全省固投", "en": "Contribution: FAI"},
    "tgt.industry_contribution": {"zh": "拉动全省工业", "en": "Contribution: industry"},
    "tgt.hightech_contribution": {"zh": "拉动全省高新", "en": "Contribution: high-tech"},
    "tgt.land_intensity": {"zh": "用地投资强度", "en": "Land intensity"},
    "tgt.above_province": {"zh": "增速高于全省", "en": "Growth above province"},
    "card.unit.% per year": {"zh": "%/年", "en": "%"},
    "card.unit.pp per year": {"zh": "百分点", "en": "pp"},
    "card.unit.100M yuan per km2": {"zh": "亿元/km²", "en": "100M yuan/km²"},
    "card.unit.odds": {"zh": "达标可能", "en": "odds"},
    "card.reference": {"zh": "对照 {value}", "en": "reference {value}"},
    "card.chance": {
        "zh": "约 100 次中 {n} 次达标（95 % 区间 {low}–{high}）",
        "en": "About {n} in 100 reach it (95 % interval {low}-{high})",
    },
    "card.gap_short": {"zh": "中位数低于目标 {gap}", "en": "Median {gap} below target"},
    "card.gap_over": {"zh": "中位数高出目标 {gap}", "en": "Median {gap} above target"},
    "card.note": {"zh": "达标 {odds}，{gap}", "en": "odds {odds}, {gap}"},
    "card.note_odds": {"zh": "区间 {low}–{high}，{gap}", "en": "95 %: {low}–{high}, {gap}"},
    # No line of a narrow card may end between a word and its number.
    "card.short": {"zh": "差\u00a0{gap}", "en": "{gap}\u00a0short"},
    "card.over": {"zh": "超\u00a0{gap}", "en": "{gap}\u00a0over"},
    "card.help": {
        "zh": "目标 {threshold}，{rule}，第 {article} 条。区间用 Wilson 法，N={n}",
        "en": "Target {threshold}; {rule}; article {article}. Wilson interval, N={n}",
    },
    "card.above_help": {
        "zh": "四个增速各减全省同一指标的增速，取其中最小的一个；不随达标规则变",
        "en": "The smallest of the four growth rates less that of the province; the reach rule does not touch it",
    },
    "card.change_help": {
        "zh": "同一随机数下与对照之差：中位 {value}，95 % 区间 {low} 至 {high}；含零时没有箭头和颜色",
        "en": "Paired differences from the reference on the same luck: median {value}, 95 % interval {low} to {high}; "
        "no arrow and no colour while that holds zero",
    },
    "card.rule.total": {"zh": "全期合计", "en": "total of the period"},
    "card.change": {"zh": "较对照 {value}", "en": "{value} vs reference"},
    "lab.consistency": {"zh": "目标之间是否相容", "en": "Do the targets fit together?"},
    "lab.consistency.line": {
        "zh": "{subject}：增速 {rate} % 与拉动 {contribution} 个百分点同时成立，须占全省 {implied}；"
        "模型基年占 {model}（地区生产总值为公布值，其余为估计），增速达标时首年只拉动 {pull} 个百分点。",
        "en": "{subject}: growth of {rate} % and a contribution of {contribution} points imply a share of {implied} of "
        "the province; in the base year of the model it is {model} (published for GDP, an estimate for the others), so "
        "that in the first year growth on target contributes {pull} points.",
    },
    "subject.gdp": {"zh": "地区生产总值", "en": "GDP"},
    "subject.fai": {"zh": "固定资产投资", "en": "Fixed-asset investment"},
    "subject.industry": {"zh": "工业增加值", "en": "Industrial value added"},
    "subject.hightech": {"zh": "高新技术产业增加值", "en": "High-tech value added"},
    "lab.map": {"zh": "园区与联系网络", "en": "Parks and links"},
    "lab.year": {"zh": "年份", "en": "Year"},
    "lab.park": {"zh": "选择园区", "en": "Choose a park"},
    "lab.park.none": {"zh": "点击图中园区或在此选择", "en": "Click a park or choose one here"},
    "lab.ledger": {"zh": "财政台账", "en": "Fiscal ledger"},
    "lab.table": {"zh": "表格", "en": "Table"},
    "lab.replicates_file": {"zh": "下载可见数据（CSV）", "en": "Download visible data (CSV)"},
    "lab.runs_file": {"zh": "下载逐次模拟（Parquet）", "en": "Download every run (Parquet)"},
    "lab.document_file": {"zh": "下载全部结果（JSON）", "en": "Download the whole result (JSON)"},
    "park.output": {"zh": "产出（亿元/年）", "en": "Output (billion yuan a year)"},
    "park.firms": {"zh": "企业（家）", "en": "Firms"},
    "park.employment": {"zh": "就业（人）", "en": "Employment (persons)"},
    "park.land_used": {"zh": "已用工业用地（平方公里）", "en": "Industrial land used (km²)"},
    "park.land_free": {"zh": "可供工业用地（平方公里）", "en": "Serviced land free (km²)"},
    "park.flows": {"zh": "最大的三条通勤联系", "en": "Its three largest commuter links"},
    "table.target": {"zh": "目标", "en": "Target"},
    "table.threshold": {"zh": "目标值", "en": "Threshold"},
    "table.median": {"zh": "中位数", "en": "Median"},
    "table.low": {"zh": "5 % 分位", "en": "5th percentile"},
    "table.high": {"zh": "95 % 分位", "en": "95th percentile"},
    "table.reference": {"zh": "对照", "en": "Reference"},
    "table.change": {"zh": "较对照变化", "en": "Change"},
    "table.change_range": {"zh": "变化的 95 % 区间", "en": "95 % interval of the change"},
    "table.chance": {"zh": "达标可能", "en": "Probability"},
    "table.persons": {"zh": "{n} 人", "en": "{n} persons"},
}


def merged() -> Mapping[str, Mapping[str, str]]:
    """Return the whole table. Raises ValueError if two parts name the same key."""
    from experiments.chart_text import TEXT as CHARTS
    from experiments.dashboard.link_words import TEXT as LINKS
    from experiments.dashboard.words_data import TEXT as DATA

    table: dict[str, Mapping[str, str]] = {}
    for part in (TEXT, LINKS, CHARTS, DATA):
        twice = table.keys() & part.keys()
        if twice:
            raise ValueError(f"texts named twice: {sorted(twice)}")
        table.update(part)
    return table


class Words:
    """The texts of one language; `words("key", n=1)` fills in the blanks."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.terminal = Messages(language)  # numbers, money and verdict words are those of the command line
        self._table = merged()

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of a key. Raises KeyError for a key that the table lacks."""
        return self._table[key][self.language].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """Return the text of a key, or `otherwise` if the table lacks it: names that come from data."""
        return self._table[key][self.language] if key in self._table else otherwise

    def title(self, row: Any) -> str:
        """Return the title of a record in this language."""
        return str(row[f"title_{self.language}"] if isinstance(row, dict) else getattr(row, f"title_{self.language}"))

    def unit(self, unit: str) -> str:
        """Return the unit of a table in this language."""
        return unit_name(unit, self.language)

    def quantity(self, number: str, unit: str) -> str:
        """Return a number, already text, with the unit of a table in this language."""
        return quantity(number, unit, self.language)

    def dates(self, setting: Setting) -> str:
        """Return when a setting holds, or nothing if it always does."""
        said = ""
        if setting.end is not None:
            said = self("date.span", start=date_of(setting.start), end=date_of(setting.end))
        elif setting.start != 1:
            said = self("date.from", start=date_of(setting.start))
        return said + (self("date.ramp", n=setting.ramp) if setting.ramp else "")

    def measured(self, row: Mapping[str, Any]) -> str:
        """Return the title of a target with the year that its value is of, where it is not the average."""
        title = self.title(row)
        if row["rule"] == "each":
            return self("measure.each", title=title)
        return self("measure.final", title=title) if row["rule"] == "final" else title

    def bracketed(self, text: str, inside: str) -> str:
        """Return a text with another one in brackets behind it, as the language writes them."""
        return f"{text}（{inside}）" if self.language == "zh" else f"{text} ({inside})"

    def labelled(self, label: str, text: str) -> str:
        """Return a label with its text behind it, as the language writes them."""
        return f"{label}：{text}" if self.language == "zh" else f"{label}: {text}"

    def together(self, *texts: str) -> str:
        """Return sentences one after the other; Chinese has no blank between them."""
        return ("" if self.language == "zh" else " ").join(text for text in texts if text)

    def sentences(self, parts: Sequence[str]) -> str:
        """Return parts as sentences: each with its full stop."""
        return self.together(*(part + ("。" if self.language == "zh" else ".") for part in parts))

    def either(self, names: Sequence[str]) -> str:
        """Return names of which one is meant."""
        return ("、" if self.language == "zh" else " or ").join(names)

    def with_money(self, number: str, value: float, unit: str) -> str:
        """Return a number of a table, already text, and how policy texts write its money: in 亿元, 万元 or billions."""
        same = not value or (self.language == "en" and abs(value) < 100)  # a million is a million in English
        if same or not unit.startswith("million yuan"):
            return number
        return self("lever.money", number=number, money=money(value, self.terminal))

    def article(self, number: int, desk: Desk) -> str:
        """Return the heading of an article with the number of its changed levers."""
        rows = [row for row in tables.levers().values() if row.article == number]
        changed = sum(row.id in desk.scenario.levers for row in rows)
        subject = getattr(articles()[number], f"subject_{self.language}")
        text = self("frame.article.title", n=number, subject=subject)
        return text + (self("frame.article.changed", k=changed) if changed else "")

    def lever_help(self, row: Lever) -> str:
        """Return what a lever does in the model, its baseline, what the text says, and its range."""
        effect = effects()[row.id]
        baseline = self.quantity(f"{row.baseline:g}", row.unit)
        said = "lever.direction" if row.policy_value is None else "lever.text"
        parts = [
            self("lever.baseline", value=self.with_money(baseline, row.baseline, row.unit)),
            self(said, value=self.with_money(f"{row.as_written:g}", row.as_written, row.unit)),
            self("lever.range", low=f"{row.low:g}", high=self.with_money(f"{row.high:g}", row.high, row.unit)),
        ]
        does = effect.effect_zh if self.language == "zh" else effect.effect_en
        return f"{does}\n\n{row.id} · " + " · ".join(parts)

"""All texts of the app in one table, the same keys in 中文 and in English; charts and data page join it here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.articles import articles
from experiments.dashboard.desk import Desk
from experiments.messages import Messages
from experiments.units import quantity, unit_name
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
        "en": "This page failed; the policy is not lost. Code {code}, to be given to a maintainer. Another page, or "
        "undo, goes on.",
    },
    # frame
    "frame.language": {"zh": "语言", "en": "Language"},
    "frame.undo": {"zh": "撤销", "en": "Undo"},
    "frame.redo": {"zh": "重做", "en": "Redo"},
    "frame.reset": {"zh": "恢复基准", "en": "Reset"},
    "frame.ghost": {"zh": "显示上一步", "en": "Show previous step"},
    "frame.ghost.help": {
        "zh": "图中细虚线是上一次移动之前的结果。",
        "en": "The thin dashed line is the result before the last move.",
    },
    "frame.preset": {"zh": "预设方案", "en": "Presets"},
    "frame.preset.choose": {"zh": "选择…", "en": "Choose…"},
    "frame.preset.differs": {"zh": "与当前相差 {n} 项工具。", "en": "Differs from the current policy in {n} levers."},
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
    "frame.assumptions": {"zh": "情景假设（固定 {n} 项）", "en": "Assumptions ({n} fixed)"},
    "frame.definitions": {"zh": "口径", "en": "Definitions"},
    "frame.share": {"zh": "分享与下载", "en": "Share and download"},
    "lever.baseline": {"zh": "基准 {value}", "en": "Baseline {value}"},
    "lever.text": {"zh": "文件值 {value}", "en": "the text says {value}"},
    "lever.direction": {
        "zh": "文件只给方向，建议值 {value}（假设）",
        "en": "direction only; suggested {value} (assumption)",
    },
    "lever.range": {"zh": "范围 {low} 至 {high}", "en": "range {low} to {high}"},
    "fine.value": {"zh": "数值", "en": "Value"},
    "fine.from": {"zh": "起始季度", "en": "From quarter"},
    "fine.to": {"zh": "结束季度", "en": "To quarter"},
    "fine.open": {"zh": "一直有效", "en": "to the end"},
    "fine.ramp": {"zh": "爬坡季度数", "en": "Ramp, quarters"},
    "fine.apply": {"zh": "采用", "en": "Apply"},
    "date.from": {"zh": "（{start} 起）", "en": "(from {start})"},
    "date.span": {"zh": "（{start}—{end}）", "en": "({start} to {end})"},
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
    "def.share": {"zh": "基年占全省份额", "en": "Base share of the province"},
    "def.share.published": {"zh": "公布的份额", "en": "As published"},
    "def.share.implied": {"zh": "文件隐含的份额", "en": "Implied by the text"},
    "def.path": {"zh": "外部环境", "en": "Outside world"},
    "def.path.observed": {"zh": "实际走过的 2021—2025", "en": "2021-2025 as it happened"},
    "def.path.as_seen_in_2020": {"zh": "2020 年时的预期", "en": "As expected in 2020"},
    "def.replicates": {"zh": "重复次数", "en": "Replicates"},
    "share.link": {
        "zh": "浏览器地址栏就是分享链接：复制它，别人打开得到同一方案。",
        "en": "The address bar is the share link: whoever opens it gets the same policy.",
    },
    "share.file": {
        "zh": "方案文件可保存、修改，也可在命令行得到同样的数字：",
        "en": "The scenario file can be kept and changed; the command line gives the same numbers from it:",
    },
    "share.scenario": {"zh": "下载方案 (TOML)", "en": "Download scenario (TOML)"},
    "share.open": {"zh": "打开方案文件（.toml，至多 1 MB）", "en": "Open a scenario file (.toml, at most 1 MB)"},
    "share.refused": {
        "zh": "这个文件没有被采用，当前方案不变：",
        "en": "This file was not taken; the current policy stays:",
    },
    "link.bad": {
        "zh": "链接中有 {n} 个值无法识别，已用基准值代替：",
        "en": "Not recognised in the link: {n}. Baseline values are used instead:",
    },
    "link.version": {
        "zh": "此链接由模型 {old} 生成，当前为 {new}，结果可能不同。",
        "en": "This link was made with model {old}; this is {new}. Results may differ.",
    },
    # lab
    "lab.baseline": {
        "zh": "当前就是基准方案。移动左侧任一滑块开始比较。",
        "en": "This is the baseline. Move any slider on the left to compare.",
    },
    "lab.answer": {
        "zh": "九项目标中最可能达到 {median} 项（90 % 区间 {p05}–{p95}）；九项同时达到：{all}。新区财政净支出 {cost}。",
        "en": "Of nine targets, {median} are most likely reached (90 % range {p05}-{p95}); all nine together: {all}. "
        "Net cost to the New Area: {cost}.",
    },
    "lab.weakest": {
        "zh": "离目标最远：{title}，中位 {median}，差 {gap}。",
        "en": "Furthest from reach: {title}, median {median}, {gap} short.",
    },
    "lab.none": {
        "zh": "在这些假设下，没有一项增长与贡献目标接近达到。",
        "en": "Under these assumptions none of the growth and contribution targets comes near.",
    },
    "lab.running": {"zh": "模拟中 {done}/{wanted}", "en": "Simulating {done} of {wanted}"},
    "lab.progress": {"zh": "已算完 {done}/{wanted}", "en": "{done} of {wanted} computed"},
    "lab.exact": {"zh": "精确 N={wanted}", "en": "Exact, N={wanted}"},
    "lab.cached": {"zh": "精确 N={wanted}（已缓存）", "en": "Exact, N={wanted} (cached)"},
    "lab.waiting": {"zh": "前面还有 {n} 次模拟属于其他人", "en": "{n} replicates of others are ahead"},
    "lab.error_size": {"zh": "95 % 区间最宽 {e} 个百分点", "en": "95 % intervals at most {e} points wide"},
    "lab.failed": {
        "zh": "本次计算失败，仍显示上一次成功的结果。编号 {code}，可复制给维护者。",
        "en": "This run failed; the last good result is still shown. Code {code}, to be given to a maintainer.",
    },
    "lab.refused": {"zh": "这个组合无法计算：", "en": "This combination cannot be run:"},
    "lab.some_failed": {"zh": "有 {n} 次模拟失败，未计入。", "en": "{n} replicates failed and are not counted."},
    "lab.growth": {"zh": "增长", "en": "Growth"},
    "lab.contribution": {"zh": "对全省", "en": "Contribution"},
    "lab.others": {"zh": "其他", "en": "Others"},
    "lab.view": {"zh": "看哪一组", "en": "Which group"},
    "tgt.gdp_growth": {"zh": "GDP 增速", "en": "GDP growth"},
    "tgt.fai_growth": {"zh": "固投增速", "en": "FAI growth"},
    "tgt.industry_growth": {"zh": "工业增速", "en": "Industry growth"},
    "tgt.hightech_growth": {"zh": "高技术增速", "en": "High-tech growth"},
    "tgt.gdp_contribution": {"zh": "拉动·GDP", "en": "Contrib. GDP"},
    "tgt.fai_contribution": {"zh": "拉动·固投", "en": "Contrib. FAI"},
    "tgt.industry_contribution": {"zh": "拉动·工业", "en": "Contrib. industry"},
    "tgt.hightech_contribution": {"zh": "拉动·高技术", "en": "Contrib. high-tech"},
    "tgt.land_intensity": {"zh": "投资强度", "en": "Intensity"},
    "tgt.above_province": {"zh": "高于全省", "en": "Above province"},
    "card.unit.% per year": {"zh": "%/年", "en": "%"},
    "card.unit.pp per year": {"zh": "百分点", "en": "pp"},
    "card.unit.100M yuan per km2": {"zh": "亿元/km²", "en": "100M/km²"},
    "card.reference": {"zh": "对照 {value}", "en": "reference {value}"},
    "card.chance": {"zh": "约 100 次中 {n} 次达标（{low}–{high}）", "en": "about {n} in 100 reach it ({low}-{high})"},
    "card.gap_short": {"zh": "低于目标 {gap}", "en": "{gap} below target"},
    "card.gap_over": {"zh": "高出目标 {gap}", "en": "{gap} above target"},
    "card.note": {"zh": "{odds} · {gap}", "en": "{odds} · {gap}"},
    "card.short": {"zh": "差 {gap}", "en": "{gap} short"},
    "card.over": {"zh": "超 {gap}", "en": "{gap} over"},
    "card.help": {
        "zh": "目标 {threshold}；{rule}；第 {article} 条。区间为 95 % Wilson 区间，N={n}。",
        "en": "Target {threshold}; {rule}; article {article}. Interval: 95 % Wilson, N={n}.",
    },
    "card.change_help": {
        "zh": "同一随机种子下与对照之差：中位 {value}，95 % 区间 {low} 至 {high}；含零时不着色。",
        "en": "Paired differences from the reference on the same luck: median {value}, 95 % {low} to {high}; no colour "
        "while that holds zero.",
    },
    "card.rule.total": {"zh": "五年合计", "en": "total of the period"},
    "card.change": {"zh": "{value} 比对照", "en": "{value} vs reference"},
    "lab.consistency": {"zh": "口径提示", "en": "Do the targets fit together?"},
    "lab.consistency.line": {
        "zh": "{subject}：增速 {rate} %、贡献 {contribution} 个百分点，意味着占全省 {implied}；"
        "模型基年为 {model}（地区生产总值为公布值，其余为估计）。",
        "en": "{subject}: growth of {rate} % and a contribution of {contribution} points imply a share of {implied} of "
        "the province; in the base year of the model it is {model} (published for GDP, an estimate for the others).",
    },
    "subject.gdp": {"zh": "地区生产总值", "en": "GDP"},
    "subject.fai": {"zh": "固定资产投资", "en": "Fixed-asset investment"},
    "subject.industry": {"zh": "规上工业", "en": "Industry"},
    "subject.hightech": {"zh": "高新技术", "en": "High-tech"},
    "lab.map": {"zh": "园区与联系网络", "en": "Parks and links"},
    "lab.year": {"zh": "年份", "en": "Year"},
    "lab.park": {"zh": "选择园区", "en": "Choose a park"},
    "lab.park.none": {"zh": "点击图中园区或在此选择", "en": "Click a park or choose one here"},
    "lab.ledger": {"zh": "财政台账", "en": "Fiscal ledger"},
    "lab.table": {"zh": "表格", "en": "Table"},
    "lab.replicates_file": {"zh": "下载可见数据 (CSV)", "en": "Download visible data (CSV)"},
    "lab.runs_file": {"zh": "下载逐次模拟（Parquet）", "en": "Download every run (Parquet)"},
    "lab.document_file": {"zh": "下载全部结果 (JSON)", "en": "Download the whole result (JSON)"},
    "park.output": {"zh": "产出（亿元/年）", "en": "Output (100M yuan a year)"},
    "park.firms": {"zh": "企业（家）", "en": "Firms"},
    "park.employment": {"zh": "就业（人）", "en": "Employment (persons)"},
    "park.land_used": {"zh": "已用工业用地（平方公里）", "en": "Industrial land used (km²)"},
    "park.land_free": {"zh": "可供工业用地（平方公里）", "en": "Serviced land free (km²)"},
    "park.flows": {"zh": "最大的三条通勤联系", "en": "Its three largest commuter links"},
    "table.target": {"zh": "目标", "en": "Target"},
    "table.threshold": {"zh": "门槛", "en": "Threshold"},
    "table.median": {"zh": "中位数", "en": "Median"},
    "table.low": {"zh": "5 %", "en": "5 %"},
    "table.high": {"zh": "95 %", "en": "95 %"},
    "table.reference": {"zh": "对照", "en": "Reference"},
    "table.change": {"zh": "变化", "en": "Change"},
    "table.change_range": {"zh": "变化的 95 % 区间", "en": "95 % of the change"},
    "table.chance": {"zh": "达标可能", "en": "Probability"},
    "table.persons": {"zh": "{n} 人", "en": "{n} persons"},
}


def merged() -> Mapping[str, Mapping[str, str]]:
    """Return the whole table. Raises ValueError if two parts name the same key."""
    from experiments.chart_text import TEXT as CHARTS
    from experiments.dashboard.words_data import TEXT as DATA

    table: dict[str, Mapping[str, str]] = {}
    for part in (TEXT, CHARTS, DATA):
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
        if setting.end is not None:
            return self("date.span", start=date_of(setting.start), end=date_of(setting.end))
        return self("date.from", start=date_of(setting.start)) if setting.start != 1 else ""

    def article(self, number: int, desk: Desk) -> str:
        """Return the heading of an article with the number of its changed levers."""
        rows = [row for row in tables.levers().values() if row.article == number]
        changed = sum(row.id in desk.scenario.levers for row in rows)
        subject = getattr(articles()[number], f"subject_{self.language}")
        text = self("frame.article.title", n=number, subject=subject)
        return text + (self("frame.article.changed", k=changed) if changed else "")

    def lever_help(self, row: Lever) -> str:
        """Return baseline, what the text says, range, and the source of a lever."""
        said = "lever.direction" if row.policy_value is None else "lever.text"
        parts = [
            self("lever.baseline", value=self.quantity(f"{row.baseline:g}", row.unit)),
            self(said, value=f"{row.as_written:g}"),
            self("lever.range", low=f"{row.low:g}", high=f"{row.high:g}"),
        ]
        return f"{row.id} · " + " · ".join(parts)

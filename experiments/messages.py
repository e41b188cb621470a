"""All texts for people, in one table: the same keys in 中文 and in English."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from experiments.messages_sweep import SWEEP_TEXTS

LANGUAGES = ("zh", "en")

_TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # the board
        "board.title": ("滇中新区政策实验室 · {horizon} 年目标板", "Dianzhong New Area · target board {horizon}"),
        "board.question": ("{scenario}，对照 {against}", "{scenario}, against {against}"),
        "board.extension": (
            "2030 年为本实验室的延伸口径，文件只给出 2025 年目标。",
            "2030 is our extension: the document sets targets for 2025 only.",
        ),
        # what differs from the shipped baseline
        "modified.line": (
            "调整后基准（方案与对照同样适用）：{changes}",
            "Modified baseline, for the policy and its reference alike: {changes}",
        ),
        "modified.against": ("对照不是“不实施”，而是“{title}”", "the reference is not “No policy” but “{title}”"),
        "modified.assume": ("{title}（{ident}）固定为 {value}", "{title} ({ident}) fixed at {value}"),
        "modified.more": ("另固定 {n} 项假设", "{n} more assumptions fixed"),
        "modified.assumptions.central": ("不确定参数取中间值", "uncertain parameters at their central values"),
        "modified.share.implied": ("基年占全省份额取文件隐含的值", "base shares of the province as the text implies"),
        "modified.path.as_seen_in_2020": ("外部环境取 2020 年时的预期", "the outside world as expected in 2020"),
        "modified.rule.each": ("按逐年达标", "targets to be met every year"),
        "modified.rule.final": ("按末年达标", "targets to be met in the final year"),
        "modified.horizon": ("目标年 {n}", "target year {n}"),
        "board.reached": (
            "九项中达到 {median} 项（5–95 %：{p05}–{p95}）；九项同时达到的可能性 {all}",
            "Reached {median} of {of} (5-95 %: {p05}-{p95}); all of them together: {all}",
        ),
        "board.columns.target": ("目标", "target"),
        "board.columns.threshold": ("门槛", "threshold"),
        "board.columns.median": ("中位数（5–95 %）", "median (5-95 %)"),
        "board.columns.probability": ("可能性（95 % 区间）", "probability (95 % interval)"),
        "board.at_least": ("≥ {threshold}", ">= {threshold}"),
        "board.above": ("> {threshold}", "> {threshold}"),
        "board.gap": ("差 {gap}", "gap {gap}"),
        "board.margin": ("超 {gap}", "margin {gap}"),
        "board.reference": ("对照 {value}（{probability}）", "reference {value} ({probability})"),
        "board.out_since": ("{year} 年起够不着", "out of reach after {year}"),
        "board.luck": ("运气占 {share}", "luck {share}"),
        "board.binding": ("卡在：{constraint}", "binding: {constraint}"),
        "board.unbound": ("没有一项约束能与运气区分开", "no single constraint tells from luck"),
        "board.undefined": ("无定义", "undefined"),
        "board.none": ("无结果", "no result"),
        "board.extra": ("只显示，不计入九项", "shown, not counted in the nine"),
        # verdict words
        "word.out": ("够不着", "out of reach"),
        "word.unlikely": ("不太可能", "unlikely"),
        "word.even": ("一半对一半", "even odds"),
        "word.likely": ("较可能", "likely"),
        "word.certain": ("几乎肯定", "near certain"),
        # parts below the board
        "groups.title": (
            "限制与支持，各自单独实施（中位变化）",
            "Restrictions and support, each alone (median change)",
        ),
        "groups.restricts": ("只限制", "restricts"),
        "groups.supports": ("只支持", "supports"),
        "groups.bundle": ("一起", "together"),
        "bill.title": ("账单", "The bill"),
        "bill.net": (
            "新区净支出（与对照之差）{cost}，{span}（5–95 %：{p05} 至 {p95}）",
            "Net cost to the New Area: {cost}, {span} (5-95 %: {p05} to {p95})",
        ),
        "bill.transfers": ("省、昆明市另外负担 {cost}", "The province and Kunming carry a further {cost}"),
        "bill.transfers_less": ("省、昆明市少负担 {cost}", "The province and Kunming carry {cost} less"),
        "bill.owed": (
            "期末拖欠的款项比对照多 {owed}，已计入；收入减少也会造成拖欠",
            "At the end {owed} more is owed than under the reference; this is counted, and lost revenue causes it too",
        ),
        "bill.owed_less": (
            "期末拖欠的款项比对照少 {owed}，已计入",
            "At the end {owed} less is owed than under the reference; this is counted",
        ),
        "bill.cofinance": ("公共工程中昆明市分担的部分", "Kunming's part of public works"),
        "bill.links": ("情景自带联系的工程", "Works on the scenario's own links"),
        "bill.top": ("其中最大的几项：", "The largest items:"),
        "bill.rationed": ("因预算不足被压减：", "Cut because the budget did not suffice:"),
        "bill.no_ration": ("预算足够，没有压减任何一项。", "The budget sufficed; nothing was cut."),
        "bill.free": ("没有财政支出变化。", "No change in public spending."),
        "province.title": ("全省净效应", "Net effect on the province"),
        "province.line": (
            "新区增加 {own}，全省净变化 {net}（{span}，2020 年价）",
            "The New Area gains {own}, the province as a whole {net} ({span}, 2020 prices)",
        ),
        "province.line_less": (
            "新区减少 {own}，全省净变化 {net}（{span}，2020 年价）",
            "The New Area loses {own}, the province as a whole {net} ({span}, 2020 prices)",
        ),
        "province.net": (
            "全省净变化已扣除对其他地区的挤出，以及补助资金本可在别处带来的产出 {forgone}",
            "The latter is net of displacement and of {forgone} that the grants would have bought elsewhere",
        ),
        "province.displaced": (
            "新区的增量中有 {share} 来自对省内其他地区的挤出。",
            "{share} of the gain is displaced from elsewhere in the province.",
        ),
        "province.shared": (
            "没有挤出：省内其他地区另增 {gain}。",
            "Nothing is displaced: other places gain a further {gain}.",
        ),
        "contradictions.title": ("目标之间的矛盾", "Targets that contradict each other"),
        "contradictions.line": (
            "{subject}：增长 {rate} % 与拉动 {pull} 个百分点同时成立，要求占全省 {share}",
            "{subject}: {rate} % growth and {pull} points of pull agree only at {share} of the province",
        ),
        "contradictions.model": ("（基年实际约 {share}）", " (base year: {share})"),
        "subject.gdp": ("地区生产总值", "GDP"),
        "subject.fai": ("固定资产投资", "Fixed investment"),
        "subject.industry": ("工业增加值", "Industrial value added"),
        "subject.hightech": ("高新技术产业增加值", "High-tech value added"),
        "provenance.run": (
            "{replicates} 次重复（失败 {failed}）· 规模 {scale} · 种子 {seed} · 假设 {assumptions} · 路径 {path} · "
            "口径 {rule}/{share}",
            "{replicates} replicates ({failed} failed) · scale {scale} · seed {seed} · assumptions {assumptions} · "
            "path {path} · rule {rule}/{share}",
        ),
        "provenance.source": (
            "版本 {version} · 方案 {scenario} · 数据 {data}",
            "version {version} · scenario {scenario} · data {data}",
        ),
        "provenance.meaning": (
            "概率是在给定模型与假设区间下对不确定参数和运气的频率，不是预测。",
            "A probability is a frequency over uncertain parameters and luck, given this model; it is not a forecast.",
        ),
        "written": ("已写入 {folder}：{files}", "Written to {folder}: {files}"),
        # money and units
        "unit.money": ("{value} 亿元", "{value} billion yuan"),
        "unit.small_money": ("{value} 万元", "{value} million yuan"),
        # constraints
        "constraint.land_quota": ("用地指标", "land quota"),
        "constraint.serviced_land": ("熟地供应", "serviced land"),
        "constraint.budget": ("财政预算", "budget"),
        "constraint.credit": ("信贷", "credit"),
        "constraint.labour": ("劳动力", "labour"),
        "constraint.demand": ("市场需求", "demand"),
        "constraint.threshold": ("准入门槛", "admission threshold"),
        "constraint.energy_quota": ("能耗指标", "energy quota"),
        "constraint.approval_time": ("审批时间", "approval time"),
        "constraint.building_time": ("建设周期", "building time"),
        # progress
        "progress.label": ("重复", "replicates"),
        "progress.seconds": ("约剩 {n} 秒", "about {n} s left"),
        "progress.minutes": ("约剩 {n} 分钟", "about {n} min left"),
        # check
        "check.ok": ("{file}：可以运行", "{file}: can be run"),
        "check.levers": ("改动的杠杆（基准 → 设定）：", "Levers changed (baseline -> setting):"),
        "check.no_levers": ("没有改动任何杠杆：这就是基准方案。", "No lever is changed: this is the baseline."),
        "check.same": ("（等于基准值）", " (equals the baseline)"),
        "check.dates": ("，{start} 至 {end}", ", {start} to {end}"),
        "check.end": ("期末", "the end"),
        "check.ramp": ("，分 {n} 个季度到位", ", in {n} quarterly steps"),
        "check.needs": (
            "  提示：{lever} 在 {background} 之下才起作用，而本方案没有设定它。",
            "  note: {lever} acts only together with {background}, which this scenario does not set.",
        ),
        "timing.late": (
            "{lever} 从 {start} 起才实施，晚于 {horizon} 年末：不起作用。",
            "{lever} begins {start}, after the end of {horizon}: it has no effect.",
        ),
        "timing.ramp": (
            "{lever} 从 {start} 起分 {n} 个季度到位，但到最后一个季度 {last} 只走完 {share}。",
            "{lever} rises over {n} quarters from {start}; in {last}, its last quarter, it has made {share} of its "
            "change.",
        ),
        "timing.against": ("对照方案：{warning}", "Reference: {warning}"),
        "check.assumptions": ("假设：", "Assumptions:"),
        "check.parks": ("假设的园区：", "Hypothetical parks:"),
        "check.links": ("假设的联系：", "Hypothetical links:"),
        "check.runs": (
            "{arms} 个对照组 × {replicates} 次重复，加 {lucks} 次换运气，共 {runs} 次模拟；{workers} 个进程约 {time}。",
            "{arms} arms x {replicates} replicates, and {lucks} reruns with other luck: {runs} runs; "
            "about {time} with {workers} workers.",
        ),
        "time.seconds": ("{n} 秒", "{n} s"),
        "time.minutes": ("{n} 分钟", "{n} min"),
        "time.hours": ("{n} 小时", "{n} h"),
        # describe
        "describe.topics": (
            "可以查看（dianzhong describe 主题 [名称]）：",
            "What can be described (dianzhong describe TOPIC [NAME]):",
        ),
        "describe.levers": ("政策杠杆", "policy levers"),
        "describe.targets": ("目标", "targets"),
        "describe.parameters": ("参数与假设", "parameters and assumptions"),
        "describe.indicators": ("指标", "indicators"),
        "describe.scenarios": ("方案", "scenarios"),
        "describe.parks": ("园区", "parks"),
        "describe.links": ("联系网络的边", "links of the integration graph"),
        "describe.schedule": ("一个季度的各阶段", "the stages of one quarter"),
        "describe.tree": ("可设置的全部名称：杠杆与参数", "every name that can be set: levers and parameters"),
        "describe.none": ("没有可显示的内容。", "Nothing to show."),
        "describe.article": ("第 {n} 条", "article {n}"),
        "describe.baseline": ("基准", "baseline"),
        "describe.as_written": ("文件", "as written"),
        "describe.suggested": ("建议", "suggested"),
        "describe.range": ("范围", "range"),
        "yes": ("是", "yes"),
        "no": ("否", "no"),
        # help
        "help.program": (
            "滇中新区政策实验室：2020 年实施意见能否实现 2025 年目标，卡在哪里，要花多少钱。",
            "A laboratory for the Dianzhong New Area: can the 2020 document reach its 2025 targets, what binds, "
            "and what does it cost?",
        ),
        "help.run": ("运行一个方案并与对照比较", "run one policy against a reference"),
        "help.check": ("检查一个方案文件，不运行", "check a scenario file; run nothing"),
        "help.describe": ("查看有哪些杠杆、目标、参数……", "what there is: levers, targets, parameters, ..."),
        "help.prove": (
            "检验引擎：运气、尺度、涌现事实、主体的作用",
            "test the engine: luck, scale, emergent facts, agents",
        ),
        "help.app": ("在浏览器中打开政策实验室", "open the Policy Lab in a browser"),
        "help.port": ("端口（默认 8501，被占用时另选）", "port (default: 8501, or a free one if it is taken)"),
        "help.lan": ("也让局域网中的其他机器访问", "let other machines of the network in as well"),
        "help.allow_host": ("局域网中访问本机所用的名称（可重复）", "a name by which the network knows this machine"),
        "app.lan": (
            "警告：--lan 让同一网络中的任何人都能使用本实验室并占用本机算力；没有密码。",
            "warning: --lan lets anybody on the same network use this laboratory and this machine's time; no password.",
        ),
        "app.open": ("政策实验室：{urls} （按 Ctrl-C 结束）", "Policy Lab: {urls} (Ctrl-C ends it)"),
        "help.proof": ("检验项目：{proofs}", "one of: {proofs}"),
        "help.proof_workers": ("进程数（默认 {n}）", "number of processes (default: {n})"),
        "help.lang": ("输出语言", "language of the output"),
        "help.version": ("显示版本", "show the version"),
        "help.scenario": (
            "方案名或 .toml 文件（默认 as_written）",
            "name of a scenario or a .toml file (default: as_written)",
        ),
        "help.against": ("对照方案（默认 baseline）", "the reference (default: baseline)"),
        "help.set": ("改一个杠杆，可重复", "set one lever; may be repeated"),
        "help.assume": ("改一个参数，可重复", "set one parameter; may be repeated"),
        "help.assumptions": (
            "不确定参数：抽样，或取中间值（只剩运气）",
            "uncertain parameters: sampled, or central (luck alone)",
        ),
        "help.share": ("基年占全省份额：公布的，或文件隐含的", "base shares: as published, or implied by the text"),
        "help.path": ("全国与全省路径", "provincial and national paths"),
        "help.rule": ("达标规则：年均、逐年、末年", "reach rule: average, each year, final year"),
        "help.horizon": ("目标年（2030 为延伸）", "target year (2030 is our extension)"),
        "help.scale": (
            "每个模拟主体代表的真实企业或人数（默认 {n}）",
            "real firms or persons per simulated agent (default: {n})",
        ),
        "help.replicates": ("重复次数（默认 {n}）", "number of replicates (default: {n})"),
        "help.seed": ("随机种子（默认 {n}）", "root seed (default: {n})"),
        "help.workers": ("进程数（默认等于核数）", "number of processes (default: one per core)"),
        "help.binding": (
            "找出卡脖子的约束（每个约束多跑一组）",
            "find the binding constraint (one more arm per constraint)",
        ),
        "help.panel": ("另存期末的主体数据（需要 --out）", "also store the agents of the last quarter (needs --out)"),
        "help.out": ("结果写入这个新文件夹", "write the results into this new folder"),
        "help.json": ("在标准输出打印一个 JSON 文档", "print one JSON document on standard output"),
        "help.file": ("方案名或 .toml 文件", "name of a scenario, or a .toml file"),
        "help.topic": ("主题：{topics}", "one of: {topics}"),
        "help.name": ("编号或名称（部分亦可）", "an id or name, or part of one"),
        **SWEEP_TEXTS,
    }
)


class Messages:
    """The texts of one language; `messages("key", value=1)` fills in the blanks."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str, **values: object) -> str:
        """Return the text of a key. Raises KeyError for a key that the table lacks."""
        return _TEXTS[key][self._column].format(**values)

    def known(self, key: str, otherwise: str) -> str:
        """Return the text of a key, or `otherwise` if the table lacks it: names that come from data."""
        return _TEXTS[key][self._column] if key in _TEXTS else otherwise

    def title(self, row: Mapping[str, object]) -> str:
        """Return the title of a row of data in this language."""
        return str(row[f"title_{self.language}"])


def texts() -> Mapping[str, tuple[str, str]]:
    """Return the whole table, key -> (中文, English)."""
    return _TEXTS


def language_of_locale(environment: Mapping[str, str] | None = None) -> str:
    """Return zh if the locale of the terminal is Chinese, else en."""
    values = os.environ if environment is None else environment
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if values.get(name):
            return "zh" if values[name].lower().startswith("zh") else "en"
    return "en"

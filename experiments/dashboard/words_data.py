"""Texts of the data page, the same keys in 中文 and in English."""

from __future__ import annotations

from collections.abc import Mapping

# The terms that the page explains, in the order of the list; texts `term.*`.
TERMS = (
    "reference",
    "change",
    "horizon",
    "rule",
    "probability",
    "wilson",
    "replicates",
    "spread",
    "contribution",
    "share",
    "path",
    "land",
    "cut",
    "published",
    "badge",
)

TEXT: Mapping[str, Mapping[str, str]] = {
    "data.title": {"zh": "数据与依据", "en": "Data and sources"},
    "data.count": {"zh": "共 {n} 项", "en": "{n} entries"},
    "data.count.parts": {"zh": "参数 {p}，政策工具 {l}", "en": "{p} parameters, {l} levers"},
    "data.count.parameters": {"zh": "参数 {n} 个", "en": "{n} parameters"},
    "data.count.written": {
        "zh": "政策工具 {n} 项，文件值或建议值",
        "en": "{n} levers, value of the document or suggested",
    },
    "data.count.baseline": {"zh": "同样 {n} 项工具的基准值", "en": "the same {n} levers, baseline"},
    "data.colon": {"zh": "：", "en": ": "},
    "data.tab.numbers": {"zh": "参数与工具", "en": "Parameters and levers"},
    "data.tab.articles": {"zh": "条款映射", "en": "Article map"},
    "data.tab.definitions": {"zh": "定义", "en": "Definitions"},
    "data.tab.limits": {"zh": "限制", "en": "Limits"},
    "data.tab.version": {"zh": "版本", "en": "Version"},
    "data.kind": {"zh": "依据类型", "en": "Evidence"},
    "data.kind.document": {"zh": "文件", "en": "document"},
    "data.kind.statistics": {"zh": "公布的统计", "en": "published statistics"},
    "data.kind.literature": {"zh": "文献", "en": "literature"},
    "data.kind.recalled": {"zh": "凭记忆，未核", "en": "unverified, recalled"},
    "data.kind.derived": {"zh": "推算", "en": "derived"},
    "data.kind.assumption": {"zh": "假设", "en": "assumption"},
    "data.kind.missing": {"zh": "待核", "en": "source missing"},
    "data.sort": {"zh": "参数或工具", "en": "Parameter or lever"},
    "data.sort.parameter": {"zh": "参数", "en": "parameter"},
    "data.sort.lever": {"zh": "政策工具", "en": "lever"},
    "data.all": {"zh": "全部", "en": "all"},
    "data.search": {"zh": "搜索", "en": "Search"},
    "data.search.hint": {"zh": "编号、名称、来源或作用环节", "en": "id, title, source or where it acts"},
    "data.found": {"zh": "显示 {n} 行", "en": "{n} rows"},
    "data.note": {
        "zh": "默认值：参数的中间值；工具则是不实施文件时的基准值，也就是滑块的起点。"
        "文件值或建议值：只有工具才有，文件没有数值时是本实验室的建议。点一行看全部说明。",
        "en": "Default: the central value of a parameter; of a lever its baseline without the document, where its "
        "slider starts. As written: of levers only; where the document gives no figure it is our suggestion. "
        "Click a row for "
        "all that is known.",
    },
    "data.tags": {
        "zh": "来源按记录时的文字列出：文献名与摘记的原文为英文，其余已译成中文。"
        "标记：[F] 已在公布的页面上读到；[R] 凭记忆，未核；[D] 由其他数字推算；[A] 假设。",
        "en": "Tags in sources: [F] read in a published page; [R] recalled, to be verified; [D] derived from "
        "other figures; "
        "[A] assumption.",
    },
    "data.choose": {"zh": "查看一行", "en": "Look at one row"},
    "data.choose.hint": {"zh": "选择编号…", "en": "Choose an id…"},
    "data.unknown": {
        "zh": "链接中的编号 {id} 在本版本中不存在；请在下面选择。",
        "en": "The link names {id}, which this version does not have; choose one below.",
    },
    "data.col.id": {"zh": "编号", "en": "Id"},
    "data.col.title": {"zh": "名称", "en": "Title"},
    "data.col.value": {"zh": "默认值", "en": "Default"},
    "data.col.written": {"zh": "文件值或建议值", "en": "As written"},
    "data.col.range": {"zh": "范围", "en": "Range"},
    "data.col.unit": {"zh": "单位", "en": "Unit"},
    "data.col.source": {"zh": "来源", "en": "Source"},
    "data.col.confidence": {"zh": "可信度", "en": "Confidence"},
    "data.grade": {"zh": "可信度或条文表述", "en": "Confidence or wording of the document"},
    "data.col.used": {"zh": "作用环节", "en": "Where it acts"},
    "data.stage": {"zh": "第 {n} 步：{title}", "en": "stage {n}: {title}"},
    "data.source.article": {
        "zh": "云南省支持滇中新区的实施意见（2020 年 8 月印发）第 {n} 条；范围为假设",
        "en": "Yunnan Implementation Opinions on Dianzhong New Area (printed August 2020), article {n}; "
        "range: assumption",
    },
    "data.source.direction": {
        "zh": "云南省支持滇中新区的实施意见（2020 年 8 月印发）第 {n} 条（只给方向）；建议值与范围为假设",
        "en": "Yunnan Implementation Opinions on Dianzhong New Area (printed August 2020), article {n} "
        "(direction only); suggested setting and range: assumption",
    },
    "data.card.value": {"zh": "中间值", "en": "Central value"},
    "data.card.baseline": {"zh": "基准值（不实施文件时）", "en": "Baseline (without the document)"},
    "data.card.written": {"zh": "文件值", "en": "Value of the document"},
    "data.card.suggested": {
        "zh": "建议值（文件只给方向）",
        "en": "Suggested setting (the document names a direction only)",
    },
    "data.card.rests": {"zh": "依据：{kind}", "en": "evidence: {kind}"},
    "data.card.range": {"zh": "范围", "en": "Range"},
    "data.card.lever_range": {"zh": "范围（假设）", "en": "Range (an assumption)"},
    "data.card.role": {"zh": "角色", "en": "Role"},
    "data.card.recorded": {"zh": "来源原文", "en": "Source as recorded"},
    "data.card.refers": {"zh": "说明中提到", "en": "Named in its notes"},
    "data.card.code": {"zh": "代码名与表中注记（原文）", "en": "Name in code and note in the table"},
    "data.col.article": {"zh": "条款", "en": "Article"},
    "data.col.subject": {"zh": "主题", "en": "Subject"},
    "data.col.gist": {"zh": "摘要（本实验室概括）", "en": "Gist (our summary)"},
    "data.col.here": {"zh": "已建模/共", "en": "Modelled / all"},
    "data.col.state": {"zh": "状态", "en": "State"},
    "data.state.full": {"zh": "已建模", "en": "modelled"},
    "data.state.partly": {"zh": "部分建模", "en": "partly modelled"},
    "data.state.none": {"zh": "未建模", "en": "not modelled"},
    "data.confidence.high": {"zh": "高", "en": "high"},
    "data.confidence.medium": {"zh": "中", "en": "medium"},
    "data.confidence.low": {"zh": "低", "en": "low"},
    "data.confidence.figure": {"zh": "文件有明确数值", "en": "figure in the text"},
    "data.confidence.absolute wording": {"zh": "文件为绝对表述", "en": "absolute wording"},
    "data.confidence.direction": {"zh": "文件只给方向", "en": "direction only"},
    "data.role.uncertain": {
        "zh": "每次模拟从范围中抽样（三角分布）",
        "en": "drawn from its range in every replicate (triangular)",
    },
    "data.role.fixed": {"zh": "固定不变", "en": "fixed"},
    "data.role.check": {"zh": "只作检验，不作输入", "en": "a check, never an input"},
    "data.role.supports": {"zh": "支持类工具", "en": "a measure that supports"},
    "data.role.restricts": {"zh": "限制类工具", "en": "a measure that restricts"},
    "data.articles.note": {
        "zh": "文件：云南省{source}，2020 年 8 月印发。摘要是本实验室的概括，不是原文引用；"
        "“已建模/共”是作为工具建模的措施数与全部措施数；没有工具的条款列为未建模。",
        "en": "Document: Yunnan Province, Implementation Opinions {source}, printed August 2020. The gists are our "
        "summary, not a quotation. Modelled / all counts the measures that are levers here and all measures; an "
        "article "
        "without levers is not modelled.",
    },
    "data.absent": {"zh": "未建模的措施（{n} 项）", "en": "Measures that are not modelled ({n})"},
    "data.targets": {"zh": "九项目标，另加不计入的一项", "en": "The nine targets, and one that is not counted"},
    "data.published": {"zh": "已公布的统计（图中的圆点）", "en": "Published statistics (the dots of the charts)"},
    "data.col.year": {"zh": "年份", "en": "Year"},
    "data.col.published": {"zh": "公布值", "en": "Published"},
    "data.col.basis": {"zh": "时期与口径", "en": "Period and basis"},
    "data.terms": {"zh": "名词", "en": "Terms"},
    "term.reference": {
        "zh": "**对照**：同一批世界（相同的假设、随机数和外部环境），但所有政策工具都停在 2020 年的基准值。",
        "en": "**Reference**: the same worlds (same assumptions, luck and outside world) with every lever at its "
        "baseline of 2020.",
    },
    "term.change": {
        "zh": "**变化**：方案减对照，在同一随机数下逐次相减，取差值的中位数；后面是这个中位数的 95 % 区间。区间含零"
        "，就还不能说方案有影响，也不着色。",
        "en": "**Change**: policy less reference, pair by pair on the same luck; the median of the differences, "
        "with the 95 % interval of that median. While it holds zero, no effect can be claimed and there is "
        "no colour.",
    },
    "term.horizon": {
        "zh": "**目标年**：到哪一年检查是否达标。文件定的是 2025 年；2030 年是本实验室的延伸：没有终止日期的工具"
        "继续执行，门槛不变，平均算到 2030 年。",
        "en": "**Target year**: the year up to which targets are judged. The document says 2025; 2030 is our "
        "extension: levers without an end go on, thresholds stay, averages run to 2030.",
    },
    "term.rule": {
        "zh": "**达标规则**：年均，2021 年起的平均（增速用几何平均）达到门槛，是文件的读法；逐年，每一年都达到，卡"
        "片显示最低的一年；末年，最后一年达到。",
        "en": "**Reach rule**: average, the mean from 2021 (geometric for growth) meets the threshold, which is "
        "how the document reads; every year, each year meets it; final year, the last one does.",
    },
    "term.probability": {
        "zh": "**达标可能**：达到门槛的模拟次数占比，写作“约 100 次中几次”，附 95 % Wilson 区间。",
        "en": "**Probability**: share of replicates that reach the threshold, said as so many in 100, with a 95 % "
        "Wilson interval.",
    },
    "term.wilson": {
        "zh": "**95 % Wilson 区间**：次数有限带来的误差范围，次数越多越窄；不包含模型本身的误差。",
        "en": "**95 % Wilson interval**: the error of a finite number of replicates; more of them narrow it. It "
        "holds no error of the model itself.",
    },
    "term.replicates": {
        "zh": "**模拟次数 N**：模拟多少个世界。每个世界抽一组假设和随机数，方案与对照各算一遍。",
        "en": "**Replicates, N**: how many worlds are simulated. Each draws assumptions and luck, and runs with "
        "the policy and without.",
    },
    "term.spread": {
        "zh": "**5—95 % 范围**：N 次结果的中间九成，说明结果有多分散；与上面的区间不是一回事。",
        "en": "**5-95 % range**: the middle nine tenths of N results, how far they spread; not the interval above.",
    },
    "term.contribution": {
        "zh": "**对全省拉动**：新区当年增量占全省上年总量的百分点。",
        "en": "**Contribution**: growth of the New Area in points of last year's provincial total.",
    },
    "term.share": {
        "zh": "**基年占全省份额**：拉动的分母。“公布的份额”，GDP 用公布值，其余为估计；“文件隐含的份额”，由文件的增"
        "速与拉动目标相除得出。",
        "en": "**Base share of the province**: what contributions are measured against. As published: a published "
        "value for GDP, estimates for the rest. Implied by the text: contribution target over growth target.",
    },
    "term.path": {
        "zh": "**外部环境**：全省、昆明、全国与投资价格的路径。“实际情况”用 2021—2025 年已知的数，“2020 年时的预期”"
        "只用当时能知道的。",
        "en": "**Outside world**: the paths of province, Kunming, country and investment prices. As it happened: "
        "figures of 2021-2025 as known. As expected in 2020: only what could be known then.",
    },
    "term.land": {
        "zh": "**投资强度**：新引进工业项目的投资除以其用地，期内合计。",
        "en": "**Land intensity**: investment of new industrial projects over their land, total of the period.",
    },
    "term.cut": {
        "zh": "**压减**：新区当季财力付不起的承诺。小项先付，其余按比例减少，做过评估后效果差的先减；没有付的，"
        "也没有作用。",
        "en": "**Cut**: what the New Area cannot pay of its promises in a quarter. Small items are paid first, the "
        "others in proportion, or by their effect once an evaluation was held; what is not paid has no effect.",
    },
    "term.published": {
        "zh": "**圆点**：已公布的部分月份的增速，有些落在模型区间之外。2020 年以后的数只用来检验，没有用来调整模型；"
        "圆点在区间外，就是模型在那里没有说中。",
        "en": "**Dots**: published growth of parts of years, some of it outside the bands. Figures after 2020 examine "
        "the model and never adjust it: a dot outside a band is where the model did not hit.",
    },
    "term.badge": {
        "zh": "**徽标**：○ 还在算，已完成几次；● 模拟已完成，N 次都在内；“取自缓存”，先前算过同一问题。",
        "en": "**Badge**: ○ still running, so many done; ● complete, all N done; cached, the same question was "
        "answered before.",
    },
    "data.limits": {
        "zh": "这是实验室，不是预测：一半以上的数是带范围的假设。\n"
        "2020 年基数是工作值：新区没有公布完整的 2020 年核算。\n"
        "没有金融部门，没有产业用地以外的土地市场；全省与全国是外生路径。\n"
        "个人技能终身不变；预期简单，没有人预见政策。\n"
        "价格不转嫁成本；研发支出不计现金；在位企业不在新区内部搬迁。\n"
        "“高于全省”一项由部分年度数据决定，可信度低。\n"
        "2023 年已公布的生产总值与工业增速（部分月份）多数高于模型区间：对 2021—2025 年，模型可能偏低。",
        "en": "It is a laboratory, not a forecast: more than half of its numbers are assumptions with a range.\n"
        "The 2020 base is a working base: no complete accounts of the New Area for 2020 were published.\n"
        "No finance sector, no land market beyond industry; province and country are outside paths.\n"
        "Skills last for life; expectations are simple, nobody foresees policy.\n"
        "Prices do not pass costs on; research is not paid in cash; incumbents do not move between sites.\n"
        "“Above province” is decided by part-year figures: low confidence.\n"
        "Most of the published growth of GDP and industry in parts of 2023 lies above the bands: the model may be "
        "too low.",
    },
    "data.limits.more": {
        "zh": "完整清单见项目文档 `docs/odd.md` 的第一节。",
        "en": "The full list opens `docs/odd.md` of the project.",
    },
    "data.version": {
        "zh": "模型 {version}；数据表 SHA-256 `{data}`；所用软件包：",
        "en": "Model {version}; SHA-256 of the tables `{data}`; packages:",
    },
}

"""Texts of the data page, the same keys in 中文 and in English."""

from __future__ import annotations

from collections.abc import Mapping

TEXT: Mapping[str, Mapping[str, str]] = {
    "data.title": {"zh": "数据与依据", "en": "Data and sources"},
    "data.count": {"zh": "共 {n} 个数：", "en": "{n} numbers: "},
    "data.tab.numbers": {"zh": "参数与工具", "en": "Numbers"},
    "data.tab.articles": {"zh": "条款映射", "en": "Article map"},
    "data.tab.definitions": {"zh": "定义", "en": "Definitions"},
    "data.tab.limits": {"zh": "限制", "en": "Limits"},
    "data.tab.version": {"zh": "版本", "en": "Version"},
    "data.kind": {"zh": "类型", "en": "Kind"},
    "data.kind.document": {"zh": "文件", "en": "document"},
    "data.kind.statistics": {"zh": "公布的统计", "en": "published statistics"},
    "data.kind.literature": {"zh": "文献", "en": "literature"},
    "data.kind.recalled": {"zh": "凭记忆、未核的文献", "en": "recalled, not verified"},
    "data.kind.derived": {"zh": "推算", "en": "derived"},
    "data.kind.assumption": {"zh": "假设", "en": "assumption"},
    "data.kind.missing": {"zh": "待核", "en": "source missing"},
    "data.sort": {"zh": "种类", "en": "Sort"},
    "data.sort.parameter": {"zh": "参数", "en": "parameter"},
    "data.sort.lever": {"zh": "政策工具", "en": "lever"},
    "data.all": {"zh": "全部", "en": "all"},
    "data.search": {"zh": "搜索", "en": "Search"},
    "data.search.hint": {"zh": "编号、名称、来源或作用", "en": "id, title, source or effect"},
    "data.found": {"zh": "显示 {n} 行", "en": "{n} rows"},
    "data.choose": {"zh": "查看一行", "en": "Look at one row"},
    "data.choose.hint": {"zh": "选择编号…", "en": "Choose an id…"},
    "data.unknown": {
        "zh": "链接中的编号 {id} 在本版本中不存在；请在下面选择。",
        "en": "The link names {id}, which this version does not have; choose one below.",
    },
    "data.col.id": {"zh": "编号", "en": "Id"},
    "data.col.title": {"zh": "名称", "en": "Title"},
    "data.col.value": {"zh": "值", "en": "Value"},
    "data.col.range": {"zh": "范围", "en": "Range"},
    "data.col.unit": {"zh": "单位", "en": "Unit"},
    "data.col.source": {"zh": "来源", "en": "Source"},
    "data.col.confidence": {"zh": "可信度", "en": "Confidence"},
    "data.col.role": {"zh": "作用", "en": "Role"},
    "data.grade": {"zh": "可信度或条文表述", "en": "Confidence or wording"},
    "data.col.used": {"zh": "用于", "en": "Used by"},
    "data.col.article": {"zh": "条款", "en": "Article"},
    "data.col.subject": {"zh": "主题", "en": "Subject"},
    "data.col.gist": {"zh": "摘要（本实验室概括）", "en": "Gist (our summary)"},
    "data.col.here": {"zh": "已建模", "en": "Levers"},
    "data.col.absent": {"zh": "未建模", "en": "Not modelled"},
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
    "data.role.uncertain": {"zh": "每次模拟抽样", "en": "drawn in every replicate"},
    "data.role.fixed": {"zh": "固定", "en": "fixed"},
    "data.role.check": {"zh": "只作检验，不作输入", "en": "a check, never an input"},
    "data.role.supports": {"zh": "支持", "en": "supports"},
    "data.role.restricts": {"zh": "限制", "en": "restricts"},
    "data.articles.note": {
        "zh": "文件：{source}。摘要是本实验室的概括，不是原文引用；没有工具的条款列为未建模。",
        "en": "Document: {source}. The gists are our summary, not a quotation; an article without levers is not "
        "modelled.",
    },
    "data.absent": {"zh": "未建模的措施（{n} 项）", "en": "Measures that are not modelled ({n})"},
    "data.rules": {
        "zh": "年均：2021 年起各年的平均达到门槛；文件的读法。\n逐年：每一年都达到门槛。\n末年：最后一年达到门槛。\n"
        "对全省拉动：新区当年增量占全省上年总量的百分点。\n"
        "投资强度：新引进工业项目的投资除以其用地，五年合计。\n"
        "可能性：达到门槛的模拟次数占比，附 95 % Wilson 区间；两组使用同一随机数。",
        "en": "Average: the mean over the years from 2021 meets the threshold; how the document reads.\n"
        "Every year: each year meets it.\nFinal year: the last year meets it.\n"
        "Contribution: growth of the New Area in points of last year's provincial total.\n"
        "Land intensity: investment of new industrial projects over their land, total of the period.\n"
        "Probability: share of replicates that reach the threshold, with its 95 % Wilson interval; both arms share "
        "luck.",
    },
    "data.limits": {
        "zh": "这是实验室，不是预测：一半以上的数是带范围的假设。\n"
        "2020 年基数是工作值：新区没有公布完整的 2020 年核算。\n"
        "没有金融部门，没有产业用地以外的土地市场；全省与全国是外生路径。\n"
        "个人技能终身不变；预期简单，没有人预见政策。\n"
        "价格不转嫁成本；研发支出不计现金；在位企业不在新区内部搬迁。\n"
        "“高于全省”一项由部分年度数据决定，可信度低。",
        "en": "It is a laboratory, not a forecast: more than half of its numbers are assumptions with a range.\n"
        "The 2020 base is a working base: no complete accounts of the New Area for 2020 were published.\n"
        "No finance sector, no land market beyond industry; province and country are outside paths.\n"
        "Skills last for life; expectations are simple, nobody foresees policy.\n"
        "Prices do not pass costs on; research is not paid in cash; incumbents do not move between sites.\n"
        "“Above province” is decided by part-year figures: low confidence.",
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

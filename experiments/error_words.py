"""Errors of scenario files in Chinese: the words for the templates in which `sim` says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from experiments.units import quantity
from sim.errors import Amount, InputError, Said, Titled, filled

# By English template; the blanks are the same.
ZH: Mapping[str, str] = {
    "{name}: {why}": "{name}：{why}",
    "{name}: {place}": "{name}：{place}",
    "{n} errors; nothing was run": "共 {n} 处错误；什么也没有运行",
    # the file
    "is nested too deeply to be read; write flat tables": "嵌套太深，无法读取；请写成平铺的表",
    "is not valid TOML: {error}; correct that place and try again": "不是有效的 TOML（{error}）；请改正该处后再试",
    "{places}: not a finite number; write an ordinary number": "{places}：不是有限的数；请写普通的数",
    "is a folder; name a .toml file inside it": "是文件夹；请指明其中的 .toml 文件",
    "is not an ordinary file; name a .toml file": "不是普通文件；请指明一个 .toml 文件",
    "no such file; check the spelling and the folder": "没有这个文件；请检查拼写和文件夹",
    "cannot be read ({reason}); check the name and the permissions": "无法读取（{reason}）；请检查文件名和权限",
    "is larger than {most} KiB; a scenario or study is a short text file": (
        "超过 {most} KiB；情景或研究文件应是简短的文本"
    ),
    "is UTF-16 text; save it as UTF-8": "是 UTF-16 文本；请另存为 UTF-8",
    "is a binary file, not TOML text": "是二进制文件，不是 TOML 文本",
    "line {line} is not UTF-8 text; save the file as UTF-8": "第 {line} 行不是 UTF-8 文本；请把文件另存为 UTF-8",
    "line {line} has {n} characters, at most {most}; break it up": "第 {line} 行有 {n} 个字符，最多 {most} 个；请拆开",
    "line {line} has a key with more than {most} dots; no name here is that deep": (
        "第 {line} 行的键有 {most} 个以上的点；这里没有这么深的名称"
    ),
    "line {line} has more than {most} open brackets; write flat tables": (
        "第 {line} 行同时打开的括号超过 {most} 个；请写成平铺的表"
    ),
    # the whole scenario
    "this is a study, not a scenario; use `dianzhong sweep FILE --out FOLDER`": (
        "这是研究文件，不是情景；请用 `dianzhong sweep 文件 --out 文件夹`"
    ),
    '{given!r} is not a name; write up to 60 letters, digits, _ or -, such as "my_plan"': (
        '{given!r} 不能作名称；请用至多 60 个字母、数字、_ 或 -，如 "my_plan"'
    ),
    "is missing; begin the file with format = 1": "缺少；请在文件开头写 format = 1",
    "{given!r} is not known; this version reads format = 1": "{given!r} 不认识；本版本读取 format = 1",
    "no such key; {offer}": "没有这个键；{offer}",
    "known are {names}": "可用的是 {names}",
    "did you mean {names}?": "是否想写 {names}？",
    "write one of {names}": "请从这些中选一个：{names}",
    'is not text; write one text, or {{ zh = "...", en = "..." }}': (
        '不是文本；请写一段文本，或 {{ zh = "...", en = "..." }}'
    ),
    "is longer than {most} characters; shorten it": "超过 {most} 个字符；请缩短",
    "{key} = {given} is not a text of 1 to {most} characters": "{key} = {given} 不是 1 至 {most} 个字符的文本",
    # levers and assumptions
    "is a result that the model is checked against, not an input; leave it out": (
        "是用来检验模型的结果，不能设定；请删去"
    ),
    "is not a table; write [{place}] and one line per {kind} below it": "不是表；请写 [{place}]，其下每个{kind}一行",
    "no such {kind}; {offer}": "没有这个{kind}；{offer}",
    "`dianzhong describe {topic}` lists all": "`dianzhong describe {topic}` 列出全部",
    "sets {id} ({name}) a second time; keep one of the two": "第二次设定了 {id}（{name}）；两处请留一处",
    "is a lever, not a parameter": "是政策工具，不是参数",
    "is a parameter, not a lever": "是参数，不是政策工具",
    "{what}; write {option} {name}={given}": "{what}；请写 {option} {name}={given}",
    "{what}; move it to [{table}]": "{what}；请移到 [{table}]",
    'value is missing; write {{ value = {value:g}, from = "2022Q1" }}': (
        '缺少 value；请写 {{ value = {value:g}, from = "2022Q1" }}'
    ),
    "from {start} to {end} runs backwards; exchange the two dates": "从 {start} 到 {end} 前后颠倒；请交换两个日期",
    "ramp_quarters = {given} is not a whole number from 0 to {most} quarters": (
        "ramp_quarters = {given} 不是 0 至 {most} 个季度的整数"
    ),
    '{key} = {given} is not a date of the simulation; write a quarter from {start} to {end}, such as "2022Q1"': (
        '{key} = {given} 不是模拟期内的日期；请写 {start} 至 {end} 的季度，如 "2022Q1"'
    ),
    "{key} = {given} {what}; allowed is {allowed}": "{key} = {given} {what}；允许 {allowed}",
    "is not a finite number": "不是有限的数",
    "is not a number": "不是数",
    "{key} = {given:g} {side} the allowed {allowed}; choose a value in that range": (
        "{key} = {given:g} {side}允许的 {allowed}；请取该范围内的值"
    ),
    "is below": "低于",
    "is above": "高于",
    "{amount} ({title})": "{amount}（{title}）",
    "{low:g} to {high:g}": "{low:g} 至 {high:g}",
    "{low:g} or more": "{low:g} 以上",
    "at most {high:g}": "至多 {high:g}",
    "any number of": "任意数值",
    # parks and links
    "is not a list of tables; begin each with [[{key}]]": "不是表的列表；每个请以 [[{key}]] 开头",
    "has {n} entries, at most {most}; shorten the list": "有 {n} 项，最多 {most} 项；请删减",
    'id = {given} is not an id; write small letters, digits and _, such as "north_park"': (
        'id = {given} 不能作标识；请用小写字母、数字和 _，如 "north_park"'
    ),
    "id = {given!r} exists already; choose another id": "id = {given!r} 已经存在；请换一个",
    "links {site} with itself; name two sites": "把 {site} 同自己相连；请写两个地点",
    "a {layer} link has {size}, not {other}": "{layer} 联系用 {size}，不用 {other}",
    "{key} is missing; write one of {names}": "缺少 {key}；请从这些中选一个：{names}",
    "{key} = {given}: there is no such {kind}; {offer}": "{key} = {given}：没有这个{kind}；{offer}",
    "{key} is missing; write a number from {allowed}": "缺少 {key}；请写 {allowed} 的数",
}


def error_text(error: InputError, language: str) -> str:
    """Return what an error says, one line for each thing; parts that have no Chinese words stay English."""
    return "\n".join(_in_chinese(line) for line in error.lines) if language == "zh" else str(error)


def _in_chinese(value: object) -> str:
    match value:
        case Said():
            given = {name: filled(part, "、", " 或 ", _in_chinese) for name, part in value.values.items()}
            return ZH[value.template].format(**given)
        case Titled():
            return value.zh
        case Amount():
            return quantity(_in_chinese(value.number), value.unit, "zh")
    return str(value)

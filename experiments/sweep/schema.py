"""The published schema of a sweep: every column with its type, unit and meaning, and how a run becomes a row.

Columns are only ever added; a store remembers in its manifest which ones it has.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from experiments.bill import OTHERS, payer_of
from sim.calibration import tables

if TYPE_CHECKING:
    import pyarrow as pa

    from experiments.engine import ArmResult

FORMAT = 1
OK, STATUSES = "ok", ("ok", "failed", "timeout", "killed")
TEXT, REAL, TRUTH, INT64, INT32, INT16 = "string", "float64", "bool", "int64", "int32", "int16"

_MONEY = "million yuan"
_REAL_MONEY = "million yuan, 2020 prices"
_SUMS = {"gdp_sum": "gdp", "province_gdp_sum": "province_gdp"}
_ENDS = {"employment_end": "employment", "population_end": "population", "debt_end": "debt", "arrears_end": "arrears"}


@dataclass(frozen=True)
class Field:
    """One column: machine name, type, unit, and what it means in both languages."""

    name: str
    type: str
    unit: str
    title_en: str
    title_zh: str

    def title(self, language: str) -> str:
        """Return the title for people: `zh` or `en`."""
        return self.title_zh if language == "zh" else self.title_en


@dataclass(frozen=True)
class RunRow:
    """One run as it is stored. A run that failed has a row with empty outcomes: never an absent row, never a zero.

    `varied` is by column of the points, `outcomes` by name in `outcome_fields`.
    """

    run_id: str
    point_id: int
    replicate: int
    seed: int
    status: str = OK
    error: str | None = None
    traceback: str | None = None
    varied: Mapping[str, Any] = field(default_factory=dict)
    outcomes: Mapping[str, float | bool | int | None] = field(default_factory=dict)

    def flat(self) -> dict[str, Any]:
        """Return the row as one mapping, by column; what is not a finite number is undefined."""
        own = {name: getattr(self, name) for name in _OWN}
        found = {**own, **self.varied, **self.outcomes}
        return {name: _storable(value) for name, value in found.items()}


_OWN = ("run_id", "point_id", "replicate", "seed", "status", "error", "traceback")
RUN_FIELDS = (
    Field("run_id", TEXT, "", "Run: 16 digits of a hash of study, point and replicate", "运行编号"),
    Field("point_id", INT32, "", "Number of the point in points.parquet", "设计点编号"),
    Field("replicate", INT32, "", "Replicate: the same draws and the same luck at every point", "重复编号"),
    Field("seed", INT64, "", "Root seed of the study", "根种子"),
    Field("status", TEXT, "", "How the run ended: ok, failed, timeout or killed", "状态"),
    Field("error", TEXT, "", "What went wrong, one line; empty if ok", "错误"),
    Field("traceback", TEXT, "", "Where it went wrong; empty if ok", "错误位置"),
)
POINT_FIELDS = (
    Field("point_id", INT32, "", "Number of the point, in the order of the design", "设计点编号"),
    Field("point_hash", TEXT, "", "sha256 of scenario, levers and assumptions", "设计点哈希"),
    Field("scenario", TEXT, "", "Name of the scenario", "情景"),
)
DRAW_FIELDS = (
    Field("replicate", INT32, "", "Replicate, as in runs", "重复编号"),
    Field("parameter", TEXT, "", "A sampled parameter, by id", "参数编号"),
    Field("value", REAL, "of the parameter", "What was drawn, before what a point or the study assumes", "抽样值"),
)
SERIES_FIELDS = (
    Field("run_id", TEXT, "", "Run, as in runs", "运行编号"),
    Field("quarter", INT16, "quarter", "Quarter; 0 is the fourth of 2020", "季度（0 为 2020 年四季度）"),
)
_TOTALS = (
    Field("targets_reached", INT16, "targets", "Targets reached, of the nine that count", "已实现目标数（共九项）"),
    Field("all_reached", TRUTH, "", "All nine targets reached together", "九项目标同时实现"),
    Field("net_cost", REAL, _MONEY, "Paid by the New Area over the run, or still owed", "新区净支出（含拖欠）"),
    Field("paid_total", REAL, _MONEY, "Paid by all payers over the run", "各方支出合计"),
    Field("paid_province", REAL, _MONEY, "Paid by the province over the run", "省级支出"),
    Field("paid_kunming", REAL, _MONEY, "Paid by Kunming over the run", "昆明市支出"),
    Field("rationed_total", REAL, _MONEY, "Support cut for lack of cash over the run", "因财力削减的支持合计"),
    Field("gdp_sum", REAL, _REAL_MONEY, "GDP of the New Area, 2021 to the horizon", "新区生产总值（2021 年起累计）"),
    Field("province_gdp_sum", REAL, _REAL_MONEY, "GDP of the province, 2021 to the horizon", "全省生产总值（累计）"),
    Field("employment_end", REAL, "persons", "Employment in the last quarter", "期末就业"),
    Field("population_end", REAL, "persons", "Resident population in the last quarter", "期末常住人口"),
    Field("debt_end", REAL, _MONEY, "Special bonds outstanding in the last quarter", "期末专项债余额"),
    Field("arrears_end", REAL, _MONEY, "Support in arrears in the last quarter", "期末欠付支持"),
)


def outcome_fields() -> tuple[Field, ...]:
    """Return the outcomes of a run: each target with its value and whether it was reached, then totals."""
    values = [Field(row.id, REAL, row.unit, row.title_en, row.title_zh) for row in tables.targets().values()]
    reached = [
        Field(f"{row.id}_reached", TRUTH, "", f"Reached: {row.title_en}", f"已实现：{row.title_zh}")
        for row in tables.targets().values()
    ]
    return (*(column for pair in zip(values, reached, strict=True) for column in pair), *_TOTALS)


def indicator_fields() -> tuple[Field, ...]:
    """Return the indicators of a quarter, as the model records them."""
    from sim.stages.measure import INDICATORS

    return tuple(Field(name, REAL, unit, title_en, title_zh) for name, (unit, title_zh, title_en) in INDICATORS.items())


def outcomes(result: ArmResult) -> dict[str, float | bool | int | None]:
    """Return the outcomes of one run by name; what is undefined is None.

    `net_cost` is what the verdict calls so, of this run alone: the verdict's figure is its difference to the reference
    on the same replicate, like every gain.
    """
    nine = [row.id for row in tables.targets().values() if row.counted]
    reached = sum(result.targets[ident].reached for ident in nine)
    found: dict[str, float | bool | int | None] = {}
    for ident, measured in result.targets.items():
        found |= {ident: measured.value, f"{ident}_reached": measured.reached}
    found |= {"targets_reached": reached, "all_reached": reached == len(nine)}
    found |= _money(result)
    found |= {name: _total(result.yearly[indicator][1:]) for name, indicator in _SUMS.items()}
    found |= {name: _finite(result.record[indicator][-1]) for name, indicator in _ENDS.items()}
    return found


def _money(result: ArmResult) -> dict[str, float]:
    paid = result.paid
    payer = {item: payer_of(item) for item in paid}
    return {
        "net_cost": math.fsum(amount for lever, amount in paid.items() if payer[lever] not in OTHERS),
        "paid_total": math.fsum(paid.values()),
        "paid_province": math.fsum(amount for lever, amount in paid.items() if payer[lever] == "province"),
        "paid_kunming": math.fsum(amount for lever, amount in paid.items() if payer[lever] == "kunming"),
        "rationed_total": math.fsum(result.rationed.values()),
    }


def _total(years: Sequence[float | None]) -> float | None:
    known = [value for value in years if value is not None]
    return math.fsum(known) if len(known) == len(years) else None


def clean(text: str) -> str:
    """Return text that can be stored as UTF-8: bytes of a path that are none are written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _storable(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else _finite(value)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def varied_field(name: str, kind: str) -> Field:
    """Return the column of a varied lever, start quarter, parameter or scenario, described by the model's tables."""
    group, _, rest = name.partition(".")
    ident, _, what = rest.partition(".")
    if group == "policy" and ident in tables.levers():
        lever = tables.levers()[ident]
        if what:
            return Field(name, kind, "quarter", f"First quarter of: {lever.title_en}", f"{lever.title_zh}：起始季度")
        return Field(name, kind, lever.unit, lever.title_en, lever.title_zh)
    if group == "uncertain" and ident in tables.parameters():
        row = tables.parameters()[ident]
        return Field(name, kind, row.unit, row.title_en, row.title_zh)
    if name == "scenario":
        return Field(name, kind, "", "Name of the scenario", "情景")
    return Field(name, kind, "", name, name)


def run_fields(columns: Mapping[str, str], names: Iterable[str]) -> tuple[Field, ...]:
    """Return the columns of a part of runs: the run, what is varied, and the outcomes named."""
    known = {column.name: column for column in outcome_fields()}
    varied = [varied_field(name, kind) for name, kind in columns.items()]
    return (*RUN_FIELDS, *varied, *(known[name] for name in names))


def point_fields(columns: Mapping[str, str]) -> tuple[Field, ...]:
    """Return the columns of points.parquet."""
    varied = [varied_field(name, kind) for name, kind in columns.items() if name != "scenario"]
    return (*POINT_FIELDS, *varied)


def series_fields(names: Iterable[str]) -> tuple[Field, ...]:
    """Return the columns of a part of the series: the quarter, and the indicators named."""
    known = {column.name: column for column in indicator_fields()}
    return (*SERIES_FIELDS, *(known[name] for name in names))


def arrow_schema(fields: Iterable[Field], metadata: Mapping[str, str] | None = None) -> pa.Schema:
    """Return the Arrow schema of columns, with units and meanings in the metadata of each field."""
    import pyarrow as pa

    kinds = {
        TEXT: pa.string(),
        REAL: pa.float64(),
        TRUTH: pa.bool_(),
        INT64: pa.int64(),
        INT32: pa.int32(),
        INT16: pa.int16(),
    }
    columns = [
        pa.field(column.name, kinds[column.type], metadata={"unit": column.unit, "description": column.title_en})
        for column in fields
    ]
    return pa.schema(columns, metadata=dict(metadata) if metadata else None)


def schema_markdown() -> str:
    """Return the tables of the published schema, for docs/store.md."""
    lever = Field("policy.<lever>", REAL, "of the lever", "A varied lever, by id", "")
    start = Field("policy.<lever>.from", REAL, "quarter", "Its first quarter, if varied; 1 is 2021Q1", "")
    varied = Field("uncertain.<parameter>", REAL, "of the parameter", "A varied parameter, by id", "")
    several = Field("scenario", TEXT, "", "Name of the scenario, if there are several", "")
    blocks = {
        "runs/part-*.parquet": (*RUN_FIELDS, several, lever, start, varied, *outcome_fields()),
        "points.parquet": (*POINT_FIELDS, lever, start, varied),
        "draws/part-*.parquet": DRAW_FIELDS,
        "series/part-*.parquet": (*SERIES_FIELDS, *indicator_fields()),
    }
    return "\n".join(_block(name, fields) for name, fields in blocks.items())


def _block(name: str, fields: Iterable[Field]) -> str:
    rows = [f"| `{f.name}` | {f.type} | {f.unit} | {f.title_en} |" for f in fields]
    return "\n".join(
        [f"### `{name}`", "", "| column | type | unit | meaning |", "| --- | --- | --- | --- |", *rows, ""]
    )

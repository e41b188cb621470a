"""The normal form of a study: TOML text that is the same for equal studies and reads back as the same study.

Scenarios, also those that come with the program, are written beside it as `scenario-<n>.toml`, so that a copy is
complete whatever a later version delivers. A list of points is written like a file of points, as `points.csv`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from experiments.sweep.design import SAMPLED, START, UNCERTAIN, Design, Varied
from experiments.sweep.study import Study

STUDY_FILE, POINTS_FILE = "study.toml", "points.csv"
_VALUES_A_LINE = 16
_LONGEST, _CHUNK = 400, 60  # a character may be spelled with six


def files(study: Study) -> dict[str, str]:
    """Return the files of a complete copy by name; `Study.read` of its study.toml gives an equal study."""
    copies = {STUDY_FILE: normal_form(study)}
    for name, scenario in zip(_scenario_files(study), study.scenarios, strict=True):
        copies[name] = scenario.normal_form()
    if study.design.kind == "file":
        copies[POINTS_FILE] = points_csv(study)
    return copies


def normal_form(study: Study) -> str:
    """Return canonical TOML text with a final line break."""
    return "\n".join(_lines(study)) + "\n"


def identity(study: Study) -> str:
    """Return the text whose sha256 identifies a study: its normal form without question and limits, the scenarios,
    and the table of points.
    """
    hashes = [scenario.sha256 for scenario in study.scenarios]
    return "\n".join([*_lines(study, identifying=True), *hashes, points_csv(study)])


def points_csv(study: Study) -> str:
    """Return the rows of the design as CSV text: the names of the columns, then one line per row."""
    from experiments.sweep.design import table

    rows = [",".join(axis.column for axis in study.varied)]
    for row in table(study.design, study.varied):
        rows.append(",".join(axis.cell(value) for axis, value in zip(study.varied, row, strict=True)))
    return "\n".join(rows) + "\n"


def _scenario_files(study: Study) -> list[str]:
    return [f"scenario-{number}.toml" for number in range(1, len(study.scenarios) + 1)]


def _lines(study: Study, *, identifying: bool = False) -> Iterator[str]:
    yield "format = 1"
    if study.question and not identifying:
        yield f"question = {text(study.question)}"
    names = _scenario_files(study)
    if len(names) == 1:
        yield f'scenario = "{names[0]}"'
    else:
        yield from ("scenarios = [", *(f'  "{name}",' for name in names), "]")
    yield from (f"{key} = {getattr(study, key)}" for key in ("seed", "scale", "horizon"))
    yield from (f'{key} = "{getattr(study, key)}"' for key in ("share", "path", "rule", "assumptions"))
    if study.assume:
        yield from ("", "[assume]")
        yield from (f"{ident} = {value!r}" for ident, value in sorted(study.assume.items()))
    for title, wanted in (("policy", False), ("uncertain", True)):
        axes = [axis for axis in study.varied if (axis.group == UNCERTAIN) is wanted]
        if axes:
            yield from ("", f"[vary.{title}]")
            yield from map(_varied, axes)
    if study.varied:
        yield from ("", "[design]", *_design(study.design))
    yield from ("", "[replicates]", *_replicates(study))
    if not identifying:
        yield from _limits(study)
    yield from ("", "[store]", f"series = {'true' if study.series else 'false'}")


def _replicates(study: Study) -> list[str]:
    asked = study.precision
    if asked is None:
        return [f"number = {study.replicates}"]
    names = [f'"{name}"' for name in asked.targets]
    # Written out also where nothing was named: another version may know other targets, and the copy must not move.
    targets = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
    return [f"half_width = {asked.half_width!r}", f"max = {study.replicates}", f"target = {targets}"]


def _limits(study: Study) -> list[str]:
    limits = study.limits
    return [
        "",
        "[failures]",
        f"allow = {limits.allow!r}",
        f"retry = {limits.retry}",
        f"timeout_s = {limits.timeout_s!r}",
        f"memory_mb = {limits.memory_mb}",
    ]


def _varied(axis: Varied) -> str:
    name = f'"{axis.ident}.{START}"' if axis.group == START else axis.ident
    if not axis.values:
        log = ", log = true" if axis.log else ""
        return f"{name} = {{ low = {axis.low!r}, high = {axis.high!r}{log} }}"
    cells = [f'"{axis.cell(value)}"' if axis.group == START else axis.cell(value) for value in axis.values]
    if len(cells) <= _VALUES_A_LINE:
        return f"{name} = {{ values = [{', '.join(cells)}] }}"
    lines = [f"  {', '.join(cells[i : i + _VALUES_A_LINE])}," for i in range(0, len(cells), _VALUES_A_LINE)]
    return "\n".join([f"{name} = {{ values = [", *lines, "] }"])


def _design(design: Design) -> Iterator[str]:
    yield f'kind = "{design.kind}"'
    if design.kind in SAMPLED:
        yield from (f"points = {design.points}", f"seed = {design.seed}")
    elif design.kind == "grid":
        yield from ([f"levels = {design.levels}"] if design.levels else [])
    else:
        yield f'file = "{POINTS_FILE}"'


def text(value: str) -> str:
    """Quote a text; a long one goes over several lines, because the door refuses lines above 500 characters."""
    if len(whole := _quoted(value)) <= _LONGEST:
        return f'"{whole}"'
    pieces = [_quoted(value[start : start + _CHUNK]) for start in range(0, len(value), _CHUNK)]
    # A backslash at the end of a line swallows the blanks that follow it, so a piece may not begin with one.
    safe = ["\\u0020" + piece[1:] if piece.startswith(" ") else piece for piece in pieces]
    return '"""\\\n' + "\\\n".join(safe) + '"""'


def _quoted(piece: str) -> str:
    return json.dumps(piece, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")

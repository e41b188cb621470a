"""What `[design]` of a study may say, and whether the whole is of a size that can be run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.sweep.design import KINDS, MOST_LEVELS, MOST_POINTS, MOST_RUNS, SAMPLED, Design, Varied, table
from experiments.sweep.study import Study
from experiments.sweep.study_problems import Problems, check_keys, quoted, whole
from experiments.sweep.study_rows import MAX_CSV_BYTES, file_rows, listed_rows
from experiments.sweep.study_text import POINTS_FILE, STUDY_FILE
from sim.errors import InputError
from sim.toml_guard import MAX_BYTES

KEYS_OF = {
    "latin-hypercube": ("points", "seed"),
    "sobol": ("points", "seed"),
    "grid": ("levels",),
    "list": ("rows",),
    "file": ("file",),
}
MOST_SEED = 2**63 - 1


def design_of(
    given: Mapping[str, Any], folder: Path, varied: Sequence[Varied] | None, seed: int, problems: Problems
) -> Design:
    """Return the design of a study that varies something, noting every error; files lie in `folder`.

    `varied` is None if something is wrong with it: the rows of a table are checked against it, so they have to wait.
    """
    kind = given.get("kind")
    if kind not in KINDS:
        what = "is missing" if kind is None else f"{quoted(kind)} is not known"
        problems.add("design.kind", f"{what}; choose {', '.join(KINDS)}")
        return Design("grid")
    check_keys(given, ("kind", *KEYS_OF[kind]), "design", problems)
    if kind in SAMPLED:
        return _sampled(kind, given, seed, problems)
    if kind == "grid":
        return _grid(given, varied, problems)
    if kind == "list":
        return Design("file", rows=listed_rows(given.get("rows"), varied, problems))
    return Design("file", rows=file_rows(given.get("file"), folder, varied, problems))


def _sampled(kind: str, given: Mapping[str, Any], seed: int, problems: Problems) -> Design:
    points = whole(given, "points", None, (2, MOST_POINTS), "design", problems)
    if kind == "sobol" and points & (points - 1):
        below = 1 << (points.bit_length() - 1)
        problems.add(
            "design.points",
            f"points = {points} is not a power of two, which a Sobol sequence needs to be even; "
            f"write {below} or {2 * below}",
        )
    return Design(kind, points=points, seed=whole(given, "seed", seed, (0, MOST_SEED), "design", problems))


def _grid(given: Mapping[str, Any], varied: Sequence[Varied] | None, problems: Problems) -> Design:
    ranges = [axis.column for axis in varied or () if not axis.values]
    if not ranges and "levels" not in given:
        return Design("grid")
    levels = whole(given, "levels", None, (2, MOST_LEVELS), "design", problems)
    return Design("grid", levels=levels if ranges else 0)


# What is known only of the whole


def check_size(study: Study, problems: Problems) -> None:
    """Note if a study whose points are known is too large, or if points of a sample repeat."""
    points, runs = study.number_of_points(), study.runs()
    if points > MOST_POINTS or runs > MOST_RUNS:
        problems.add("design", _too_large(study, points, runs))
        return
    if study.design.kind in SAMPLED and (lists := [axis.listed() for axis in study.varied]) and all(lists):
        _check_discrete(study, problems)
    # Numbers may be spelled longer in the copy than they were, and the copy must pass the door again.
    for name, copy in study.files().items():
        most = {STUDY_FILE: MAX_BYTES, POINTS_FILE: MAX_CSV_BYTES}.get(name)
        if most is not None and len(copy.encode()) > most:
            place = "vary" if name == STUDY_FILE else "design"
            problems.add(place, f"is too long in normal form ({most // 1024:,} KiB are allowed); shorten the lists")


def _too_large(study: Study, points: int, runs: int) -> str:
    rows, levels = study.design.size(study.varied), study.design.levels
    factors = "1 point" if rows == 1 else f"{rows:,} points"
    advice = "lower points, replicates or scenarios"
    if study.design.kind == "grid" and study.varied:
        sides = {axis.column: axis.side_length(levels) for axis in study.varied}
        longest = max(sides, key=lambda column: sides[column])
        factors = " x ".join(f"{side:,}" for side in sides.values()) + f" = {factors}"
        advice = f"thin {longest} ({sides[longest]:,} values), the longest side, or sample with latin-hypercube"
    scenarios = f" x {len(study.scenarios)} scenarios" if len(study.scenarios) > 1 else ""
    limit = f"at most {MOST_RUNS:,} runs" if runs > MOST_RUNS else f"at most {MOST_POINTS:,} points"
    return f"{factors}{scenarios} x {study.replicates:,} replicates = {runs:,} runs, {limit}; {advice}"


def _check_discrete(study: Study, problems: Problems) -> None:
    """Refuse a sample whose rows repeat: where every column is a list, that is likely and must be known now."""
    combinations = 1
    for axis in study.varied:
        combinations *= len(axis.listed())
    if study.design.points > combinations:
        problems.add(
            "design.points",
            f"points = {study.design.points:,} is more than the {combinations:,} combinations of the lists; "
            'use kind = "grid"',
        )
        return
    try:
        table(study.design, study.varied)
    except InputError as error:
        problems.add("design.points", str(error))

"""The 22 articles of the document as this laboratory reads them: own gists, what is a lever here, what is not."""

from __future__ import annotations

import csv
import functools
from dataclasses import dataclass
from importlib import resources

from sim.calibration import tables

SOURCE = "云南省《关于支持滇中新区深化改革创新加快推动高质量发展的实施意见》, 2020-08"


@dataclass(frozen=True, slots=True)
class Article:
    """One article: number, subject, and a summary of ours (never a quotation)."""

    number: int
    subject_zh: str
    subject_en: str
    gist_zh: str
    gist_en: str


@dataclass(frozen=True, slots=True)
class Unmodelled:
    """One measure of the document that is no lever of this release."""

    id: str
    article: int
    title_zh: str
    title_en: str


@functools.cache
def articles() -> dict[int, Article]:
    """Return all articles by number."""
    names = ("subject_zh", "subject_en", "gist_zh", "gist_en")
    rows = {int(row["number"]): [row[name] for name in names] for row in _rows("articles.csv")}
    return {number: Article(number, *texts) for number, texts in rows.items()}


@functools.cache
def unmodelled() -> tuple[Unmodelled, ...]:
    """Return the measures that are not modelled."""
    rows = _rows("unmodelled.csv")
    return tuple(Unmodelled(r["id"], int(r["article"]), r["title_zh"], r["title_en"]) for r in rows)


def coverage(number: int) -> tuple[int, int]:
    """Return how many measures of an article are levers here, and how many are not modelled."""
    here = sum(row.article == number for row in tables.levers().values())
    return here, sum(row.article == number for row in unmodelled())


def _rows(name: str) -> list[dict[str, str]]:
    text = (resources.files("experiments") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))

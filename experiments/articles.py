"""The 22 articles of the document as this laboratory reads them: own gists, what is a lever here, what is not.

`articles.csv` and `unmodelled.csv` lie beside this module and not among the tables of the model: they are words about
the document, and no result depends on them, so the digest of the data does not either.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sim.calibration import tables
from sim.calibration.checks import Row, TableError, columns_of, read_rows, titles, unique

SOURCE = "《关于支持滇中新区深化改革创新加快推动高质量发展的实施意见》"
ARTICLES = 22
LONGEST_GIST = 60  # characters: a gist points at an article, and is too short to stand for its text


@dataclass(frozen=True, slots=True)
class Article:
    """One article: number, subject, and a summary of ours (never a quotation)."""

    number: int
    subject_zh: str
    subject_en: str
    gist_zh: str
    gist_en: str
    source: str


@dataclass(frozen=True, slots=True)
class Unmodelled:
    """One measure of the document that is no lever of this release."""

    id: str
    article: int
    title_zh: str
    title_en: str
    source: str


@functools.cache
def articles(folder: Path | None = None) -> Mapping[int, Article]:
    """Return all articles by number. Raises TableError for a table that breaks its schema."""
    rows = read_rows(_folder(folder), "articles.csv", columns_of(Article))
    unique(rows, "number")
    found = {article.number: article for article in map(_article, rows)}
    if list(found) != list(range(1, ARTICLES + 1)):
        raise TableError(f"articles.csv, column number: found {list(found)}; allowed: 1 to {ARTICLES} in order")
    return MappingProxyType(found)


@functools.cache
def unmodelled(folder: Path | None = None) -> tuple[Unmodelled, ...]:
    """Return the measures that are not modelled. Raises TableError for a table that breaks its schema."""
    rows = read_rows(_folder(folder), "unmodelled.csv", columns_of(Unmodelled))
    unique(rows, "id")
    return tuple(map(_unmodelled, rows))


def coverage(number: int) -> tuple[int, int]:
    """Return how many measures of an article are levers here, and how many are not modelled."""
    here = sum(row.article == number for row in tables.levers().values())
    return here, sum(row.article == number for row in unmodelled())


def state(number: int) -> str:
    """Return full (every measure of the article is a lever), partly, or none."""
    here, absent = coverage(number)
    if not here:
        return "none"
    return "partly" if absent else "full"


def _folder(folder: Path | None) -> Path:
    return Path(__file__).parent if folder is None else folder


def _article(row: Row) -> Article:
    for column in ("gist_zh", "gist_en"):
        if len(row.text(column)) > LONGEST_GIST:
            row.fail(column, f"at most {LONGEST_GIST} characters")
    return Article(
        number=row.whole("number", 1, ARTICLES),
        subject_zh=row.text("subject_zh"),
        subject_en=row.text("subject_en"),
        gist_zh=row.text("gist_zh"),
        gist_en=row.text("gist_en"),
        source=row.source("source"),
    )


def _unmodelled(row: Row) -> Unmodelled:
    ident = row.matching("id", r"I\d\d[a-z]+", "an id such as I03b")
    article = row.whole("article", 1, ARTICLES)
    if int(ident[1:3]) != article:
        row.fail("article", f"the article of its id, {int(ident[1:3])}")
    if ident in tables.levers():
        row.fail("id", "no lever: a lever is modelled")
    return Unmodelled(id=ident, article=article, **titles(row), source=row.source("source"))

"""The documentation: generated pages are current, measured numbers name their data, prose names what exists."""

from __future__ import annotations

import importlib.util
import math
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from sim.calibration import tables

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PROSE = ("README.md", "odd.md", "data.md", "start.md", "prior.md", "studies/README.md", "tutorial/README.md")
STAGE_HEADING = re.compile(r"^### (\d+)\. `(\w+)`$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
ELEMENTS = (
    "1. Purpose and patterns",
    "2. Entities, state variables, and scales",
    "3. Process overview and scheduling",
    "4. Design concepts",
    "5. Initialisation",
    "6. Input data",
    "7. Submodels",
)
CONCEPTS = (
    *("Basic principles", "Emergence", "Adaptation", "Objectives", "Learning", "Prediction", "Sensing"),
    *("Interaction", "Stochasticity", "Collectives", "Observation"),
)


@cache
def generator() -> ModuleType:
    """Load docs/generate.py as a module; the folder is no package."""
    where = importlib.util.spec_from_file_location("dianzhong_docs_generate", DOCS / "generate.py")
    assert where is not None and where.loader is not None
    module = importlib.util.module_from_spec(where)
    before = list(sys.path)
    try:
        where.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module


def text(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


@pytest.mark.parametrize("name", sorted(generator().PAGES))
def test_a_generated_page_is_current(name):
    hint = "run `python docs/generate.py --tables`"
    assert text(f"generated/{name}.md") == generator().page(name), f"docs/generated/{name}.md is not current: {hint}"


def test_no_generated_page_is_left_over():
    assert {path.stem for path in (DOCS / "generated").iterdir()} == set(generator().PAGES)


def test_measured_numbers_name_version_and_data():
    stamp = generator().stamp()
    assert tables.data_digest()[:16] in stamp
    for file, names in generator().MEASURED.items():
        for name in names:
            assert generator().block(name, text(file))[2].startswith(stamp), f"{file}: run `python docs/generate.py`"


def test_check_says_what_is_not_current(monkeypatch, tmp_path):
    module = generator()
    assert module.stale() == []
    (tmp_path / "generated").mkdir()
    for path in (*DOCS.glob("*.md"), *DOCS.glob("generated/*.md")):
        (tmp_path / path.relative_to(DOCS)).write_text(path.read_text("utf-8").replace("Model ", "Modal "), "utf-8")
    (tmp_path / "generated" / "levers.md").unlink()
    monkeypatch.setattr(module, "DOCS", tmp_path)
    found = "\n".join(module.stale())
    assert "generated/levers.md" in found and "prior.md, block prior" in found and "start.md, block growth" in found


@pytest.mark.slow
def test_check_from_the_command_line():
    command = [sys.executable, str(DOCS / "generate.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "docs are current\n"), done.stdout + done.stderr


@pytest.mark.parametrize("name", PROSE)
def test_ids_in_prose_exist(name):
    declared = re.findall(r"^(\w+),\w+\.\w+,", text(name), re.MULTILINE)  # rows that the tutorial adds to a copy
    known = {*tables.levers(), *tables.parameters(), *declared}
    named = set(re.findall(r"\b(?:I\d\d[a-z]|[PQN]\d\d+)\b", text(name)))
    assert named - known == set()


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+?)\s*$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("name", PROSE)
def test_links_lead_somewhere(name):
    for target, anchor in LINK.findall(text(name)):
        if "://" in target:
            continue
        path = ((DOCS / name).parent / target) if target else DOCS / name
        assert path.exists(), f"{name} links to {target!r}"
        assert not anchor or anchor in anchors(path.read_text("utf-8")), f"{name} links to {target}#{anchor}"


@pytest.mark.parametrize("name", PROSE)
def test_files_named_in_prose_exist(name):
    for path in re.findall(r"`((?:agents|sim|experiments|tests|docs)/[\w./]+\.\w+)`", text(name)):
        assert (ROOT / path).exists(), f"{name} names {path}"


def section(page: str, heading: str) -> str:
    """What stands below a heading of the second level, up to the next one."""
    return re.split(r"^## ", page.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def test_the_odd_page_has_every_element_and_concept_in_order():
    page = text("odd.md")
    found = re.findall(r"^## (\d\. .+)$", page, re.MULTILINE)
    assert tuple(found) == ELEMENTS
    for heading in ELEMENTS:
        assert section(page, heading).strip(), f"{heading} is empty"
    concepts = section(page, "4. Design concepts")
    assert tuple(re.findall(r"^### (.+)$", concepts, re.MULTILINE)) == CONCEPTS
    assert not re.search(r"^### .+\s+(?=###|\Z)", concepts, re.MULTILINE), "a concept says nothing"


def test_the_submodels_are_the_stages_in_order():
    from sim.model import STAGES

    page = text("odd.md")
    expected = [(str(k), stage.name) for k, stage in enumerate(STAGES, 1)]
    assert STAGE_HEADING.findall(section(page, "7. Submodels")) == STAGE_HEADING.findall(page) == expected


def test_nothing_names_the_page_that_odd_md_was():
    files = [path for room in ("agents", "sim", "experiments", "docs") for path in (ROOT / room).rglob("*.*")]
    old = re.compile(r"(?<![\w/])model\.md")
    wanted = [path for path in (*files, ROOT / "README.md", ROOT / "CONTRIBUTING.md") if path.suffix in (".py", ".md")]
    assert [path.name for path in wanted if old.search(path.read_text("utf-8"))] == []


def test_the_growth_accounting_can_be_redone_from_its_printed_numbers():
    block = generator().block("growth", text("start.md"))[2]
    lines = [line.strip("| ").split(" | ") for line in block.splitlines()]
    rows = [cells for cells in lines if cells[0] in tables.sectors()]
    assert [cells[0] for cells in rows] == list(tables.sectors())
    sums, start, end = [0.0, 0.0, 0.0], 0.0, 0.0
    for sector, *cells in rows:
        y0, y1, k0, k1, l0, l1, share, alpha, g_y, g_k, g_l, g_a = (float(c.replace(",", "")) for c in cells)
        for first, last, printed in ((y0, y1, g_y), (k0, k1, g_k), (l0, l1, g_l)):
            rounding = 20.0 * (0.5 / max(first, 1.0) + 0.5 / max(last, 1.0)) + 0.006
            redone = 20.0 * math.log(last / first) if first and last else 0.0
            assert abs(redone - printed) <= rounding, sector
        assert abs(g_y - alpha * g_k - (1.0 - alpha) * g_l - g_a) <= 0.006, sector
        sums = [sums[0] + share * alpha * g_k, sums[1] + share * (1.0 - alpha) * g_l, sums[2] + share * g_a]
        start, end = start + y0, end + y1
    printed = [float(value) for value in re.findall(r"\*\*(-?[\d.]+)\*\*", block)]
    assert printed[:3] == pytest.approx(sums, abs=0.006)
    assert printed[3] == pytest.approx(sum(sums), abs=0.006)
    assert printed[4] == pytest.approx(20.0 * math.log(end / start), abs=0.02)
    assert abs(printed[3] - printed[4]) < 0.1, "the mean shares leave more than a tenth of a point unexplained"


def test_the_prior_counts_every_draw():
    block = generator().block("prior", text("prior.md"))[2]
    bars = re.findall(r"\| (#*) ?(\d+)$", block, re.MULTILINE)
    assert all(len(bar) == int(count) for bar, count in bars)
    assert sum(int(count) for _, count in bars) == int(re.search(r"(\d+) draws, seed", block)[1])

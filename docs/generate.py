"""Write everything in the documentation that repeats the code or a run of it, so that no table is kept by hand.

`python docs/generate.py` rewrites the tables in `docs/generated/` and the measured numbers in `start.md` and `prior.md`
(under five minutes on two cores). `--tables` rewrites the tables alone, at once. `--check` writes nothing: it exits
with 1 and names what is not current. Measured numbers are never remeasured by a check; it only demands that they name
the version of the model and the digest of the data that lie beside them. `--tutorial` executes the tutorial and
rewrites the outputs it shows (half a minute); that they are current is a test of its own.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
# The tables are those of this checkout, installed or not.
sys.path[:0] = [str(path) for path in (DOCS, ROOT) if str(path) not in sys.path]

from pages import PAGES  # noqa: E402

HEADER = "<!-- Written by `python docs/generate.py`: change the code or the tables of the model, not this page. -->\n\n"
MEASURED = {"start.md": ("start", "growth"), "prior.md": ("prior",)}


def page(name: str) -> str:
    """Return the text of a generated page."""
    return HEADER + PAGES[name]().rstrip() + "\n"


def stamp() -> str:
    """Return the line that ties measured numbers to a version of the model and its data."""
    from experiments.provenance import version
    from sim.calibration.tables import data_digest

    return f"Model {version()}, data `{data_digest()[:16]}`."


def block(name: str, text: str) -> re.Match[str]:
    """Find a measured block in a page: everything between its two markers."""
    found = re.search(rf"(<!-- begin {name}[^\n]*-->\n)(.*?)(<!-- end {name} -->)", text, re.DOTALL)
    if found is None:
        raise LookupError(f"no lines '<!-- begin {name} -->' and '<!-- end {name} -->'")
    return found


def stale() -> list[str]:
    """Return what is not current: generated pages that differ, measured blocks of another version or other data."""
    out = []
    for name in PAGES:
        path = DOCS / "generated" / f"{name}.md"
        if not path.exists() or path.read_text("utf-8") != page(name):
            out.append(f"docs/generated/{name}.md differs from the code: run `python docs/generate.py --tables`")
    line = stamp()
    for file, names in MEASURED.items():
        text = (DOCS / file).read_text("utf-8")
        out += [
            f"docs/{file}, block {name}: does not say {line!r}: run `python docs/generate.py`"
            for name in names
            if line not in block(name, text)[2]
        ]
    return out


def write_tables() -> None:
    """Write the generated pages."""
    (DOCS / "generated").mkdir(exist_ok=True)
    for name in PAGES:
        (DOCS / "generated" / f"{name}.md").write_text(page(name), "utf-8")


def write_measured() -> None:
    """Run the model and write the measured blocks."""
    import measure_prior
    import measure_start

    blocks = {**measure_start.blocks(), **measure_prior.blocks()}
    for file, names in MEASURED.items():
        text = (DOCS / file).read_text("utf-8")
        for name in names:
            found = block(name, text)
            text = text[: found.start(2)] + f"{stamp()} {blocks[name].strip()}\n" + text[found.end(2) :]
        (DOCS / file).write_text(text, "utf-8")


def main() -> int:
    """Write, or check; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--tables", action="store_true", help="write the tables only, run nothing")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if something is not current")
    parser.add_argument("--tutorial", action="store_true", help="execute the tutorial, write its outputs, nothing else")
    options = parser.parse_args()
    if options.tutorial:
        import tutorial_run

        tutorial_run.write()
        return 0
    if options.check:
        problems = stale()
        print("\n".join(problems) or "docs are current")
        return 1 if problems else 0
    write_tables()
    if not options.tables:
        write_measured()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Pictures of the app: every page in both languages, light and dark, wide and narrow.

python docs/screenshots.py FOLDER      all of them
python docs/screenshots.py --readme    the two of the README, in docs/images
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser import lab_page as lab  # noqa: E402
from tests.browser.harness import ARGUMENTS, find_chromium, serve, settle  # noqa: E402

IMAGES = ROOT / "docs" / "images"
POLICY = "I05b=1500&I04a=200&I13a=4.5"  # three moves, so that the cards have something to compare
MOST_BYTES = 300_000


@dataclass(frozen=True)
class Shot:
    """One picture: page, language, colours, size of the window, and whether all of the page is on it."""

    page: str
    language: str
    scheme: str = "light"
    width: int = 1440
    height: int = 1000
    whole: bool = True

    @property
    def name(self) -> str:
        return f"{self.page}-{self.language}-{self.scheme}-{self.width}"


def every() -> Iterator[tuple[Shot, str]]:
    for page, language, scheme, width in product(("lab", "sources"), ("zh", "en"), ("light", "dark"), (1440, 390)):
        shot = Shot(page, language, scheme, width, 1000 if width > 1000 else 844)
        yield shot, f"{shot.name}.png"


def readme() -> Iterator[tuple[Shot, str]]:
    yield Shot("lab", "zh", height=1100, whole=False), "lab-zh.png"
    yield Shot("sources", "en", height=900, whole=False), "sources-en.png"


def take(shots: Iterator[tuple[Shot, str]], folder: Path, replicates: str) -> None:
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, serve(lab.COMMAND, Path(home)) as url, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_chromium(), headless=True, args=ARGUMENTS)
        for shot, name in shots:
            context = browser.new_context(
                base_url=str(url),
                color_scheme="dark" if shot.scheme == "dark" else "light",
                reduced_motion="reduce",
                viewport={"width": shot.width, "height": shot.height},
            )
            page = context.new_page()
            query = f"lang={shot.language}&{POLICY}{replicates}"
            if shot.page == "lab":
                lab.open_lab(page, query)
            else:
                page.goto(f"/sources?{query}")
                page.get_by_test_id("stDataFrame").wait_for()
                settle(page)
            page.wait_for_timeout(700)
            if shot.whole:  # the page scrolls inside the window, so the window grows to hold it
                tall = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
                page.set_viewport_size({"width": shot.width, "height": max(shot.height, int(tall))})
                page.wait_for_timeout(500)
            page.screenshot(path=folder / name)
            context.close()
            size = (folder / name).stat().st_size
            print(f"{name}: {size / 1000:.0f} kB")
            if folder == IMAGES and size > MOST_BYTES:
                raise SystemExit(f"{name} is larger than {MOST_BYTES // 1000} kB")
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python docs/screenshots.py", description="pictures of the app")
    parser.add_argument("folder", nargs="?", type=Path, help="where all pictures go")
    parser.add_argument("--readme", action="store_true", help="the two of the README, in docs/images")
    options = parser.parse_args()
    if options.readme:
        take(readme(), IMAGES, "")
    if options.folder is not None:
        take(every(), options.folder, f"&{lab.QUICK}")
    if not options.readme and options.folder is None:
        parser.error("name a folder, or --readme")


if __name__ == "__main__":
    main()

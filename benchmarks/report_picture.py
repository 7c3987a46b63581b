"""Draw docs/report.png, the head of the report of `make figures ONLY=demo`: `python -m benchmarks.report_picture`.

Needs playwright (`make test` installs it) and a chromium.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks.figures.comparisons import STORE
from orchestrator.report.build import material_of
from orchestrator.report.page import render_page
from storage.runs import open_run

PICTURE = Path(__file__).parents[1] / "docs" / "report.png"


def take_picture(page: Path, picture: Path) -> None:
    """A picture of the page's head in light colours, when its figures are drawn."""
    from PIL import Image
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        window = browser.new_page(viewport={"width": 1140, "height": 1560}, color_scheme="light")
        window.goto(page.as_uri())
        expect(window.locator("figure.bokeh .picture > *")).to_have_count(2)
        window.wait_for_timeout(1000)  # Bokeh fits its figures a moment later
        window.screenshot(path=picture)
        browser.close()
    with Image.open(picture) as whole:
        whole.convert("RGB").quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        drawn = Path(folder) / "index.html"
        drawn.write_text(render_page(material_of(open_run(STORE, "demo"))), encoding="utf-8")
        take_picture(drawn, PICTURE)

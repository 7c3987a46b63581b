"""The page in a browser: no error, no request, nothing too wide, tables that sort, filter and are copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.report.bokeh_figures import OWN, script_text
from orchestrator.report.material import ReportMaterial
from orchestrator.report.page import render_page
from orchestrator.report.runs_page import runs_page
from orchestrator.report.runs_table import RunSummary
from tests.orchestrator.report.conftest import compare, compared, table

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NAMES = ("knn-1", "a-configuration-with-a-rather-long-name", "svm-linear", "svm-rbf", "lda", "dense", "majority")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (Debian: apt install chromium)")


@pytest.fixture(scope="module")
def page_file(material: ReportMaterial, tmp_path_factory: pytest.TempPathFactory) -> Path:
    draw = np.random.default_rng(1)
    rows = [
        {**row, "embedding": draw.normal(size=128).tolist() if row["outcome"] == "ok" else None}
        for row in material.faces.to_pylist()
    ]
    compared_rows = [
        compared(name, rank, 1 - rank / 20, 0.9 - rank / 20, 1.0, photo_to_name_ms=20.0 + rank, **END_TO_END)
        for rank, name in enumerate(NAMES, 1)
    ]
    whole = replace(material, faces=table("faces", rows), comparison=compare(*compared_rows))
    file = tmp_path_factory.mktemp("page") / "index.html"
    file.write_text(render_page(whole), encoding="utf-8")
    return file


END_TO_END = {"end_to_end_accuracy": 0.93, "end_to_end_low": 0.87, "end_to_end_high": 0.96, "train_accuracy": 1.0}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Opened:
    """The page in a window of this width; every error and warning, and what it asked for, is kept."""

    def __init__(self, browser: Any, file: Path, width: int, scheme: str = "light") -> None:
        self.told: list[str] = []
        self.asked: list[str] = []
        window = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.page = window.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())
        sync_api.expect(self.page.locator("figure.bokeh .picture > *")).to_have_count(2)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.told.append(message.text)

    def column(self, place: int) -> list[str]:
        """The texts of a column of the first table, of the rows in sight."""
        rows = "[...document.querySelector('table').tBodies[0].rows].filter(row => !row.hidden)"
        texts: list[str] = self.page.evaluate(f"{rows}.map(row => row.cells[{place}].textContent)")
        return texts


@pytest.fixture(scope="module")
def wide(browser: Any, page_file: Path) -> Opened:
    return Opened(browser, page_file, 1280)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (390, "light")])
def test_it_is_quiet_asks_for_nothing_and_is_never_too_wide(
    browser: Any, page_file: Path, width: int, scheme: str
) -> None:
    opened = Opened(browser, page_file, width, scheme)
    assert opened.told == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [page_file.as_uri()]
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width
    tables = "[...document.querySelectorAll('.wide:not(:has(.matrix))')]"  # a matrix of 25 people may scroll
    cut = f"{tables}.filter(one => one.scrollWidth > one.clientWidth + 1)"
    assert opened.page.evaluate(f"{cut}.map(one => one.innerText.slice(0, 200))") == [], "columns are out of sight"


def test_a_column_is_sorted_up_and_down_by_its_number(wide: Opened) -> None:
    head = wide.page.locator("table").first.locator("th button").nth(3)
    head.click()
    assert wide.column(3) == sorted(wide.column(3), key=lambda text: float(text.split()[0]))
    assert wide.column(1)[0] == NAMES[-1]
    head.press("Enter")
    assert wide.column(1) == list(NAMES)


def test_rows_are_filtered_and_copied(wide: Opened) -> None:
    wide.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tools = wide.page.locator(".tools").first
    tools.locator("input").fill("svm")
    assert wide.column(1) == ["svm-linear", "svm-rbf"]
    copied = {}
    for shape in ("CSV", "Markdown", "LaTeX"):
        tools.get_by_role("button", name=shape).click()
        sync_api.expect(tools).to_contain_text(f"{shape} copied")
        copied[shape] = wide.page.evaluate("navigator.clipboard.readText()")
    tools.locator("input").fill("")
    assert copied["CSV"].splitlines()[1].startswith("3,svm-linear,embedding,85.0 %")
    assert copied["Markdown"].splitlines()[1] == "|" + " --- |" * 11
    assert "svm-linear & embedding & 85.0 \\%" in copied["LaTeX"]


@pytest.fixture
def phone(browser: Any, page_file: Path) -> Iterator[Any]:
    opened = Opened(browser, page_file, 390)
    yield opened.page
    opened.page.context.close()


def test_on_a_phone_a_row_is_a_card_that_names_its_columns(phone: Any) -> None:
    row = phone.locator("table").first.locator("tbody tr").nth(1)
    title, accuracy = row.locator("td.lead"), row.locator("td[data-head='Test accuracy']")
    assert title.inner_text() == NAMES[1]
    assert title.bounding_box()["y"] < accuracy.bounding_box()["y"]
    assert phone.evaluate("one => getComputedStyle(one, '::before').content", accuracy.element_handle()) != "none"
    assert phone.get_by_role("row").filter(has_text=NAMES[1]).first.get_by_role("cell").count() == 11
    rank, view = row.locator("td[data-head='Rank']"), row.locator("td[data-head='View']")
    assert len({cell.bounding_box()["y"] for cell in (rank, view, accuracy)}) == 1, "three figures a line"


def test_on_a_phone_the_keys_scroll_a_table_beside_its_names(phone: Any) -> None:
    frame = phone.locator(".wide").first
    assert frame.get_attribute("tabindex") is None, "nothing is out of sight in cards"
    phone.get_by_role("button", name="As a table").first.press("Enter")
    sync_api.expect(frame).to_have_attribute("tabindex", "0")
    name = frame.locator("td.lead").first
    frame.press("ArrowRight")
    sync_api.expect(frame).not_to_have_js_property("scrollLeft", 0)
    frame.evaluate("one => one.scrollTo(9999, 0)")
    assert name.bounding_box()["x"] == pytest.approx(frame.bounding_box()["x"], abs=1)
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    phone.get_by_role("button", name="As cards").first.press("Enter")
    sync_api.expect(frame).not_to_have_attribute("tabindex", "0")


def test_on_a_phone_a_long_table_shows_its_first_rows_and_a_filter_finds_the_others(
    browser: Any, tmp_path: Path
) -> None:
    rows = [(f"run-{number:02}", RunSummary(), "finished") for number in range(30)]
    file = tmp_path / "runs.html"
    file.write_text(runs_page("store", rows, {"run-00": "runs/run-00/report/index.html"}), encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme="dark")
    page.goto(file.as_uri())
    shown = page.locator("tbody tr:visible")
    sync_api.expect(shown).to_have_count(12)
    page.get_by_label("Filter the rows").fill("run-29")
    sync_api.expect(shown).to_have_count(1)
    page.get_by_label("Filter the rows").fill("")
    page.get_by_role("button", name="Show all 30 rows").press("Enter")
    sync_api.expect(shown).to_have_count(30)
    assert page.evaluate("getComputedStyle(document.querySelector('a')).color") == "rgb(90, 163, 196)", "the page's own"
    page.close()


def test_the_tables_of_closed_details_are_served_when_they_are_opened(browser: Any) -> None:
    page = browser.new_page()
    table_text = "<table><thead><tr><th>Name</th></tr></thead><tbody><tr><td>ada</td></tr></tbody></table>"
    page.set_content(
        f"<details><summary>More</summary><div class='wide'>{table_text}</div></details>"
        f"<script>{script_text(OWN / 'tables.js')}</script>"
    )
    assert page.locator(".tools").count() == 0
    page.locator("summary").click()
    sync_api.expect(page.locator(".tools")).to_be_visible()
    page.locator("summary").click()
    page.locator("summary").click()
    assert page.locator(".tools").count() == 1
    page.close()


def test_arrow_keys_walk_through_the_faces(wide: Opened) -> None:
    wide.page.locator("[role=application]").focus()
    wide.page.keyboard.press("ArrowRight")
    assert wide.page.locator(".told").inner_text().strip().endswith(".jpg")
    assert wide.page.locator(".told img").get_attribute("src").startswith("data:image/jpeg;base64,")


def test_on_paper_nothing_is_cut_and_only_the_recommended_details_are_open(wide: Opened) -> None:
    wide.page.emulate_media(media="print")
    wide.page.set_viewport_size({"width": 703, "height": 1000})  # A4 without its margins, at 96 dots an inch
    # Bokeh fits its figures a moment after the window has another size
    sync_api.expect(wide.page.locator("html")).to_have_js_property("scrollWidth", 703, timeout=20_000)
    cut = "[...document.querySelectorAll('table')].filter(one => one.getBoundingClientRect().right > innerWidth).length"
    assert wide.page.evaluate(cut) == 0
    shown = (
        "[...document.querySelectorAll('details')].filter(one => one.offsetHeight && !one.matches('.printed')).length"
    )
    assert wide.page.evaluate(shown) == 0
    assert wide.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")

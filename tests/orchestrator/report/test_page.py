"""The page of a run."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from orchestrator.report.bokeh_figures import page_scripts
from orchestrator.report.material import ReportMaterial
from orchestrator.report.page import render_page
from storage.schemas import TABLES
from tests.orchestrator.report.conftest import compare, compared, without_scripts
from workers.compare.paired import Pair


class Tags(HTMLParser):
    """Collects tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def scripts_of(page: str) -> list[str]:
    """The text of every script element that a browser would run."""
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


@pytest.fixture(scope="module")
def page(material: ReportMaterial) -> str:
    return render_page(material)


def test_hostile_names_paths_and_reasons_are_text_never_markup(page: str) -> None:
    tags = [tag for tag, _ in Tags(page).seen]
    assert not {"hr", "i", "iframe"} & set(tags)
    assert [text for text in scripts_of(page) if text] == list(page_scripts())
    for text in (
        "&lt;script&gt;alert(1)",
        "ada/&lt;b&gt;torn.jpg",
        "14 kB &lt;i&gt;",
        "demo &lt;&amp;&gt;",
        "$x_{1}$",
    ):
        assert text in page


def test_the_page_asks_the_network_for_nothing(page: str) -> None:
    for tag, attributes in Tags(page).seen:
        assert tag != "link"
        assert all((attributes[key] or "").startswith("data:") for key in ("src", "href") if key in attributes), tag
    assert "url(" not in without_scripts(page)
    assert "default-src 'none'" in page


def test_the_policy_allows_the_scripts_of_the_page_and_no_other(page: str) -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)
    allowed = re.findall(r"sha256-([^&]+)&", policy)
    assert allowed == [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts_of(page)]
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert "unsafe-eval" not in policy


def test_embedded_pictures_are_the_jpegs_of_the_table(page: str, material: ReportMaterial) -> None:
    embedded = {base64.b64decode(text) for text in re.findall(r"data:image/jpeg;base64,([^\"]+)", page)}
    assert embedded == {
        data for _, data in material.pictures.each(set(material.faces["photo_key"].to_pylist()), "crop")
    }


def test_the_answer_comes_before_the_table(page: str) -> None:
    assert 0 < page.index("Use svm-linear: it names 118 of 120 test faces") < page.index("<table>")


def test_a_failed_configuration_and_a_failed_photo_are_shown_with_their_reasons(page: str) -> None:
    assert "out of memory &lt;hr&gt;" in page
    assert "unreadable" in page


def test_equal_photos_are_listed_together(page: str) -> None:
    assert re.search(r"<li>ada/0.jpg .*ada/again.jpg", page)


def test_sections_without_data_do_not_appear(page: str) -> None:
    for heading in ("Open-set identification", "Calibration of the probabilities", "Pairwise comparison"):
        assert heading not in page


def test_sections_with_data_appear(material: ReportMaterial) -> None:
    row = compared("knn-3", 1, 0.9, 0.8, 0.95, dir_at_far=0.7, far=0.01, calibration_error=0.05)
    pair = Pair("knn-3", "svm-linear", -0.01, -0.03, 0.01, 1, 2, 0.1, 0.5, 0.4)
    page = render_page(replace(material, comparison=compare(row), pairs=(pair,)))
    for heading in ("Open-set identification", "Calibration of the probabilities", "Pairwise comparison"):
        assert heading in page


def test_a_run_without_a_single_row_still_gives_a_page(material: ReportMaterial) -> None:
    empty = {
        name: TABLES[name].empty_table() for name in ("catalog", "faces", "splits", "scores", "fits", "comparison")
    }
    page = render_page(replace(material, **empty))
    assert "No configuration could be scored" in page


def test_equal_material_gives_equal_text(page: str, material: ReportMaterial) -> None:
    assert render_page(material) == page


def test_every_picture_says_what_it_shows(page: str) -> None:
    alts = re.findall(r'<img src="[^"]+" alt="([^"]*)"', page)
    assert len(alts) == page.count("<img ")
    assert all(alts)

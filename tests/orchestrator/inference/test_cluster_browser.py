"""The page of clusters in a browser: names are typed, Enter goes on, and the saved file is a labels file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestrator.dataset.csv_file import csv_rows
from orchestrator.inference.cluster_page import cluster_page
from orchestrator.inference.clusters import Cluster, Clusters
from storage.face_pictures import FacePictures

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FORMULA = '=cmd|"!A1".jpg'

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (Debian: apt install chromium)")


def clusters() -> Clusters:
    names = {"a": "person-001", "b": "person-001", "c": "person-002", "d": "person-002", "e": "person-003"}
    paths = {"a": ("one.jpg",), "b": (FORMULA,), "c": ("x/ü.jpg",), "d": ("</script>.jpg", "copy.jpg"), "e": ("e.jpg",)}
    people = sorted(set(names.values()))
    return Clusters(
        tuple(Cluster(name, tuple((key, 0) for key in names if names[key] == name)) for name in people),
        {key: {0: name} for key, name in names.items()},
        paths,
        {"ok": 6},
        "dlib",
    )


def test_what_is_typed_is_saved_as_a_labels_file(tmp_path: Path) -> None:
    file = tmp_path / "index.html"
    file.write_text(cluster_page(clusters(), "photos", FacePictures(tmp_path / "none")), encoding="utf-8")
    told: list[str] = []
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(file.as_uri())
        page.focus("input")
        page.keyboard.press("Control+A")
        page.keyboard.type("=Ada")
        page.keyboard.press("Enter")
        page.keyboard.type('Bruno "B"')
        page.keyboard.press("Enter")
        page.keyboard.press("Delete")
        page.keyboard.press("Enter")
        with page.expect_download() as saved:
            page.keyboard.press("Enter")
        saved.value.save_as(tmp_path / "people.csv")
        wide = page.evaluate("document.documentElement.scrollWidth")
        words = page.text_content("#told")
        browser.close()
    rows = {row["path"]: row["label"] for _, row in csv_rows(tmp_path / "people.csv", ("path", "label"))}
    bruno = 'Bruno "B"'
    assert rows == {
        "one.jpg": "'=Ada",
        f"'{FORMULA}": "'=Ada",
        "x/ü.jpg": bruno,
        "</script>.jpg": bruno,
        "copy.jpg": bruno,
    }
    assert words == "5 photos of 2 people"
    assert wide <= 390
    assert told == []

"""The two pictures as documents that page.js draws."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from orchestrator.report.bokeh_figures import accuracy_figure, map_figure, page_scripts
from orchestrator.report.embedding_map import MappedFaces, plane_of
from orchestrator.report.material import ReportMaterial
from orchestrator.report.terminal import comparison_rows
from tests.orchestrator.report.conftest import compare, compared

TIMED = compare(
    compared("svm-linear", 1, 0.98, 0.94, 0.99, photo_to_name_ms=20.0),
    compared("knn-1", 2, 0.9, 0.8, 0.95, photo_to_name_ms=20.01),
    compared("cnn-small", 3, 0.5, None, None, photo_to_name_ms=300.0),
    compared("broken", 4, None, None, None, outcome="failed", photo_to_name_ms=None),
)


def columns(document: str) -> dict[str, list[object]]:
    """The columns of the first source of a document."""
    found = re.search(r'"data":(\{"type":"map".*?\})\}', document)
    assert found
    return dict(json.loads(found[1])["entries"])


def hostile_faces(count: int = 12) -> MappedFaces:
    people = [f"</script><b>{place % 3}" for place in range(count)]
    places = [float(place) for place in range(count)]
    return MappedFaces(places, places, people, people, [""] * count, ["abcd"] * count, count)


def test_every_timed_configuration_is_a_point_with_its_interval() -> None:
    drawn = columns(accuracy_figure(comparison_rows(TIMED)))
    assert drawn["name"] == ["svm-linear ★", "knn-1", "cnn-small"]
    assert drawn["interval"] == ["94.0 to 99.0 %", "80.0 to 95.0 %", "–"]
    assert drawn["ms"] == ["20.0", "20.0", "300"]
    assert drawn["x"][0] != drawn["x"][1], "equal times are set side by side"


def test_nothing_is_drawn_where_nothing_was_timed(material: ReportMaterial) -> None:
    assert accuracy_figure(comparison_rows(material.comparison)) == ""


def test_equal_figures_give_equal_text() -> None:
    rows = comparison_rows(TIMED)
    assert accuracy_figure(rows) == accuracy_figure(rows)
    assert map_figure(hostile_faces()) == map_figure(hostile_faces())


def test_a_hostile_name_cannot_end_the_element_that_holds_the_map() -> None:
    assert "<" not in map_figure(hostile_faces())
    assert columns(map_figure(hostile_faces()))["label"][0] == "</script><b>0"


def test_the_scripts_can_stand_in_a_page() -> None:
    for script in page_scripts():
        assert "</script" not in script.lower()
        assert "<!--" not in script


@pytest.mark.parametrize(("faces", "size"), [(8, 128), (40, 3)])
def test_equal_faces_get_equal_places(faces: int, size: int) -> None:
    embeddings = np.random.default_rng(0).normal(size=(faces, size)).astype(np.float32)
    first = plane_of(embeddings)
    assert first.shape == (faces, 2)
    assert np.array_equal(first, plane_of(embeddings))

"""Which faces are on the map, and what is told of each."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from orchestrator.report import embedding_map as room
from orchestrator.report.embedding_map import embedding_map, thumbnail
from orchestrator.report.material import ReportMaterial
from orchestrator.report.page import render_page
from tests.orchestrator.report.conftest import PEOPLE, PHOTOS, table


@pytest.fixture(scope="module")
def measured(material: ReportMaterial) -> ReportMaterial:
    draw = np.random.default_rng(1)
    rows = [
        {**row, "embedding": draw.normal(size=128).tolist() if row["outcome"] == "ok" else None}
        for row in material.faces.to_pylist()
    ]
    return replace(material, faces=table("faces", rows))


def test_every_usable_face_is_on_the_map_with_its_name(measured: ReportMaterial) -> None:
    faces = embedding_map(measured, "cnn-small")
    assert faces is not None
    assert faces.total == len(faces.x) == len(PEOPLE) * PHOTOS
    assert set(faces.labels) == set(PEOPLE)
    assert all(base64.b64decode(each).startswith(b"\xff\xd8") for each in faces.thumbnails)


def test_a_face_that_the_recommended_one_named_wrongly_says_what_it_was_taken_for(measured: ReportMaterial) -> None:
    faces = embedding_map(measured, "cnn-small")
    assert faces is not None
    assert {said for label, said in zip(faces.labels, faces.said, strict=True) if label != PEOPLE[0]} == {"", PEOPLE[0]}


def test_of_very_many_faces_an_even_share_is_shown(measured: ReportMaterial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_FACES", 9)
    faces = embedding_map(measured, "cnn-small")
    assert faces is not None
    assert (len(faces.x), faces.total) == (9, 12)
    assert len(set(faces.labels)) == len(PEOPLE)


def test_too_few_faces_give_no_map(material: ReportMaterial) -> None:
    assert embedding_map(material, "svm-linear") is None
    assert "Map of the faces" not in render_page(material)


def test_the_page_shows_the_map(measured: ReportMaterial) -> None:
    page = render_page(measured)
    assert "Map of the faces" in page
    assert page.count('<script type="application/json">') == 1
    assert render_page(measured) == page


def test_a_damaged_crop_has_no_thumbnail() -> None:
    assert thumbnail(None) == thumbnail(b"\xff\xd8no") == ""


def test_the_map_shows_the_embeddings_of_the_recommended_encoder(measured: ReportMaterial) -> None:
    usable = measured.faces.filter(measured.faces["embedding"].is_valid())
    kind = usable.schema.field("embedding").type
    moved = pa.array(np.roll(np.stack(usable["embedding"].to_pylist()), 3, axis=0).tolist(), kind)
    others = usable.set_column(usable.schema.get_field_index("embedding"), "embedding", moved)
    own = embedding_map(measured, "svm-linear")
    found = embedding_map(replace(measured, map_encoder="sface", map_faces=others), "svm-linear")
    assert own
    assert found
    assert found.labels == own.labels
    assert found.x != own.x
    assert "faces by the embedding of sface" in render_page(replace(measured, map_encoder="sface", map_faces=others))

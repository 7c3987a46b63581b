"""Faces that are added to a run's faces, as a fit takes them."""

from __future__ import annotations

import io
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from workers.faces.records import FaceRecord
from workers.jobs.enrolled_faces import EnrolledFace, with_enrolled
from workers.learning import pictures
from workers.learning.arrays import Array
from workers.learning.configurations import CONFIGURATIONS, Configuration
from workers.learning.face_arrays import Faces
from workers.learning.face_batch import FaceBatch
from workers.learning.fitted_model import fit_model
from workers.learning.pictures import BLOCK, Pictures, decode_jpegs

REPEATS = 60
"""The run has its faces so many times: 900 in all, of which a block is 256."""

CNN = Configuration("cnn-small", "crop", "cnn-small", {"epochs": 1, "batch": 32, "rate": 0.001})


@pytest.fixture(scope="module")
def faces() -> Faces:
    """Fifteen faces whose pictures are noise."""
    from PIL import Image

    rng = np.random.default_rng(0)
    jpegs = []
    for _ in range(15):
        buffer = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (128, 128, 3), np.uint8)).save(buffer, "JPEG")
        jpegs.append(buffer.getvalue())
    embedding = rng.normal(size=(15, 128)).astype(np.float32)
    views = {"crop": jpegs, "aligned": jpegs[::-1]}
    return Faces(tuple(f"{n}" for n in range(15)), np.zeros(15, np.int16), embedding, views)


@pytest.fixture
def frida(faces: Faces) -> list[EnrolledFace]:
    """Three faces of a new person."""
    blank: dict[str, Any] = {field.name: None for field in fields(FaceRecord)}
    views = [{view: faces.jpegs[view][row] for view in ("crop", "aligned")} for row in range(3)]
    records = [
        FaceRecord(**{**blank, **view, "photo_key": f"{row}", "face_index": 0, "embedding": faces.embedding[row]})
        for row, view in enumerate(views)
    ]
    return [EnrolledFace("frida", f"{n}.jpg", record) for n, record in enumerate(records)]


def batch_of(faces: Faces, view: str) -> FaceBatch:
    """The faces of a large run, none of them decoded."""
    rows = np.tile(np.arange(len(faces.keys)), REPEATS)
    if view == "embedding":
        return FaceBatch.of_embeddings(faces.embedding[rows])
    return FaceBatch(Pictures(faces.jpegs[view])[rows], faces.embedding[rows])


@pytest.mark.parametrize("name", ["cnn", "eigenfaces-svm", "knn-1", "majority"])
def test_the_new_faces_follow_the_runs_and_nothing_is_decoded(
    faces: Faces, frida: list[EnrolledFace], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = CNN if name == "cnn" else CONFIGURATIONS[name]
    seeing = configuration.view in ("crop", "aligned")
    mine = batch_of(faces, configuration.view if seeing else "embedding")
    decoded: list[int] = []

    def counting(jpegs: Any) -> Array:
        decoded.append(len(jpegs))
        return decode_jpegs(jpegs)

    monkeypatch.setattr(pictures, "decode_jpegs", counting)
    mine = mine if configuration.view != "none" else FaceBatch(np.zeros((len(mine), 0), np.float32), mine.embedding)
    batch, labels, groups = with_enrolled(mine, ["ada"] * len(mine), [7] * len(mine), frida, configuration, {})
    assert (labels[-4:], groups[-4:]) == (["ada", "frida", "frida", "frida"], [7, 8, 9, 10])
    assert batch.embedding.tolist() == [*mine.embedding.tolist(), *faces.embedding[:3].tolist()]
    assert decoded == []
    if seeing:
        expected = decode_jpegs([faces.jpegs[configuration.view][row] for row in (13, 14, 0, 1, 2)])
        assert np.array_equal(np.asarray(batch.view[-5:]), expected)


@pytest.mark.parametrize(
    "configuration", [pytest.param(CNN, marks=pytest.mark.slow, id="cnn"), CONFIGURATIONS["eigenfaces-svm"]]
)
def test_a_fit_decodes_a_block_at_a_time_and_learns_the_same(
    faces: Faces, frida: list[EnrolledFace], configuration: Configuration, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = batch_of(faces, configuration.view)
    names = ["ada", "ben", "eve"]
    labels = [names[row % 3] for row in range(len(mine))]
    batch, labels, groups = with_enrolled(mine, labels, list(range(len(mine))), frida, configuration, {})
    whole = fit_model(configuration, batch.decoded(), labels, groups, seed=1)
    decoded: list[int] = []

    def counting(jpegs: Any) -> Array:
        decoded.append(len(jpegs))
        return decode_jpegs(jpegs)

    monkeypatch.setattr(pictures, "decode_jpegs", counting)
    model = fit_model(configuration, batch, labels, groups, seed=1)
    assert 0 < max(decoded) <= BLOCK
    sample = batch[np.arange(0, len(batch), 50)]
    assert np.array_equal(model.predict_proba(sample), whole.predict_proba(sample))

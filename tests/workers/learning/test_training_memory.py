"""The memory of a training is known before it begins, and what is estimated is not less than what is used."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from workers.learning.configurations import CONFIGURATIONS
from workers.learning.evaluation import evaluate
from workers.learning.face_arrays import Faces
from workers.learning.training_memory import TrainingSize, training_bytes


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_more_faces_need_more(name: str) -> None:
    small, large = (training_bytes(CONFIGURATIONS[name], TrainingSize(n, n // 2, 100, 128)) for n in (1_000, 100_000))
    assert 0 < small < large


def test_the_large_ones_are_told_apart_from_the_small_ones() -> None:
    size = TrainingSize(70_000, 30_000, 1_000, 128)
    needed = {name: training_bytes(CONFIGURATIONS[name], size) for name in CONFIGURATIONS}
    assert needed["knn-1"] < 600e6
    assert needed["knn-1"] < needed["lda"] < needed["logistic-regression"] > 1e9


def test_a_network_does_not_need_the_pictures_of_all_faces() -> None:
    some, more = (
        training_bytes(CONFIGURATIONS["cnn-small-crop"], TrainingSize(n, n // 2, 10, 128)) for n in (10_000, 100_000)
    )
    assert more - some < 10_000 * 128 * 128 * 3 < some


@pytest.mark.parametrize("name", ["knn-1", "nearest-centroid", "lda"])
def test_no_more_is_used_than_is_estimated(name: str) -> None:
    draw = np.random.default_rng(1)
    people, photos = 100, 50
    labels = [f"p{number % people}" for number in range(people * photos)]
    centres = draw.normal(size=(people, 128))
    embedding = np.stack([centres[n % people] + draw.normal(0, 0.3, 128) for n in range(len(labels))])
    keys = tuple(f"{number:08}" for number in range(len(labels)))
    faces = Faces(keys, np.zeros(len(keys), np.int16), embedding.astype(np.float32), {})
    rows = [
        {"repeat": 0, "fold": 0, "photo_key": key, "face_index": 0, "label": label, "group": n,
         "role": "test" if n % 10 < 3 else "train"}
        for n, (key, label) in enumerate(zip(keys, labels, strict=True))
    ]  # fmt: skip
    size = TrainingSize(3_500, 1_500, people, 128)
    evaluate(CONFIGURATIONS[name], faces, rows[:400], 1)  # imports
    tracemalloc.start()
    evaluate(CONFIGURATIONS[name], faces, rows, 1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < training_bytes(CONFIGURATIONS[name], size) < 20 * peak

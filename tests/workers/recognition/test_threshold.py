"""A model that no run has scored chooses its threshold on its own faces, each left out in turn."""

from __future__ import annotations

import numpy as np
import pytest

from workers.learning.gallery import gallery_of
from workers.recognition.encoder_scales import DLIB, OWN
from workers.recognition.threshold import left_out_distances, threshold_without_scores


def people(count: int, photos: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Embeddings, person numbers, and a group a face."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 0.05, (count, 1, 128))
    x = (centres + rng.normal(0, 0.02, (count, photos, 128))).reshape(-1, 128).astype(np.float32)
    return x, np.repeat(np.arange(count), photos), np.arange(count * photos)


def test_each_face_is_measured_against_faces_of_other_groups_only() -> None:
    x, y, groups = people(5)
    groups[1] = groups[0]
    known, strangers = left_out_distances(gallery_of(x, y), y, x, groups)
    distances = np.linalg.norm(x[:, None].astype(np.float64) - x[None], axis=2)
    for row in range(len(x)):
        own = distances[row][(y == y[row]) & (groups != groups[row])]
        others = [np.sort(distances[row][y == other])[:2].mean() for other in range(5) if other != y[row]]
        assert known.distance[row] == pytest.approx(np.sort(own)[:2].mean(), abs=1e-5)
        assert strangers.distance[row] == pytest.approx(min(others), abs=1e-5)


def test_it_lies_between_known_faces_and_strangers_and_says_whose_they_are() -> None:
    x, y, groups = people(6)
    threshold = threshold_without_scores(gallery_of(x, y), y, x, groups, {}, OWN)
    known, strangers = left_out_distances(gallery_of(x, y), y, x, groups)
    assert threshold.value is not None
    assert known.distance.max() < -threshold.value < strangers.distance.min()
    assert threshold.rule == (
        "chosen on the model's own 48 faces, each left out in turn, because the run did not score it"
    )


def test_strangers_that_are_kept_apart_help_to_choose_it() -> None:
    x, y, groups = people(6)
    near = {"eve": x[:4] + np.float32(0.04)}  # nearer than any two of the known people
    alone = threshold_without_scores(gallery_of(x, y), y, x, groups, {}, OWN).value
    met = threshold_without_scores(gallery_of(x, y), y, x, groups, near, OWN).value
    assert alone is not None
    assert met is not None
    assert -met < -alone


def test_people_with_one_photo_each_leave_it_to_the_encoders_own() -> None:
    x, y, groups = people(4, photos=1)
    assert threshold_without_scores(gallery_of(x, y), y, x, groups, {}, DLIB).value == -0.56
    none = threshold_without_scores(gallery_of(x, y), y, x, groups, {}, OWN)
    assert none.value is None
    assert "no person has two photos" in none.rule

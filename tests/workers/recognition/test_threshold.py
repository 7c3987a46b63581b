"""The threshold comes from people whom the model does not know."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare.open_set import TARGET_FAR
from workers.learning.configurations import CONFIGURATIONS
from workers.learning.fitted_model import fit_model
from workers.recognition.threshold import choose_threshold, left_out_scores

KNN = CONFIGURATIONS["knn-1"]


def people(count: int, photos: int = 8, seed: int = 0) -> tuple[np.ndarray, list[str], np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 0.05, (count, 1, 128))
    x = (centres + rng.normal(0, 0.02, (count, photos, 128))).reshape(-1, 128).astype(np.float32)
    return x, [f"p{i // photos:03}" for i in range(count * photos)], np.arange(count * photos)


def test_each_left_out_face_is_scored_by_a_model_that_never_saw_its_person() -> None:
    x, labels, groups = people(5)
    scores = left_out_scores(KNN, x, labels, groups, 1)
    who = np.asarray(labels)
    distances = np.linalg.norm(x[:, None].astype(np.float64) - x[None], axis=2)
    alone = [-distances[row][who != who[row]].min() for row in range(len(x))]
    assert sorted(scores) == pytest.approx(sorted(alone), abs=1e-4)


def test_the_threshold_accepts_the_stated_share_of_people_left_out() -> None:
    x, labels, groups = people(25)
    threshold = choose_threshold(fit_model(KNN, x, labels, groups, 1), x, labels, groups, x[:0], 1)
    scores = left_out_scores(KNN, x, labels, groups, 1)
    assert threshold.value is not None
    next_lower = scores[scores < threshold.value].max()
    assert np.sum(scores >= threshold.value) <= TARGET_FAR * len(scores) < np.sum(scores >= next_lower)


def test_it_accepts_known_people_and_rejects_unknown_people() -> None:
    x, labels, groups = people(12)
    train = np.arange(len(x)) % 8 < 6
    model = fit_model(KNN, x[train], [n for n, t in zip(labels, train, strict=True) if t], groups[train], 1)
    threshold = choose_threshold(
        model, x[train], [n for n, t in zip(labels, train, strict=True) if t], groups[train], x[:0], 1
    )
    assert threshold.value is not None
    assert np.mean(model.known_score(x[~train]) >= threshold.value) > 0.9
    assert np.mean(model.known_score(people(12, seed=9)[0]) >= threshold.value) < 0.1


def test_calibration_faces_choose_it_where_there_are_any() -> None:
    x, labels, groups = people(6)
    strangers = people(40, seed=5)[0]
    model = fit_model(KNN, x, labels, groups, 1)
    threshold = choose_threshold(model, x, labels, groups, strangers, 1)
    assert threshold.value is not None
    assert np.sum(model.known_score(strangers) >= threshold.value) == 3  # 1 % of 320
    assert "3 of 320 faces of unknown people" in threshold.rule


def test_a_configuration_with_a_threshold_of_its_own_keeps_it() -> None:
    x, labels, groups = people(4)
    model = fit_model(CONFIGURATIONS["threshold-1nn"], x, labels, groups, 1)
    assert choose_threshold(model, x, labels, groups, x[:0], 1).value == -0.6


def test_with_two_people_there_is_no_threshold_and_the_rule_says_why() -> None:
    x, labels, groups = people(2)
    threshold = choose_threshold(fit_model(KNN, x, labels, groups, 1), x, labels, groups, x[:0], 1)
    assert threshold.value is None
    assert "too few people" in threshold.rule


def test_the_same_seed_gives_the_same_threshold() -> None:
    x, labels, groups = people(7)
    model = fit_model(KNN, x, labels, groups, 1)
    first, second = (choose_threshold(model, x, labels, groups, x[:0], 4) for _ in range(2))
    assert first == second

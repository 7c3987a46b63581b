"""Pairs of faces, judged by distance."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from workers.learning.encoder.pair_accuracy import best_threshold, distances, draw_pairs, equal_error_rate, verify


def test_pairs_are_half_friends_half_strangers_and_never_a_face_with_itself() -> None:
    labels = np.repeat(list("abc"), 4)
    pairs = draw_pairs(labels, seed=1)
    assert pairs.same.sum() == (~pairs.same).sum() == 18  # three times four over two
    assert np.array_equal(labels[pairs.first] == labels[pairs.second], pairs.same)
    assert (pairs.first < pairs.second).all()
    assert len(set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))) == 36
    assert draw_pairs(labels, seed=1).first.tolist() == pairs.first.tolist()
    assert draw_pairs(labels, seed=1, most=5).same.sum() == 5


@pytest.mark.parametrize("labels", [["a", "b", "c"], ["a", "a", "a"], []])
def test_verification_needs_two_people_one_of_them_twice(labels: list[str]) -> None:
    with pytest.raises(ValueError, match="two people"):
        draw_pairs(np.asarray(labels), seed=1)


def test_the_best_threshold_is_as_good_as_any() -> None:
    rng = np.random.default_rng(0)
    same = rng.random(200) < 0.5
    found = np.where(same, rng.normal(0.5, 0.15, 200), rng.normal(0.8, 0.15, 200))
    every = [((found <= limit) == same).mean() for limit in np.sort(found)]
    assert ((found <= best_threshold(found, same)) == same).mean() == max(every)


def test_the_equal_error_rate_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    same = rng.random(2000) < 0.5
    found = np.where(same, rng.normal(0.5, 0.15, 2000), rng.normal(0.8, 0.15, 2000))
    accept, hit, _ = roc_curve(same, -found, drop_intermediate=False)
    at = np.argmin(np.abs(accept - (1 - hit)))
    assert equal_error_rate(found, same) == pytest.approx((accept[at] + 1 - hit[at]) / 2, abs=1e-3)


def test_measurements_that_say_who_are_always_right_and_noise_is_a_coin() -> None:
    labels = np.repeat(np.arange(20), 6)
    pairs = draw_pairs(labels, seed=0)
    perfect = np.eye(20)[labels]
    assert verify(perfect, pairs).accuracy == 1
    assert verify(perfect, pairs).equal_error_rate == 0
    noise = np.random.default_rng(0).normal(0, 1, (120, 128))
    limit = float(np.median(distances(noise, pairs)))
    assert verify(noise, pairs, limit).accuracy == pytest.approx(0.5, abs=0.08)
    assert verify(noise, pairs, limit).threshold == limit

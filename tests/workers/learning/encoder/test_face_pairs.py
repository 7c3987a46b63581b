"""Pairs of faces, judged by distance."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare.pair_protocol import pair_accuracy
from workers.learning.encoder.face_pairs import draw_pairs, pair_distances


def test_half_of_the_pairs_are_genuine_and_no_face_is_paired_with_itself() -> None:
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


def test_perfect_embeddings_verify_all_pairs_and_random_ones_half() -> None:
    labels = np.repeat(np.arange(20), 6)
    pairs = draw_pairs(labels, seed=0)
    perfect = pair_accuracy(pair_distances(np.eye(20)[labels], pairs), pairs.same)
    assert (perfect.accuracy, perfect.equal_error_rate) == (1, 0)
    noise = pair_distances(np.random.default_rng(0).normal(0, 1, (120, 128)), pairs)
    limit = float(np.median(noise))
    assert pair_accuracy(noise, pairs.same, limit).accuracy == pytest.approx(0.5, abs=0.08)

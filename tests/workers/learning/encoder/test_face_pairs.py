"""Pairs of faces, judged by distance."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from workers.compare.pair_protocol import pair_accuracy
from workers.learning.arrays import Array
from workers.learning.encoder.face_pairs import FacePairs, draw_pairs, pair_distances


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


def all_pairs(labels: Array, seed: int, most: int) -> FacePairs:
    """The definition: `draw_pairs` on the list of all pairs, which does not fit into memory for many faces."""
    rng = np.random.default_rng(seed)
    one, two = np.triu_indices(len(labels), k=1)
    same = labels[one] == labels[two]
    count = min(most, int(same.sum()), int((~same).sum()))
    chosen = np.concatenate([rng.choice(np.flatnonzero(kind), count, replace=False) for kind in (same, ~same)])
    return FacePairs(one[chosen], two[chosen], same[chosen])


@pytest.mark.parametrize(("faces", "people"), [(3, 2), (40, 2), (60, 50), (300, 12), (700, 30)])
@pytest.mark.parametrize("most", [7, 3000])
def test_the_pairs_are_those_that_a_list_of_all_pairs_gives(faces: int, people: int, most: int) -> None:
    for seed in range(5):
        labels = np.random.default_rng([seed, faces]).integers(0, people, faces)
        labels[:3] = [0, 0, 1]
        for named in (labels, np.asarray([f"person {n}" for n in labels])):
            found, expected = draw_pairs(named, seed, most), all_pairs(named, seed, most)
            for mine, theirs in ((found.first, expected.first), (found.second, expected.second)):
                assert (mine.dtype, mine.tolist()) == (theirs.dtype, theirs.tolist())
            assert found.same.tolist() == expected.same.tolist()


def test_pairs_of_many_faces_take_memory_by_the_faces_and_not_by_their_pairs() -> None:
    labels = np.random.default_rng(0).integers(0, 1_000, 50_000)
    tracemalloc.start()
    try:
        draw_pairs(labels, seed=1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000  # a list of all pairs: 20 GB

"""Pairs that come without folds get some: of people where the paths tell who they are."""

from __future__ import annotations

import numpy as np

from orchestrator.verification.draw_folds import drawn_folds
from orchestrator.verification.photo_pair import PhotoPair, people_of


def pairs(people: int) -> list[PhotoPair]:
    genuine = [PhotoPair(f"p{i}/1.jpg", f"p{i}/2.jpg", same=True) for i in range(people)]
    return genuine + [PhotoPair(f"p{i}/1.jpg", f"p{(i + 1) % people}/1.jpg", same=False) for i in range(people)]


def test_people_are_in_one_fold_each() -> None:
    listed = pairs(23)
    people = people_of(listed)
    assert people is not None
    folds, words = drawn_folds(listed, people, 1)
    assert "people drawn by seed 1" in words
    of: dict[str, int] = {}
    for (first, second), (one, other) in zip(people, folds.tolist(), strict=True):
        assert of.setdefault(first, one) == one
        assert of.setdefault(second, other) == other
    assert sorted(np.bincount(list(of.values())).tolist()) == [2] * 7 + [3] * 3


def test_the_seed_decides_and_nothing_else() -> None:
    listed = pairs(12)
    draws = [drawn_folds(listed, people_of(listed), seed)[0].tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


def test_with_few_people_there_are_as_many_folds_as_people() -> None:
    folds, words = drawn_folds(pairs(6), people_of(pairs(6)), 0)
    assert len(np.unique(folds)) == 6
    assert words.startswith("6, people drawn")


def test_pairs_are_drawn_where_nobody_can_tell_the_people_and_it_is_said() -> None:
    flat = [PhotoPair(f"{i}.jpg", f"{i + 1}.jpg", same=i % 2 == 0) for i in range(40)]
    assert people_of(flat) is None
    folds, words = drawn_folds(flat, None, 0)
    assert folds.shape == (40,)
    assert "one person may stand in several, since the paths do not tell" in words
    same = np.array([pair.same for pair in flat])
    assert np.bincount(folds[same]).tolist() == np.bincount(folds[~same]).tolist() == [2] * 10
    assert "fewer than 5 people" in drawn_folds(pairs(4), people_of(pairs(4)), 0)[1]


def test_folders_that_contradict_the_pairs_do_not_tell_the_people() -> None:
    assert people_of([PhotoPair("a/1.jpg", "b/1.jpg", same=True)]) is None
    assert people_of([PhotoPair("a/1.jpg", "2.jpg", same=False)]) is None

"""What is chosen on some faces is scored on others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.workers.compare.conftest import Study, make_study
from workers.compare.answers import Outcomes
from workers.compare.intervals import jeffreys
from workers.compare.selection import selection


def answered(right: np.ndarray) -> Outcomes:
    """One repeat of one split in which `right` says which of the faces were named rightly."""
    count = len(right)
    truth, numbers = np.full(count, "ann", object), np.zeros(count)
    said = np.where(right, truth, "bob")
    faces = tuple((f"{i:04}", 0) for i in range(count))
    return Outcomes(faces, np.zeros((count, 2), np.int64), truth, said, said, numbers, numbers, numbers, numbers, right)


def test_the_best_of_twenty_coins_is_no_better_than_a_coin() -> None:
    """The best of 20 fair coins over 50 throws shows about 63 %; scored on others it is worth about 50 %."""
    rng = np.random.default_rng(0)
    best, honest = [], []
    for _ in range(40):
        throws = rng.random((20, 50)) < 0.5
        tests = {f"coin{i}": answered(row) for i, row in enumerate(throws)}
        result = selection(tests, redraws=100)
        assert result is not None
        best.append(throws.mean(axis=1).max())
        honest.append(result.accuracy)
    assert np.mean(best) > 0.6
    assert np.mean(honest) == pytest.approx(0.5, abs=0.04)


def test_a_winner_beyond_doubt_keeps_its_score() -> None:
    right = np.arange(200) % 10 != 0
    result = selection({"sure": answered(right), "lost": answered(~right)})
    assert result is not None
    assert result.accuracy == pytest.approx(0.9, abs=0.005)
    assert result.wins == {"sure": 1.0, "lost": 0.0}
    assert result.low < 0.9 < result.high


def test_twins_share_every_win() -> None:
    right = np.arange(50) % 7 != 0
    result = selection({"first": answered(right), "twin": answered(right)})
    assert result is not None
    assert result.wins == pytest.approx({"first": 0.5, "twin": 0.5})
    assert result.accuracy == pytest.approx(right.mean(), abs=0.01)


def test_two_faces_by_hand() -> None:
    """Left out is one face or the other; the one drawn twice chooses. Who is right on it is wrong on the other."""
    result = selection({"a": answered(np.asarray([True, False])), "b": answered(np.asarray([False, True]))}, 400)
    assert result is not None
    assert (result.accuracy, result.low, result.high) == (0.0, *jeffreys(0, 2))
    assert result.wins["a"] == pytest.approx(0.5, abs=0.1)


def test_a_face_that_several_repeats_test_counts_once(study: Study) -> None:
    tests = {name: study.answers(name).test for name in ("good", "fair", "blind")}
    result = selection(tests)
    assert result is not None
    assert sum(result.wins.values()) == pytest.approx(1)
    good = study.compared().table["accuracy"][0].as_py()
    assert result.accuracy == pytest.approx(good, abs=0.05)
    assert result == selection(tests)


def test_nothing_is_chosen_from_one_and_nothing_compared_across_faces() -> None:
    one = answered(np.asarray([True, False, True]))
    assert selection({"one": one}) is None
    assert selection({}) is None
    other = replace(one, faces=(("x", 0), ("y", 0), ("z", 0)))
    with pytest.raises(ValueError, match="different faces"):
        selection({"one": one, "other": other})


def test_repeats_that_disagree_count_their_share() -> None:
    answers = make_study({"fair": 0.5}, folds=4, repeats=2).answers("fair").test
    other = replace(answers, predicted=np.full(len(answers.faces), "nobody", object))
    result = selection({"fair": answers, "none": other}, redraws=2000)
    assert result is not None
    assert result.accuracy == pytest.approx(np.mean(answers.right), abs=0.03)

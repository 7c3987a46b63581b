"""The intervals of a list of pairs agree with those of all pairs, and hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from workers.compare.all_pairs import all_pairs
from workers.compare.pair_estimates import PairEstimates, pair_estimates
from workers.compare.pair_protocol import lfw_protocol


def listed(seed: int, count: int = 30, photos: int = 5) -> tuple[PairEstimates, np.ndarray, np.ndarray]:
    """All pairs of some people, given as a list with ten folds of people."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(count), photos)
    embeddings = rng.normal(size=(count, 8))[person] + 0.6 * rng.normal(size=(len(person), 8))
    first, second = (person[each] for each in np.triu_indices(len(person), 1))
    distance, same = pdist(embeddings), first == second
    result = lfw_protocol(distance, same, np.stack([first, second], axis=1) % 10)
    return pair_estimates(distance, same, first, second, result), embeddings, person


def test_all_pairs_in_a_list_have_nearly_the_intervals_of_the_folder() -> None:
    found, embeddings, person = listed(0)
    folder = all_pairs(embeddings, person)
    assert [point.far for point in found.tar_at_far] == [point.far for point in folder.tar_at_far]
    for mine, theirs in zip(found.tar_at_far, folder.tar_at_far, strict=True):
        assert mine.accepted == pytest.approx(theirs.accepted, abs=1)
        assert mine.threshold == pytest.approx(theirs.threshold, abs=0.02)
        assert (mine.tar.value, mine.tar.low, mine.tar.high) == pytest.approx(
            (theirs.tar.value, theirs.tar.low, theirs.tar.high), abs=0.01
        )
    assert found.equal_error_rate.high == pytest.approx(folder.equal_error_rate.high, abs=0.01)


def test_the_interval_of_the_accuracy_is_that_of_the_people() -> None:
    """11,175 pairs of 30 people: as a plain share the interval would be narrower than 0.3 points."""
    accuracy = listed(0)[0].accuracy
    assert accuracy.low < accuracy.value < accuracy.high
    assert accuracy.high - accuracy.low > 0.006


def test_pairs_without_an_error_still_have_an_interval() -> None:
    distance, same = np.array([0.1, 0.2, 0.8, 0.9] * 5), np.array([True, True, False, False] * 5)
    result = lfw_protocol(distance, same, np.repeat(np.arange(5), 4))
    first = np.arange(20)
    second = np.where(same, first, first + 20)
    accuracy = pair_estimates(distance, same, first, second, result).accuracy
    assert (accuracy.value, accuracy.high) == (1.0, 1.0)
    assert 0.7 < accuracy.low < 0.95

"""Block by block the counts are those of the full matrix of distances, and so are the variances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from workers.compare import distance_counts
from workers.compare.distance_counts import BINS, DistanceCounts
from workers.compare.dyadic_interval import dyadic_variance, few_people, people_variance


def people(seed: int, sizes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(len(sizes)), sizes)
    return rng.normal(size=(len(sizes), 16))[person] + rng.normal(size=(len(person), 16)), person


@pytest.fixture(params=[512, 7, 1])
def _rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that hold everybody, a few people, and less than one person."""
    monkeypatch.setattr(distance_counts, "ROWS", request.param)


@pytest.mark.usefixtures("_rows")
def test_every_pair_is_counted_once_whatever_the_size_of_a_block() -> None:
    embeddings, person = people(0, [1, 5, 12, 1, 3, 2, 9])
    counts = DistanceCounts.of(embeddings, person)
    genuine, impostors = counts.histograms()
    place = np.triu_indices(len(person), 1)
    same = person[place[0]] == person[place[1]]
    bins = (pdist(embeddings) / counts.width).astype(int)
    assert np.abs(np.cumsum(genuine) - np.cumsum(np.bincount(bins[same], minlength=BINS))).max() <= 1
    assert np.abs(np.cumsum(impostors) - np.cumsum(np.bincount(bins[~same], minlength=BINS))).max() <= 1
    assert (genuine.sum(), impostors.sum()) == (same.sum(), (~same).sum())


@pytest.mark.usefixtures("_rows")
def test_the_variances_are_those_of_the_pairs_one_by_one() -> None:
    embeddings, person = people(1, [4, 1, 8, 3, 6])
    counts = DistanceCounts.of(embeddings, person)
    first, second = np.triu_indices(len(person), 1)
    first, second = person[first], person[second]
    same = first == second
    limit = np.quantile(pdist(embeddings), 0.3)
    edge = int(limit / counts.width)
    taken = (pdist(embeddings) < edge * counts.width).astype(float)
    (found,) = counts.variances([edge], [float(taken[~same].mean())])
    expected = dyadic_variance(taken[~same], first[~same], second[~same])
    assert found.impostors == pytest.approx(expected * few_people(5))
    own = np.bincount(first[same], minlength=5).astype(float)
    accepted = np.bincount(first[same], taken[same], 5).astype(float)
    assert found.genuine == pytest.approx(people_variance(accepted, own))
    assert found.people == 4


def test_equal_photos_and_zero_vectors_are_counted() -> None:
    counts = DistanceCounts.of(np.zeros((4, 3)), np.array([0, 0, 1, 1]))
    genuine, impostors = counts.histograms()
    assert (genuine[0], impostors[0]) == (2, 4)


@pytest.mark.parametrize("person", [[1, 1, 2], [0, 2, 2], [0, 1, 0]])
def test_photos_that_are_not_sorted_by_person_are_refused(person: list[int]) -> None:
    with pytest.raises(ValueError, match="sorted by person"):
        DistanceCounts.of(np.zeros((3, 2)), np.array(person))

"""TAR at FAR over all pairs: by hand, against scikit-learn, and on people whom theory knows."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from workers.compare.all_pairs import AllPairs, all_pairs
from workers.compare.pair_protocol import equal_error_rate, roc


def population(seed: int, count: int, photos: int, spread: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(count), photos)
    return rng.normal(size=(count, 8))[person] + spread * rng.normal(size=(len(person), 8)), person


@pytest.fixture(scope="module")
def found() -> AllPairs:
    return all_pairs(*population(0, 30, 5))


def test_on_a_line_the_rates_are_counted_by_hand() -> None:
    """Photos at 0, 1 | 2.5, 3.5 | 10: genuine distances 1, 1; impostors 1.5, 2.5, 2.5, 3.5, 10, 9, 7.5, 6.5."""
    found = all_pairs(np.array([[0.0], [1.0], [2.5], [3.5], [10.0]]), np.array([0, 0, 1, 1, 2]), fars=(0.5, 0.125, 0.1))
    assert (found.genuine, found.impostors, found.people, found.photos) == (2, 8, 3, 5)
    assert [(point.far, point.tar.value, point.accepted) for point in found.tar_at_far] == [(0.5, 1, 4), (0.125, 1, 1)]
    assert 3.5 < found.tar_at_far[0].threshold <= 6.5
    assert 1.5 < found.tar_at_far[1].threshold <= 2.5
    assert found.equal_error_rate.value == 0.0


def test_a_stranger_who_is_nearer_than_every_friend_leaves_no_acceptance() -> None:
    """Photos at 0, 5 | 1, 6: both genuine distances are 5, impostors are 1, 6, 4, 1."""
    found = all_pairs(np.array([[0.0], [5.0], [1.0], [6.0]]), np.array([0, 0, 1, 1]), fars=(0.75, 0.25))
    # at a quarter one impostor pair would be accepted, but two are equally near
    assert [(point.tar.value, point.accepted) for point in found.tar_at_far] == [(1.0, 3), (0.0, 0)]


def test_curve_area_and_equal_error_rate_are_scikit_learns(found: AllPairs) -> None:
    from sklearn.metrics import roc_auc_score

    embeddings, person = population(0, 30, 5)
    first, second = np.triu_indices(len(person), 1)
    distance, same = pdist(embeddings), person[first] == person[second]
    assert found.roc.area == pytest.approx(roc_auc_score(same, -distance), abs=1e-5)
    assert found.equal_error_rate.value == pytest.approx(equal_error_rate(roc(distance, same)), abs=2e-3)
    for point in found.tar_at_far:
        accepted = distance < point.threshold
        assert accepted[~same].mean() <= point.far
        assert accepted[same].mean() == pytest.approx(point.tar.value, abs=2 / same.sum())


def test_no_rate_is_told_below_one_in_the_impostor_pairs(found: AllPairs) -> None:
    assert found.impostors == 30 * 29 // 2 * 25
    assert [point.far for point in found.tar_at_far] == [0.1, 0.01, 1e-3, 1e-4]


def test_intervals_hold_the_value_and_grow_where_fewer_impostors_decide(found: AllPairs) -> None:
    for point in found.tar_at_far:
        assert point.tar.low <= point.tar.value <= point.tar.high
    at_tenth, at_hundredth = (point.tar.high - point.tar.low for point in found.tar_at_far[:2])
    assert at_tenth < at_hundredth


def test_the_interval_depends_on_the_people_and_not_on_the_pairs() -> None:
    """Ten times the photos are hundred times the pairs, but the people stay ten."""
    few, many = (all_pairs(*population(3, 10, photos), fars=(0.01,)).tar_at_far[0].tar for photos in (6, 60))
    assert many.high - many.low > 0.3 * (few.high - few.low)


def test_the_interval_holds_the_truth_of_the_population() -> None:
    truth = np.mean([all_pairs(*population(seed, 400, 5), fars=(0.01,)).tar_at_far[0].tar.value for seed in (90, 91)])
    sets = [all_pairs(*population(seed, 25, 5), fars=(0.01,)).tar_at_far[0].tar for seed in range(30)]
    assert sum(tar.low <= truth <= tar.high for tar in sets) >= 26


@pytest.mark.parametrize("person", [[0, 0, 0], [0, 1, 2]])
def test_what_has_no_pairs_of_both_kinds_is_refused(person: list[int]) -> None:
    with pytest.raises(ValueError, match="two people are needed"):
        all_pairs(np.arange(3.0)[:, None], np.array(person))

"""The LFW protocol against scikit-learn's curves, searches by brute force, and what theory says of two bells."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare.pair_protocol import best_threshold, equal_error_rate, lfw_protocol, pair_accuracy, roc, tar_at


def bells(friends: int, strangers: int, apart: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Distances with unit variance: friends around 10 - apart / 2, strangers around 10 + apart / 2."""
    rng = np.random.default_rng(seed)
    same = np.arange(friends + strangers) < friends
    return rng.normal(np.where(same, 10 - apart / 2, 10 + apart / 2), 1.0), same


def coarse(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Forty distances with many ties."""
    distance, same = bells(20, 20, 1.5, seed)
    return np.round(distance, 1), same


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_has_the_fewest_errors_of_all(seed: int) -> None:
    distance, same = coarse(seed)
    candidates = np.unique(np.concatenate([[distance.min() - 1], distance + 1e-6]))
    errors = [int(np.sum((distance < limit) != same)) for limit in candidates]
    assert int(np.sum((distance < best_threshold(distance, same)) != same)) == min(errors)


def test_between_two_heaps_the_threshold_lies_half_way() -> None:
    distance, same = np.asarray([0.2, 0.4, 0.8, 0.9]), np.asarray([True, True, False, False])
    assert best_threshold(distance, same) == pytest.approx(0.6)


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_and_its_area_are_scikit_learns(seed: int) -> None:
    from sklearn.metrics import roc_auc_score, roc_curve

    distance, same = coarse(seed)
    far, tar, thresholds = roc_curve(same, -distance, drop_intermediate=False)
    curve = roc(distance, same)
    assert curve.far == pytest.approx(far)
    assert curve.tar == pytest.approx(tar)
    assert curve.thresholds == pytest.approx(-thresholds)
    assert curve.area == pytest.approx(roc_auc_score(same, -distance))


def test_two_bells_have_the_rates_that_theory_gives() -> None:
    """Unit variances, means d apart: EER = Phi(-d / 2), TAR at FAR f = Phi(d + Phi^-1(f)), area Phi(d / sqrt 2)."""
    from scipy.stats import norm

    curve = roc(*bells(200_000, 200_000, 3.0))
    assert equal_error_rate(curve) == pytest.approx(norm.cdf(-1.5), abs=2e-3)
    assert tar_at(curve, 0.01) == pytest.approx(norm.cdf(3 + norm.ppf(0.01)), abs=5e-3)
    assert curve.area == pytest.approx(norm.cdf(3 / np.sqrt(2)), abs=1e-3)


def test_the_equal_error_rate_by_hand() -> None:
    """Of four friends one is beyond, of four strangers one is within: 1 / 4 either way."""
    distance = np.asarray([1.0, 2.0, 3.0, 6.0, 4.0, 7.0, 8.0, 9.0])
    assert equal_error_rate(roc(distance, np.arange(8) < 4)) == pytest.approx(0.25)


def test_the_equal_error_rate_lies_on_the_line_where_ties_hide_it() -> None:
    """All distances equal: the curve is one straight line, and half of each kind is wrong on it."""
    assert equal_error_rate(roc(np.ones(6), np.arange(6) < 3)) == pytest.approx(0.5)
    assert equal_error_rate(roc(np.asarray([1.0, 2.0]), np.asarray([True, False]))) == 0.0


def test_the_order_of_tied_pairs_does_not_matter() -> None:
    """All distances equal: whichever row comes first, half of the pairs are wrong."""
    for same in (np.arange(6) < 3, np.arange(6) >= 3):
        assert pair_accuracy(np.ones(6), same).equal_error_rate == pytest.approx(0.5)
    distance, same = coarse(0)
    expected = pair_accuracy(distance, same)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(distance))
        assert pair_accuracy(distance[order], same[order]) == expected


def test_a_threshold_of_other_pairs_is_used_as_it_is() -> None:
    distance, same = np.asarray([0.2, 0.4, 0.8, 0.9]), np.asarray([True, True, False, False])
    found = pair_accuracy(distance, same, 0.3)
    assert (found.accuracy, found.threshold, found.pairs) == (0.75, 0.3, 4)


def test_nothing_is_interpolated_towards_a_better_rate() -> None:
    distance, same = np.asarray([1.0, 2.0, 2.0, 3.0]), np.asarray([True, True, False, False])
    curve = roc(distance, same)
    assert tar_at(curve, 0.49) == 0.5
    assert tar_at(curve, 0.5) == 1.0


def test_each_fold_is_tested_with_the_threshold_of_the_others() -> None:
    """Fold 1's own best threshold (2.5) would make no error; fold 0's (1.5) makes one of four."""
    distance = np.asarray([1.0, 1.0, 2.0, 2.0, 1.0, 2.0, 3.0, 3.0])
    same = np.asarray([True, True, False, False, True, True, False, False])
    fold = np.repeat([0, 1], 4)
    result = lfw_protocol(distance, same, fold)
    assert result.thresholds == pytest.approx((2.5, 1.5))
    assert result.fold_accuracies == pytest.approx((0.5, 0.75))
    assert result.accuracy == pytest.approx(0.625)
    assert result.standard_error == pytest.approx(np.std([0.5, 0.75], ddof=1) / np.sqrt(2))
    assert (result.pairs, result.skipped) == (8, 0)


def test_folds_of_people_judge_a_pair_without_anybody_of_its_folds() -> None:
    """Five people, each a fold; every pair's threshold is searched again by hand among the pairs of the others."""
    rng = np.random.default_rng(2)
    first, second = (each.ravel() for each in np.meshgrid(np.arange(5), np.arange(5)))
    same = first == second
    distance = rng.normal(np.where(same, 1.0, 2.0), 0.6)
    result = lfw_protocol(distance, same, np.stack([first, second], axis=1))
    expected = []
    for one, other, far, truth in zip(first, second, distance, same, strict=True):
        rest = ~np.isin(first, (one, other)) & ~np.isin(second, (one, other))
        expected.append((far < best_threshold(distance[rest], same[rest])) == truth)
    assert result.right.tolist() == expected
    of_first = [np.mean([first == 0, second == 0], axis=0)[i] for i in range(25)]
    assert result.fold_accuracies[0] == pytest.approx(np.average(expected, weights=of_first))
    assert result.accuracy == pytest.approx(np.mean(result.fold_accuracies))


def test_two_folds_of_people_leave_nobody_to_choose_a_threshold() -> None:
    ends = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
    with pytest.raises(ValueError, match="two folds at least"):
        lfw_protocol(np.array([0.1, 0.9, 0.2, 0.8]), np.array([True, False, True, False]), ends)


def test_the_protocol_is_the_usual_loop_over_scikit_learns_folds() -> None:
    """Ten folds of 60 pairs, written down once more with KFold and a plain search."""
    from sklearn.model_selection import KFold

    folds = [bells(30, 30, 3.0, seed) for seed in range(10)]
    distance, same = (np.concatenate([fold[i] for fold in folds]) for i in (0, 1))
    grid = np.sort(distance) + 1e-9
    accuracies = []
    for train, test in KFold(10).split(distance):
        rates = [np.mean((distance[train] < limit) == same[train]) for limit in grid]
        limits = grid[np.flatnonzero(rates == np.max(rates))]
        accuracies.append([float(np.mean((distance[test] < limit) == same[test])) for limit in limits])
    result = lfw_protocol(distance, same, np.repeat(np.arange(10), 60))
    assert all(mine in theirs for mine, theirs in zip(result.fold_accuracies, accuracies, strict=True))
    assert result.accuracy == pytest.approx(0.933, abs=0.03)  # Phi(1.5)


def test_pairs_that_could_not_be_judged_are_counted_and_never_hidden() -> None:
    distance, same = bells(50, 50, 8.0)
    order = np.random.default_rng(0).permutation(100)
    distance, same, fold = distance[order], same[order], np.arange(100) % 10
    distance[:10] = np.nan
    result = lfw_protocol(distance, same, fold)
    assert (result.pairs, result.skipped) == (90, 10)
    assert result.accuracy == 1.0
    assert result.accuracy_with_skipped == pytest.approx(0.9)


def test_no_rate_is_claimed_below_one_in_the_strangers() -> None:
    distance, same = bells(50, 50, 3.0)
    result = lfw_protocol(distance, same, np.arange(100) % 2, fars=(0.1, 0.02, 0.019, 0.001))
    assert [far for far, _ in result.tar_at_far] == [0.1, 0.02]


@pytest.mark.parametrize(
    ("distance", "same", "fold"),
    [
        ([1, 2, 3, 4], [1, 0, 1, 0], [0, 0, 0, 0]),
        ([1, 2, 3, 4], [1, 1, 1, 1], [0, 0, 1, 1]),
        ([1, 2, 3, 4], [0, 0, 0, 0], [0, 0, 1, 1]),
        ([1, 2, np.nan, np.nan], [1, 0, 1, 0], [0, 0, 1, 1]),
        ([np.nan] * 4, [1, 0, 1, 0], [0, 0, 1, 1]),
    ],
)
def test_what_is_no_protocol_is_refused(distance: list[float], same: list[int], fold: list[int]) -> None:
    with pytest.raises(ValueError, match="two folds at least"):
        lfw_protocol(np.asarray(distance, float), np.asarray(same, bool), np.asarray(fold))

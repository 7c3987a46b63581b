"""Paired tests against published examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from workers.compare.paired import agresti_min, holm, mcnemar, over_splits, single_split


@pytest.mark.parametrize(("b", "c"), [(86, 150), (1, 9), (5, 5), (0, 6), (12, 3)])
def test_mcnemar_is_the_exact_binomial_tail_twice(b: int, c: int) -> None:
    tail = sum(math.comb(b + c, k) for k in range(min(b, c) + 1)) / 2 ** (b + c)
    assert mcnemar(b, c) == pytest.approx(min(1.0, 2 * tail))


def test_no_disagreement_is_no_evidence() -> None:
    assert mcnemar(0, 0) == 1.0


def test_holm_by_hand() -> None:
    """0.005 * 4, 0.01 * 3, 0.03 * 2, then 0.04 raised to its forerunner's."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_is_statsmodels() -> None:
    """multipletests(p, method="holm") of statsmodels 0.15.0, with a tie."""
    expected = [0.006, 0.05, 0.08, 0.08, 0.1, 0.2]
    assert holm([0.001, 0.01, 0.02, 0.02, 0.05, 0.2]) == pytest.approx(expected, abs=1e-12)


def test_the_paired_interval_is_agrestis_prime_minister() -> None:
    """Agresti, Categorical Data Analysis (2nd ed. 2002), 10.1.1: approval 944 and 880 of 1600, (0.021, 0.059)."""
    (low, high), _ = single_split(150, 86, 1600)
    assert (low, high) == pytest.approx((0.021, 0.059), abs=1e-3)


def test_two_that_never_disagree_on_few_faces_are_not_called_the_same() -> None:
    (low, high), rope = single_split(0, 0, 45)
    assert low < -0.01
    assert high > 0.01
    assert rope < 0.95
    assert single_split(0, 0, 5000)[1] > 0.99
    assert agresti_min(0, 0, 45)[0] == 0


def test_the_rope_of_scikit_learns_worked_example() -> None:
    """Its page "Statistical comparison of models using grid search": rbf against linear, ROPE of one point.

    The page prints a corrected t of 0.750 (so P(rbf better) = 0.773) and P(practically the same) = 0.432.
    """
    from scipy.stats import t
    from sklearn.datasets import make_moons
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    x, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    splits = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    scores = [
        cross_val_score(SVC(kernel=kernel, random_state=0), x, y, cv=splits, scoring="roc_auc")
        for kernel in ("rbf", "linear")
    ]
    differences = scores[0] - scores[1]
    (low, high), rope = over_splits(differences.tolist(), 10 / 90)
    half = float(t.ppf(0.975, 99))
    assert np.mean(differences) / ((high - low) / 2 / half) == pytest.approx(0.750, abs=5e-4)
    assert rope == pytest.approx(0.432, abs=5e-4)

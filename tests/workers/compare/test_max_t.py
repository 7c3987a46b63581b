"""The max-T permutation test."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare.max_t import max_t
from workers.compare.paired import mcnemar


def test_for_two_it_is_the_exact_sign_test() -> None:
    """9 faces that only the first names rightly against 1: McNemar's exact p is 0.0215."""
    right = np.ones((2, 100))
    right[1, :9] = 0
    right[0, 9] = 0
    p_values = max_t(right, np.arange(100))
    assert p_values[0, 1] == p_values[1, 0] == pytest.approx(mcnemar(9, 1), abs=0.005)
    assert p_values[0, 0] == 1.0


def test_many_equals_make_a_difference_less_surprising() -> None:
    rng = np.random.default_rng(0)
    right = (rng.random((12, 100)) < 0.9).astype(float)
    right[0], right[1] = 1, np.arange(100) >= 10
    assert max_t(right[:2], np.arange(100))[0, 1] < max_t(right, np.arange(100))[0, 1]


def test_near_duplicates_count_once() -> None:
    right = np.ones((2, 60))
    right[1, :8] = 0
    assert max_t(right, np.arange(60))[0, 1] < 0.02
    one_scene = np.concatenate([np.zeros(8, int), np.arange(1, 53)])
    assert max_t(right, one_scene)[0, 1] == 1.0


def test_what_never_disagrees_has_no_evidence_and_a_seed_repeats_itself() -> None:
    assert np.all(max_t(np.ones((3, 20)), np.arange(20)) == 1.0)
    right = (np.random.default_rng(1).random((4, 50)) < 0.8).astype(float)
    assert np.array_equal(max_t(right, np.arange(50)), max_t(right, np.arange(50)))

"""Held-out faces inside the training fold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from workers.learning.inner_folds import inner_folds, temperature_of


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), min_size=1, max_size=40), st.integers(0, 99))
def test_an_inner_split_divides_no_group_and_trains_every_person(faces: list[tuple[int, int]], seed: int) -> None:
    y = np.unique([person for person, _ in faces], return_inverse=True)[1]
    groups = np.asarray([group for _, group in faces])
    for train, held in inner_folds(y, groups, seed):
        assert not set(groups[train]) & set(groups[held])
        assert set(y[train]) == set(y)
        assert len(train) + len(held) == len(y)
        assert len(held) > 0


def test_every_face_of_a_person_with_two_groups_is_held_out_once() -> None:
    y = np.repeat([0, 1, 2], 6)
    held = np.concatenate([held for _, held in inner_folds(y, np.arange(18), 1)])
    assert sorted(held) == list(range(18))


def test_one_photo_a_person_gives_no_inner_split() -> None:
    assert inner_folds(np.arange(5), np.arange(5), 1) == []


def test_the_temperature_is_the_one_that_scipy_finds() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 400)
    decisions = 3 * np.eye(4)[y] + rng.normal(0, 2.5, (400, 4))
    doubt = 1 / 402
    goal = (1 - doubt) * np.eye(4)[y] + doubt / 4

    def loss(log_temperature: float) -> float:
        z = decisions / np.exp(log_temperature)
        return float(-(goal * (z - np.log(np.exp(z).sum(axis=1, keepdims=True)))).sum(axis=1).mean())

    best = minimize_scalar(loss, bounds=(np.log(0.01), np.log(10)), method="bounded")
    temperature, found, accuracy = temperature_of([decisions], y)
    assert temperature == pytest.approx(np.exp(best.x), rel=0.12)  # one step of the grid
    assert found == pytest.approx(best.fun, abs=2e-3)
    assert accuracy == (decisions.argmax(axis=1) == y).mean()


def test_a_perfect_inner_accuracy_does_not_give_certain_probabilities() -> None:
    y = np.arange(10) % 2
    temperature, _, accuracy = temperature_of([np.eye(2)[y]], y)
    assert accuracy == 1
    assert temperature > 0.1

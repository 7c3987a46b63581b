"""Choosing inside the training fold."""

from __future__ import annotations

from typing import NoReturn

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from workers.learning.fold import CannotFit, Fold
from workers.learning.inner_folds import DEFAULT_TEMPERATURE, choose, inner_folds, temperature_of


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
    fold = Fold(np.eye(5, dtype=np.float32), np.arange(5), np.arange(5))
    row, temperature, record = choose([{"C": 3}, {"C": 4}], lambda _: lambda _a, _b, c: c, fold)
    assert (row, temperature) == ({"C": 3}, DEFAULT_TEMPERATURE)
    assert "too few" in record["note"]


def test_a_model_that_needs_more_faces_than_an_inner_split_has_takes_the_first_row() -> None:
    def refuse(_a: object, _b: object, _c: object) -> NoReturn:
        raise CannotFit("more faces, please")

    fold = Fold(np.zeros((6, 2), np.float32), np.repeat([0, 1], 3), np.arange(6))
    row, temperature, record = choose([{"C": 3}], lambda _: refuse, fold)
    assert (row, temperature) == ({"C": 3}, DEFAULT_TEMPERATURE)
    assert "too few" in record["note"]


def test_the_row_with_the_better_held_out_accuracy_is_chosen() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 10)
    x = (np.eye(3)[y] + rng.normal(0, 0.2, (30, 3))).astype(np.float32)
    fold = Fold(x, y, np.arange(30))
    row, _, record = choose([{"sign": -1}, {"sign": 1}], lambda row: lambda _a, _b, c: row["sign"] * c, fold)
    assert row == {"sign": 1}
    assert record["inner_accuracy"] == 1
    assert record["rows_searched"] == 2


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
    temperature, found, accuracy = temperature_of(decisions, y)
    assert temperature == pytest.approx(np.exp(best.x), rel=0.12)  # one step of the grid
    assert found == pytest.approx(best.fun, abs=2e-3)
    assert accuracy == (decisions.argmax(axis=1) == y).mean()


def test_a_perfect_inner_accuracy_does_not_give_certain_probabilities() -> None:
    y = np.arange(10) % 2
    temperature, _, accuracy = temperature_of(np.eye(2)[y], y)
    assert accuracy == 1
    assert temperature > 0.1

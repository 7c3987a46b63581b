"""Choosing hyper-parameters inside the training fold, at every size."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pytest

from workers.learning import grid_search
from workers.learning.arrays import Array
from workers.learning.configurations import CONFIGURATIONS
from workers.learning.face_batch import FaceBatch
from workers.learning.fitted_model import fit_model
from workers.learning.fold import CannotFit, Fold
from workers.learning.grid_search import MANY_FACES, STAGE_PEOPLE, STAGE_ROWS, choose, people_sample
from workers.learning.inner_folds import DEFAULT_TEMPERATURE


@dataclass(frozen=True)
class Means:
    """Likeness to each person's mean face, times a factor: below zero the least alike wins."""

    means: Array
    factor: float

    @property
    def cells_per_row(self) -> int:
        return len(self.means)

    def decision(self, x: Array) -> Array:
        likeness: Array = self.factor * (x @ self.means.T)
        return likeness


def means(x: Array, y: Array) -> Callable[[dict[str, Any]], Means]:
    """The prepared function of a grid whose rows have a factor."""
    centres = np.stack([x[y == person].mean(axis=0) for person in range(y.max() + 1)])
    return lambda row: Means(centres, row["factor"])


def easy_fold(people: int, photos: int, seed: int = 0) -> Fold:
    """Faces whose own coordinate is the largest, most of the time."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(people), photos)
    x = (np.eye(people)[y] + rng.normal(0, 0.3, (len(y), people))).astype(np.float32)
    return Fold(x, y, np.arange(len(y)), seed=seed)


def test_one_photo_a_person_takes_the_first_row() -> None:
    fold = Fold(np.eye(5, dtype=np.float32), np.arange(5), np.arange(5))
    row, temperature, record = choose([{"factor": 3}, {"factor": 4}], means, fold)
    assert (row, temperature) == ({"factor": 3}, DEFAULT_TEMPERATURE)
    assert "too few" in record["note"]


def test_a_model_that_needs_more_faces_than_an_inner_split_has_takes_the_first_row() -> None:
    def refuse(_x: Array, _y: Array) -> NoReturn:
        raise CannotFit("more faces, please")

    fold = Fold(np.zeros((6, 2), np.float32), np.repeat([0, 1], 3), np.arange(6))
    row, temperature, record = choose([{"C": 3}], refuse, fold)
    assert (row, temperature) == ({"C": 3}, DEFAULT_TEMPERATURE)
    assert "too few" in record["note"]


def test_the_row_with_the_better_held_out_accuracy_is_chosen_and_every_row_is_recorded() -> None:
    row, temperature, record = choose([{"factor": -1}, {"factor": 1}], means, easy_fold(3, 10))
    assert row == {"factor": 1}
    assert record["factor"] == 1
    assert record["temperature"] == temperature
    assert record["rows_searched"] == 2
    (stage,) = record["search"]
    assert (stage["faces"], stage["people"], stage["inner_folds"]) == (30, 3, 3)
    assert [each["factor"] for each in stage["rows"]] == [-1, 1]
    assert stage["rows"][1]["inner_accuracy"] == record["inner_accuracy"] > stage["rows"][0]["inner_accuracy"]


def test_equal_rows_are_decided_by_their_place() -> None:
    grid = [{"factor": 1.0, "place": place} for place in range(3)]  # a temperature undoes a factor
    assert choose(grid, means, easy_fold(3, 10))[0] == grid[0]


def test_many_faces_are_searched_in_full_on_one_inner_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_search, "MANY_FACES", 20)
    row, _, record = choose([{"factor": -1}, {"factor": 1}], means, easy_fold(3, 10))
    assert row == {"factor": 1}
    (stage,) = record["search"]
    assert (stage["faces"], stage["people"], stage["inner_folds"], len(stage["rows"])) == (30, 3, 1, 2)


def test_a_costly_grid_is_thinned_on_some_people_and_decided_on_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_search, "MANY_FACES", 20)
    grid = [{"factor": sign * (place + 1)} for place in range(STAGE_ROWS) for sign in (-1, 1)]
    fold = easy_fold(STAGE_PEOPLE + 5, 2)
    row, _, record = choose(grid, means, fold, costly=True)
    first, second = record["search"]
    assert (first["people"], first["faces"], len(first["rows"])) == (STAGE_PEOPLE, 2 * STAGE_PEOPLE, len(grid))
    assert (second["people"], second["faces"]) == (STAGE_PEOPLE + 5, len(fold.y))
    assert {each["factor"] > 0 for each in second["rows"]} == {True}
    assert len(second["rows"]) == STAGE_ROWS
    assert row["factor"] > 0


def test_a_sample_of_people_has_all_their_faces_and_their_groups() -> None:
    fold = easy_fold(12, 3)
    some = people_sample(fold, 5)
    assert some.classes == 5
    assert len(some.y) == 15
    assert set(np.bincount(some.y)) == {3}
    who = fold.y[some.groups]  # a group is a row here
    assert len(set(who)) == 5
    assert np.array_equal(some.x, fold.x[some.groups])
    assert np.array_equal(people_sample(fold, 5).groups, some.groups)


def test_above_the_old_limit_of_2000_faces_logistic_regression_is_not_left_at_its_default() -> None:
    x, others, y, truth = uneven_people()
    train, faces = FaceBatch.of_embeddings(x), FaceBatch.of_embeddings(others)
    assert len(y) > max(2000, MANY_FACES)
    labels = [f"p{i:03}" for i in y]
    logistic = CONFIGURATIONS["logistic-regression"]

    def accuracy(**parameters: Any) -> float:
        model = fit_model(logistic.with_parameters(**parameters), train, labels, np.arange(len(y)), 1)
        return float(np.mean(model.predict_proba(faces).argmax(axis=1) == truth))

    assert accuracy(C=10.0, tune=False) < accuracy(C=100.0, tune=False) - 0.2
    model = fit_model(logistic, train, labels, np.arange(len(y)), 1)
    assert model.chosen["C"] >= 100
    assert model.chosen["rows_searched"] == 6
    assert json.loads(json.dumps(model.chosen))["search"][0]["faces"] == len(y)
    assert np.mean(model.predict_proba(faces).argmax(axis=1) == truth) > 0.98


def uneven_people() -> tuple[Array, Array, Array, Array]:
    """300 people with 3 faces and 30 with 40, close together: (faces, other faces, their people, theirs)."""
    counts = np.r_[np.full(300, 3), np.full(30, 40)]
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 1, (len(counts), 32))
    y, truth = np.repeat(np.arange(len(counts)), counts), np.repeat(np.arange(len(counts)), 2)
    faces, others = (0.03 * (centres[who] + rng.normal(0, 0.4, (len(who), 32))) for who in (y, truth))
    return faces.astype(np.float32), others.astype(np.float32), y, truth

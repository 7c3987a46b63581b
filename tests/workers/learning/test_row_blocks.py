"""Work over pairs of faces in blocks: the same answers, and memory that does not grow with the pairs."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from workers.learning import row_blocks as blocks
from workers.learning.classical.predictors import nearest_others, squared_distances
from workers.learning.classical.solvers import fit_neighbours, solve_rbf_svm
from workers.learning.fold import Fold
from workers.learning.inner_folds import temperature_of
from workers.learning.row_blocks import row_blocks

RNG = np.random.default_rng(1)
X = RNG.normal(size=(300, 16)).astype(np.float32)
Y = np.arange(300) % 5


def decisions() -> tuple[float, float, float]:
    return temperature_of([X[:, :5]], Y)


CASES: dict[str, Callable[[], Any]] = {
    "the distance to the nearest other face": lambda: nearest_others(X),
    "votes of neighbours": lambda: fit_neighbours(Fold(X, Y, Y, {"k": 3})).predictor.probabilities(X),
    "decisions of a kernel machine": lambda: solve_rbf_svm(X, Y, 10.0, 1.0).decision(X),
    "the temperature": decisions,
}


@pytest.mark.parametrize("name", CASES)
def test_small_blocks_give_the_same_answer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = CASES[name]()
    monkeypatch.setattr(blocks, "CELLS", 700)
    np.testing.assert_allclose(CASES[name](), whole, rtol=1e-4, atol=1e-5)


def test_blocks_are_all_rows_in_order() -> None:
    cut = list(row_blocks(10_000, 10_000))
    assert [row for each in cut for row in range(each.start, each.stop)] == list(range(10_000))
    assert max(each.stop - each.start for each in cut) * 10_000 <= blocks.CELLS
    assert list(row_blocks(0, 5)) == []


def test_a_point_is_no_neighbour_of_its_own() -> None:
    distances = squared_distances(X, X)
    np.fill_diagonal(distances, np.inf)
    assert np.array_equal(nearest_others(X), distances.min(axis=1))


def test_neighbours_need_no_matrix_of_all_pairs() -> None:
    x = RNG.normal(size=(8_000, 16)).astype(np.float32)
    y = np.arange(len(x)) % 20
    tracemalloc.start()
    fit_neighbours(Fold(x, y, y, {"k": 1}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 250e6 < 3 * len(x) ** 2 * 4  # three arrays of all pairs would have been 768 MB

"""Choose hyper-parameters inside the training fold, at every size by a stated rule.

    up to MANY_FACES    every row of the grid, on FOLDS inner folds
    more                every row, on the first inner fold
    more, costly family every row on STAGE_PEOPLE people, then the best STAGE_ROWS of them on all people

The first inner fold holds out a face of every person who has photos of two groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from workers.learning.arrays import Array
from workers.learning.fold import CannotFit, Fold
from workers.learning.inner_folds import (
    DEFAULT_TEMPERATURE,
    FOLDS,
    inner_folds,
    temperature_of,
)
from workers.learning.row_blocks import row_blocks

Row = dict[str, Any]
"""Hyper-parameters by name."""


class Solved(Protocol):
    """A model that was fitted with one row of a grid."""

    @property
    def cells_per_row(self) -> int:
        """Values that a decision needs at once for each face: it is cut into blocks by them (`row_blocks`)."""
        ...

    def decision(self, x: Array) -> Array:
        """Decision values (N, classes) of faces x (N, ...)."""
        ...


Prepare = Callable[[Array, Array], Callable[[Row], Solved]]
"""(x of training faces, their class numbers) -> the function from a row to the model; what rows share is done once."""

MANY_FACES = 1000
"""Above this many training faces one inner fold tells rows apart: it holds out 300 faces or more."""

STAGE_PEOPLE = 100
STAGE_ROWS = 5


@dataclass(frozen=True)
class RowResult:
    """How a row of the grid did on held-out training faces."""

    row: Row
    accuracy: float
    log_loss: float
    temperature: float

    @property
    def order(self) -> tuple[float, float]:
        """Smaller is better: by accuracy, then by log-loss."""
        return -self.accuracy, self.log_loss


def choose(
    grid: Sequence[Row], prepare: Prepare, fold: Fold, costly: bool = False
) -> tuple[Row, float, dict[str, Any]]:
    """The row of the grid with the best held-out accuracy, then log-loss, then place: (row, temperature, record).

    It is the grid's first row where there is no inner split, or where its training faces are too few for the model.
    A subsample of people alone would not do: with 100 of 610 people, logistic regression was 1.3 points worse in one
    of eight draws. It only leaves out the hopeless rows of a family that is insensitive and costly.

    Args:
        grid: hyper-parameters to choose from.
        prepare: fits a row on the training faces of an inner fold.
        costly: whether a family's fits are too costly to try the whole grid on many faces.
    """
    many = len(fold.y) > MANY_FACES
    staged = many and costly and len(grid) > STAGE_ROWS and fold.classes > STAGE_PEOPLE
    count = 1 if many else FOLDS
    stages: list[dict[str, Any]] = []
    try:
        rows = list(grid)
        if staged:
            some = people_sample(fold, STAGE_PEOPLE)
            first = search(rows, prepare, some, count)
            stages.append(_stage(some, count, first))
            rows = [each.row for each in sorted(first, key=lambda each: each.order)[:STAGE_ROWS]] or rows
        results = search(rows, prepare, fold, count)
    except CannotFit:
        results = []
    if not results:
        return grid[0], DEFAULT_TEMPERATURE, {**grid[0], "note": "too few photos a person for an inner split"}
    best = min(results, key=lambda each: each.order)
    record = {
        **best.row,
        "temperature": best.temperature,
        "inner_accuracy": best.accuracy,
        "inner_log_loss": best.log_loss,
        "rows_searched": len(grid),
        "search": [*stages, _stage(fold, count, results)],
    }
    return best.row, best.temperature, record


def search(rows: Sequence[Row], prepare: Prepare, fold: Fold, count: int) -> list[RowResult]:
    """Each row on the first `count` inner folds; empty where there is no inner fold."""
    folds = inner_folds(fold.y, fold.groups, fold.seed)[:count]
    if not folds:
        return []
    if len(folds) == 1:  # of many faces: a block of the decisions is in memory at a time
        train, held = folds[0]
        solve = prepare(fold.x[train], fold.y[train])
        return [_result(row, _decisions(solve(row), fold.x, held), fold.y[held]) for row in rows]
    decisions: list[list[Array]] = [[] for _ in rows]
    for train, held in folds:
        solve = prepare(fold.x[train], fold.y[train])
        for row, values in zip(rows, decisions, strict=True):
            values.append(solve(row).decision(fold.x[held]))
    y = np.concatenate([fold.y[held] for _, held in folds])
    return [_result(row, [np.concatenate(values)], y) for row, values in zip(rows, decisions, strict=True)]


def _decisions(model: Solved, x: Array, held: Array) -> Iterator[Array]:
    """The decisions of the faces x[held], in the blocks in which the model computes them all."""
    for rows in row_blocks(len(held), model.cells_per_row):
        yield model.decision(x[held[rows]])


def _result(row: Row, decisions: Iterable[Array], y: Array) -> RowResult:
    temperature, loss, accuracy = temperature_of(decisions, y)
    return RowResult(row, accuracy, loss, temperature)


def people_sample(fold: Fold, people: int) -> Fold:
    """The faces of so many people, drawn by the fold's seed."""
    drawn = np.random.default_rng(fold.seed).permutation(fold.classes)[:people]
    rows = np.flatnonzero(np.isin(fold.y, drawn))
    y: Array = np.unique(fold.y[rows], return_inverse=True)[1]
    return replace(fold, x=fold.x[rows], y=y, groups=fold.groups[rows])


def _stage(fold: Fold, count: int, results: Sequence[RowResult]) -> dict[str, Any]:
    """What was searched, for the record of a fit."""
    return {
        "faces": len(fold.y),
        "people": fold.classes,
        "inner_folds": count,
        "rows": [{**each.row, "inner_accuracy": each.accuracy, "inner_log_loss": each.log_loss} for each in results],
    }

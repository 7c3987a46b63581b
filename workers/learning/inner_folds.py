"""Model selection inside the training fold: inner splits by group, temperature scaling, small grids.

Only training faces come in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from workers.learning.arrays import Array
from workers.learning.fold import CannotFit, Fold

Decide = Callable[[Array, Array, Array], Array]
"""(x of training rows, their class numbers, x of other rows) -> decision values of the others, (N, classes)."""

FOLDS = 3
TUNE_FACES = 2000
"""Above this many training faces the grid is not searched: its cost grows with faces times people."""
DEFAULT_TEMPERATURE = 1.0
_TEMPERATURES = np.geomspace(0.01, 10, 61)


def inner_folds(y: Array, groups: Array, seed: int, count: int = FOLDS) -> list[tuple[Array, Array]]:
    """Up to `count` stratified splits into training rows and held-out rows, which share no group.

    A person whose faces are all in one group stays in training. Without a person who has two groups the list is empty.

    Args:
        y: (N,) class numbers.
        groups: (N,) group of each face.
    """
    rng = np.random.default_rng(seed)
    fold = np.full(len(y), -1)
    for person in np.unique(y):
        own = np.unique(groups[y == person])
        if len(own) < 2:
            continue
        for position, group in enumerate(rng.permutation(own)):
            fold[(groups == group) & (fold < 0)] = position % count
    everyone = np.arange(len(y))
    splits = [(everyone[fold != k], everyone[fold == k]) for k in range(count)]
    return [(train, held) for train, held in splits if len(held) and len(np.unique(y[train])) == len(np.unique(y))]


def held_out_decisions(decide: Decide, x: Array, y: Array, folds: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Decision values (M, classes) of all held-out faces, each by the model that did not train on it; and their y."""
    values = [decide(x[train], y[train], x[held]) for train, held in folds]
    return np.concatenate(values), np.concatenate([y[held] for _, held in folds])


def temperature_of(decisions: Array, y: Array) -> tuple[float, float, float]:
    """(temperature of least log-loss, that log-loss, accuracy); temperature scaling: Guo et al. 2017.

    One number for all classes works with a few photos a person, where Platt scaling (two numbers a class) does not,
    and it does not change which person is predicted. The log-loss takes smoothed targets.

    Args:
        decisions: (N, classes) decision values of held-out faces.
        y: (N,) their class numbers.
    """
    doubt = 1 / (len(y) + 2)  # Laplace: no error among n faces does not prove that errors are impossible
    target = (1 - doubt) * decisions[np.arange(len(y)), y] + doubt * decisions.mean(axis=1)
    losses = []
    for temperature in _TEMPERATURES:
        scaled = decisions / temperature
        top = scaled.max(axis=1)
        total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        losses.append(float((total - target / temperature).mean()))
    best = int(np.argmin(losses))
    return float(_TEMPERATURES[best]), losses[best], float((decisions.argmax(axis=1) == y).mean())


def choose(
    grid: Sequence[dict[str, Any]],
    build: Callable[[dict[str, Any]], Decide],
    fold: Fold,
) -> tuple[dict[str, Any], float, dict[str, Any]]:
    """The row of the grid with the best held-out accuracy, then log-loss: (row, temperature, record).

    It is the grid's first row where there is no inner split, or where its training faces are too few for the model.

    Args:
        grid: hyper-parameters to choose from.
        build: a row of the grid -> the function that fits and decides with it.
    """
    x, y = fold.x, fold.y
    folds = inner_folds(y, fold.groups, fold.seed)
    searched = grid if len(y) <= TUNE_FACES else grid[:1]
    results = []
    try:
        for row in searched if folds else ():
            temperature, loss, accuracy = temperature_of(*held_out_decisions(build(row), x, y, folds))
            results.append((-accuracy, loss, temperature))
    except CannotFit:
        results.clear()
    if not results:
        return grid[0], DEFAULT_TEMPERATURE, {**grid[0], "note": "too few photos a person for an inner split"}
    best = min(range(len(results)), key=lambda i: results[i][:2])
    accuracy, loss, temperature = -results[best][0], results[best][1], results[best][2]
    record = {
        **searched[best],
        "temperature": temperature,
        "inner_accuracy": accuracy,
        "inner_log_loss": loss,
    }
    return searched[best], temperature, {**record, "rows_searched": len(searched)}

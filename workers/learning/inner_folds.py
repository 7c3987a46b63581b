"""Held-out faces inside the training fold: inner splits by group, and temperature scaling on them.

Only training faces come in.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from workers.learning.arrays import Array
from workers.learning.row_blocks import row_parts

FOLDS = 3
DEFAULT_TEMPERATURE = 1.0
TEMPERATURES = 61
_TEMPERATURES = np.geomspace(0.01, 10, TEMPERATURES)


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


def temperature_of(decisions: Iterable[Array], y: Array) -> tuple[float, float, float]:
    """(temperature of least log-loss, that log-loss, accuracy); temperature scaling: Guo et al. 2017.

    One number for all classes works with a few photos a person, where Platt scaling (two numbers a class) does not,
    and it does not change which person is predicted. The log-loss takes smoothed targets.

    Args:
        decisions: (M, classes) decision values of M held-out faces each, together N of them.
        y: (N,) their class numbers.
    """
    doubt = 1 / (len(y) + 2)  # Laplace: no error among n faces does not prove that errors are impossible
    targets: list[Array] = []
    totals: list[Array] = []
    right: list[Array] = []
    start = 0
    for block in decisions:
        own = y[start : start + len(block)]
        start += len(block)
        targets.append((1 - doubt) * block[np.arange(len(own)), own] + doubt * block.mean(axis=1))
        totals.append(_log_sums(block))
        right.append(block.argmax(axis=1) == own)
        del block  # before the next one is computed
    target, total = np.concatenate(targets), np.concatenate(totals, axis=1)
    losses = [float((each - target / t).mean()) for each, t in zip(total, _TEMPERATURES, strict=True)]
    best = int(np.argmin(losses))
    return float(_TEMPERATURES[best]), losses[best], float(np.concatenate(right).mean())


def _log_sums(decisions: Array) -> Array:
    """(temperatures, N) logarithms of the sums of exponentials of decisions (N, classes) at each temperature."""
    parts = list(row_parts(*decisions.shape))
    return np.stack([np.concatenate([_log_sum(decisions[rows] / t) for rows in parts]) for t in _TEMPERATURES])


def _log_sum(scaled: Array) -> Array:
    """(N,) logarithm of the sum of exponentials of each row; `scaled` is overwritten."""
    top = scaled.max(axis=1)
    scaled -= top[:, None]
    total: Array = top + np.log(np.exp(scaled, out=scaled).sum(axis=1))
    return total

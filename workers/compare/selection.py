"""Selection bias: the best of many is chosen on the faces that score it, so its accuracy is biased upwards.

Each redraw takes the test faces with replacement, chooses the best configuration on the faces drawn, and scores it on
those not drawn. The mean is what choosing among these configurations is worth on faces that did not choose:
Tsamardinos, Greasidou & Borboudakis, "Bootstrapping the out-of-sample predictions for efficient and accurate
cross-validation", Machine Learning 107 (2018) 1895-1922 (BBC-CV). A redraw chooses on about 63 of 100 faces, so it
chooses a little worse than on all faces: the figure is too low rather than too high.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from workers.compare.answers import Outcomes
from workers.compare.metrics import Floats

REDRAWS = 1000


@dataclass(frozen=True)
class Selection:
    """What choosing the best configuration is worth.

    Attributes:
        accuracy: mean over redraws of the chosen configuration's accuracy on the faces that did not choose it.
        low, high: 95 of 100 redraws lie between.
        wins: share of the redraws in which each configuration was chosen; those that tie share one.
    """

    accuracy: float
    low: float
    high: float
    wins: Mapping[str, float]


def selection(tests: Mapping[str, Outcomes], redraws: int = REDRAWS, seed: int = 0) -> Selection | None:
    """Choose and score on different faces; None for fewer than two configurations or faces.

    Args:
        tests: answers to the same faces, by configuration.
        seed: the same answers give the same figures.

    Raises:
        ValueError: the configurations did not answer the same faces.
    """
    rates = [_rates(test) for test in tests.values()]
    faces = sorted(rates[0]) if rates else []
    if any(sorted(each) != faces for each in rates):
        raise ValueError("configurations that answered different faces cannot be compared")
    if len(rates) < 2 or len(faces) < 2:
        return None
    matrix = np.asarray([[each[face] for face in faces] for each in rates])
    wins, accuracies = _redraw(matrix, redraws, np.random.default_rng(seed))
    low, high = np.percentile(accuracies, [2.5, 97.5])
    return Selection(float(accuracies.mean()), float(low), float(high), dict(zip(tests, wins.tolist(), strict=True)))


def _rates(test: Outcomes) -> dict[tuple[str, int], float]:
    """Share of right answers to each distinct face, over the splits that tested it."""
    faces = sorted(set(test.faces))
    place = {face: i for i, face in enumerate(faces)}
    index = np.asarray([place[face] for face in test.faces], np.intp)
    hits = np.bincount(index, weights=test.right, minlength=len(faces)) / np.bincount(index, minlength=len(faces))
    return dict(zip(faces, hits.tolist(), strict=True))


def _redraw(rates: Floats, redraws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Share of redraws that each configuration wins, and in each redraw the accuracy on the faces left out.

    Args:
        rates: (configurations, faces); at least two faces.
    """
    faces = rates.shape[1]
    wins = np.zeros(len(rates))
    accuracies: list[float] = []
    while len(accuracies) < redraws:
        drawn = np.bincount(rng.integers(faces, size=faces), minlength=faces)
        if drawn.all():  # every face once: none is left to score
            continue
        hits = np.round(rates @ drawn, 9)  # sums of thirds differ in their last bit, and a tie must stay one
        best = np.flatnonzero(hits == hits.max())
        wins[best] += 1 / len(best)
        accuracies.append(float(rates[np.ix_(best, np.flatnonzero(drawn == 0))].mean()))
    return wins / redraws, np.asarray(accuracies)

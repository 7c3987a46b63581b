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
import numpy.typing as npt

from workers.compare.answers import Outcomes
from workers.compare.intervals import jeffreys
from workers.compare.metrics import Floats

REDRAWS = 1000

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Selection:
    """What choosing the best configuration is worth.

    Attributes:
        accuracy: mean over redraws of the chosen configuration's accuracy on the faces that did not choose it.
        low, high: 95 %, Jeffreys' on the distinct faces; the redraws alone would claim certainty where all is right.
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
    counts = [_counts(test) for test in tests.values()]
    faces = sorted(counts[0]) if counts else []
    if any(sorted(each) != faces for each in counts):
        raise ValueError("configurations that answered different faces cannot be compared")
    if len(counts) < 2 or len(faces) < 2:
        return None
    hits = np.asarray([[each[face][0] for face in faces] for each in counts])
    answers = np.asarray([counts[0][face][1] for face in faces])
    wins, accuracies = _redraw(hits, answers, redraws, np.random.default_rng(seed))
    accuracy = float(accuracies.mean())
    interval = jeffreys(accuracy * len(faces), len(faces))
    return Selection(accuracy, *interval, dict(zip(tests, wins.tolist(), strict=True)))


def _counts(test: Outcomes) -> dict[tuple[str, int], tuple[int, int]]:
    """Right answers and all answers to each distinct face, over the splits that tested it."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for face, right in zip(test.faces, test.right.tolist(), strict=True):
        hits, answers = found.get(face, (0, 0))
        found[face] = hits + right, answers + 1
    return found


def _redraw(hits: Counts, answers: Counts, redraws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Share of redraws that each configuration wins, and in each redraw the accuracy on the faces left out.

    Whole numbers decide, so that a tie is one.

    Args:
        hits: (configurations, faces) right answers; at least two faces.
        answers: (faces,) answers to each.
    """
    faces = hits.shape[1]
    wins = np.zeros(len(hits))
    accuracies: list[float] = []
    while len(accuracies) < redraws:
        drawn = np.bincount(rng.integers(faces, size=faces), minlength=faces)
        if drawn.all():  # every face once: none is left to score
            continue
        found = hits @ drawn
        best = np.flatnonzero(found == found.max())
        wins[best] += 1 / len(best)
        left = np.flatnonzero(drawn == 0)
        accuracies.append(float(hits[np.ix_(best, left)].sum() / (answers[left].sum() * len(best))))
    return wins / redraws, np.asarray(accuracies)

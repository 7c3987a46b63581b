"""Figures of merit of one set of answers. Each is a function of plain arrays of one length N, at least 1.

Recall and F1 are scikit-learn's. Log-loss and calibration error take what a run stores: the probability of the truth
and of the best guess, not a row of all classes, which scikit-learn's `log_loss` asks for.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[Any]
"""(N,) names of people; dtype object, so that a long name costs only its own length."""
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

BINS = 15
"""Bins of confidence, as in Guo et al."""

LEAST_PROBABILITY = float(np.finfo(np.float32).eps)
"""Probabilities are stored in single precision; below its resolution a logarithm would measure rounding."""


def recalls(truth: Words, right: Flags) -> dict[str, tuple[int, int]]:
    """(right answers, faces) of each person, by name; `right` is (N,) bool."""
    people, index = np.unique(truth, return_inverse=True)
    faces = np.bincount(index, minlength=len(people))
    hits = np.bincount(index, weights=right, minlength=len(people))
    return {str(person): (int(hits[i]), int(faces[i])) for i, person in enumerate(people)}


def balanced_accuracy(truth: Words, predicted: Words) -> float:
    """Mean of the people's recalls. Brodersen et al., "The balanced accuracy and its posterior", ICPR 2010.

    The answer `unknown` costs its person a miss.
    """
    from sklearn.metrics import recall_score

    return float(recall_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0.0))


def macro_f1(truth: Words, predicted: Words) -> float:
    """Mean over the people in `truth` of 2 TP / (2 TP + FP + FN); Opitz & Burst 2019 ("averaged F1").

    The answer `unknown` costs its person a miss and has no F1 of its own.
    """
    from sklearn.metrics import f1_score

    return float(f1_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0.0))


def log_loss(truth_probability: Floats) -> float:
    """Mean of -ln p(truth). Good, "Rational decisions", JRSS B 14 (1952) 107-114; natural logarithm, nats.

    Args:
        truth_probability: (N,) float64 in 0..1.
    """
    return float(-np.mean(np.log(np.clip(truth_probability, LEAST_PROBABILITY, 1.0))))


def bins_of(confidence: Floats, bins: int = BINS) -> npt.NDArray[np.intp]:
    """Number of the bin ((i/bins, (i+1)/bins]) in which each confidence lies; 0 lies in the first."""
    return np.clip(np.ceil(np.asarray(confidence, np.float64) * bins).astype(np.intp) - 1, 0, bins - 1)


def calibration_error(confidence: Floats, right: Flags, bins: int = BINS) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over equally wide bins.

    Naeini, Cooper & Hauskrecht, AAAI 2015; Guo et al., "On calibration of modern neural networks", ICML 2017, eq. 3.

    Args:
        confidence: (N,) float64 in 0..1, probability of the most probable person.
        right: (N,) bool, whether that person is the right one.
    """
    place = bins_of(confidence, bins)
    gap = np.bincount(place, weights=confidence, minlength=bins) - np.bincount(place, weights=right, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))

"""Two configurations on the same faces: McNemar's test, Holm's correction, and practical equivalence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workers.compare.intervals import LEVEL, Interval, corrected_deviation, nadeau_bengio
from workers.compare.metrics import Flags

ROPE = 0.01
"""Region of practical equivalence: a difference of accuracy up to one point is negligible (Kruschke 2018)."""

SURE = 0.95
"""Probability that the difference lies in the region from which two are called practically the same."""


@dataclass(frozen=True)
class Pair:
    """One configuration against another; accuracies as fractions.

    Attributes:
        difference: accuracy of the first minus that of the second.
        low, high: 95 % interval of the difference.
        only_first, only_second: faces that only this one answers right (first repeat).
        p_value: McNemar's exact test, Holm-corrected over all pairs of the comparison.
        rope: probability that the difference lies within one point of zero.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    only_first: int
    only_second: int
    p_value: float
    rope: float

    @property
    def practically_equal(self) -> bool:
        """Whether the two may be called practically the same."""
        return self.rope >= SURE

    @property
    def different(self) -> bool:
        """Whether the two differ significantly at 5 % after Holm's correction."""
        return self.p_value < 1 - LEVEL


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value that both are right equally often, from the faces on which they disagree.

    McNemar, Psychometrika 12 (1947) 153-157; exact binomial form as in Dietterich, "Approximate statistical tests
    for comparing supervised classification learning algorithms", Neural Computation 10 (1998) 1895-1923.

    >>> f"{mcnemar(only_first=9, only_second=1):.4f}"
    '0.0215'
    """
    from scipy.stats import binomtest

    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second, 0.5).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values in the order given. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70.

    Equal to the last bit to statsmodels' `multipletests`, which would add 150 MB (with pandas) and 0.6 s of import.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03, 0.005])]
    [0.03, 0.06, 0.06, 0.02]
    """
    order = np.argsort(p_values, kind="stable")
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for place, i in enumerate(order.tolist()):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def agresti_min(only_first: int, only_second: int, faces: int) -> tuple[float, float]:
    """Centre and standard error of a difference of paired proportions, half a face added to each of four cells.

    Agresti & Min, "Simple improved confidence intervals for comparing matched proportions", Statistics in Medicine
    24 (2005) 729-740. The addition keeps the interval honest where the two never disagree.
    """
    b, c, n = only_first + 0.5, only_second + 0.5, faces + 2
    centre = (b - c) / n
    return centre, math.sqrt((b + c) - (b - c) ** 2 / n) / n


def single_split(only_first: int, only_second: int, faces: int) -> tuple[Interval, float]:
    """95 % interval of the difference on one split, and the probability that it lies in the ROPE."""
    from scipy.stats import norm

    centre, error = agresti_min(only_first, only_second, faces)
    half = float(norm.ppf((1 + LEVEL) / 2)) * error
    inside = norm.cdf(ROPE, centre, error) - norm.cdf(-ROPE, centre, error)
    return (centre - half, centre + half), float(inside)


def over_splits(differences: Sequence[float], test_train_ratio: float) -> tuple[Interval, float]:
    """The same over several splits whose differences vary.

    The Bayesian correlated t-test of Corani & Benavoli, Machine Learning 100 (2015) 285-304: with correlation
    n_test / (n_test + n_train) its posterior is Student's t with Nadeau and Bengio's deviation, so one formula
    serves the interval and the ROPE (Benavoli et al., JMLR 18 (2017) 77, section 4).
    """
    from scipy.stats import t

    scale = corrected_deviation(differences, test_train_ratio)
    posterior = t(len(differences) - 1, float(np.mean(differences)), scale)
    return nadeau_bengio(differences, test_train_ratio), float(posterior.cdf(ROPE) - posterior.cdf(-ROPE))


def disagreements(first: Flags, second: Flags) -> tuple[int, int]:
    """How many faces only the first answers right, and only the second; both (N,) bool, of the same faces."""
    return int(np.sum(first & ~second)), int(np.sum(~first & second))

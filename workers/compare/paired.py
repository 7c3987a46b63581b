"""Two configurations on the same faces: which is better by more than a point, McNemar's test, Holm's correction."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workers.compare.intervals import LEVEL, Interval
from workers.compare.metrics import Flags, Floats

ROPE = 0.01
"""Region of practical equivalence: a difference of accuracy up to one point is negligible (Kruschke 2018)."""

SURE = 0.95
"""Probability from which one of the three answers is given."""

NODES = 256
"""Points of the numerical integral; twice as many change no probability by 1e-4."""


@dataclass(frozen=True)
class Pair:
    """One configuration against another; accuracies as fractions.

    Attributes:
        difference: accuracy of the first minus that of the second.
        low, high: 95 % interval of the difference.
        only_first, only_second: faces that only this one answers right (first repeat).
        p_first_better, p_same, p_second_better: probability that the first is better by more than one point, that
            the two differ by one point at most, and that the second is better by more; they sum to 1.
        p_holm: McNemar's exact test, Holm-corrected over the family of pairs; None outside of it.
        p_maxt: the max-T permutation test, which allows for having chosen the best; None but for pairs with the best.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    only_first: int
    only_second: int
    p_first_better: float
    p_same: float
    p_second_better: float
    p_holm: float | None = None
    p_maxt: float | None = None

    @property
    def practically_equal(self) -> bool:
        """Whether the two may be called practically the same."""
        return self.p_same >= SURE

    @property
    def better(self) -> str | None:
        """The one that is better by more than a point, with 95 % probability; None where neither is."""
        return self.first if self.p_first_better >= SURE else self.second if self.p_second_better >= SURE else None

    @property
    def different(self) -> bool:
        """Whether the two differ significantly at 5 %: by max-T where it is given, otherwise by Holm's p-value."""
        p_value = self.p_holm if self.p_maxt is None else self.p_maxt
        return p_value is not None and p_value < 1 - LEVEL


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


def three_way(only_first: float, only_second: float, faces: int) -> tuple[Interval, tuple[float, float, float]]:
    """95 % interval of the difference of two accuracies, and the probabilities of the three answers.

    The four cells of the 2 x 2 table (both right, only one, neither) have a uniform Dirichlet prior. Faces are counted
    once, so that repeats make nobody surer. A prior of 1/2 a cell (Jeffreys) would call two "the same" wrongly in
    14 of 100 cases where they differ by one point; this one needs 298 faces without a disagreement.

    Kruschke, "Rejecting or accepting parameter values in Bayesian estimation", Advances in Methods and Practices in
    Psychological Science 1 (2018) 270-280, for the region of practical equivalence.

    Args:
        only_first, only_second: distinct faces that only one answers right; a share where repeats disagree.
        faces: all distinct faces.

    Returns:
        (low, high), (first better, practically the same, second better).

    >>> [round(p, 3) for p in three_way(only_first=0, only_second=0, faces=298)[1]]
    [0.024, 0.951, 0.024]
    """
    from scipy.optimize import brentq
    from scipy.stats import beta

    # Difference = s (2 r - 1): s is the share of faces on which they disagree, r the share of them for the first.
    points, weights = _nodes()
    disagree = beta.ppf(points, only_first + only_second + 2, faces - only_first - only_second + 2)

    def below(difference: float) -> float:
        share = np.clip((1 + difference / disagree) / 2, 0, 1)
        return float(weights @ beta.cdf(share, only_first + 1, only_second + 1))

    low, high = (
        brentq(lambda x, tail=tail: below(x) - tail, -1, 1, xtol=1e-7) for tail in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    )
    lower, upper = below(-ROPE), below(ROPE)
    return (float(low), float(high)), (1 - upper, upper - lower, lower)


@functools.cache
def _nodes() -> tuple[Floats, Floats]:
    points, weights = np.polynomial.legendre.leggauss(NODES)
    return (points + 1) / 2, weights / 2


def disagreements(first: Flags, second: Flags) -> tuple[int, int]:
    """How many faces only the first answers right, and only the second; both (N,) bool, of the same faces."""
    return int(np.sum(first & ~second)), int(np.sum(~first & second))

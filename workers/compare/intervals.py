"""95 % intervals of an accuracy: Wilson for one split, Nadeau-Bengio for several."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

LEVEL = 0.95

Interval = tuple[float, float]


def jeffreys(successes: float, trials: float, level: float = LEVEL) -> Interval:
    """Equal-tailed posterior interval of a proportion under Jeffreys' prior, Beta(1/2, 1/2).

    Brown, Cai & DasGupta, "Interval estimation for a binomial proportion", Statistical Science 16 (2001) 101-133,
    who recommend it for small samples; the end is 0 where nothing succeeded and 1 where nothing failed.

    Args:
        successes: right answers; a face that several repeats tested counts as the share of them that were right.
        trials: distinct faces; 0 gives (0, 1), since nothing is known.

    >>> low, high = jeffreys(45, 50)
    >>> f"{low:.3f} to {high:.3f}"
    '0.796 to 0.960'
    """
    from scipy.stats import beta

    if trials <= 0:
        return 0.0, 1.0
    tail, failures = (1 - level) / 2, trials - successes
    low = 0.0 if successes <= 0 else float(beta.ppf(tail, successes + 0.5, failures + 0.5))
    high = 1.0 if failures <= 0 else float(beta.ppf(1 - tail, successes + 0.5, failures + 0.5))
    return low, high


def wilson(successes: float, trials: int, level: float = LEVEL) -> Interval:
    """Score interval of a proportion; for one split, where each face is one trial.

    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927) 209-212;
    recommended for small samples by Brown, Cai & DasGupta, Statistical Science 16 (2001) 101-133. scipy's
    `binomtest` gives the same numbers to 1e-16 but takes whole counts only.

    Args:
        successes: right answers; a mean over repeats may be fractional.
        trials: answers; 0 gives (0, 1), since nothing is known.

    >>> low, high = wilson(45, 50)
    >>> f"{low:.3f} to {high:.3f}"
    '0.786 to 0.957'
    """
    from scipy.stats import norm

    if trials == 0:
        return 0.0, 1.0
    z = float(norm.ppf((1 + level) / 2))
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    # Exactly 0 and 1 at the ends, where rounding would leave 1e-17.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == trials else centre + half)


def corrected_deviation(values: Sequence[float], test_train_ratio: float) -> float:
    """Standard error of a mean over overlapping splits: sqrt((1/J + n_test/n_train) * variance).

    Nadeau & Bengio, "Inference for the generalization error", Machine Learning 52 (2003) 239-281, equation 9:
    the training sets of the splits overlap, so their variance over J, as a plain t-test takes it, is too small.

    Args:
        values: one a split, two at least.
        test_train_ratio: test faces over training faces of a split.
    """
    return math.sqrt((1 / len(values) + test_train_ratio) * float(np.var(values, ddof=1)))


def nadeau_bengio(values: Sequence[float], test_train_ratio: float, level: float = LEVEL) -> Interval:
    """Corrected resampled t interval of the mean of one value a split; J - 1 degrees of freedom; not clipped."""
    from scipy.stats import t

    half = float(t.ppf((1 + level) / 2, len(values) - 1)) * corrected_deviation(values, test_train_ratio)
    mean = float(np.mean(values))
    return mean - half, mean + half

"""95 % intervals of a proportion of distinct faces, by Jeffreys' prior."""

from __future__ import annotations

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
    '0.795 to 0.961'
    """
    from scipy.stats import beta

    if trials <= 0:
        return 0.0, 1.0
    tail, failures = (1 - level) / 2, trials - successes
    low = 0.0 if successes <= 0 else float(beta.ppf(tail, successes + 0.5, failures + 0.5))
    high = 1.0 if failures <= 0 else float(beta.ppf(1 - tail, successes + 0.5, failures + 0.5))
    return low, high

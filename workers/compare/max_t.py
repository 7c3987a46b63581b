"""The max-T permutation test: which of many configurations differ, when the best was chosen on the same faces.

Westfall & Young, "Resampling-based multiple testing", 1993; the sign flips of Nichols & Holmes, Human Brain Mapping 15
(2002) 1-25. If all configurations were equally good, the sign of each face's differences would be chance. A flip draws
one sign for each group of faces, the same for all configurations, and takes the largest |T| of all pairs. A pair's
p-value is the share of flips whose largest |T| reaches its own, so it holds however the pair was picked.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.compare.metrics import Floats

FLIPS = 10_000
CELLS = 4_000_000
"""Flips times groups, or flips times pairs, that are computed at once: some 30 MB."""


def max_t(rates: Floats, groups: npt.NDArray[np.intp], flips: int = FLIPS, seed: int = 0) -> Floats:
    """Adjusted p-values of every two configurations, (K, K), symmetric; 1 where two never disagree.

    Args:
        rates: (K, F) share of right answers to each distinct face.
        groups: (F,) number of each face's group; near-duplicates are one observation, not several.
    """
    many = len(rates)
    totals = np.zeros((int(groups.max(initial=-1)) + 1, many))
    np.add.at(totals, groups, rates.T)
    centred = totals - totals.mean(axis=1, keepdims=True)
    centred = centred[np.any(np.abs(centred) > 1e-12, axis=1)]
    first, second = np.triu_indices(many, k=1)
    spread = np.sqrt(np.square(centred[:, first] - centred[:, second]).sum(axis=0))
    p_values = np.ones((many, many))
    if not len(centred):
        return p_values
    scale = np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
    observed = np.abs(centred.sum(axis=0)[first] - centred.sum(axis=0)[second]) * scale
    rng = np.random.default_rng(seed)
    largest = np.empty(flips)
    step = max(1, CELLS // max(len(centred), len(first)))
    for start in range(0, flips, step):
        size = min(step, flips - start)
        sums = (2.0 * rng.integers(0, 2, size=(size, len(centred)), dtype=np.int8) - 1) @ centred
        largest[start : start + size] = np.max(np.abs(sums[:, first] - sums[:, second]) * scale, axis=1)
    reached = (1 + np.sum(largest[:, None] >= observed - 1e-9, axis=0)) / (1 + flips)
    p_values[first, second] = p_values[second, first] = np.where(spread > 0, reached, 1.0)
    return p_values

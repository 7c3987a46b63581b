"""Folds for pairs that come without: people are drawn into folds where the paths tell who they are, else pairs are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from orchestrator.verification.photo_pair import PhotoPair

FOLDS = 10
"""As in LFW's protocol."""

LEAST_PEOPLE = 5
"""With fewer, the pairs without the people of two folds are too few, or of one kind only, to choose a threshold."""


def drawn_folds(
    pairs: Sequence[PhotoPair], people: Sequence[tuple[str, str]] | None, seed: int
) -> tuple[npt.NDArray[np.intp], str]:
    """Draw folds, the same ones for the same pairs and seed.

    Args:
        people: of each pair, or None where they are not known.

    Returns:
        The folds as `lfw_protocol` takes them: (N, 2), of each photo's person, or (N,), of each pair; and in words how
        they were drawn.
    """
    rng = np.random.default_rng(seed)
    names = sorted({name for both in people or () for name in both})
    if len(names) >= LEAST_PEOPLE:
        count = min(FOLDS, len(names))
        fold = dict(zip(rng.permutation(np.array(names, object)).tolist(), np.arange(len(names)) % count, strict=True))
        drawn = np.array([[fold[first], fold[second]] for first, second in people or ()])
        return drawn, f"{count}, people drawn by seed {seed}: no pair is judged by a threshold that its people chose"
    same: npt.NDArray[Any] = np.array([pair.same for pair in pairs], bool)
    folds = np.empty(len(pairs), np.intp)
    for kind in (same, ~same):
        folds[rng.permutation(np.flatnonzero(kind))] = np.arange(int(kind.sum())) % FOLDS
    why = f"fewer than {LEAST_PEOPLE} people" if people else "the paths do not tell who the people are"
    count = len(np.unique(folds))
    return folds, f"{count}, pairs drawn by seed {seed}: one person may stand in several, since {why}"

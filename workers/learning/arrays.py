"""Array types and softmax, used by all of `learning`. Imports nothing of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]


def softmax(logits: Array) -> Floats:
    """Probabilities along the last axis; large logits do not overflow.

    Args:
        logits: (..., classes) floats.

    Returns:
        (..., classes) float32; each row sums to 1.

    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]])).tolist()
    [[0.5, 0.5], [1.0, 0.0]]
    """
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = (shifted / shifted.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result

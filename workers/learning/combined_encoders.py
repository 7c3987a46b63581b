"""Embeddings of several encoders side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from workers.faces.embed.onnx_encoder import of_length_one
from workers.learning.arrays import Floats
from workers.learning.configurations import RUN_ENCODER

WEIGHTS = {RUN_ENCODER: 3.0}
"""Weight of an encoder's squared distance beside the others' 1; docs/encoder.md says how it was chosen."""


def side_by_side(embeddings: Mapping[str, Floats]) -> Floats:
    """One row a face, (N, sum of the D) float32 of length 1; a row's bits do not depend on the other rows.

    Each encoder's part is scaled to length 1 and then weighted, so that no encoder counts for the size of its numbers.

    Args:
        embeddings: by the encoder's name, each (N, D) float32.

    >>> joined = side_by_side({"one": np.array([[3, 4]], np.float32), "two": np.array([[0, 2]], np.float32)})
    >>> [round(float(number), 3) for number in joined[0]]
    [0.424, 0.566, 0.0, 0.707]
    """
    weights = {name: WEIGHTS.get(name, 1.0) for name in embeddings}
    total = sum(weights.values())
    parts = [of_length_one(each) * np.float32(np.sqrt(weights[name] / total)) for name, each in embeddings.items()]
    return np.concatenate(parts, axis=1)

"""A fitted Keras model as a predictor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from workers.learning.arrays import Array, Floats, softmax
from workers.learning.networks.keras_runtime import load_keras

FILE = "network.keras"
BATCH = 32
"""Faces a call: the first activations of a convnet take 1 MB a face."""


@dataclass(frozen=True)
class KerasPredictor:
    """A network from faces to logits.

    Attributes:
        keras_model: (N, 128, 128, 3) uint8 RGB or (N, 128) float32 -> logits (N, classes) float32.
    """

    keras_model: Any

    @property
    def nbytes(self) -> int:
        """Bytes of all weights."""
        return sum(each.numpy().nbytes for each in self.keras_model.weights)

    def decision(self, x: Array) -> Array:
        """Logits (N, classes) float32 of faces x (N, ...)."""
        return np.concatenate([self._call(x[i : i + BATCH]).numpy() for i in range(0, len(x), BATCH)])

    def probabilities(self, x: Array) -> Floats:
        """(N, classes) float32."""
        return softmax(self.decision(x))

    def save(self, folder: Path) -> None:
        """Write `network.keras`."""
        self.keras_model.save(folder / FILE)

    @cached_property
    def _call(self) -> Any:
        """Compiled once for any number of faces; Keras's `predict` takes 30 ms a call."""
        import tensorflow as tf

        takes = tf.TensorSpec(self.keras_model.input_shape, self.keras_model.inputs[0].dtype)
        return tf.function(lambda x: self.keras_model(x, training=False), input_signature=[takes])


def load_network(folder: Path) -> KerasPredictor:
    """Read what `KerasPredictor.save` wrote; safe mode refuses a file that carries code.

    Raises:
        ValueError: the file is not a Keras model, or holds code.
    """
    return KerasPredictor(load_keras().models.load_model(folder / FILE, compile=False, safe_mode=True))

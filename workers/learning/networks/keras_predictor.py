"""A fitted Keras model as a predictor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from workers.learning.arrays import Array, Floats, softmax
from workers.learning.networks.stored_network import NetworkLayout, network_bytes, read_network
from workers.learning.pictures import Pictures

FILE = "network.npz"
BATCH = 32
"""Faces a call: the first activations of a convnet take 1 MB a face."""


@dataclass(frozen=True)
class KerasPredictor:
    """A network from faces to logits.

    Attributes:
        keras_model: (N, 128, 128, 3) uint8 RGB or (N, 128) float32 -> logits (N, classes) float32.
        layout: what the model was built from.
    """

    keras_model: Any
    layout: NetworkLayout

    @property
    def nbytes(self) -> int:
        """Bytes of all weights."""
        return sum(each.numpy().nbytes for each in self.keras_model.weights)

    def decision(self, x: Array | Pictures) -> Array:
        """Logits (N, classes) float32 of faces x (N, ...); pictures need not be decoded."""
        return np.concatenate([self._call(np.asarray(x[i : i + BATCH])).numpy() for i in range(0, len(x), BATCH)])

    def probabilities(self, x: Array) -> Floats:
        """(N, classes) float32."""
        return softmax(self.decision(x))

    def save(self, folder: Path) -> None:
        """Write `network.npz`."""
        (folder / FILE).write_bytes(network_bytes(self.keras_model, self.layout))

    @cached_property
    def _call(self) -> Any:
        """Compiled once for any number of faces; Keras's `predict` takes 30 ms a call."""
        import tensorflow as tf

        takes = tf.TensorSpec(self.keras_model.input_shape, self.keras_model.inputs[0].dtype)
        return tf.function(lambda x: self.keras_model(x, training=False), input_signature=[takes])


def load_network(folder: Path) -> KerasPredictor:
    """Read what `KerasPredictor.save` wrote; raises as `read_network` does."""
    return KerasPredictor(*read_network(folder / FILE))

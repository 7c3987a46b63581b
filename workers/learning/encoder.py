"""An encoder of our own at work: a face's picture to 128 measurements."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from storage.parts import write_bytes
from workers.learning.keras_runtime import load_keras
from workers.learning.predictors import Array, Floats

FILE = "encoder.keras"


@dataclass(frozen=True)
class Encoder:
    """Pictures (N, 128, 128, 3) uint8 RGB to measurements (N, 128) float32 of length 1.

    Faces go through it one by one: a face's bits depend on nothing but its own picture.
    """

    keras_model: Any

    def __call__(self, pictures: Array) -> Floats:
        measured = [self._call(pictures[i : i + 1]).numpy() for i in range(len(pictures))]
        return np.concatenate(measured) if measured else np.zeros((0, 128), np.float32)

    @cached_property
    def _call(self) -> Any:
        import tensorflow as tf

        takes = tf.TensorSpec((1, *self.keras_model.input_shape[1:]), tf.uint8)
        return tf.function(lambda x: self.keras_model(x, training=False), input_signature=[takes])


def save_encoder(encoder: Encoder, folder: Path) -> None:
    """Write `encoder.keras`, whole or not at all."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / FILE
        encoder.keras_model.save(path, include_optimizer=False)
        write_bytes(folder / FILE, path.read_bytes())


def load_encoder(folder: Path) -> Encoder:
    """Read what `save_encoder` wrote; safe mode refuses a file that carries code.

    Raises:
        ValueError: there is no such file, or it is no Keras model, or one with code in it.
    """
    return Encoder(load_keras().models.load_model(folder / FILE, compile=False, safe_mode=True))


def digest(folder: Path) -> str:
    """sha256 of the weights' file, hex: what tells one encoder from another."""
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()

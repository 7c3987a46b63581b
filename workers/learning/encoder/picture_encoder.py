"""An own encoder in use: a picture of a face to an embedding of 128 numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from storage.write_whole import write_bytes
from workers.learning.arrays import Array, Floats
from workers.learning.networks.architectures import encoding_convnet
from workers.learning.networks.stored_network import NetworkLayout, network_bytes, read_network
from workers.learning.pictures import Pictures

FILE = "encoder.npz"
VIEWS = ("aligned", "crop")


@dataclass(frozen=True)
class Encoder:
    """Pictures (N, 128, 128, 3) uint8 RGB to embeddings (N, 128) float32 of Euclidean length 1.

    Pictures are encoded one by one, so the bits of an embedding depend on its own picture alone.
    """

    keras_model: Any

    @property
    def view(self) -> str:
        """The view that it was trained on, one of VIEWS."""
        return str(self.keras_model.name)

    def __call__(self, pictures: Array | Pictures) -> Floats:
        embeddings = [self._call(np.asarray(pictures[i : i + 1])).numpy() for i in range(len(pictures))]
        return np.concatenate(embeddings) if embeddings else np.zeros((0, 128), np.float32)

    @cached_property
    def _call(self) -> Any:
        import tensorflow as tf

        takes = tf.TensorSpec((1, *self.keras_model.input_shape[1:]), tf.uint8)
        return tf.function(lambda x: self.keras_model(x, training=False), input_signature=[takes])


def save_encoder(encoder: Encoder, folder: Path) -> None:
    """Write `encoder.npz` atomically; equal networks give equal bytes."""
    layout = NetworkLayout(encoding_convnet.__name__, {"view": encoder.view})
    write_bytes(folder / FILE, network_bytes(encoder.keras_model, layout))


def load_picture_encoder(folder: Path) -> Encoder:
    """Read what `save_encoder` wrote.

    Raises:
        OSError: the file is missing.
        ValueError: it is not an encoder, or is of an earlier version.
    """
    model, layout = read_network(folder / FILE)
    if layout.architecture != encoding_convnet.__name__ or layout.arguments.get("view") not in VIEWS:
        raise ValueError(f"{folder / FILE} is not a face encoder")
    return Encoder(model)


def encoder_digest(folder: Path) -> str:
    """sha256 of the encoder's file, hex: the identity of an encoder."""
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()

"""An own encoder in use: a picture of a face to an embedding of 128 numbers."""

from __future__ import annotations

import hashlib
import io
import json
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from storage.parts import write_bytes
from workers.learning.arrays import Array, Floats
from workers.learning.networks.keras_runtime import load_keras

FILE = "encoder.keras"
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

    def __call__(self, pictures: Array) -> Floats:
        embeddings = [self._call(pictures[i : i + 1]).numpy() for i in range(len(pictures))]
        return np.concatenate(embeddings) if embeddings else np.zeros((0, 128), np.float32)

    @cached_property
    def _call(self) -> Any:
        import tensorflow as tf

        takes = tf.TensorSpec((1, *self.keras_model.input_shape[1:]), tf.uint8)
        return tf.function(lambda x: self.keras_model(x, training=False), input_signature=[takes])


def save_encoder(encoder: Encoder, folder: Path) -> None:
    """Write `encoder.keras` atomically; equal networks give equal bytes."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / FILE
        encoder.keras_model.save(path, include_optimizer=False)
        write_bytes(folder / FILE, _reproducible(path))


def _reproducible(path: Path) -> bytes:
    """The bytes of a Keras file without what differs between two saves: dates and memory addresses."""
    file = io.BytesIO()
    with zipfile.ZipFile(path) as dated, zipfile.ZipFile(file, "w") as plain:
        for name in sorted(dated.namelist()):
            content = dated.read(name)
            if name.endswith(".json"):
                content = json.dumps(json.loads(content, object_hook=_without_save_marks), sort_keys=True).encode()
            plain.writestr(zipfile.ZipInfo(name), content)  # dated 1980
    return file.getvalue()


def _without_save_marks(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in ("date_saved", "shared_object_id")}


def load_picture_encoder(folder: Path) -> Encoder:
    """Read what `save_encoder` wrote; safe mode refuses a file that carries code.

    Raises:
        ValueError: the file is missing, is not the Keras model of an encoder, or holds code.
    """
    encoder = Encoder(load_keras().models.load_model(folder / FILE, compile=False, safe_mode=True))
    if encoder.view not in VIEWS:
        raise ValueError(f"{folder / FILE} is not a face encoder")
    return encoder


def encoder_digest(folder: Path) -> str:
    """sha256 of the encoder's file, hex: the identity of an encoder."""
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()

"""An encoder of our own at work: a face's picture to 128 measurements."""

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
    """Pictures (N, 128, 128, 3) uint8 RGB to measurements (N, 128) float32 of length 1.

    Faces go through it one by one: a face's bits depend on nothing but its own picture.
    """

    keras_model: Any

    @property
    def view(self) -> str:
        """Which picture of a face it was trained on, one of VIEWS."""
        return str(self.keras_model.name)

    def __call__(self, pictures: Array) -> Floats:
        measured = [self._call(pictures[i : i + 1]).numpy() for i in range(len(pictures))]
        return np.concatenate(measured) if measured else np.zeros((0, 128), np.float32)

    @cached_property
    def _call(self) -> Any:
        import tensorflow as tf

        takes = tf.TensorSpec((1, *self.keras_model.input_shape[1:]), tf.uint8)
        return tf.function(lambda x: self.keras_model(x, training=False), input_signature=[takes])


def save_encoder(encoder: Encoder, folder: Path) -> None:
    """Write `encoder.keras`, whole or not at all; equal networks give equal bytes."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / FILE
        encoder.keras_model.save(path, include_optimizer=False)
        write_bytes(folder / FILE, _timeless(path))


def _timeless(path: Path) -> bytes:
    """The same Keras file without what tells of its saving alone: dates, and addresses in memory."""
    file = io.BytesIO()
    with zipfile.ZipFile(path) as dated, zipfile.ZipFile(file, "w") as timeless:
        for name in sorted(dated.namelist()):
            content = dated.read(name)
            if name.endswith(".json"):
                content = json.dumps(json.loads(content, object_hook=_lasting), sort_keys=True).encode()
            timeless.writestr(zipfile.ZipInfo(name), content)  # dated 1980
    return file.getvalue()


def _lasting(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in ("date_saved", "shared_object_id")}


def load_picture_encoder(folder: Path) -> Encoder:
    """Read what `save_encoder` wrote; safe mode refuses a file that carries code.

    Raises:
        ValueError: there is no such file, or it is no Keras model, or one with code in it.
    """
    encoder = Encoder(load_keras().models.load_model(folder / FILE, compile=False, safe_mode=True))
    if encoder.view not in VIEWS:
        raise ValueError(f"{folder / FILE} is no encoder of faces")
    return encoder


def encoder_digest(folder: Path) -> str:
    """sha256 of the weights' file, hex: what tells one encoder from another."""
    return hashlib.sha256((folder / FILE).read_bytes()).hexdigest()

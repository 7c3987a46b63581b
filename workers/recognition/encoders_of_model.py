"""The encoders of a stored model: `NAME.onnx` for each that came from an ONNX file, `encoder.npz` for a trained one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from storage.encoder_settings import OnnxEncoder, OwnEncoder, PlannedEncoder
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.engine_fingerprint import EMBEDDING_VERSION
from workers.learning.configurations import RUN_ENCODER, encoder_parts
from workers.learning.encoder.picture_encoder import Encoder, load_picture_encoder, save_encoder

LoadedEncoder = Encoder | OnnxFaceEncoder

NO_ENCODERS: Mapping[str, LoadedEncoder] = {}
NO_NETWORKS: Mapping[str, bytes] = {}


def described_encoders(encoders: Mapping[str, LoadedEncoder]) -> dict[str, PlannedEncoder]:
    """What each encoder is; a trained one is told by its name alone."""
    return {
        name: each.settings if isinstance(each, OnnxFaceEncoder) else OwnEncoder(name)
        for name, each in encoders.items()
    }


def save_encoders(encoders: Mapping[str, LoadedEncoder], networks: Mapping[str, bytes], folder: Path) -> None:
    """Write the encoders into an existing folder; at most one of them is a trained one.

    Args:
        networks: of those from ONNX files, by name.
    """
    for name, encoder in encoders.items():
        if isinstance(encoder, Encoder):
            save_encoder(encoder, folder)
        else:
            (folder / f"{name}.onnx").write_bytes(networks[name])


def load_encoders(folder: Path, encoder: str, described: Mapping[str, Mapping[str, Any]]) -> dict[str, LoadedEncoder]:
    """Read what `save_encoders` wrote.

    Args:
        encoder: of the configuration.
        described: `described_encoders` as JSON data; a name that is missing is that of a trained encoder.

    Raises:
        OSError: a file is missing.
        ValueError: a file is damaged, or a description is none.
    """
    loaded: dict[str, LoadedEncoder] = {}
    for name in encoder_parts(encoder):
        about = described.get(name, {})
        if name == RUN_ENCODER:
            continue
        if "sha256" not in about:
            loaded[name] = load_picture_encoder(folder)
            continue
        settings, network = OnnxEncoder(**about), (folder / f"{name}.onnx").read_bytes()
        if settings.version != EMBEDDING_VERSION:
            raise ValueError(f"another version of Lineup cut the faces for {name}")
        if hashlib.sha256(network).hexdigest() != settings.digest:
            raise ValueError(f"{name}.onnx has other bytes than when the model was fitted")
        loaded[name] = OnnxFaceEncoder(settings, network)
    return loaded

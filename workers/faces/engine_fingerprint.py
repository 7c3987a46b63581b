"""The fingerprint of a face engine: its settings, its version and its model files.

A face's bits depend on its photo's bytes and on these alone, so equal fingerprints mean equal rows.
"""

from __future__ import annotations

import hashlib
import json

from storage.encoder_settings import OnnxEncoder
from storage.engine_settings import EngineSettings

ENGINE_VERSION = 7
"""Raise it with every change to a computed pixel, point or embedding; versions of libraries are not part of it."""


EMBEDDING_VERSION = 2
"""The same of `align.template_chips` and `embed.onnx_encoder`."""


def engine_fingerprint(settings: EngineSettings) -> str:
    """32 hex digits of the settings, the engine's version and the sha256 of every model file in use.

    Raises `EngineError` where a model file is missing, or the encoder's runtime cannot run here.
    """
    from workers.faces.models import openvino_runtime
    from workers.faces.models.model_files import MODEL_FILES, model_digest

    openvino_runtime.check_openvino(settings.encoder)
    used = models_of(settings)
    models = {name: model_digest(name) for name in sorted(MODEL_FILES) if name in used}
    content = json.dumps([ENGINE_VERSION, settings.plain(), models], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def encoder_fingerprint(encoder: OnnxEncoder) -> str:
    """32 hex digits of all that decides a face's embedding by a planned encoder, besides the face engine."""
    deciding = (encoder.digest, encoder.size, encoder.colour, encoder.mean, encoder.scale)
    further = [] if encoder.runtime == OnnxEncoder.runtime else [encoder.runtime]
    content = json.dumps([encoder.version, *deciding, encoder.distance, encoder.template, *further])
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def models_of(settings: EngineSettings) -> set[str]:
    """Names in `model_files.MODEL_FILES` that these settings use."""
    # every detection is looked at closely with BlazeFace
    used = {f"landmarks-{settings.landmarks}", "encoder", "blaze"}
    if settings.detector in ("cascade", "yunet-cascade", "cnn", "dlib-cnn"):
        used.add("mmod")
    if settings.detector in ("yunet", "yunet-cascade"):
        used.add("yunet")
    return used

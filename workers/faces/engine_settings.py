"""What the face engine is told, as plain values, and the fingerprint of it.

A face's bits depend on its photo's bytes and on these settings alone, so equal fingerprints mean equal rows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from storage.errors import ExperimentError
from workers.faces.decode.read_image import Limits

ENGINE_VERSION = 4
"""To be raised by whoever changes a computed pixel, point or measurement; the versions of libraries do not enter."""

CHOICES: dict[str, tuple[str, ...]] = {
    "detector": ("cascade", "blaze", "cnn", "hog", "dlib-cnn"),
    "refine": ("map", "hog", "none"),
    "policy": ("largest", "require-one", "all"),
    "landmarks": ("68", "5"),
    "encoder": ("onnx", "openvino", "openvino-bf16", "dlib"),
}
LADDER_RUNGS = ("upsample", "rotate")


@dataclass(frozen=True)
class EngineSettings:
    """Settings of the face engine.

    Attributes:
        detector: "cascade" (light first, thorough where unsure), "blaze" (light alone), "cnn" (thorough alone), "hog",
            or "dlib-cnn", the thorough one in dlib itself.
        refine: what brings another detector's box to the convention of HOG's boxes, on which the landmarks were
            trained: "map" shifts and scales by constants, "hog" looks again in a small window, "none" does nothing.
        policy: which faces of a photo count: the "largest", "require-one" (several are an outcome), or "all".
        landmarks: the points that cut the encoder's chip: "68", or "5", whose model is CC0.
        encoder: "onnx", dlib's ResNet in ONNX Runtime; "openvino" or "openvino-bf16", the same in an optional runtime;
            or "dlib", in dlib itself.
        mirror: average the measurements of a face and of its mirror image.
        jitter: average over this many randomly shifted chips, seeded; 0 for none.
        detect_side: photos are shrunk to this longest side before detection; pixels.
        ladder: what to try where no face is found, in order: "upsample", "rotate".
        limits: the sizes of photo that are taken.
    """

    detector: str = "cascade"
    refine: str = "map"
    policy: str = "largest"
    landmarks: str = "68"
    encoder: str = "onnx"
    mirror: bool = False
    jitter: int = 0
    detect_side: int = 800
    ladder: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        for name, choices in CHOICES.items():
            if getattr(self, name) not in choices:
                raise ExperimentError(f"faces.{name} is {getattr(self, name)!r}", f"Choose one of {', '.join(choices)}")
        for rung in self.ladder:
            if rung not in LADDER_RUNGS:
                raise ExperimentError(f"faces.ladder has {rung!r}", f"Choose from {', '.join(LADDER_RUNGS)}")
        if self.jitter < 0 or self.detect_side < 80:
            raise ExperimentError("faces.jitter is below 0 or faces.detect_side below 80")

    def plain(self) -> dict[str, Any]:
        """As JSON takes it; `from_plain` is the way back."""
        return {**asdict(self), "ladder": list(self.ladder)}

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> EngineSettings:
        """Raises `ExperimentError` at an unknown key or a value out of its choices."""
        try:
            limits = Limits(**values.get("limits", {}))
            ladder = tuple(values.get("ladder", ()))
            return cls(**{**values, "limits": limits, "ladder": ladder})
        except TypeError as error:
            raise ExperimentError(f"faces: {error}") from error

    def fingerprint(self) -> str:
        """32 hex digits of the settings, the engine's version and the sha256 of every model file in use.

        Raises `EngineError` where a model file is missing, or the encoder's runtime cannot run here.
        """
        from workers.faces.models import openvino_runtime
        from workers.faces.models.model_files import MODEL_FILES, model_digest

        openvino_runtime.check_openvino(self.encoder)
        models = {name: model_digest(name) for name in sorted(MODEL_FILES) if name in self.models()}
        said = json.dumps([ENGINE_VERSION, self.plain(), models], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:32]

    def models(self) -> set[str]:
        """Names in `models.MODEL_FILES` that these settings use."""
        used = {"landmarks-68", "encoder"}
        if self.landmarks == "5":
            used.add("landmarks-5")
        if self.detector in ("cascade", "cnn", "dlib-cnn"):
            used.add("mmod")
        if self.detector in ("cascade", "blaze"):
            used.add("blaze")
        return used

"""Encoders as an experiment names them: one that a run of this store trained, or an ONNX file.

Validated when made, frozen; what they mean is in workers/faces/embed and workers/learning/encoder. A plan keeps the
digest of the encoder's bytes, so an encoder that changed is another experiment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator
from pydantic.dataclasses import dataclass

from storage.validation import FORBID_EXTRA, TAG, Natural, Positive

_SHA256 = re.compile(r"[0-9a-f]{64}")

DLIB_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
"""Of dlib_face_recognition_resnet_model_v1.dat."""

Runtime = Literal["onnx", "openvino-bf16"]

Real = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Place = tuple[Real, Real]


def _sha256(value: str) -> str:
    if not _SHA256.fullmatch(value):
        raise ValueError("It must be the file's sha256: 64 hex digits in small letters, as `sha256sum FILE` prints it")
    return value


@dataclass(frozen=True, config=FORBID_EXTRA)
class OwnEncoder:
    """An encoder that a run of this store trained.

    Attributes:
        run: the run that trained it.
        digest: of the encoder; empty until a run is planned with it.
    """

    run: str
    digest: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


@dataclass(frozen=True, config=FORBID_EXTRA)
class OnnxEncoder:
    """An encoder in an ONNX file: one picture (1, 3, size, size) float32 to one row of measurements; or dlib's own.

    Attributes:
        sha256: of the file, hex.
        path: of the file; empty in a plan, which is the same wherever the file was.
        size: side of the picture in pixels.
        colour: order of the channels, "rgb" or "bgr".
        mean, scale: the network takes (pixel - mean) * scale, pixels from 0 to 255; mean one for each channel in that
            order, or one for all.
        distance: "cosine" (measurements are scaled to length 1) or "euclidean" (taken as they are).
        template: where both eyes, the tip of the nose and both corners of the mouth lie in the picture, from the
            picture's left: "arcface", its five places scaled to `size`; or five pairs [x, y] in pixels.
        threshold: the published Euclidean distance (of measurements of length 1 for "cosine") at which two faces
            become two people; 0 where none is published.
        runtime: what computes the network: "onnx", ONNX Runtime in single precision; or "openvino-bf16", OpenVINO in
            bfloat16.
        digest: sha256 of the converted network's bytes; empty until a run is planned with it.
        version: of the code that cuts its pictures; 0 until then.
    """

    sha256: Annotated[str, AfterValidator(_sha256)]
    path: str = ""
    size: Annotated[int, Field(strict=True, ge=16, le=1024)] = 112
    colour: Literal["rgb", "bgr"] = "rgb"
    mean: Real | tuple[Real, Real, Real] = 0.0
    scale: Positive = 1.0
    distance: Literal["cosine", "euclidean"] = "cosine"
    template: Literal["arcface", "dlib"] | tuple[Place, Place, Place, Place, Place] = "arcface"
    threshold: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] = 0.0
    runtime: Runtime = "onnx"
    digest: str = ""
    version: Natural = 0

    @model_validator(mode="after")
    def _dlib_alone_has_its_chip(self) -> OnnxEncoder:
        if (self.template == "dlib") != (self.sha256 == DLIB_SHA256):
            raise ValueError(
                'template = "dlib" is for the network with the sha256 of dlib\'s own file, which has no other'
            )
        return self

    def plain(self) -> dict[str, Any]:
        """As JSON data. The key that came later is left out at its default, so that fingerprints stay."""
        plain = asdict(self)
        if self.runtime == OnnxEncoder.runtime:
            del plain["runtime"]
        return plain


PlannedEncoder = OwnEncoder | OnnxEncoder


def _kind(entry: object) -> str:
    described = isinstance(entry, OnnxEncoder) or (isinstance(entry, Mapping) and {"path", "sha256"} & entry.keys())
    return f"{TAG}onnx" if described else f"{TAG}run"


AnyEncoder = Annotated[
    Annotated[OwnEncoder, Tag(f"{TAG}run")] | Annotated[OnnxEncoder, Tag(f"{TAG}onnx")], Discriminator(_kind)
]
"""A PlannedEncoder as pydantic validates it."""

SFACE = OnnxEncoder(
    sha256="fb143eea07838aa532d1c95df5f69899974ea0140e1fba05e94204be13ed74ee",
    threshold=1.128,
)
"""SFace (Zhong et al., IEEE TIP 2021) of OpenCV's model zoo. OpenCV publishes 0.363 for the cosine, which is a distance
of 1.1287 between measurements of length 1."""

DLIB_BF16 = OnnxEncoder(
    sha256=DLIB_SHA256, size=150, distance="euclidean", template="dlib", threshold=0.6, runtime="openvino-bf16"
)
"""dlib's network in bfloat16: half the time, and slightly different measurements (docs/encoder.md)."""

SFACE_NAME = "sface"
DLIB_BF16_NAME = "dlib-bf16"
KNOWN_ENCODERS = {SFACE_NAME: SFACE, DLIB_BF16_NAME: DLIB_BF16}
"""Encoders that an experiment may use without describing them."""

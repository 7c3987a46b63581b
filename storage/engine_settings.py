"""The settings of the face engine, as a run's plan keeps them.

They stand in storage because planner and workers read them from the plan; what they mean is in workers/faces.
Validated when made, frozen and hashable. `workers.faces.engine_fingerprint` names the encodings that they lead to.
"""

from __future__ import annotations

from dataclasses import asdict, field, replace
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from storage.validation import FORBID_EXTRA, Flag, Side

DetectorName = Literal["cascade", "yunet-cascade", "blaze", "yunet", "cnn", "hog", "dlib-cnn"]
RefinerName = Literal["map", "hog", "none"]
FacePolicy = Literal["largest", "central", "consistent", "require-one", "all"]
LandmarkModel = Literal["68", "5"]
EncoderName = Literal["onnx", "openvino", "openvino-bf16", "dlib"]
LadderRung = Literal["upsample", "rotate"]
ProviderName = Literal["cpu", "cuda"]


@dataclass(frozen=True, config=FORBID_EXTRA)
class Limits:
    """The sizes of photos that a worker accepts.

    Attributes:
        file_bytes: largest file.
        pixels: largest width x height in the header; 200 million is what the largest phone cameras write.
        shortest_side: smallest useful side in pixels; below it no face has 20 pixels between the eyes.
        working_side: photos whose longest side is at least twice this are decoded at a half, a quarter or an eighth.
    """

    file_bytes: Annotated[int, Field(strict=True, ge=1, le=4_000_000_000)] = 64_000_000
    pixels: Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)] = 200_000_000
    shortest_side: Side = 32
    working_side: Side = 1280


@dataclass(frozen=True, config=FORBID_EXTRA)
class EngineSettings:
    """Settings of the face engine.

    Attributes:
        detector: "cascade" (light first, thorough where unsure), "blaze" (light alone), "cnn" (thorough alone), "hog",
            or "dlib-cnn", the thorough one in dlib itself. With the extra `sface` also "yunet", another light one that
            finds smaller faces, and "yunet-cascade".
        refine: what brings another detector's box to the convention of HOG's boxes, on which the landmarks were
            trained: "map" shifts and scales by constants, "hog" looks again in a small window, "none" does nothing.
        policy: which faces of a photo count: the "largest", the "central" (large and near the photo's centre), the
            "consistent" (in training, the one that agrees with the person's other photos; elsewhere the central one),
            "require-one" (several are an outcome), or "all".
        landmarks: the points that cut the encoder's chip: "68", or "5", whose model is CC0.
        encoder: "onnx", dlib's ResNet in ONNX Runtime; "openvino" or "openvino-bf16", the same in an optional runtime;
            or "dlib", in dlib itself.
        mirror: average the measurements of a face and of its mirror image.
        jitter: average over this many randomly shifted chips, seeded; 0 for none.
        detect_side: photos are shrunk to this longest side before detection; pixels.
        smallest_face: width of the smallest face to search for in tiles, pixels of the full photo; 0 for no tiles. They
            are searched under "all", and under the other policies where no face is found.
        ladder: what else to try where no face is found, in order: "upsample" searches tiles of the photo at twice its
            size, for faces of half the width; "rotate" looks with the whole detector in the photo's quarter turns.
        provider: where ONNX Runtime runs the large networks, which are the CNN detector and the encoders: "cpu", or
            "cuda", whose bits are others. The light detectors stay on the processor.
        limits: the sizes of photo that are taken.
        null_engine: for `make scale` alone: faces are invented from the bytes of a photo, which is not opened. Every
            such face says so in its note, and the fingerprint is another one.
    """

    detector: DetectorName = "cascade"
    refine: RefinerName = "map"
    policy: FacePolicy = "central"
    landmarks: LandmarkModel = "68"
    encoder: EncoderName = "onnx"
    mirror: Flag = False
    jitter: Annotated[int, Field(strict=True, ge=0, le=1000)] = 0
    detect_side: Annotated[int, Field(strict=True, ge=80, le=100_000)] = 800
    ladder: tuple[LadderRung, ...] = ()
    smallest_face: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 48
    provider: ProviderName = "cpu"
    limits: Limits = field(default_factory=Limits)
    null_engine: Flag = False

    def plain(self) -> dict[str, Any]:
        """As JSON data. A setting that came later is left out at its default, so that fingerprints stay."""
        plain = asdict(self)
        for name in ("smallest_face", "provider", "null_engine"):
            if plain[name] == getattr(EngineSettings, name):
                del plain[name]
        return plain


def without_labels(settings: EngineSettings) -> EngineSettings:
    """The settings for work in which no label may choose a face: "consistent" becomes "central"."""
    return replace(settings, policy="central") if settings.policy == "consistent" else settings

"""The table of what belongs to an encoder: the prior of its threshold, and its scale of likeness."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from storage.encoder_settings import SFACE, OnnxEncoder, PlannedEncoder
from storage.engine_settings import EngineSettings
from workers.compare.encoder_scale import EncoderScale
from workers.learning.combined_encoders import WEIGHTS
from workers.learning.configurations import RUN_ENCODER, encoder_parts

DLIB = EncoderScale(prior=0.56, weight=6, centre=0.56, width=0.03)
"""dlib's 128 measurements; measured on three sets of photos, `docs/learning.md` has the figures."""

DLIB_MIRRORED = EncoderScale(prior=0.52, weight=6, centre=0.52, width=0.03)
"""The same averaged with those of the mirror image, which brings all faces nearer to each other."""

OWN = EncoderScale(prior=0.0, weight=0, centre=0.5, width=0.05)
"""An encoder of one's own, whose embeddings have length 1: its run's data alone choose the threshold. The scale is that
of one encoder, trained on 56 drawn people."""

SFACE_SCALE = EncoderScale(prior=1.06, weight=6, centre=1.06, width=0.04)
"""SFace's measurements of length 1; `docs/encoder.md` has the figures."""

BOTH = EncoderScale(prior=0.625, weight=6, centre=0.625, width=0.025)
"""dlib's and SFace's side by side."""

DLIB_UNIT = 0.36
"""The centre of dlib's measurements scaled to length 1."""

NO_ENCODERS_PLANNED: Mapping[str, PlannedEncoder] = {}


def scale_of(
    engine: EngineSettings, encoder: str, encoders: Mapping[str, PlannedEncoder] = NO_ENCODERS_PLANNED
) -> EncoderScale:
    """The scale of a configuration's distances.

    Args:
        engine: of the run.
        encoder: of the configuration (`Configuration.encoder`); empty for the run's own.
        encoders: those that the run's experiment names.
    """
    parts = encoder_parts(encoder)
    if not parts:
        return _scale_of_dlib(engine.mirror)
    if len(parts) == 1:
        return _scale_of_one(encoders.get(encoder), engine.mirror)
    others = [encoders.get(name) for name in parts if name != RUN_ENCODER]
    if len(others) == 1 and _is_sface(others[0]) and RUN_ENCODER in parts:
        return BOTH
    return EncoderScale(prior=0.0, weight=0, centre=_centre_together(parts, encoders), width=0.05)


def _scale_of_dlib(mirror: bool) -> EncoderScale:
    return DLIB_MIRRORED if mirror else DLIB


def _scale_of_one(encoder: PlannedEncoder | None, mirror: bool) -> EncoderScale:
    if not isinstance(encoder, OnnxEncoder):
        return OWN
    if _is_sface(encoder):
        return SFACE_SCALE
    if encoder.template == "dlib":
        return _scale_of_dlib(mirror)
    centre = encoder.threshold or SFACE_SCALE.centre
    return EncoderScale(prior=centre, weight=0, centre=centre, width=0.04 * centre)


def _is_sface(encoder: PlannedEncoder | None) -> bool:
    """Whether an encoder measures as SFace does: its network, fed in the same way."""
    if not isinstance(encoder, OnnxEncoder):
        return False
    return replace(encoder, path="", digest="", version=0, threshold=SFACE.threshold, runtime=SFACE.runtime) == SFACE


def _centre_together(parts: Sequence[str], encoders: Mapping[str, PlannedEncoder]) -> float:
    """The weighted squares of the parts' centres add up, as their squared distances do."""
    weights = [WEIGHTS.get(name, 1.0) for name in parts]
    centres = [_unit_centre(name, encoders.get(name)) for name in parts]
    squares = sum(weight * centre**2 for weight, centre in zip(weights, centres, strict=True))
    return math.sqrt(squares / sum(weights))


def _unit_centre(name: str, encoder: PlannedEncoder | None) -> float:
    """The centre of an encoder's measurements scaled to length 1."""
    is_dlibs = name == RUN_ENCODER or (isinstance(encoder, OnnxEncoder) and encoder.template == "dlib")
    return DLIB_UNIT if is_dlibs else _scale_of_one(encoder, mirror=False).centre


def published_threshold(encoder: str, encoders: Mapping[str, PlannedEncoder]) -> float | None:
    """The distance at which the encoder's authors say that two faces are two people; None where they say nothing.

    Args:
        encoder: of a configuration, not empty.
    """
    planned = encoders.get(encoder)
    return planned.threshold or None if isinstance(planned, OnnxEncoder) else None

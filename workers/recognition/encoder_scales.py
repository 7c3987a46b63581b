"""The table of what belongs to an encoder: the prior of its threshold, and its scale of likeness."""

from __future__ import annotations

from storage.engine_settings import EngineSettings
from workers.compare.encoder_scale import EncoderScale

DLIB = EncoderScale(prior=0.56, weight=6, centre=0.56, width=0.03)
"""dlib's 128 measurements; measured on three sets of photos, `docs/learning.md` has the figures."""

DLIB_MIRRORED = EncoderScale(prior=0.52, weight=6, centre=0.52, width=0.03)
"""The same averaged with those of the mirror image, which brings all faces nearer to each other."""

OWN = EncoderScale(prior=0.0, weight=0, centre=0.5, width=0.05)
"""An encoder of one's own, whose embeddings have length 1: its run's data alone choose the threshold. The scale is that
of one encoder, trained on 56 drawn people."""


def scale_of(engine: EngineSettings, encoder: str) -> EncoderScale:
    """The scale of a configuration's distances.

    Args:
        engine: of the run.
        encoder: the configuration's own encoder (`Configuration.encoder`); empty for the run's.
    """
    if encoder:
        return OWN
    return DLIB_MIRRORED if engine.mirror else DLIB

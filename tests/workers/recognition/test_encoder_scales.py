"""Which constants a configuration's distances are read with."""

from __future__ import annotations

from storage.engine_settings import EngineSettings
from workers.recognition.encoder_scales import DLIB, DLIB_MIRRORED, OWN, scale_of


def test_the_scale_belongs_to_the_encoder_and_its_settings() -> None:
    assert scale_of(EngineSettings(), "") == DLIB
    assert scale_of(EngineSettings(mirror=True), "") == DLIB_MIRRORED
    assert scale_of(EngineSettings(mirror=True), "mine") == OWN


def test_dlibs_measured_distances_read_as_documented() -> None:
    shown = {distance: round(DLIB.likeness(distance), 1) for distance in (0.4, 0.5, 0.53, 0.6, 0.67)}
    assert shown == {0.4: 99.5, 0.5: 88.1, 0.53: 73.1, 0.6: 20.9, 0.67: 2.5}

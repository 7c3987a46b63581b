"""Which constants a configuration's distances are read with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from storage.encoder_settings import SFACE, OnnxEncoder, OwnEncoder, PlannedEncoder
from storage.engine_settings import EngineSettings
from workers.recognition.encoder_scales import (
    BOTH,
    DLIB,
    DLIB_MIRRORED,
    OWN,
    SFACE_SCALE,
    published_threshold,
    scale_of,
)


def test_the_scale_belongs_to_the_encoder_and_its_settings() -> None:
    assert scale_of(EngineSettings(), "") == DLIB
    assert scale_of(EngineSettings(mirror=True), "") == DLIB_MIRRORED
    named: dict[str, PlannedEncoder] = {"own": OwnEncoder("a-run"), "sface": SFACE, "copy": SFACE}
    assert scale_of(EngineSettings(mirror=True), "own", named) == OWN
    assert scale_of(EngineSettings(), "sface", named) == scale_of(EngineSettings(), "copy", named) == SFACE_SCALE
    assert scale_of(EngineSettings(), "dlib+sface", named) == BOTH


@pytest.mark.parametrize("change", [{"size": 128}, {"colour": "bgr"}, {"distance": "euclidean"}, {"mean": 127.5}])
def test_sfaces_network_fed_otherwise_is_another_encoder(change: dict[str, Any]) -> None:
    named = {"other": replace(SFACE, **change), "same": replace(SFACE, path="copy.onnx", threshold=1.0, version=2)}
    assert scale_of(EngineSettings(), "other", named) != SFACE_SCALE
    assert scale_of(EngineSettings(), "dlib+other", named) != BOTH
    assert scale_of(EngineSettings(), "same", named) == SFACE_SCALE


def test_a_file_s_published_threshold_is_the_middle_of_its_scale() -> None:
    told, silent = OnnxEncoder(sha256="0" * 64, threshold=0.8), OnnxEncoder(sha256="1" * 64)
    named = {"told": told, "silent": silent}
    assert scale_of(EngineSettings(), "told", named).likeness(0.8) == 50
    assert scale_of(EngineSettings(), "silent", named).centre == SFACE_SCALE.centre
    assert published_threshold("told", named) == 0.8
    assert published_threshold("silent", named) is None
    # distances side by side are root mean squares, dlib's counting three times
    assert scale_of(EngineSettings(), "told+silent", named).centre == pytest.approx(((0.8**2 + 1.06**2) / 2) ** 0.5)
    assert scale_of(EngineSettings(), "dlib+silent", named).centre == pytest.approx(BOTH.centre, abs=0.02)


def test_dlibs_measured_distances_read_as_documented() -> None:
    shown = {distance: round(DLIB.likeness(distance), 1) for distance in (0.4, 0.5, 0.53, 0.6, 0.67)}
    assert shown == {0.4: 99.5, 0.5: 88.1, 0.53: 73.1, 0.6: 20.9, 0.67: 2.5}

"""Equal fingerprints mean equal rows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.engine_settings import EngineSettings, Limits
from workers.faces.engine_fingerprint import engine_fingerprint

DEFAULT = EngineSettings()


@pytest.mark.parametrize(
    "other",
    [
        replace(DEFAULT, detector="hog"),
        replace(DEFAULT, refine="hog"),
        replace(DEFAULT, policy="all"),
        replace(DEFAULT, policy="consistent"),
        replace(DEFAULT, landmarks="5"),
        replace(DEFAULT, encoder="dlib"),
        replace(DEFAULT, mirror=True),
        replace(DEFAULT, jitter=3),
        replace(DEFAULT, detect_side=640),
        replace(DEFAULT, ladder=("rotate",)),
        replace(DEFAULT, smallest_face=0),
        replace(DEFAULT, limits=Limits(working_side=640)),
    ],
)
def test_every_setting_is_part_of_the_fingerprint(other: EngineSettings) -> None:
    assert engine_fingerprint(other) != engine_fingerprint(DEFAULT)


def test_the_fingerprint_of_the_default_settings_is_that_of_stored_encodings() -> None:
    assert engine_fingerprint(DEFAULT) == "13a2d3ce4ad6022e7a3eb340277f806b"
    earlier = replace(DEFAULT, policy="largest", limits=Limits(pixels=50_000_000))
    assert engine_fingerprint(earlier) == "8589306fed52332888f71c04af9e3be9"

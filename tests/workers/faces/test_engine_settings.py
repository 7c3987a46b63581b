"""Settings are plain values, and equal fingerprints mean equal rows."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from storage.errors import ExperimentError
from workers.faces.decode.read_image import Limits
from workers.faces.engine_settings import CHOICES, EngineSettings

DEFAULT = EngineSettings()


@pytest.mark.parametrize(
    "other",
    [
        replace(DEFAULT, detector="hog"),
        replace(DEFAULT, refine="hog"),
        replace(DEFAULT, policy="all"),
        replace(DEFAULT, landmarks="5"),
        replace(DEFAULT, encoder="dlib"),
        replace(DEFAULT, mirror=True),
        replace(DEFAULT, jitter=3),
        replace(DEFAULT, detect_side=640),
        replace(DEFAULT, ladder=("rotate",)),
        replace(DEFAULT, limits=Limits(working_side=640)),
    ],
)
def test_every_setting_is_part_of_the_fingerprint(other: EngineSettings) -> None:
    assert other.fingerprint() != DEFAULT.fingerprint()


def test_settings_survive_json() -> None:
    settings = EngineSettings(detector="cnn", ladder=("upsample", "rotate"), limits=Limits(pixels=1000))
    again = EngineSettings.from_plain(json.loads(json.dumps(settings.plain())))
    assert again == settings
    assert again.fingerprint() == settings.fingerprint()


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_a_wrong_choice_names_the_setting_and_the_choices(name: str) -> None:
    with pytest.raises(ExperimentError, match=rf"faces\.{name} is 'nonsense'.*{CHOICES[name][0]}"):
        EngineSettings.from_plain({name: "nonsense"})


def test_an_unknown_setting_or_rung_is_refused() -> None:
    with pytest.raises(ExperimentError, match="detectr"):
        EngineSettings.from_plain({"detectr": "hog"})
    with pytest.raises(ExperimentError, match="'sharpen'"):
        EngineSettings(ladder=("sharpen",))

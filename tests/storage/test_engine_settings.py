"""The face engine's settings are plain values that are checked when they are made."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from pydantic import ValidationError

from storage.engine_settings import EngineSettings, Limits
from storage.validation import explain


def message(**settings: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        EngineSettings(**settings)
    return ". ".join(explain(caught.value, EngineSettings))


def test_settings_survive_json() -> None:
    settings = EngineSettings(detector="cnn", ladder=("upsample", "rotate"), limits=Limits(pixels=1000))
    assert EngineSettings(**json.loads(json.dumps(asdict(settings)))) == settings


def test_equal_settings_are_one_key_of_a_cache() -> None:
    assert len({EngineSettings(), EngineSettings(mirror=False), replace(EngineSettings(), jitter=0)}) == 1


@pytest.mark.parametrize(
    ("name", "choice"),
    [("detector", "cascade"), ("refine", "map"), ("policy", "require-one"), ("landmarks", "68"), ("encoder", "dlib")],
)
def test_a_wrong_choice_names_the_setting_and_the_choices(name: str, choice: str) -> None:
    text = message(**{name: "12345"})
    assert text.startswith(f"{name}: '12345'. The choices are ")
    assert choice in text


def test_an_unknown_setting_or_rung_and_a_number_out_of_range_are_refused() -> None:
    assert message(detectr="hog").startswith("unknown key: 'detectr'. Did you mean 'detector'?")
    assert message(ladder=["sharpen"]) == "ladder: 'sharpen'. The choices are upsample, rotate."
    assert message(jitter=-1) == "jitter = -1. It must be a whole number from 0 to 1000."
    assert message(detect_side=79) == "detect_side = 79. It must be a whole number from 80 to 100000."
    assert message(limits={"pixels": 0}) == "limits.pixels = 0. It must be a whole number from 1 to 1000000000."
    assert message(mirror=1) == "mirror = 1. It must be true or false."

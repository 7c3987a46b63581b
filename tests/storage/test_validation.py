"""One sentence says what is wrong with a value, and one what it must be."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError

from storage.experiments import Experiment
from storage.validation import Count, Flag, InnerShare, Natural, Positive, Seed, explain, rule_of


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (Count, "a whole number, at least 1"),
        (Natural, "a whole number, at least 0"),
        (Seed, "a whole number from 0 to 4294967295"),
        (Positive, "a number above 0"),
        (InnerShare, "a number above 0 and below 1"),
        (Annotated[float, Field(ge=0, le=0.99)], "a number at least 0 and at most 0.99"),
        (Flag, "true or false"),
        (Literal["linear", "rbf"], "linear or rbf"),
        (str, "a string"),
        (int, "a whole number"),
    ],
)
def test_a_type_says_its_rule_in_words(kind: Any, rule: str) -> None:
    assert rule_of(kind) == rule


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"sed": 1}, ("unknown key: 'sed'", "Did you mean 'seed'? The choices are name, seed, ")),
        (
            {"faces": {"limits": {"pixel": 1}}},
            ("unknown key: 'faces.limits.pixel'", "Did you mean 'faces.limits.pixels'?"),
        ),
        (
            {"protocol": {"kind": "kfolds"}},
            ("protocol.kind: 'kfolds'", "Did you mean 'kfold'? The choices are holdout,"),
        ),
        ({"protocol": 3}, ("protocol must be a table", "Write [protocol] and its keys below.")),
        ({"configurations": "knn-1"}, ("configurations must be a list", "Such as [")),
        ({"configurations": [1]}, ("configurations must be a list of names", "Such as [")),
        ({"configurations": []}, ("configurations is empty", "Name at least one.")),
        ({"encoders": {"own": 3}}, ("encoders.own: 3", "It must be the name of a run, which")),
        ({"encoders": {"../x": "r"}}, ("encoders: '../x'", "The name of an encoder has small letters")),
        ({"encoders": {"own": {"ran": "r"}}}, ("unknown key: 'encoders.own.ran'", "Did you mean 'encoders.own.run'?")),
        ({"seed": 1.5}, ("seed = 1.5", "It must be a whole number from 0 to 4294967295.")),
        ({"name": "x" * 999, "seed": "y" * 999}, ("seed = 'yyy", "It must be a whole number")),
        ({"seed": -1, "sed": 1}, ("unknown key: 'sed'", "Did you mean")),
    ],
)
def test_a_fault_is_told_with_key_value_and_rule(content: dict[str, Any], words: tuple[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Experiment(**content)
    what, hint = explain(caught.value, Experiment)
    assert what.startswith(words[0])
    assert hint.startswith(words[1])
    assert len(what) < 120

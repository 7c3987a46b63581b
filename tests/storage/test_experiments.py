"""An experiment is frozen data; its fingerprint names what decides the tables."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from pydantic import ValidationError

from storage.encoder_settings import OwnEncoder
from storage.engine_settings import EngineSettings
from storage.experiments import Experiment, Protocol


def test_the_fingerprint_of_the_default_is_that_of_stored_runs() -> None:
    assert Experiment().fingerprint() == "866b9ed29b9579bc"


def test_the_fingerprint_follows_what_decides_the_tables_and_nothing_else() -> None:
    plain = Experiment()
    assert len(plain.fingerprint()) == 16
    for same in (replace(plain, name="x"), replace(plain, attempts=9), replace(plain, photo_seconds=1)):
        assert same.fingerprint() == plain.fingerprint()
    others = [
        replace(plain, seed=1),
        replace(plain, faces=EngineSettings(policy="all")),
        replace(plain, protocol=Protocol(folds=7)),
        replace(plain, configurations=plain.configurations[:3]),
        replace(plain, configurations=("knn-1",)),
        replace(plain, configurations=("knn-1",), parameters={"knn-1": {"k": 2}}),
    ]
    assert len({other.fingerprint() for other in (plain, *others)}) == len(others) + 1


def test_the_order_of_encoders_and_parameters_and_empty_tables_make_no_other_experiment() -> None:
    one = Experiment(
        parameters={"knn-3": {"threshold": 0.5, "k": 2}, "dense": {}},
        encoders={"b": OwnEncoder("run-b"), "a": OwnEncoder("run-a")},
    )
    other = Experiment(
        parameters={"knn-3": {"k": 2, "threshold": 0.5}},
        encoders={"a": OwnEncoder("run-a"), "b": OwnEncoder("run-b")},
    )
    assert one == other
    assert list(one.encoders) == ["a", "b"]
    assert list(one.parameters["knn-3"]) == ["k", "threshold"]


def test_a_change_is_validated_and_an_experiment_is_never_changed() -> None:
    experiment = Experiment()
    with pytest.raises(ValidationError):
        replace(experiment, attempts=0)
    with pytest.raises(FrozenInstanceError):
        experiment.attempts = 9  # type: ignore[misc]

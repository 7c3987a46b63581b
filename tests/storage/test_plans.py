"""run.json is read into one typed object and written back byte for byte; any other file is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from storage.encoder_settings import OwnEncoder
from storage.errors import NewerVersion, StoreError
from storage.plans import TripletSettings, plan_text, read_plan

Content = dict[str, Any]

ENGINE = {
    "detect_side": 800,
    "detector": "cascade",
    "encoder": "onnx",
    "jitter": 0,
    "ladder": ["upsample"],
    "landmarks": "68",
    "limits": {"file_bytes": 64000000, "pixels": 50000000, "shortest_side": 32, "working_side": 1280},
    "mirror": False,
    "policy": "largest",
    "refine": "map",
}
PLAN = {
    "created": "2026-11-25T21:15:07+00:00",
    "dataset": "/tmp/faces",  # noqa: S108
    "engine": ENGINE,
    "engine_fingerprint": "2668fefd674f3d98cb8d30015b4cad19",
    "experiment": {
        "attempts": 3,
        "configurations": ["knn-1", "svm-rbf", "knn-1@own"],
        "encoders": {"own": {"digest": "00ff", "run": "encoder-faces-1a2b3c4d"}},
        "faces": ENGINE,
        "name": "lineup",
        "parameters": {"svm-rbf": {"C": 3.0, "kernel": "rbf", "tune": False}},
        "photo_seconds": 60,
        "protocol": {
            "calibrate_share": 0.5,
            "embedding_distance": 0.15,
            "folds": 5,
            "hash_distance": 4,
            "kind": "holdout",
            "min_photos_per_person": 4,
            "near_duplicates": "auto",
            "repeats": 1,
            "seed": 42,
            "test_share": 0.3,
            "unknown_share": 0.0,
        },
        "seed": 42,
        "training_seconds": 3600,
    },
    "fingerprint": "ec345c3512cb5669114010afaa5fb44d",
    "kind": "comparison",
    "labels": "",
    "learning_version": 2,
    "run_id": "faces-ec345c35",
    "schema_version": 1,
    "triplets": {},
    "versions": {"lineup": "0.1.0", "python": "3.11.7"},
}
TRIPLETS = {
    "epochs": 40,
    "faces": 4,
    "held_share": 0.15,
    "margin": 0.2,
    "mining": "semi-hard",
    "passes": 2,
    "patience": 10,
    "people": 12,
    "rate": 0.001,
    "seed": 42,
    "view": "aligned",
}


def written(folder: Path, **changes: Any) -> Path:
    file = folder / "run.json"
    file.write_text(json.dumps({**PLAN, **changes}, indent=2, sort_keys=True))
    return file


def test_a_plan_of_version_0_1_is_read_typed_and_written_back_byte_for_byte(tmp_path: Path) -> None:
    file = written(tmp_path)
    plan = read_plan(file)
    assert plan.experiment.configurations == ("knn-1", "svm-rbf", "knn-1@own")
    assert plan.experiment.parameters["svm-rbf"]["C"] == 3.0
    assert plan.experiment.encoders == {"own": OwnEncoder("encoder-faces-1a2b3c4d", "00ff")}
    assert (plan.engine.ladder, plan.engine) == (("upsample",), plan.experiment.faces)
    assert plan.triplets is None
    assert plan_text(plan) == file.read_text()
    with pytest.raises(FrozenInstanceError):
        plan.labels = "other"  # type: ignore[misc]


def test_the_fingerprint_of_its_experiment_is_what_version_0_1_computed(tmp_path: Path) -> None:
    assert read_plan(written(tmp_path)).experiment.fingerprint() == "6cf24499b432275e"


def test_the_plan_of_an_encoder_keeps_how_it_is_trained(tmp_path: Path) -> None:
    file = written(tmp_path, kind="encoder", triplets=TRIPLETS)
    plan = read_plan(file)
    assert plan.triplets == TripletSettings()
    assert plan_text(plan) == file.read_text()


def test_a_dataset_whose_name_is_no_unicode_is_kept(tmp_path: Path) -> None:
    file = written(tmp_path, dataset="/photos/\udcff")
    assert plan_text(read_plan(file)) == file.read_text()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda plan: {**plan, "weather": "fine"},
            "unknown key: 'weather'. A newer version of Lineup may have",
        ),
        (
            lambda plan: {**plan, "engine": {**ENGINE, "glasses": True}},
            "unknown key: 'engine.glasses'. A newer version",
        ),
        (lambda plan: {**plan, "engine": {**ENGINE, "detector": "hawk"}}, "engine.detector: 'hawk'. A newer version"),
        (lambda plan: {**plan, "experiment": 3}, "experiment must be a table. It is damaged: restore it"),
        (lambda plan: {**plan, "learning_version": "2"}, "learning_version = '2'. It is damaged"),
        (lambda plan: {key: plan[key] for key in plan if key != "dataset"}, "dataset is missing"),
        (lambda plan: [plan], "it holds no plan"),
    ],
)
def test_another_file_is_refused_by_its_name_and_the_key(
    tmp_path: Path, change: Callable[[Content], object], words: str
) -> None:
    file = tmp_path / "run.json"
    file.write_text(json.dumps(change(PLAN)))
    with pytest.raises(StoreError) as caught:
        read_plan(file)
    assert str(caught.value).startswith(f"{file} cannot be read: {words}")


@pytest.mark.parametrize("text", ["", "{", "null", "\x00"])
def test_a_damaged_file_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(text)
    with pytest.raises(StoreError, match=r"run\.json cannot be read"):
        read_plan(file)


@pytest.mark.parametrize(
    ("changes", "words"), [({"schema_version": 3, "new": 1}, "tables of version 3"), ({"kind": "film"}, "'film'")]
)
def test_a_newer_version_or_kind_is_told_before_its_keys(tmp_path: Path, changes: Content, words: str) -> None:
    with pytest.raises(NewerVersion, match=words):
        read_plan(written(tmp_path, **changes))


def test_an_older_version_is_no_reason_to_replace_this_one(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="tables of version 0") as error:
        read_plan(written(tmp_path, schema_version=0))
    assert not isinstance(error.value, NewerVersion)

"""What an experiment file may say of encoders, and how it is told of its mistakes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from orchestrator.experiment.experiment_file import from_dict, from_toml
from orchestrator.experiment.trained_encoders import planned_trained_encoder
from orchestrator.scheduler.planning import plan_encoder, plan_run
from storage.encoder_settings import OwnEncoder
from storage.errors import ExperimentError
from storage.experiments import Experiment
from storage.runs import Run
from tests.encoders.conftest import BRIEF
from workers.learning.encoder.picture_encoder import encoder_digest

FILE = """
configurations = ["knn-1", "knn-1@own", "svm-linear@second"]
[encoders]
own = "encoder-a"
second = "encoder-b"
[parameters."knn-1@own"]
k = 2
"""


def test_a_file_names_encoders_and_configurations_that_use_them() -> None:
    experiment = from_toml(FILE)
    assert experiment.encoders == {"own": OwnEncoder("encoder-a"), "second": OwnEncoder("encoder-b")}
    assert experiment.configurations[1] == "knn-1@own"
    assert experiment.parameters == {"knn-1@own": {"k": 2}}
    assert from_dict(json.loads(json.dumps(experiment.plain()))) == experiment
    assert "encoders" not in Experiment().plain()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("configurations = ['knn-1@own']", ["knn-1@own", "encoder 'own'", "The choices are dlib-bf16, sface"]),
        ("configurations = ['knn-1@ovn']\n[encoders]\nown = 'r'", ["'knn-1@ovn'", "Did you mean 'own'"]),
        (
            "configurations = ['knn-1@']\n[encoders]\nown = 'r'",
            ["'knn-1@'", "The choices are dlib-bf16, own, sface, and dlib+NAME"],
        ),
        ("configurations = ['kn-1@own']\n[encoders]\nown = 'r'", ["'kn-1'", "Did you mean 'knn-1'"]),
        (
            "configurations = ['cnn-small-crop@own']\n[encoders]\nown = 'r'",
            ["'cnn-small-crop@own'", "does not learn from measurements", "svm-linear"],
        ),
        ("configurations = ['majority@own']\n[encoders]\nown = 'r'", ["'majority@own'", "does not learn"]),
        ("configurations = ['knn-1@own', 'knn-1@own']\n[encoders]\nown = 'r'", ["twice"]),
        ("encoders = 'r'", ["encoders", "table"]),
        ("[encoders]\nown = 3", ["encoders.own", "name of a run"]),
        ("[encoders]\n'../x' = 'r'", ["encoders", "'../x'", "small letters"]),
        ("configurations = ['knn-1@own']\n[encoders]\nown = 'r'\n[parameters.'knn-1@own']\nC = 1", ["knn-1@own.k"]),
    ],
)
def test_a_mistake_names_the_key_and_the_choices(text: str, parts: list[str]) -> None:
    with pytest.raises(ExperimentError) as caught:
        from_toml(text, "mine.toml")
    for part in ["mine.toml", *parts]:
        assert part in str(caught.value)


def test_an_encoder_is_known_by_its_digest_when_the_run_is_planned(trained: Run) -> None:
    found = planned_trained_encoder(trained.store, "own", OwnEncoder(trained.run_id))
    assert found == OwnEncoder(trained.run_id, encoder_digest(trained.encoder))


@pytest.mark.parametrize("name", ["encoder-none-12345678", "../../etc"])
def test_a_missing_encoder_is_refused_with_the_existing_ones(trained: Run, others: Path, name: str) -> None:
    wanted = from_dict({"configurations": ["knn-1@own"], "encoders": {"own": name}})
    with pytest.raises(ExperimentError, match=f"encoders.own = .*The encoders of this store are {trained.run_id}"):
        plan_run(trained.store, others, None, wanted)


def test_a_run_that_trains_no_encoder_is_refused(others: Path, tmp_path: Path) -> None:
    plain = plan_run(tmp_path, others, None, from_dict({"configurations": ["knn-1"]})).run
    with pytest.raises(ExperimentError, match=r"trains no encoder\. Train one: lineup train-encoder"):
        planned_trained_encoder(tmp_path, "own", OwnEncoder(plain.run_id))


def test_an_encoder_that_is_not_finished_says_how_to_finish_it(teachers: Path, tmp_path: Path) -> None:
    run = plan_encoder(tmp_path, teachers, None, Experiment(), BRIEF).run
    with pytest.raises(ExperimentError, match=f"lineup resume {run.run_id}"):
        planned_trained_encoder(tmp_path, "own", OwnEncoder(run.run_id))


def test_an_encoder_of_an_earlier_version_says_how_to_make_it_again(trained: Run, tmp_path: Path) -> None:
    run = Run(tmp_path / "runs" / trained.run_id, trained.plan)
    shutil.copytree(trained.folder, run.folder)
    (run.encoder / "encoder.npz").rename(run.encoder / "encoder.keras")
    with pytest.raises(ExperimentError, match=rf"earlier version .*Delete .*lineup resume {run.run_id}"):
        planned_trained_encoder(tmp_path, "own", OwnEncoder(run.run_id))

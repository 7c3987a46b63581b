"""The experiment file says what is compared, and a mistake in it is named."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from orchestrator.experiment.experiment_file import TEMPLATE, from_dict, from_toml
from storage.engine_settings import EngineSettings, Limits
from storage.errors import ExperimentError
from storage.experiments import Experiment, Protocol


def test_the_template_states_every_default() -> None:
    import tomllib

    stated = tomllib.loads(TEMPLATE)
    assert from_toml(TEMPLATE) == Experiment()
    expected = Experiment().plain()
    assert set(stated) == set(expected) - {"parameters"}
    hidden = {"null_engine"}  # of `make scale` alone: nobody is to meet it in a template
    assert set(stated["faces"]) == {field.name for field in fields(EngineSettings)} - hidden
    assert set(stated["protocol"]) == {field.name for field in fields(Protocol)}


def test_an_empty_file_is_the_missions_grid() -> None:
    experiment = from_toml("")
    assert experiment == Experiment()
    assert len(experiment.configurations) == 12
    assert (experiment.protocol.test_share, experiment.protocol.seed) == (0.3, 42)


def test_json_round_trip_keeps_everything() -> None:
    experiment = from_toml(
        """
        name = "schön"
        configurations = ["knn-3", "svm-rbf"]
        [parameters.svm-rbf]
        tune = false
        C = 3.5
        [protocol]
        kind = "kfold"
        folds = 10
        embedding_distance = 0
        [faces]
        policy = "all"
        ladder = ["rotate"]
        limits = { pixels = 9_000_000 }
        """
    )
    assert from_dict(json.loads(json.dumps(experiment.plain()))) == experiment
    assert experiment.configurations[1] == "svm-rbf"
    assert list(experiment.parameters["svm-rbf"].items()) == [("C", 3.5), ("tune", False)]
    assert experiment.faces == EngineSettings(policy="all", ladder=("rotate",), limits=Limits(pixels=9_000_000))
    assert isinstance(experiment.protocol.embedding_distance, float)


def test_a_whole_number_that_stands_for_a_real_one_is_the_same_experiment() -> None:
    whole, real = (from_toml(f"[parameters.svm-rbf]\nC = {text}") for text in ("3", "3.0"))
    assert whole.fingerprint() == real.fingerprint()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("sed = 1", ["sed", "'seed'"]),
        ("[protocol]\ntestshare = 0.2", ["protocol.testshare", "'protocol.test_share'"]),
        ("[protocol]\nkind = 'kfolds'", ["protocol.kind", "'kfolds'", "'kfold'"]),
        ("[protocol]\ntest_share = 1.0", ["protocol.test_share", "above 0 and below 1"]),
        ("[protocol]\ntest_share = nan", ["protocol.test_share"]),
        ("[protocol]\nfolds = 1", ["protocol.folds", "from 2 to 1000"]),
        ("[protocol]\nfolds = 2.5", ["protocol.folds", "whole number"]),
        ("[protocol]\nfolds = true", ["protocol.folds", "whole number"]),
        ("protocol = 3", ["protocol", "table"]),
        ("[faces]\npolicy = 'biggest'", ["faces.policy", "largest, central, consistent, require-one, all"]),
        ("[faces]\nladder = 'rotate'", ["faces.ladder", "list"]),
        ("[faces.limits]\npixel = 3", ["faces.limits.pixel", "'faces.limits.pixels'"]),
        ("[faces.limits]\npixels = 0", ["faces.limits.pixels", "from 1 to"]),
        ("configurations = ['svm-linar']", ["svm-linar", "'svm-linear'"]),
        ("configurations = ['knn-1', 'knn-1']", ["knn-1", "twice"]),
        ("configurations = []", ["configurations", "empty"]),
        ("configurations = 'knn-1'", ["configurations", "list"]),
        ("configurations = ['knn-1']\n[parameters.knn-3]\nk = 1", ["knn-3", "knn-1"]),
        ("[parameters.knn-3]\nk = [1]", ["parameters.knn-3.k", "whole number from 1"]),
        ("[parameters.knn-3]\nkk = 4", ["parameters.knn-3.kk", "'parameters.knn-3.k'", "parameters.knn-3.threshold"]),
        ("[parameters.knn-3]\nk = 0", ["parameters.knn-3.k = 0", "from 1"]),
        ("[parameters.knn-3]\nk = 2.5", ["parameters.knn-3.k = 2.5", "whole number"]),
        ("[parameters.knn-3]\nk = true", ["parameters.knn-3.k = True", "whole number"]),
        ("[parameters.threshold-1nn]\nthreshold = 0", ["parameters.threshold-1nn.threshold = 0", "above 0"]),
        ("[parameters.svm-rbf]\nC = nan", ["parameters.svm-rbf.C = nan", "number above 0"]),
        ("[parameters.svm-rbf]\nC = '1'", ["parameters.svm-rbf.C = '1'", "number above 0"]),
        ("[parameters.svm-rbf]\nkernel = 'poly'", ["parameters.svm-rbf.kernel = 'poly'", "linear or rbf"]),
        ("[parameters.svm-rbf]\ntune = 1", ["parameters.svm-rbf.tune = 1", "true or false"]),
        ("[parameters.cnn-small-crop]\nepochs = 0", ["parameters.cnn-small-crop.epochs = 0", "from 1"]),
        ("[parameters.cnn-small-crop]\npatience = 3", ["parameters.cnn-small-crop.patience", "epochs"]),
        ("[parameters.dense]\nsmoothing = 1.0", ["parameters.dense.smoothing = 1.0", "at least 0 and at most 0.99"]),
        ("[parameters.majority]\nk = 1", ["parameters.majority", "no parameters"]),
        ("configurations = ['lda', 'x']\n[parameters.x]\nk = 1", ["configurations", "'x'"]),
        ("[parameters]\nknn-3 = 4", ["parameters.knn-3", "table"]),
        ("seed = -1", ["seed", "from 0"]),
        ("attempts = 0", ["attempts", "from 1"]),
        ("seed = = 1", ["TOML"]),
    ],
)
def test_a_mistake_names_the_file_the_key_and_the_choices(text: str, parts: list[str]) -> None:
    with pytest.raises(ExperimentError) as caught:
        from_toml(text, "mine.toml")
    for part in ["mine.toml", *parts]:
        assert part in str(caught.value)

"""The text of an experiment file that gives an equal experiment."""

from __future__ import annotations

import pytest

from orchestrator.experiment.experiment_file import TEMPLATE, from_toml
from orchestrator.experiment.experiment_text import to_toml
from storage.experiments import Experiment

FILES = (
    "",
    TEMPLATE,
    'name = "say \\"knn\\" \\u007f é"\n[protocol]\nkind = "k-shot"\nshots = [1, 2]\n[faces]\nsmallest_face = 24',
    'configurations = ["knn-3", "svm-linear", "svm-linear@own"]\n[parameters.svm-linear]\nC = 1e-05\ntune = false\n'
    '[encoders]\nown = "people-1a2b3c4d"',
)


@pytest.mark.parametrize("text", FILES)
def test_the_text_of_an_experiment_gives_an_equal_experiment(text: str) -> None:
    experiment = from_toml(text)
    again = from_toml(to_toml(experiment.plain()))
    assert again == experiment
    assert again.fingerprint() == experiment.fingerprint()


def test_every_default_is_stated() -> None:
    text = to_toml(Experiment().plain())
    assert "seed = 42" in text
    assert "[protocol]" in text

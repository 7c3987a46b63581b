"""A recogniser and its engine, from a real tiny run."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.inference.load_model import recogniser_of
from storage.runs import Run
from tests.tiny_run import tiny_run
from workers.faces.engine import FaceEngine, load_engine
from workers.recognition.recogniser import Recogniser


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Four synthetic people, six photos each, compared."""
    return tiny_run(tmp_path_factory.mktemp("identify"))


@pytest.fixture(scope="session")
def recogniser(run: Run) -> Recogniser:
    """Linear support vectors on all 24 faces."""
    return recogniser_of(run, "svm-linear")


@pytest.fixture(scope="session")
def engine(recogniser: Recogniser) -> FaceEngine:
    """The run's engine, every face of a photo."""
    return load_engine(recogniser.settings)


@pytest.fixture
def photos(run: Run) -> list[Path]:
    """One photo of each person."""
    return sorted(Path(run.plan.dataset).glob("*/*-001.jpg"))

"""A recogniser and its engine, from a real tiny run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from orchestrator.inference.load_model import recogniser_of
from storage.runs import Run, open_run
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


@pytest.fixture
def heap(run: Run, tmp_path: Path) -> Path:
    """Eight photos of four people, one of them twice, and a text."""
    folder = tmp_path / "heap"
    folder.mkdir()
    for photo in sorted(Path(run.plan.dataset).glob("*/*-00[12].jpg")):
        shutil.copy(photo, folder)
    shutil.copy(folder / "ada-001.jpg", folder / "twin.jpg")
    (folder / "text.jpg").write_text("no photo")
    return folder


@pytest.fixture
def own(run: Run, tmp_path: Path) -> Run:
    """The run in a store of its own."""
    shutil.copytree(run.store, tmp_path / "store")
    return open_run(tmp_path / "store", run.run_id)


def rows_of(text: str) -> dict[str, Any]:
    """The answers of `identify --json` by path, without what is measured and where the faces came from."""
    _model, *answers = map(json.loads, text.splitlines())
    for answer in answers:
        del answer["seconds"], answer["stored"]
        for face in answer["faces"]:
            del face["milliseconds"]
    return {answer["path"]: answer for answer in answers}

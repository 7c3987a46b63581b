"""An encoder trained on a few synthetic people in this process, and other people to compare it on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.inference.load_model import recogniser_of
from orchestrator.inference.photos import PhotoAnswer, name_photo
from orchestrator.inference.run_answers import RunAnswers, plan_naming
from orchestrator.scheduler.planning import plan_encoder
from storage.experiments import Experiment
from storage.outputs import OutputLedger
from storage.plans import TripletSettings
from storage.runs import Run
from tests.tiny_run import encode_here
from workers.faces.engine import load_engine
from workers.jobs.train_encoder import train_encoder_of
from workers.synthetic.photo_folder import write_folder

BRIEF = TripletSettings(people=3, faces=2, epochs=2, passes=1)
"""Enough to be trained; it teaches little."""


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a finished run of an encoder in it."""
    return tmp_path_factory.mktemp("encoders") / "store"


@pytest.fixture(scope="session")
def teachers(store: Path) -> Path:
    """Seven people, three photos each, who teach the encoder."""
    write_folder(store.parent / "teachers", people=7, photos=3, seed=5, side=160, processes=1)
    return store.parent / "teachers"


@pytest.fixture(scope="session")
def trained(store: Path, teachers: Path) -> Run:
    """The encoder's run."""
    run = plan_encoder(store, teachers, None, Experiment(), BRIEF).run
    encode_here(run)
    train_encoder_of(run)
    assert run.finished
    return run


@pytest.fixture(scope="session")
def others(store: Path) -> Path:
    """Four other people, though two of them bear names of the first."""
    write_folder(store.parent / "others", people=4, photos=4, seed=6, side=160, processes=1)
    for name, other in (("ada", "anton"), ("bruno", "berta")):
        (store.parent / "others" / name).rename(store.parent / "others" / other)
    return store.parent / "others"


def named_here_and_from_the_store(
    run: Run, configuration: str, folder: Path
) -> tuple[Sequence[PhotoAnswer], Sequence[PhotoAnswer]]:
    """The answers for the photos of a folder by an engine of this process, and by stored encodings; without times."""
    recogniser = recogniser_of(run, configuration)
    planned = plan_naming(run, folder, recogniser, OutputLedger(None)).run
    encode_here(planned)
    stored = [answer for answer, _ in RunAnswers(planned, folder, recogniser, annotate=False).take()]
    engine = load_engine(recogniser.settings)
    here = [name_photo(answer.path, engine, recogniser, annotate=False)[0] for answer in stored]
    return _without_times(here), _without_times(stored)


def _without_times(answers: Sequence[PhotoAnswer]) -> list[PhotoAnswer]:
    named = [[replace(face, named=replace(face.named, milliseconds=0.0)) for face in each.faces] for each in answers]
    pairs = zip(answers, named, strict=True)
    return [replace(answer, seconds=0.0, stored=False, faces=tuple(faces)) for answer, faces in pairs]

"""`landmarks = "5"`: the model of 68 points, whose licence excludes commercial use, is never opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.experiment.experiment_file import from_dict
from orchestrator.report.build import draw_report
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.planning import plan_encoder, plan_run
from orchestrator.scheduler.reconciler import Reconciler
from orchestrator.verification.judge_folder import judge_folder, plan_folder
from orchestrator.verification.usable_faces import with_encoder
from storage.engine_settings import EngineSettings
from storage.errors import EngineError, ExperimentError
from storage.experiments import MISSIONS_GRID, Experiment
from storage.face_pictures import run_pictures
from storage.plans import TripletSettings
from storage.runs import Run
from storage.schemas import COMPARISON, RUN_FACES
from storage.tables import read_table
from tests.tiny_run import compare_here, encode_here
from workers.faces.align.landmarks import load_landmarks
from workers.faces.engine import load_engine
from workers.faces.models import model_files
from workers.jobs.refit_winner import folder_of, refit
from workers.queue.broker_options import BrokerOptions
from workers.recognition.recogniser import load_recogniser

NAMES = ["knn-1", "knn-1@sface", "svm-linear@dlib+sface", "majority"]
FIVE = {"faces": {"landmarks": "5"}, "protocol": {"min_photos_per_person": 2}}


@pytest.fixture(scope="module")
def no_68_points(trained: Run) -> Iterator[str]:
    """The file is not there, once an encoder is trained with it; the name of that run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(model_files.MODEL_FILES, "landmarks-68", ("face_recognition_models", "models/none.dat"))
        model_files.model_digest.cache_clear()
        load_landmarks.cache_clear()
        load_engine.cache_clear()
        yield trained.run_id
    model_files.model_digest.cache_clear()


@pytest.fixture(scope="module")
def run(store: Path, others: Path, no_68_points: str) -> Run:
    assert no_68_points
    planned = plan_run(store, others, None, from_dict({"configurations": NAMES, **FIVE})).run
    compare_here(planned)
    return planned


@pytest.mark.usefixtures("no_68_points")
def test_the_file_is_absent_here() -> None:
    with pytest.raises(EngineError, match=r"none\.dat is not installed"):
        load_engine(EngineSettings())


def test_a_run_compares_and_reports_without_it(run: Run) -> None:
    assert {row["outcome"] for row in read_table(run.comparison, COMPARISON).to_pylist()} == {"ok"}
    draw_report(run)
    assert "data:image/jpeg" in (run.report / "index.html").read_text()


def test_faces_have_five_points_a_crop_and_no_aligned_picture(run: Run) -> None:
    rows = read_table(run.faces, RUN_FACES).to_pylist()
    faces = {(row["photo_key"], row["face_index"]) for row in rows}
    pictures = run_pictures(run)
    assert pictures.some(faces, "crop").keys() == faces
    assert not pictures.some(faces, "aligned")
    for row in rows:
        assert row["landmarks"] is None
        assert len(row["five_points"]) == 10
        x, y = row["five_points"][::2], row["five_points"][1::2]
        assert row["left"] < min(x) < max(x) < row["right"]
        assert row["top"] < min(y) < max(y) < row["bottom"]


def test_a_model_of_it_names_faces_without_the_file(run: Run, others: Path) -> None:
    refit(run, "knn-1@sface", folder_of(run, "knn-1@sface"))
    stored = load_recogniser(folder_of(run, "knn-1@sface"))
    assert not stored.needs_own_embedding
    photo = next(others.glob("*/*.jpg"))
    (record,) = load_engine(stored.settings).encode_photos([("key", photo.read_bytes())], lambda _: None, stored.others)
    (named,) = stored.name(record.faces)
    assert named.name == photo.parent.name


@pytest.mark.parametrize("names", [["cnn-small-aligned"], ["knn-1", "eigenfaces-svm"]])
def test_what_learns_from_aligned_faces_is_refused(names: list[str]) -> None:
    with pytest.raises(ExperimentError, match=rf"{names[-1]} learn from aligned faces, which need the 68 points"):
        from_dict({"configurations": names, **FIVE})


def test_the_default_grid_leaves_it_out(others: Path, tmp_path: Path) -> None:
    names = from_dict(FIVE).configurations
    assert set(MISSIONS_GRID) - set(names) == {"cnn-small-aligned"}
    with pytest.raises(ExperimentError, match="cnn-small-aligned learn from aligned faces"):
        plan_run(tmp_path, others, None, replace(from_dict(FIVE), configurations=MISSIONS_GRID))


def test_photos_are_verified_without_it(others: Path, tmp_path: Path, no_68_points: str) -> None:
    assert no_68_points
    planned = plan_folder(tmp_path, others, None, with_encoder(tmp_path, from_dict(FIVE), "sface"))
    Reconciler(planned, Broker(BrokerOptions("redis://127.0.0.1:1/0")))
    encode_here(planned)
    assert judge_folder(planned, encoder="sface").pairs.photos == 16


def test_an_encoder_of_aligned_faces_is_refused(store: Path, others: Path, no_68_points: str) -> None:
    five = replace(Experiment(), faces=EngineSettings(landmarks="5"))
    with pytest.raises(ExperimentError, match="an encoder with --view aligned learns from aligned faces"):
        plan_encoder(store, others, None, five, TripletSettings(view="aligned"))
    own = from_dict({"configurations": ["knn-1@own"], "encoders": {"own": no_68_points}, **FIVE})
    with pytest.raises(ExperimentError, match="the encoder own measures aligned faces"):
        plan_run(store, others, None, own)

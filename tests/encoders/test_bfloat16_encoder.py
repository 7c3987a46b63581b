"""dlib's network in bfloat16 competes beside dlib's own; where it cannot run, a sentence says so before the run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orchestrator.experiment.experiment_file import from_dict
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.work import planned_photos
from storage.encoder_settings import DLIB_BF16, SFACE, OnnxEncoder
from storage.engine_settings import EngineSettings
from storage.errors import ExperimentError, WorkerUnfit
from storage.experiments import Experiment
from storage.parts import list_parts, read_parts
from storage.runs import Run
from storage.schemas import COMPARISON, EMBEDDINGS, RUN_FACES
from storage.tables import read_table
from tests.tiny_run import compare_here, encode_here
from workers.faces.engine import FaceEngine, load_engine
from workers.faces.engine_fingerprint import encoder_fingerprint
from workers.faces.models import openvino_runtime
from workers.faces.models.openvino_runtime import BFLOAT16, NO_BFLOAT16, NOT_INSTALLED
from workers.jobs import planned_encoders
from workers.jobs.embed_faces import embed
from workers.jobs.photo_ref import PhotoRef
from workers.jobs.planned_encoders import load_onnx_encoder, onnx_encoders
from workers.jobs.refit_winner import folder_of, refit
from workers.recognition.encoder_scales import scale_of
from workers.recognition.recogniser import load_recogniser

NAMES = ("knn-1", "knn-1@dlib-bf16", "threshold-1nn@dlib-bf16", "knn-1@dlib+dlib-bf16")

needs_bfloat16 = pytest.mark.skipif(
    bool(openvino_runtime.missing_for(BFLOAT16)), reason="OpenVINO, or a processor with bfloat16, is missing"
)


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return from_dict({"configurations": list(NAMES), "protocol": {"min_photos_per_person": 2}})


@pytest.fixture(scope="module")
def run(store: Path, others: Path, experiment: Experiment) -> Run:
    run = plan_run(store, others, None, experiment).run
    compare_here(run)
    return run


@needs_bfloat16
def test_it_competes_on_the_same_faces_near_to_dlib_s_measurements(run: Run) -> None:
    rows = {row["configuration"]: row for row in read_table(run.comparison, COMPARISON).to_pylist()}
    assert {name: row["outcome"] for name, row in rows.items()} == dict.fromkeys(NAMES, "ok")
    exact = np.array(read_table(run.faces, RUN_FACES)["embedding"].to_pylist())
    reduced = np.array(read_table(run.embeddings("dlib-bf16"), EMBEDDINGS)["embedding"].to_pylist())
    apart = np.linalg.norm(exact - reduced, axis=1)
    assert 0 < apart.min() <= apart.max() < 0.05  # 0.6 is where another person begins


@needs_bfloat16
def test_its_faces_are_those_of_the_engine_in_bfloat16(run: Run, others: Path) -> None:
    engine = load_engine(EngineSettings(encoder="openvino-bf16"))
    found = read_table(run.embeddings("dlib-bf16"), EMBEDDINGS).to_pylist()
    photos = planned_photos(run)
    read = [(row["photo_key"], (others / photos[row["photo_key"]]).read_bytes()) for row in found]
    results = engine.encode_photos(read, lambda _: None)
    alone = [result.faces[0].embedding.tolist() for result in results]
    assert [row["embedding"] for row in found] == alone


@needs_bfloat16
def test_added_later_it_costs_its_network_only_and_gives_the_same_bytes(
    run: Run, others: Path, experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode_here(plan_run(tmp_path, others, None, replace(experiment, configurations=("knn-1",))).run)
    later = plan_run(tmp_path, others, None, experiment).run

    def no_detection(*_: object) -> None:
        raise AssertionError("faces are detected again")

    monkeypatch.setattr(FaceEngine, "_detect", no_detection)
    embed(later, [PhotoRef(*item) for item in planned_photos(later).items()])
    (encoder,) = onnx_encoders(later).values()
    parts = read_parts(list_parts(later.embedding_parts(encoder_fingerprint(encoder))), EMBEDDINGS)
    stored = read_table(run.embeddings("dlib-bf16"), EMBEDDINGS)
    assert parts.sort_by("photo_key")["embedding"].equals(stored["embedding"])


@needs_bfloat16
def test_a_stored_model_takes_its_network_along(run: Run, tmp_path: Path) -> None:
    folder = folder_of(run, "knn-1@dlib-bf16")
    refit(run, "knn-1@dlib-bf16", folder)
    shutil.copytree(folder, tmp_path / "model")
    stored = load_recogniser(tmp_path / "model")
    assert stored.scale == scale_of(stored.engine, "")  # its distances read as dlib's
    assert not stored.needs_own_embedding


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        (NOT_INSTALLED, r'encoders.dlib-bf16: .*OpenVINO is not installed.*pip install "lineup\[openvino\]"'),
        (NO_BFLOAT16, r"encoders.dlib-bf16: .*no bfloat16 instructions.*in single precision"),
    ],
)
def test_a_machine_that_cannot_run_it_says_so_before_the_run(
    others: Path, experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str, words: str
) -> None:
    monkeypatch.setattr(openvino_runtime, "missing_for", lambda _: lacking)
    with pytest.raises(ExperimentError, match=words):
        plan_run(tmp_path, others, None, experiment)


def test_a_worker_that_cannot_run_it_is_unfit_and_no_photo_is_blamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino_runtime, "missing_for", lambda _: NO_BFLOAT16)
    monkeypatch.setattr(planned_encoders, "planned_network", lambda *_: b"")  # it is not looked at
    load_onnx_encoder.cache_clear()
    with pytest.raises(WorkerUnfit, match="no bfloat16 instructions"):
        load_onnx_encoder(tmp_path, DLIB_BF16)


def test_it_has_a_fingerprint_of_its_own_and_other_encoders_keep_theirs() -> None:
    assert encoder_fingerprint(DLIB_BF16) != encoder_fingerprint(replace(DLIB_BF16, runtime="onnx"))
    assert encoder_fingerprint(SFACE) == "6a686bcbafbb14142db50b52ad8dac5a"
    assert "runtime" not in SFACE.plain()
    named = Experiment(configurations=("knn-1@sface",), encoders={"sface": SFACE})
    assert named.fingerprint() == "98c6a0d67ef72977"


def test_dlib_s_chip_is_for_dlib_s_network_alone() -> None:
    with pytest.raises(ValueError, match="dlib's own file"):
        OnnxEncoder(sha256="0" * 64, template="dlib")
    with pytest.raises(ExperimentError, match="dlib's own file"):
        from_dict({"configurations": ["knn-1"], "encoders": {"x": {"path": "x", "sha256": DLIB_BF16.sha256}}})

"""SFace and a user's ONNX file compete beside dlib's encoder, on the same faces, and cost their own network only."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from orchestrator.dataset.splits import make_splits
from orchestrator.experiment.experiment_file import from_dict
from orchestrator.inference import encoded_photos
from orchestrator.inference.load_model import recogniser_of
from orchestrator.inference.run_answers import plan_naming
from orchestrator.maintenance.check import check_run
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.compatibility import check_encoders
from orchestrator.scheduler.photo_judge import PhotoJudge
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.reconciler import Reconciler
from orchestrator.scheduler.work import planned_photos
from orchestrator.verification.format_folder import folder_as_json, folder_lines
from orchestrator.verification.judge_folder import judge_folder, plan_folder
from orchestrator.verification.usable_faces import with_encoder
from storage.encoder_settings import SFACE, OnnxEncoder
from storage.engine_settings import Limits
from storage.erase_photos import erase_photos
from storage.errors import ExperimentError, RunStuck, StoreError
from storage.experiments import Experiment
from storage.face_pictures import run_pictures
from storage.handed_back import read_notes
from storage.outputs import OutputLedger
from storage.parts import list_parts, read_parts, set_aside
from storage.row_groups import groups_of_photos
from storage.runs import EMBEDDING_FOLDER, Run, encoder_network_path
from storage.schemas import CATALOG, COMPARISON, EMBEDDINGS, RUN_FACES
from storage.tables import read_table
from tests.encoders.conftest import named_here_and_from_the_store
from tests.tiny_run import compare_here, encode_here
from tests.workers.faces.embed.test_onnx_encoder import channel_means
from workers.faces.decode.guarded_reader import GuardedReader
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.engine import FaceEngine, load_engine
from workers.faces.engine_fingerprint import encoder_fingerprint
from workers.faces.models.encoder_files import SFACE_VARIABLE
from workers.faces.photo import Photo
from workers.faces.refusal import Refusal
from workers.jobs import embed_faces
from workers.jobs.embed_faces import embed
from workers.jobs.job import Refused
from workers.jobs.load_faces import load_faces
from workers.jobs.photo_ref import PhotoRef
from workers.jobs.planned_encoders import load_onnx_encoders, onnx_encoders
from workers.jobs.refit_winner import fitted, folder_of, refit
from workers.learning.configurations import find_configuration
from workers.queue.broker_options import BrokerOptions
from workers.recognition.recogniser import load_recogniser

NAMES = ("knn-1", "knn-1@sface", "svm-linear@dlib+sface", "knn-1@mine", "threshold-1nn@sface")
SIDE = 24


@pytest.fixture(scope="module")
def experiment(store: Path) -> Experiment:
    """With SFace and with a file that a user describes."""
    file = store.parent / "mine.onnx"
    file.write_bytes(channel_means(SIDE))
    mine = {
        "path": str(file),
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "size": SIDE,
        "colour": "bgr",
        "scale": 0.01,
        "distance": "euclidean",
    }
    protocol = {"min_photos_per_person": 2}
    return from_dict({"configurations": list(NAMES), "encoders": {"mine": mine}, "protocol": protocol})


@pytest.fixture(scope="module")
def run(store: Path, others: Path, experiment: Experiment) -> Run:
    run = plan_run(store, others, None, experiment).run
    compare_here(run)
    return run


def copied(run: Run, store: Path) -> Run:
    """The same run in a store of its own."""
    shutil.copytree(run.store, store)
    return Run(store / "runs" / run.run_id, run.plan)


def embeddings_of(run: Run, name: str) -> pa.Table:
    return read_table(run.embeddings(name), EMBEDDINGS)


def test_all_encoders_are_in_one_table_on_the_same_faces(run: Run) -> None:
    rows = {row["configuration"]: row for row in read_table(run.comparison, COMPARISON).to_pylist()}
    assert rows.keys() == set(NAMES)
    assert {(row["outcome"], row["reason"]) for row in rows.values()} == {("ok", "")}
    assert len({row["test_faces"] for row in rows.values()}) == 1
    assert rows["knn-1@sface"]["photo_to_name_ms"] > rows["knn-1"]["photo_to_name_ms"]
    assert check_run(run).faults == ("not finished; go on with: lineup resume " + run.run_id,)


def test_each_encoder_has_a_table_with_a_row_a_face(run: Run) -> None:
    faces = read_table(run.faces, RUN_FACES).select(["photo_key", "face_index"])
    for name, size in (("sface", 128), ("mine", 3)):
        table = embeddings_of(run, name)
        assert table.select(["photo_key", "face_index"]).equals(faces.cast(table.select([0, 1]).schema))
        assert {len(row) for row in table["embedding"].to_pylist()} == {size}


def test_two_encoders_stand_side_by_side_each_half_of_length_one(run: Run) -> None:
    both = load_faces(run, find_configuration("knn-1@dlib+sface")).embedding
    dlib = load_faces(run, find_configuration("knn-1")).embedding
    sface = load_faces(run, find_configuration("knn-1@sface")).embedding
    assert both.shape == (len(dlib), 256)
    assert np.linalg.norm(both, axis=1) == pytest.approx(np.ones(len(both)), abs=1e-6)
    cosine = (both[0, :128] @ dlib[0]) / np.linalg.norm(both[0, :128]) / np.linalg.norm(dlib[0])
    assert cosine == pytest.approx(1, abs=1e-6)
    assert np.allclose(both[:, 128:] / np.linalg.norm(both[0, 128:]), sface, atol=1e-5)


def test_the_published_threshold_is_the_encoder_s(run: Run) -> None:
    assert fitted(run, find_configuration("threshold-1nn@sface")).model.configuration.parameters["threshold"] == 0.6
    refit(run, "threshold-1nn@sface", folder_of(run, "threshold-1nn@sface"))
    stored = load_recogniser(folder_of(run, "threshold-1nn@sface"))
    assert stored.model.configuration.parameters["threshold"] == SFACE.threshold


def test_an_encoder_that_is_added_later_costs_its_network_only_and_gives_the_same_bytes(
    run: Run, others: Path, experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = replace(experiment, configurations=("knn-1",), encoders={})
    encode_here(plan_run(tmp_path, others, None, before).run)
    later = plan_run(tmp_path, others, None, experiment).run

    def no_detection(*_: object) -> None:
        raise AssertionError("faces are detected again")

    monkeypatch.setattr(FaceEngine, "_detect", no_detection)
    embed(later, [PhotoRef(*item) for item in planned_photos(later).items()])
    for name, encoder in onnx_encoders(later).items():
        parts = read_parts(list_parts(later.embedding_parts(encoder_fingerprint(encoder))), EMBEDDINGS)
        assert parts.sort_by("photo_key")["embedding"].equals(embeddings_of(run, name)["embedding"])


def test_the_orchestrator_asks_for_the_embeddings_that_are_missing(
    others: Path, experiment: Experiment, tmp_path: Path
) -> None:
    before = replace(experiment, configurations=("knn-1",), encoders={})
    encode_here(plan_run(tmp_path, others, None, before).run)
    later = plan_run(tmp_path, others, None, experiment).run
    sent: list[tuple[str, int]] = []

    class Recorder(Broker):
        def send(self, task: str, arguments: object, *_: object) -> None:
            sent.append((task, len(arguments[1])))  # type: ignore[index]

        def waiting(self, _queue: str) -> int:
            return len(sent)

    Reconciler(later, Recorder(BrokerOptions("redis://127.0.0.1:1/0")), photos_per_task=100).step()
    assert sent == [("lineup.embed_faces", 16)]


def test_of_a_run_that_is_removed_meanwhile_no_embedding_is_written(
    others: Path, experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = replace(experiment, configurations=("knn-1",), encoders={})
    encode_here(plan_run(tmp_path, others, None, before).run)
    later = plan_run(tmp_path, others, None, experiment).run

    def load(run: Run) -> Mapping[str, OnnxFaceEncoder]:
        shutil.rmtree(run.folder)
        return load_onnx_encoders(run)

    monkeypatch.setattr(embed_faces, "load_onnx_encoders", load)
    with pytest.raises(Refused, match=f"{later.run_id} was removed"):
        embed(later, [PhotoRef(*item) for item in planned_photos(later).items()])
    assert list((later.encodings / EMBEDDING_FOLDER).rglob("*.parquet")) == []


def test_a_photo_that_is_gone_when_an_encoder_is_added_is_a_row(
    others: Path, experiment: Experiment, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(others, folder)
    before = replace(experiment, configurations=("knn-1",), encoders={})
    encode_here(plan_run(tmp_path, folder, None, before).run)
    later = plan_run(tmp_path, folder, None, experiment).run
    gone = min(path for path in planned_photos(later).values())
    (folder / gone).unlink()
    wanted = planned_photos(later)
    embed(later, [PhotoRef(*item) for item in wanted.items()])
    (note,) = read_notes(later)
    assert [wanted[key] for key in note.photos] == [gone]
    PhotoJudge(later, wanted).look(set())
    rows = encode_here(later).to_pylist()
    (lost,) = (row for row in rows if row["outcome"] != "ok")
    assert lost["outcome"] == "unreadable"
    assert embeddings_of(later, "sface").num_rows == len(rows) - 1
    make_splits(
        read_table(later.catalog, CATALOG), read_table(later.faces, RUN_FACES), experiment.protocol, run_pictures(later)
    )


@pytest.mark.parametrize(("refused", "outcome"), [(1, "ok"), (9, "unreadable")])
def test_a_photo_that_is_decoded_no_more_when_an_encoder_is_added_is_a_row_after_the_attempts(
    others: Path,
    experiment: Experiment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: int,
    outcome: str,
) -> None:
    before = replace(experiment, configurations=("knn-1",), encoders={})
    encode_here(plan_run(tmp_path, others, None, before).run)
    later = plan_run(tmp_path, others, None, experiment).run
    wanted = planned_photos(later)
    chosen = min(wanted)
    data = (others / wanted[chosen]).read_bytes()
    whole, tries = GuardedReader.image, 0

    def image(self: GuardedReader, given: bytes, limits: Limits) -> Photo | Refusal:
        nonlocal tries
        tries += given == data
        return (
            Refusal("unreadable", "it breaks off") if given == data and tries <= refused else whole(self, given, limits)
        )

    monkeypatch.setattr(GuardedReader, "image", image)
    embed(later, [PhotoRef(*item) for item in wanted.items()])
    assert tries == min(refused + 1, experiment.attempts)
    assert read_notes(later) == []
    rows = encode_here(later).to_pylist()
    assert {row["outcome"] for row in rows if row["photo_key"] == chosen} == {outcome}
    assert {row["outcome"] for row in rows if row["photo_key"] != chosen} == {"ok"}


def test_a_lost_table_of_embeddings_is_made_again(run: Run, tmp_path: Path) -> None:
    moved = copied(run, tmp_path / "store")
    expected = moved.embeddings("sface").read_bytes()
    moved.embeddings("sface").write_bytes(expected[:-1])
    for path in (moved.splits, moved.comparison):
        path.unlink()
    Reconciler(moved, Broker(BrokerOptions("redis://127.0.0.1:1/0")))._encode()
    assert moved.embeddings("sface").read_bytes() == expected
    assert moved.faces.exists()


def test_forgetting_photos_deletes_their_embeddings(run: Run, tmp_path: Path) -> None:
    moved = copied(run, tmp_path / "store")
    key = embeddings_of(run, "sface")["photo_key"][0].as_py()
    erase_photos(moved.store, {key})
    for encoder in onnx_encoders(moved).values():
        parts = read_parts(list_parts(moved.embedding_parts(encoder_fingerprint(encoder))), EMBEDDINGS)
        assert key not in parts["photo_key"].to_pylist()
        assert parts.num_rows == 15


def test_workers_use_the_planned_bytes_whatever_became_of_the_file(run: Run, tmp_path: Path) -> None:
    planned = run.plan.experiment.encoders["mine"]
    assert isinstance(planned, OnnxEncoder)
    assert planned.path == ""
    moved = copied(run, tmp_path / "store")
    check_encoders(moved)
    network = encoder_network_path(moved.store, planned.digest)
    network.write_bytes(network.read_bytes() + b" ")
    with pytest.raises(RunStuck, match="has other bytes than the planned one"):
        check_encoders(moved)
    network.unlink()
    with pytest.raises(RunStuck, match="cannot be read"):
        check_encoders(moved)


def test_the_experiment_of_a_run_can_be_planned_again_without_the_files(
    run: Run, others: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SFACE_VARIABLE, str(tmp_path / "gone.onnx"))
    assert plan_run(run.store, others, None, run.plan.experiment).run.run_id == run.run_id
    with pytest.raises(ExperimentError, match=r"encoders.mine: the path of its file is not known"):
        plan_run(tmp_path / "store", others, None, replace(run.plan.experiment, configurations=("knn-1@mine",)))


def test_a_stored_model_has_its_encoders_and_names_the_same_faces(run: Run, others: Path) -> None:
    folder = folder_of(run, "svm-linear@dlib+sface")
    refit(run, "svm-linear@dlib+sface", folder)
    now, stored = fitted(run, find_configuration("svm-linear@dlib+sface")), load_recogniser(folder)
    stored.warm()
    photo = next(others.glob("*/*.jpg"))
    read = [("key", photo.read_bytes())]
    (record,) = load_engine(stored.settings).encode_photos(read, lambda _: None, stored.others)
    (first,), (second,) = now.name(record.faces), stored.name(record.faces)
    assert (first.name, first.distance) == (second.name, second.distance)
    assert stored.scale == now.scale
    assert stored.needs_own_embedding
    (folder / "sface.onnx").write_bytes(b"no network")
    with pytest.raises(StoreError, match="other bytes than when the model was fitted"):
        load_recogniser(folder)


@pytest.mark.parametrize("configuration", ["svm-linear@dlib+sface", "knn-1@mine"])
def test_stored_faces_are_named_by_it_as_by_the_engine(
    run: Run, others: Path, tmp_path: Path, configuration: str
) -> None:
    moved = copied(run, tmp_path / "store")
    shutil.rmtree(moved.model, ignore_errors=True)  # another test damaged it
    here, stored = named_here_and_from_the_store(moved, configuration, others / "anton")
    assert here == stored
    assert sum(len(answer.faces) for answer in here) == 4


def test_of_embeddings_that_are_damaged_in_the_midst_no_half_photo_is_named(
    run: Run, others: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = copied(run, tmp_path / "store")
    (tmp_path / "two").mkdir()
    pair = [np.asarray(Image.open(path)) for path in sorted(others.glob("*/*.jpg"))[:2]]
    Image.fromarray(np.hstack(pair)).save(tmp_path / "two" / "pair.png")
    recogniser = recogniser_of(moved, "knn-1@mine")
    encode_here(plan_naming(moved, tmp_path / "two", recogniser, OutputLedger(None)).run)

    def damaged(part: Path, schema: pa.Schema, columns: Sequence[str], photos: pa.Array) -> Iterator[pa.Table]:
        for table in groups_of_photos(part, schema, columns, photos):
            if schema is EMBEDDINGS:
                yield table.slice(0, 1)
                set_aside(part)
                return
            yield table

    stored = encoded_photos.EncodedPhotos(moved.store, recogniser)
    keys = set(stored.look())
    assert [len(result.faces) for result in stored.results(keys)] == [2]
    monkeypatch.setattr(encoded_photos, "groups_of_photos", damaged)
    assert list(stored.results(keys)) == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"sha256": "0" * 64}, "is not the one that is meant: its sha256 begins"),
        ({"path": "none.onnx"}, "is not there"),
        ({"size": 32}, "set size"),
    ],
)
def test_a_file_that_is_not_as_described_is_refused_before_the_run(
    experiment: Experiment, others: Path, tmp_path: Path, entry: dict[str, Any], words: str
) -> None:
    mine = experiment.encoders["mine"]
    assert isinstance(mine, OnnxEncoder)
    wrong = replace(experiment, encoders={"mine": replace(mine, **entry)})
    with pytest.raises(ExperimentError, match=f"encoders.mine: .*{words}"):
        plan_run(tmp_path, others, None, wrong)


def test_an_encoder_that_no_configuration_uses_embeds_nothing(
    experiment: Experiment, others: Path, tmp_path: Path
) -> None:
    planned = plan_run(tmp_path, others, None, replace(experiment, configurations=("knn-1", "knn-1@sface"))).run
    assert set(planned.plan.experiment.encoders) == {"sface"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"configurations": ["knn-1@dlib"]}, "is the run's own encoder. Leave the @ away"),
        ({"configurations": ["knn-1@sface+sface"]}, "names an encoder twice"),
        ({"configurations": ["knn-1@sfase"]}, "Did you mean 'sface'"),
        ({"configurations": ["threshold-1nn@dlib+sface"]}, "no threshold is published for the encoder dlib.sface"),
        ({"encoders": {"sface": "a-run"}}, "has the name of another encoder"),
        ({"encoders": {"mine": {"path": "x", "sha256": "12"}}}, "64 hex digits"),
        ({"encoders": {"mine": {"path": "x"}}}, "encoders.mine.sha256 is missing"),
        ({"encoders": {"mine": {"path": "x", "sha256": "0" * 64, "colour": "grey"}}}, "The choices are rgb, bgr"),
        ({"encoders": {"mine": {"path": "x", "sha256": "0" * 64, "sise": 3}}}, "Did you mean 'encoders.mine.size'"),
        (
            {"configurations": ["knn-1@a+b"], "encoders": {"a": "run-a", "b": "run-b"}},
            "has two trained encoders",
        ),
    ],
)
def test_a_mistake_names_the_key_and_the_rule(content: dict[str, object], words: str) -> None:
    with pytest.raises(ExperimentError, match=words):
        from_dict({"configurations": ["knn-1"], **content})


@pytest.mark.parametrize("encoder", ["sface", "dlib+sface", "mine"])
def test_verify_judges_the_photos_by_another_encoder(
    others: Path, experiment: Experiment, tmp_path: Path, encoder: str
) -> None:
    planned = plan_folder(tmp_path, others, None, with_encoder(tmp_path, experiment, encoder))
    encode_here(planned)
    found = judge_folder(planned, encoder=encoder)
    assert found.pairs.photos == 16
    assert found.pairs.roc.area != judge_folder(planned).pairs.roc.area
    assert folder_as_json(found)["encoder"] == encoder
    assert f"landmarks, {encoder}, mirror off" in "\n".join(folder_lines(found))


def test_verify_refuses_an_encoder_that_is_not_there(experiment: Experiment, tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"--encoder: encoder 'sfase'. Did you mean 'sface'"):
        with_encoder(tmp_path, experiment, "sfase")

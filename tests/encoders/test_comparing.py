"""An encoder of our own competes with dlib's in one table, and wins on the same terms."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from orchestrator.experiment.experiment_file import from_dict
from orchestrator.report.encoder_summary import encoder_overlap
from orchestrator.report.method import overlap_sentences
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.compatibility import check_encoders
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.reconciler import Reconciler
from storage.encoder_settings import OwnEncoder
from storage.errors import RunStuck, StoreError
from storage.experiments import Experiment
from storage.finding_schemas import ENCODER_OVERLAP
from storage.parts import list_parts, read_parts
from storage.runs import Run
from storage.schemas import CATALOG, COMPARISON, RUN_FACES, SCORES, SPLITS
from storage.tables import read_table
from tests.encoders.conftest import named_here_and_from_the_store
from tests.tiny_run import compare_here
from workers.faces.engine import load_engine
from workers.jobs.load_faces import faces_by_encoder
from workers.jobs.planned_encoders import trained_encoder
from workers.jobs.refit_winner import fitted, folder_of, refit
from workers.jobs.train_encoder import settings_of, teaching
from workers.learning.configurations import RUN_ENCODER, find_configuration
from workers.learning.encoder.picture_encoder import encoder_digest, load_picture_encoder
from workers.learning.encoder.train_triplets import split_people
from workers.queue.broker_options import BrokerOptions
from workers.recognition.recogniser import load_recogniser

NAMES = ["knn-1", "knn-1@own", "svm-linear@own"]


def experiment(trained: Run) -> Experiment:
    return from_dict(
        {"configurations": NAMES, "encoders": {"own": trained.run_id}, "protocol": {"min_photos_per_person": 2}}
    )


@pytest.fixture(scope="module")
def run(store: Path, others: Path, trained: Run) -> Run:
    """A comparison of other people with it."""
    run = plan_run(store, others, None, experiment(trained)).run
    compare_here(run)
    return run


def test_both_encoders_are_in_one_table_on_the_same_faces(run: Run) -> None:
    rows = read_table(run.comparison, COMPARISON).to_pylist()
    assert sorted(row["configuration"] for row in rows) == NAMES
    assert {(row["view"], row["outcome"], row["reason"]) for row in rows} == {("embedding", "ok", "")}
    assert len({row["test_faces"] for row in rows}) == 1


def test_its_row_is_the_nearest_neighbour_by_its_own_embeddings(run: Run, trained: Run) -> None:
    faces = faces_by_encoder(run, RUN_ENCODER)
    own = load_picture_encoder(trained.encoder)(faces.pictures("aligned"))
    splits = read_table(run.splits, SPLITS).to_pylist()
    train = [row for row in splits if row["role"] == "train"]
    known = own[faces.rows((row["photo_key"], row["face_index"]) for row in train)]
    scores = read_parts(list_parts(run.scores), SCORES).to_pylist()
    mine = [row for row in scores if row["configuration"] == "knn-1@own"]
    assert len(mine) == sum(row["role"] == "test" for row in splits)
    for row in mine:
        (at,) = faces.rows([(row["photo_key"], row["face_index"])])
        nearest = np.linalg.norm(known - own[at], axis=1).argmin()
        assert row["predicted"] == train[nearest]["label"]


def test_the_plan_keeps_the_digest_so_that_another_encoder_is_another_run(run: Run, trained: Run, others: Path) -> None:
    digest = encoder_digest(trained.encoder)
    assert run.plan.experiment.encoders == {"own": OwnEncoder(trained.run_id, digest)}
    planned = run.plan.experiment
    other = replace(planned, encoders={"own": OwnEncoder(trained.run_id, "0" * 64)})
    assert other.fingerprint() != planned.fingerprint()
    assert plan_run(run.store, others, None, experiment(trained)).run.run_id == run.run_id


def test_a_run_whose_encoder_was_trained_anew_says_so_and_trains_nothing_with_it(run: Run, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(run.store, store)
    moved = Run(store / "runs" / run.run_id, run.plan)
    check_encoders(moved)
    planned = moved.plan.experiment.encoders["own"]
    assert isinstance(planned, OwnEncoder)
    file = trained_encoder(moved, planned) / "encoder.npz"
    file.write_bytes(file.read_bytes() + b"0")
    with pytest.raises(RunStuck, match="not there any more"):
        check_encoders(moved)
    with pytest.raises(StoreError, match="Plan the comparison anew"):
        fitted(moved, find_configuration("knn-1@own"))
    shutil.rmtree(file.parent)
    moved.splits.unlink()
    (moved.report / "index.html").unlink(missing_ok=True)
    with pytest.raises(RunStuck, match="not there any more"):  # before its training people are looked up
        Reconciler(moved, Broker(BrokerOptions("redis://127.0.0.1:1/0"))).step()


def test_a_winner_that_uses_it_is_stored_with_it_and_names_the_same_faces(run: Run, others: Path) -> None:
    folder = folder_of(run, "svm-linear@own")
    refit(run, "svm-linear@own", folder)
    now, stored = fitted(run, find_configuration("svm-linear@own")), load_recogniser(folder)
    stored.warm()
    photo = next(others.glob("*/*.jpg"))
    (record,) = load_engine(stored.settings).encode_photos([("key", photo.read_bytes())], lambda _: None)
    (first,), (second,) = now.name(record.faces), stored.name(record.faces)
    assert (first.name, first.distance) == (second.name, second.distance)
    assert list(stored.encoders) == ["own"]
    (folder / "encoder.npz").write_bytes(b"no network")
    with pytest.raises(StoreError, match="Delete that folder"):
        load_recogniser(folder)


def test_the_report_says_which_people_the_encoder_was_trained_on(run: Run, trained: Run, teachers: Path) -> None:
    splits = read_table(run.splits, SPLITS)
    (found,) = encoder_overlap(run, splits).to_pylist()
    assert (found["encoder"], found["run"]) == ("own", trained.run_id)
    assert (found["people"], found["photos"]) == (4, 0)
    assert found["named"] == len({"chloe", "dmitri"} & trained_on(trained))
    same = plan_run(run.store, teachers, None, experiment(trained)).run
    compare_here(same)
    (known,) = encoder_overlap(same, read_table(same.splits, SPLITS)).to_pylist()
    assert (known["people"], known["named"]) == (7, 5)
    assert known["photos"] > 0


def trained_on(trained: Run) -> set[str]:
    """Names of the faces that trained the encoder or said when to stop."""
    _, labels = teaching(read_table(trained.catalog, CATALOG), read_table(trained.faces, RUN_FACES))
    sets = split_people(labels, settings_of(trained))
    return {*labels[sets.train], *labels[sets.validation]}


@pytest.mark.parametrize(
    ("named", "photos", "words"),
    [
        (0, 0, ["trained on none of the 4 people"]),
        (2, 0, ["2 of the 4 people have the name"]),
        (2, 3, ["Beware", "3 of the photos", "too good", "2 of the 4 people have the name"]),
        (0, 3, ["Beware", "3 of the photos"]),
    ],
)
def test_the_overlap_with_the_training_people_is_stated_in_words(named: int, photos: int, words: list[str]) -> None:
    row = {"encoder": "own", "run": "encoder-x", "people": 4, "named": named, "photos": photos}
    text = " ".join(overlap_sentences(pa.Table.from_pylist([row], schema=ENCODER_OVERLAP)))
    assert all(word in text for word in words)
    assert ("none of" in text) == (not named and not photos)
    assert overlap_sentences(ENCODER_OVERLAP.empty_table()) == []


def test_stored_faces_are_named_by_it_as_by_the_engine(run: Run, others: Path, tmp_path: Path) -> None:
    shutil.copytree(run.store, tmp_path / "store")
    moved = Run(tmp_path / "store" / "runs" / run.run_id, run.plan)
    shutil.rmtree(moved.model, ignore_errors=True)  # another test damaged it
    here, stored = named_here_and_from_the_store(moved, "svm-linear@own", others / "anton")
    assert here == stored
    assert sum(len(answer.faces) for answer in here) == 4

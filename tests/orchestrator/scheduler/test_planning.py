"""A run is named by its content: the same photos and experiment are the same run, anything else is another."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.scheduler import planning
from orchestrator.scheduler.planning import plan_encoder, plan_faces, plan_run
from orchestrator.scheduler.run_fingerprint import planned_fingerprint
from storage.errors import DatasetError, RunConflict, StoreError
from storage.experiments import Experiment
from storage.parts import read_metadata, read_part
from storage.plans import TripletSettings
from storage.runs import RUN_ID, open_run
from storage.schemas import CATALOG
from storage.tables import read_table
from workers.faces.engine_fingerprint import engine_fingerprint
from workers.learning.configurations import LEARNING_VERSION
from workers.synthetic.photo_folder import write_folder

EXPERIMENT = Experiment(configurations=("knn-1",))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, four photos of each."""
    folder = tmp_path_factory.mktemp("drawn") / "people"
    write_folder(folder, people=2, photos=4, seed=5, side=64, processes=1)
    return folder


@pytest.fixture
def photos(drawn: Path, tmp_path: Path) -> Path:
    """A copy of them."""
    return Path(shutil.copytree(drawn, tmp_path / "people"))


def test_a_plan_says_all_that_it_takes_to_do_the_run_again(photos: Path, tmp_path: Path) -> None:
    planned = plan_run(tmp_path / "store", photos, None, EXPERIMENT)
    assert not planned.existed
    run = open_run(tmp_path / "store", planned.run.run_id)
    assert run == planned.run
    assert run.plan.experiment == EXPERIMENT
    assert engine_fingerprint(run.plan.engine) == run.plan.engine_fingerprint
    assert run.plan.dataset == str(photos)
    assert {"python", "numpy", "keras", "onnxruntime"} <= run.plan.versions.keys()
    catalog = read_part(run.catalog, CATALOG)
    assert catalog is not None
    assert catalog.num_rows == 8
    assert read_metadata(run.catalog)["lineup.run"] == run.plan.fingerprint


def test_the_same_again_is_the_same_run_and_writes_nothing(photos: Path, tmp_path: Path) -> None:
    first = plan_run(tmp_path / "store", photos, None, EXPERIMENT).run
    before = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    again = plan_run(tmp_path / "store", photos, None, replace(EXPERIMENT, name="another title", attempts=5))
    assert (again.existed, again.run) == (True, first)
    assert {path: path.stat().st_mtime_ns for path in first.folder.iterdir()} == before


def test_a_catalogue_that_was_set_aside_is_written_again(photos: Path, tmp_path: Path) -> None:
    run = plan_run(tmp_path / "store", photos, None, EXPERIMENT).run
    before = run.catalog.read_bytes()
    run.catalog.write_bytes(before[:100])
    with pytest.raises(StoreError, match=r"catalog\.parquet is damaged"):
        read_table(run.catalog, CATALOG)
    assert plan_run(tmp_path / "store", photos, None, EXPERIMENT).existed
    assert run.catalog.read_bytes() == before


def test_a_photo_more_another_label_another_experiment_or_engine_is_another_run(photos: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    names = [plan_run(store, photos, None, EXPERIMENT).run.run_id]
    names.append(plan_run(store, photos, None, replace(EXPERIMENT, seed=1)).run.run_id)
    other_engine = replace(EXPERIMENT, faces=replace(EXPERIMENT.faces, mirror=True))
    names.append(plan_run(store, photos, None, other_engine).run.run_id)
    first, second = sorted(path for path in photos.iterdir())
    shutil.copy(next(first.iterdir()), first / "more.jpg")
    names.append(plan_run(store, photos, None, EXPERIMENT).run.run_id)
    second.rename(photos / "renamed")
    names.append(plan_run(store, photos, None, EXPERIMENT).run.run_id)
    assert len(set(names)) == len(names)
    assert all(name.startswith("people-") for name in names)


def test_other_code_that_learns_makes_another_comparison_and_no_other_run_that_only_encodes(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = plan_run(tmp_path / "store", photos, None, EXPERIMENT).run
    catalog = read_part(comparison.catalog, CATALOG)
    assert catalog is not None
    faces = plan_faces(tmp_path / "store", photos, catalog, EXPERIMENT)
    monkeypatch.setattr(planning, "LEARNING_VERSION", LEARNING_VERSION + 1)
    assert plan_run(tmp_path / "store", photos, None, EXPERIMENT).run.run_id != comparison.run_id
    assert plan_faces(tmp_path / "store", photos, catalog, EXPERIMENT) == faces


def test_a_run_from_before_that_version_was_noted_keeps_its_fingerprint(photos: Path, tmp_path: Path) -> None:
    run = plan_run(tmp_path / "store", photos, None, EXPERIMENT).run
    catalog = read_part(run.catalog, CATALOG)
    assert catalog is not None
    rows = zip(*(catalog.column(name).to_pylist() for name in ("photo_key", "path", "label")), strict=True)
    said = f"{EXPERIMENT.fingerprint()} {run.plan.engine_fingerprint}" + "".join(map(repr, rows))
    old = json.loads((run.folder / "run.json").read_text())
    del old["learning_version"]
    old["fingerprint"] = hashlib.sha256(said.encode()).hexdigest()[:32]
    (run.folder / "run.json").write_text(json.dumps(old))
    plan = open_run(tmp_path / "store", run.run_id).plan
    assert plan.learning_version == 1
    assert planned_fingerprint(plan, catalog) == plan.fingerprint


@pytest.mark.parametrize("name", ["日本", "Ünï Côdé", "--help", "..a", "A" * 200, "<b>'\"\n", "-"])
def test_any_folder_gives_a_name_that_is_safe_in_a_path_and_a_shell(photos: Path, tmp_path: Path, name: str) -> None:
    folder = photos.rename(tmp_path / name)
    run = plan_run(tmp_path / "store", folder, None, EXPERIMENT).run
    assert RUN_ID.fullmatch(run.run_id)
    assert len(run.run_id) <= 50
    assert run.run_id.isascii()
    assert run.folder.parent == tmp_path / "store" / "runs"


def test_a_name_of_ones_own_is_kept_for_its_content(photos: Path, tmp_path: Path) -> None:
    assert plan_run(tmp_path / "store", photos, None, EXPERIMENT, "mine").run.run_id == "mine"
    assert plan_run(tmp_path / "store", photos, None, EXPERIMENT, "mine").existed
    with pytest.raises(RunConflict, match="Leave out --run, or choose a new name"):
        plan_run(tmp_path / "store", photos, None, replace(EXPERIMENT, seed=9), "mine")


def test_photos_that_have_moved_before_their_run_is_finished_are_not_looked_for_in_vain(
    photos: Path, tmp_path: Path
) -> None:
    plan_run(tmp_path / "store", photos, None, EXPERIMENT)
    (tmp_path / "elsewhere").mkdir()
    moved = photos.rename(tmp_path / "elsewhere" / "people")
    with pytest.raises(RunConflict, match="where they are no more"):
        plan_run(tmp_path / "store", moved, None, EXPERIMENT)
    assert not plan_run(tmp_path / "store", moved, None, EXPERIMENT, "moved").existed


def test_labels_from_a_csv_are_as_good_as_folders(photos: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    lines = [f"{path.relative_to(photos)},{path.parent.name}" for path in photos.glob("*/*.jpg")]
    labels.write_text("\n".join(("path,label", *lines)))
    by_folder = plan_run(tmp_path / "store", photos, None, EXPERIMENT).run
    by_csv = plan_run(tmp_path / "other", photos, labels, EXPERIMENT).run
    assert by_csv.plan.fingerprint == by_folder.plan.fingerprint
    assert by_csv.plan.labels == str(labels)


def test_the_plan_is_plain_json(photos: Path, tmp_path: Path) -> None:
    run = plan_run(tmp_path / "store", photos, None, EXPERIMENT).run
    stored = json.loads((run.folder / "run.json").read_text())
    assert stored["run_id"] == run.run_id
    assert stored["experiment"]["configurations"] == ["knn-1"]


def test_an_encoder_needs_six_people_with_two_photos_before_anything_is_encoded(tmp_path: Path) -> None:
    write_folder(tmp_path / "many", people=7, photos=2, seed=5, side=64)
    for person in sorted((tmp_path / "many").iterdir())[:2]:
        max(person.iterdir()).unlink()
    with pytest.raises(DatasetError, match=r"6 people with two different photos or more; there are 5\."):
        plan_encoder(tmp_path / "store", tmp_path / "many", None, Experiment(), TripletSettings())

"""All pairs and 1:N on faces that the engine encoded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.distance import pdist

from orchestrator.experiment.experiment_file import from_dict
from orchestrator.verification.draw_curves import curves_picture
from orchestrator.verification.format_folder import folder_as_json, folder_lines
from orchestrator.verification.judge_folder import TWO_LABELS, FolderVerified, judge_folder, plan_folder
from orchestrator.verification.usable_faces import experiment_of, usable_faces
from storage.errors import DatasetError
from storage.experiments import Experiment
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table
from tests.tiny_run import encode_here
from workers.synthetic.photo_folder import write_folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Six people with four photos; one more photo shows a wall, one is there twice, one is under two people."""
    root = tmp_path_factory.mktemp("folder")
    write_folder(root / "photos", 6, 4, seed=5, side=150)
    first, second, *_ = sorted((root / "photos").iterdir())
    Image.new("RGB", (150, 150), "white").save(first / "wall.jpg")
    photos = sorted(first.glob("*.jpg"))
    shutil.copy(photos[0], first / "again.jpg")
    shutil.copy(photos[1], second / "shared.jpg")
    run = plan_folder(root / "store", root / "photos", None, experiment_of(Experiment()))
    encode_here(run)
    return run


@pytest.fixture(scope="module")
def found(run: Run) -> FolderVerified:
    return judge_folder(run)


def test_the_central_face_is_the_one_that_counts(run: Run) -> None:
    assert run.plan.engine.policy == "central"
    assert not run.compares
    for policy, counts in (("central", "central"), ("largest", "largest"), ("consistent", "central")):
        assert experiment_of(from_dict({"faces": {"policy": policy}})).faces.policy == counts


def test_every_photo_counts_once_and_one_under_two_people_not_at_all(found: FolderVerified) -> None:
    assert found.photos == {"ok": 23, "no_face": 1, TWO_LABELS: 1}
    assert (found.pairs.photos, found.pairs.people) == (23, 6)
    assert found.pairs.genuine == 5 * 6 + 3
    assert found.pairs.genuine + found.pairs.impostors == 23 * 22 // 2


def test_the_rates_are_those_of_the_table_of_faces(run: Run, found: FolderVerified) -> None:
    faces = usable_faces(run)
    labels: dict[str, set[str]] = {}
    for row in read_table(run.catalog, CATALOG, ["photo_key", "label"]).to_pylist():
        labels.setdefault(row["photo_key"], set()).add(row["label"])
    keys = [key for key in faces.row if len(labels[key]) == 1]
    distance = pdist(faces.embeddings[[faces.row[key] for key in keys]])
    first, second = np.triu_indices(len(keys), 1)
    same = np.array([labels[keys[i]] == labels[keys[j]] for i, j in zip(first, second, strict=True)])
    for point in found.pairs.tar_at_far:
        assert np.mean(distance[same] < point.threshold) == pytest.approx(point.tar.value)
        assert np.sum(distance[~same] < point.threshold) == point.accepted


def test_drawn_people_are_found_better_than_by_chance(found: FolderVerified) -> None:
    assert found.identification is not None
    assert (found.identification.gallery_people, found.identification.gallery_photos) == (3, 1)
    assert found.identification.rank_1.dir.low > 1 / 3
    assert [point.far for point in found.identification.dir_at_far] == [0.1]


def test_the_lines_state_every_rate_with_its_interval(found: FolderVerified) -> None:
    text = "\n".join(folder_lines(found))
    for word in ("TAR at FAR 0.1 ", "TAR at FAR 0.01 ", "EER", "rank-1", "DIR at FAR 0.1 ", "95 %", "face: central"):
        assert word in text
    assert "TAR at FAR 0.001" not in text  # 220 impostor pairs do not carry it
    assert "treat people as the unit" in text
    assert TWO_LABELS in text


def test_json_is_strict_and_complete(found: FolderVerified) -> None:
    told = json.loads(json.dumps(folder_as_json(found), allow_nan=False))
    assert found.identification is not None
    assert told["identification"]["rank_1"]["dir"]["value"] == found.identification.rank_1.dir.value
    assert set(told["pairs"]["tar_at_far"][0]) == {"far", "tar", "low", "high", "threshold", "accepted"}
    assert (told["pairs"]["roc"][0]["far"], told["pairs"]["roc"][-1]["tar"]) == (0, 1)


@pytest.mark.parametrize(("kind", "mark"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_both_curves_can_be_drawn(found: FolderVerified, kind: str, mark: bytes) -> None:
    assert found.identification is not None
    assert mark in curves_picture(found.pairs.roc, found.identification.curve, kind)[:1000]


def test_too_many_gallery_photos_leave_the_pairs(run: Run) -> None:
    found = judge_folder(run, gallery_photos=9)
    assert found.identification is None
    text = "\n".join(folder_lines(found))
    assert "not asked: two people with more than 9 photos each are needed" in text
    assert folder_as_json(found)["identification"] is None


def test_a_folder_without_faces_is_the_user_s_mistake(tmp_path: Path) -> None:
    for person in ("ann", "bob"):
        (tmp_path / "photos" / person).mkdir(parents=True)
        Image.new("RGB", (150, 150), "white" if person == "ann" else "grey").save(
            tmp_path / "photos" / person / "wall.jpg"
        )
    run = plan_folder(tmp_path / "store", tmp_path / "photos", None, Experiment())
    encode_here(run)
    with pytest.raises(DatasetError, match="no photo has a usable face"):
        judge_folder(run)


def test_people_may_be_named_by_a_csv(run: Run, tmp_path: Path) -> None:
    """The same photos, half of the people left out."""
    root = Path(run.plan.dataset)
    people = sorted(path.name for path in root.iterdir())[:3]
    lines = [f"{path.relative_to(root)},{name}" for name in people for path in sorted((root / name).glob("*-*.jpg"))]
    (tmp_path / "people.csv").write_text("\n".join(["path,label", *lines]) + "\n")
    named = plan_folder(tmp_path / "store", root, tmp_path / "people.csv", experiment_of(Experiment()))
    assert read_table(named.catalog, CATALOG, ["path"]).num_rows == len(lines) == 12

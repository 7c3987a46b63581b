"""LFW's protocol on faces that the engine encoded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.dataset import photo_source
from orchestrator.scheduler.status import status_of
from orchestrator.scheduler.work import planned_photos
from orchestrator.verification.draw_curves import corners, curves_picture
from orchestrator.verification.format_verdict import verified_as_json, verified_lines
from orchestrator.verification.judge_pairs import NOT_THERE, Verified, judge_pairs, plan_pairs
from orchestrator.verification.pairs_file import read_pairs_file
from orchestrator.verification.photo_pair import PhotoPair
from storage.collect_faces import write_faces
from storage.errors import DatasetError
from storage.experiments import Experiment
from storage.runs import Run
from storage.schemas import CATALOG, RUN_FACES
from storage.tables import read_table
from tests.orchestrator.verification.lfw import pairs_text, write_people
from workers.faces import scan_files
from workers.jobs.encode_photos import encode
from workers.jobs.photo_ref import PhotoRef

PEOPLE, PHOTOS, FOLDS, SIZE = 9, 3, 3, 8


@pytest.fixture(scope="module")
def lfw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """lfw/photos/ and lfw/pairs.txt; one photo is missing, one shows a wall, one is not named by any pair."""
    root = tmp_path_factory.mktemp("lfw")
    names = write_people(root / "photos", PEOPLE, PHOTOS)
    (root / "pairs.txt").write_text(pairs_text(names, PHOTOS, FOLDS, SIZE))
    first = read_pairs_file(root / "pairs.txt")[0]
    (root / "photos" / first.first).unlink()
    Image.new("RGB", (150, 150), "white").save(root / "photos" / first.second)
    Image.new("RGB", (150, 150), "white").save(root / "photos" / names[0] / "unnamed.jpg")
    return root


@pytest.fixture(scope="module")
def pairs(lfw: Path) -> list[PhotoPair]:
    return read_pairs_file(lfw / "pairs.txt")


@pytest.fixture(scope="module")
def run(lfw: Path, pairs: list[PhotoPair]) -> Run:
    """Encoded in this process by the task's own function."""
    run = plan_pairs(lfw / "store", lfw / "photos", pairs, Experiment())
    assert status_of(run).state == "running"
    wanted = planned_photos(run)
    encode(run, [PhotoRef(*item) for item in wanted.items()])
    assert write_faces(run, wanted)
    return run


@pytest.fixture(scope="module")
def found(run: Run, pairs: list[PhotoPair]) -> Verified:
    return judge_pairs(run, pairs)


def test_only_photos_that_a_pair_names_are_encoded_and_each_once(run: Run, pairs: list[PhotoPair], lfw: Path) -> None:
    named = {path for pair in pairs for path in (pair.first, pair.second)}
    there = {path for path in named if (lfw / "photos" / path).exists()}
    assert sorted(read_table(run.catalog, CATALOG)["path"].to_pylist()) == sorted(there)
    assert len(there) == len(named) - 1


def test_photos_that_were_planned_before_are_not_read_again(
    run: Run, pairs: list[PhotoPair], lfw: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_source, "SETTLED_SECONDS", -1.0)  # the photos were written just now
    plan_pairs(lfw / "store", lfw / "photos", pairs, Experiment())
    monkeypatch.delattr(scan_files, "read_file")
    assert plan_pairs(lfw / "store", lfw / "photos", pairs, Experiment()) == run


def test_a_run_of_pairs_ends_with_its_faces(run: Run) -> None:
    assert status_of(run).state == "finished"
    assert not run.compares


def test_the_figures_are_those_of_the_protocol_done_by_hand(run: Run, pairs: list[PhotoPair], found: Verified) -> None:
    keys = dict(
        zip(*(read_table(run.catalog, CATALOG)[name].to_pylist() for name in ("path", "photo_key")), strict=True)
    )
    rows = {row["photo_key"]: row["embedding"] for row in read_table(run.faces, RUN_FACES).to_pylist()}
    judged = [pair for pair in pairs if all(rows.get(keys.get(path)) for path in (pair.first, pair.second))]
    apart = [np.linalg.norm(np.subtract(rows[keys[p.first]], rows[keys[p.second]])) for p in judged]
    accuracies = []
    for fold in range(FOLDS):
        train = [(d, p.same) for d, p in zip(apart, judged, strict=True) if p.fold != fold]
        test = [(d, p.same) for d, p in zip(apart, judged, strict=True) if p.fold == fold]
        best = max(np.mean([(d < limit) == same for d, same in train]) for limit in np.linspace(0, 1, 2001))
        limit = found.verification.thresholds[fold]
        assert np.mean([(d < limit) == same for d, same in train]) == pytest.approx(best)
        accuracies.append(np.mean([(d < limit) == same for d, same in test]))
    assert found.verification.fold_accuracies == pytest.approx(accuracies)
    assert found.verification.accuracy == pytest.approx(np.mean(accuracies))
    assert found.verification.standard_error == pytest.approx(np.std(accuracies, ddof=1) / np.sqrt(FOLDS))


def test_synthetic_people_are_told_apart_better_than_by_chance(found: Verified) -> None:
    assert found.verification.accuracy > 0.7
    assert found.verification.roc.area > 0.8


def test_every_pair_is_judged_or_skipped_for_a_stated_reason(found: Verified, pairs: list[PhotoPair]) -> None:
    assert found.verification.pairs + found.verification.skipped == found.pairs == len(pairs)
    assert sum(found.skipped.values()) == found.verification.skipped > 0
    assert set(found.skipped) <= {NOT_THERE, "no_face"}
    assert found.photos[NOT_THERE] == 1
    assert found.photos["no_face"] == 1
    assert found.verification.accuracy_with_skipped < found.verification.accuracy


def test_the_lines_state_result_skipped_pairs_and_engine(found: Verified) -> None:
    text = "\n".join(verified_lines(found))
    assert f"{found.verification.accuracy:.2%} ±" in text
    assert "skipped (" in text
    assert "not in the folder" in text
    for word in ("detector cascade", "aligned on 68 landmarks", "mirror off", "jitter off", "EER", "at FAR 0.1"):
        assert word in text


def test_json_is_strict_and_its_curve_is_the_whole_curve(found: Verified) -> None:
    told = json.loads(json.dumps(verified_as_json(found), allow_nan=False))
    assert told["judged"] == found.verification.pairs
    curve = found.verification.roc
    kept = corners(curve)
    assert len(kept) < len(curve.far)
    assert np.trapezoid([tar for *_, tar in kept], [far for _, far, _ in kept]) == pytest.approx(curve.area)
    assert (told["roc"][0]["far"], told["roc"][-1]["tar"]) == (0, 1)


@pytest.mark.parametrize(("kind", "mark"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_curve_can_be_drawn(found: Verified, kind: str, mark: bytes) -> None:
    assert mark in curves_picture(found.verification.roc, (), kind)[:1000]


def test_one_fold_is_not_enough(run: Run, pairs: list[PhotoPair]) -> None:
    with pytest.raises(DatasetError, match="two folds"):
        judge_pairs(run, [pair for pair in pairs if pair.fold == 0])


def test_a_folder_without_the_photos_is_named(pairs: list[PhotoPair], tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none of the photos"):
        plan_pairs(tmp_path / "store", tmp_path, pairs, Experiment())

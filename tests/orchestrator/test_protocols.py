"""A run of each protocol on drawn faces, from photos to report; the run's own check finds no fault in any."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from orchestrator.maintenance.check import check_run
from orchestrator.report.build import draw_report
from orchestrator.report.protocol_findings import findings_lines
from orchestrator.scheduler.planning import plan_run
from storage.experiments import Experiment, Protocol
from storage.finding_schemas import COMPARISON_TABLES
from storage.runs import Run
from storage.schemas import CATALOG, SPLITS
from storage.tables import read_table
from tests.tiny_run import compare_here
from workers.jobs.known_faces import known_and_strangers
from workers.synthetic.photo_folder import write_folder

CONFIGURATIONS = ("knn-1", "nearest-centroid", "majority")
PEOPLE, PHOTOS = 5, 9


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five drawn people; most photos of a sixth show nothing; a labels file with scenes and subgroups."""
    import cv2

    folder = tmp_path_factory.mktemp("protocols") / "faces"
    write_folder(folder, PEOPLE, PHOTOS, seed=3, side=200)
    (folder / "ada" / "ada-009.jpg").unlink()  # people have different numbers of photos
    (folder / "faceless").mkdir()
    for number in range(8):
        noise = np.random.default_rng(number).integers(0, 255, (200, 200, 3), np.uint8)
        cv2.imwrite(str(folder / "faceless" / f"{number}.png"), noise)
    return folder


def finished(photos: Path, protocol: Protocol, labels: Path | None = None) -> Run:
    """A run of this protocol, checked, with its report."""
    experiment = Experiment(protocol=protocol, configurations=CONFIGURATIONS)
    run = plan_run(photos.parent / "store", photos, labels, experiment).run
    compare_here(run)
    draw_report(run)
    assert [fault for fault in check_run(run).faults if "not finished" not in fault] == []
    return run


def table(run: Run, name: str) -> pa.Table:
    return read_table(run.table(name), COMPARISON_TABLES[name])


def lines(run: Run) -> str:
    names = ("k_shot", "subgroups", "draws", "end_to_end")
    return "\n".join(findings_lines({name: table(run, name) for name in names}, "knn-1"))


def test_a_holdout_says_how_often_each_is_the_best_and_counts_whom_detection_failed(photos: Path) -> None:
    run = finished(photos, Protocol(draws=5))
    draws = {row["configuration"]: row for row in table(run, "draws").to_pylist()}
    assert set(draws) == set(CONFIGURATIONS)
    assert {row["draws"] for row in draws.values()} == {5}
    assert draws["majority"]["best"] == 0
    accuracy = {row["configuration"]: row for row in table(run, "comparison").to_pylist()}["knn-1"]
    assert draws["knn-1"]["least"] <= np.float32(accuracy["accuracy"]) <= draws["knn-1"]["most"]
    assert accuracy["end_to_end_accuracy"] == pytest.approx(accuracy["accuracy"] * 44 / 52)
    assert "8 are of people who drop out" in lines(run)
    assert "Of 5 draws of the hold-out" in (run.report / "index.html").read_text()


def test_a_kshot_is_ranked_at_its_largest_number_of_photos(photos: Path) -> None:
    run = finished(photos, Protocol(kind="k-shot", shots=(1, 2, 4, 64), repeats=2))
    rows = [row for row in table(run, "k_shot").to_pylist() if row["configuration"] == "knn-1"]
    assert [(row["shots"], row["people"]) for row in rows] == [(1, 5), (2, 5), (4, 5)]
    ranked = {row["configuration"]: row for row in table(run, "comparison").to_pylist()}["knn-1"]
    assert ranked["accuracy"] == pytest.approx(rows[-1]["accuracy"])
    assert ranked["test_faces"] == rows[-1]["test_faces"]
    assert "Ranked at 4 training photos a person" in lines(run)
    known, strangers = known_and_strangers(read_table(run.splits, SPLITS))
    assert len({row["label"] for row in known}) == PEOPLE
    assert len(known) > 5 * PEOPLE
    assert list(strangers) == []


def test_strangers_change_with_every_fold_and_all_are_known_to_the_refit(photos: Path) -> None:
    run = finished(photos, Protocol(kind="kfold", folds=5, repeats=1, unknown_share=0.4))
    splits = read_table(run.splits, SPLITS).to_pylist()
    unknown = {(row["fold"], row["label"]) for row in splits if row["role"] == "unknown"}
    assert len(unknown) == 5
    assert {label for _, label in unknown} == {row["label"] for row in splits}
    known, strangers = known_and_strangers(read_table(run.splits, SPLITS))
    assert (len({row["label"] for row in known}), list(strangers)) == (PEOPLE, [])
    assert table(run, "comparison").num_rows == len(CONFIGURATIONS)


def test_scenes_never_straddle_and_subgroups_are_told(photos: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    paths = sorted(path for path in photos.rglob("*") if path.is_file())
    scene = {path: f"scene {number % 6}" for number, path in enumerate(paths)}
    with labels.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "group", "subgroup"])
        for number, path in enumerate(paths):
            writer.writerow([path.relative_to(photos), path.parent.name, scene[path], ("day", "night")[number % 2]])
    run = finished(photos, Protocol(kind="kfold", folds=3, near_duplicates="report"), labels)
    catalog = read_table(run.catalog, CATALOG).to_pylist()
    told = {row["photo_key"]: row["group"] for row in catalog}
    sides: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
    for row in read_table(run.splits, SPLITS).to_pylist():
        sides[row["fold"], told[row["photo_key"]]].add(row["role"])
    assert all(len(found) == 1 for found in sides.values())
    rows = [row for row in table(run, "subgroups").to_pylist() if row["configuration"] == "knn-1"]
    assert Counter({row["subgroup"]: row["without_face"] for row in rows}) == {"day": 4, "night": 4}
    assert sum(row["faces"] for row in rows) == PEOPLE * PHOTOS - 1
    assert "By subgroup, knn-1:" in lines(run)

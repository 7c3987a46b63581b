"""`lineup identify` as it is typed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from storage.runs import Run, create_run
from tests.tiny_run import lineup


@pytest.fixture
def store(run: Run) -> Path:
    return run.folder.parents[1]


def test_a_table_a_line_about_the_model_and_copies(store: Path, photos: list[Path], tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("no photo")
    done = lineup(
        store, "identify", *map(str, photos), str(tmp_path / "bad.jpg"), "-c", "knn-1", "--out", str(tmp_path / "out")
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + len(photos) + 1 + 1
    assert "unreadable: text file" in done.stdout
    assert "ms a face (median)" in lines[-1]
    assert "knn-1, fitted on 24 faces of 4 people." in done.stderr
    assert len(list((tmp_path / "out").iterdir())) == len(photos)


def test_no_readable_photo_is_exit_code_1_without_a_traceback(store: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_text("no photo")
    done = lineup(store, "identify", str(tmp_path / "bad.jpg"), str(tmp_path / "gone.jpg"), "-c", "knn-1", "--json")
    assert done.returncode == 1
    _model, *answers = map(json.loads, done.stdout.splitlines())
    assert [each["outcome"] for each in answers] == ["unreadable", "unreadable"]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("likeness", ["-1", "100.5", "high"])
def test_a_threshold_that_is_no_likeness_is_refused(store: Path, photos: list[Path], likeness: str) -> None:
    done = lineup(store, "identify", str(photos[0]), "-c", "knn-1", "--threshold", likeness)
    assert done.returncode == 2
    assert "--threshold" in done.stderr


def test_a_threshold_of_100_knows_nobody_and_one_of_0_everybody(store: Path, photos: list[Path]) -> None:
    for likeness, name in (("100", "unknown"), ("0", photos[0].parent.name)):
        done = lineup(store, "identify", str(photos[0]), "-c", "knn-1", "--threshold", likeness, "--json")
        model, answer = (json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines())
        assert answer["faces"][0]["name"] == name
        assert model["model"]["threshold_likeness"] == float(likeness)


def test_a_video_gives_the_faces_of_each_frame(store: Path, photos: list[Path], tmp_path: Path) -> None:
    import cv2

    writer = cv2.VideoWriter(str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (200, 200))
    for photo in photos:
        writer.write(np.asarray(Image.open(photo))[:, :, ::-1])
    writer.release()
    done = lineup(
        store, "identify", str(tmp_path / "clip.mp4"), "-c", "knn-1", "--json", "--out", str(tmp_path / "named.mp4")
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [frame["faces"][0]["nearest"] for frame in answer["frames"]] == [path.parent.name for path in photos]
    assert answer["frames_per_second"] > 0
    assert (tmp_path / "named.mp4").stat().st_size > 1000
    assert "Naming faces" in done.stderr

    mixed = lineup(store, "identify", str(tmp_path / "clip.mp4"), str(photos[0]), "-c", "knn-1")
    assert mixed.returncode == 2
    assert "is a video" in mixed.stderr


def test_the_newest_run_that_has_finished_is_used_and_named(run: Run, store: Path, photos: list[Path]) -> None:
    unfinished = create_run(store, replace(run.plan, run_id="unfinished"))
    try:
        done = lineup(store, "identify", str(photos[0]), "-c", "knn-1", "--json")
        quiet = lineup(store, "identify", str(photos[0]), "-c", "knn-1", "--json", "-q")
    finally:
        shutil.rmtree(unfinished.folder)
    assert done.returncode == quiet.returncode == 0
    assert f"Run {run.run_id}, the newest that has finished." in done.stderr
    assert json.loads(done.stdout.splitlines()[0])["model"]["run"] == run.run_id
    assert quiet.stderr == ""

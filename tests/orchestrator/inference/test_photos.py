"""Names for every face of a photo; a bad photo is an answer."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from orchestrator.inference.load_model import recogniser_of
from orchestrator.inference.photos import PhotoAnswer, identify_photos
from storage.errors import InputError
from storage.parts import read_parts
from storage.runs import Run
from storage.schemas import RUN_FACES
from workers.faces.detect.boxes import Box, overlap
from workers.faces.engine import FaceEngine, load_engine
from workers.learning.configurations import UNKNOWN
from workers.recognition.recogniser import Recogniser
from workers.recognition.threshold import Threshold


def only(answers: Iterable[PhotoAnswer]) -> PhotoAnswer:
    (answer,) = answers
    return answer


def side_by_side(paths: list[Path], where: Path) -> Path:
    """A group photo."""
    Image.fromarray(np.hstack([np.asarray(Image.open(path)) for path in paths])).save(where, quality=95)
    return where


def test_people_are_named(photos: list[Path], engine: FaceEngine, recogniser: Recogniser) -> None:
    answers = list(identify_photos(photos, engine, recogniser))
    assert [answer.path for answer in answers] == photos
    assert [answer.faces[0].named.nearest for answer in answers] == [path.parent.name for path in photos]
    assert all(answer.outcome == "ok" and answer.seconds > 0 for answer in answers)


def test_a_face_lies_where_the_run_found_it(
    photos: list[Path], run: Run, engine: FaceEngine, recogniser: Recogniser
) -> None:
    # not to the pixel: the run may have glanced for the largest face alone, and here every face counts
    faces = read_parts([run.faces], RUN_FACES).to_pylist()
    stored = [Box(*(row[side] for side in ("left", "top", "right", "bottom"))) for row in faces]
    for answer in identify_photos(photos, engine, recogniser):
        found = Box(*answer.faces[0].box)
        assert max(overlap(found, box) for box in stored) > 0.7


def test_every_face_of_a_group_photo_is_named(
    photos: list[Path], engine: FaceEngine, recogniser: Recogniser, tmp_path: Path
) -> None:
    answer = only(identify_photos([side_by_side(photos[:3], tmp_path / "three.jpg")], engine, recogniser))
    found = sorted((face.box[0], face.named.nearest) for face in answer.faces)
    assert [name for _, name in found] == [path.parent.name for path in photos[:3]]


def test_a_face_below_the_threshold_is_unknown_and_one_at_it_is_not(
    photos: list[Path], engine: FaceEngine, recogniser: Recogniser
) -> None:
    score = -only(identify_photos(photos[:1], engine, recogniser)).faces[0].named.distance
    above = replace(recogniser, threshold=Threshold(float(np.nextafter(score, np.inf)), "test"))
    at = replace(recogniser, threshold=Threshold(score, "test"))
    assert only(identify_photos(photos[:1], engine, above)).faces[0].named.name == UNKNOWN
    assert only(identify_photos(photos[:1], engine, at)).faces[0].named.name == photos[0].parent.name


def test_boxes_of_a_large_photo_are_in_its_own_pixels(
    photos: list[Path], engine: FaceEngine, recogniser: Recogniser, tmp_path: Path
) -> None:
    small, large = Image.open(photos[0]), tmp_path / "large.png"
    small.resize((3000, 3000), Image.Resampling.BICUBIC).save(large)
    answer = only(identify_photos([large], engine, recogniser, tmp_path / "out"))
    of_small = only(identify_photos(photos[:1], engine, recogniser)).faces[0].box
    assert np.array(answer.faces[0].box) / 15 == pytest.approx(np.array(of_small), abs=200 * 0.1)
    assert answer.copy is not None
    assert max(Image.open(answer.copy).size) < 3000


def test_copies_carry_the_boxes_and_leave_the_photos_alone(
    photos: list[Path], engine: FaceEngine, recogniser: Recogniser, tmp_path: Path
) -> None:
    twin = tmp_path / "elsewhere" / photos[0].name
    twin.parent.mkdir()
    twin.write_bytes(photos[0].read_bytes())
    before = photos[0].read_bytes()
    answers = list(identify_photos([photos[0], twin], engine, recogniser, tmp_path / "out"))
    copies = [answer.copy for answer in answers]
    assert [copy.name for copy in copies if copy] == [f"{photos[0].stem}.jpg", f"{photos[0].stem}-2.jpg"]
    left, top, right, bottom = answers[0].faces[0].box
    assert copies[0] is not None
    drawn = np.asarray(Image.open(copies[0])).astype(int)
    changed = np.abs(drawn - np.asarray(Image.open(photos[0])).astype(int)).max(axis=2) > 60
    assert changed[(top + bottom) // 2, left - 1 : left + 2].any()
    assert not changed[(top + bottom) // 2, left + 10 : right - 10].any()
    assert photos[0].read_bytes() == before


def test_a_copy_never_overwrites_an_input(
    photos: list[Path], engine: FaceEngine, recogniser: Recogniser, tmp_path: Path
) -> None:
    path = tmp_path / "me.jpg"
    path.write_bytes(photos[0].read_bytes())
    answer = only(identify_photos([path], engine, recogniser, tmp_path))
    assert answer.copy == tmp_path / "me-2.jpg"
    assert path.read_bytes() == photos[0].read_bytes()


def test_an_unreadable_photo_is_an_answer_with_its_reason(
    engine: FaceEngine, recogniser: Recogniser, tmp_path: Path
) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("not a photo")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    Image.new("RGB", (64, 64), "white").save(tmp_path / "wall.png")
    names = ("empty.jpg", "text.jpg", "folder", "pipe", "gone.jpg", "wall.png")
    answers = list(identify_photos([tmp_path / name for name in names], engine, recogniser, tmp_path / "out"))
    assert [answer.outcome for answer in answers] == [*["unreadable"] * 5, "no_face"]
    assert all(answer.reason for answer in answers)
    assert [answer.was_read for answer in answers] == [*[False] * 5, True]


def test_a_file_where_the_copies_should_go_is_the_users_mistake(
    photos: list[Path], engine: FaceEngine, recogniser: Recogniser, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be used for copies"):
        next(identify_photos(photos, engine, recogniser, tmp_path / "file"))


def test_no_bad_input_of_the_real_collection_raises(
    shared_data: Path, engine: FaceEngine, recogniser: Recogniser
) -> None:
    paths = sorted((shared_data / "bad-inputs").iterdir())
    answers = list(identify_photos(paths, engine, recogniser))
    assert len(answers) == len(paths)
    assert sum(answer.was_read for answer in answers) > 20


def test_small_faces_of_a_large_photo_are_named_where_they_are_searched_for(
    photos: list[Path], run: Run, tmp_path: Path
) -> None:
    crowd = Image.fromarray(np.random.default_rng(3).integers(100, 130, (1400, 2800, 3), np.uint8))
    for index, path in enumerate(photos[:3]):
        crowd.paste(Image.open(path).resize((150, 150), Image.Resampling.LANCZOS), (300 + 800 * index, 300 * index))
    crowd.save(tmp_path / "crowd.jpg", quality=97)
    found = {}
    for smallest in (None, 0):
        recogniser = recogniser_of(run, "knn-1", smallest_face=smallest)
        answer = only(identify_photos([tmp_path / "crowd.jpg"], load_engine(recogniser.settings), recogniser))
        found[smallest] = [face.named.nearest for face in sorted(answer.faces, key=lambda face: face.box[0])]
    assert found[None] == [path.parent.name for path in photos[:3]]
    assert len(found[0]) < 3

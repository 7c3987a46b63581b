"""Every detector finds the face, with boxes of one convention."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from storage.engine_settings import DetectorName, Limits
from workers.faces.align.chips import encoder_chip
from workers.faces.align.landmarks import load_landmarks
from workers.faces.decode.read_image import read_image
from workers.faces.detect.blazeface import detect_blazeface
from workers.faces.detect.boxes import overlap
from workers.faces.detect.cascade import GLANCE_SIDE
from workers.faces.detect.detectors import load_detector, shrink
from workers.faces.detect.refine_box import load_refiner
from workers.faces.embed.face_encoder import load_face_encoder
from workers.faces.models.onnx_sessions import session_of
from workers.faces.photo import Photo, Pixels

DETECTORS = get_args(DetectorName)


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_finds_the_one_face_where_hog_finds_it(name: str, face: Pixels) -> None:
    (hog,) = load_detector("hog")(face, 800)
    (found,) = load_detector(name)(face, 800)
    assert overlap(found.box, hog.box) > 0.5


@pytest.mark.parametrize("name", DETECTORS)
def test_boxes_are_in_pixels_of_the_photo_at_every_detection_size(name: str, face: Pixels) -> None:
    large = np.repeat(np.repeat(face, 3, axis=0), 3, axis=1)
    (small,) = load_detector(name)(face, 800)
    (found,) = load_detector(name)(large, 250)
    assert overlap(found.box, small.box.scaled(3)) > 0.8


@pytest.mark.parametrize("name", DETECTORS)
def test_a_grey_picture_has_no_face(name: str) -> None:
    assert load_detector(name)(np.full((300, 400, 3), 128, np.uint8), 800) == []


@pytest.mark.parametrize("name", [name for name in DETECTORS if name != "hog"])
@pytest.mark.parametrize("how", ["map", "hog"])
def test_embeddings_stay_close_with_every_detector(name: str, how: str, drawn: dict[tuple[int, int], Pixels]) -> None:
    landmarks, encode = load_landmarks("68"), load_face_encoder("onnx")
    distances = []
    for rgb in drawn.values():
        measured = []
        for found in (load_detector("hog")(rgb, 800)[0], load_detector(name)(rgb, 800)[0]):
            box = load_refiner(how)(rgb, found).box
            measured.append(encode(encoder_chip(rgb, landmarks([(rgb, box)])[0])[None])[0])
        distances.append(float(np.linalg.norm(measured[0] - measured[1])))
    assert np.median(distances) < 0.15  # 0.6 is where another person begins
    assert max(distances) < 0.35


def test_low_resolution_is_enough_for_a_large_face_but_not_for_a_small_one(face: Pixels) -> None:
    session = session_of("blaze")
    thorough, glancing = load_detector("cascade"), load_detector("cascade", "largest")
    glance = [(round(score, 6), "blaze") for _, score, _ in detect_blazeface(session, face, GLANCE_SIDE)]
    assert [(round(one.score, 6), one.detector) for one in glancing(face, 800)] == glance
    assert overlap(glancing(face, 800)[0].box, thorough(face, 800)[0].box) > 0.7
    wall = np.full((900, 900, 3), 128, np.uint8)
    wall[300:550, 300:550] = face
    assert glancing(wall, 800) == thorough(wall, 800)


def test_a_large_face_in_the_middle_is_enough_for_the_central_policy(face: Pixels) -> None:
    glancing = load_detector("cascade", "largest")
    central = load_detector("cascade", "central")
    assert central(face, 800) == glancing(face, 800)
    aside = np.full((250, 400, 3), 128, np.uint8)
    aside[:, :250] = face  # a smaller face could be more central
    assert glancing(aside, 800) != central(aside, 800) == load_detector("cascade")(aside, 800)


def test_the_low_resolution_look_is_skipped_where_every_face_counts(drawn: dict[tuple[int, int], Pixels]) -> None:
    large = np.repeat(np.repeat(drawn[0, 0], 3, axis=0), 3, axis=1)
    large[:200, :200] = drawn[1, 0][25:225, 25:225]
    assert load_detector("cascade", "all")(large, 800) == load_detector("cascade", "require-one")(large, 800)
    assert len(load_detector("cascade", "all")(large, 800)) == 2


def test_shrinking_never_enlarges_and_returns_its_factor() -> None:
    small, factor = shrink(np.zeros((100, 200, 3), np.uint8), 50)
    assert (small.shape, factor) == ((25, 50, 3), 4.0)
    same, factor = shrink(np.zeros((100, 200, 3), np.uint8), 800)
    assert (same.shape, factor) == ((100, 200, 3), 1.0)


@pytest.mark.slow
def test_the_cascade_finds_every_face_that_the_cnn_finds(shared_data: Path) -> None:
    cascade, cnn = load_detector("cascade"), load_detector("cnn")
    missed = []
    for path in sorted((shared_data / "jurassic-park").glob("*/*")):
        photo = read_image(path.read_bytes(), Limits())
        assert isinstance(photo, Photo)
        for wanted in cnn(photo.rgb, max(photo.rgb.shape)):
            if not any(overlap(wanted.box, found.box) > 0.3 for found in cascade(photo.rgb, 800)):
                missed.append(f"{path.parent.name}/{path.name}")
    assert missed == []

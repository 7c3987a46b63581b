"""YuNet in ONNX Runtime gives the faces of OpenCV's own implementation."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from storage.engine_settings import Limits
from storage.errors import EngineError
from workers.faces.decode.read_image import read_image
from workers.faces.detect.boxes import Box, overlap
from workers.faces.detect.detectors import shrink
from workers.faces.detect.yunet import LEAST_SCORE, SAME_FACE, detect_yunet
from workers.faces.models.model_files import model_path
from workers.faces.models.onnx_sessions import session_of
from workers.faces.models.yunet_files import yunet_graph
from workers.faces.photo import Photo, Pixels


def assert_as_opencv(rgb: Pixels) -> int:
    """Compare the boxes, scores and leans of both; returns the number of faces."""
    height, width = rgb.shape[:2]
    theirs = cv2.FaceDetectorYN.create(str(model_path("yunet")), "", (width, height), LEAST_SCORE, SAME_FACE, 5000)
    _, rows = theirs.detect(np.ascontiguousarray(rgb[..., ::-1]))
    found = detect_yunet(session_of("yunet"), rgb)
    expected = [] if rows is None else sorted(rows.tolist(), key=lambda row: -row[14])
    assert len(found) == len(expected)
    for face, row in zip(found, expected, strict=True):
        left, top, wide, high, right_x, right_y, left_x, left_y = row[:8]
        box = Box(left, top, left + wide - 1, top + high - 1)
        assert np.allclose((face.box.left, face.box.top), (box.left, box.top), atol=0.05)
        assert overlap(face.box, box) > 0.995
        assert face.score == pytest.approx(row[14], abs=1e-4)
        assert face.roll == pytest.approx(np.degrees(np.arctan2(left_y - right_y, left_x - right_x)), abs=0.5)
    return len(found)


def test_drawn_faces_are_found_as_by_opencv(drawn: dict[tuple[int, int], Pixels]) -> None:
    assert [assert_as_opencv(rgb) for rgb in drawn.values()] == [1] * len(drawn)
    assert assert_as_opencv(np.hstack([drawn[0, 0], drawn[1, 0]])[:237, :411]) == 2


def test_many_faces_are_found_as_by_opencv(shared_data: Path) -> None:
    photo = read_image((shared_data / "group-photos" / "bald_guys.jpg").read_bytes(), Limits())
    assert isinstance(photo, Photo)
    assert assert_as_opencv(shrink(photo.rgb, 640)[0]) >= 24


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "yunet.onnx"
    path.write_bytes(b"another")
    with pytest.raises(EngineError, match=r"yunet\.onnx is not YuNet's file"):
        yunet_graph(path)

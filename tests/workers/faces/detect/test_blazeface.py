"""BlazeFace, converted from its TensorFlow Lite file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storage.errors import EngineError
from workers.faces.detect.blazeface import anchors, detect_blazeface, halved, letterbox
from workers.faces.detect.boxes import overlap
from workers.faces.models.model_files import model_path
from workers.faces.models.onnx_sessions import load_session, session_of
from workers.faces.models.tflite_files import blazeface_graph
from workers.faces.photo import Pixels


def test_there_is_one_anchor_per_output_of_the_network() -> None:
    session = session_of("blaze")
    for height, width in ((96, 96), (192, 192), (96, 192), (192, 32)):
        pixels = np.zeros((1, height, width, 3), np.float32)
        regressors, scores = session.run(["regressors", "scores"], {"pixels": pixels})
        assert regressors.shape == (1, len(anchors(height, width)), 16)
        assert scores.shape == (1, len(anchors(height, width)), 1)
    assert anchors(96, 192)[[0, 1, 48, -1]].tolist() == [[2, 2], [6, 2], [2, 6], [190, 94]]


def test_the_letterbox_keeps_the_aspect_ratio_and_scales_to_minus_one_to_one() -> None:
    canvas, factor, left, top = letterbox(np.full((100, 400, 3), 255, np.uint8), 192)
    assert (factor, left, top) == (400 / 192, 0, 8)  # 48 rows in 64
    assert canvas.shape == (64, 192, 3)
    assert canvas[32, 96] == pytest.approx(1)
    assert (canvas[0] == -1).all()


@pytest.mark.parametrize(("width", "height"), [(300, 300), (400, 300), (300, 533)])
def test_a_face_is_found_at_the_same_place_whatever_surrounds_it(width: int, height: int, face: Pixels) -> None:
    photo = np.full((height, width, 3), 128, np.uint8)
    left, top = (width - len(face)) // 2, (height - len(face)) // 2
    photo[top : top + len(face), left : left + len(face)] = face
    [alone], [surrounded] = (detect_blazeface(session_of("blaze"), pixels, 192) for pixels in (face, photo))
    moved = surrounded.box.shifted(-left, -top)
    assert overlap(alone.box, moved) > 0.8


@pytest.mark.parametrize("size", [(1023, 777), (250, 250), (2000, 3), (385, 383)])
def test_a_photo_halved_for_a_larger_side_gives_the_same_picture(size: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    whole, *placed = letterbox(photo, 96)
    again, *placed_again = letterbox(halved(photo, 192), 96)
    assert np.array_equal(again, whole)
    assert placed_again == placed


def test_the_converted_network_gives_the_outputs_of_tensorflow_lite(tmp_path: Path) -> None:
    """TensorFlow Lite runs in another process, so that image tests import no TensorFlow."""
    import subprocess
    import sys

    pixels = np.random.default_rng(0).uniform(-1, 1, (1, 192, 192, 3)).astype(np.float32)
    np.save(tmp_path / "pixels.npy", pixels)
    script = """
import sys
import numpy as np
import tensorflow as tf
model, folder = sys.argv[1:]
lite = tf.lite.Interpreter(model, num_threads=1)
lite.allocate_tensors()
lite.set_tensor(lite.get_input_details()[0]["index"], np.load(folder + "/pixels.npy"))
lite.invoke()
for one in lite.get_output_details():
    found = lite.get_tensor(one["index"])
    np.save(f"{folder}/{found.shape[-1]}.npy", found)
"""
    subprocess.run([sys.executable, "-c", script, str(model_path("blaze")), str(tmp_path)], check=True, timeout=200)
    converted = tmp_path / "model.onnx"
    converted.write_bytes(blazeface_graph(model_path("blaze")))
    session = load_session(converted)
    regressors, scores = session.run(["regressors", "scores"], {"pixels": pixels})
    assert np.abs(regressors - np.load(tmp_path / "16.npy")).max() < 2e-3  # of values up to 100
    assert np.abs(scores - np.load(tmp_path / "1.npy")).max() < 1e-3


def test_a_file_that_is_not_a_network_is_an_engine_error(tmp_path: Path) -> None:
    path = tmp_path / "odd.tflite"
    path.write_bytes(b"\x10\0\0\0TFL3" + bytes(64))
    with pytest.raises(EngineError, match=r"odd\.tflite cannot be converted"):
        blazeface_graph(path)

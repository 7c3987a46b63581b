"""The face engine: photos to rows of the table of faces."""

from __future__ import annotations

import gc
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from storage.engine_settings import EngineSettings
from storage.schemas import FACES
from tests.workers.faces.bad_inputs import BAD_INPUTS
from tests.workers.faces.conftest import as_bytes
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.detect.boxes import Box, overlap
from workers.faces.engine import FaceEngine, load_engine
from workers.faces.photo import Photo, Pixels
from workers.faces.records import FaceRecord, PhotoResult, face_rows

Photos = list[tuple[str, bytes]]

DEFAULT = EngineSettings()


def ignore(_: str) -> None:
    """A `before` that does nothing."""


def encode(photos: Photos, settings: EngineSettings = DEFAULT) -> list[PhotoResult]:
    return load_engine(settings).encode_photos(photos, ignore)


def bits(face: FaceRecord) -> tuple[object, ...]:
    return (*face.embedding.tobytes(), *face.points.tobytes(), face.crop, face.aligned, face.score, face.left)


def test_a_photo_becomes_a_row_of_the_table_of_faces(photos: Photos) -> None:
    result = encode(photos[:1])[0]
    table = pa.Table.from_pylist(face_rows(result), schema=FACES)
    table.validate(full=True)
    row = table.to_pylist()[0]
    assert (row["photo_key"], row["face_index"], row["outcome"], row["reason"]) == (photos[0][0], 0, "ok", "")
    assert len(row["landmarks"]) == 136
    assert np.linalg.norm(row["embedding"]) == pytest.approx(1.4, abs=0.3)
    for view in ("crop", "aligned"):
        assert Image.open(io.BytesIO(row[view])).size == (128, 128)
    assert set(result.seconds) == {"read", "detect", "landmarks", "align", "encode"}


def test_photos_are_freed_without_the_collector(face: Pixels) -> None:
    """Upright, lying, leaning and without a face: a photo in a cycle of references would stay in memory."""
    turned = [np.ascontiguousarray(np.rot90(face, quarter)) for quarter in range(4)]
    leaning = np.asarray(Image.fromarray(face).rotate(40, resample=Image.Resampling.BILINEAR))
    pictures = [*turned, leaning, np.full((300, 400, 3), 90, np.uint8)]
    photos = [(str(place), as_bytes(rgb)) for place, rgb in enumerate(pictures)]
    encode(photos)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        outcomes = {result.outcome for result in encode(photos)}
        gc.collect()
        kept = [one for one in gc.garbage if isinstance(one, Photo)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert outcomes == {"ok", "no_face"}
    assert not kept


def test_a_face_s_bits_depend_on_no_other_photo(photos: Photos) -> None:
    together = [result.faces[0] for result in encode(photos)]
    backwards = [result.faces[0] for result in encode(photos[::-1])][::-1]
    alone = [encode([photo])[0].faces[0] for photo in photos]
    for one, other, third in zip(together, backwards, alone, strict=True):
        assert bits(one) == bits(other) == bits(third)


def test_before_is_called_with_each_photo_s_key(photos: Photos) -> None:
    told: list[str] = []
    load_engine(DEFAULT).encode_photos([*photos, ("bad", b"no picture")], told.append)
    assert told == [*(key for key, _ in photos), "bad"]


def test_a_photo_that_cannot_be_used_is_a_row_with_its_reason(face: Pixels) -> None:
    wall = as_bytes(np.full((200, 200, 3), 90, np.uint8))
    tiny = as_bytes(np.zeros((8, 8, 3), np.uint8))
    cut = as_bytes(face, "JPEG")[:-2000]
    results = encode([("wall", wall), ("tiny", tiny), ("cut", cut), ("text", b"hello")])
    assert [result.outcome for result in results] == ["no_face", "too_small", "unreadable", "unreadable"]
    rows = [row for result in results for row in face_rows(result)]
    pa.Table.from_pylist(rows, schema=FACES).validate(full=True)
    assert all(row["reason"] and row["embedding"] is None for row in rows)


def test_every_bad_input_becomes_a_row_and_changes_no_other(shared_data: Path, photos: Photos) -> None:
    bad = [(path.name, path.read_bytes()) for path in sorted((shared_data / "bad-inputs").iterdir())]
    results = encode([*bad, photos[0]])
    assert [result.photo_key for result in results] == [*(name for name, _ in bad), photos[0][0]]
    rows = [row for result in results for row in face_rows(result)]
    pa.Table.from_pylist(rows, schema=FACES).validate(full=True)
    for (name, _), result in zip(bad, results, strict=False):
        expected, *_ = BAD_INPUTS[name]
        # a photo that can be read has a face or none
        assert result.outcome in ({"ok", "no_face"} if expected == "ok" else {expected}), name
    assert bits(results[-1].faces[0]) == bits(encode(photos[:1])[0].faces[0])


def test_the_policy_decides_which_faces_count(drawn: dict[tuple[int, int], Pixels]) -> None:
    small = np.asarray(Image.fromarray(drawn[1, 0]).resize((180, 180)))
    pair = np.full((250, 430, 3), 128, np.uint8)
    pair[:, :250], pair[:180, 250:] = drawn[0, 0], small
    photo = [("pair", as_bytes(pair))]
    (largest,) = encode(photo, replace(DEFAULT, policy="largest"))[0].faces
    everybody = encode(photo, replace(DEFAULT, policy="all"))[0].faces
    assert largest.right < 250
    assert [face.face_index for face in everybody] == [0, 1]
    assert bits(everybody[0]) == bits(largest)
    assert encode(photo, replace(DEFAULT, policy="require-one"))[0].outcome == "several_faces"
    assert [(face.photo_faces, face.chosen) for face in everybody] == [(2, "every"), (2, "every")]
    assert len(load_engine(DEFAULT).encode_pixels(pair)) == 2


def test_the_central_face_is_encoded_though_a_larger_face_stands_at_the_edge(
    drawn: dict[tuple[int, int], Pixels],
) -> None:
    """A small person in the middle, a larger bystander at the left edge: LFW's layout, where `largest` is wrong."""
    small = np.asarray(Image.fromarray(drawn[1, 0]).resize((150, 150)))
    scene = np.full((420, 620, 3), 128, np.uint8)
    scene[:250, :250], scene[135:285, 235:385] = drawn[0, 0], small
    photo = [("scene", as_bytes(scene))]
    (largest,) = encode(photo, replace(DEFAULT, policy="largest"))[0].faces
    (central,) = encode(photo)[0].faces
    assert largest.right < 250
    assert 235 <= central.left < central.right <= 385
    assert central.right - central.left < largest.right - largest.left
    assert central.face_index == 0
    assert [(face.photo_faces, face.chosen) for face in (central, largest)] == [(2, "central"), (2, "largest")]
    candidates = encode(photo, replace(DEFAULT, policy="consistent"))[0].faces
    assert [bits(face) for face in candidates] == [bits(central), bits(largest)]
    assert [(face.photo_faces, face.chosen) for face in candidates] == [(2, "central"), (2, "further")]


def test_boxes_and_points_are_in_pixels_of_the_full_photo(face: Pixels) -> None:
    large = np.asarray(Image.fromarray(face).resize((1500, 1500)))
    (small,) = encode([("small", as_bytes(face))])[0].faces
    limits = replace(DEFAULT.limits, working_side=500)
    (found,) = encode([("large", as_bytes(large, "JPEG"))], replace(DEFAULT, limits=limits))[0].faces
    box = Box(found.left, found.top, found.right, found.bottom)
    assert overlap(box, Box(small.left, small.top, small.right, small.bottom).scaled(6)) > 0.8
    assert np.abs(found.points - (small.points * 6 + 2.5)).max() < 60
    assert np.linalg.norm(found.embedding - small.embedding) < 0.25


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_face_is_found_by_an_upright_detector_and_mapped_back(turns: int, face: Pixels) -> None:
    settings = replace(DEFAULT, detector="hog")
    (upright,) = encode([("upright", as_bytes(face))], settings)[0].faces
    turned = [("turned", as_bytes(np.ascontiguousarray(np.rot90(face, turns))))]
    (found,) = encode(turned, settings)[0].faces
    assert found.turned % 360 == 360 - 90 * turns
    assert np.array_equal(found.embedding, upright.embedding)
    x, y = upright.points[::2], upright.points[1::2]
    there = {1: (y, 249 - x), 2: (249 - x, 249 - y), 3: (249 - y, x)}[turns]
    assert np.array_equal(found.points, np.stack(there, axis=1).ravel())
    assert found.left <= there[0].mean() <= found.right
    assert found.top <= there[1].mean() <= found.bottom


def test_five_landmarks_give_nearly_the_same_embedding(photos: Photos) -> None:
    for sixty_eight, five in zip(encode(photos), encode(photos, replace(DEFAULT, landmarks="5")), strict=True):
        assert 0 < np.linalg.norm(sixty_eight.faces[0].embedding - five.faces[0].embedding) < 0.35
        assert five.faces[0].points.shape == (10,)


def test_the_dlib_encoder_is_selectable_and_agrees(photos: Photos) -> None:
    for ours, theirs in zip(encode(photos[:2]), encode(photos[:2], replace(DEFAULT, encoder="dlib")), strict=True):
        assert np.abs(ours.faces[0].embedding - theirs.faces[0].embedding).max() < 1e-5


def test_the_engine_loads_neither_tensorflow_nor_celery(photos: Photos) -> None:
    import subprocess
    import sys

    script = """
import sys
from workers.faces.engine import load_engine
from storage.engine_settings import EngineSettings
results = load_engine(EngineSettings()).encode_photos([("key", sys.stdin.buffer.read())], lambda key: None)
assert results[0].outcome == "ok", results
print(sorted({"tensorflow", "celery", "redis", "keras", "onnx"} & set(sys.modules)))
"""
    encode(photos[:1])  # converts the models, which needs onnx, once
    run = subprocess.run(
        [sys.executable, "-c", script], input=photos[0][1], capture_output=True, check=True, timeout=120
    )
    assert run.stdout.decode().strip() == "[]"


def test_a_face_need_not_be_embedded_by_the_engines_own_encoder(
    photos: list[tuple[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FaceEngine(DEFAULT)
    monkeypatch.setattr(engine, "_encode", pytest.fail)
    photo = guarded_reader().image(photos[0][1], DEFAULT.limits)
    assert isinstance(photo, Photo)
    [face] = engine.encode_every_face(photos[0][1], photo, own=False).faces
    assert face.embedding.shape == (0,)
    assert face.landmarks is not None

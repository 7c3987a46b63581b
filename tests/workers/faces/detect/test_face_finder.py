"""The faces of a photo as it is, turned, and in tiles, are put together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from storage.engine_settings import EngineSettings, FacePolicy
from workers.faces.detect import face_finder
from workers.faces.detect.boxes import Box, Detection
from workers.faces.detect.detectors import load_detector
from workers.faces.detect.face_finder import FaceFinder
from workers.faces.detect.upright import Stance
from workers.faces.photo import Photo, Pixels
from workers.faces.refusal import Refusal

UNSURE = Detection(Box(420, 20, 479, 79), 0.6, "blaze", roll=0.0)
SURE_WHEN_TURNED = Detection(Box(100, 300, 199, 399), 0.9, "blaze", roll=0.0)


@pytest.mark.parametrize(("policy", "count"), [("all", 2), ("consistent", 2), ("central", 1), ("largest", 1)])
def test_where_several_faces_count_an_unsure_one_stays_beside_a_sure_one_in_the_turned_photo(
    policy: FacePolicy, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb = np.zeros((300, 600, 3), np.uint8)
    rgb[0, 0] = 255

    def seen(pixels: Pixels, _: int) -> list[Detection]:
        return [SURE_WHEN_TURNED] if pixels[-1, 0, 0] else []  # after one quarter turn

    finder = FaceFinder(replace(EngineSettings(), policy=policy, detector="blaze"))
    monkeypatch.setattr(finder, "_detectors", dict.fromkeys((policy, "all"), lambda *_: [UNSURE]))
    monkeypatch.setattr(finder, "_light", seen)
    monkeypatch.setattr(face_finder, "look_closely", lambda *_: Stance(0.0, 0.3))
    found = finder.find(Photo(rgb), policy, None)
    assert not isinstance(found, Refusal)
    assert [one.face.box for one in found if one.photo.turned] == [SURE_WHEN_TURNED.box]
    assert len(found) == count
    assert {one.in_photo for one in found} == {count}


def test_the_cnn_looks_once_where_every_face_counts(face: Pixels, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def looked(rgb: Pixels) -> list[Detection]:
        looks.append(rgb)
        return load_detector("cnn")(rgb, 800)

    finder = FaceFinder(replace(EngineSettings(), policy="all"))
    monkeypatch.setattr(finder, "_thorough_look", looked)
    monkeypatch.setattr(finder, "_detectors", {})  # the cascade, which might ask the CNN too
    found = finder.find(Photo(face), "all", lambda: Photo(face))
    assert not isinstance(found, Refusal)
    assert (len(found), len(looks)) == (1, 1)

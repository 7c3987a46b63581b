"""Which looks the cascade takes, and when it is content."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workers.faces.detect import cascade
from workers.faces.detect.boxes import Box, Detection
from workers.faces.detect.cascade import Cascade
from workers.faces.photo import Pixels

PHOTO = np.zeros((600, 1000, 3), np.uint8)
SIDE = 800


def face(width: int, score: float, detector: str = "blaze") -> Detection:
    """A face in the middle of the photo."""
    return Detection(Box(500 - width / 2, 300 - width / 2, 499 + width / 2, 299 + width / 2), score, detector, 0.0)


SURE_AND_LARGE, SURE, SMALL, DOUBTFUL = face(300, 0.9), face(150, 0.9), face(70, 0.9), face(250, 0.52)
SMALL_AND_DOUBTFUL = face(70, 0.52)
BY_CNN = face(260, 1.0, "cnn")


@pytest.mark.parametrize(
    ("blaze", "cnn", "looks", "result"),
    [
        ({96: SURE_AND_LARGE}, {}, [96], [SURE_AND_LARGE]),
        ({96: SURE, 192: SURE}, {}, [96, 192], [SURE]),
        ({192: SMALL, 384: face(66, 0.8)}, {}, [96, 192, 384], [face(66, 0.8)]),
        ({192: SMALL}, {}, [96, 192, 384], [SMALL]),
        ({192: DOUBTFUL}, {400: BY_CNN}, [96, 192, "cnn 400"], [BY_CNN]),
        ({192: DOUBTFUL}, {800: BY_CNN}, [96, 192, "cnn 400", "cnn 800"], [BY_CNN]),
        ({192: DOUBTFUL}, {}, [96, 192, "cnn 400", "cnn 800"], [DOUBTFUL]),
        ({192: SMALL_AND_DOUBTFUL, 384: SMALL}, {}, [96, 192, 384], [SMALL]),
        ({192: SMALL_AND_DOUBTFUL}, {800: SMALL}, [96, 192, 384, "cnn 800"], [SMALL]),
        ({}, {400: BY_CNN}, [96, 192, "cnn 400"], [BY_CNN]),
        ({}, {}, [96, 192, "cnn 400", "cnn 800"], []),
    ],
)
def test_each_look_is_followed_by_the_next_only_where_it_is_not_sure(
    blaze: dict[int, Detection],
    cnn: dict[int, Detection],
    looks: list[object],
    result: list[Detection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detect, seen = watched("central", blaze, cnn, monkeypatch)
    assert detect(PHOTO, SIDE) == result
    assert seen == looks


@pytest.mark.parametrize("policy", ["all", "consistent", "require-one"])
def test_the_first_look_is_left_out_where_several_faces_matter(policy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    detect, seen = watched(policy, {192: SURE}, {}, monkeypatch)
    assert detect(PHOTO, SIDE) == [SURE]
    assert seen == [192]


def test_the_cnn_looks_once_at_a_photo_that_is_small_anyway(monkeypatch: pytest.MonkeyPatch) -> None:
    detect, seen = watched("all", {}, {}, monkeypatch)
    assert detect(PHOTO[:250, :250], SIDE) == []
    assert seen == [192, "cnn 250"]


def watched(
    policy: str, blaze: dict[int, Detection], cnn: dict[int, Detection], monkeypatch: pytest.MonkeyPatch
) -> tuple[Cascade, list[object]]:
    """A cascade whose detectors see these faces at these sides, and the list of its looks."""
    looks: list[object] = []

    def light(_session: Any, _photo: Any, side: int) -> list[Detection]:
        looks.append(side)
        return [blaze[side]] if side in blaze else []

    def thorough(_: Pixels, side: int) -> list[Detection]:
        looks.append(f"cnn {side}")
        return [cnn[side]] if side in cnn else []

    monkeypatch.setattr(cascade, "blaze_faces", light)
    return Cascade(None, thorough, policy), looks

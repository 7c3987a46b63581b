"""The angle at which a face lies in a photo, and the photo turned so that the face stands upright.

Landmarks and encoder know upright faces only. A face that may lie otherwise is looked at closely with BlazeFace at
four quarter turns; upright it scores highest (docs/engine.md). A face that is upright keeps its pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from workers.faces.detect.blazeface import SIDE, score_middle
from workers.faces.detect.boxes import Box, Detection, overlap
from workers.faces.detect.detectors import shrink
from workers.faces.detect.tiles import shared_part
from workers.faces.models.onnx_sessions import session_of
from workers.faces.photo import Photo, Pixels

STEEP = 25.0
"""Degrees of lean beyond which a face is turned. Up to it the median distance of a face from itself upright is 0.13;
at 35 degrees it is 0.22, at 40 it is 0.56 (docs/engine.md)."""

SURE_ROLL = 20.0
"""Degrees: a detection that leans less and has a sure score is upright. The detector's points err by ten degrees, and
take a lean of 40 degrees for 25."""

FOLLOWED = 3
"""Times that a lean is turned away and what remains is estimated again."""

ALIKE = 0.1
"""By which turning a lean away may lower the score of a close look; more tells that there was none. With 0.05, 30 of
202 faces of web photos turned by 45 degrees were not turned back; with 0.1 it is 13."""

SURE_SCORES = {"blaze": 0.75, "yunet": 0.9}
"""Detector: score from which a face that does not lean is taken as upright. Of 216 turned faces, drawn and real, one
reached it without a lean, and four reached 0.7. 15 % of 198 upright ones stay below it. YuNet takes sideways eyes for
level ones, with scores up to 0.88."""

WINDOW = 2.0
"""Side of the window in which a face is looked at, in sides of its box."""

CLOSE_SIDES = (SIDE // 2, SIDE)
"""Pixels to which that window is resized; the second size is tried where the first leaves it open."""

CLEAR_SCORE = 0.7
"""Of the first look, at the first size, without a lean: the face is upright. Three of 522 turned faces reached it."""

CONFIRMED = 0.5
"""Score of a close look below which nothing is turned. Upright profiles and dark faces reach 0.2 to 0.6."""

CLEAR_LEAD = 0.15
"""Between the best and the second quarter turn's score at the first size; below it the second size decides too,
between these two."""

SEEN_WHOLE = 1 / 12
"""In the longest side: a smaller face is turned with its surroundings alone, since the whole photo does not show it."""

PICTURE = 3.0
"""Side of the picture of a face with its surroundings, in sides of its box: the aligned view shows twice it."""

PICTURE_SIDE = 1200
"""Largest side of that picture, pixels."""

SAME_FACE = 0.5
"""Part of the smaller box that both share, from which the detector has found the same face in the turned picture. The
box of a leaning face may have half the side of the upright one."""


@dataclass(frozen=True)
class Stance:
    """The result of a close look at a face.

    Attributes:
        turn: degrees counter-clockwise, -180 to 180, after which the face stands upright; 0 for one that does.
        score: probability of a face at that turn, 0 to 1.
    """

    turn: float
    score: float


def may_lie(face: Detection) -> bool:
    """Whether a detection calls for a close look: it leans, its detector is unsure, or gives no eyes.

    HOG finds upright faces only.
    """
    if face.detector == "hog":
        return False
    sure = face.roll is not None and abs(face.roll) <= SURE_ROLL
    return not sure or face.score < SURE_SCORES[face.detector]


def look_closely(rgb: Pixels, box: Box) -> Stance:
    """Find the turn after which the face in a box stands upright.

    Args:
        rgb: (height, width, 3) uint8, RGB.
        box: of the face, in pixels of `rgb`.
    """
    close = _CloseLook(_window(rgb, box, CLOSE_SIDES[-1]))
    first = CLOSE_SIDES[0]
    if close.score(0, first) >= CLEAR_SCORE and abs(close.roll(0, first)) <= SURE_ROLL:
        return close.stance(0, first)
    best, second, *_ = sorted(range(4), key=lambda quarter: -close.score(quarter, first))
    sides = CLOSE_SIDES if close.score(best, first) - close.score(second, first) < CLEAR_LEAD else CLOSE_SIDES[:1]
    quarter = max((best, second), key=lambda one: sum(close.score(one, side) for side in sides))
    stance = close.stance(quarter, first)
    return stance if stance.score >= CONFIRMED else Stance(0.0, stance.score)


class TurnedPhoto:
    """A photo and its quarter turns, each made and searched once, however many of its faces lie."""

    def __init__(self, photo: Photo, detect: Callable[[Pixels], list[Detection]]) -> None:
        self._photo = photo
        self._detect = detect
        self._turns: dict[int, tuple[Photo, list[Detection]]] = {}

    def upright(self, face: Detection, turn: float) -> tuple[Photo, Detection]:
        """The photo, or the part of it around a face, turned so that the face is upright; and the face found there.

        Args:
            face: in the photo's pixels.
            turn: degrees counter-clockwise, from `look_closely`.
        """
        if turn == 0:
            return self._photo, face
        quarters = round(turn / 90)
        if face.box.width < SEEN_WHOLE * max(self._photo.rgb.shape):
            return self._found_again(_leaning_picture(self._photo, face.box, turn), face)
        turned, found = self._turned(quarters) if quarters else (self._photo, [])
        box = turned.box_here(self._photo.decoded_box(face.box))
        if turn != 90 * quarters:
            return self._found_again(_leaning_picture(turned, box, turn - 90 * quarters), face)
        return turned, _same_face(found, face.moved(box))

    def _turned(self, quarters: int) -> tuple[Photo, list[Detection]]:
        if quarters not in self._turns:
            turned = self._photo.quarter_turned(quarters)
            self._turns[quarters] = turned, self._detect(turned.rgb)
        return self._turns[quarters]

    def _found_again(self, picture: tuple[Photo, Box], face: Detection) -> tuple[Photo, Detection]:
        photo, box = picture
        return photo, _same_face(self._detect(photo.rgb), face.moved(box))


def _same_face(found: list[Detection], face: Detection) -> Detection:
    near = [one for one in found if shared_part(one.box, face.box) > SAME_FACE]
    return max(near, key=lambda one: overlap(one.box, face.box), default=face)  # not a small one inside of it


class _CloseLook:
    """Scores and leans of one face at quarter turns, each computed once."""

    def __init__(self, window: Pixels) -> None:
        self._window = window
        self._session: Any = session_of("blaze")
        self._looks: dict[tuple[float, int], tuple[float, float]] = {}

    def score(self, quarter: int, side: int) -> float:
        return self._look(90.0 * quarter, side)[0]

    def roll(self, quarter: int, side: int) -> float:
        return self._look(90.0 * quarter, side)[1]

    def stance(self, quarter: int, side: int) -> Stance:
        """The quarter turn, and the lean that remains: followed as long as turning it away does not lower the score."""
        lean = 0.0
        score, roll = self._look(90.0 * quarter, side)
        if abs(roll) > SURE_ROLL:
            for _ in range(FOLLOWED):
                next_score, next_roll = self._look(90.0 * quarter + lean + roll, side)
                if next_score < score - ALIKE:
                    break
                lean, score, roll = lean + roll, max(score, next_score), next_roll
        turn = 90.0 * quarter + (lean if abs(lean) > STEEP else 0.0)
        return Stance((turn + 180) % 360 - 180, score)

    def _look(self, turn: float, side: int) -> tuple[float, float]:
        if (turn, side) not in self._looks:
            self._looks[turn, side] = self._looked(turn, side)
        return self._looks[turn, side]

    def _looked(self, turn: float, side: int) -> tuple[float, float]:
        import cv2

        turned = np.ascontiguousarray(np.rot90(self._window, round(turn / 90)))
        lean = turn - 90 * round(turn / 90)
        if lean:
            middle = (turned.shape[1] - 1) / 2, (turned.shape[0] - 1) / 2
            matrix = cv2.getRotationMatrix2D(middle, lean, 1.0)
            turned = np.asarray(cv2.warpAffine(turned, matrix, turned.shape[1::-1], flags=cv2.INTER_LINEAR), np.uint8)
        return score_middle(self._session, turned, side)


def _window(rgb: Pixels, box: Box, side: int) -> Pixels:
    """The square of `WINDOW` boxes around a face, black beyond the photo, as `side` pixels a side at most."""
    size = max(round(WINDOW * max(box.width, box.height)), 2)
    skip = max(size // (2 * side), 1)  # of a large face every second pixel or fewer is enough, and ten times cheaper
    x, y = box.centre
    left, top = round(x - (size - 1) / 2), round(y - (size - 1) / 2)
    part = rgb[max(top, 0) : max(top + size, 0) : skip, max(left, 0) : max(left + size, 0) : skip]
    square = np.zeros((-(-size // skip), -(-size // skip), 3), np.uint8)
    first_row, first_column = max(-top, 0) // skip, max(-left, 0) // skip
    rows, columns = (
        min(count, len(square) - first) for count, first in zip(part.shape, (first_row, first_column), strict=False)
    )
    square[first_row : first_row + rows, first_column : first_column + columns] = part[:rows, :columns]
    return shrink(square, side)[0]


def _leaning_picture(photo: Photo, box: Box, lean: float) -> tuple[Photo, Box]:
    """The surroundings of a face, turned counter-clockwise by `lean` degrees; and the face's box there."""
    import cv2

    size = PICTURE * max(box.width, box.height)
    factor = max(size / PICTURE_SIDE, 1.0)
    near = shrink(photo.rgb, max(round(max(photo.rgb.shape[:2]) / factor), 1))[0]
    side = max(round(size / factor), 1)
    radians = math.radians(lean)
    back = np.array([[math.cos(radians), -math.sin(radians)], [math.sin(radians), math.cos(radians)]])
    middle, centre = np.full(2, (side - 1) / 2), np.array(box.centre)
    there = np.column_stack([back, (centre + 0.5) / factor - 0.5 - back @ middle])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    rgb = cv2.warpAffine(near, there, (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    way = np.column_stack([factor * back, centre - factor * back @ middle])
    half = [(length / factor - 1) / 2 for length in (box.width, box.height)]
    moved = Box(middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])
    return photo.onward(np.asarray(rgb, np.uint8), way, lean), moved

"""The default detector: looks at a photo that cost more and more, until one is sure of what it sees.

    96 pixels ▶ 192 ▶ small faces: 384; doubtful or none: dlib's CNN, at the size of the doubtful face, then whole

The first look is for the policies by which one face counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from workers.faces.detect.blazeface import SIDE as BLAZEFACE_SIDE
from workers.faces.detect.blazeface import Halved, detect_blazeface, halved
from workers.faces.detect.boxes import Detection, overlap
from workers.faces.detect.select_faces import centrality
from workers.faces.photo import Pixels

SURE_SCORE = 0.55
"""Of BlazeFace: below it the CNN looks as well. At 0.6 the CNN looks at eleven of 208 web photos instead of five, and
no further face is found."""

SURE_SIZE = 1 / 12
"""Of the photo's longest side: a face of this size is at BlazeFace's limit, and it may miss smaller ones."""

GLANCE_SIDE = 96
"""Pixels a side of BlazeFace's first, small input where only the largest face counts: a quarter of the cost."""

GLANCE_SIZE = 1 / 4
"""Of the photo's longest side: such a face has 24 pixels in the small input, and its box is as good as at full size.
docs/engine.md says what a smaller limit costs."""

FINE_SIDE = 384
"""Pixels a side of BlazeFace's input for faces below `SURE_SIZE`. The CNN sees none of less than a tenth of its own."""

CNN_FACE = 100
"""Pixels of a face at which the CNN is sure of it: a doubtful one of this size or more is looked at reduced so far."""

FIRST_CNN_SIDE = 400
"""Pixels a side at which the CNN looks first where BlazeFace finds nothing. It takes a third of the time of 800, and
finds the faces of a fifth of the photo and more."""

SAME_FACE = 0.3
"""Overlap at which two detectors have found one face."""

Detector = Callable[[Pixels, int], list[Detection]]
"""(rgb, longest side in pixels at which to look) -> detections."""


class Cascade:
    """BlazeFace at several sizes, then the CNN; called as a `Detector`."""

    def __init__(self, session: Any, thorough: Detector, policy: str) -> None:
        self._session = session
        self._thorough = thorough
        self._policy = policy

    def __call__(self, rgb: Pixels, side: int) -> list[Detection]:
        small = halved(rgb, BLAZEFACE_SIDE)
        if self._policy in ("largest", "central"):
            glance = blaze_faces(self._session, small, GLANCE_SIDE)
            if self._is_enough(glance, rgb):
                return glance
        quick = blaze_faces(self._session, small, BLAZEFACE_SIDE)
        return quick if _is_sure(quick, rgb, SURE_SIZE) else self._further(quick, rgb, side)

    def _is_enough(self, glance: list[Detection], rgb: Pixels) -> bool:
        """Whether no smaller face can count."""
        return _is_sure(glance, rgb, GLANCE_SIZE) and (self._policy == "largest" or _is_most_central(glance, rgb))

    def _further(self, quick: list[Detection], rgb: Pixels, side: int) -> list[Detection]:
        """The faces of a look that was not sure, and of the first further one that finds any."""
        found = next(filter(None, self._further_looks(quick, rgb, side)), [])
        return joined(found, quick)

    def _further_looks(self, quick: list[Detection], rgb: Pixels, side: int) -> Iterator[list[Detection]]:
        longest = max(rgb.shape[:2])
        whole = min(side, longest)
        doubtful = min((face.box.width for face in quick if face.score < SURE_SCORE), default=0.0)
        reduced = round(CNN_FACE * longest / doubtful) if doubtful else FIRST_CNN_SIDE
        if quick and (not doubtful or reduced > whole):
            yield blaze_faces(self._session, rgb, FINE_SIDE)
        if doubtful or not quick:
            if reduced < whole:
                yield self._thorough(rgb, reduced)
            yield self._thorough(rgb, whole)


def joined(found: list[Detection], quick: list[Detection]) -> list[Detection]:
    """What the thorough look found, and what the quick one found elsewhere."""
    return found + [face for face in quick if all(overlap(face.box, one.box) < SAME_FACE for one in found)]


def blaze_faces(session: Any, photo: Pixels | Halved, side: int) -> list[Detection]:
    """BlazeFace's detections; arguments as in `detect_blazeface`."""
    return [Detection(face.box, face.score, "blaze", face.roll) for face in detect_blazeface(session, photo, side)]


def _is_sure(found: list[Detection], rgb: Pixels, size: float) -> bool:
    smallest = max(rgb.shape[:2]) * size
    return bool(found) and all(face.score >= SURE_SCORE and face.box.width >= smallest for face in found)


def _is_most_central(found: list[Detection], rgb: Pixels) -> bool:
    """Whether one of the faces is more central than any face below `GLANCE_SIZE` could be, were it in the middle."""
    height, width = rgb.shape[:2]
    best = max(centrality(face.box, (width, height)) for face in found)
    smaller: float = (max(height, width) * GLANCE_SIZE) ** 2
    return best >= smaller

"""What the engine hands back: a record for each face, and rows for the table of faces."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from storage.schemas import FACES
from workers.faces.align.landmarks import Points
from workers.faces.detect.boxes import Box, turned_back
from workers.faces.embed.face_encoder import Embedding


@dataclass(frozen=True)
class FaceRecord:
    """One face; the fields are the columns of `storage.schemas.FACES` and mean what is said there.

    `landmarks` is (136,) and `embedding` (128,), both float32; `crop` and `aligned` are JPEG bytes.
    """

    photo_key: str
    face_index: int
    outcome: str
    reason: str
    note: str
    detector: str
    score: float
    left: int
    top: int
    right: int
    bottom: int
    landmarks: Points
    crop: bytes
    aligned: bytes
    embedding: Embedding


@dataclass(frozen=True)
class PhotoResult:
    """What became of one photo.

    Attributes:
        photo_key: sha256 of its bytes, hex.
        faces: those that the policy chose, by falling area; empty unless `outcome` is "ok".
        outcome: one of `storage.schemas.OUTCOMES`.
        reason: empty where ok.
        detector: the setting's name, for a failure's row.
        seconds: wall time by step: read, detect, landmarks, align, encode.
    """

    photo_key: str
    faces: list[FaceRecord]
    outcome: str
    reason: str
    detector: str
    seconds: dict[str, float] = field(default_factory=dict)


def face_rows(result: PhotoResult) -> list[dict[str, Any]]:
    """Rows for the table of faces: one a face, or one that says why there is none."""
    if not result.faces:
        failed = dict.fromkeys(FACES.names)
        said = {"photo_key": result.photo_key, "outcome": result.outcome, "reason": result.reason}
        return [{**failed, **said, "face_index": 0, "note": "", "detector": result.detector}]
    return [{one.name: getattr(face, one.name) for one in fields(face)} for face in result.faces]


@dataclass(frozen=True)
class Frame:
    """From the pixels that the engine worked on to the full upright photo's.

    Attributes:
        scale: photo pixels in one of ours.
        quarter_turns: as in `numpy.rot90`, that made our picture from the upright one.
        width, height: of the upright picture before that turn, in our pixels.
    """

    scale: float
    quarter_turns: int
    width: int
    height: int

    def box(self, box: Box) -> tuple[int, int, int, int]:
        """left, top, right, bottom in whole pixels of the full photo."""
        corners = ((box.left, box.top), (box.right, box.bottom))
        ends = [turned_back(x, y, self.quarter_turns, self.width, self.height) for x, y in corners]
        (left, right), (top, bottom) = (sorted(pair) for pair in zip(*ends, strict=True))
        return Box(left, top, right, bottom).scaled(self.scale).rounded()

    def points(self, points: Points) -> Points:
        """x0 y0 x1 y1 ... in pixels of the full photo, (2 * count,) float32."""
        x, y = points.astype(np.float64).T
        back = np.stack(turned_back(x, y, self.quarter_turns, self.width, self.height), axis=1)
        return (back * self.scale + (self.scale - 1) / 2).astype(np.float32).ravel()

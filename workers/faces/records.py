"""What the engine returns: a record for each face, a result for each photo; to rows of the table of faces and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from storage.schemas import FACES
from workers.faces.embed.face_encoder import Embedding
from workers.faces.photo import Points
from workers.faces.refusal import Refusal

NOT_EMBEDDED: Embedding = np.zeros(0, np.float32)
"""Of a face that the engine's own encoder was not asked for."""


@dataclass(frozen=True)
class FaceRecord:
    """One face; the fields are the columns of `storage.schemas.FACES` and mean what is said there.

    `landmarks` is (136,), `five_points` (10,), `embedding` (128,) or NOT_EMBEDDED, all float32; `crop` and `aligned`
    are JPEG bytes. `others` has the embeddings by other encoders, (D,) float32 by the encoder's name; they are no
    columns of FACES.
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
    landmarks: Points | None
    crop: bytes
    aligned: bytes | None
    embedding: Embedding
    turned: float
    five_points: Points | None
    photo_faces: int
    chosen: str
    others: Mapping[str, Embedding] = field(default_factory=dict)

    @property
    def points(self) -> Points:
        """The points that place the face, in pixels of the full photo: `landmarks`, or without them `five_points`.

        Raises:
            ValueError: the face has neither.
        """
        found = self.five_points if self.landmarks is None else self.landmarks
        if found is None:
            raise ValueError(f"face {self.left}, {self.top} has neither landmarks nor five points")
        return found


@dataclass
class PhotoResult:
    """What became of one photo; the engine fills it in step by step.

    Attributes:
        photo_key: sha256 of its bytes, hex.
        faces: those that the policy chose, in its order; empty unless `outcome` is "ok".
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

    def refuse(self, refusal: Refusal) -> None:
        """The photo goes no further; its row will say why."""
        self.outcome, self.reason = refusal.outcome, refusal.reason


def face_rows(result: PhotoResult) -> list[dict[str, Any]]:
    """Rows for the table of faces: one a face, or one that says why there is none."""
    if result.faces:
        return [{name: getattr(face, name) for name in FACES.names} for face in result.faces]
    empty = dict.fromkeys(FACES.names)
    failure = {"photo_key": result.photo_key, "outcome": result.outcome, "reason": result.reason}
    return [{**empty, **failure, "face_index": 0, "note": "", "detector": result.detector}]


def embedding_rows(result: PhotoResult, encoder: str) -> list[dict[str, Any]]:
    """Rows for the encoder's table of embeddings: one a face, or one that says that there is none."""
    if not result.faces:
        return [{"photo_key": result.photo_key, "face_index": 0, "embedding": None}]
    return [
        {"photo_key": face.photo_key, "face_index": face.face_index, "embedding": face.others[encoder]}
        for face in result.faces
    ]


NO_EMBEDDINGS: Mapping[str, Mapping[int, Embedding]] = {}


def stored_result(
    rows: Sequence[Mapping[str, Any]], others: Mapping[str, Mapping[int, Embedding]] = NO_EMBEDDINGS
) -> PhotoResult:
    """The result whose `face_rows` these are, at least one; it has no `seconds`.

    Args:
        rows: a column that is missing counts as null.
        others: the embeddings by other encoders: by the encoder's name, then by face_index.
    """
    first = rows[0]
    if first["outcome"] != "ok":
        return PhotoResult(first["photo_key"], [], first["outcome"], first["reason"], first.get("detector") or "")
    ordered = sorted(rows, key=lambda row: int(row["face_index"]))
    faces = [_stored_face(row, {name: found[row["face_index"]] for name, found in others.items()}) for row in ordered]
    return PhotoResult(first["photo_key"], faces, "ok", "", first.get("detector") or "")


def _stored_face(row: Mapping[str, Any], others: Mapping[str, Embedding]) -> FaceRecord:
    values: dict[str, Any] = {name: row.get(name) for name in FACES.names}
    for name in ("landmarks", "embedding", "five_points"):
        values[name] = None if values[name] is None else np.asarray(values[name], np.float32)
    return FaceRecord(**values, others=others)

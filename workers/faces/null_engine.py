"""The null engine of `make scale`: a face for each photo without looking at it, as large as a real one.

It measures what a run costs apart from the networks. A photo's last word is its person; its embedding lies around a
centre that this word decides, and its two pictures are noise of the size of real ones. Every face says what it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from storage.engine_settings import EngineSettings
from storage.errors import EngineError
from storage.schemas import CHIP_SIDE, EMBEDDING_SIZE, LANDMARKS
from workers.faces.align.encode_jpeg import encode_jpeg
from workers.faces.detect.face_finder import FullSize
from workers.faces.engine import FaceEngine
from workers.faces.other_encoders import NO_OTHERS, OtherEncoders
from workers.faces.photo import Photo
from workers.faces.records import FaceRecord, PhotoResult

NOTE = "null engine: invented, no face was looked for"

SPREAD, NOISE = 0.065, 0.03
"""Per measurement: people are 1.0 apart, photos of a person 0.5; of real faces it is 0.8 and 0.4."""

GRAIN = 4
"""Grey levels of the noise: pictures of some 8 kB."""


class NullEngine(FaceEngine):
    """Invents faces; no model is loaded."""

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings

    def encode_photos(
        self, photos: Sequence[tuple[str, bytes]], before: Callable[[str], None], others: OtherEncoders = NO_OTHERS
    ) -> list[PhotoResult]:
        """One invented face a photo; the arguments are those of `FaceEngine.encode_photos`."""
        del others
        results = []
        for key, data in photos:
            before(key)
            steps = dict.fromkeys(("read", "detect", "landmarks", "align", "encode"), 0.0)
            results.append(PhotoResult(key, [_invented(key, data)], "ok", "", self.settings.detector, steps))
        return results

    def _every_face(self, photo: Photo, full: FullSize | None, others: OtherEncoders, own: bool = True) -> PhotoResult:
        del photo, full, others, own
        raise names_nobody()


def names_nobody() -> EngineError:
    """The error where the faces of this engine are to be named."""
    return EngineError("the null engine invents faces, and names nobody", "Name faces with a run of another engine")


def _invented(key: str, data: bytes) -> FaceRecord:
    person, own = _generator(data.rsplit(b" ", 1)[-1]), _generator(key.encode())
    embedding = person.normal(0, SPREAD, EMBEDDING_SIZE) + own.normal(0, NOISE, EMBEDDING_SIZE)
    pictures = [
        encode_jpeg(np.clip(own.normal(128, GRAIN, (CHIP_SIDE, CHIP_SIDE, 3)), 0, 255).astype(np.uint8))
        for _ in range(2)
    ]
    return FaceRecord(
        left=8,
        top=8,
        right=55,
        bottom=55,
        photo_key=key,
        face_index=0,
        outcome="ok",
        reason="",
        note=NOTE,
        detector="null",
        score=0.0,
        landmarks=own.uniform(8, 55, 2 * LANDMARKS).astype(np.float32),
        crop=pictures[0],
        aligned=pictures[1],
        embedding=embedding.astype(np.float32),
        turned=0.0,
        five_points=None,
        photo_faces=1,
        chosen="only",
    )


def _generator(word: bytes) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(word).digest()[:8], "big"))

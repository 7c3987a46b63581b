"""Name every face in photos, and write annotated copies."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.inference.annotate import Palette, draw
from orchestrator.inference.annotated_copies import AnnotatedCopies
from orchestrator.inference.media_type import read_regular
from storage.outputs import OutputLedger
from workers.faces.align.encode_jpeg import encode_jpeg
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.engine import FaceEngine
from workers.faces.photo import Photo
from workers.faces.records import FaceRecord, PhotoResult
from workers.faces.refusal import Refusal
from workers.recognition.recogniser import Named, Recogniser

Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels of the upright photo; right and bottom are inclusive."""


@dataclass(frozen=True)
class NamedFace:
    """A face and its answer."""

    box: Box
    named: Named


@dataclass(frozen=True)
class PhotoAnswer:
    """The answer for one photo.

    Attributes:
        outcome: ok, no_face, or why the photo could not be read (`storage.schemas.OUTCOMES`).
        faces: the largest first.
        seconds: to read the photo, and detect, encode and name its faces; where they were `stored`, to name them; 0
            where a worker encoded them and its time is not known.
        copy: the annotated copy; None where none was asked for, or the photo could not be read.
        stored: whether its faces were in the encodings of the store, and not encoded for this answer.
    """

    path: Path
    outcome: str
    reason: str = ""
    faces: tuple[NamedFace, ...] = ()
    seconds: float = 0.0
    copy: Path | None = None
    stored: bool = False

    @property
    def was_read(self) -> bool:
        """Whether the photo could be decoded."""
        return self.outcome in ("ok", "no_face")


def _named(faces: Sequence[FaceRecord], recogniser: Recogniser) -> tuple[NamedFace, ...]:
    boxes = [(face.left, face.top, face.right, face.bottom) for face in faces]
    return tuple(NamedFace(box, named) for box, named in zip(boxes, recogniser.name(faces), strict=True))


def identify_photos(
    paths: Sequence[Path],
    engine: FaceEngine,
    recogniser: Recogniser,
    out: Path | None = None,
    outputs: OutputLedger | None = None,
) -> Iterator[PhotoAnswer]:
    """One answer a photo, in order.

    Args:
        out: folder for annotated copies, made if missing; for one photo it may be the name of a JPEG file.
        outputs: the ledger of what Lineup wrote; no other file is replaced.

    Raises:
        InputError: `out` cannot be a folder, or is the name of a file that must not be replaced.
        StoreError: a copy cannot be written.
    A photo that cannot be read is an answer, not an error.
    """
    copies = AnnotatedCopies(out, paths, outputs) if out else None
    return (with_copy(*name_photo(path, engine, recogniser, out is not None), copies) for path in paths)


def with_copy(answer: PhotoAnswer, jpeg: bytes | None, copies: AnnotatedCopies | None) -> PhotoAnswer:
    """An answer of `name_photo` when its copy is written, if it has one; raises StoreError where it cannot be."""
    if copies is None or jpeg is None:
        return answer
    people = [face.named.name for face in answer.faces]
    return replace(answer, copy=copies.write(answer.path, jpeg, people))


def name_photo(
    path: Path, engine: FaceEngine, recogniser: Recogniser, annotate: bool
) -> tuple[PhotoAnswer, bytes | None]:
    """The answer for one photo; with `annotate` also a JPEG of it with boxes and names, if it could be read."""
    began = time.perf_counter()
    data = read_regular(path, engine.settings.limits.file_bytes + 1)
    if isinstance(data, Refusal):
        return PhotoAnswer(path, data.outcome, data.reason), None
    return name_photo_bytes(path, data, engine, recogniser, annotate, began)


def name_photo_bytes(
    path: Path, data: bytes, engine: FaceEngine, recogniser: Recogniser, annotate: bool, began: float
) -> tuple[PhotoAnswer, bytes | None]:
    """The same for the bytes of a photo.

    Args:
        path: what the answer is called by.
        began: when the work began, by `time.perf_counter`.
    """
    photo = guarded_reader().image(data, engine.settings.limits)
    if isinstance(photo, Refusal):
        return PhotoAnswer(path, photo.outcome, photo.reason), None
    result = engine.encode_every_face(data, photo, recogniser.others, recogniser.needs_own_embedding)
    answer = answer_of(path, result, recogniser)
    answer = replace(answer, seconds=time.perf_counter() - began)
    return answer, annotated_jpeg(photo, answer, recogniser) if annotate and answer.was_read else None


def answer_of(path: Path, result: PhotoResult, recogniser: Recogniser) -> PhotoAnswer:
    """The answer for a photo that is encoded; its `seconds` are those that naming takes."""
    began = time.perf_counter()
    faces = _named(result.faces, recogniser)
    return PhotoAnswer(path, result.outcome, result.reason, faces, seconds=time.perf_counter() - began)


def annotated_jpeg(photo: Photo, answer: PhotoAnswer, recogniser: Recogniser) -> bytes:
    """The photo with the boxes and names of its answer, as the bytes of a JPEG."""
    palette = Palette(recogniser.model.labels)
    tags = [
        palette.tag(_scaled(face.box, 1 / photo.scale), face.named.name, face.named.likeness) for face in answer.faces
    ]
    return encode_jpeg(draw(photo.rgb, tags))


def _scaled(box: Box, scale: float) -> Box:
    left, top, right, bottom = (round(side * scale) for side in box)
    return left, top, right, bottom

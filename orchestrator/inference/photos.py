"""Name every face in photos, and write annotated copies."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.inference.annotate import Palette, draw
from orchestrator.inference.annotated_copies import AnnotatedCopies
from orchestrator.inference.media_type import read_regular
from storage.outputs import OutputLedger
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.engine import FaceEngine
from workers.faces.photo import Pixels
from workers.faces.records import FaceRecord
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
        seconds: to read the photo, and detect, encode and name its faces.
        copy: the annotated copy; None where none was asked for, or the photo could not be read.
    """

    path: Path
    outcome: str
    reason: str = ""
    faces: tuple[NamedFace, ...] = ()
    seconds: float = 0.0
    copy: Path | None = None

    @property
    def was_read(self) -> bool:
        """Whether the photo could be decoded."""
        return self.outcome in ("ok", "no_face")


def name_faces(rgb: Pixels, engine: FaceEngine, recogniser: Recogniser) -> tuple[NamedFace, ...]:
    """Every face of a picture, (height, width, 3) uint8 RGB, the largest first; boxes in its pixels."""
    return _named(engine.encode_pixels(rgb, recogniser.others), recogniser)


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
    palette = Palette(recogniser.model.labels)
    for path in paths:
        yield _identify(path, engine, recogniser, palette, copies)


def _identify(
    path: Path, engine: FaceEngine, recogniser: Recogniser, palette: Palette, copies: AnnotatedCopies | None
) -> PhotoAnswer:
    began = time.perf_counter()
    limits = engine.settings.limits
    data = read_regular(path, limits.file_bytes + 1)
    if isinstance(data, Refusal):
        return PhotoAnswer(path, data.outcome, data.reason)
    photo = guarded_reader().image(data, limits)
    if isinstance(photo, Refusal):
        return PhotoAnswer(path, photo.outcome, photo.reason)
    result = engine.encode_every_face(data, photo, recogniser.others)
    found = _named(result.faces, recogniser)
    seconds = time.perf_counter() - began
    copy = None
    if copies:
        tags = [palette.tag(_scaled(face.box, 1 / photo.scale), face.named.name, face.named.likeness) for face in found]
        copy = copies.write(path, draw(photo.rgb, tags), [face.named.name for face in found])
    return PhotoAnswer(path, result.outcome, result.reason, faces=found, seconds=seconds, copy=copy)


def _scaled(box: Box, scale: float) -> Box:
    left, top, right, bottom = (round(side * scale) for side in box)
    return left, top, right, bottom

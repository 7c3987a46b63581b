"""A face on its way through the engine, from its box to its row."""

from __future__ import annotations

from typing import NamedTuple

from storage.schemas import LANDMARKS
from workers.faces.align.chips import align_face, crop_face, fit_alignment
from workers.faces.align.encode_jpeg import encode_jpeg
from workers.faces.detect.boxes import Detection
from workers.faces.detect.face_finder import FullSize
from workers.faces.embed.face_encoder import Embedding
from workers.faces.photo import Photo, Points
from workers.faces.records import FaceRecord, PhotoResult
from workers.faces.stopwatch import timed


class DetectedFace(NamedTuple):
    """A face on its way through the engine.

    Attributes:
        decoded: the photo as it was read.
        full: gives it with as many pixels as memory allows; None where `decoded` has them.
        photo: in whose pixels the box is meant.
        detection: the refined box, its score and its detector.
        result: of the photo; takes the record and the time of each step.
        in_photo: faces that were found in the photo.
        chosen: why this one counts.
    """

    decoded: Photo
    full: FullSize | None
    photo: Photo
    detection: Detection
    result: PhotoResult
    in_photo: int
    chosen: str


def record_of(face: DetectedFace, points: Points, embedding: Embedding) -> FaceRecord:
    """The row of a face: its two pictures, and box and points in pixels of the full photo."""
    decoded, _, photo, detection, result, *_ = face
    full, all_points = photo.full_size_points(points), len(points) == LANDMARKS
    with timed(result.seconds, "align"):
        alignment = fit_alignment(points) if all_points else None
        crop = encode_jpeg(crop_face(photo.rgb, detection.box))
        aligned = encode_jpeg(align_face(photo.rgb, alignment)) if alignment else None
    left, top, right, bottom = photo.full_size_box(detection.box)
    return FaceRecord(
        photo_key=result.photo_key,
        face_index=len(result.faces),
        outcome="ok",
        reason="",
        note="; ".join(filter(None, (decoded.reading, photo.note, alignment.note if alignment else ""))),
        detector=detection.detector,
        score=detection.score,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        landmarks=full if all_points else None,
        crop=crop,
        aligned=aligned,
        embedding=embedding,
        turned=photo.turned,
        five_points=None if all_points else full,
        photo_faces=face.in_photo,
        chosen=face.chosen,
    )

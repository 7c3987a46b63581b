"""The face engine: photos to face records, in five steps.

    read ▶ detect ▶ landmarks ▶ align ▶ embed

A chunk of photos goes through the engine together, and the faces of a chunk are embedded together. A face's bits
depend on its own photo and on the settings alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from storage.engine_settings import EngineSettings, FacePolicy
from workers.faces.align.chips import align_face, crop_face, encoder_chip, fit_alignment
from workers.faces.align.encode_jpeg import encode_jpeg
from workers.faces.align.landmarks import load_landmarks
from workers.faces.decode.read_image import read_image
from workers.faces.detect.boxes import Detection
from workers.faces.detect.detectors import load_detector
from workers.faces.detect.refine_box import load_refiner
from workers.faces.detect.retry_ladder import find_faces
from workers.faces.detect.select_faces import select_faces
from workers.faces.embed.face_encoder import Embedding, embed_chips, load_face_encoder
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.photo import Photo, Pixels, Points
from workers.faces.records import FaceRecord, PhotoResult
from workers.faces.refusal import Refusal
from workers.faces.stopwatch import timed

CHUNK = 8
"""Photos that are in memory together at most: enough for the processor's caches to keep each network's weights."""

OtherEncoders = Mapping[str, OnnxFaceEncoder]
"""By name: encoders that embed the faces as well."""

NO_OTHERS: OtherEncoders = {}

PIXEL_BYTES = 60_000_000
"""Of a chunk's photos; one that has so many is full, whatever their number."""


class DetectedFace(NamedTuple):
    """A face on its way through the engine.

    Attributes:
        decoded: the photo as it was read.
        photo: in whose pixels the box is meant.
        detection: the refined box, its score and its detector.
        result: of the photo; takes the record and the time of each step.
    """

    decoded: Photo
    photo: Photo
    detection: Detection
    result: PhotoResult


class FaceEngine:
    """Every model loaded and ready; make it with `load_engine`."""

    def __init__(self, settings: EngineSettings) -> None:
        import cv2

        cv2.setNumThreads(1)  # a worker process has one core
        self.settings = settings
        self._detectors = {policy: load_detector(settings.detector, policy) for policy in (settings.policy, "all")}
        self._refine = load_refiner(settings.refine)
        self._landmarks = load_landmarks("68")
        self._chip_landmarks = load_landmarks("5") if settings.landmarks == "5" else None
        self._encode = load_face_encoder(settings.encoder)

    def encode_photos(
        self, photos: Sequence[tuple[str, bytes]], before: Callable[[str], None], others: OtherEncoders = NO_OTHERS
    ) -> list[PhotoResult]:
        """Encode the faces of photos.

        Args:
            photos: (photo_key, the file's bytes).
            before: called with a photo's key just before its bytes meet a decoder.
            others: further encoders, whose embeddings are in `FaceRecord.others`.

        Returns:
            One result a photo, in the order given. A photo that cannot be used is an outcome; only a bug raises.

        >>> engine = load_engine(EngineSettings())
        >>> [result] = engine.encode_photos([("key", b"not a picture")], before=print)
        key
        >>> result.outcome, result.faces
        ('unreadable', [])
        """
        results: list[PhotoResult] = []
        chunk: list[DetectedFace] = []
        for key, data in photos:
            result = PhotoResult(key, [], "ok", "", self.settings.detector)
            results.append(result)
            before(key)
            with timed(result.seconds, "read"):
                photo = read_image(data, self.settings.limits)
            chunk += self._detect(photo, self.settings.policy, result)
            if _is_full(chunk):
                self._encode_faces(chunk, others)
                chunk.clear()
        self._encode_faces(chunk, others)
        return results

    def encode_pixels(self, rgb: Pixels, others: OtherEncoders = NO_OTHERS) -> list[FaceRecord]:
        """Every face of a picture, (height, width, 3) RGB uint8, by falling area; empty where there is none."""
        result = PhotoResult("", [], "ok", "", self.settings.detector)
        self._encode_faces(self._detect(Photo(rgb), "all", result), others)
        return result.faces

    def _detect(self, photo: Photo | Refusal, policy: FacePolicy, result: PhotoResult) -> list[DetectedFace]:
        """The faces that the policy chooses; where there is none, the result says why."""
        if isinstance(photo, Refusal):
            result.refuse(photo)
            return []
        with timed(result.seconds, "detect"):
            seen, found = find_faces(photo, self._detectors[policy], self.settings)
            height, width = seen.rgb.shape[:2]
            chosen = select_faces(found, policy, (width, height))
            if isinstance(chosen, Refusal):
                result.refuse(chosen)
                return []
            return [DetectedFace(photo, seen, self._refine(seen.rgb, face), result) for face in chosen]

    def _encode_faces(self, faces: Sequence[DetectedFace], others: OtherEncoders) -> None:
        """Landmarks, align, embed: each step for all faces before the next. A record goes to its photo's result.

        The faces are embedded together, and each photo is charged an equal share of that time for each of its faces.
        """
        if not faces:
            return
        points: list[Points] = []
        chips: list[Pixels] = []
        for _, photo, detection, result in faces:
            with timed(result.seconds, "landmarks"):
                points.append(self._landmarks(photo.rgb, detection.box))
        for (_, photo, detection, result), shape in zip(faces, points, strict=True):
            with timed(result.seconds, "align"):
                anchors = self._chip_landmarks(photo.rgb, detection.box) if self._chip_landmarks else shape
                chips.append(encoder_chip(photo.rgb, detection.box, anchors))
        together: dict[str, float] = {}
        with timed(together, "encode"):
            embeddings = embed_chips(self._encode, chips, self.settings.mirror, self.settings.jitter)
        for face, shape, embedding in zip(faces, points, embeddings, strict=True):
            seconds = face.result.seconds
            seconds["encode"] = seconds.get("encode", 0.0) + together["encode"] / len(faces)
            face.result.faces.append(_record(face, shape, embedding))
        if others:
            for decoded, result in {id(face.result): (face.decoded, face.result) for face in faces}.values():
                self._embed_by_others(decoded, result, others)

    def _embed_by_others(self, decoded: Photo, result: PhotoResult, others: OtherEncoders) -> None:
        places = [face.landmarks for face in result.faces]
        found: dict[str, Sequence[Embedding]] = {}
        for name, encoder in others.items():
            with timed(result.seconds, f"encode {name}"):
                found[name] = list(encoder.embed_in_photo(decoded, places, self.settings))
        result.faces = [
            replace(face, others={name: embeddings[row] for name, embeddings in found.items()})
            for row, face in enumerate(result.faces)
        ]


@functools.cache
def load_engine(settings: EngineSettings) -> FaceEngine:
    """The engine of these settings, loaded once a process; raises `EngineError` where a model file is missing."""
    return FaceEngine(settings)


def _is_full(chunk: Sequence[DetectedFace]) -> bool:
    sizes = {id(face.photo): face.photo.rgb.nbytes for face in chunk}
    return len(sizes) == CHUNK or sum(sizes.values()) >= PIXEL_BYTES


def _record(face: DetectedFace, points: Points, embedding: Embedding) -> FaceRecord:
    """The row of a face: its two pictures, and box and points in pixels of the full photo."""
    _, photo, detection, result = face
    with timed(result.seconds, "align"):
        alignment = fit_alignment(points)
        crop = encode_jpeg(crop_face(photo.rgb, detection.box))
        aligned = encode_jpeg(align_face(photo.rgb, alignment))
    left, top, right, bottom = photo.full_size_box(detection.box)
    return FaceRecord(
        photo_key=result.photo_key,
        face_index=len(result.faces),
        outcome="ok",
        reason="",
        note="; ".join(filter(None, (photo.note, alignment.note))),
        detector=detection.detector,
        score=detection.score,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        landmarks=photo.full_size_points(points),
        crop=crop,
        aligned=aligned,
        embedding=embedding,
    )

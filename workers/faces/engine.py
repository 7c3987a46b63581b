"""The face engine: five steps as one sentence.

    read ▶ detect ▶ landmarks ▶ align ▶ encode

A chunk of photos goes through it step by step, because each network then finds its weights in the processor's cache;
its faces are encoded together. Yet a face's bits depend on its own photo and the settings alone.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from storage.schemas import EMBEDDING_SIZE
from workers.faces.align import chips as align
from workers.faces.align.encode_jpeg import encode_jpeg
from workers.faces.align.landmarks import Points, load_landmarks
from workers.faces.decode.read_image import Photo, Pixels, read_image
from workers.faces.detect.detectors import load_detector
from workers.faces.detect.refine_box import load_refiner
from workers.faces.detect.retry_ladder import Sight, find_faces
from workers.faces.detect.select_faces import select_faces
from workers.faces.embed.face_encoder import Embedding, Embeddings, embed_chips, load_face_encoder
from workers.faces.engine_settings import EngineSettings
from workers.faces.records import FaceRecord, PhotoResult
from workers.faces.refusal import Refusal
from workers.faces.stopwatch import Stopwatch

CHUNK = 8
"""Photos that are in memory together at most: enough for the caches."""

PIXEL_BYTES = 60_000_000
"""Of a chunk's photos; one that has so many is full, whatever their number."""


@dataclass(frozen=True)
class Views:
    """A face's two pictures, as JPEG bytes, and the chip for the encoder."""

    crop: bytes
    aligned: bytes
    chip: Pixels
    note: str


@dataclass(frozen=True)
class Seen:
    """A photo that was looked at, and the time of its steps.

    Attributes:
        sight: what was seen in it, or why it cannot be used.
    """

    key: str
    sight: Sight | Refusal
    watch: Stopwatch

    @property
    def nbytes(self) -> int:
        """Of its pixels."""
        return 0 if isinstance(self.sight, Refusal) else self.sight.rgb.nbytes


class FaceEngine:
    """Everything loaded and ready; make it with `load_engine`."""

    def __init__(self, settings: EngineSettings) -> None:
        import cv2

        cv2.setNumThreads(1)  # a worker process is one core's
        self.settings = settings
        self._detectors = {policy: load_detector(settings.detector, policy) for policy in (settings.policy, "all")}
        self._refine = load_refiner(settings.refine)
        self._landmarks = load_landmarks("68")
        self._anchors = load_landmarks("5") if settings.landmarks == "5" else None
        self._encode = load_face_encoder(settings.encoder)

    def encode_photos(self, photos: Sequence[tuple[str, bytes]], before: Callable[[str], None]) -> list[PhotoResult]:
        """Photos to faces, in the order given.

        Args:
            photos: (photo_key, the file's bytes).
            before: called with a photo's key just before its bytes meet a decoder.

        Returns:
            One result a photo; what cannot be used is an outcome, and only a bug raises.
        """
        results: list[PhotoResult] = []
        chunk: list[Seen] = []
        for key, data in photos:
            chunk.append(self._see(key, data, before))
            if len(chunk) == CHUNK or sum(seen.nbytes for seen in chunk) >= PIXEL_BYTES:
                results += self._finish(chunk)
                chunk.clear()
        return results + self._finish(chunk)

    def encode_pixels(self, rgb: Pixels) -> list[FaceRecord]:
        """Every face of a picture, (height, width, 3) RGB uint8, by falling area; empty where there is none."""
        photo = Photo(rgb, 1.0, rgb.shape[1], rgb.shape[0])
        watch = Stopwatch()
        return self._finish([Seen("", self._look(photo, "all", watch), watch)])[0].faces

    def _finish(self, chunk: Sequence[Seen]) -> list[PhotoResult]:
        """All steps after the detection, each for the whole chunk before the next."""
        shapes = [self._shapes(seen) for seen in chunk]
        views = [self._views(*each) for each in zip(chunk, shapes, strict=True)]
        embeddings = self._embed(views, [seen.watch for seen in chunk])
        return [self._result(*each) for each in zip(chunk, shapes, views, embeddings, strict=True)]

    def _see(self, key: str, data: bytes, before: Callable[[str], None]) -> Seen:
        watch = Stopwatch()
        before(key)
        with watch("read"):
            photo = read_image(data, self.settings.limits)
        if isinstance(photo, Refusal):
            return Seen(key, photo, watch)
        return Seen(key, self._look(photo, self.settings.policy, watch), watch)

    def _look(self, photo: Photo, policy: str, watch: Stopwatch) -> Sight | Refusal:
        with watch("detect"):
            sight = find_faces(photo, self._detectors[policy], self.settings)
            chosen = select_faces(sight.found, policy)
            if isinstance(chosen, Refusal):
                return chosen
            return sight.only([self._refine(sight.rgb, face) for face in chosen])

    def _shapes(self, seen: Seen) -> list[Points]:
        sight = seen.sight
        if isinstance(sight, Refusal):
            return []
        with seen.watch("landmarks"):
            return [self._landmarks(sight.rgb, face.box) for face in sight.found]

    def _views(self, seen: Seen, shapes: list[Points]) -> list[Views]:
        sight = seen.sight
        if isinstance(sight, Refusal):
            return []
        with seen.watch("align"):
            return [self._view(sight, index, points) for index, points in enumerate(shapes)]

    def _view(self, sight: Sight, index: int, points: Points) -> Views:
        box = sight.found[index].box
        how = align.fit_alignment(points)
        anchors = self._anchors(sight.rgb, box) if self._anchors else points
        return Views(
            crop=encode_jpeg(align.crop_face(sight.rgb, box)),
            aligned=encode_jpeg(align.align_face(sight.rgb, how)),
            chip=align.encoder_chip(sight.rgb, box, anchors),
            note=how.note,
        )

    def _embed(self, views: Sequence[list[Views]], watches: Sequence[Stopwatch]) -> list[Embeddings]:
        """The measurements of each photo's faces; each photo pays for its faces' share of the time."""
        chips = [view.chip for faces in views for view in faces]
        if not chips:
            return [np.empty((0, EMBEDDING_SIZE), np.float32)] * len(views)
        together = Stopwatch()
        with together("encode"):
            measured = embed_chips(self._encode, chips, self.settings.mirror, self.settings.jitter)
        for faces, watch in zip(views, watches, strict=True):
            if faces:
                watch.add("encode", together.seconds["encode"] * len(faces) / len(chips))
        return np.split(measured, np.cumsum([len(faces) for faces in views])[:-1])

    def _result(self, seen: Seen, shapes: list[Points], views: list[Views], embeddings: Embeddings) -> PhotoResult:
        key, sight, watch = seen.key, seen.sight, seen.watch
        if isinstance(sight, Refusal):
            return PhotoResult(key, [], sight.outcome, sight.reason, self.settings.detector, watch.seconds)
        parts = zip(itertools.count(), shapes, views, embeddings, strict=False)
        faces = [_record(key, sight, *part) for part in parts]
        return PhotoResult(key, faces, "ok", "", self.settings.detector, watch.seconds)


@functools.cache
def load_engine(settings: EngineSettings) -> FaceEngine:
    """The engine of these settings, loaded once a process; raises `EngineError` where a model file is missing."""
    return FaceEngine(settings)


def _record(key: str, sight: Sight, index: int, points: Points, view: Views, embedding: Embedding) -> FaceRecord:
    face = sight.found[index]
    left, top, right, bottom = sight.frame.box(face.box)
    return FaceRecord(
        photo_key=key,
        face_index=index,
        outcome="ok",
        reason="",
        note="; ".join(filter(None, (sight.note, view.note))),
        detector=face.detector,
        score=face.score,
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        landmarks=sight.frame.points(points),
        crop=view.crop,
        aligned=view.aligned,
        embedding=embedding,
    )

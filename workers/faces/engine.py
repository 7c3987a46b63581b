"""The face engine: photos to face records, in five steps.

    read ▶ detect ▶ landmarks ▶ align ▶ embed

A chunk of photos goes through the engine together, and the faces of a chunk are embedded together. A face's bits
depend on its own photo and on the settings alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

from storage.engine_settings import EngineSettings, FacePolicy
from workers.faces.align.chips import encoder_chip
from workers.faces.align.landmarks import load_landmarks
from workers.faces.decode.full_size import FullSizeRefused, read_full_size
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.detect.face_finder import FaceFinder, FullSize
from workers.faces.detect.refine_box import load_refiner
from workers.faces.detect.select_faces import why_chosen
from workers.faces.detected_face import DetectedFace, record_of
from workers.faces.embed.face_encoder import Embedding, embed_chips, load_face_encoder
from workers.faces.freed_memory import FreedMemory
from workers.faces.other_encoders import NO_OTHERS, OtherEncoders, embed_by_others
from workers.faces.photo import Photo, Pixels, Points
from workers.faces.records import NOT_EMBEDDED, FaceRecord, PhotoResult
from workers.faces.refusal import Refusal
from workers.faces.stopwatch import timed

CHUNK = 32
"""Photos that are in memory together at most. Trees and weights are read from memory once for all of them; sixteen
would take another 0.1 ms a face."""

PIXEL_BYTES = 26_000_000
"""Of a chunk's photos; one that has so many is full, whatever their number."""


class FaceEngine:
    """Every model loaded and ready; make it with `load_engine`."""

    def __init__(self, settings: EngineSettings) -> None:
        import cv2

        cv2.setNumThreads(1)  # a worker process has one core
        self.settings = settings
        self._freed = FreedMemory()
        self._finder = FaceFinder(settings)
        self._refine = load_refiner(settings.refine)
        self._landmarks = load_landmarks(settings.landmarks)
        self._encode = load_face_encoder(settings.encoder, settings.provider)

    def encode_photos(
        self, photos: Sequence[tuple[str, bytes]], before: Callable[[str], None], others: OtherEncoders = NO_OTHERS
    ) -> list[PhotoResult]:
        """Encode the faces of photos.

        Args:
            photos: (photo_key, the file's bytes).
            before: called with a photo's key just before work on it begins.
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
        for group in self._read_in_groups(photos, before):
            faces: list[DetectedFace] = []
            for data, photo, result in group:
                results.append(result)
                full = self._full(data, photo) if isinstance(photo, Photo) else None
                faces += self._detect(photo, self.settings.policy, result, full)
                self._freed.count(photo.rgb.nbytes if isinstance(photo, Photo) else 0)
            self._encode_faces(faces, others)
            group.clear()  # of the generator too
            faces.clear()
            self._freed.give_back()
        return results

    def _read_in_groups(
        self, photos: Sequence[tuple[str, bytes]], before: Callable[[str], None]
    ) -> Iterator[list[tuple[bytes, Photo | Refusal, PhotoResult]]]:
        """The bytes and pixels of `CHUNK` photos at a time, fewer where they are large."""
        group: list[tuple[bytes, Photo | Refusal, PhotoResult]] = []
        size = 0
        for key, data in photos:
            result = PhotoResult(key, [], "ok", "", self.settings.detector)
            before(key)
            with timed(result.seconds, "read"):
                photo = guarded_reader().image(data, self.settings.limits)
            group.append((data, photo, result))
            size += photo.rgb.nbytes if isinstance(photo, Photo) else 0
            if len(group) == CHUNK or size >= PIXEL_BYTES:
                yield group
                group, size = [], 0
        yield group

    def encode_pixels(self, rgb: Pixels, others: OtherEncoders = NO_OTHERS) -> list[FaceRecord]:
        """Every face of a picture, (height, width, 3) RGB uint8, by falling area; empty where there is none.

        The picture is searched as a whole only; `encode_every_face` finds smaller faces.
        """
        return self._every_face(Photo(rgb), None, others).faces

    def encode_every_face(
        self, data: bytes, photo: Photo, others: OtherEncoders = NO_OTHERS, own: bool = True
    ) -> PhotoResult:
        """Every face of a photo by falling area, small ones too; its outcome is "ok", "no_face" or a refusal's.

        Args:
            data: the file's bytes.
            photo: decoded from them.
            others: as in `encode_photos`.
            own: whether the faces are embedded by the engine's own encoder.
        """
        return self._every_face(photo, self._full(data, photo), others, own)

    def _full(self, data: bytes, photo: Photo) -> FullSize:
        def read() -> Photo:
            full = read_full_size(data, photo, self.settings.limits)
            self._freed.count(full.rgb.nbytes)
            return full

        return read

    def _every_face(self, photo: Photo, full: FullSize | None, others: OtherEncoders, own: bool = True) -> PhotoResult:
        result = PhotoResult("", [], "ok", "", self.settings.detector)
        self._encode_faces(self._detect(photo, "all", result, full), others, own)
        self._freed.count(photo.rgb.nbytes)
        self._freed.give_back()
        return result

    def _detect(
        self, photo: Photo | Refusal, policy: FacePolicy, result: PhotoResult, full: FullSize | None
    ) -> list[DetectedFace]:
        """The faces that the policy chooses; where there is none, the result says why."""
        if isinstance(photo, Refusal):
            result.refuse(photo)
            return []
        with timed(result.seconds, "detect"):
            try:
                found = self._finder.find(photo, policy, full)
            except FullSizeRefused as fault:
                found = fault.refusal
            if isinstance(found, Refusal):
                result.refuse(found)
                return []
            return [
                DetectedFace(
                    *(photo, full, one.photo, self._refine(one.photo.rgb, one.face), result),
                    *(one.in_photo, why_chosen(policy, place, one.in_photo)),
                )
                for place, one in enumerate(found)
            ]

    def _encode_faces(self, faces: Sequence[DetectedFace], others: OtherEncoders, own: bool = True) -> None:
        """Landmarks, align, embed: each step for all faces before the next. A record goes to its photo's result.

        Landmarks and embeddings are made of all faces together, and each photo is charged an equal share of that time
        for each of its faces.
        """
        if not faces:
            return
        together: dict[str, float] = {}
        with timed(together, "landmarks"):
            points = self._landmarks([(face.photo.rgb, face.detection.box) for face in faces])
        embeddings = self._embed(faces, points, together) if own else [NOT_EMBEDDED] * len(faces)
        for face, shape, embedding in zip(faces, points, embeddings, strict=True):
            for step, seconds in together.items():
                face.result.seconds[step] = face.result.seconds.get(step, 0.0) + seconds / len(faces)
            face.result.faces.append(record_of(face, shape, embedding))
        if others:
            embed_by_others(faces, others, self.settings)

    def _embed(
        self, faces: Sequence[DetectedFace], points: Sequence[Points], together: dict[str, float]
    ) -> Sequence[Embedding]:
        chips: list[Pixels] = []
        for face, shape in zip(faces, points, strict=True):
            with timed(face.result.seconds, "align"):
                chips.append(encoder_chip(face.photo.rgb, shape))
        with timed(together, "encode"):
            return list(embed_chips(self._encode, chips, self.settings.mirror, self.settings.jitter))


@functools.cache
def load_engine(settings: EngineSettings) -> FaceEngine:
    """The engine of these settings, loaded once a process; raises `EngineError` where a model file is missing."""
    if settings.null_engine:
        from workers.faces.null_engine import NullEngine

        return NullEngine(settings)
    return FaceEngine(settings)

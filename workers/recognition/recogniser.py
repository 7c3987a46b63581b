"""A recogniser: a model fitted on all known faces, its threshold, and the settings of the face engine.

Its folder holds `recogniser.json`, the files of `save_model`, and `encoder.npz` if the configuration has an own
encoder. None of them holds code, and reading them executes nothing.
"""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from storage.engine_settings import EngineSettings
from storage.errors import StoreError
from storage.schemas import CHIP_SIDE, EMBEDDING_SIZE
from workers.compare.encoder_scale import EncoderScale
from workers.compare.operating_points import OperatingPoint
from workers.faces.engine_fingerprint import engine_fingerprint
from workers.faces.records import FaceRecord
from workers.learning.configurations import UNKNOWN
from workers.learning.encoder.picture_encoder import Encoder, load_picture_encoder, save_encoder
from workers.learning.face_arrays import Faces
from workers.learning.face_batch import FaceBatch
from workers.learning.fitted_model import Model, load_model, save_model
from workers.recognition.encoder_scales import scale_of
from workers.recognition.threshold import Threshold

FILE = "recogniser.json"
FORMAT = 2


@dataclass(frozen=True)
class Named:
    """The answer for one face.

    Attributes:
        name: a known person, or UNKNOWN.
        nearest: the most probable known person, also where `name` is UNKNOWN.
        likeness: of the face and that person's training faces, 0 to 100 %; compared with the threshold's.
        distance: the same as the encoder measures it (`workers.learning.gallery.Gallery.distance`).
        probability: of `nearest` if the face is one of the known people, 0 to 1; says nothing about strangers.
        milliseconds: wall time of the model for this face.
    """

    name: str
    nearest: str
    likeness: float
    distance: float
    probability: float
    milliseconds: float


@dataclass(frozen=True)
class Recogniser:
    """A model with everything that is needed to name faces.

    Attributes:
        engine, engine_fingerprint: the run's engine settings and their fingerprint.
        fingerprint: of the run whose faces the model was fitted on.
        faces: number of faces that the model was fitted on.
        operating: what the run's held-out faces say of it at its threshold; None where the run did not score it.
        encoder: the own encoder, if the configuration has one.
    """

    model: Model
    threshold: Threshold
    engine: EngineSettings
    engine_fingerprint: str
    fingerprint: str
    faces: int
    operating: OperatingPoint | None = None
    encoder: Encoder | None = None

    @property
    def scale(self) -> EncoderScale:
        """How its distances read."""
        return scale_of(self.engine, self.model.configuration.encoder)

    @property
    def needed_likeness(self) -> float | None:
        """The likeness from which a face is known, 0 to 100 %; None where every face gets a name."""
        value = self.threshold.value
        return None if value is None else self.scale.likeness(-value)

    def needing(self, likeness: float) -> Recogniser:
        """The same recogniser with that threshold, 0 to 100 %; raises ValueError outside. Its figures are not known."""
        threshold = Threshold(-self.scale.distance(likeness), "as asked for")
        return replace(self, threshold=threshold, operating=None)

    @property
    def settings(self) -> EngineSettings:
        """The run's engine settings, with the policy that takes every face of a photo."""
        return replace(self.engine, policy="all")

    def name(self, faces: Sequence[FaceRecord]) -> list[Named]:
        """Name each face. Faces go through the model one by one, so an answer does not depend on the other faces."""
        batch = faces_as_batch(faces, self.model.configuration.view, self.encoder)
        return [self._name(batch[row : row + 1]) for row in range(len(faces))]

    def warm(self) -> None:
        """Name a blank face, so that the first real face does not wait for compilation."""
        embedding = np.zeros((1, self.model.gallery.points.shape[1]), np.float32)
        picture = np.zeros((1, CHIP_SIDE, CHIP_SIDE, 3), np.uint8)
        self._name(FaceBatch(embedding if self.model.configuration.view == "embedding" else picture, embedding))
        if self.encoder:
            self.encoder(picture)

    def _name(self, face: FaceBatch) -> Named:
        began = time.perf_counter()
        probabilities, known = self.model.scores(face)
        milliseconds = 1000 * (time.perf_counter() - began)
        best = int(probabilities[0].argmax())
        nearest, score = self.model.labels[best], float(known[0])
        limit = self.threshold.value
        name = nearest if limit is None or score >= limit else UNKNOWN
        return Named(name, nearest, self.scale.likeness(-score), -score, float(probabilities[0, best]), milliseconds)


def faces_as_batch(faces: Sequence[FaceRecord], view: str, encoder: Encoder | None = None) -> FaceBatch:
    """The faces in a view (`learning.face_arrays.Faces.view`), and their embeddings.

    Pictures are decoded from the engine's JPEGs, as they were for fitting.

    Args:
        view: crop, aligned, embedding or none.
        encoder: replaces the embeddings by those of an own encoder.
    """
    rows = [face.embedding for face in faces]
    found = Faces(
        keys=tuple(face.photo_key for face in faces),
        face_index=np.asarray([face.face_index for face in faces], np.int16),
        embedding=np.asarray(rows, np.float32).reshape(len(rows), EMBEDDING_SIZE),
        crop_jpeg=[face.crop for face in faces],
        aligned_jpeg=[face.aligned for face in faces],
    )
    return (found.embedded_by(encoder) if encoder else found).batch(view)


def save_recogniser(recogniser: Recogniser, folder: Path) -> None:
    """Write the recogniser into an existing folder."""
    described = {
        "format": FORMAT,
        "threshold": recogniser.threshold.value,
        "threshold_rule": recogniser.threshold.rule,
        "engine": asdict(recogniser.engine),
        "engine_fingerprint": recogniser.engine_fingerprint,
        "fingerprint": recogniser.fingerprint,
        "faces": recogniser.faces,
        "operating": asdict(recogniser.operating) if recogniser.operating else None,
    }
    (folder / FILE).write_text(json.dumps(described, indent=1, sort_keys=True), encoding="utf-8")
    save_model(recogniser.model, folder)
    if recogniser.encoder:
        save_encoder(recogniser.encoder, folder)


def load_recogniser(folder: Path) -> Recogniser:
    """Read what `save_recogniser` wrote.

    Raises:
        StoreError: it is damaged, has another format, or was fitted on faces of another version of the engine.
    """
    try:
        described = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if described.pop("format") != FORMAT:
            raise ValueError("another format")
        threshold = Threshold(described.pop("threshold"), described.pop("threshold_rule"))
        model = load_model(folder)
        encoder = load_picture_encoder(folder) if model.configuration.encoder else None
        engine = EngineSettings(**described.pop("engine"))
        point = described.pop("operating")
        operating = OperatingPoint(**point) if point else None
        recogniser = Recogniser(model, threshold, engine, operating=operating, encoder=encoder, **described)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(
            f"the model in {folder} cannot be read: {error}", "Delete that folder; the model is then fitted again"
        ) from error
    if engine_fingerprint(recogniser.engine) != recogniser.engine_fingerprint:
        raise StoreError(
            f"the model in {folder} was fitted on faces of another version of the engine", "Run the comparison again"
        )
    return recogniser

"""A recogniser: a model fitted on all known faces, its threshold, and the settings of the face engine.

Its folder holds `recogniser.json`, the files of `save_model`, and the encoders that the configuration needs
(`encoders_of_model`). None of them holds code, and reading them executes nothing.
"""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from storage.engine_settings import EngineSettings
from storage.errors import StoreError
from storage.local_copies import local_folder
from storage.schemas import CHIP_SIDE
from workers.compare.encoder_scale import EncoderScale
from workers.compare.operating_points import OperatingPoint
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.engine_fingerprint import engine_fingerprint
from workers.faces.records import FaceRecord
from workers.learning.configurations import RUN_ENCODER, UNKNOWN, encoder_parts
from workers.learning.encoder.picture_encoder import Encoder
from workers.learning.face_batch import FaceBatch
from workers.learning.fitted_model import Model, load_model, save_model
from workers.recognition.encoder_scales import scale_of
from workers.recognition.encoders_of_model import (
    NO_NETWORKS,
    LoadedEncoder,
    described_encoders,
    load_encoders,
    save_encoders,
)
from workers.recognition.face_batches import faces_as_batch
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
        encoders: those that the configuration needs besides the engine's own, by name.
    """

    model: Model
    threshold: Threshold
    engine: EngineSettings
    engine_fingerprint: str
    fingerprint: str
    faces: int
    operating: OperatingPoint | None = None
    encoders: Mapping[str, LoadedEncoder] = field(default_factory=dict)

    @property
    def scale(self) -> EncoderScale:
        """How its distances read."""
        return scale_of(self.engine, self.model.configuration.encoder, described_encoders(self.encoders))

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

    @property
    def others(self) -> dict[str, OnnxFaceEncoder]:
        """The encoders that the face engine shall embed faces with, besides its own."""
        return {name: each for name, each in self.encoders.items() if isinstance(each, OnnxFaceEncoder)}

    @property
    def needs_own_embedding(self) -> bool:
        """Whether faces must be embedded by the face engine's own encoder."""
        parts = encoder_parts(self.model.configuration.encoder)
        return not parts or RUN_ENCODER in parts

    def name(self, faces: Sequence[FaceRecord]) -> list[Named]:
        """Name each face, by one: an answer does not depend on the other faces. They are embedded with `others` too."""
        configuration = self.model.configuration
        batch = faces_as_batch(faces, configuration.view, configuration.encoder, self.encoders)
        return [self._name(batch[row : row + 1]) for row in range(len(faces))]

    def warm(self) -> None:
        """Name a blank face, so that the first real face does not wait for compilation."""
        embedding = np.zeros((1, self.model.gallery.points.shape[1]), np.float32)
        picture = np.zeros((1, CHIP_SIDE, CHIP_SIDE, 3), np.uint8)
        self._name(FaceBatch(embedding if self.model.configuration.view == "embedding" else picture, embedding))
        for encoder in self.encoders.values():
            if isinstance(encoder, Encoder):  # the others are warm: they have embedded a picture when they were loaded
                encoder(picture)

    def _name(self, face: FaceBatch) -> Named:
        began = time.perf_counter()
        probabilities, known = self.model.scores(face)
        milliseconds = 1000 * (time.perf_counter() - began)
        best = int(probabilities[0].argmax())
        nearest, score = self.model.labels[best], float(known[0])
        limit = self.threshold.value
        name = nearest if limit is None or score >= limit else UNKNOWN
        return Named(name, nearest, self.scale.likeness(-score), -score, float(probabilities[0, best]), milliseconds)


def save_recogniser(recogniser: Recogniser, folder: Path, networks: Mapping[str, bytes] = NO_NETWORKS) -> None:
    """Write the recogniser into an existing folder.

    Args:
        networks: of `recogniser.others`, by name.
    """
    described = {
        "format": FORMAT,
        "threshold": recogniser.threshold.value,
        "threshold_rule": recogniser.threshold.rule,
        "engine": recogniser.engine.plain(),
        "engine_fingerprint": recogniser.engine_fingerprint,
        "fingerprint": recogniser.fingerprint,
        "faces": recogniser.faces,
        "encoders": {name: each.plain() for name, each in described_encoders(recogniser.encoders).items()},
        "operating": asdict(recogniser.operating) if recogniser.operating else None,
    }
    (folder / FILE).write_text(json.dumps(described, indent=1, sort_keys=True), encoding="utf-8")
    save_model(recogniser.model, folder)
    save_encoders(recogniser.encoders, networks, folder)


def load_recogniser(folder: Path) -> Recogniser:
    """Read what `save_recogniser` wrote.

    Raises:
        StoreError: it is damaged, has another format, or was fitted on faces of another version of the engine.
    """
    try:
        with local_folder(folder) as local:
            recogniser = _read_recogniser(local)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(
            f"the model in {folder} cannot be read: {error}", "Delete that folder; the model is then fitted again"
        ) from error
    if engine_fingerprint(recogniser.engine) != recogniser.engine_fingerprint:
        raise StoreError(
            f"the model in {folder} was fitted on faces of another version of the engine", "Run the comparison again"
        )
    return recogniser


def _read_recogniser(folder: Path) -> Recogniser:
    described = json.loads((folder / FILE).read_text(encoding="utf-8"))
    if described.pop("format") != FORMAT:
        raise ValueError("another format")
    threshold = Threshold(described.pop("threshold"), described.pop("threshold_rule"))
    model = load_model(folder)
    encoders = load_encoders(folder, model.configuration.encoder, described.pop("encoders", {}))
    engine = EngineSettings(**described.pop("engine"))
    point = described.pop("operating")
    operating = OperatingPoint(**point) if point else None
    return Recogniser(model, threshold, engine, operating=operating, encoders=encoders, **described)

"""The face engine as a scikit-learn transformer: pictures in, measurements of their faces out."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from pydantic import ValidationError
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin

from lineup.picture_bytes import name_of_picture, picture_bytes
from storage.encoder_settings import SFACE, SFACE_NAME
from storage.engine_settings import EngineSettings
from storage.errors import InputError
from storage.validation import explain
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.engine import FaceEngine, load_engine
from workers.faces.models.encoder_files import encoder_network
from workers.faces.records import FaceRecord
from workers.faces.refusal import Refusal
from workers.learning.arrays import Floats
from workers.learning.configurations import PLUS, RUN_ENCODER
from workers.recognition.face_batches import faces_as_batch

SIZE = 128
"""Measurements of dlib's encoder, and of SFace's."""

CHOICES = (RUN_ENCODER, SFACE_NAME, f"{RUN_ENCODER}{PLUS}{SFACE_NAME}")


class Encoder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc] # untyped bases
    """Pictures to the measurements of the face in each: find, align, encode.

    Args:
        encoder: "dlib", 128 measurements, Euclidean; "sface", 128 of length 1; or "dlib+sface", both side by side.
        policy: which face counts where there are several: "central", "largest", or "require-one".
        detector: of `storage.engine_settings.EngineSettings`.
        mirror: average the measurements of a face and of its mirror image.
        missing: what a picture without a usable face is: "raise" an InputError, or "nan", a row of NaN.

    >>> from workers.synthetic.identity import draw_identity
    >>> from workers.synthetic.render import render
    >>> from workers.synthetic.scene import draw_scene
    >>> picture = render(draw_identity(seed=1), draw_scene(seed=1, person=0, photo=0))
    >>> Encoder().fit_transform([picture]).shape
    (1, 128)
    """

    def __init__(
        self,
        encoder: str = RUN_ENCODER,
        *,
        policy: str = "central",
        detector: str = "cascade",
        mirror: bool = False,
        missing: str = "raise",
    ) -> None:
        self.encoder = encoder
        self.policy = policy
        self.detector = detector
        self.mirror = mirror
        self.missing = missing

    def fit(self, X: Iterable[Any] | None = None, y: Any = None) -> Self:  # noqa: ARG002, N803 - scikit-learn's
        """Check the parameters and load the networks; nothing is learned, and the pictures are not looked at."""
        self._settings()
        self._others()
        return self

    def transform(self, X: Iterable[Any]) -> Floats:  # noqa: N803 - scikit-learn's name
        """The measurements (N, 128) or (N, 256) float32 of N pictures.

        Args:
            X: pictures as `lineup.Result.identify` takes them: paths, bytes, PIL images or RGB arrays.

        Raises:
            InputError: a picture has no usable face and `missing` is "raise", or something is no picture.
        """
        engine, others = load_engine(self._settings()), self._others()
        rows = [self._measured(engine, picture, others) for picture in X]
        return np.asarray(rows, np.float32).reshape(len(rows), self._n_features_out)

    @property
    def _n_features_out(self) -> int:
        return SIZE * len(self.encoder.split(PLUS))

    def _measured(self, engine: FaceEngine, picture: Any, others: Mapping[str, OnnxFaceEncoder]) -> Floats:
        data = picture_bytes(picture, engine.settings.limits.file_bytes)
        if isinstance(data, Refusal):
            outcome, reason, faces = data.outcome, data.reason, list[FaceRecord]()
        else:
            [result] = engine.encode_photos([("", data)], before=lambda _: None, others=others)
            outcome, reason, faces = result.outcome, result.reason, result.faces
        if faces:
            name = "" if self.encoder == RUN_ENCODER else self.encoder
            measured: Floats = faces_as_batch(faces[:1], "embedding", name, others).embedding[0]
            return measured
        if self.missing == "nan":
            return np.full(self._n_features_out, np.nan, np.float32)
        raise InputError(f"{name_of_picture(picture)}: {reason or outcome}", 'Leave it out, or set missing="nan"')

    def _settings(self) -> EngineSettings:
        if self.encoder not in CHOICES:
            raise InputError(f"encoder is {self.encoder!r}", f"Choose from {', '.join(CHOICES)}")
        if self.missing not in ("raise", "nan"):
            raise InputError(f"missing is {self.missing!r}", "Choose raise or nan")
        if self.policy not in ("central", "largest", "require-one"):
            raise InputError(f"policy is {self.policy!r}", "Choose central, largest or require-one")
        asked: dict[str, Any] = {"policy": self.policy, "detector": self.detector, "mirror": self.mirror}
        try:
            return EngineSettings(**asked)
        except ValidationError as error:
            raise InputError(*explain(error, EngineSettings)) from error

    def _others(self) -> dict[str, OnnxFaceEncoder]:
        return {SFACE_NAME: _sface()} if SFACE_NAME in self.encoder.split(PLUS) else {}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False  # pictures are no numbers of a table
        tags.input_tags.string = True
        tags.no_validation = True
        tags.requires_fit = False
        return tags


@functools.cache
def _sface() -> OnnxFaceEncoder:
    return OnnxFaceEncoder(SFACE, encoder_network(SFACE))

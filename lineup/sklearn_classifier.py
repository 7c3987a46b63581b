"""A configuration of the comparison as a scikit-learn classifier of measurements, with a threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from storage.encoder_settings import KNOWN_ENCODERS
from storage.engine_settings import EngineSettings
from storage.errors import InputError
from workers.learning.arrays import Array, Floats
from workers.learning.configurations import CONFIGURATIONS, UNKNOWN, Configuration, find_configuration
from workers.learning.face_batch import FaceBatch
from workers.learning.fitted_model import fit_model
from workers.learning.fold import CannotFit
from workers.recognition.encoder_scales import scale_of
from workers.recognition.threshold import threshold_without_scores

AUTO = "auto"


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # untyped bases
    """A configuration by its name, fitted on measurements of faces.

    Args:
        configuration: such as "knn-3" or "svm-linear", of `lineup configurations`, that looks at measurements. Behind
            an @ stands the encoder that made them, which decides the usual threshold: "svm-linear@sface".
        threshold: the distance from a person above which a face is unknown; "auto" chooses it on the training faces,
            each left out in turn; None gives every face a name.
        unknown: what `predict` says of an unknown face.
        parameters: of the configuration, in place of its own, such as {"k": 5}.
        random_state: of all draws in `fit`.

    Attributes:
        classes_: the people, sorted.
        threshold_: the distance in use, or None.
        model_: the fitted `workers.learning.fitted_model.Model`.

    >>> import numpy as np
    >>> faces = np.array([[0, 0], [0, 0.2], [8, 8], [8, 8.2]])
    >>> named = Classifier("knn-1", threshold=1.0).fit(faces, ["ada", "ada", "bruno", "bruno"])
    >>> named.predict([[0, 0.1], [7.9, 8], [4, 4]]).tolist()
    ['ada', 'bruno', 'unknown']
    >>> named.known_score([[0, 0.1]]).round(2).tolist()
    [-0.10000000149011612]
    """

    def __init__(
        self,
        configuration: str = "knn-3",
        *,
        threshold: float | str | None = None,
        unknown: Any = UNKNOWN,
        parameters: Mapping[str, Any] | None = None,
        random_state: Any = 0,
    ) -> None:
        self.configuration = configuration
        self.threshold = threshold
        self.unknown = unknown
        self.parameters = parameters
        self.random_state = random_state

    def fit(self, X: Any, y: Any, groups: Any = None) -> Self:  # noqa: N803 - scikit-learn's name
        """Fit on measurements (N, D) of people y (N,).

        Args:
            groups: (N,); faces of one group, such as near-duplicates, stay together where hyper-parameters are chosen.

        Raises:
            ValueError: too few faces or people for this configuration, or the arrays do not fit together.
            InputError: there is no such configuration.
        """
        chosen = self._configuration()
        X, y = validate_data(self, X, y, dtype=np.float32)  # noqa: N806 - scikit-learn's name
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        by = np.arange(len(y)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        labels = [f"{number:09d}" for number in numbers]  # sorted as the people are
        batch = FaceBatch(np.zeros((len(X), 0), np.float32) if chosen.view == "none" else X, X)
        try:
            self.model_ = fit_model(chosen, batch, labels, by, seed)
        except CannotFit as why:
            counts = f"n_samples={len(X)}, classes={len(self.classes_)}"
            raise ValueError(f"{self.configuration} cannot be fitted ({counts}): {why}") from why
        self.threshold_ = self._threshold(numbers, X, by)
        return self

    def predict(self, X: Any) -> Array:  # noqa: N803
        """The person of each face (N,); `unknown` where it is farther away than the threshold."""
        faces = self._faces(X)
        probabilities, known = self.model_.scores(faces)
        names: Array = self.classes_[probabilities.argmax(axis=1)]
        if self.threshold_ is None:
            return names
        strangers = known < -self.threshold_
        if isinstance(self.unknown, str) and names.dtype.kind == "U":
            return np.where(strangers, self.unknown, names)
        return np.where(strangers, np.array(self.unknown, object), names.astype(object))

    def predict_proba(self, X: Any) -> Floats:  # noqa: N803
        """Probabilities (N, people) float32 if the face is one of the known people; columns as `classes_`."""
        faces = self._faces(X)
        return self.model_.predict_proba(faces)

    def known_score(self, X: Any) -> Floats:  # noqa: N803
        """(N,) float32, minus the distance to the training faces of the person who is named: higher is nearer."""
        faces = self._faces(X)
        return self.model_.known_score(faces)

    def _faces(self, X: Any) -> FaceBatch:  # noqa: N803
        check_is_fitted(self)
        found = validate_data(self, X, dtype=np.float32, reset=False)
        view = np.zeros((len(found), 0), np.float32) if self.model_.configuration.view == "none" else found
        return FaceBatch(view, found)

    def _configuration(self) -> Configuration:
        try:
            found = find_configuration(self.configuration)
        except KeyError:
            found = None
        if found is None or found.view not in ("embedding", "none"):
            usable = [name for name, each in CONFIGURATIONS.items() if each.view in ("embedding", "none")]
            raise InputError(
                f"{self.configuration!r} is no configuration that looks at measurements",
                f"Choose from {', '.join(usable)}",
            )
        return found.with_parameters(**(self.parameters or {}))

    def _threshold(self, numbers: Array, faces: Floats, groups: Array) -> float | None:
        if self.threshold is None:
            return None
        if self.threshold != AUTO:
            return float(self.threshold)
        scale = scale_of(EngineSettings(), self.model_.configuration.encoder, KNOWN_ENCODERS)
        found = threshold_without_scores(self.model_.gallery, numbers, faces, groups, {}, scale).value
        return None if found is None else -found

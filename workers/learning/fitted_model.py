"""`fit_model` fits a configuration and gives a `Model`, which predicts, is stored without pickle and is read again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from workers.learning.arrays import Floats
from workers.learning.classical.predictors import load_arrays
from workers.learning.configurations import UNKNOWN, Configuration
from workers.learning.face_batch import FaceBatch
from workers.learning.families import FAMILIES
from workers.learning.fold import CannotFit, Fold, Predictor, Tell, tell_nobody
from workers.learning.gallery import Gallery, gallery_of, load_gallery
from workers.learning.networks.keras_predictor import KerasPredictor, load_network

FORMAT = 3
NETWORK = "Network"
"""The kind of a `KerasPredictor` in `model.json`; other kinds are named like their class."""


@dataclass(frozen=True)
class Model:
    """A fitted configuration.

    Attributes:
        labels: the people, sorted; column i of the probabilities belongs to labels[i].
        gallery: the embeddings of the training faces, its people numbered like `labels`.
        chosen: hyper-parameters chosen inside the training fold, and their accuracy and log-loss there.
        history: learning curves of a network by name; else empty.
    """

    configuration: Configuration
    labels: tuple[str, ...]
    predictor: Predictor
    gallery: Gallery
    chosen: dict[str, Any] = field(default_factory=dict)
    history: dict[str, Any] = field(default_factory=dict)

    @property
    def model_bytes(self) -> int:
        """Bytes of the arrays or weights that prediction needs."""
        return self.predictor.nbytes + self.gallery.nbytes

    def scores(self, faces: FaceBatch) -> tuple[Floats, Floats]:
        """Probabilities (N, classes) float32, 0 to 1, and known scores (N,) float32.

        The known score is minus the distance (`Gallery.distance`) to the person of the largest probability.

        Args:
            faces: as `fit_model` takes them.
        """
        probabilities = self.predict_proba(faces)
        return probabilities, self.gallery.known_score(faces.embedding, probabilities.argmax(axis=1))

    def predict_proba(self, faces: FaceBatch) -> Floats:
        """Probabilities (N, classes) float32, columns in the order of `labels`; each row sums to 1."""
        return self.predictor.probabilities(np.asarray(faces.view))

    def known_score(self, faces: FaceBatch) -> Floats:
        """(N,) float32, minus a Euclidean distance: higher means nearer to the person that the model names."""
        return self.scores(faces)[1]

    def name(self, faces: FaceBatch, probabilities: Floats) -> list[str]:
        """The predicted label of each face; UNKNOWN by the configuration's own rule, where it has a `threshold`.

        By that rule a face is unknown whose nearest training face of the predicted person is farther away.

        Args:
            probabilities: of `faces`, as `scores` returns them.
        """
        best = probabilities.argmax(axis=1)
        names = [self.labels[i] for i in best]
        threshold = self.configuration.parameters.get("threshold")
        if threshold is None:
            return names
        distances = self.gallery.distance(faces.embedding, best, nearest=1)
        return [who if distance <= threshold else UNKNOWN for who, distance in zip(names, distances, strict=True)]


def fit_model(
    configuration: Configuration,
    faces: FaceBatch,
    labels: Sequence[str],
    groups: npt.ArrayLike,
    seed: int,
    threads: int = 1,
    tell: Tell = tell_nobody,
) -> Model:
    """Fit one configuration.

    Args:
        faces: the training faces in the configuration's view, and their embeddings.
        labels: the person of each face.
        groups: (N,) group of each face; inner splits keep a group (of near-duplicates) on one side.
        seed: the same seed gives the same bits in any process.
        threads: for numpy's linear algebra; 1 keeps the order of additions, and so the bits. Networks use one.
        tell: called with how far a network is, after each epoch.

    Raises:
        CannotFit: there are too few faces or people for this model.

    >>> import numpy as np
    >>> from workers.learning.configurations import find_configuration
    >>> faces = FaceBatch.of_embeddings(np.array([[0, 0], [0, 2], [8, 8], [8, 6]], np.float32))
    >>> model = fit_model(find_configuration("knn-1"), faces, ["ada", "ada", "bruno", "bruno"], range(4), seed=1)
    >>> probabilities, known = model.scores(faces)
    >>> model.name(faces, probabilities)
    ['ada', 'ada', 'bruno', 'bruno']
    >>> probabilities.shape, known.tolist()
    ((4, 2), [-1.0, -1.0, -1.0, -1.0])
    """
    from threadpoolctl import threadpool_limits

    names = tuple(sorted(set(labels)))
    if not names:
        raise CannotFit("no training face")
    if len(names) < 2 and configuration.family != "majority":
        raise CannotFit(f"one person only in training ({names[0]}); a classifier needs two")
    number = {name: i for i, name in enumerate(names)}
    y = np.asarray([number[each] for each in labels])
    by = np.asarray(groups)
    with threadpool_limits(threads):
        fitted = FAMILIES[configuration.family].fit(Fold(faces.view, y, by, configuration.parameters, seed, tell))
    gallery = gallery_of(faces.embedding, y)
    return Model(configuration, names, fitted.predictor, gallery, fitted.chosen, fitted.history)


def warm_up_of(configuration: Configuration, labels: Sequence[str], faces: FaceBatch) -> Callable[[], None] | None:
    """What imports and compiles before the fit of a network on faces of these people; None for other families."""
    warm_up = FAMILIES[configuration.family].warm_up
    people = len(set(labels))
    parameters = {**configuration.parameters, "size": faces.view.shape[1]}
    return None if warm_up is None or people < 2 else lambda: warm_up(parameters, people)


def save_model(model: Model, folder: Path) -> None:
    """Write `model.json`, `gallery.npz` and `arrays.npz` or `network.npz` into a folder, made if missing; no code."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {
        "format": FORMAT,
        "kind": NETWORK if isinstance(model.predictor, KerasPredictor) else type(model.predictor).__name__,
        "configuration": {
            "name": model.configuration.name,
            "view": model.configuration.view,
            "family": model.configuration.family,
            "parameters": dict(model.configuration.parameters),
        },
        "labels": model.labels,
        "chosen": model.chosen,
        "history": model.history,
    }
    model.predictor.save(folder)
    model.gallery.save(folder)
    (folder / "model.json").write_text(json.dumps(described, indent=1, sort_keys=True), encoding="utf-8")


def load_model(folder: Path) -> Model:
    """Read what `save_model` wrote; nothing in the folder is executed.

    Raises:
        OSError: a file is missing.
        ValueError, KeyError: the folder does not hold a model of this format.
    """
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if described.get("format") != FORMAT:
        raise ValueError(f"{folder} holds a model of another format")
    kind = described["kind"]
    predictor = load_network(folder) if kind == NETWORK else load_arrays(kind, folder)
    return Model(
        Configuration(**described["configuration"]),
        tuple(described["labels"]),
        predictor,
        load_gallery(folder),
        described["chosen"],
        described["history"],
    )

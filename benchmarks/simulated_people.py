"""People as Gaussian clouds, a nearest-centroid classifier, and a protocol: answers whose true accuracy is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.compare.answers import Outcomes
from workers.compare.metrics import Floats, balanced_accuracy, log_loss, macro_f1

DIMENSIONS = 8
FOLDS = 5
TRUTH_MODELS = 200
TRUTH_FACES = 100

Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class World:
    """People who differ in place and spread; the larger `scale`, the easier they are told apart.

    Attributes:
        means: (P, DIMENSIONS).
        spreads: (P,) standard deviation of a person's faces.
    """

    means: Floats
    spreads: Floats

    @classmethod
    def of(cls, people: int, scale: float, seed: int = 1) -> World:
        """The same people for the same arguments."""
        rng = np.random.default_rng(seed)
        return cls(rng.normal(size=(people, DIMENSIONS)) * scale, rng.uniform(0.7, 1.4, size=people))

    def draw(self, faces: int, rng: np.random.Generator) -> tuple[Floats, Numbers]:
        """So many faces of each person, and whose they are."""
        person = np.repeat(np.arange(len(self.means)), faces)
        noise = rng.normal(size=(len(person), DIMENSIONS))
        return self.means[person] + noise * self.spreads[person][:, None], person


@dataclass(frozen=True)
class Protocol:
    """How faces are split: `kind` is holdout or kfold; `faces` a person are tested, under kfold they also train."""

    kind: str
    faces: int
    repeats: int = 1
    train: int = 20

    @property
    def training_faces(self) -> int:
        """Of each person, in one split."""
        return self.train if self.kind == "holdout" else round(self.faces * (FOLDS - 1) / FOLDS)


def answered(world: World, protocol: Protocol, rng: np.random.Generator) -> Outcomes:
    """Draw faces, train and test by the protocol."""
    x, y = world.draw(protocol.faces, rng)
    parts = []
    if protocol.kind == "holdout":
        parts.append((np.arange(len(y)), 0, _probabilities(*world.draw(protocol.train, rng), x)))
    for repeat in range(protocol.repeats if protocol.kind == "kfold" else 0):
        fold = _folds(y, rng)
        for each in range(FOLDS):
            rows = np.flatnonzero(fold == each)
            parts.append((rows, repeat, _probabilities(x[fold != each], y[fold != each], x[rows])))
    rows = np.concatenate([part[0] for part in parts])
    repeat_of = np.concatenate([np.full(len(part[0]), part[1]) for part in parts])
    return outcomes(rows, repeat_of, y[rows], np.concatenate([part[2] for part in parts]))


def outcomes(faces: Numbers, repeat: Numbers, person: Numbers, chances: Floats) -> Outcomes:
    """Answers of one role; `chances` is (N, P)."""
    names = np.asarray([f"p{i:03}" for i in range(chances.shape[1])], object)
    said, rows = chances.argmax(axis=1), np.arange(len(person))
    best = np.sort(chances, axis=1)[:, -3:]
    nothing = np.full(len(person), np.nan)
    return Outcomes(
        faces=tuple((f"{i:05}", 0) for i in faces.tolist()),
        split=np.stack([repeat, np.zeros(len(repeat), np.int64)], axis=1).astype(np.int64),
        truth=names[person],
        predicted=names[said],
        guess=names[said],
        confidence=chances[rows, said],
        truth_probability=chances[rows, person],
        known_score=nothing,
        stranger_score=nothing,
        top3=np.asarray(chances[rows, person] >= best[:, 0], bool),
    )


def true_figures(world: World, protocol: Protocol, seed: int = 2) -> dict[str, float]:
    """The figures that endless faces would give, over models trained on as many faces as the protocol trains on."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(TRUTH_MODELS):
        train = world.draw(protocol.training_faces, rng)
        x, y = world.draw(TRUTH_FACES, rng)
        test = outcomes(np.arange(len(y)), np.zeros(len(y), np.intp), y, _probabilities(*train, x))
        both = test.truth, test.predicted
        found.append(
            (float(np.mean(test.right)), balanced_accuracy(*both), macro_f1(*both), log_loss(test.truth_probability))
        )
    names = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss")
    return dict(zip(names, np.mean(found, axis=0).tolist(), strict=True))


def _probabilities(x: Floats, y: Numbers, faces: Floats) -> Floats:
    """(N, P) of the nearest centroid, as if all people spread alike."""
    centroids = np.stack([x[y == person].mean(axis=0) for person in range(int(y.max()) + 1)])
    logits = -np.square(faces[:, None] - centroids).sum(axis=-1) / 2
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _folds(y: Numbers, rng: np.random.Generator) -> Numbers:
    """The fold of each face; every person's faces are spread evenly."""
    fold = np.empty(len(y), np.intp)
    for person in np.unique(y):
        mine = rng.permutation(np.flatnonzero(y == person))
        fold[mine] = (np.arange(len(mine)) + rng.integers(FOLDS)) % FOLDS
    return fold

"""How much memory a training needs beside its process, told before it begins.

Upper estimates from the arrays that each family holds at once; `docs/scale.md` compares them with measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

from workers.learning.configurations import Configuration
from workers.learning.evaluation import BATCH
from workers.learning.face_arrays import KEPT_DECODED
from workers.learning.inner_folds import TEMPERATURES
from workers.learning.pictures import BLOCK
from workers.learning.row_blocks import CELLS

SINGLE, DOUBLE = 4, 8
PICTURE = 128 * 128 * 3
GREY = 32 * 32
SVM_CACHE = 200_000_000
TENSORFLOW = 600_000_000
HELD_OUT = 1 / 3
"""Of the training faces, at most, are scored at once while hyper-parameters are chosen."""


@dataclass(frozen=True)
class TrainingSize:
    """The faces of a split.

    Attributes:
        train, others: numbers of faces that train, and that are scored.
        people: who train.
        dimensions: of an embedding.
    """

    train: int
    others: int
    people: int
    dimensions: int


def training_bytes(configuration: Configuration, size: TrainingSize) -> int:
    """Bytes that one training holds at most beside what its process holds already."""
    faces = size.train + size.others
    embeddings = 4 * faces * size.dimensions * SINGLE  # of the run, of the split, of its two parts
    decoded = min(faces, KEPT_DECODED) + 2 * BLOCK
    pictures = decoded * PICTURE if configuration.view in ("crop", "aligned") else 0
    scored = BATCH * size.people * (2 * SINGLE + DOUBLE) + 3_000 * size.others  # and the rows of scores
    return int(embeddings + pictures + scored + _of_family(configuration, size))


def _of_family(configuration: Configuration, size: TrainingSize) -> float:
    exact = size.train * size.dimensions * DOUBLE
    held = HELD_OUT * size.train
    blocks = 4 * min(CELLS, held * size.people) * SINGLE
    decisions = blocks + 3 * TEMPERATURES * held * DOUBLE  # at each temperature, of each held-out face
    family = configuration.family
    if family == "majority":
        return 0.0
    if family == "neighbours":
        return 4 * CELLS * SINGLE
    if family == "centroid":
        return decisions
    if family == "lda":
        return 3 * exact + decisions
    if family == "logistic":
        return 2 * exact + 3 * size.train * size.people * DOUBLE
    if family == "svm":
        return 3 * exact + SVM_CACHE + decisions + 4 * CELLS * SINGLE
    if family == "eigenfaces":
        return 4 * size.train * GREY * DOUBLE + SVM_CACHE + decisions + 4 * CELLS * SINGLE
    return TENSORFLOW + 3 * held * size.people * SINGLE  # networks: the logits of a validation

"""The threshold of a fitted model: the run's, or, for a configuration that the run did not score, one of its own faces.

Both follow `workers.compare.threshold_rule`. A run has held-out scores (`workers.compare.operating_points`). Without
them each face of the model is left out in turn, with all faces of its group: only distances change, nothing is fitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from workers.compare.encoder_scale import EncoderScale
from workers.compare.threshold_rule import Distances, unknown_above
from workers.learning.arrays import Array
from workers.learning.gallery import Gallery, mean_of_nearest


@dataclass(frozen=True)
class Threshold:
    """A face whose known score is below `value` is unknown.

    Attributes:
        value: None where every face gets a name.
        rule: where the value comes from, in words.
    """

    value: float | None
    rule: str


def threshold_without_scores(
    gallery: Gallery,
    y: Array,
    embedding: Array,
    groups: npt.ArrayLike,
    strangers: Mapping[str, Array],
    scale: EncoderScale,
) -> Threshold:
    """The threshold of a model that no run has scored.

    Args:
        gallery: of the faces that the model was fitted on.
        y, embedding, groups: the same faces: (N,) person numbers, (N, D) float32, and (N,) their groups.
        strangers: by person, the faces (M, D) float32 of people whom the model does not know; may be empty.
        scale: of the encoder.
    """
    known, others = left_out_distances(gallery, y, embedding, groups)
    limit = unknown_above(known, others + _nearest_of_all(gallery, strangers), scale)
    if limit is None:
        return Threshold(None, "none: no person has two photos that differ")
    words = f"chosen on the model's own {len(y)} faces, each left out in turn, because the run did not score it"
    return Threshold(-limit.distance, words + limit.words)


def _nearest_of_all(gallery: Gallery, strangers: Mapping[str, Array]) -> Distances:
    """Distances of strangers' faces to the nearest person of the gallery."""
    people, faces = len(gallery.starts) - 1, len(gallery.points)
    found = [
        (people + number, float(gallery.distances_to_all(face).min()))
        for number, own in enumerate(strangers.values())
        for face in own
    ]
    return Distances(
        np.asarray([distance for _, distance in found], np.float64),
        np.asarray([number for number, _ in found], np.intp),
        faces + np.arange(len(found)),
    )


def left_out_distances(
    gallery: Gallery, y: Array, embedding: Array, groups: npt.ArrayLike
) -> tuple[Distances, Distances]:
    """Distances of each face to its own person's other faces, and to the nearest other person.

    Faces of the same group as the face do not count as its person's. A face whose person has no other group has no
    distance of the first kind.
    """
    by, faces = np.asarray(groups), np.arange(len(y))
    near, far = np.full(len(y), np.nan), np.full(len(y), np.nan)
    for row, face in enumerate(embedding):
        own = embedding[(y == y[row]) & (by != by[row])]
        if len(own):
            near[row] = mean_of_nearest(np.linalg.norm(own - face, axis=1))
        others = np.delete(gallery.distances_to_all(face), y[row])
        if len(others):
            far[row] = others.min()
    people = y.astype(np.intp)
    known, strangers = Distances(near, people, faces), Distances(far, people, faces)
    return known[~np.isnan(near)], strangers[~np.isnan(far)]

"""The policy `consistent`: of several faces in a training photo, the one that recurs in the person's others.

The agreement of a face is its mean distance to the nearest face of each other training photo of the person. Related
photos (near-duplicates, one scene) do not vouch for each other: the same bystander may stand in all of them. A photo
that is not trained on is never asked, and keeps its central face, whatever its label.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.run_faces import embedding_array
from storage.tables import usable_rows
from workers.faces.detect.select_faces import CENTRAL, ONLY

CONSISTENT = "consistent"
"""Why a face was chosen, beside ONLY and CENTRAL: it agrees with the other photos."""

MARGIN = 0.05
"""Distance by which a face must agree better than the central one to be taken instead. Two bystanders, and two
profiles, differ by less: by 0.01 in a photo of `bubble`, where the other six differ by 0.09 to 0.28."""


class ChosenFace(NamedTuple):
    """The index of the face in its photo, and why it was chosen."""

    face_index: int
    why: str


class FaceChooser:
    """Chooses a face in each photo of a training set.

    Args:
        keys: photo keys of N faces.
        face_index: (N,) of each in its photo; 0 is the central one.
        embedding: (N, D) float, of the face engine, so that the choice is one for all configurations.
        related: of a photo, those that do not vouch for it; see `related_photos`.
    """

    def __init__(
        self,
        keys: Sequence[str],
        face_index: Sequence[int],
        embedding: npt.NDArray[np.floating],
        related: Mapping[str, Collection[str]],
    ) -> None:
        rows: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, (key, index) in enumerate(zip(keys, face_index, strict=True)):
            rows[key].append((int(index), row))
        self._rows = {key: [row for _, row in sorted(found)] for key, found in rows.items()}
        self._indices = [int(index) for index in face_index]
        self._embedding = embedding
        self._related = related

    def choose(self, labels: Mapping[str, str]) -> dict[str, ChosenFace]:
        """The face of each of these photos, which are all that a model trains on.

        Args:
            labels: of each photo, by its key.
        """
        people: defaultdict[str, list[str]] = defaultdict(list)
        for key in sorted(labels):
            people[labels[key]].append(key)
        chosen: dict[str, ChosenFace] = {}
        for own in people.values():
            for key in own:
                apart = {key, *self._related.get(key, ())}
                chosen[key] = self._choice(key, [other for other in own if other not in apart])
        return chosen

    def outside_training(self, key: str) -> ChosenFace:
        """The central face, which the photo alone decides."""
        rows = self._rows[key]
        return ChosenFace(self._indices[rows[0]], ONLY if len(rows) == 1 else CENTRAL)

    def _choice(self, key: str, others: Sequence[str]) -> ChosenFace:
        rows = self._rows[key]
        if len(rows) == 1 or not others:
            return self.outside_training(key)
        agreement = self._agreement(rows, others)
        best = int(np.argmin(agreement))
        if best == 0:
            return ChosenFace(self._indices[rows[0]], CONSISTENT)
        if agreement[0] - agreement[best] < MARGIN:
            return self.outside_training(key)
        return ChosenFace(self._indices[rows[best]], CONSISTENT)

    def _agreement(self, rows: Sequence[int], others: Sequence[str]) -> npt.NDArray[np.float64]:
        """Of each face, the mean distance to the nearest face of each other photo."""
        theirs = [self._rows[other] for other in others]
        starts = np.cumsum([0, *map(len, theirs[:-1])])
        faces = self._embedding[[row for found in theirs for row in found]].astype(np.float64)
        distances = np.stack([np.linalg.norm(faces - self._embedding[row], axis=1) for row in rows])
        return np.asarray(np.minimum.reduceat(distances, starts, axis=1).mean(axis=1), np.float64)


def chooser_of(
    faces: pa.Table,
    near: Iterable[tuple[str, str]],
    catalog: pa.Table,
    embedding: npt.NDArray[np.float32] | None = None,
) -> FaceChooser:
    """The chooser of these faces.

    Args:
        faces: FACES; of the rows whose outcome is ok, photo_key, face_index and embedding are read.
        near: pairs of near-duplicate photos.
        catalog: CATALOG.
        embedding: (N, D) of those rows; None takes them from the table.
    """
    good = usable_rows(faces)
    columns = (catalog[name].to_pylist() for name in ("photo_key", "group"))
    scenes = {key: group for key, group in zip(*columns, strict=True) if group is not None}
    embedding = embedding_array(good) if embedding is None else embedding
    keys, indices = good["photo_key"].to_pylist(), good["face_index"].to_pylist()
    return FaceChooser(keys, indices, embedding, related_photos(near, scenes))


def related_photos(near: Iterable[tuple[str, str]], scenes: Mapping[str, str]) -> dict[str, set[str]]:
    """The photos that are related to each photo; none of a photo that stands alone.

    A near-duplicate of a near-duplicate is not related, so that what is related among photos is known from them alone.

    Args:
        near: pairs of photo keys.
        scenes: group in the labels file, by photo key.
    """
    members: defaultdict[str, set[str]] = defaultdict(set)
    for key, scene in scenes.items():
        members[scene].add(key)
    related: defaultdict[str, set[str]] = defaultdict(set)
    for first, second in near:
        related[first].add(second)
        related[second].add(first)
    for key, scene in scenes.items():
        if others := members[scene] - {key}:
            related[key] |= others
    return dict(related)

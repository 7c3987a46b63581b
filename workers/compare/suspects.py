"""Suspected label errors: faces that are nearer to another person's faces than to those of their own.

The distance of a face to a person is the mean distance to the nearest half of this person's faces. Neither the face
itself, nor another face of its photo, nor a near-duplicate counts as one of them. Half, since several wrong photos of
one person then do not outvote the right ones, and since a person may look different in the other half.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.finding_schemas import SUSPECTS

Key = tuple[str, int]
"""photo_key and face_index."""
Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.floating]
"""(N, d); what is computed of them is computed in double precision, of a few at a time."""
Rows = npt.NDArray[np.intp]

LEAST_FACES = 2
"""A person with fewer other faces tells nothing of a label: one of two would always accuse the other."""

NEIGHBOURS = 3
"""Nearest faces of each person that are kept, for someone to look at."""

CANDIDATES = 10
"""Only the people with the nearest mean are compared face by face, so that the cost does not grow with N x N."""

BLOCK = 2_000_000
"""Distances in memory at once."""

STRANGER_DISTANCE = 0.6
"""dlib's published threshold: beyond it two photos do not show one person."""

PLACES = 4
"""Decimals of the distances, so that the order of summation decides no row."""


@dataclass(frozen=True)
class Suspect:
    """A face whose label is in doubt; rows are those of the arrays that were searched.

    Attributes:
        suggested: the person whose faces are nearest.
        own, other: distance to the faces of its own label, and of the suggested person.
        nearest_own, nearest_other: rows of the nearest faces of both, nearest first.
    """

    row: int
    suggested: str
    own: float
    other: float
    nearest_own: tuple[int, ...]
    nearest_other: tuple[int, ...]

    @property
    def margin(self) -> float:
        """Positive: how much nearer the suggested person is."""
        return round(self.own - self.other, PLACES)


def find_suspects(
    embedding: Points,
    keys: Sequence[Key],
    labels: Sequence[str],
    near: Iterable[tuple[Key, Key]] = (),
) -> list[Suspect]:
    """All faces with a positive margin, the largest first.

    Args:
        embedding: (N, d) measurements whose Euclidean distance tells people apart.
        keys: of the N faces.
        labels: of the N faces.
        near: near-duplicates, which do not speak for each other.
    """
    points, silent = np.asarray(embedding), _silent(keys, near)
    groups = {name: np.flatnonzero(np.asarray(labels) == name) for name in sorted(set(labels))}
    members = {name: rows for name, rows in groups.items() if len(rows) >= LEAST_FACES}
    if len(members) < 2:
        return []
    names = list(members)
    places = {name: place for place, name in enumerate(names)}
    labelled = np.asarray([places.get(label, -1) for label in labels])
    own, other, best = _distances_to_people(points, list(members.values()), labelled, silent)
    found = []
    for row in np.flatnonzero(np.isfinite(own) & (own > other)).tolist():
        suggested = names[best[row]]
        speaking = np.setdiff1d(members[labels[row]], silent[row])
        nearest = (_nearest(points, row, rows) for rows in (speaking, members[suggested]))
        found.append(Suspect(row, suggested, float(own[row]), float(other[row]), *nearest))
    return sorted(found, key=lambda each: (-each.margin, keys[each.row]))


def suspects_table(
    found: Sequence[Suspect], keys: Sequence[Key], labels: Sequence[str], paths: Mapping[str, str]
) -> pa.Table:
    """`storage.finding_schemas.SUSPECTS` of what `find_suspects` found, in its order.

    Args:
        paths: by photo key.
    """
    rows = []
    for rank, each in enumerate(found, 1):
        key, face = keys[each.row]
        rows.append(
            {
                "rank": rank,
                "photo_key": key,
                "face_index": face,
                "path": paths[key],
                "label": labels[each.row],
                "suggested": each.suggested,
                "margin": each.margin,
                "own_distance": each.own,
                "other_distance": each.other,
                **_neighbours("own", each.nearest_own, keys),
                **_neighbours("other", each.nearest_other, keys),
                "reason": reason_of(each, labels[each.row]),
            }
        )
    return pa.Table.from_pylist(rows, schema=SUSPECTS)


def reason_of(suspect: Suspect, label: str) -> str:
    """Why a label is in doubt, in one sentence."""
    distances = f"{suspect.own:.2f} from {label}, {suspect.other:.2f} from {suspect.suggested}"
    if suspect.other > STRANGER_DISTANCE:
        return f"unlike the other photos of {label} and not like {suspect.suggested} either ({distances})"
    return f"like the photos of {suspect.suggested} rather than those of {label} ({distances})"


def _neighbours(whose: str, rows: Sequence[int], keys: Sequence[Key]) -> dict[str, list[str] | list[int]]:
    return {f"nearest_{whose}": [keys[row][0] for row in rows], f"nearest_{whose}_face": [keys[row][1] for row in rows]}


def _distances_to_people(
    points: Points, people: Sequence[Rows], labelled: Rows, silent: Mapping[int, Rows]
) -> tuple[Floats, Floats, Rows]:
    """Of each face, the distance to its own person and to the nearest other one of its CANDIDATES, and who that is.

    Args:
        people: rows of each person.
        labelled: by row, the place of its person in `people`; -1 for a face that is not judged.
    """
    means = np.stack([np.asarray(points[rows], np.float64).mean(axis=0) for rows in people])
    own, other = np.full((2, len(points)), np.inf)
    best = np.full(len(points), -1, np.intp)
    for place, rows in enumerate(_wanted(points, means, labelled)):
        members = people[place]
        size = max(1, BLOCK // len(members))
        for block in (rows[start : start + size] for start in range(0, len(rows), size)):
            distances = _distances(points[block], points[members])
            mine = labelled[block] == place
            for i in np.flatnonzero(mine).tolist():
                distances[i, np.isin(members, silent[int(block[i])])] = np.inf
            found = np.round(_nearest_half(distances), PLACES)
            own[block[mine]] = found[mine]
            nearer = ~mine & (found < other[block])
            other[block[nearer]], best[block[nearer]] = found[nearer], place
    return own, other, best


def _wanted(points: Points, means: Floats, labelled: Rows) -> list[Rows]:
    """By person, the rows that are compared with this person's faces."""
    wanted: list[list[int]] = [[] for _ in means]
    count = min(CANDIDATES + 1, len(means))
    judged = np.flatnonzero(labelled >= 0)
    size = max(1, BLOCK // len(means))
    for block in (judged[start : start + size] for start in range(0, len(judged), size)):
        near = _distances(points[block], means).argpartition(count - 1, axis=1)[:, :count]
        for row, places in zip(block.tolist(), near.tolist(), strict=True):
            for place in {*places, int(labelled[row])}:
                wanted[place].append(row)
    return [np.asarray(rows, np.intp) for rows in wanted]


def _nearest_half(distances: Floats) -> Floats:
    """Mean of the smaller half of each row's finite distances; infinite where there are fewer than LEAST_FACES."""
    ordered = np.sort(distances, axis=1)
    finite = np.isfinite(ordered).sum(axis=1)
    half = np.maximum(LEAST_FACES, (finite + 1) // 2)
    taken = np.where(np.arange(ordered.shape[1]) < np.minimum(half, finite)[:, None], ordered, 0.0)
    return np.where(finite >= LEAST_FACES, taken.sum(axis=1) / half, np.inf)


def _distances(left: Points, right: Points) -> Floats:
    left, right = np.asarray(left, np.float64), np.asarray(right, np.float64)
    squares = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1) - 2 * left @ right.T
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), np.float64)


def _nearest(points: Points, row: int, others: Rows) -> tuple[int, ...]:
    order = np.argsort(np.round(_distances(points[row : row + 1], points[others])[0], PLACES), kind="stable")
    return tuple(others[order[:NEIGHBOURS]].tolist())


def _silent(keys: Sequence[Key], near: Iterable[tuple[Key, Key]]) -> dict[int, Rows]:
    """By row, the rows that do not speak for its label: itself, faces of its photo, near-duplicates."""
    places = {key: row for row, key in enumerate(keys)}
    photos: defaultdict[str, list[int]] = defaultdict(list)
    for row, (photo, _) in enumerate(keys):
        photos[photo].append(row)
    found = [list(photos[photo]) for photo, _ in keys]
    for first, second in near:
        if first in places and second in places:
            found[places[first]].append(places[second])
            found[places[second]].append(places[first])
    return {row: np.asarray(rows, np.intp) for row, rows in enumerate(found)}

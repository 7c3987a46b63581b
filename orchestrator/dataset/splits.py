"""Splits: which face trains and which tests, made once after detection and the same for every configuration.

Everything is a function of the tables and the protocol; rows are sorted before anything is drawn. In this order:

1. Each distinct picture (sha256) counts once, under the label of its first path: exact duplicates cannot straddle.
2. A picture with labels of several people is left out.
3. The face policy has chosen among the faces of a photo; under `all` each has the photo's label, and the faces of one
   photo share a group.
4. Near-duplicates (`near_duplicates.py`) are always reported. They share a group where the protocol says so: by
   default under kfold; holdout stays the mission's own draw.
5. People with fewer groups than `min_photos_per_person`, or than folds, are left out (`Splits.excluded`). At least two
   people must remain.
6. Open set: a seeded share of the people (at least two) is never trained. Some of them choose the threshold
   (role calibrate), the others test it (role unknown).
7. Groups are drawn, not faces: `holdout` is scikit-learn's train_test_split, stratified by person (by default the
   mission's own: 70/30, seed 42); `kfold` is StratifiedKFold, shuffled, over one representative of each group, with
   seed + repeat. All faces of a group have the same role.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from orchestrator.dataset.near_duplicates import Key, NearDuplicates, Pairs, find_near_duplicates
from storage.errors import DatasetError
from storage.experiments import Protocol
from storage.finding_schemas import LEFT_OUT
from storage.schemas import SPLITS
from workers.learning.face_arrays import labels_of


@dataclass(frozen=True)
class Splits:
    """The table, and what was left out or found on the way.

    Attributes:
        table: `storage.schemas.SPLITS`, sorted by repeat, fold, photo_key, face_index.
        excluded: (label, groups) of people left out because they have too few different photos with a face.
        faceless: (label) of people none of whose photos gave a face.
        conflicting: keys of pictures with labels of several people.
        unknown_people: labels that choose (calibrate) and test (unknown) the rejection of unknown people.
        near_duplicates: pairs that were found; the protocol says whether they share a group.
    """

    table: pa.Table
    excluded: tuple[tuple[str, int], ...]
    faceless: tuple[str, ...]
    conflicting: tuple[str, ...]
    unknown_people: Mapping[str, tuple[str, ...]]
    near_duplicates: NearDuplicates

    def tables(self) -> dict[str, pa.Table]:
        """NEAR_DUPLICATES and LEFT_OUT of `storage.finding_schemas`, by the name of the run's table."""
        too_few = ({"reason": "too_few_photos", "label": label, "groups": count} for label, count in self.excluded)
        no_face = ({"reason": "no_face", "label": label, "groups": 0} for label in self.faceless)
        several = ({"reason": "several_names", "photo_key": key} for key in self.conflicting)
        left_out = pa.Table.from_pylist([*too_few, *no_face, *several], schema=LEFT_OUT)
        return {"near_duplicates": self.near_duplicates.table(), "left_out": left_out}


class Face(NamedTuple):
    """A usable face."""

    key: Key
    label: str
    group: int


def make_splits(catalog: pa.Table, faces: pa.Table, protocol: Protocol) -> Splits:
    """Assign a role to every usable face, in every repeat and fold.

    Args:
        catalog: `storage.schemas.CATALOG`.
        faces: `storage.schemas.FACES`; rows whose outcome is not ok are left aside.

    Raises:
        DatasetError: fewer than two people remain to be told apart, or too few photos for the test share.
    """
    labels, conflicting = labels_of(catalog)
    usable = _usable(faces, set(labels))
    near = find_near_duplicates(usable, labels, protocol.hash_distance, protocol.embedding_distance)
    grouped = _grouped(usable, labels, near.pairs if protocol.groups_near_duplicates else ())
    counts = _groups_per_person(grouped)
    least = max(protocol.min_photos_per_person, protocol.folds if protocol.kind == "kfold" else 2)
    few = {label: count for label, count in sorted(counts.items()) if count < least}
    candidates = [face for face in grouped if face.label not in few]
    if len(counts) - len(few) < 2:
        raise DatasetError(
            f"Only {len(counts) - len(few)} people have {least} different photos with a face",
            "At least two are needed: add photos, lower protocol.min_photos_per_person or protocol.folds"
            + (', or set protocol.near_duplicates = "report"' if protocol.groups_near_duplicates else "")
            + ".",
        )
    unknown = _unknown_people(sorted(set(counts) - set(few)), protocol)
    return Splits(
        table=_table(candidates, unknown, protocol),
        excluded=tuple(few.items()),
        faceless=tuple(sorted(set(labels.values()) - set(counts))),
        conflicting=conflicting,
        unknown_people=unknown,
        near_duplicates=near,
    )


def _table(candidates: Sequence[Face], unknown: Mapping[str, Sequence[str]], protocol: Protocol) -> pa.Table:
    open_set = {label: role for role, names in unknown.items() for label in names}
    rows = []
    for repeat, fold, tested in _draws([face for face in candidates if face.label not in open_set], protocol):
        for face in candidates:
            role = open_set.get(face.label) or ("test" if face.group in tested else "train")
            rows.append((repeat, fold, *face.key, face.label, face.group, role))
    rows.sort(key=lambda row: row[:4])
    columns = {name: [row[i] for row in rows] for i, name in enumerate(SPLITS.names)}
    return pa.Table.from_pydict(columns, schema=SPLITS)


def _usable(faces: pa.Table, known: set[str]) -> pa.Table:
    """Faces with outcome ok of pictures with one label, sorted by key."""
    columns = (faces[name].to_pylist() for name in ("photo_key", "face_index", "outcome"))
    kept = sorted(
        (key, index, row)
        for row, (key, index, outcome) in enumerate(zip(*columns, strict=True))
        if outcome == "ok" and key in known
    )
    return faces.take(pa.array([row for _, _, row in kept], pa.int64()))


def _grouped(faces: pa.Table, labels: Mapping[str, str], joined: Pairs) -> list[Face]:
    keys: list[Key] = list(zip(faces["photo_key"].to_pylist(), faces["face_index"].to_pylist(), strict=True))
    numbers = _groups(keys, joined)
    return [Face(key, labels[key[0]], numbers[key[0]]) for key in keys]


def _groups(keys: Sequence[Key], joined: Pairs) -> dict[str, int]:
    """Group number by photo key: connected components of `joined`, numbered in the order of their first key."""
    parent = {key: key for key, _ in keys}

    def root(key: str) -> str:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for (first, _), (second, _) in joined:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    numbers: dict[str, int] = {}
    return {key: numbers.setdefault(root(key), len(numbers)) for key in sorted(parent)}


def _groups_per_person(faces: Sequence[Face]) -> dict[str, int]:
    groups: defaultdict[str, set[int]] = defaultdict(set)
    for face in faces:
        groups[face.label].add(face.group)
    return {label: len(members) for label, members in groups.items()}


def _unknown_people(labels: Sequence[str], protocol: Protocol) -> dict[str, tuple[str, ...]]:
    """People kept out of training, by role; at least one a role where any are asked for."""
    if not protocol.unknown_share:
        return {}
    count = max(2, round(protocol.unknown_share * len(labels)))
    if len(labels) - count < 2:
        raise DatasetError(
            f"Of {len(labels)} people with enough photos {count} would be unknown, and fewer than two known",
            "Lower protocol.unknown_share, or add people.",
        )
    drawn = random.Random(f"strangers {protocol.seed}").sample(labels, count)  # noqa: S311 - a draw, not a secret
    chooses = min(count - 1, max(1, round(protocol.calibrate_share * count)))
    return {"calibrate": tuple(sorted(drawn[:chooses])), "unknown": tuple(sorted(drawn[chooses:]))}


def _draws(faces: Sequence[Face], protocol: Protocol) -> Iterator[tuple[int, int, set[int]]]:
    """(repeat, fold, groups that test)."""
    from sklearn.model_selection import StratifiedKFold, train_test_split

    labels = {face.group: face.label for face in faces}
    groups = sorted(labels)
    people = [labels[group] for group in groups]
    for repeat in range(protocol.repeats):
        seed = (protocol.seed + repeat) % 2**32
        if protocol.kind == "holdout":
            try:
                _, tested = train_test_split(groups, test_size=protocol.test_share, stratify=people, random_state=seed)
            except ValueError as fault:
                raise DatasetError(
                    f"{len(groups)} photos of {len(set(people))} people cannot be split at "
                    f"protocol.test_share = {protocol.test_share}: {fault}",
                    "Change the share, or add photos.",
                ) from fault
            yield repeat, 0, set(tested)
        else:
            folds = StratifiedKFold(protocol.folds, shuffle=True, random_state=seed)
            for fold, (_, tested) in enumerate(folds.split(groups, people)):
                yield repeat, fold, {groups[i] for i in tested}

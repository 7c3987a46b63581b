"""Splits: which face trains and which tests, made once after detection and the same for every configuration.

Everything is a function of the tables and the protocol; rows are sorted before anything is drawn. In this order:

1. Each distinct picture (sha256) counts once, under the label of its first path: exact duplicates cannot straddle.
2. A picture with labels of several people is left out.
3. The face policy has chosen among the faces of a photo. Under `all` each has the photo's label, and the faces of one
   photo share a group. Under `consistent` the central face takes part, until a split is drawn: then each photo that
   trains in it gets the face that agrees with the person's other training photos (face_chooser.py).
4. Near-duplicates (`near_duplicates.py`) are always reported. They share a group where the protocol says so: by
   default under kfold and k-shot; holdout stays the mission's own draw. Photos with one `group` in the labels file
   (a scene, a film, a date) share a group always, with all their near-duplicates.
5. People with fewer distinct photos than `Protocol.least_photos`, or whose photos are all in one group, are left out.
   At least two people must remain.
6. The protocol draws (`draws.py`): groups train or test, and people play the stranger in turn (roles calibrate and
   unknown). A stranger's face whose group trains is left out of that split, as is a test face of a person of whom
   nothing trains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from orchestrator.dataset.draws import Draw, Face, draws_of, groups_of_people, strangers_of
from orchestrator.dataset.near_duplicates import Key, NearDuplicates, find_near_duplicates
from orchestrator.dataset.photo_groups import group_numbers, grouped_faces, of_one_group
from orchestrator.text import examples
from storage.engine_settings import FacePolicy
from storage.errors import DatasetError
from storage.experiments import Protocol
from storage.face_pictures import PictureSource
from storage.finding_schemas import LEFT_OUT
from storage.schemas import SPLITS
from workers.learning.face_arrays import labels_of
from workers.learning.face_chooser import FaceChooser, chooser_of

SPLIT_COLUMNS = ["photo_key", "face_index", "outcome", "embedding"]


@dataclass(frozen=True)
class Splits:
    """The table, and what was left out or found on the way.

    Attributes:
        table: `storage.schemas.SPLITS`, sorted by repeat, fold, photo_key, face_index.
        left_out: rows of `storage.finding_schemas.LEFT_OUT`.
        near_duplicates: pairs that were found; the protocol says whether they share a group.
    """

    table: pa.Table
    left_out: tuple[Mapping[str, Any], ...]
    near_duplicates: NearDuplicates

    def tables(self) -> dict[str, pa.Table]:
        """NEAR_DUPLICATES and LEFT_OUT of `storage.finding_schemas`, by the name of the run's table."""
        left_out = pa.Table.from_pylist(list(self.left_out), schema=LEFT_OUT)
        return {"near_duplicates": self.near_duplicates.table(), "left_out": left_out}


def make_splits(
    catalog: pa.Table,
    faces: pa.Table,
    protocol: Protocol,
    pictures: PictureSource,
    policy: FacePolicy = "central",
) -> Splits:
    """Assign a role to every usable face, in every repeat and fold.

    Args:
        catalog: `storage.schemas.CATALOG`.
        faces: SPLIT_COLUMNS of `storage.schemas.RUN_FACES`; rows whose outcome is not ok are left aside.
        pictures: of these faces.
        policy: by which the faces were chosen.

    Raises:
        DatasetError: fewer than two people remain to be told apart, or too few photos for the protocol.
        StoreError: a picture is not in the encodings any more.
    """
    labels, conflicting = labels_of(catalog)
    usable = _usable(faces, labels)
    del faces  # where the caller keeps them neither, their embeddings are freed below
    near = find_near_duplicates(usable, labels, protocol.hash_distance, protocol.embedding_distance, pictures)
    near_photos = [(first, second) for (first, _), (second, _) in near.pairs]
    chooser = chooser_of(usable, near_photos, catalog) if policy == "consistent" else None
    usable = usable.select(["photo_key", "face_index"])
    joined = near.pairs if protocol.groups_near_duplicates else ()
    photos = grouped_faces(usable, labels, joined)
    scenes = of_one_group(catalog, photos)
    grouped = grouped_faces(usable, labels, (*joined, *scenes)) if scenes else photos
    without = _left_out(set(labels.values()), photos, grouped, protocol)
    out = {row["label"] for row in without}
    candidates = [face for face in grouped if face.label not in out and not (chooser and face.key[1])]
    _check_people(candidates, without, protocol, "different photos with a face")
    table, untrained = _table(candidates, protocol, chooser)
    several = ({"reason": "several_names", "photo_key": key} for key in conflicting)
    return Splits(table, (*without, *untrained, *several), near)


def check_splittable(catalog: pa.Table, protocol: Protocol) -> None:
    """Raise DatasetError where no split could be made even if every usable photo gave a face.

    Who has too few photos is known before anything is encoded; a photo without a face can only make it worse.
    """
    labels, _ = labels_of(catalog)
    pictures = [Face((key, 0), labels[key], group) for group, key in enumerate(sorted(labels))]
    joined = of_one_group(catalog, pictures)
    numbers = group_numbers([face.key for face in pictures], joined)
    grouped = [face._replace(group=numbers[face.key[0]]) for face in pictures]
    without = _left_out(set(labels.values()), pictures, grouped, protocol)
    candidates = [face for face in grouped if face.label not in {row["label"] for row in without}]
    _check_people(candidates, without, protocol, "different photos")
    people = sorted({face.label for face in candidates})
    for draw in draws_of(candidates, protocol):
        if "test" in _roles(candidates, draw, strangers_of(people, protocol, draw.turn)).values():
            return
    raise _no_test()


def _check_people(
    candidates: Sequence[Face], without: Sequence[Mapping[str, Any]], protocol: Protocol, photos: str
) -> None:
    """Raise DatasetError where fewer than two people remain; `photos` says what was counted."""
    people = {face.label for face in candidates}
    if len(people) < 2:
        alike = sum(row["reason"] == "one_group" for row in without)
        few = [f"{row['label']} ({row['groups']})" for row in without if row["reason"] == "too_few_photos"]
        raise DatasetError(
            f"Only {len(people)} people have {protocol.least_photos} {photos}"
            + (f"; too few: {examples(few)}" if few else "")
            + (f" in several groups; those of {alike} others are all in one group of the labels" if alike else ""),
            "At least two are needed: add photos, lower protocol.min_photos_per_person or protocol.folds"
            + (', or set protocol.near_duplicates = "report"' if protocol.groups_near_duplicates else "")
            + ".",
        )


def _no_test() -> DatasetError:
    hint = "Lower protocol.shots, protocol.unknown_share or protocol.folds, or add photos."
    return DatasetError("No split has a face to test", hint)


def _left_out(
    labels: set[str], pictures: Sequence[Face], grouped: Sequence[Face], protocol: Protocol
) -> list[dict[str, Any]]:
    """Rows of LEFT_OUT for people who take no part: too few photos, all in one group, or without a face.

    Args:
        pictures: faces whose groups are near-duplicates only; `grouped`: with the groups of the labels file too.
    """
    counts, groups = groups_of_people(pictures), groups_of_people(grouped)
    rows: list[dict[str, Any]] = []
    for label, own in counts.items():
        if len(own) < protocol.least_photos:
            rows.append({"reason": "too_few_photos", "label": label, "groups": len(own)})
        elif len(groups[label]) < 2:
            rows.append({"reason": "one_group", "label": label, "groups": 1})
    return rows + [{"reason": "no_face", "label": label, "groups": 0} for label in sorted(labels - set(counts))]


def _table(
    candidates: Sequence[Face], protocol: Protocol, chooser: FaceChooser | None
) -> tuple[pa.Table, list[dict[str, Any]]]:
    """SPLITS, and rows of LEFT_OUT for people of whom in some split nothing would train."""
    people = sorted({face.label for face in candidates})
    rows: list[tuple[Any, ...]] = []
    untrained: defaultdict[str, int] = defaultdict(int)
    for draw in draws_of(candidates, protocol):
        strangers = strangers_of(people, protocol, draw.turn)
        roles = _roles(candidates, draw, strangers)
        if "test" not in roles.values():
            continue
        taking = [face for face in candidates if face.key in roles]
        chosen = _chosen(taking, roles, chooser)
        for face in taking:
            key, why = chosen.get(face.key, (face.key, None))
            rows.append((draw.repeat, draw.fold, *key, face.label, face.group, roles[face.key], why))
        trained = {face.label for face in candidates if roles.get(face.key) == "train"}
        tested = {face.label for face in candidates if face.key in draw.tests}
        for label in tested - trained - strangers.keys():
            untrained[label] += 1
    if not rows:
        raise _no_test()
    rows.sort(key=lambda row: row[:4])
    columns = {name: [row[i] for row in rows] for i, name in enumerate(SPLITS.names)}
    missing = [{"reason": "untrained", "label": label, "groups": count} for label, count in sorted(untrained.items())]
    return pa.Table.from_pydict(columns, schema=SPLITS), missing


def _chosen(faces: Sequence[Face], roles: Mapping[Key, str], chooser: FaceChooser | None) -> dict[Key, tuple[Key, str]]:
    """The face that takes the place of each under `consistent`, and why: a photo's own role decides who is asked."""
    if chooser is None:
        return {}
    trained = chooser.choose({face.key[0]: face.label for face in faces if roles[face.key] == "train"})
    found = {face.key: trained.get(face.key[0]) or chooser.outside_training(face.key[0]) for face in faces}
    return {key: ((key[0], one.face_index), one.why) for key, one in found.items()}


def _roles(faces: Sequence[Face], draw: Draw, strangers: Mapping[str, str]) -> dict[Key, str]:
    """The role of each face that takes part in this split."""
    train = [face for face in faces if face.key in draw.trains and face.label not in strangers]
    people, groups = {face.label for face in train}, {face.group for face in train}
    if len(people) < 2:
        return {}
    roles = {face.key: "train" for face in train}
    for face in faces:
        if face.label in strangers and face.group not in groups:
            roles[face.key] = strangers[face.label]
        elif face.key in draw.tests and face.label in people:
            roles[face.key] = "test"
    return roles


def _usable(faces: pa.Table, known: Container[str]) -> pa.Table:
    """Faces with outcome ok of pictures with one label, sorted by key."""
    columns = (faces[name].to_pylist() for name in ("photo_key", "face_index", "outcome"))
    kept = sorted(
        (key, index, row)
        for row, (key, index, outcome) in enumerate(zip(*columns, strict=True))
        if outcome == "ok" and key in known
    )
    rows = [row for _, _, row in kept]
    if rows == list(range(faces.num_rows)):
        return faces  # as a run's table is: nothing is copied
    return faces.take(pa.array(rows, pa.int64()))

"""What the report shows of photos and people: faces, errors, failures, duplicates."""

from __future__ import annotations

import base64
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from storage.face_pictures import Face, PictureSource
from storage.schemas import EXCLUDED

PEOPLE_SHOWN = 30
FACES_PER_PERSON = 6
HARDEST_SHOWN = 12
ROWS_TOGETHER = 10_000
NAMES_IN_A_MATRIX = 25
"""A larger confusion matrix is not shown; its most frequent confusions are listed all the same."""
CONFUSIONS_LISTED = 8
NEAR_DUPLICATES_LISTED = 40
"""Those of a film would fill pages."""


@dataclass(frozen=True)
class Strip:
    """One person: how many faces there are, and data URIs of some as (crop, aligned)."""

    label: str
    faces: int
    pictures: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class HardFace:
    """A face that was wrongly named in `wrong` of `asked` test predictions, most often as `instead`.

    Attributes:
        face: photo key and face index.
        split: a repeat and fold in which it was taken for `instead`.
        beside, beside_path: the training face of `instead` that it is nearest to; empty where that is not known.
    """

    picture: str
    path: str
    truth: str
    instead: str
    wrong: int
    asked: int
    face: tuple[str, int] = ("", 0)
    split: tuple[int, int] = (0, 0)
    beside: str = ""
    beside_path: str = ""


@dataclass(frozen=True)
class Confusion:
    """Confusion matrix: counts[truth][predicted] over all splits; no `labels` if it is too large to show."""

    configuration: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    largest: tuple[tuple[str, str, int], ...]  # (truth, predicted, how often), most frequent first


def strips(
    catalog: pa.Table, faces: pa.Table, splits: pa.Table, pictures: PictureSource, worst: Sequence[str] = ()
) -> list[Strip]:
    """The first faces of each person by photo key; of a photo's further faces, those in the splits.

    Only the first PEOPLE_SHOWN have pictures.

    Args:
        worst: people in the order in which they are shown; all others follow by name.
    """
    further = set(zip(splits["photo_key"].to_pylist(), splits["face_index"].to_pylist(), strict=True))
    labels = dict(_pairs(catalog, "photo_key", "label"))
    by_label: defaultdict[str, list[Face]] = defaultdict(list)
    columns = (faces[name].to_pylist() for name in ("photo_key", "face_index", "outcome"))
    for key, index, outcome in sorted(zip(*columns, strict=True)):
        counts = index == 0 or (key, index) in further
        if counts and outcome == "ok" and key in labels:
            by_label[labels[key]].append((key, index))
    places = {label: place for place, label in enumerate(worst)}
    people = sorted(by_label.items(), key=lambda item: (places.get(item[0], len(places)), item[0]))
    shown = {face for _, found in people[:PEOPLE_SHOWN] for face in found[:FACES_PER_PERSON]}
    crops, aligned = pictures.both(shown)

    def two(face: Face) -> tuple[str, str]:
        return face_picture(crops.get(face)), face_picture(aligned.get(face))

    return [
        Strip(label, len(found), tuple(two(face) for face in found[:FACES_PER_PERSON] if face in shown))
        for label, found in people
    ]


def hardest_faces(
    catalog: pa.Table, pictures: PictureSource, scores: pa.Table, blind: Collection[str] = ()
) -> list[HardFace]:
    """The test faces that the most predictions, over configurations and splits, named wrongly.

    Args:
        blind: configurations that look at no face; their errors are not counted.
    """
    asked: Counter[tuple[str, int]] = Counter()
    instead: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    truths: dict[tuple[str, int], str] = {}
    splits: dict[tuple[tuple[str, int], str], tuple[int, int]] = {}
    for row in _tested(scores):
        if row["configuration"] in blind:
            continue
        key = (row["photo_key"], row["face_index"])
        asked[key] += 1
        truths[key] = sys.intern(row["truth"])
        if row["predicted"] != row["truth"]:
            instead[key][row["predicted"]] += 1
            splits.setdefault((key, row["predicted"]), (row["repeat"], row["fold"]))
    worst = sorted(instead, key=lambda key: (-instead[key].total() / asked[key], -instead[key].total(), key))
    crops = pictures.some(set(worst[:HARDEST_SHOWN]), "crop")
    paths = dict(_pairs(catalog, "photo_key", "path"))
    names = {key: min(instead[key].items(), key=lambda item: (-item[1], item[0]))[0] for key in worst[:HARDEST_SHOWN]}
    return [
        HardFace(
            picture=face_picture(crops.get(key)),
            path=paths.get(key[0], key[0]),
            truth=truths[key],
            instead=name,
            wrong=instead[key].total(),
            asked=asked[key],
            face=key,
            split=splits[key, name],
        )
        for key, name in names.items()
    ]


def confusions(scores: pa.Table, order: list[str]) -> list[Confusion]:
    """One matrix a configuration, in the order given."""
    counts: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in _tested(scores):
        counts[row["configuration"]][row["truth"], row["predicted"]] += 1
    found = []
    for name in order:
        if name not in counts:
            continue
        cells = counts[name]
        labels = tuple(sorted({label for pair in cells for label in pair}))
        shown = labels if len(labels) <= NAMES_IN_A_MATRIX else ()
        matrix = tuple(tuple(cells[truth, predicted] for predicted in shown) for truth in shown)
        errors = sorted(((-count, *pair) for pair, count in cells.items() if pair[0] != pair[1]))
        largest = tuple((truth, said, -count) for count, truth, said in errors[:CONFUSIONS_LISTED])
        found.append(Confusion(name, shown, matrix, largest))
    return found


def failures(catalog: pa.Table, faces: pa.Table) -> list[tuple[str, str, str]]:
    """(path, outcome, reason) of each photo that gave no face, by path."""
    paths = dict(_pairs(catalog, "photo_key", "path"))
    rows = {
        (row["path"], row["outcome"], row["reason"])
        for row in catalog.select(["path", "outcome", "reason"]).to_pylist()
        if row["outcome"] not in ("ok", EXCLUDED)
    }
    for row in faces.select(["photo_key", "outcome", "reason"]).to_pylist():
        if row["outcome"] != "ok":
            rows.add((paths.get(row["photo_key"], row["photo_key"]), row["outcome"], row["reason"]))
    return sorted(rows)


def duplicates(catalog: pa.Table) -> list[list[tuple[str, str]]]:
    """Groups of photos with equal bytes, each as [(path, label)]."""
    groups = defaultdict(list)
    for row in catalog.select(["duplicate_group", "path", "label"]).to_pylist():
        groups[row["duplicate_group"]].append((row["path"], row["label"]))
    return [sorted(group) for _, group in sorted(groups.items()) if len(group) > 1]


def worst_recalls(table: pa.Table) -> dict[str, list[dict[str, Any]]]:
    """Rows of PEOPLE by configuration, the lowest recall first; of very many people only the lowest."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in table.to_pylist():
        found[row["configuration"]].append(row)
    return {name: rows[:NAMES_IN_A_MATRIX] for name, rows in found.items()}


def worst_named(table: pa.Table, configuration: str) -> list[str]:
    """The people of a configuration, the lowest recall first.

    Args:
        table: `storage.finding_schemas.PEOPLE`.
    """
    mine = [row for row in table.to_pylist() if row["configuration"] == configuration]
    return [row["label"] for row in sorted(mine, key=lambda row: (row["recall"], row["label"]))]


def listed_near_duplicates(catalog: pa.Table, near: pa.Table) -> list[tuple[str, str, str]]:
    """(path, path, found by) of the first rows of `storage.finding_schemas.NEAR_DUPLICATES`."""
    paths = dict(_pairs(catalog, "photo_key", "path"))
    found = []
    for row in near.slice(0, NEAR_DUPLICATES_LISTED).to_pylist():
        how = "both" if row["by_hash"] and row["by_embedding"] else "hash" if row["by_hash"] else "embedding"
        found.append((paths.get(row["first"], row["first"]), paths.get(row["second"], row["second"]), how))
    return found


def _tested(scores: pa.Table) -> Iterator[dict[str, Any]]:
    """The rows of role test; few are in memory at once."""
    columns = ["configuration", "repeat", "fold", "photo_key", "face_index", "role", "truth", "predicted"]
    for some in scores.select(columns).to_batches(max_chunksize=ROWS_TOGETHER):
        yield from (row for row in some.to_pylist() if row["role"] == "test")


def _pairs(catalog: pa.Table, key: str, value: str) -> list[tuple[str, str]]:
    """(key, value) of each row but excluded ones, last row first, so that a dict keeps the first of equal keys."""
    rows = zip(*(catalog.column(name).to_pylist() for name in (key, value, "outcome")), strict=True)
    return [(one, other) for one, other, outcome in rows if outcome != EXCLUDED][::-1]


def face_picture(data: bytes | None) -> str:
    """A JPEG as a data URI; empty where there is none."""
    return "" if not data else f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"

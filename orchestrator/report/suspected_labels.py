"""The section on labels: suspected errors with the nearest faces of both people, and what was corrected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from orchestrator.dataset.corrections import corrected_photos, corrections_sentence
from orchestrator.report.people import face_picture
from orchestrator.report.suspects_file import suspects_sentence
from storage.face_pictures import PictureSource

SUSPECTS_SHOWN = 24
"""All of them are in suspects.csv."""

Pictures = Mapping[tuple[str, int], str]


@dataclass(frozen=True)
class SuspectFace:
    """A face whose label is in doubt: a row of `storage.finding_schemas.SUSPECTS`, and data URIs of crops."""

    row: Mapping[str, Any]
    picture: str
    own: tuple[str, ...]
    other: tuple[str, ...]


@dataclass(frozen=True)
class SuspectedLabels:
    """What the section shows.

    Attributes:
        sentence: how many suspects there are; empty for none.
        hidden: faces that are not shown.
        corrected: (path, label, reason) of the photos that this run was told to correct.
        correction: how many, in a sentence; empty for none.
    """

    sentence: str
    faces: tuple[SuspectFace, ...]
    hidden: int
    corrected: list[tuple[str, str, str]]
    correction: str


def suspected_labels(catalog: pa.Table, pictures: PictureSource, suspects: pa.Table) -> SuspectedLabels:
    """The section of a run.

    Args:
        catalog: `storage.schemas.CATALOG`.
        suspects: `storage.finding_schemas.SUSPECTS`.
    """
    rows = suspects.slice(0, SUSPECTS_SHOWN).to_pylist()
    crops = pictures.some({key for row in rows for key in _keys(row)}, "crop")
    shown = {key: face_picture(crop) for key, crop in crops.items()}
    corrected = corrected_photos(catalog)
    return SuspectedLabels(
        sentence=suspects_sentence(suspects),
        faces=tuple(_face(row, shown) for row in rows),
        hidden=max(0, suspects.num_rows - SUSPECTS_SHOWN),
        corrected=corrected,
        correction=corrections_sentence(corrected),
    )


def _face(row: Mapping[str, Any], pictures: Pictures) -> SuspectFace:
    own, other = (_shown(_neighbours(row, whose), pictures) for whose in ("own", "other"))
    return SuspectFace(row, pictures.get((row["photo_key"], row["face_index"]), ""), own, other)


def _keys(row: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(row["photo_key"], row["face_index"]), *_neighbours(row, "own"), *_neighbours(row, "other")]


def _neighbours(row: Mapping[str, Any], whose: str) -> list[tuple[str, int]]:
    return list(zip(row[f"nearest_{whose}"], row[f"nearest_{whose}_face"], strict=True))


def _shown(keys: list[tuple[str, int]], pictures: Pictures) -> tuple[str, ...]:
    return tuple(pictures[key] for key in keys if pictures.get(key))

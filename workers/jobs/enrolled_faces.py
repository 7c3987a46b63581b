"""Faces of people who were added to a finished run, as the table of ENROLLED keeps them and as a fit takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from storage.enrolled_people import read_enrolled
from storage.parts import table_of
from storage.runs import Run
from storage.schemas import ENROLLED
from workers.faces.records import FaceRecord
from workers.learning.configurations import Configuration
from workers.learning.face_batch import FaceBatch
from workers.recognition.encoders_of_model import LoadedEncoder
from workers.recognition.face_batches import faces_as_batch


@dataclass(frozen=True)
class EnrolledFace:
    """A face and whose it is.

    Attributes:
        path: of its photo, for people.
    """

    label: str
    path: str
    face: FaceRecord


def enrolled_table(faces: Sequence[EnrolledFace]) -> pa.Table:
    """ENROLLED of these faces."""
    rows = [
        {
            "label": each.label,
            "photo_key": each.face.photo_key,
            "path": each.path,
            "crop": each.face.crop,
            "aligned": each.face.aligned,
            "embedding": each.face.embedding,
            "encoders": sorted(each.face.others),
            "measured": [each.face.others[name] for name in sorted(each.face.others)],
        }
        for each in faces
    ]
    return table_of(rows, ENROLLED)


def enrolled_faces(run: Run) -> list[EnrolledFace]:
    """All faces that were added to a run, by person and photo; of a record only what a fit reads is there."""
    return [_enrolled(row) for row in read_enrolled(run).to_pylist()]


def _enrolled(row: Mapping[str, Any]) -> EnrolledFace:
    measured = zip(row["encoders"], row["measured"], strict=True)
    known: dict[str, Any] = {
        "photo_key": row["photo_key"],
        "face_index": 0,
        "crop": row["crop"],
        "aligned": row["aligned"],
        "embedding": np.asarray(row["embedding"], np.float32),
        "others": {name: np.asarray(numbers, np.float32) for name, numbers in measured},
    }
    record = FaceRecord(**{**{field.name: None for field in fields(FaceRecord)}, **known})
    return EnrolledFace(row["label"], row["path"], record)


def with_enrolled(
    mine: FaceBatch,
    labels: Sequence[str],
    groups: Sequence[int],
    enrolled: Sequence[EnrolledFace],
    configuration: Configuration,
    encoders: Mapping[str, LoadedEncoder],
) -> tuple[FaceBatch, list[str], list[int]]:
    """The faces of a run, their labels and groups, with those that were added; each of these is a group of its own.

    The run's pictures are not decoded: a hundred thousand take 5 GB.
    """
    if not enrolled:
        return mine, list(labels), list(groups)
    added = faces_as_batch([each.face for each in enrolled], configuration.view, configuration.encoder, dict(encoders))
    first = max(groups, default=-1) + 1
    return (
        mine.followed_by(added),
        [*labels, *(each.label for each in enrolled)],
        [*groups, *range(first, first + len(enrolled))],
    )

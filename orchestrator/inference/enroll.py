"""Add a person to the models of a finished run, without comparing anything again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.dataset.discovery import person_label
from orchestrator.inference.media_type import read_regular
from storage.engine_settings import EngineSettings
from storage.enrolled_people import drop_enrolled, read_enrolled, write_enrolled
from storage.errors import InputError
from storage.runs import Run
from storage.schemas import SPLITS
from storage.tables import read_table
from storage.validation import did_you_mean
from workers.faces.engine import load_engine
from workers.faces.records import FaceRecord
from workers.faces.refusal import Refusal
from workers.jobs.enrolled_faces import EnrolledFace, enrolled_table
from workers.jobs.known_faces import known_people
from workers.recognition.recogniser import Named, Recogniser


@dataclass(frozen=True)
class EnrolledPhoto:
    """What became of a photo.

    Attributes:
        outcome, reason: as of `orchestrator.inference.photos.PhotoAnswer`, or "duplicate" of an earlier one.
        face: the one that was enrolled.
        before: whom the model named for it before; None without a face.
    """

    path: Path
    outcome: str
    reason: str = ""
    face: FaceRecord | None = None
    before: Named | None = None


def enroll_photos(paths: Sequence[Path], recogniser: Recogniser) -> Iterator[EnrolledPhoto]:
    """The one face of each photo; a photo of several people is an outcome, because nobody says whose face is meant.

    Args:
        recogniser: with whose encoders the faces are measured.
    """
    engine = load_engine(enrolling(recogniser.engine))
    seen: set[str] = set()
    for path in paths:
        data = read_regular(path, engine.settings.limits.file_bytes + 1)
        if isinstance(data, Refusal):
            yield EnrolledPhoto(path, data.outcome, data.reason)
            continue
        key = hashlib.sha256(data).hexdigest()
        if key in seen:
            yield EnrolledPhoto(path, "duplicate", "the same file as another")
            continue
        seen.add(key)
        [result] = engine.encode_photos([(key, data)], before=lambda _: None, others=recogniser.others)
        faces = result.faces[:1]
        [before] = recogniser.name(faces) if faces else [None]
        yield EnrolledPhoto(path, result.outcome, result.reason, faces[0] if faces else None, before)


def enrolling(settings: EngineSettings) -> EngineSettings:
    """The settings of a run for photos of one person: a photo with several faces is refused."""
    return replace(settings, policy="require-one")


def check_new_person(run: Run, name: str) -> str:
    """The name as a label; raises InputError where it cannot be one, or the run has that person already."""
    label = person_label(name, "enroll", {})
    roles = read_table(run.splits, SPLITS, ["label", "role"])
    if label in known_people(roles):
        raise InputError(
            f"run {run.run_id} knows {label!r} already",
            "Add the photos to the folder and compare again, or choose another name",
        )
    return label


def enroll(run: Run, label: str, photos: Sequence[EnrolledPhoto]) -> int:
    """Keep the faces of these photos as that person's, in place of those enrolled under the name before.

    Returns:
        Their number.

    Raises:
        InputError: no photo has a usable face.
        StoreError: it cannot be written.
    """
    faces = [EnrolledFace(label, str(each.path), each.face) for each in photos if each.face]
    if not faces:
        raise InputError("no photo has one usable face", "Name photos that show this person alone")
    write_enrolled(run, label, enrolled_table(faces))
    return len(faces)


def take_out(run: Run, label: str) -> None:
    """Take an enrolled person out again; raises InputError where there is none of that name."""
    if not drop_enrolled(run, label):
        there = sorted(set(read_enrolled(run)["label"].to_pylist()))
        known = f"Enrolled are {', '.join(there)}" if there else "Nobody was enrolled there"
        raise InputError(
            f"nobody called {label!r} was enrolled in run {run.run_id}", f"{did_you_mean(label, there)}{known}"
        )


def likenesses(photos: Sequence[EnrolledPhoto], needed: float | None) -> Mapping[str, int]:
    """Known people whom the model took the new person for, and in how many photos; a reason to doubt the name."""
    found: dict[str, int] = {}
    for each in photos:
        if each.before and needed is not None and each.before.likeness >= needed:
            found[each.before.nearest] = found.get(each.before.nearest, 0) + 1
    return dict(sorted(found.items(), key=lambda item: -item[1]))

"""The task embed_faces: embed stored faces with encoders that were not there when they were encoded.

Detection and landmarks are not repeated: the photo is read again, and its chips are cut by the stored points. The rows
equal, to the byte, those that a run writes that encodes with the encoder from the start.
"""

from __future__ import annotations

import functools
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from storage.attempts import Attempt
from storage.encodings import Done
from storage.engine_settings import EngineSettings
from storage.handed_back import write_note
from storage.parts import part_path, read_parts, table_of, write_part
from storage.runs import Run
from storage.schemas import EMBEDDINGS, FACES
from workers.faces.decode.full_size import FullSizeRefused, read_full_size
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.engine_fingerprint import encoder_fingerprint
from workers.faces.photo import Photo
from workers.faces.refusal import Refusal
from workers.jobs.encode_photos import check_dataset, encode, engine_faults, loading
from workers.jobs.job import check_not_removed, own_attempt
from workers.jobs.part_names import photos_part
from workers.jobs.photo_ref import PhotoRef
from workers.jobs.planned_encoders import load_onnx_encoders, onnx_encoders
from workers.jobs.read_ahead import read_all
from workers.jobs.time_limits import MARGIN_SECONDS, chunk_seconds
from workers.jobs.write_failure import write_failure

logger = logging.getLogger("lineup.encoding")

Rows = list[dict[str, Any]]


class _Unread(NamedTuple):
    """A file that cannot be read, which may be this worker's fault."""

    cause: str


def encode_and_embed(run: Run, photos: Sequence[PhotoRef]) -> None:
    """`encode`; then also the photos that another run encoded meanwhile have the embeddings of this run's encoders."""
    encode(run, photos)
    if onnx_encoders(run):
        embed(run, photos)


def embed(run: Run, photos: Sequence[PhotoRef]) -> None:
    """Embed the stored faces of photos; photos that are not in the encodings are left alone.

    Afterwards each of the others is in the encodings of every encoder of the run, in the run's failures or handed back.
    Suspects go alone; arguments and errors are those of `encode`.
    """
    encode(run, photos, _embed_part)


def _write(run: Run, fingerprints: Mapping[str, str], photos: Sequence[PhotoRef], rows: Mapping[str, Rows]) -> None:
    """Write the rows of each encoder.

    A part is named by what is in it: under the name of its batch it would stand for all photos of that.
    """
    part = photos_part(run.plan.engine_fingerprint, [photo.key for photo in photos])
    for name, fingerprint in fingerprints.items():
        path = part_path(run.embedding_parts(fingerprint), part)
        write_part(path, table_of(rows[name], EMBEDDINGS), {"lineup.engine": run.plan.engine_fingerprint})


def _embed_part(run: Run, settings: EngineSettings, photos: Sequence[PhotoRef], attempt: int) -> None:
    part = photos_part(run.plan.engine_fingerprint, [photo.key for photo in photos])
    if not _missing(run, part):
        return
    with own_attempt(run, part) as log:
        missing = _missing(run, part)
        if log is None or not missing:
            return
        log.allow(MARGIN_SECONDS + chunk_seconds(run, len(photos)))
        stored = _stored_points(run, {photo.key for photo in photos})
        with loading():
            loaded = load_onnx_encoders(run)
        done: list[PhotoRef] = []
        unread: dict[str, str] = {}
        rows: dict[str, Rows] = {name: [] for name in missing}
        for photo in (each for each in photos if each.key in stored):
            log.allow(chunk_seconds(run, 1))
            log.name(photo.key)
            with engine_faults():
                encoders = {name: loaded[name] for name in missing}
                found = _embedded(run, settings, photo, stored[photo.key], encoders, log)
            if isinstance(found, _Unread):
                unread[photo.key] = found.cause
                continue
            if isinstance(found, Refusal):
                check_not_removed(run)
                write_failure(run, photo.key, found.outcome, found.reason, run.plan.experiment.attempts)
                continue
            done.append(photo)
            for name in missing:
                rows[name] += found[name]
        check_not_removed(run)
        if unread:
            if not done:
                check_dataset(run, unread)
            write_note(run, unread)
        if done:
            _write(run, missing, done, rows)
    logger.info("%d photos embedded", len(done), extra={"run": run.run_id, "part": part, "attempt": attempt})


def _missing(run: Run, part: str) -> dict[str, str]:
    """The encoders that have no part of this name yet, and their fingerprints."""
    fingerprints = {name: encoder_fingerprint(each) for name, each in onnx_encoders(run).items()}
    return {
        name: each for name, each in fingerprints.items() if not part_path(run.embedding_parts(each), part).is_file()
    }


def _embedded(
    run: Run,
    settings: EngineSettings,
    photo: PhotoRef,
    faces: Rows,
    encoders: Mapping[str, OnnxFaceEncoder],
    log: Attempt,
) -> dict[str, Rows] | _Unread | Refusal:
    """The rows of a photo for each encoder, why its file cannot be read, or why its bytes cannot be decoded."""
    points = [face["landmarks"] or face["five_points"] for face in faces if face["outcome"] == "ok"]
    places = [np.asarray(each, np.float32) for each in points]
    if not places:
        return {name: [{"photo_key": photo.key, "face_index": 0, "embedding": None}] for name in encoders}
    read, unread = read_all(run, [photo])
    if unread:
        return _Unread(unread[photo.key])
    data = read[0][1]
    picture = _decoded(run, settings, data, log)
    if isinstance(picture, Refusal):
        return picture
    full = functools.partial(read_full_size, data, picture, settings.limits)
    try:
        found = {name: each.embed_in_photo(picture, places, settings, full) for name, each in encoders.items()}
    except FullSizeRefused as fault:
        return fault.refusal
    return {
        name: [
            {"photo_key": photo.key, "face_index": face["face_index"], "embedding": embedding}
            for face, embedding in zip(faces, embeddings, strict=True)
        ]
        for name, embeddings in found.items()
    }


def _decoded(run: Run, settings: EngineSettings, data: bytes, log: Attempt) -> Photo | Refusal:
    """The pixels of a photo that was decoded before; a refusal is believed after as many tries as the run allows."""
    for _ in range(run.plan.experiment.attempts):
        log.allow(chunk_seconds(run, 1))
        found = guarded_reader().image(data, settings.limits)
        if isinstance(found, Photo):
            break
    return found


def _stored_points(run: Run, keys: Collection[str]) -> dict[str, Rows]:
    """The stored faces of these photos by photo_key, in their order; photos that are not stored are left out."""
    index = _index(run.encodings / "faces")
    index.look()
    columns = ["photo_key", "face_index", "outcome", "landmarks", "five_points"]
    rows: defaultdict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for row in read_parts(index.parts_of(keys), FACES, columns).to_pylist():
        if row["photo_key"] in keys:
            rows[row["photo_key"]].setdefault(row["face_index"], row)
    return {key: [faces[index] for index in sorted(faces)] for key, faces in rows.items()}


@functools.lru_cache(maxsize=1)
def _index(folder: Path) -> Done:
    return Done(folder)

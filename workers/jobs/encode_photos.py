"""The task encode_photos: encode a batch of photos into one part.

What the bytes alone decide goes into the encodings that all runs share. What happened in this run (a file that
vanished, a timeout, a process that died) goes into the run's own failures, so that no other run inherits it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.attempts import Death, count_deaths, read_attempts
from storage.engine_settings import EngineSettings
from storage.parts import part_path, table_of, write_part
from storage.runs import Run
from storage.schemas import EFFORTS, FACES
from workers.faces.decode.open_file import read_file_inside
from workers.faces.engine import CHUNK, load_engine
from workers.faces.engine_fingerprint import engine_fingerprint
from workers.faces.records import PhotoResult, face_rows
from workers.faces.refusal import Refusal
from workers.jobs.job import Refused, own_attempt
from workers.jobs.part_names import failure_part, photos_part
from workers.jobs.photo_ref import PhotoRef
from workers.jobs.time_limits import MARGIN_SECONDS, chunk_seconds

logger = logging.getLogger("lineup.encoding")

_LAST_WORDS = re.compile(r"Fatal Python error: ([A-Za-z ]+)|Raised (\w+)")


def encode(run: Run, photos: Sequence[PhotoRef]) -> None:
    """Encode what is not done yet; afterwards each photo is in the encodings or in the run's failures.

    Photos that were begun by an attempt that died are suspects. They go one by one, each in a part of its own, so
    that a photo which kills its process takes no other with it. One that was begun too often is given up. What
    another process is encoding (a message may come twice) is left to it.

    Raises:
        Refused: this worker has another version of the engine than the run was planned with.
        StoreError: the store cannot be written, or the disk is full.
        EngineError: a model file is missing.
    """
    settings = run.plan.engine
    # two engines must not mix in one folder of encodings
    if engine_fingerprint(settings) != run.plan.engine_fingerprint:
        raise Refused(f"run {run.run_id} was planned with another version of the face engine than this worker's")
    running, deaths = read_attempts(run.attempts)
    begun = count_deaths(deaths)
    # asked after the look, since the deaths are forgotten once the stage is closed: then the message is a late copy
    if run.cancelled or run.faces.exists():
        return
    innocent = [photo for photo in photos if not begun[photo.key] and photo.key not in running]
    if innocent:
        _encode_part(run, settings, innocent, attempt=1)
    for photo in photos:
        if begun[photo.key]:
            _encode_suspect(run, settings, photo)


def _encode_suspect(run: Run, settings: EngineSettings, photo: PhotoRef) -> None:
    running, deaths = read_attempts(run.attempts)  # anew: the photos before it took their time
    mine = [death for death in deaths if photo.key in death.items]
    if photo.key in running or run.faces.exists():
        return
    was_alone = any(set(death.items) == {photo.key} for death in mine)  # else another photo may be the cause
    if was_alone and len(mine) >= run.plan.experiment.attempts:
        _give_up(run, photo, mine)
    else:
        _encode_part(run, settings, [photo], attempt=len(mine) + 1)


def _encode_part(run: Run, settings: EngineSettings, photos: Sequence[PhotoRef], attempt: int) -> None:
    part = photos_part(run.plan.engine_fingerprint, photos)
    done = part_path(run.encodings / "faces", part)
    if done.exists():
        return
    results: list[PhotoResult] = []
    missing: list[PhotoResult] = []
    with own_attempt(run, part) as log:
        if log is None or done.exists():
            return
        seconds = chunk_seconds(run, len(photos))
        log.allow(MARGIN_SECONDS + seconds)
        engine = load_engine(settings)
        for start in range(0, len(photos), CHUNK):
            read, unread = _read_all(run, photos[start : start + CHUNK], settings.limits.file_bytes)
            log.allow(seconds)
            results += engine.encode_photos(read, before=log.name)
            missing += unread
        for result in missing:
            _write_failure(run, result, attempt)
        if results:
            _write_results(run, done, results, attempt)
    logger.info("%d photos encoded", len(results), extra={"run": run.run_id, "part": part, "attempt": attempt})


def _read_all(
    run: Run, photos: Sequence[PhotoRef], most_bytes: int
) -> tuple[list[tuple[str, bytes]], list[PhotoResult]]:
    dataset = Path(os.path.realpath(run.plan.dataset))  # not `resolve`, which raises where a link leads to itself
    read: list[tuple[str, bytes]] = []
    unread: list[PhotoResult] = []
    for photo in photos:
        found = _read(dataset, photo, most_bytes)
        if isinstance(found, Refusal):
            unread.append(PhotoResult(photo.key, [], found.outcome, found.reason, run.plan.engine.detector))
        else:
            read.append((photo.key, found))
    return read, unread


def _read(dataset: Path, photo: PhotoRef, most_bytes: int) -> bytes | Refusal:
    """The bytes that were catalogued, or why they cannot be had: much may happen to a file between the two.

    Args:
        dataset: resolved.
    """
    try:
        # one byte more than allowed: enough for the engine to refuse it, whatever its size
        data = read_file_inside(dataset, photo.path, most_bytes + 1)
    except FileNotFoundError:
        return Refusal("unreadable", "the file is no longer there")
    except OSError as error:
        return Refusal("unreadable", f"the file cannot be read: {error.strerror or error}")
    if isinstance(data, Refusal):
        return data
    if len(data) <= most_bytes and hashlib.sha256(data).hexdigest() != photo.key:
        return Refusal("unreadable", "the file has changed since it was catalogued")
    return data


def _write_results(run: Run, done: Path, results: Sequence[PhotoResult], attempt: int) -> None:
    metadata = {"lineup.engine": run.plan.engine_fingerprint}
    worker = socket.gethostname()
    finished = datetime.now(UTC)
    efforts = [
        {
            "photo_key": result.photo_key,
            "seconds": list(result.seconds.items()),
            "attempt": attempt,
            "worker": worker,
            "finished": finished,
        }
        for result in results
    ]
    write_part(run.encodings / "efforts" / done.name, table_of(efforts, EFFORTS), metadata)
    rows = [row for result in results for row in face_rows(result)]
    write_part(done, table_of(rows, FACES), metadata)  # last: it is what *done* means


def _write_failure(run: Run, result: PhotoResult, attempt: int) -> None:
    rows: list[dict[str, Any]] = face_rows(result)
    path = part_path(run.failures, failure_part(run.plan.fingerprint, result.photo_key))
    write_part(path, table_of(rows, FACES), {"lineup.run": run.plan.fingerprint})
    facts = {"run": run.run_id, "photo": result.photo_key, "attempt": attempt}
    logger.warning("%s: %s", result.outcome, result.reason, extra=facts)


def _give_up(run: Run, photo: PhotoRef, deaths: Sequence[Death]) -> None:
    attempts = len(deaths)
    if any(death.timed_out for death in deaths):
        seconds = run.plan.experiment.photo_seconds
        outcome, reason = "timed_out", f"no answer within {seconds} s, {attempts} attempts"
    else:
        found = next(filter(None, (_LAST_WORDS.search(death.last_words) for death in deaths)), None)
        outcome = "poisoned"
        reason = f"its process died {attempts} times" + (f": {(found[1] or found[2]).strip()}" if found else "")
    _write_failure(run, PhotoResult(photo.key, [], outcome, reason, run.plan.engine.detector), attempts)

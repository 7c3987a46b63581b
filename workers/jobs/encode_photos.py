"""The task encode_photos: encode a batch of photos into one part.

What the bytes alone decide goes into the encodings that all runs share. What happened in this run (a
timeout, a process that died) goes into the run's own failures, so that no other run inherits it.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from storage.engine_settings import EngineSettings
from storage.errors import EngineError, WorkerUnfit
from storage.handed_back import write_note
from storage.parts import part_path, table_of, write_part
from storage.read_attempts import Death, count_deaths, read_attempts
from storage.runs import Run
from storage.schemas import EFFORTS, EMBEDDINGS, FACES
from storage.whole_objects import ask_at_once
from workers.faces.engine import CHUNK, load_engine
from workers.faces.engine_fingerprint import encoder_fingerprint, engine_fingerprint
from workers.faces.records import PhotoResult, embedding_rows, face_rows
from workers.faces.refusal import NOT_BY_BYTES_ALONE
from workers.jobs.catalogued_file import PHOTOS_HINT, unreadable_dataset
from workers.jobs.job import WrongVersion, check_not_removed, own_attempt
from workers.jobs.part_names import photos_part
from workers.jobs.photo_ref import PhotoRef
from workers.jobs.planned_encoders import load_onnx_encoders, onnx_encoders
from workers.jobs.read_ahead import reading_ahead
from workers.jobs.time_limits import MARGIN_SECONDS, chunk_seconds
from workers.jobs.write_failure import write_failure
from workers.numeric_environment import numeric_environment

logger = logging.getLogger("lineup.encoding")

_LAST_WORDS = re.compile(r"Fatal Python error: ([A-Za-z ]+)|Raised (\w+)")


EncodePart = Callable[[Run, EngineSettings, Sequence[PhotoRef], int], None]
"""Does the work of one part; the number is that of the attempt, from 1."""


def encode(run: Run, photos: Sequence[PhotoRef], encode_part: EncodePart | None = None) -> None:
    """Encode what is not done yet; afterwards each photo is in the encodings, in the run's failures or handed back.

    Photos that were begun by an attempt that died are suspects. They go one by one, each in a part of its own, so
    that a photo which kills its process takes no other with it. One that was begun too often is given up. What
    another process is encoding (a message may come twice) is left to it.

    A photo that cannot be read is handed back to the orchestrator (storage/handed_back.py): the cause may be this
    worker's.

    Args:
        encode_part: does the work of one part; by default all of it.

    Raises:
        WrongVersion: this worker has another version of the engine than the run was planned with.
        Refused: the run was removed.
        StoreError: the store cannot be written, or the disk is full.
        WorkerUnfit: the face engine does not load or cannot read here, or no photo of the dataset can be had from here.
    """
    settings = run.plan.engine
    # two engines must not mix in one folder of encodings
    with loading():
        fingerprint = engine_fingerprint(settings)
    if fingerprint != run.plan.engine_fingerprint:
        raise WrongVersion(f"run {run.run_id} was planned with another version of the face engine than this worker's")
    running, deaths = read_attempts(run.attempts)
    begun = count_deaths(deaths)
    # asked after the look, since the deaths are forgotten once the stage is closed: then the message is a late copy
    if any(ask_at_once(run.folder, lambda: run.cancelled, run.faces.is_file)):
        return
    innocent = [photo for photo in photos if not begun[photo.key] and photo.key not in running]
    if innocent:
        (encode_part or _encode_part)(run, settings, innocent, 1)
    for photo in photos:
        if begun[photo.key]:
            _encode_suspect(run, settings, photo, encode_part or _encode_part)


def _encode_suspect(run: Run, settings: EngineSettings, photo: PhotoRef, encode_part: EncodePart) -> None:
    running, deaths = read_attempts(run.attempts)  # anew: the photos before it took their time
    mine = [death for death in deaths if photo.key in death.items]
    if photo.key in running or run.faces.is_file():
        return
    was_alone = any(set(death.items) == {photo.key} for death in mine)  # else another photo may be the cause
    if was_alone and len(mine) >= run.plan.experiment.attempts:
        check_not_removed(run)
        _give_up(run, photo, mine)
    else:
        encode_part(run, settings, [photo], len(mine) + 1)


def _encode_part(run: Run, settings: EngineSettings, photos: Sequence[PhotoRef], attempt: int) -> None:
    part = photos_part(run.plan.engine_fingerprint, [photo.key for photo in photos])
    done = part_path(run.encodings / "faces", part)
    results: list[PhotoResult] = []
    unread: dict[str, str] = {}
    to_come = [photo.key for photo in photos]
    with reading_ahead(run, photos) as chunks, own_attempt(run, part, done) as log:
        if log is None:
            return
        seconds = chunk_seconds(run, len(photos))
        log.allow(MARGIN_SECONDS + seconds)
        with loading():
            engine, others = load_engine(settings), load_onnx_encoders(run)
        for read, lost in chunks:
            unread |= lost
            if lost and not read:
                check_dataset(run, unread)
            log.allow(seconds)
            to_come = to_come[len(read) + len(lost) :]
            log.announce([key for key, _ in read], ahead=to_come[:CHUNK])
            with engine_faults():
                results += engine.encode_photos(read, before=log.name, others=others)
            del read  # before the next are taken: their bytes may be many
        check_not_removed(run)  # last, before all that is written
        if unread:
            write_note(run, unread)
        for result in results:
            if result.outcome in NOT_BY_BYTES_ALONE:
                write_failure(run, result.photo_key, result.outcome, result.reason, attempt)
        results = [result for result in results if result.outcome not in NOT_BY_BYTES_ALONE]
        if results:
            _write_results(run, done, results, attempt)
    logger.info("%d photos encoded", len(results), extra={"run": run.run_id, "part": part, "attempt": attempt})


def check_dataset(run: Run, unread: Mapping[str, str]) -> None:
    """Raise WorkerUnfit where this worker can read no other photo either: then the fault is not the photos'."""
    why = unreadable_dataset(run, but=unread)
    if why:
        raise WorkerUnfit("photos", why, PHOTOS_HINT, run.run_id)


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Raise WorkerUnfit where the face engine does not load here."""
    try:
        with engine_faults():
            yield
    except (OSError, ImportError) as error:
        hint = "Install Lineup with its packages there, and give it a cache folder that can be written (LINEUP_CACHE)"
        raise WorkerUnfit("engine", f"the face engine does not load: {error}", hint) from error


@contextlib.contextmanager
def engine_faults() -> Iterator[None]:
    """Raise WorkerUnfit where the face engine, or the process that reads photos, cannot work here."""
    try:
        yield
    except EngineError as error:
        raise WorkerUnfit("engine", error.what, error.hint) from error


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
            "environment": numeric_environment(),
        }
        for result in results
    ]
    write_part(run.encodings / "efforts" / done.name, table_of(efforts, EFFORTS), metadata)
    for name, encoder in onnx_encoders(run).items():
        embedded = [row for result in results for row in embedding_rows(result, name)]
        path = run.embedding_parts(encoder_fingerprint(encoder)) / done.name
        write_part(path, table_of(embedded, EMBEDDINGS), metadata)
    rows = [row for result in results for row in face_rows(result)]
    write_part(done, table_of(rows, FACES), metadata)  # last: it is what *done* means


def _give_up(run: Run, photo: PhotoRef, deaths: Sequence[Death]) -> None:
    attempts = len(deaths)
    if any(death.timed_out for death in deaths):
        seconds = run.plan.experiment.photo_seconds
        outcome, reason = "timed_out", f"no answer within {seconds} s, {attempts} attempts"
    else:
        found = next(filter(None, (_LAST_WORDS.search(death.last_words) for death in deaths)), None)
        outcome = "poisoned"
        reason = f"its process died {attempts} times" + (f": {(found[1] or found[2]).strip()}" if found else "")
    write_failure(run, photo.key, outcome, reason, attempts)

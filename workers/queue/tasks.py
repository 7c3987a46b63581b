"""The Celery tasks. Each parses its message, opens the run and calls its job."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from celery.exceptions import Ignore, Reject

from storage.errors import LineupError, NewerVersion, PhotosUnreachable, StoreFull, StoreUnreachable, WorkerUnfit
from storage.free_space import probe
from storage.refused_messages import BY_ITS_TASK
from storage.runs import Run
from workers.jobs.job import Refused, WrongVersion
from workers.queue import task_names
from workers.queue.app import app
from workers.queue.celery_settings import RETRY_SECONDS
from workers.queue.environment import load_settings
from workers.queue.message_guard import MessageGuard
from workers.queue.messages import parse_keys, parse_scan, parse_training
from workers.queue.opened_runs import open_named
from workers.queue.worker_health import tell_fault
from workers.queue.worker_start import mark_engine

# read by TensorFlow when a training imports it: one thread a process, since two one-thread trainings side by side
# take half the time of two that share threads; and the same losses in every process
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

_OPTIONS: dict[str, Any] = {
    "Request": "workers.queue.planned_request:PlannedRequest",
    "max_retries": 2,  # with the first, three runs of a task whose process was lost
    "default_retry_delay": RETRY_SECONDS,
}


@app.task(name=task_names.SCAN_FILES, **_OPTIONS)
def scan_files_task(scan_id: str, batch: int) -> None:
    """Read a batch of files for the catalogue of a client that waits."""
    from workers.jobs.scan_batch import scan_batch

    with _refusing():
        scan_batch(_store(), *parse_scan(scan_id, batch))


@app.task(name=task_names.ENCODE_PHOTOS, **_OPTIONS)
def encode_photos_task(run_id: str, photo_keys: list[str]) -> None:
    """Encode the photos of a run that have these keys."""
    from workers.jobs.embed_faces import encode_and_embed
    from workers.jobs.photo_paths import find_photos

    with _refusing(run_id):
        run = _run(run_id)
        encode_and_embed(run, find_photos(run, parse_keys(photo_keys)))
    mark_engine()  # it may not have loaded when this process began


@app.task(name=task_names.EMBED_FACES, **_OPTIONS)
def embed_faces_task(run_id: str, photo_keys: list[str]) -> None:
    """Embed the stored faces of the photos that have these keys with the run's further encoders."""
    from workers.jobs.embed_faces import embed
    from workers.jobs.photo_paths import find_photos

    with _refusing(run_id):
        run = _run(run_id)
        embed(run, find_photos(run, parse_keys(photo_keys)))


@app.task(name=task_names.TRAIN_CONFIGURATION, **_OPTIONS)
def train_configuration_task(run_id: str, configuration: str, repeat: int, fold: int) -> None:
    """Fit and score one configuration on one split of a run."""
    from workers.jobs.train_configuration import train

    with _refusing(run_id):
        run = _run(run_id)
        train(run, *parse_training(configuration, repeat, fold, run.plan.experiment.configurations))


@app.task(name=task_names.COMPARE_RUN, **_OPTIONS)
def compare_run_task(run_id: str) -> None:
    """Aggregate a run's scores into its comparison."""
    from workers.jobs.compare_run import compare

    with _refusing(run_id):
        compare(_run(run_id))


@app.task(name=task_names.REFIT_WINNER, **_OPTIONS)
def refit_winner_task(run_id: str) -> None:
    """Fit the best configuration of a compared run on all its known faces."""
    from workers.jobs.refit_winner import refit_winner

    with _refusing(run_id):
        refit_winner(_run(run_id))


@app.task(name=task_names.TRAIN_ENCODER, **_OPTIONS)
def train_encoder_task(run_id: str) -> None:
    """Train the encoder of a run by triplets."""
    from workers.jobs.train_encoder import train_encoder_of

    with _refusing(run_id):
        train_encoder_of(_run(run_id))


@contextlib.contextmanager
def _refusing(run_id: object = None) -> Iterator[None]:
    """Drop a message that is refused: it is logged, counted, acknowledged and not sent again.

    What this worker cannot do, though others may, goes back into the queue, and the worker pauses. Work of a run that
    has been stopped or cancelled does not: `resume` sends it again, and until then it would pause one worker after
    another for nobody.
    """
    try:
        yield
    except (WrongVersion, NewerVersion) as wrong:
        _hand_back(WorkerUnfit("version", wrong.what, "Install the orchestrator's version of Lineup there"), run_id)
    except WorkerUnfit as unfit:
        _hand_back(unfit, run_id)
    except StoreFull as full:
        try:
            probe(_store())
        except StoreFull:
            _hand_back(WorkerUnfit("disk", "the store has no room for this worker", full.hint), run_id)
        raise
    except PhotosUnreachable as error:  # the store may answer: its probe would end this fault at once
        _hand_back(WorkerUnfit("photos", error.what, error.hint, str(run_id)), run_id)
    except StoreUnreachable as error:
        _hand_back(WorkerUnfit("store", error.what, error.hint), run_id)
    except Refused as refused:
        MessageGuard(store=_store()).refuse(BY_ITS_TASK, str(refused))
        raise Ignore from refused


def _hand_back(unfit: WorkerUnfit, run_id: object) -> NoReturn:
    if _nobody_works_on(run_id):
        MessageGuard(store=_store()).refuse(BY_ITS_TASK, f"{unfit}; nobody works on its run now")
        raise Ignore from unfit
    tell_fault(unfit)
    raise Reject(str(unfit), requeue=True) from None  # it is logged already


def _nobody_works_on(run_id: object) -> bool:
    try:
        run = _run(run_id)
        return run.cancelled or bool(run.stopped)
    except (LineupError, Refused, OSError):
        return False  # it cannot be told: the message is kept


def _run(run_id: object) -> Run:
    return open_named(_store(), run_id)


def _store() -> Path:
    return load_settings().store.resolve()

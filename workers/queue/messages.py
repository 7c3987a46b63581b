"""The messages of each task: built by the orchestrator, parsed by the worker.

A message holds keys only: of a run, and of photos or a training of it. Paths, settings and limits come from the run's
catalogue and plan in the store. Doing a message again does no harm, since what is stored is not done again; so it
does not matter that a message which someone copied and sends later is signed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from storage.runs import RUN_ID, Run
from storage.scans import SCAN_ID
from workers.jobs import time_limits
from workers.jobs.job import Refused
from workers.jobs.part_names import comparison_part, encoder_part, photos_part, refit_part, training_part
from workers.queue.task_names import (
    COMPARE_RUN,
    EMBED_FACES,
    ENCODE_PHOTOS,
    REFIT_WINNER,
    TRAIN_CONFIGURATION,
    TRAIN_ENCODER,
)

_KEY = re.compile(r"[0-9a-f]{64}")
MOST_PHOTOS = 1_000


@dataclass(frozen=True)
class Message:
    """A piece of work, as it is sent.

    Args:
        part: its name.
        items: what it consists of: photo keys, or the part itself for every other task.
        task: the task's name.
        arguments: of the task, JSON data.
    """

    part: str
    items: frozenset[str]
    task: str
    arguments: tuple[object, ...]


def encode_photos_message(run: Run, keys: Sequence[str]) -> Message:
    """Have the photos with these keys encoded."""
    return _of_photos(ENCODE_PHOTOS, run, keys)


def embed_faces_message(run: Run, keys: Sequence[str]) -> Message:
    """Have the stored faces of the photos with these keys embedded with the run's further encoders."""
    return _of_photos(EMBED_FACES, run, keys)


def _of_photos(task: str, run: Run, keys: Sequence[str]) -> Message:
    return Message(
        part=photos_part(run.plan.engine_fingerprint, keys),
        items=frozenset(keys),
        task=task,
        arguments=(run.run_id, list(keys)),
    )


def parse_keys(value: object) -> list[str]:
    """The photo keys of a message; raises Refused where they are none, or one comes twice."""
    if not isinstance(value, list) or not 0 < len(value) <= MOST_PHOTOS:
        raise Refused(f"photos must be a list of 1 to {MOST_PHOTOS} keys")
    keys = [_key(each) for each in value]
    if len(set(keys)) < len(keys):
        raise Refused("a photo comes twice in a message")
    return keys


def _key(value: object) -> str:
    if isinstance(value, str) and _KEY.fullmatch(value):
        return value
    raise Refused(f"not the key of a photo: {value!r:.200}")


def parse_scan(scan_id: object, batch: object) -> tuple[str, int]:
    """The scan and the batch of a message; raises Refused where they are none."""
    match scan_id, batch:
        case str(name), int(number) if SCAN_ID.fullmatch(name) and type(number) is int:
            return name, number
    raise Refused(f"not a batch of a scan: {scan_id!r:.80} {batch!r:.20}")


def train_configuration_message(run: Run, configuration: str, repeat: int, fold: int) -> Message:
    """Have one configuration trained and scored on one split."""
    part = training_part(run.plan.fingerprint, configuration, repeat, fold)
    return _whole(part, TRAIN_CONFIGURATION, (run.run_id, configuration, repeat, fold))


def parse_training(configuration: object, repeat: object, fold: object, known: Sequence[str]) -> tuple[str, int, int]:
    """A training's name and numbers; raises Refused where the run has no such configuration."""
    match configuration, repeat, fold:
        # bool is an int, but True would name another part than 1
        case str(name), int(first), int(second) if name in known and bool not in (type(repeat), type(fold)):
            return name, first, second
    raise Refused(f"not a training of this run: {configuration!r:.80} {repeat!r:.20} {fold!r:.20}")


def compare_run_message(run: Run) -> Message:
    """Have the scores of a run aggregated into its comparison."""
    part = comparison_part(run.plan.fingerprint)
    return _whole(part, COMPARE_RUN, (run.run_id,))


def refit_winner_message(run: Run) -> Message:
    """Have the winner of the comparison refitted."""
    return _whole(refit_part(run.plan.fingerprint), REFIT_WINNER, (run.run_id,))


def train_encoder_message(run: Run) -> Message:
    """Have the encoder of a run trained."""
    part = encoder_part(run.plan.fingerprint)
    return _whole(part, TRAIN_ENCODER, (run.run_id,))


def _whole(part: str, task: str, arguments: tuple[object, ...]) -> Message:
    return Message(part, frozenset([part]), task, arguments)


def hard_seconds(run: Run, task: str, arguments: Sequence[object]) -> float:
    """How long a task may take before its process is killed.

    Args:
        arguments: of its message, not checked yet.
    """
    photos = arguments[1] if len(arguments) > 1 else ()
    of_photos = time_limits.photos_hard_seconds(run, len(photos) if isinstance(photos, list) else 1)
    limits = {
        ENCODE_PHOTOS: of_photos,
        EMBED_FACES: of_photos,
        TRAIN_CONFIGURATION: time_limits.loading_and_training_seconds(run) + time_limits.MARGIN_SECONDS,
        COMPARE_RUN: time_limits.COMPARISON_HARD_SECONDS,
        REFIT_WINNER: time_limits.refit_seconds(run) + time_limits.MARGIN_SECONDS,
    }
    # it ends an attempt at an encoder only, and the next goes on
    return limits.get(task, time_limits.LONGEST_TASK_SECONDS)


def parse_run_id(value: object) -> str:
    """A run's name; raises Refused."""
    if not isinstance(value, str) or not RUN_ID.fullmatch(value):
        raise Refused(f"not a run: {value!r:.80}")
    return value

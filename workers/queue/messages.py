"""The messages of each task: built by the orchestrator, parsed by the worker.

Anybody who can reach the broker can send a message, so nothing in it is believed. It names a run and what to do in
it; paths, settings and limits come from the run's plan in the store. The one path that it carries is relative and
must stay inside the plan's dataset.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from storage.runs import RUN_ID, Run
from workers.jobs import time_limits
from workers.jobs.job import Refused
from workers.jobs.part_names import comparison_part, encoder_part, photos_part, refit_part, training_part
from workers.jobs.photo_ref import PhotoRef
from workers.queue.task_names import COMPARE_RUN, ENCODE_PHOTOS, REFIT_WINNER, TRAIN_CONFIGURATION, TRAIN_ENCODER

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
        seconds: hard limit.
    """

    part: str
    items: frozenset[str]
    task: str
    arguments: tuple[object, ...]
    seconds: float


def encode_photos_message(run: Run, photos: Sequence[PhotoRef]) -> Message:
    """Have these photos encoded."""
    return Message(
        part=photos_part(run.plan.engine_fingerprint, photos),
        items=frozenset(photo.key for photo in photos),
        task=ENCODE_PHOTOS,
        arguments=(run.run_id, [[photo.key, photo.path] for photo in photos]),
        seconds=time_limits.photos_hard_seconds(run, len(photos)),
    )


def parse_photos(value: object) -> tuple[PhotoRef, ...]:
    """The photos of a message, [[key, path], ...]; raises Refused at the first that is not one."""
    if not isinstance(value, list) or not 0 < len(value) <= MOST_PHOTOS:
        raise Refused(f"photos must be a list of 1 to {MOST_PHOTOS}")
    return tuple(_photo(each) for each in value)


def _photo(value: object) -> PhotoRef:
    match value:
        case [str(key), str(path)] if _KEY.fullmatch(key) and _stays_inside(path):
            return PhotoRef(key, path)
    raise Refused(f"not a photo of the dataset: {value!r:.200}")


def _stays_inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return bool(path) and "\0" not in path and not pure.is_absolute() and ".." not in pure.parts


def train_configuration_message(run: Run, configuration: str, repeat: int, fold: int) -> Message:
    """Have one configuration trained and scored on one split."""
    part = training_part(run.plan.fingerprint, configuration, repeat, fold)
    seconds = time_limits.loading_and_training_seconds(run) + time_limits.MARGIN_SECONDS
    return _whole(part, TRAIN_CONFIGURATION, (run.run_id, configuration, repeat, fold), seconds)


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
    return _whole(part, COMPARE_RUN, (run.run_id,), time_limits.COMPARISON_HARD_SECONDS)


def refit_winner_message(run: Run) -> Message:
    """Have the winner of the comparison refitted."""
    seconds = time_limits.refit_seconds(run) + time_limits.MARGIN_SECONDS
    return _whole(refit_part(run.plan.fingerprint), REFIT_WINNER, (run.run_id,), seconds)


def train_encoder_message(run: Run) -> Message:
    """Have the encoder of a run trained; the hard limit ends an attempt only, and the next goes on."""
    part = encoder_part(run.plan.fingerprint)
    return _whole(part, TRAIN_ENCODER, (run.run_id,), time_limits.LONGEST_TASK_SECONDS)


def _whole(part: str, task: str, arguments: tuple[object, ...], seconds: float) -> Message:
    return Message(part, frozenset([part]), task, arguments, seconds)


def parse_run_id(value: object) -> str:
    """A run's name; raises Refused."""
    if not isinstance(value, str) or not RUN_ID.fullmatch(value):
        raise Refused(f"not a run: {value!r:.80}")
    return value

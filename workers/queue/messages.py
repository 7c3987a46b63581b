"""What a message may say. Whoever can reach the broker can send one, so nothing in it is believed.

A message names a run and what to do in it; paths, settings and limits come from the run's plan in the store. The
one path that it carries is relative and must stay inside the plan's dataset.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from storage.errors import InputError
from storage.runs import RUN_ID, Run
from workers.learning.configurations import LEARNING_VERSION

_KEY = re.compile(r"[0-9a-f]{64}")
MOST_PHOTOS = 1_000


class Refused(InputError):
    """A message that no orchestrator of ours would send."""


@dataclass(frozen=True)
class PhotoRef:
    """A photo to encode.

    Args:
        key: sha256 of its bytes, hex.
        path: relative to the dataset, '/' between parts.
    """

    key: str
    path: str


def run_id_of(value: object) -> str:
    """A run's name; raises Refused."""
    if not isinstance(value, str) or not RUN_ID.fullmatch(value):
        raise Refused(f"not a run: {value!r:.80}")
    return value


def photos_of(value: object) -> tuple[PhotoRef, ...]:
    """The photos of a message, [[key, path], ...]; raises Refused at the first that is not one."""
    if not isinstance(value, list) or not 0 < len(value) <= MOST_PHOTOS:
        raise Refused("photos must be a list of 1 to 1000")
    return tuple(_photo(each) for each in value)


def _photo(value: object) -> PhotoRef:
    match value:
        case [str(key), str(path)] if _KEY.fullmatch(key) and _stays_inside(path):
            return PhotoRef(key, path)
    raise Refused(f"not a photo of the dataset: {value!r:.200}")


def _stays_inside(path: str) -> bool:
    pure = PurePosixPath(path)
    return bool(path) and "\0" not in path and not pure.is_absolute() and ".." not in pure.parts


def split_of(configuration: object, repeat: object, fold: object, known: Sequence[str]) -> tuple[str, int, int]:
    """A training's name and numbers; raises Refused where the run has no such configuration."""
    match configuration, repeat, fold:
        # bool is an int, but True is no number of ours: it would name another part
        case str(name), int(first), int(second) if name in known and bool not in (type(repeat), type(fold)):
            return name, first, second
    raise Refused(f"not a training of this run: {configuration!r:.80} {repeat!r:.20} {fold!r:.20}")


def check_version(run: Run) -> None:
    """Raise Refused where this worker would not learn as the run's other workers do."""
    if run.plan.learning_version != LEARNING_VERSION:
        raise Refused(f"run {run.run_id} was planned with another version of the code that learns than this worker's")

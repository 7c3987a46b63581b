"""The stages of a run: what should be there, what is there, and the work that would close the gap.

Each stage is a question to the store; none remembers anything. The first that is not done is the run's stage.

    images ▶ faces ▶ splits ▶ training ▶ comparison ▶ refit ▶ report
    images ▶ faces ▶ encoder                                              a run that trains one
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from storage.errors import DatasetError, RunStuck
from storage.runs import Run
from storage.schemas import CATALOG, COMPARISON, FACES
from storage.tables import read_table
from workers.faces.engine_fingerprint import engine_fingerprint
from workers.jobs.part_names import training_part
from workers.jobs.photo_ref import PhotoRef
from workers.learning.configurations import LEARNING_VERSION
from workers.queue import messages
from workers.queue.messages import Message

MOST_PHOTOS_PER_TASK = 64
"""Beyond it a message gains nothing (docs/performance.md) and a lost one costs more."""

TASKS_PER_PROCESS = 4
"""What is left is cut so that each process still gets so many messages: large ones cost less, small ones at the end let
no process idle while another is busy (guided self-scheduling, Polychronopoulos and Kuck, IEEE Transactions on
Computers, 1987)."""


def photos_per_task(left: int, processes: int) -> int:
    """How many photos the next message carries where so many are left: whole chunks of the engine's."""
    from workers.faces.engine import CHUNK

    share = left // (TASKS_PER_PROCESS * processes)
    return min(MOST_PHOTOS_PER_TASK, max(CHUNK, share - share % CHUNK))


def submitted(catalog: pa.Table) -> dict[str, str]:
    """photo_key to path, a photo once however often it is in the folder; in the order of paths."""
    usable = catalog.filter(pc.equal(catalog.column("outcome").cast(pa.string()), "ok"))
    keys, paths = usable.column("photo_key").to_pylist(), usable.column("path").to_pylist()
    photos: dict[str, str] = {}
    for key, path in zip(keys, paths, strict=True):
        photos.setdefault(key, path)
    return photos


def catalogued(run: Run) -> dict[str, str]:
    """The photos of a run that workers are to look at: photo_key to path."""
    return submitted(read_table(run.catalog, CATALOG))


def check_engine(run: Run) -> None:
    """Raise RunStuck where the installed engine is not the one whose encodings the run is to fill."""
    if engine_fingerprint(run.plan.engine) != run.plan.engine_fingerprint:
        raise RunStuck(
            f"run {run.run_id} was planned with another version of the face engine",
            "Use that version, or start a new run, which encodes the photos anew",
        )


def check_learning(run: Run) -> None:
    """Raise RunStuck where what is installed would not learn as what began the run's trainings."""
    if run.plan.learning_version != LEARNING_VERSION:
        raise RunStuck(
            f"run {run.run_id} was planned with another version of the code that learns",
            "Use that version, or start a new run; its photos are encoded already",
        )


def image_work(run: Run, photos: Mapping[str, str], missing: Iterable[str], sizes: Iterator[int]) -> Iterator[Message]:
    """Messages for the photos that have no outcome yet.

    Args:
        missing: photo keys.
        sizes: how many of them each message carries.
    """
    for keys in _batched(missing, sizes):
        yield messages.encode_photos_message(run, [PhotoRef(key, photos[key]) for key in keys])


def _batched(values: Iterable[str], sizes: Iterator[int]) -> Iterator[tuple[str, ...]]:
    iterator = iter(values)
    while batch := tuple(itertools.islice(iterator, next(sizes))):
        yield batch


def sizes_of_tasks(left: int, processes: int) -> Iterator[int]:
    """How many photos one message after the other carries where so many are left."""
    while True:
        size = photos_per_task(left, processes)
        yield size
        left = max(0, left - size)


def trainings(run: Run, splits: pa.Table) -> dict[str, tuple[str, int, int]]:
    """Every training of a run: its part's name to (configuration, repeat, fold); the slow ones first."""
    numbers = sorted(set(zip(splits["repeat"].to_pylist(), splits["fold"].to_pylist(), strict=True)))
    names: Sequence[str] = sorted(run.plan.experiment.configurations, key=_slow_first)
    wanted = [(name, repeat, fold) for name in names for repeat, fold in numbers]
    return {training_part(run.plan.fingerprint, *each): each for each in wanted}


def _slow_first(name: str) -> tuple[int, str]:
    return (0 if name.startswith("cnn-regularized") else 1 if name.startswith("cnn") else 2, name)


def training_work(run: Run, wanted: Mapping[str, tuple[str, int, int]], missing: Collection[str]) -> Iterator[Message]:
    """Messages for the trainings that have no scores yet."""
    for part, each in wanted.items():
        if part in missing:
            yield messages.train_configuration_message(run, *each)


def refit_work(run: Run) -> Message | None:
    """The message that has the winner refitted; None where that is done, or nobody won."""
    from workers.jobs.refit_winner import folder_of, is_refitted, winner_of

    winner = winner_of(read_table(run.comparison, COMPARISON))
    if winner is None or is_refitted(folder_of(run, winner)):
        return None
    return messages.refit_winner_message(run)


def check_people(run: Run) -> None:
    """Raise DatasetError where the faces that were found are of too few people for an encoder."""
    from workers.jobs.train_encoder import settings_of, teaching
    from workers.learning.encoder.train_triplets import split_people
    from workers.learning.fold import CannotFit

    _, labels = teaching(read_table(run.catalog, CATALOG), read_table(run.faces, FACES))
    try:
        split_people(labels, settings_of(run))
    except CannotFit as why:
        raise DatasetError(f"{why}, counting photos in which a face was found", "Add people or photos") from why


def encoder_progress(run: Run) -> tuple[int, int, str]:
    """Epochs that are done, epochs at most, and the figures of the last one in words."""
    from workers.jobs.train_encoder import curves_of, settings_of

    curves = curves_of(run)
    most = settings_of(run).epochs
    if not curves:
        return 0, most, ""
    right = curves["val_accuracy"]
    words = f"loss {curves['loss'][-1]:.3f}, watched pairs {right[-1]:.1%} right (best {max(right):.1%})"
    return len(right), most, words

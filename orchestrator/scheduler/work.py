"""Missing work: what a run's plan asks for, and the messages for what is not stored yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Set

import pyarrow as pa
import pyarrow.compute as pc

from orchestrator.scheduler.batching import batched
from storage.errors import DatasetError
from storage.run_faces import read_faces
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table
from workers.jobs.photo_paths import submitted_photos
from workers.jobs.planned_trainings import Training
from workers.queue.messages import (
    Message,
    embed_faces_message,
    encode_photos_message,
    train_configuration_message,
)


def planned_photos(run: Run) -> dict[str, str]:
    """The photos that workers encode: photo_key to path, in the order of paths."""
    return submitted_photos(read_table(run.catalog, CATALOG))


def pixels_per_photo(run: Run) -> float:
    """Mean number of pixels of the photos whose header was read; 0 where there is none. Raises StoreError."""
    sizes = read_table(run.catalog, CATALOG, ["width", "height"])
    width, height = (pc.cast(sizes[name], pa.float64()) for name in ("width", "height"))
    return float(pc.mean(pc.multiply(width, height)).as_py() or 0)


def photo_messages(
    run: Run, missing: Iterable[str], sizes: Iterator[int], encoded: Set[str] = frozenset()
) -> Iterator[Message]:
    """Messages for the photos that have no outcome yet.

    Args:
        missing: photo keys.
        sizes: how many of them each message carries.
        encoded: the photos whose faces are stored; of these, embeddings only are missing.
    """
    for keys in batched(missing, sizes):
        for message, some in (
            (encode_photos_message, [key for key in keys if key not in encoded]),
            (embed_faces_message, [key for key in keys if key in encoded]),
        ):
            if some:
                yield message(run, some)


def training_messages(run: Run, trainings: Mapping[str, Training], missing: Collection[str]) -> Iterator[Message]:
    """Messages for the trainings that have no scores yet, in the order of `trainings`.

    Args:
        trainings: by the name of the part.
        missing: names of parts.
    """
    for part, each in trainings.items():
        if part in missing:
            yield train_configuration_message(run, *each)


def needs_refit(run: Run) -> bool:
    """Whether the comparison has a winner that is not refitted yet; raises StoreError without a comparison."""
    from workers.jobs.refit_winner import folder_of, is_refitted, winner_of_run

    winner = winner_of_run(run)
    return winner is not None and not is_refitted(folder_of(run, winner))


def check_enough_people(run: Run) -> None:
    """Raise DatasetError where faces were found of too few people to train an encoder."""
    from workers.jobs.train_encoder import settings_of, teaching
    from workers.learning.encoder.train_triplets import split_people
    from workers.learning.fold import CannotFit

    _, labels = teaching(read_table(run.catalog, CATALOG), read_faces(run, ["photo_key", "outcome"]))
    try:
        split_people(labels, settings_of(run))
    except CannotFit as why:
        raise DatasetError(f"{why}, counting photos in which a face was found", "Add people or photos") from why

"""The task train_encoder: train the encoder of a run by triplets. The next attempt goes on where the last one died.

    faces.parquet ──▶ triplets ──▶ encoder/checkpoint.npz   after every epoch
                                   encoder/tensorboard/
                                   encoder/encoder.npz, encoder.json: the end

Deaths are counted from the last finished epoch: on a machine that is restarted every night a training still ends, and
one that dies `attempts` times in the same epoch is given up.
"""

from __future__ import annotations

import logging

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.attempts import Attempt
from storage.plans import ENCODER_RUN, TripletSettings
from storage.read_attempts import forget_deaths, read_attempts
from storage.run_faces import read_faces
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table
from storage.temporary_files import sweep
from workers.jobs.job import check_kind, check_version, run_job
from workers.jobs.load_faces import FACE_COLUMNS, faces_with_pictures
from workers.jobs.part_names import encoder_part
from workers.jobs.time_limits import training_seconds
from workers.learning.arrays import Array
from workers.learning.encoder.checkpoint import read_curves
from workers.learning.encoder.train_triplets import CHECKPOINT, read_report_curves, train_by_triplets
from workers.learning.face_arrays import labels_of

logger = logging.getLogger("lineup.training")

BOARD = "tensorboard"


def settings_of(run: Run) -> TripletSettings:
    """How the run trains its encoder."""
    return run.plan.triplets or TripletSettings()


def teaching(catalog: pa.Table, faces: pa.Table) -> tuple[list[str], Array]:
    """The photo of each face that teaches, and whose it is; pictures that carry several names teach nothing."""
    outcomes = zip(faces["photo_key"].to_pylist(), faces["outcome"].to_pylist(), strict=True)
    single, _ = labels_of(catalog)
    keys = [key for key, outcome in outcomes if outcome == "ok" and key in single]
    return keys, np.asarray([single[key] for key in keys])


def curves_of(run: Run) -> dict[str, list[float]]:
    """The figures of each epoch so far; of a finished run, those of all epochs."""
    return read_report_curves(run.encoder) or read_curves(run.encoder / CHECKPOINT)


def train_encoder_of(run: Run) -> None:
    """Train the run's encoder, or go on training it, unless it is there or another process is at it.

    Raises:
        Refused: the run trains none, or its photos are not encoded yet.
        StoreError: its faces are damaged, or the disk is full.
        CannotFit: too few people.
    """
    check_kind(run, ENCODER_RUN)
    check_version(run)
    part = encoder_part(run.plan.fingerprint)
    seconds = training_seconds(run)

    def work(attempt: Attempt, _number: int) -> None:
        sweep(run.encoder)
        table = read_faces(run, FACE_COLUMNS)
        keys, labels = teaching(read_table(run.catalog, CATALOG), table)
        taught = table.filter(pc.is_in(table["photo_key"], value_set=pa.array(keys, pa.string())))
        pictures = faces_with_pictures(taught, run.encodings / "faces", run.plan.engine.landmarks != "5")
        settings = settings_of(run)

        def after_epoch(done: int, most: int, figures: dict[str, float]) -> None:
            attempt.allow(seconds)
            forget_deaths(read_attempts(run.attempts)[1])
            words = ", ".join(f"{name} {value:.4f}" for name, value in figures.items())
            logger.info("epoch %d of %d: %s", done, most, words, extra={"run": run.run_id, "part": part})

        train_by_triplets(
            pictures.pictures(settings.view), labels, settings, run.encoder, after_epoch, run.encoder / BOARD
        )
        (run.encoder / CHECKPOINT).unlink(missing_ok=True)

    def lacks() -> str:
        return "" if run.faces.is_file() else "its photos are not encoded yet"

    run_job(run, part, seconds, work, is_done=lambda: run.finished, lacks=lacks)

"""The result of an encoder's training, and which people of a comparison it was trained on."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage.encoder_settings import OwnEncoder
from storage.errors import StoreError
from storage.finding_schemas import ENCODER_OVERLAP
from storage.plans import ENCODER_REPORT
from storage.run_faces import read_faces
from storage.runs import Run, open_run
from storage.schemas import CATALOG
from storage.tables import read_table
from workers.jobs.train_encoder import BOARD, settings_of, teaching
from workers.learning.encoder.picture_encoder import FILE
from workers.learning.encoder.train_triplets import split_people


def encoder_overlap(run: Run, splits: pa.Table) -> pa.Table:
    """Which people and photos of this run the trained encoders of its experiment were trained on, or stopped by.

    Args:
        splits: `storage.schemas.SPLITS`.

    Returns:
        `storage.finding_schemas.ENCODER_OVERLAP`, a row for each trained encoder.
    """
    scored = splits.filter(pc.not_equal(splits["role"].cast(pa.string()), "train"))
    people, photos = set(splits["label"].to_pylist()), set(scored["photo_key"].to_pylist())
    rows = []
    for encoder, planned in run.plan.experiment.encoders.items():
        if not isinstance(planned, OwnEncoder):
            continue
        names, keys = _trained_on(open_run(run.store, planned.run))
        rows.append(
            {
                "encoder": encoder,
                "run": planned.run,
                "people": len(people),
                "named": len(people & names),
                "photos": len(photos & keys),
            }
        )
    return pa.Table.from_pylist(rows, schema=ENCODER_OVERLAP)


def _trained_on(run: Run) -> tuple[set[str], set[str]]:
    """Names and photo keys of the faces that trained an encoder or said when to stop."""
    keys, labels = teaching(read_table(run.catalog, CATALOG), read_faces(run, ["photo_key", "outcome"]))
    sets = split_people(labels, settings_of(run))
    rows = [*sets.train.tolist(), *sets.validation.tolist()]
    return {str(labels[row]) for row in rows}, {keys[row] for row in rows}


def encoder_of(run: Run) -> dict[str, Any]:
    """What a finished run says of its encoder: its `encoder.json`, and where everything is; raises StoreError."""
    try:
        told = dict(json.loads((run.encoder / ENCODER_REPORT).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(f"{run.encoder / ENCODER_REPORT} cannot be read: {error}", "Delete it and resume") from error
    return {**told, "path": str(run.encoder / FILE), "tensorboard": str(run.encoder / BOARD)}


def encoder_lines(run: Run) -> list[str]:
    """The same for a person, and the lines of an experiment file that compare with it; raises StoreError."""
    told = encoder_of(run)
    before, after, settings = told["before"], told["after"], told["settings"]
    trained, watched, tested = told["people"]
    return [
        f"people       {trained} for training, {watched} for early stopping, {tested} for testing; no person is in two",
        f"training     {settings['view']} faces, {settings['mining']} triplets, {len(told['curves']['loss'])} epochs; "
        f"number {told['best_epoch']} is kept",
        f"untrained    {before['accuracy']:.1%} of {before['pairs']} pairs of test people judged rightly, "
        f"EER {before['equal_error_rate']:.1%}",
        f"trained      {after['accuracy']:.1%}, EER {after['equal_error_rate']:.1%}",
        f"encoder      {told['path']}",
        f"curves       tensorboard --logdir {told['tensorboard']}",
        "",
        "Compare it with dlib's in an experiment file:",
        '  configurations = ["knn-1", "svm-linear", "knn-1@own", "svm-linear@own"]',
        "  [encoders]",
        f'  own = "{run.run_id}"',
    ]

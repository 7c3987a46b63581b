"""k-shot: accuracy against the number of training photos a person.

A fold of such a run is a number of photos, so its folds must never be pooled: the comparison takes the largest alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.finding_schemas import K_SHOT
from workers.compare.answers import outcomes_of
from workers.compare.configuration_row import repeat_deviation
from workers.compare.intervals import jeffreys


def largest_shot(table: pa.Table, splits: pa.Table) -> pa.Table:
    """The rows of the largest number of photos that two people have.

    Args:
        table: SPLITS, SCORES or FITS of a k-shot run.
        splits: SPLITS of the run.
    """
    return table.filter(pc.equal(table["fold"], pc.max(splits["fold"])))


def k_shot_table(scores: pa.Table, splits: pa.Table, configurations: Sequence[str], shots: Sequence[int]) -> pa.Table:
    """`storage.finding_schemas.K_SHOT`: a row a configuration and number of photos, without figures where it failed.

    Args:
        scores, splits: tables of `storage.schemas` of a k-shot run.
        shots: of the protocol; a fold is a place in it.
    """
    rows = []
    tested = splits.filter(pc.equal(pc.cast(splits["role"], pa.string()), "test"))
    for name in sorted(configurations):
        mine = scores.filter(pc.equal(pc.cast(scores["configuration"], pa.string()), name))
        for fold in sorted(set(splits["fold"].to_pylist())):
            here = tested.filter(pc.equal(tested["fold"], fold))
            faces = set(zip(here["photo_key"].to_pylist(), here["face_index"].to_pylist(), strict=True))
            test = outcomes_of(mine.filter(pc.equal(mine["fold"], fold)), "test")
            row = {"configuration": name, "shots": shots[fold], "people": len(set(here["label"].to_pylist()))}
            row["test_faces"] = len(faces)
            if len(test.faces) == here.num_rows:  # it failed in no repeat
                accuracy = float(np.mean(test.right))
                low, high = jeffreys(accuracy * len(faces), len(faces))
                row |= {"accuracy": accuracy, "low": low, "high": high, "repeat_deviation": repeat_deviation(test)}
            rows.append(row)
    return pa.Table.from_pylist(rows, schema=K_SHOT)

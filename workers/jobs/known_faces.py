"""The faces of a run that its model knows: those that train or test in some split, and strangers kept apart.

No single split has all faces: people play the stranger in turn, and a k-shot trains on few photos.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.runs import Run
from storage.schemas import SPLITS
from storage.tables import read_table
from workers.jobs.load_faces import load_chooser
from workers.learning.face_chooser import FaceChooser
from workers.learning.split_rows import COLUMNS, SplitRows


def load_known_faces(run: Run) -> tuple[SplitRows, SplitRows]:
    """`known_and_strangers` of a run; raises StoreError where a table is missing or damaged."""
    return known_and_strangers(read_table(run.splits, SPLITS, list(COLUMNS)), load_chooser(run))


def known_and_strangers(splits: pa.Table, chooser: FaceChooser | None = None) -> tuple[SplitRows, SplitRows]:
    """A row for each face that trains or tests in some split, and for each of role `calibrate` of never known people.

    Args:
        splits: COLUMNS of SPLITS.
        chooser: of the policy `consistent`, by which all known photos, which now train, get one face each.
    """
    rows = SplitRows(splits)
    known = rows.taken(np.flatnonzero(rows.are("role", "train", "test"))).one_a_face()
    calibrating = rows.are("role", "calibrate") & ~rows.are("label", *set(known.words("label")))
    strangers = rows.taken(np.flatnonzero(calibrating)).one_a_face()
    return _one_face_each(known, chooser) if chooser else known, strangers


def known_people(splits: pa.Table) -> set[str]:
    """The labels of all known faces, from the columns label and role of SPLITS."""
    known = pc.is_in(pc.cast(splits["role"], pa.string()), value_set=pa.array(["train", "test"]))
    return set(pc.unique(pc.cast(splits["label"].filter(known), pa.string())).to_pylist())


def _one_face_each(known: SplitRows, chooser: FaceChooser) -> SplitRows:
    keys = known.words("photo_key")
    chosen = chooser.choose(dict(zip(keys, known.words("label"), strict=True)))
    last = [row for row, key in enumerate(keys) if keys[row + 1 : row + 2] != [key]]
    faces = np.asarray([chosen[keys[row]].face_index for row in last], np.int16)
    return known.taken(np.asarray(last, np.intp)).with_faces(faces)

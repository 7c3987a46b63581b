"""Load a run's faces, splits and encoders for a job.

What a worker process has loaded stays in memory: every configuration of a run reads the same faces.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from storage.errors import StoreError
from storage.folders import FileVersion, file_version
from storage.runs import Run, run_folder
from storage.schemas import FACES, SPLITS
from storage.tables import read_table
from workers.learning.configurations import Configuration
from workers.learning.encoder.picture_encoder import encoder_digest, load_picture_encoder
from workers.learning.face_arrays import Faces


def load_faces(run: Run, configuration: Configuration) -> Faces:
    """The faces of a run, measured by the encoder of the configuration.

    Raises:
        StoreError: the faces are missing or damaged, or the encoder is not the planned one.
    """
    version = file_version(run.faces)
    if not configuration.encoder:
        return _faces(run.faces, version)
    folder = planned_encoder(run, configuration.encoder)
    return _measured(run.faces, version, folder, encoder_digest(folder))


def load_split(run: Run, repeat: int, fold: int) -> list[dict[str, Any]]:
    """The rows of one split; raises StoreError where the splits are missing or damaged."""
    rows = _splits(run.splits, file_version(run.splits))
    return [row for row in rows if (row["repeat"], row["fold"]) == (repeat, fold)]


def planned_encoder(run: Run, name: str) -> Path:
    """The folder of an encoder that the run's experiment names.

    Raises:
        StoreError: it is gone, or is not the one that the run was planned with.
    """
    planned = run.plan.experiment.encoders[name]
    folder = run_folder(run.store, planned.run) / run.encoder.name
    try:
        same = encoder_digest(folder) == planned.digest
    except OSError:
        same = False
    if not same:
        raise StoreError(
            f"run {run.run_id} was planned with an encoder of run {planned.run} that is not there any more",
            "Plan the comparison anew; its photos are encoded already",
        )
    return folder


@functools.lru_cache(maxsize=1)
def _faces(path: Path, _version: FileVersion) -> Faces:
    return Faces.from_table(read_table(path, FACES))


@functools.lru_cache(maxsize=2)
def _measured(path: Path, version: FileVersion, encoder: Path, _digest: str) -> Faces:
    return _faces(path, version).embedded_by(load_picture_encoder(encoder))


@functools.lru_cache(maxsize=1)
def _splits(path: Path, _version: FileVersion) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table(path, SPLITS).to_pylist()
    return rows

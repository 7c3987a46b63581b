"""The face of each photo of a finished run, and the experiment that chooses the central one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from orchestrator.experiment.chosen_encoders import check_encoder, with_planned_encoders
from storage.engine_settings import without_labels
from storage.experiments import Experiment
from storage.run_faces import embedding_array, read_faces
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table, usable_rows
from workers.compare.metrics import Floats
from workers.jobs.load_faces import faces_by_encoder
from workers.learning.configurations import encoder_parts


@dataclass(frozen=True)
class UsableFaces:
    """One face a photo.

    Attributes:
        embeddings: (N, D) float64.
        row: of `embeddings`, by photo_key.
        outcomes: by photo_key, of every photo of the catalogue.
    """

    embeddings: Floats
    row: Mapping[str, int]
    outcomes: Mapping[str, str]


def experiment_of(experiment: Experiment) -> Experiment:
    """The experiment with a policy by which no label chooses a face."""
    return replace(experiment, faces=without_labels(experiment.faces))


def with_encoder(store: Path, experiment: Experiment, encoder: str) -> Experiment:
    """An experiment whose faces are embedded by that encoder too, and by no other besides the run's own.

    Args:
        encoder: a name of the experiment's encoders, or several with `+` between them.

    Raises:
        ExperimentError: there is no such encoder, or its file is not the one that is meant.
    """
    check_encoder("--encoder", encoder, experiment.encoders)
    named = {name: each for name, each in experiment.encoders.items() if name in encoder_parts(encoder)}
    bare = replace(experiment, configurations=Experiment().configurations, parameters={}, encoders=named)
    return with_planned_encoders(store, bare, [encoder])


def usable_faces(run: Run, encoder: str = "") -> UsableFaces:
    """The face that the policy chose in each photo; under "all" the largest. Raises StoreError.

    Args:
        encoder: whose embeddings; the run's own where it is empty.
    """
    faces = read_faces(run, ["photo_key", "face_index", "outcome", "embedding"])
    faces = faces.filter(pc.equal(faces["face_index"], 0))
    catalog = read_table(run.catalog, CATALOG, ["photo_key", "outcome"])
    outcomes = dict(zip(*(catalog[name].to_pylist() for name in ("photo_key", "outcome")), strict=True))
    outcomes |= dict(zip(*(faces[name].to_pylist() for name in ("photo_key", "outcome")), strict=True))
    good = usable_rows(faces).sort_by("photo_key")
    keys = good["photo_key"].to_pylist()
    if encoder:
        others = faces_by_encoder(run, encoder)
        embeddings = others.embedding[others.rows((key, 0) for key in keys)].astype(np.float64)
    else:
        embeddings = embedding_array(good).astype(np.float64)
    return UsableFaces(embeddings, {key: i for i, key in enumerate(keys)}, outcomes)


def counted_outcomes(outcomes: Mapping[str, str]) -> dict[str, int]:
    """How many have each outcome, the most frequent first."""
    return dict(Counter(outcomes.values()).most_common())

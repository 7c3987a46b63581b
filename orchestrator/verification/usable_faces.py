"""The face of each photo of a finished run, and the experiment that chooses the central one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.experiments import Experiment
from storage.runs import Run
from storage.schemas import CATALOG, FACES
from storage.tables import read_table
from storage.toml_text import parse_toml
from workers.compare.metrics import Floats


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


def experiment_of(experiment: Experiment, toml: str | None) -> Experiment:
    """The experiment with `policy = "central"`, unless its file names a policy.

    Args:
        toml: the file's text; None without a file.
    """
    if toml is not None and "policy" in parse_toml(toml).get("faces", {}):
        return experiment
    return replace(experiment, faces=replace(experiment.faces, policy="central"))


def usable_faces(run: Run) -> UsableFaces:
    """The face that the policy chose in each photo; under "all" the largest. Raises StoreError."""
    faces = read_table(run.faces, FACES, ["photo_key", "face_index", "outcome", "embedding"])
    faces = faces.filter(pc.equal(faces["face_index"], 0))
    catalog = read_table(run.catalog, CATALOG, ["photo_key", "outcome"])
    outcomes = dict(zip(*(catalog[name].to_pylist() for name in ("photo_key", "outcome")), strict=True))
    outcomes |= dict(zip(*(faces[name].to_pylist() for name in ("photo_key", "outcome")), strict=True))
    good = faces.filter(pc.equal(faces["outcome"].cast(pa.string()), "ok")).sort_by("photo_key")
    column = good["embedding"].combine_chunks()
    embeddings = column.flatten().to_numpy(zero_copy_only=False).astype(np.float64).reshape(-1, column.type.list_size)
    return UsableFaces(embeddings, {key: i for i, key in enumerate(good["photo_key"].to_pylist())}, outcomes)


def counted_outcomes(outcomes: Mapping[str, str]) -> dict[str, int]:
    """How many have each outcome, the most frequent first."""
    return dict(Counter(outcomes.values()).most_common())

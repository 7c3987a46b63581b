"""Pairs of photos become the figures of the LFW protocol; encodings come from the same stage and cache as any run's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from orchestrator.dataset.catalog import describe_photos
from orchestrator.dataset.discovery import Source, refusal_of
from orchestrator.scheduler.planning import plan_faces
from orchestrator.verification.pairs_file import PhotoPair, missing_photos
from storage.engine_settings import EngineSettings
from storage.errors import DatasetError
from storage.experiments import Experiment
from storage.runs import Run
from storage.schemas import CATALOG, FACES
from storage.tables import read_table
from workers.compare.pair_protocol import Verification, lfw_protocol

NOT_THERE = "not in the folder"
"""Why a pair is skipped whose photo is missing; the other reasons are outcomes."""


@dataclass(frozen=True)
class Verified:
    """The protocol's result and everything that decides it.

    Attributes:
        run_id: the run that encoded the photos.
        settings: of the face engine.
        skipped: pairs that could not be judged, by the outcome of the first photo without a usable face.
        photos: distinct photos by outcome, with those that are NOT_THERE.
        pairs, folds: of the file.
    """

    run_id: str
    settings: EngineSettings
    verification: Verification
    skipped: Mapping[str, int]
    photos: Mapping[str, int]
    pairs: int
    folds: int


def plan_pairs(
    store: Path,
    folder: Path,
    pairs: Sequence[PhotoPair],
    experiment: Experiment,
    on_photo: Callable[[int, int], None] | None = None,
) -> Run:
    """Plan a run that encodes the photos that the pairs name, each once.

    Raises:
        DatasetError: there is no such folder, or none of the photos is in it.
        StoreError: the store is not usable.
    """
    root = folder.resolve()
    absent = set(missing_photos(root, pairs))
    named = sorted({path for pair in pairs for path in (pair.first, pair.second)} - absent)
    if not named:
        example = f", such as {min(absent)}" if absent else ""
        raise DatasetError(
            f"{folder} holds none of the photos that the pairs name{example}", "Name the folder of LFW's people"
        )
    sources = [Source(path, path.split("/")[0], refusal_of(root, root / path)) for path in named]
    rows = describe_photos(root, sources, experiment.faces.limits, on_photo)
    return plan_faces(store, root, pa.Table.from_pylist(rows, schema=CATALOG), experiment)


def judge_pairs(run: Run, pairs: Sequence[PhotoPair]) -> Verified:
    """Run the protocol on the faces of a finished run.

    Raises:
        DatasetError: the pairs that can be judged do not suffice.
        StoreError: a table is missing or damaged.
    """
    embeddings, outcomes = _photos(run)
    distances, reasons = [], []
    for pair in pairs:
        first, second = embeddings.get(pair.first), embeddings.get(pair.second)
        if first is None or second is None:
            distances.append(np.nan)
            reasons.append(outcomes.get(pair.first if first is None else pair.second, NOT_THERE))
        else:
            distances.append(float(np.linalg.norm(first - second)))
    same, fold = np.array([pair.same for pair in pairs], bool), np.array([pair.fold for pair in pairs])
    try:
        verification = lfw_protocol(np.array(distances), same, fold)
    except ValueError as fault:
        skipped = f"{len(reasons)} of {len(pairs)} pairs cannot be judged"
        raise DatasetError(f"{skipped}: {fault}", "Use a pairs.txt with folds, and the photos that it names") from fault
    absent = {path for pair in pairs for path in (pair.first, pair.second)} - outcomes.keys()
    photos = Counter(outcomes.values()) + Counter({NOT_THERE: len(absent)})
    return Verified(
        run_id=run.run_id,
        settings=run.plan.engine,
        verification=verification,
        skipped=dict(Counter(reasons).most_common()),
        photos=dict(photos.most_common()),
        pairs=len(pairs),
        folds=len(set(fold.tolist())),
    )


def _photos(run: Run) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """By path: the (128,) float64 measurements of a photo's first, which is its largest, face; and its outcome."""
    faces = {
        row["photo_key"]: row
        for row in read_table(run.faces, FACES).select(["photo_key", "face_index", "outcome", "embedding"]).to_pylist()
        if row["face_index"] == 0
    }
    embeddings, outcomes = {}, {}
    for row in read_table(run.catalog, CATALOG).select(["photo_key", "path", "outcome"]).to_pylist():
        face = faces.get(row["photo_key"])
        outcomes[row["path"]] = row["outcome"] if face is None else face["outcome"]
        if face is not None and face["outcome"] == "ok":
            embeddings[row["path"]] = np.asarray(face["embedding"], np.float64)
    return embeddings, outcomes

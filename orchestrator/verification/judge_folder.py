"""A folder with one sub-folder a person becomes all pairs of its photos, and 1:N identification."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.dataset.catalog import OnPhoto, ScanElsewhere, store_catalog
from orchestrator.scheduler.planning import plan_faces
from orchestrator.verification.usable_faces import UsableFaces, counted_outcomes, usable_faces
from storage.engine_settings import EngineSettings
from storage.errors import DatasetError
from storage.experiments import Experiment
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table
from workers.compare.all_pairs import AllPairs, all_pairs
from workers.compare.dyadic_interval import Numbers
from workers.compare.identification_1n import Identification, identify_1n
from workers.compare.metrics import Floats

TWO_LABELS = "left out: the same file under two people"


@dataclass(frozen=True)
class FolderVerified:
    """The result on a folder and everything that decides it.

    Attributes:
        run_id: the run that encoded the photos.
        settings: of the face engine.
        encoder: whose embeddings are compared; empty for the engine's own.
        pairs: over all pairs of photos.
        identification: 1:N; None where it cannot be asked, and then `not_identified` says why.
        photos: distinct photos by outcome.
        seed: of who is enrolled.
    """

    run_id: str
    settings: EngineSettings
    pairs: AllPairs
    identification: Identification | None
    not_identified: str
    photos: Mapping[str, int]
    seed: int
    encoder: str = ""


def plan_folder(
    store: Path,
    folder: Path,
    labels: Path | None,
    experiment: Experiment,
    on_photo: OnPhoto | None = None,
    elsewhere: ScanElsewhere | None = None,
) -> Run:
    """Plan a run that encodes the photos of a folder.

    Args:
        labels: CSV with the columns path and label; None for one sub-folder a person.
        elsewhere: reads new files on other machines.

    Raises:
        DatasetError: folder or CSV is not usable, or names fewer than two people with a photo.
        StoreError: the store is not usable.
    """
    limits = experiment.faces.limits
    catalog, _ = store_catalog(store, folder, labels, limits, on_photo, elsewhere, min_photos_per_person=2)
    return plan_faces(store, folder.resolve(), catalog, experiment)


def judge_folder(run: Run, gallery_photos: int = 1, encoder: str = "") -> FolderVerified:
    """Compare all photos of a finished run with each other.

    Args:
        gallery_photos: of each enrolled person, for 1:N.
        encoder: whose embeddings are compared; empty for the engine's own.

    Raises:
        DatasetError: the photos with a usable face are of one person, or nobody has two.
        StoreError: a table is missing or damaged.
    """
    faces = usable_faces(run, encoder)
    embeddings, person, twice = _by_person(run, faces)
    try:
        pairs = all_pairs(embeddings, person)
    except ValueError as fault:
        raise DatasetError(f"{run.plan.dataset}: {fault}", "Add photos in which a face is found") from fault
    seed, identification, why = run.plan.experiment.seed, None, ""
    try:
        identification = identify_1n(embeddings, person, gallery_photos, seed)
    except ValueError as fault:
        why = str(fault)
    photos = counted_outcomes({**faces.outcomes, **dict.fromkeys(twice, TWO_LABELS)})
    return FolderVerified(run.run_id, run.plan.engine, pairs, identification, why, photos, seed, encoder)


def _by_person(run: Run, faces: UsableFaces) -> tuple[Floats, Numbers, set[str]]:
    """Embeddings sorted by person, the person's number from 0, and the keys of photos that two people have."""
    catalog = read_table(run.catalog, CATALOG, ["photo_key", "label"])
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for key, label in zip(*(catalog[name].to_pylist() for name in ("photo_key", "label")), strict=True):
        if key in faces.row:
            labels[key].add(label)
    twice = {key for key, names in labels.items() if len(names) > 1}
    ordered = sorted((*names, key) for key, names in labels.items() if len(names) == 1)
    if not ordered:
        raise DatasetError(f"{run.plan.dataset}: no photo has a usable face", "Add photos in which a face is found")
    _, person = np.unique(np.array([label for label, _ in ordered], object).astype(str), return_inverse=True)
    return faces.embeddings[[faces.row[key] for _, key in ordered]], person.astype(np.intp), twice

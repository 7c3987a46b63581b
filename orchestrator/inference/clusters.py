"""From a folder of photos without labels to groups of faces, one a person: plan the encoding, then group.

The photos are encoded by a run of their own, as by `lineup verify`: on all cores or on a cluster, resumable, and kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from orchestrator.dataset.catalog import OnPhoto, ScanElsewhere
from orchestrator.experiment.chosen_encoders import check_encoder, with_planned_encoders
from orchestrator.inference.heap_run import plan_heap
from storage.encoder_settings import SFACE, SFACE_NAME
from storage.errors import EngineError
from storage.experiments import Experiment
from storage.face_pictures import Face
from storage.outputs import OutputLedger
from storage.run_faces import read_faces
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table
from workers.faces.models.encoder_files import encoder_file
from workers.jobs.load_faces import faces_by_encoder
from workers.learning.arrays import Floats
from workers.learning.configurations import PLUS, RUN_ENCODER, UNKNOWN
from workers.recognition.encoder_scales import scale_of
from workers.recognition.group_faces import LEFT_OVER, Groups, group_faces

BOTH = f"{RUN_ENCODER}{PLUS}{SFACE_NAME}"


@dataclass(frozen=True)
class Cluster:
    """The faces of one person.

    Attributes:
        name: such as person-001; the largest is the first.
        faces: photo key and face index, the nearest to the centre first.
    """

    name: str
    faces: tuple[Face, ...]


@dataclass(frozen=True)
class Clusters:
    """The people of a folder.

    Attributes:
        clusters: the largest first.
        in_photo: of each photo with a face, by its key: the name of each face by its index, the largest face first;
            UNKNOWN for a face in no cluster.
        paths: of each photo, by its key; equal files have several.
        outcomes: photos by outcome.
        encoder: whose measurements were compared.
    """

    clusters: tuple[Cluster, ...]
    in_photo: Mapping[str, Mapping[int, str]]
    paths: Mapping[str, tuple[str, ...]]
    outcomes: Mapping[str, int]
    encoder: str

    def labels(self) -> list[tuple[str, str]]:
        """(path, name) of each photo whose largest face is in a cluster, and no other face in another; by path.

        A labels file names one person a photo, so photos of several people are not in it.
        """
        return sorted(
            (path, names[0])
            for key, names in self.in_photo.items()
            if names[0] != UNKNOWN and set(names.values()) <= {names[0], UNKNOWN}
            for path in self.paths[key]
        )


def default_encoder() -> str:
    """Both encoders where SFace's file is installed, else the engine's own: together they err least."""
    try:
        return BOTH if encoder_file(SFACE).exists() else RUN_ENCODER
    except EngineError:
        return RUN_ENCODER


def plan_clusters(
    store: Path,
    folder: Path,
    encoder: str,
    outputs: OutputLedger,
    on_photo: OnPhoto | None = None,
    elsewhere: ScanElsewhere | None = None,
) -> Run:
    """Plan a run that encodes every face of every photo of a folder and its sub-folders.

    Args:
        encoder: "dlib" for the engine's own; else a known one, or several with `+` between them.
        elsewhere: reads new files on other machines.

    Raises:
        DatasetError: the folder is not usable.
        ExperimentError: there is no such encoder, or its file is not installed.
        StoreError: the store is not usable.
    """
    base = Experiment()
    experiment = replace(base, faces=replace(base.faces, policy="all"))
    if encoder != RUN_ENCODER:
        check_encoder("--encoder", encoder, {})
        experiment = with_planned_encoders(store, experiment, [encoder])
    return plan_heap(store, folder, experiment, outputs, on_photo, elsewhere).run


def clusters_of(run: Run, encoder: str, looseness: float = 1.0, least: int = 2) -> Clusters:
    """The clusters of a finished run.

    Args:
        encoder: of `plan_clusters`.
        looseness: of `group_faces`.
        least: photos of a cluster; the faces of smaller ones are UNKNOWN.

    Raises:
        InputError: too many faces.
        StoreError: a table is missing or damaged.
    """
    name = "" if encoder == RUN_ENCODER else encoder
    faces = faces_by_encoder(run, name)
    places: list[Face] = list(zip(faces.keys, faces.face_index.tolist(), strict=True))
    groups = group_faces(faces.embedding, scale_of(run.plan.engine, name, run.plan.experiment.encoders), looseness)
    members = [np.flatnonzero(groups == group) for group in range(groups.max(initial=LEFT_OVER) + 1)]
    kept = [rows for rows in members if len({places[row][0] for row in rows}) >= least]
    clusters = tuple(
        Cluster(f"person-{number:03d}", tuple(places[row] for row in nearest_first(faces.embedding, rows)))
        for number, rows in enumerate(kept, 1)
    )
    in_photo: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for key, index in places:
        in_photo[key][index] = UNKNOWN
    for cluster in clusters:
        for key, index in cluster.faces:
            in_photo[key][index] = cluster.name
    catalog = read_table(run.catalog, CATALOG, ["photo_key", "path"]).to_pylist()
    paths: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for row in catalog:
        paths[row["photo_key"]] += (row["path"],)
    return Clusters(clusters, dict(in_photo), dict(paths), _outcomes(run), encoder)


def nearest_first(embedding: Floats, rows: Groups) -> list[int]:
    """These rows of embeddings (N, D), the nearest to their mean first."""
    away = np.linalg.norm(embedding[rows] - embedding[rows].mean(axis=0), axis=1)
    return [int(row) for row in rows[np.argsort(away, kind="stable")]]


def _outcomes(run: Run) -> dict[str, int]:
    """Photos by outcome, the most frequent first."""
    columns = ["photo_key", "outcome"]
    found = {row["photo_key"]: row["outcome"] for row in read_faces(run, columns).to_pylist()}
    rows = read_table(run.catalog, CATALOG, columns).to_pylist()
    counts = Counter(found.get(row["photo_key"], row["outcome"]) for row in rows)
    return dict(counts.most_common())

"""How well `lineup cluster` finds the people of folders whose sub-folders name them; the names are not used.

    python -m benchmarks.clusters_check FOLDER...

Encodes the photos as `lineup cluster` does, in the store of the settings, and writes build/clusters.json: for each
folder and encoder the pairwise precision, recall and F over all pairs of photos. A photo is judged by its largest face;
a face that is left over is alone. Beside it stands scikit-learn's HDBSCAN on the same measurements.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.processes import ROOT
from orchestrator.cli.options import settings, store_folder
from orchestrator.inference.clusters import Clusters, clusters_of, plan_clusters
from orchestrator.local.drive_run import drive_run
from orchestrator.stop_request import StopRequest
from storage.outputs import store_outputs
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table
from workers.jobs.load_faces import faces_by_encoder
from workers.learning.configurations import RUN_ENCODER, UNKNOWN

ENCODERS = ("dlib", "sface", "dlib+sface")
OUTPUT = ROOT / "build" / "clusters.json"
LEAST = 5
"""Faces of a group: HDBSCAN's own default."""


def pairwise(truth: npt.NDArray[np.str_], groups: npt.NDArray[np.str_]) -> tuple[float, float, float]:
    """Precision, recall and F of pairs that are in one group.

    >>> pairwise(np.array(["a", "a", "b", "b"]), np.array(["1", "1", "1", "2"]))
    (0.3333333333333333, 0.5, 0.4)
    """
    from sklearn.metrics.cluster import pair_confusion_matrix

    (_, only_together), (only_same, both) = pair_confusion_matrix(truth, groups).tolist()  # each pair counts twice
    together, same = both + only_together, both + only_same
    return both / max(1, together), both / max(1, same), 2 * both / max(1, together + same)


def judged(found: Clusters) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    """The sub-folder and the cluster of each photo with a face."""
    rows = [
        (path.split("/")[0], key if names[0] == UNKNOWN else names[0])
        for key, names in sorted(found.in_photo.items())
        for path in found.paths[key][:1]
    ]
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def hdbscan(run: Run, encoder: str) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    """The sub-folder of each photo with a face, and the group that HDBSCAN gives its largest face."""
    from sklearn.cluster import HDBSCAN

    faces = faces_by_encoder(run, "" if encoder == RUN_ENCODER else encoder)
    groups = HDBSCAN(min_cluster_size=LEAST, copy=True).fit_predict(faces.embedding)
    rows = read_table(run.catalog, CATALOG, ["photo_key", "path"]).to_pylist()
    people = {row["photo_key"]: row["path"].split("/")[0] for row in rows}
    largest = [row for row, index in enumerate(faces.face_index.tolist()) if index == 0]
    truth = [people[faces.keys[row]] for row in largest]
    found = [faces.keys[row] if groups[row] < 0 else str(groups[row]) for row in largest]
    return np.array(truth), np.array(found)


def measured(store: Path, folder: Path, encoder: str) -> dict[str, object]:
    """The figures of one folder and encoder."""
    run = plan_clusters(store, folder, encoder, store_outputs(store))
    drive_run(run, store, settings(), lambda _: None, StopRequest())
    found = clusters_of(run, encoder)
    truth, groups = judged(found)
    return {
        "folder": folder.name,
        "encoder": encoder,
        "photos": len(truth),
        "people": len(set(truth)),
        "groups": len(found.clusters),
        "left_over": sum(name == UNKNOWN for names in found.in_photo.values() for name in names.values()),
        "lineup": pairwise(truth, groups),
        "hdbscan": pairwise(*hdbscan(run, encoder)),
    }


def main(folders: list[str]) -> None:
    """Measure each folder and encoder."""
    store = store_folder()
    rows = [measured(store, Path(folder), encoder) for folder in folders for encoder in ENCODERS]
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps({"rows": rows}, indent=1), encoding="utf-8")
    print(OUTPUT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(sys.argv[1:])

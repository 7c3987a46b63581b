"""How well `lineup cluster` finds the people of folders whose sub-folders name them; the names are not used.

    python -m benchmarks.clusters_check FOLDER...

Encodes the photos as `lineup cluster` does, in the store of the settings, and prints for each folder and encoder: the
pairwise precision, recall and F over all pairs of photos, each judged by its largest face; a face that is left over is
alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from orchestrator.cli.options import settings, store_folder
from orchestrator.inference.clusters import Clusters, clusters_of, plan_clusters
from orchestrator.local.drive_run import drive_run
from orchestrator.stop_request import StopRequest
from storage.outputs import store_outputs
from workers.learning.configurations import UNKNOWN

ENCODERS = ("dlib", "sface", "dlib+sface")


def pairwise(truth: npt.NDArray[np.str_], groups: npt.NDArray[np.str_]) -> tuple[float, float, float]:
    """Precision, recall and F of pairs that are in one group.

    >>> pairwise(np.array(["a", "a", "b", "b"]), np.array(["1", "1", "1", "2"]))
    (0.3333333333333333, 0.5, 0.4)
    """
    upper = np.triu_indices(len(truth), 1)
    same, together = (each[:, None] == each[None] for each in (truth, groups))
    both = int((same & together)[upper].sum())
    precision, recall = both / max(1, together[upper].sum()), both / max(1, same[upper].sum())
    return float(precision), float(recall), float(2 * both / max(1, together[upper].sum() + same[upper].sum()))


def judged(found: Clusters) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    """The sub-folder and the cluster of each photo with a face."""
    rows = [
        (path.split("/")[0], key if names[0] == UNKNOWN else names[0])
        for key, names in sorted(found.in_photo.items())
        for path in found.paths[key][:1]
    ]
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def main(folders: list[str]) -> None:
    """Print a line for each folder and encoder."""
    store = store_folder()
    for folder in map(Path, folders):
        for encoder in ENCODERS:
            run = plan_clusters(store, folder, encoder, store_outputs(store))
            drive_run(run, store, settings(), lambda _: None, StopRequest())
            found = clusters_of(run, encoder)
            truth, groups = judged(found)
            figures = " ".join(f"{value:.3f}" for value in pairwise(truth, groups))
            alone = sum(name == UNKNOWN for names in found.in_photo.values() for name in names.values())
            print(
                f"{folder.name:<16} {encoder:<11} {len(truth):>4} photos, {len(set(truth)):>2} people: "
                f"precision, recall, F {figures}; {len(found.clusters)} clusters, {alone} faces left over"
            )


if __name__ == "__main__":
    main(sys.argv[1:])

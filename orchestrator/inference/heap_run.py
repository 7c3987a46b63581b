"""Plan the encode run of a heap of photos: every photo of a folder and its sub-folders, or below a bucket's address.

The people in them are not known, so the run has no labels. Workers encode the photos, and the encodings are kept.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from orchestrator.dataset.catalog import OnPhoto, ScanElsewhere, describe_photos, known_of
from orchestrator.dataset.discovery import from_heap
from orchestrator.scheduler.planning import plan_faces
from storage.errors import LineupError
from storage.experiments import Experiment
from storage.outputs import OutputLedger
from storage.plans import FACES_RUN
from storage.runs import Run, list_runs, open_run
from storage.schemas import CATALOG


@dataclass(frozen=True)
class HeapRun:
    """An encode run, and what of its folder is not in it.

    Attributes:
        left_out: entries of the folder that are not looked at, by kind.
    """

    run: Run
    left_out: Counter[str]


def plan_heap(
    store: Path,
    folder: Path,
    experiment: Experiment,
    outputs: OutputLedger,
    on_photo: OnPhoto | None = None,
    elsewhere: ScanElsewhere | None = None,
) -> HeapRun:
    """Plan the run, or find the one of the same photos and settings.

    Args:
        experiment: its engine settings and encoders are used, and its limits of photos.
        elsewhere: reads new files on other machines.

    Raises:
        DatasetError: the folder is not usable, or has no photo.
        RunConflict: a person was forgotten in the run of these photos.
        StoreError: the store is not usable.
    """
    root, limits = folder.resolve(), experiment.faces.limits
    found = from_heap(root, outputs)
    rows = describe_photos(root, found.photos, limits, on_photo, known_of(store, root, limits), elsewhere)
    run = plan_faces(store, root, pa.Table.from_pylist(rows, schema=CATALOG), experiment)
    return HeapRun(run, found.skipped)


def removal_of(run: Run) -> str:
    """The commands that delete a heap's run, others of its folder (of cluster and verify, too), and their encodings."""
    names = [name for name in list_runs(run.store) if name == run.run_id or _is_of_heap(run, name)]
    return " && ".join([*(f"lineup remove {name} --yes" for name in names), "lineup gc --yes"])


def _is_of_heap(run: Run, name: str) -> bool:
    try:
        plan = open_run(run.store, name).plan
    except LineupError:
        return False
    return plan.kind == FACES_RUN and plan.dataset == run.plan.dataset

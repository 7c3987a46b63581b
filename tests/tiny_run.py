"""A finished run of a few synthetic people, made in this process by the tasks' own functions; and the command."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from orchestrator.dataset.splits import make_splits
from orchestrator.report.encoder_summary import encoder_overlap
from orchestrator.scheduler.planning import plan_run
from orchestrator.scheduler.stored_faces import StoredFaces
from orchestrator.scheduler.verified_tables import VerifiedTables
from orchestrator.scheduler.work import planned_photos
from storage.experiments import Experiment, Protocol
from storage.face_pictures import run_pictures
from storage.runs import Run
from storage.schemas import CATALOG, RUN_FACES, SPLITS
from storage.tables import read_table, write_run_tables
from workers.jobs.compare_run import compare
from workers.jobs.embed_faces import encode_and_embed
from workers.jobs.photo_ref import PhotoRef
from workers.jobs.planned_trainings import planned_trainings
from workers.jobs.train_configuration import train
from workers.synthetic.photo_folder import write_folder

CONFIGURATIONS = ("knn-1", "svm-linear", "eigenfaces-svm", "majority", "threshold-1nn")


def tiny_run(folder: Path, people: int = 4, photos: int = 6, protocol: Protocol | None = None) -> Run:
    """Draw people into folder/faces and compare CONFIGURATIONS on them; the store is folder/store."""
    write_folder(folder / "faces", people, photos, seed=3, side=200)
    experiment = Experiment(
        protocol=protocol or Protocol(min_photos_per_person=2, draws=1),
        configurations=tuple(name for name in CONFIGURATIONS),
    )
    run = plan_run(folder / "store", folder / "faces", None, replace(experiment, seed=1)).run
    compare_here(run)
    assert read_table(run.faces, RUN_FACES).num_rows == people * photos
    return run


def encode_here(run: Run) -> pa.Table:
    """Encode a run's photos in this process and write its faces."""
    wanted = planned_photos(run)
    encode_and_embed(run, [PhotoRef(*item) for item in wanted.items()])
    stored = StoredFaces(run, VerifiedTables())
    assert stored.write_tables(wanted, stored.look(wanted).whole)
    return read_table(run.faces, RUN_FACES)


def compare_here(run: Run) -> None:
    """Bring a run to its comparison in this process."""
    protocol = run.plan.experiment.protocol
    splits = make_splits(
        read_table(run.catalog, CATALOG), encode_here(run), protocol, run_pictures(run), run.plan.engine.policy
    )
    overlap = encoder_overlap(run, splits.table)
    write_run_tables(run, {**splits.tables(), "encoder_overlap": overlap, "splits": splits.table})
    for each in planned_trainings(run, read_table(run.splits, SPLITS)).values():
        train(run, *each)
    compare(run)


def lineup(store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, one worker a queue."""
    command = [sys.executable, "-c", "from orchestrator.cli.main import main; main()", *arguments]
    environment = {**os.environ, "LINEUP_STORE": str(store), "LINEUP_PROCESSES": "1", "LINEUP_BROKER_URL": ""}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)

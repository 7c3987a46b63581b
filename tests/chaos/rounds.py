"""Rounds: a run each over photos that nobody has encoded yet, and what must be true of it at the end."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.maintenance.check import check_run
from orchestrator.scheduler.work import planned_photos
from storage.parts import read_parts
from storage.runs import Run
from storage.schemas import RUN_FACES
from tests.cluster import Cluster, efforts, plan, running, tables
from tests.faults.marking import PLUGIN, comment, mark
from workers.synthetic.photo_folder import write_folder

PEOPLE, PHOTOS = 6, 6

EXPERIMENT: dict[str, Any] = {
    "configurations": ["knn-1", "svm-linear", "majority"],
    "attempts": 5,  # that chance alone kills one photo so often is out of reach
    "photo_seconds": 30,  # far longer than the longest pause
}

PATIENCE_SECONDS = 600
"""For an undisturbed run, in which a photo may kill its process five times, on a machine that others share."""

HARMFUL = {"kill": 0.2, "crash": 0.2, "once": 0.5}
"""How often a round has a photo that does so."""


@dataclass(frozen=True)
class Verdict:
    """What came of a round.

    Args:
        lost: photos without an outcome, or with more than one.
        faults: sentences; none where all is well.
    """

    photos: int
    lost: int
    equal: bool
    faults: tuple[str, ...]


class Rounds:
    """The runs of a campaign; all photos come from one drawing, and a comment makes them new."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self._drawn, self._folder = folder / "drawn", folder / "photos"
        self._folder.mkdir()
        write_folder(self._drawn, PEOPLE, PHOTOS, seed=seed, side=200, processes=1)
        self.runs: list[Run] = []

    def next(self, store: Path, marks: Path) -> Run:
        """Plan another run in that store."""
        (marks / "once").unlink(missing_ok=True)
        number = len(self.runs)
        photos = self._folder / f"round-{number}"
        shutil.copytree(self._drawn, photos)
        files = sorted(photos.glob("*/*.jpg"))
        for file in files:
            comment(file, f"round {number}")
        for deed, file in zip(HARMFUL, self._random.sample(files, len(HARMFUL)), strict=True):
            if self._random.random() < HARMFUL[deed]:
                mark(file, deed)
        self.runs.append(plan(store, photos, **EXPERIMENT))
        return self.runs[-1]

    def verdicts(self, folder: Path) -> list[Verdict]:
        """Do every run again where nothing befalls it, and compare."""
        with running(folder, PLUGIN, processes=1) as alone:
            return [_verdict(run, _undisturbed(alone, run)) for run in self.runs]


def _undisturbed(alone: Cluster, run: Run) -> Run:
    (alone.marks / "once").unlink(missing_ok=True)
    again = alone.plan(Path(run.plan.dataset), **EXPERIMENT)
    alone.drive(alone.reconciler(again), seconds=PATIENCE_SECONDS)
    return again


def _verdict(run: Run, undisturbed: Run) -> Verdict:
    photos = planned_photos(run)
    if not run.finished:
        why = run.stopped or "it did not end"
        return Verdict(len(photos), len(photos.keys() - _found(run)), False, (f"{run.run_id}: {why}",))
    faults = [f"{run.run_id}: {fault}" for fault in check_run(run).faults]
    found, expected = tables(run), tables(undisturbed)
    faults += [f"{run.run_id}: {name} differs" for name in sorted(expected) if found.get(name) != expected[name]]
    most = max(row["attempt"] for row in efforts(run).to_pylist())
    if most > EXPERIMENT["attempts"]:
        faults.append(f"{run.run_id}: a photo was begun {most} times")
    return Verdict(len(photos), len(photos.keys() ^ _found(run)), found == expected, tuple(faults))


def _found(run: Run) -> set[str]:
    """The photos of one outcome; every face of these photos is the only one in its photo."""
    if not run.faces.exists():
        return set()
    counts = Counter(read_parts([run.faces], RUN_FACES).column("photo_key").to_pylist())
    return {key for key, count in counts.items() if count == 1}

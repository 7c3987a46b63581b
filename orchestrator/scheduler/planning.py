"""From a folder to a run: catalogue it, name it by its content (run_fingerprint.py), write the plan."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from orchestrator.dataset.catalog import OnPhoto, ScanElsewhere, store_catalog
from orchestrator.dataset.splits import check_splittable
from orchestrator.dataset.summary import DatasetSummary
from orchestrator.experiment.chosen_configurations import check_configurations, check_five_points
from orchestrator.experiment.chosen_encoders import with_planned_encoders, without_68_points
from orchestrator.scheduler.run_fingerprint import run_fingerprint
from storage.engine_settings import without_labels
from storage.errors import DatasetError, ExperimentError, RunConflict
from storage.experiments import Experiment
from storage.object_path import store_path
from storage.parts import write_part
from storage.plans import COMPARISON_RUN, ENCODER_RUN, FACES_RUN, Plan, RunKind, TripletSettings
from storage.runs import Run, create_run, open_run, run_folder
from workers.faces.engine_fingerprint import engine_fingerprint
from workers.learning.configurations import LEARNING_VERSION
from workers.learning.encoder.train_triplets import LEAST_PEOPLE
from workers.numeric_environment import environment_here

PACKAGES = ("lineup", "numpy", "scikit-learn", "keras", "opencv-python-headless", "dlib-bin", "onnxruntime", "pyarrow")


@dataclass(frozen=True)
class Planned:
    """A run that is there, and what its catalogue holds.

    Args:
        existed: the same photos and experiment have been planned before; the run goes on where it stood.
    """

    run: Run
    summary: DatasetSummary
    existed: bool


def plan_run(
    store: Path,
    dataset: Path,
    labels: Path | None,
    experiment: Experiment,
    run_id: str | None = None,
    on_photo: OnPhoto | None = None,
    corrections: Sequence[Path] = (),
    elsewhere: ScanElsewhere | None = None,
) -> Planned:
    """Catalogue a dataset and write the plan of its run.

    Without a name, the run is named by its content: the same photos and experiment are the same run, and a photo
    more is another one, which encodes that photo only.

    Args:
        corrections: CSV files of labels to be corrected, one after another; see `orchestrator.dataset.corrections`.
        elsewhere: reads new files on other machines.

    Raises:
        DatasetError: the dataset or the corrections are not usable, or too few people have enough photos.
        ExperimentError: a configuration or an encoder that it names is not there.
        RunConflict: `run_id` is a run of other photos or of another experiment.
        StoreError: the store is not usable.
    """
    check_configurations(experiment)
    check_five_points(experiment)
    experiment = with_planned_encoders(store, experiment)
    catalog, summary = store_catalog(
        store,
        dataset,
        labels,
        experiment.faces.limits,
        on_photo,
        elsewhere,
        min_photos_per_person=experiment.protocol.least_photos,
        corrections=corrections,
    )
    check_splittable(catalog, experiment.protocol)
    named = str(labels.resolve()) if labels else ""
    run, existed = _written(store, dataset, named, catalog, experiment, run_id)
    return Planned(run, summary, existed)


def plan_faces(store: Path, dataset: Path, catalog: pa.Table, experiment: Experiment) -> Run:
    """Write the plan of a run that encodes photos and does nothing else, or find the one that is there.

    Raises:
        StoreError: the store is not usable.
    """
    return _written(store, dataset, "", catalog, experiment, None, FACES_RUN)[0]


def plan_encoder(
    store: Path,
    dataset: Path,
    labels: Path | None,
    experiment: Experiment,
    triplets: TripletSettings,
    run_id: str | None = None,
    on_photo: OnPhoto | None = None,
    corrections: Sequence[Path] = (),
    elsewhere: ScanElsewhere | None = None,
) -> Planned:
    """Catalogue a dataset and write the plan of a run that trains an encoder on it; see `plan_run`.

    Args:
        experiment: of it, only the engine settings and the limits of photos and trainings are used.
    """
    engine = without_labels(experiment.faces)
    if engine.landmarks == "5" and triplets.view == "aligned":
        raise ExperimentError(*without_68_points("an encoder with --view aligned learns from aligned faces"))
    catalog, summary = store_catalog(
        store,
        dataset,
        labels,
        experiment.faces.limits,
        on_photo,
        elsewhere,
        min_photos_per_person=2,
        least_people=LEAST_PEOPLE,
        corrections=corrections,
    )
    able = len(summary.people.keys() - dict(summary.too_few).keys())
    if able < LEAST_PEOPLE:
        raise DatasetError(
            f"Triplets need {LEAST_PEOPLE} people with two different photos or more; there are {able}", "Add photos."
        )
    bare = Experiment(
        photo_seconds=experiment.photo_seconds,
        training_seconds=experiment.training_seconds,
        attempts=experiment.attempts,
        faces=engine,
    )
    named = str(labels.resolve()) if labels else ""
    run, existed = _written(store, dataset, named, catalog, bare, run_id, ENCODER_RUN, triplets)
    return Planned(run, summary, existed)


def _written(
    store: Path,
    dataset: Path,
    labels: str,
    catalog: pa.Table,
    experiment: Experiment,
    run_id: str | None,
    kind: RunKind = COMPARISON_RUN,
    triplets: TripletSettings | None = None,
) -> tuple[Run, bool]:
    """The run, and whether it was there already."""
    learning = 1 if kind == FACES_RUN else LEARNING_VERSION
    engine = engine_fingerprint(experiment.faces)
    fingerprint = run_fingerprint(experiment.fingerprint(), engine, catalog, learning, triplets)
    prefix = "" if kind == COMPARISON_RUN else f"{kind}-"  # it is another run, though of equal content
    folder = dataset.resolve().name or str(dataset).rpartition("/")[2]  # of a bucket, its name
    name = run_id or f"{prefix}{_slug(folder)}-{fingerprint[:8]}"
    if (run_folder(store, name) / "run.json").is_file():
        run = open_run(store, name)
        if (run.plan.fingerprint, run.plan.kind) != (fingerprint, kind):
            raise _conflict(name, run_id is not None, kind)
        _continue(run, catalog)
        return run, True
    write_part(run_folder(store, name) / "catalog.parquet", catalog, {"lineup.run": fingerprint})
    plan = Plan(
        run_id=name,
        dataset=str(dataset.resolve()),
        labels=labels,
        experiment=experiment,
        engine=experiment.faces,
        engine_fingerprint=engine,
        fingerprint=fingerprint,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        versions={**environment_here(), **versions()},
        kind=kind,
        triplets=triplets,
        learning_version=learning,
    )
    return create_run(store, plan), False


def _continue(run: Run, catalog: pa.Table) -> None:
    """Check that a run of the same content can go on, and give it back a catalogue that it lost."""
    if not run.finished and not store_path(run.plan.dataset).is_dir():
        raise RunConflict(
            f"run {run.run_id} was planned with these photos in {run.plan.dataset}, where they are no more",
            "Move them back, or name a new run with --run; what is encoded stays encoded",
        )
    if not run.catalog.is_file():  # a damaged one was set aside; the same content makes it again
        write_part(run.catalog, catalog, {"lineup.run": run.plan.fingerprint})


def versions() -> dict[str, str]:
    """What is installed here."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _conflict(name: str, named: bool, kind: RunKind) -> RunConflict:
    if named:
        return RunConflict(
            f"run {name} has other photos or another experiment", "Leave out --run, or choose a new name"
        )
    # a name made of the content is another run's only where that content was changed
    other = f"delete the run: lineup remove {name}" if kind == FACES_RUN else "name a new run with --run"
    return RunConflict(
        f"run {name} was made of these photos, and a person of them was forgotten since",
        f"Remove that person's photos from the folder, or {other}",
    )


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "run"

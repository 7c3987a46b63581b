"""The task refit_winner: refit a configuration on every known face of a run, and store it for use.

It goes to <run>/model/<configuration>/. The winner is refitted by the run, another configuration by `identify`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from storage.attempts import Attempt
from storage.encoder_settings import OwnEncoder
from storage.errors import InputError
from storage.finding_schemas import COMPARISON_TABLES, OPERATING_POINTS
from storage.local_copies import is_complete
from storage.new_folders import new_folder
from storage.plans import COMPARISON_RUN
from storage.runs import Run
from storage.schemas import COMPARISON
from storage.tables import read_table
from storage.validation import choices_hint
from workers.compare.operating_points import OperatingPoint
from workers.jobs.enrolled_faces import EnrolledFace, with_enrolled
from workers.jobs.job import check_kind, run_job
from workers.jobs.known_faces import load_known_faces
from workers.jobs.load_faces import forget_faces, load_faces
from workers.jobs.part_names import refit_part
from workers.jobs.planned_configuration import planned_configuration
from workers.jobs.planned_encoders import load_onnx_encoder, planned_network, trained_encoder
from workers.jobs.time_limits import refit_seconds
from workers.learning.arrays import Floats
from workers.learning.configurations import (
    CONFIGURATIONS,
    RUN_ENCODER,
    Configuration,
    encoder_parts,
    view_of_configuration,
)
from workers.learning.encoder.picture_encoder import load_picture_encoder
from workers.learning.face_arrays import Faces
from workers.learning.face_batch import FaceBatch
from workers.learning.fitted_model import fit_model
from workers.learning.fold import CannotFit, Tell, tell_nobody
from workers.learning.seeds import seed_of
from workers.learning.split_rows import SplitRows
from workers.memory import keep_heap_small
from workers.recognition.encoder_scales import scale_of
from workers.recognition.encoders_of_model import LoadedEncoder
from workers.recognition.recogniser import Recogniser, save_recogniser
from workers.recognition.threshold import Threshold, threshold_without_scores

WITHOUT_ENROLLED = "; people who were enrolled later had no part in it"

REFIT = -1
"""Takes the place of repeat and fold in a seed; no split of a run has this number."""


def folder_of(run: Run, name: str) -> Path:
    """Where the refit of that configuration is, or will be; raises InputError where there is no such configuration."""
    return run.model / _configuration(run, name).name


def is_refitted(folder: Path) -> bool:
    """Whether a model is there, all of it."""
    return is_complete(folder, "model.json")


def winner_of(comparison: pa.Table) -> str | None:
    """The recommended configuration.

    Where none can be recommended, the best rank that looks at faces, so that `identify` has a model to warn of; None
    where none succeeded.

    Args:
        comparison: COMPARISON.
    """
    rows = [row for row in comparison.to_pylist() if row["outcome"] == "ok" and row["view"] != "none"]
    best = min(rows, key=lambda row: (not row["recommended"], row["rank"]), default=None)
    return best["configuration"] if best else None


def winner_of_run(run: Run) -> str | None:
    """`winner_of` of the run's comparison; raises StoreError where it is missing or damaged."""
    return winner_of(read_table(run.comparison, COMPARISON))


def refit_winner(run: Run) -> None:
    """Refit the winner of the comparison, unless it is there or no configuration won.

    Raises:
        Refused: the run compares nothing, or is not compared yet.
        InputError: the faces do not allow it.
        StoreError: a table is missing or damaged, or the disk is full.
    """
    check_kind(run, COMPARISON_RUN)

    def lacks() -> str:
        there = all(run.table(name).is_file() for name in COMPARISON_TABLES)
        return "" if there else "its configurations are not compared yet"

    def work(attempt: Attempt, _number: int) -> None:
        keep_heap_small()
        name = winner_of_run(run)
        if name is not None and not is_refitted(folder_of(run, name)):
            refit(run, name, folder_of(run, name), tell=attempt.tell)

    part = refit_part(run.plan.fingerprint)
    run_job(run, part, refit_seconds(run), work, is_done=lambda: False, lacks=lacks)


def refit(run: Run, name: str, folder: Path, enrolled: Sequence[EnrolledFace] = (), tell: Tell = tell_nobody) -> None:
    """Fit a configuration on all known faces of a run and write it, whole or not at all.

    Args:
        enrolled: faces of people who were added to the run.
        tell: called with how far a network is, after each epoch.

    Raises:
        InputError: there is no such configuration, or these faces do not allow it.
        StoreError: a table is missing or damaged, or the folder cannot be written.
    """
    configuration = _configuration(run, name)
    try:
        recogniser = fitted(run, configuration, enrolled, tell)
    except (CannotFit, np.linalg.LinAlgError) as why:
        raise InputError(f"{name} cannot be fitted on the faces of {run.run_id}: {why}", "Choose another") from why
    networks = {name: planned_network(run.store, each.settings) for name, each in recogniser.others.items()}
    with new_folder(folder) as building:
        save_recogniser(recogniser, building, networks)


def fitted(
    run: Run, configuration: Configuration, enrolled: Sequence[EnrolledFace] = (), tell: Tell = tell_nobody
) -> Recogniser:
    """The configuration, fitted on the faces that train or test; its threshold is the one that the run chose for it.

    Where the run did not score it, the faces themselves and the strangers of role `calibrate` choose the threshold.

    Args:
        enrolled: faces of people who were added; the run's threshold is kept, and its figures are not known any more.
        tell: called with how far a network is, after each epoch.
    """
    encoders = _encoders(run, configuration)
    operating = _operating_point(run, configuration.name)
    batch, labels, groups, strangers = _known_faces(run, configuration, with_strangers=operating is None)
    mine, labels, groups = with_enrolled(batch, labels, groups, enrolled, configuration, encoders)
    del batch
    seed = seed_of(run.plan.experiment.seed, configuration.name, REFIT, REFIT)
    model = fit_model(configuration, mine, labels, groups, seed, tell=tell)
    if operating:
        threshold = Threshold(operating.threshold, operating.rule + (WITHOUT_ENROLLED if enrolled else ""))
    else:
        y = np.asarray([model.labels.index(label) for label in labels])
        scale = scale_of(run.plan.engine, configuration.encoder, run.plan.experiment.encoders)
        threshold = threshold_without_scores(model.gallery, y, mine.embedding, groups, strangers, scale)
    return Recogniser(
        model=model,
        threshold=threshold,
        engine=run.plan.engine,
        engine_fingerprint=run.plan.engine_fingerprint,
        fingerprint=run.plan.fingerprint,
        faces=len(labels),
        operating=None if enrolled else operating,
        encoders=encoders,
    )


def _known_faces(
    run: Run, configuration: Configuration, *, with_strangers: bool
) -> tuple[FaceBatch, list[str], list[int], dict[str, Floats]]:
    """The faces that the run knows, their labels and groups; and by person the embeddings of strangers.

    The faces of the run are not kept in this process: the fit needs their memory.
    """
    known, strangers = load_known_faces(run)
    faces = load_faces(run, configuration)
    forget_faces()
    batch = faces.batch(configuration.view)[_rows(faces, known)]
    apart: dict[str, Floats] = {}
    if with_strangers:
        names, whose = np.unique(np.asarray(strangers.words("label"), object), return_inverse=True)
        embedding = faces.embedding[_rows(faces, strangers)]
        apart = {name: embedding[whose == number] for number, name in enumerate(names)}
    return batch, known.words("label"), known.numbers("group"), apart


def _encoders(run: Run, configuration: Configuration) -> dict[str, LoadedEncoder]:
    """The encoders that the configuration needs besides the engine's own."""
    loaded: dict[str, LoadedEncoder] = {}
    for name in encoder_parts(configuration.encoder):
        if name == RUN_ENCODER:
            continue
        planned = run.plan.experiment.encoders[name]
        if isinstance(planned, OwnEncoder):
            loaded[name] = load_picture_encoder(trained_encoder(run, planned))
        else:
            loaded[name] = load_onnx_encoder(run.store, planned)
    return loaded


def _operating_point(run: Run, name: str) -> OperatingPoint | None:
    """What the run's held-out faces say of the configuration; None where the run did not score it."""
    rows = read_table(run.table("operating_points"), OPERATING_POINTS).to_pylist()
    found = next((row for row in rows if row["configuration"] == name), None)
    return OperatingPoint(**found) if found else None


def _configuration(run: Run, name: str) -> Configuration:
    experiment = run.plan.experiment
    known = dict.fromkeys((*experiment.configurations, *CONFIGURATIONS))
    seeing = [each for each in known if view_of_configuration(each) != "none"]
    if name not in seeing:
        raise InputError(f"{name!r} is no configuration that looks at faces", choices_hint(name, seeing))
    return planned_configuration(experiment, name)


def _rows(faces: Faces, rows: SplitRows) -> Any:
    return faces.rows(zip(rows.words("photo_key"), rows.numbers("face_index"), strict=True))

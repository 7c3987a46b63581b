"""One configuration on one split, and the comparison of them all: an attempt, a pure call, one part written."""

from __future__ import annotations

import functools
import logging
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.attempts import Attempt, count, look
from storage.parts import list_parts, part_path, read_parts, table_of, write_part
from storage.runs import Run
from storage.schemas import CATALOG, FACES, FITS, SCORES, SPLITS
from storage.tables import read_table
from workers.jobs.job import Refused, check_version
from workers.jobs.part_names import comparison_part, training_part
from workers.jobs.time_limits import COMPARISON_SECONDS, training_seconds
from workers.jobs.train_encoder import planned_encoder
from workers.learning.configurations import Configuration, find_configuration
from workers.learning.encoder.picture_encoder import encoder_digest, load_picture_encoder
from workers.learning.evaluation import Evaluation, evaluate
from workers.learning.face_arrays import Faces
from workers.learning.seeds import seed_of

logger = logging.getLogger("lineup.training")


def train(run: Run, name: str, repeat: int, fold: int) -> None:
    """Fit and score one configuration on one split; one whose process died too often is a failed fit."""
    part = training_part(run.plan.fingerprint, name, repeat, fold)
    if run.cancelled or all(part_path(folder, part).exists() for folder in (run.fits, run.scores)):
        return
    check_version(run)
    experiment = run.plan.experiment
    _, deaths = look(run.attempts)
    died = count(deaths)[part]
    if died >= experiment["attempts"]:
        _write(run, part, Evaluation([], _failed(name, repeat, fold, f"its process died {died} times")), died)
        return
    changes = experiment.get("parameters", {}).get(name, {})
    configuration = find_configuration(name).with_parameters(**changes)
    rows = [row for row in _splits(run.splits, _version(run.splits)) if (row["repeat"], row["fold"]) == (repeat, fold)]
    if not rows:
        raise Refused(f"the run has no split {repeat}, {fold}")
    faces = _faces_for(run, configuration)
    with Attempt(run.attempts, part) as log:
        log.begin(part, training_seconds(run))
        seed = seed_of(experiment["seed"], name, repeat, fold)
        _write(run, part, evaluate(configuration, faces, rows, seed), died + 1)


def compare(run: Run) -> None:
    """Aggregate every score of the run into its comparison."""
    from workers.compare.comparison import compare_run, undetected_photos, write_comparison

    if run.cancelled or run.comparison.exists():
        return
    part = comparison_part(run.plan.fingerprint)
    with Attempt(run.attempts, part) as log:
        log.begin(part, COMPARISON_SECONDS)
        scores = read_parts(list_parts(run.scores), SCORES)
        fits = read_parts(list_parts(run.fits), FITS)
        undetected = undetected_photos(read_table(run.catalog, CATALOG), read_table(run.faces, FACES))
        write_comparison(run, compare_run(scores, fits, read_table(run.splits, SPLITS), undetected))


def _write(run: Run, part: str, evaluation: Evaluation, attempt: int) -> None:
    metadata = {"lineup.run": run.plan.fingerprint}
    write_part(part_path(run.fits, part), table_of([evaluation.fit], FITS), metadata)
    write_part(part_path(run.scores, part), table_of(evaluation.scores, SCORES), metadata)  # last: it means *done*
    fit = evaluation.fit
    words = "{configuration}, repeat {repeat}, fold {fold}: {outcome} {reason}".format_map(fit).rstrip()
    level = logging.INFO if fit["outcome"] == "ok" else logging.WARNING
    logger.log(level, "%s", words, extra={"run": run.run_id, "part": part, "attempt": attempt})


def _failed(configuration: str, repeat: int, fold: int, reason: str) -> dict[str, Any]:
    return {
        "configuration": configuration,
        "repeat": repeat,
        "fold": fold,
        "outcome": "failed",
        "reason": reason,
        "chosen": "{}",
        "history": "{}",
        "host": platform.node(),
        "finished": datetime.now(UTC),
    }


def _version(path: Path) -> tuple[int, int]:
    """Tells a table from another that has taken its place (a run deleted and planned again under its name)."""
    about = path.stat()
    return about.st_ino, about.st_mtime_ns


@functools.lru_cache(maxsize=1)
def _faces(path: Path, _version: tuple[int, int]) -> Faces:
    # one run's faces stay in memory: every configuration of it reads the same
    return Faces.from_table(read_table(path, FACES))


def _faces_for(run: Run, configuration: Configuration) -> Faces:
    version = _version(run.faces)
    if not configuration.encoder:
        return _faces(run.faces, version)
    folder = planned_encoder(run, configuration.encoder)
    return _measured(run.faces, version, folder, encoder_digest(folder))


@functools.lru_cache(maxsize=2)
def _measured(path: Path, version: tuple[int, int], encoder: Path, _digest: str) -> Faces:
    return _faces(path, version).measured_by(load_picture_encoder(encoder))


@functools.lru_cache(maxsize=1)
def _splits(path: Path, _version: tuple[int, int]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_table(path, SPLITS).to_pylist()
    return rows

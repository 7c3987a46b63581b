"""The task train_configuration: fit and score one configuration on one split."""

from __future__ import annotations

import logging
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from storage.attempts import Attempt
from storage.parts import part_path, table_of, write_part
from storage.plans import COMPARISON_RUN
from storage.runs import Run
from storage.schemas import EMBEDDING_SIZE, FITS, SCORES
from workers.jobs.job import check_kind, check_version, run_job
from workers.jobs.load_faces import load_chooser, load_faces, load_split
from workers.jobs.part_names import training_part
from workers.jobs.planned_configuration import planned_configuration
from workers.jobs.time_limits import loading_and_training_seconds, training_seconds
from workers.learning.configurations import RUN_ENCODER, Configuration, encoder_parts
from workers.learning.evaluation import Evaluation, evaluate
from workers.learning.holdout_draws import draw_accuracies
from workers.learning.seeds import seed_of
from workers.learning.training_memory import TrainingSize, training_bytes
from workers.memory import keep_heap_small, memory_limit
from workers.numeric_environment import numeric_environment

logger = logging.getLogger("lineup.training")

MOST_DIMENSIONS = 512
"""Of the embeddings of encoders in use."""

ALWAYS_TRIED = 1_000_000_000
"""Bytes: a training that needs less is begun whatever the limit is; the estimate is an upper one."""


def train(run: Run, name: str, repeat: int, fold: int) -> None:
    """Write the fit and the scores, unless they are there; after `attempts` deaths they are a failed fit and none.

    Raises:
        Refused: the run has no such split, none yet, or another version of the learning code planned it.
        StoreError: a table is missing or damaged, or the disk is full.
    """
    check_kind(run, COMPARISON_RUN)
    check_version(run)
    part = training_part(run.plan.fingerprint, name, repeat, fold)

    def is_done() -> bool:
        return all(part_path(folder, part).is_file() for folder in (run.fits, run.scores))

    def lacks() -> str:
        if not (run.faces.is_file() and run.splits.is_file()):
            return "its splits are not made yet"
        return "" if load_split(run, repeat, fold) else f"it has no split {repeat}, {fold}"

    def work(attempt: Attempt, number: int) -> None:
        keep_heap_small()
        experiment = run.plan.experiment
        configuration = planned_configuration(experiment, name)
        rows = load_split(run, repeat, fold)
        lacking = _lacks_memory(run, configuration, rows)
        if lacking:
            _write(run, part, Evaluation([], _failed(name, repeat, fold, lacking)), number)
            return
        faces = load_faces(run, configuration)
        seed = seed_of(experiment.seed, name, repeat, fold)

        def allow() -> None:
            attempt.allow(training_seconds(run))

        allow()
        evaluation = evaluate(configuration, faces, rows, seed, again=allow, tell=attempt.tell)
        if evaluation.scores:
            allow()
            drawn = draw_accuracies(configuration, faces, rows, experiment.protocol, experiment.seed, load_chooser(run))
            evaluation = replace(evaluation, fit={**evaluation.fit, "draw_accuracies": drawn or None})
        _write(run, part, evaluation, number)

    def give_up(died: int) -> None:
        _write(run, part, Evaluation([], _failed(name, repeat, fold, f"its process died {died} times")), died)

    run_job(run, part, loading_and_training_seconds(run), work, is_done=is_done, lacks=lacks, give_up=give_up)


def _lacks_memory(run: Run, configuration: Configuration, rows: Sequence[Mapping[str, Any]]) -> str:
    """Why no process here can do the training; empty where the memory that one may have is enough.

    What is free now is not asked, or the tables would depend on what runs beside it. Where it is too little, the kernel
    kills the process, and the training is attempted again.
    """
    train = [row["label"] for row in rows if row["role"] == "train"]
    parts = encoder_parts(configuration.encoder) or (RUN_ENCODER,)
    dimensions = sum(EMBEDDING_SIZE if part == RUN_ENCODER else MOST_DIMENSIONS for part in parts)
    size = TrainingSize(len(train), len(rows) - len(train), len(set(train)), dimensions)
    needed, limit = training_bytes(configuration, size), memory_limit()
    what = f"{size.train} training faces of {size.people} people need up to {needed / 1e9:.1f} GB of memory"
    logger.info("%s: %s", configuration.name, what, extra={"run": run.run_id})
    if limit is None or needed <= max(limit, ALWAYS_TRIED):
        return ""
    return f"{what}; {platform.node()} has {limit / 1e9:.1f} GB"


def _write(run: Run, part: str, evaluation: Evaluation, attempt: int) -> None:
    metadata = {"lineup.run": run.plan.fingerprint}
    fit = {**evaluation.fit, "environment": numeric_environment()}
    write_part(part_path(run.fits, part), table_of([fit], FITS), metadata)
    write_part(part_path(run.scores, part), table_of(evaluation.scores, SCORES), metadata)  # last: it means *done*
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

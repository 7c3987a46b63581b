"""Encoders of our own in an experiment: find the run of `lineup train-encoder` that `[encoders]` names.

    [encoders]
    own = "encoder-people-1a2b3c4d"            svm-linear@own: that configuration on that encoder's measurements

The file names a run; the plan also keeps the digest of the encoder, so that one trained anew is another experiment.
"""

from __future__ import annotations

from pathlib import Path

from storage.encoder_settings import OwnEncoder
from storage.errors import ExperimentError, LineupError
from storage.plans import ENCODER_RUN
from storage.runs import Run, list_runs, open_run
from workers.learning.encoder.picture_encoder import FILE, encoder_digest


def planned_trained_encoder(store: Path, name: str, encoder: OwnEncoder) -> OwnEncoder:
    """The same encoder with the digest of what is in the store.

    Args:
        name: in the experiment.

    Raises:
        ExperimentError: it is not there, or not trained to its end; names those that are.
    """
    run = _trained(store, name, encoder)
    return OwnEncoder(run.run_id, encoder_digest(run.encoder))


def _trained(store: Path, name: str, encoder: OwnEncoder) -> Run:
    key = f"encoders.{name} = {encoder.run!r}"
    try:
        run = open_run(store, encoder.run)
    except LineupError as error:
        raise ExperimentError(f"{key}: {error.what}", _choices(store)) from error
    if run.plan.kind != ENCODER_RUN:
        raise ExperimentError(f"{key} trains no encoder", _choices(store))
    if not run.finished:
        raise ExperimentError(f"{key} is not finished", f"First: lineup resume {run.run_id}")
    if not (run.encoder / FILE).is_file():
        what = f"{key}: {run.encoder / FILE} is missing; an earlier version of Lineup wrote another format"
        raise ExperimentError(what, f"Delete {run.encoder}, then: lineup resume {run.run_id}")
    return run


def _choices(store: Path) -> str:
    found = []
    for name in list_runs(store):
        try:
            run = open_run(store, name)
        except LineupError:
            continue  # of another version: no choice of this one
        if run.plan.kind == ENCODER_RUN and run.finished:
            found.append(name)
    return f"The encoders of this store are {', '.join(found)}." if found else "Train one: lineup train-encoder FOLDER."

"""Encoders of our own in an experiment: what `[encoders]` says, and the run of `lineup train-encoder` behind it.

    [encoders]
    own = "encoder-people-1a2b3c4d"            svm-linear@own: that configuration on that encoder's measurements

The file names a run; the plan also keeps the digest of the encoder, so that one trained anew is another experiment.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.experiment.validation import choice
from storage.errors import ExperimentError, LineupError, RunStuck, StoreError
from storage.plans import ENCODER_RUN
from storage.runs import Run, list_runs, open_run
from workers.jobs.load_faces import planned_encoder
from workers.learning.configurations import AT, find_configuration
from workers.learning.encoder.picture_encoder import encoder_digest

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
"""It becomes part of a folder's name."""


@dataclass(frozen=True)
class OwnEncoder:
    """An entry of `[encoders]`.

    Args:
        name: what stands after the @.
        run: the run that trained it, in the same store.
        digest: of the encoder; empty until a run is planned with it.
    """

    name: str
    run: str
    digest: str = ""


def read_encoders(plain: object) -> tuple[OwnEncoder, ...]:
    """The table `[encoders]` of an experiment file, or of a plan; raises ExperimentError."""
    if not isinstance(plain, Mapping):
        raise ExperimentError("encoders must be a table", 'Write [encoders] and below it such as own = "RUN".')
    return tuple(_entry(name, value) for name, value in sorted(plain.items()))


def _entry(name: str, value: object) -> OwnEncoder:
    if not NAME.fullmatch(name):
        raise ExperimentError(f"encoders: {name!r} is no name", "Use small letters, digits, - and _.")
    match value:
        case str(run):
            return OwnEncoder(name, run)
        case {"run": str(run), "digest": str(known), **other} if not other:
            return OwnEncoder(name, run, known)
    raise ExperimentError(f"encoders.{name} must be the name of a run", "`lineup train-encoder` makes one.")


def plain_encoders(encoders: Sequence[OwnEncoder]) -> dict[str, dict[str, str]]:
    """As a plan keeps them; the inverse of `read_encoders`."""
    return {each.name: {"run": each.run, "digest": each.digest} for each in encoders}


def check_name(name: str, known: Collection[str], encoders: Sequence[OwnEncoder]) -> None:
    """Raise ExperimentError unless an entry of `configurations` names one of `known`, and an encoder if any."""
    plain, at, encoder = name.partition(AT)
    choice("configurations", plain, known)
    if not at:
        return
    able = [each for each in known if find_configuration(each).view == "embedding"]
    if plain not in able:
        hint = f"Of an encoder's measurements these can learn: {', '.join(able)}."
        raise ExperimentError(f"configurations: {name!r}: {plain} does not learn from measurements", hint)
    if not encoders:
        raise ExperimentError(f"configurations: {name!r}: there is no [encoders]", f'Add {encoder or "own"} = "RUN".')
    choice(f"configurations: {name!r}: encoder", encoder, [each.name for each in encoders])


def resolved(store: Path, encoders: Sequence[OwnEncoder]) -> tuple[OwnEncoder, ...]:
    """The same encoders with the digests of what is in the store.

    Raises:
        ExperimentError: one is not there, or not trained to its end; names those that are.
    """
    return tuple(OwnEncoder(each.name, each.run, encoder_digest(_trained(store, each).encoder)) for each in encoders)


def _trained(store: Path, encoder: OwnEncoder) -> Run:
    key = f"encoders.{encoder.name} = {encoder.run!r}"
    try:
        run = open_run(store, encoder.run)
    except LineupError as error:
        raise ExperimentError(f"{key}: {error.what}", _choices(store)) from error
    if run.plan.kind != ENCODER_RUN:
        raise ExperimentError(f"{key} trains no encoder", _choices(store))
    if not run.finished:
        raise ExperimentError(f"{key} is not finished", f"First: lineup resume {run.run_id}")
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


def check_encoders(run: Run) -> None:
    """Raise RunStuck where an encoder that the run was planned with is gone or is another by now."""
    for name in run.plan.experiment.get("encoders", {}):
        try:
            planned_encoder(run, name)
        except StoreError as error:
            raise RunStuck(error.what, error.hint) from error

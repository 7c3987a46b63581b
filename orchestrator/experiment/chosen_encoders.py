"""The encoders of an experiment: which may be named, and what a plan keeps of them.

    [encoders]
    own = "encoder-people-1a2b3c4d"            a run of `lineup train-encoder`
    [encoders.mine]                            an ONNX file (storage/encoder_settings.py has the keys)
    path = "mine.onnx"
    sha256 = "..."

`sface` needs no entry. A plan keeps the digest of each encoder's bytes, so one that changed is another experiment; the
network of an ONNX file is copied into the store, from which every worker loads it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from orchestrator.experiment.trained_encoders import planned_trained_encoder
from storage.encoder_settings import KNOWN_ENCODERS, OnnxEncoder, OwnEncoder, PlannedEncoder
from storage.errors import EngineError, ExperimentError, StoreError
from storage.experiments import Experiment
from storage.runs import encoder_network_path, open_run
from storage.validation import did_you_mean
from storage.write_whole import write_bytes
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.engine_fingerprint import EMBEDDING_VERSION
from workers.faces.models.encoder_files import encoder_network
from workers.jobs.planned_encoders import planned_network
from workers.learning.configurations import PLUS, RUN_ENCODER, encoder_parts, find_configuration


def check_encoder(key: str, encoder: str, named: Mapping[str, PlannedEncoder]) -> None:
    """Raise ExperimentError unless an encoder, or each of those with PLUS between them, can be used.

    Args:
        key: of the experiment file, for the error.
        named: those of the experiment.
    """
    known, parts = {**KNOWN_ENCODERS, **named}, encoder.split(PLUS)
    choices = f"The choices are {', '.join(sorted(known))}, and {RUN_ENCODER}{PLUS}NAME for both side by side."
    if parts == [RUN_ENCODER]:
        raise ExperimentError(f"{key}: {encoder!r} is the run's own encoder", "Leave the @ away.")
    strange = [part for part in parts if part != RUN_ENCODER and part not in known]
    if strange:
        raise ExperimentError(f"{key}: encoder {strange[0]!r}", did_you_mean(strange[0], known) + choices)
    if len(set(parts)) < len(parts):
        raise ExperimentError(f"{key}: {encoder!r} names an encoder twice", choices)
    if sum(isinstance(known.get(part), OwnEncoder) for part in parts) > 1:
        raise ExperimentError(f"{key}: {encoder!r} has two trained encoders", "Only one can stand beside others.")


def check_named_encoders(named: Mapping[str, PlannedEncoder]) -> None:
    """Raise ExperimentError where an entry takes the name of another encoder."""
    for name, encoder in named.items():
        known = KNOWN_ENCODERS.get(name)
        if name == RUN_ENCODER or (known and getattr(encoder, "sha256", "") != known.sha256):
            raise ExperimentError(f"encoders.{name} has the name of another encoder", "Choose another name.")


def with_planned_encoders(store: Path, experiment: Experiment, also: Iterable[str] = ()) -> Experiment:
    """The experiment with all encoders that it uses, as a plan keeps them; networks of ONNX files are in the store.

    Args:
        also: further names of encoders (`Configuration.encoder`) that are used.

    Raises:
        ExperimentError: one is not there, is not the file that is meant, or is not trained to its end.
        StoreError: the store cannot be written.
    """
    used = [find_configuration(name).encoder for name in experiment.configurations] + list(also)
    parts = {part for encoder in used for part in encoder_parts(encoder)}
    known = {**KNOWN_ENCODERS, **experiment.encoders}
    planned = {name: _planned(store, name, each) for name, each in known.items() if name in parts}
    if experiment.faces.landmarks == "5":
        _check_five_points(store, planned)
    return replace(experiment, encoders=planned)


def _check_five_points(store: Path, encoders: Mapping[str, PlannedEncoder]) -> None:
    """A trained encoder that measures aligned pictures needs the 68 points."""
    for name, encoder in encoders.items():
        if isinstance(encoder, OwnEncoder):
            triplets = open_run(store, encoder.run).plan.triplets
            if triplets and triplets.view == "aligned":
                raise ExperimentError(*without_68_points(f"the encoder {name} measures aligned faces"))


def without_68_points(what: str) -> tuple[str, str]:
    """The two sentences about what `faces.landmarks = "5"` makes impossible."""
    return f'faces.landmarks = "5": {what}, which need the 68 points', 'Use crops instead, or set landmarks = "68".'


def _planned(store: Path, name: str, encoder: PlannedEncoder) -> PlannedEncoder:
    if isinstance(encoder, OwnEncoder):
        return planned_trained_encoder(store, name, encoder)
    if _is_kept(store, encoder):
        return encoder
    try:
        network = encoder_network(encoder)
        OnnxFaceEncoder(encoder, network)
    except EngineError as error:
        raise ExperimentError(f"encoders.{name}: {error.what}", error.hint) from error
    digest = hashlib.sha256(network).hexdigest()
    path = encoder_network_path(store, digest)
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        write_bytes(path, network)
    return replace(encoder, path="", digest=digest, version=EMBEDDING_VERSION)


def _is_kept(store: Path, encoder: OnnxEncoder) -> bool:
    """Whether an earlier plan describes it and the store has its network: its file is not needed again."""
    if encoder.path or not encoder.digest:
        return False
    try:
        planned_network(store, encoder)
    except StoreError:
        return False
    return True

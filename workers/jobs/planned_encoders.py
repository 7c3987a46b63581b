"""The encoders that a run was planned with, as its workers load them: exactly these bytes, or an error."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

from storage.encoder_settings import OnnxEncoder, OwnEncoder
from storage.errors import EngineError, StoreError, WorkerUnfit
from storage.runs import Run, encoder_network_path, run_folder
from workers.faces.embed.onnx_encoder import OnnxFaceEncoder
from workers.faces.engine_fingerprint import EMBEDDING_VERSION
from workers.learning.encoder.picture_encoder import encoder_digest

AGAIN = "Plan the comparison anew; its photos are encoded already"


def onnx_encoders(run: Run) -> Mapping[str, OnnxEncoder]:
    """Those that embed photos on the images queue, by their names in the experiment."""
    encoders = run.plan.experiment.encoders
    return {name: each for name, each in encoders.items() if isinstance(each, OnnxEncoder)}


def load_onnx_encoders(run: Run) -> dict[str, OnnxFaceEncoder]:
    """The same, loaded once a process; raises as `load_onnx_encoder` does."""
    return {
        name: load_onnx_encoder(run.store, each, run.plan.engine.provider) for name, each in onnx_encoders(run).items()
    }


@functools.lru_cache(maxsize=4)
def load_onnx_encoder(store: Path, encoder: OnnxEncoder, provider: str = "cpu") -> OnnxFaceEncoder:
    """An encoder whose network the store keeps.

    Raises:
        StoreError: as `planned_network` does.
        WorkerUnfit: its runtime cannot run here.
    """
    try:
        return OnnxFaceEncoder(encoder, planned_network(store, encoder), provider)
    except EngineError as error:
        raise WorkerUnfit("engine", error.what, error.hint) from error


def planned_network(store: Path, encoder: OnnxEncoder) -> bytes:
    """The network's bytes.

    Raises:
        StoreError: they are not in the store any more, or are not the planned ones.
    """
    if encoder.version != EMBEDDING_VERSION:
        raise StoreError("another version of Lineup cut the faces for this run's encoder", f"Use that version. {AGAIN}")
    path = encoder_network_path(store, encoder.digest)
    try:
        network = path.read_bytes()
    except OSError as error:
        raise StoreError(f"the encoder's network {path} cannot be read: {error.strerror}", AGAIN) from error
    if hashlib.sha256(network).hexdigest() != encoder.digest:
        raise StoreError(f"the encoder's network {path} has other bytes than the planned one", f"Delete it. {AGAIN}")
    return network


def trained_encoder(run: Run, planned: OwnEncoder) -> Path:
    """The folder of an encoder that another run trained.

    Raises:
        StoreError: it is gone, or is not the one that the run was planned with.
    """
    folder = run_folder(run.store, planned.run) / run.encoder.name
    try:
        same = encoder_digest(folder) == planned.digest
    except OSError:
        same = False
    if not same:
        raise StoreError(
            f"run {run.run_id} was planned with an encoder of run {planned.run} that is not there any more", AGAIN
        )
    return folder


def check_planned_encoders(run: Run) -> None:
    """Raise `StoreError` where an encoder that the run was planned with is gone or has changed."""
    for encoder in run.plan.experiment.encoders.values():
        if isinstance(encoder, OwnEncoder):
            trained_encoder(run, encoder)
        else:
            planned_network(run.store, encoder)

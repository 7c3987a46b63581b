"""The state of a training in one file, written atomically, from which a killed training continues."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from storage.write_whole import write_bytes
from workers.learning.arrays import Array
from workers.learning.networks.keras_runtime import assign


@dataclass(frozen=True)
class Progress:
    """The state of a training after an epoch.

    Attributes:
        epoch: number of finished epochs.
        best_epoch: counted from 1; 0 before the first.
        curves: "loss" and "val_accuracy", one number an epoch.
        best: values of the model's variables after the best epoch.
    """

    epoch: int
    best_epoch: int
    curves: dict[str, list[float]]
    best: Sequence[Array]

    @classmethod
    def start(cls) -> Progress:
        """The state before the first epoch."""
        return cls(0, 0, {"loss": [], "val_accuracy": []}, [])

    def after(self, figures: dict[str, float], variables: Sequence[Array]) -> Progress:
        """The state one epoch later; that epoch is the best if its `val_accuracy` is above all earlier ones."""
        epoch = self.epoch + 1
        better = not self.curves["val_accuracy"] or figures["val_accuracy"] > max(self.curves["val_accuracy"])
        curves = {name: [*curve, figures[name]] for name, curve in self.curves.items()}
        return Progress(epoch, epoch if better else self.best_epoch, curves, variables if better else self.best)


def write_checkpoint(path: Path, fingerprint: str, state: Sequence[Any], done: Progress) -> None:
    """Write Keras variables and progress, without pickle.

    Args:
        fingerprint: of the faces and settings of this training.
        state: Keras variables of the model and its optimizer.
    """
    header = {"fingerprint": fingerprint, "epoch": done.epoch, "best_epoch": done.best_epoch, "curves": done.curves}
    arrays = {f"state_{i:04}": each.numpy() for i, each in enumerate(state)}
    arrays |= {f"best_{i:04}": each for i, each in enumerate(done.best)}
    file = io.BytesIO()
    np.savez(file, header=np.frombuffer(json.dumps(header).encode(), np.uint8), **arrays)
    write_bytes(path, file.getvalue())


def read_curves(path: Path) -> dict[str, list[float]]:
    """The curves of the finished epochs, for progress reports; empty before the first."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            curves: dict[str, list[float]] = _header(stored).get("curves", {})
    except FileNotFoundError:
        return {}
    return curves


def read_checkpoint(path: Path, fingerprint: str, state: Sequence[Any]) -> Progress | None:
    """Restore the Keras variables and return the progress.

    Returns:
        None where there is no checkpoint, or one of another training or format; then the training starts anew.
    """
    if not path.exists():
        return None
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        header = _header(stored)
        if header.get("fingerprint") != fingerprint:
            return None
        names = sorted(stored.files)
        assign(state, [stored[name] for name in names if name.startswith("state_")])
        best = [stored[name] for name in names if name.startswith("best_")]
    return Progress(header["epoch"], header["best_epoch"], header["curves"], best)


def _header(stored: Any) -> dict[str, Any]:
    """What `write_checkpoint` wrote beside the arrays; empty in a file of another format."""
    header: dict[str, Any] = json.loads(stored["header"].tobytes()) if "header" in stored else {}
    return header

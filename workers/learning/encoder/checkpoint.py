"""Everything that a training needs to go on after a kill, in one file that is there whole or not at all."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from storage.parts import write_bytes
from workers.learning.arrays import Array
from workers.learning.networks.keras_runtime import assign


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        epoch: how many are done.
        best_epoch: counted from 1; 0 before the first.
        curves: a figure an epoch: "loss" and "val_accuracy".
        best: the model's variables after the best epoch.
    """

    epoch: int
    best_epoch: int
    curves: dict[str, list[float]]
    best: Sequence[Array]

    @classmethod
    def start(cls) -> Progress:
        """Before the first epoch."""
        return cls(0, 0, {"loss": [], "val_accuracy": []}, [])

    def after(self, figures: dict[str, float], variables: Sequence[Array]) -> Progress:
        """One epoch further; it is the best where its `val_accuracy` is above all earlier ones."""
        epoch = self.epoch + 1
        better = not self.curves["val_accuracy"] or figures["val_accuracy"] > max(self.curves["val_accuracy"])
        curves = {name: [*curve, figures[name]] for name, curve in self.curves.items()}
        return Progress(epoch, epoch if better else self.best_epoch, curves, variables if better else self.best)


def write_checkpoint(path: Path, fingerprint: str, state: Sequence[Any], done: Progress) -> None:
    """Write the training's Keras variables and its progress, without pickle."""
    said = {"fingerprint": fingerprint, "epoch": done.epoch, "best_epoch": done.best_epoch, "curves": done.curves}
    arrays = {f"state_{i:04}": each.numpy() for i, each in enumerate(state)}
    arrays |= {f"best_{i:04}": each for i, each in enumerate(done.best)}
    file = io.BytesIO()
    np.savez(file, said=np.frombuffer(json.dumps(said).encode(), np.uint8), **arrays)
    write_bytes(path, file.getvalue())


def read_curves(path: Path) -> dict[str, list[float]]:
    """The figures of each finished epoch, for whoever only looks; empty before the first."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            curves: dict[str, list[float]] = json.loads(stored["said"].tobytes())["curves"]
    except FileNotFoundError:
        return {}
    return curves


def read_checkpoint(path: Path, fingerprint: str, state: Sequence[Any]) -> Progress | None:
    """Put the variables back and say how far the training was; None where it must start anew.

    That is where there is no checkpoint, or one of another training.
    """
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as stored:
        said = json.loads(stored["said"].tobytes())
        if said["fingerprint"] != fingerprint:
            return None
        names = sorted(stored.files)
        assign(state, [stored[name] for name in names if name.startswith("state_")])
        best = [stored[name] for name in names if name.startswith("best_")]
    return Progress(said["epoch"], said["best_epoch"], said["curves"], best)

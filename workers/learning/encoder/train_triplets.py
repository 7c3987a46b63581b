"""Our own encoder: a convnet that learns 128 measurements from triplets.

    people ──▶ train │ watch │ test        no person is in two of them
                 │       │       └─▶ how much better than before training
                 │       └─▶ when to stop, and the threshold
                 └─▶ triplets

Killed at any moment, it goes on from the last finished epoch and ends with the same bits.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from storage.parts import write_bytes
from storage.plans import ENCODER_REPORT, TripletSettings
from workers.compare.pair_protocol import PairAccuracy, pair_accuracy
from workers.learning.arrays import Array
from workers.learning.encoder.checkpoint import Progress, read_checkpoint, write_checkpoint
from workers.learning.encoder.face_pairs import FacePairs, draw_pairs, pair_distances
from workers.learning.encoder.picture_encoder import Encoder, encoder_digest, save_encoder
from workers.learning.encoder.triplet_mining import loss_of, person_batches
from workers.learning.fold import CannotFit
from workers.learning.networks import architectures
from workers.learning.networks.keras_runtime import assign, load_keras

CHECKPOINT = "checkpoint.npz"
LEAST_PEOPLE = 6
"""Two in each of three sets."""


@dataclass(frozen=True)
class EncoderReport:
    """What came of it; all figures are of people that the network never trained on.

    Attributes:
        before, after: the tested people's pairs, at the watched people's best threshold.
        best_epoch: counted from 1; its weights are the encoder's.
        curves: by epoch: "loss" of the triplets, "val_accuracy" of the watched people's pairs.
        people: how many trained, watched and tested.
    """

    before: PairAccuracy
    after: PairAccuracy
    best_epoch: int
    curves: dict[str, list[float]]
    people: tuple[int, int, int]


@dataclass(frozen=True)
class Sets:
    """Row numbers of the faces that train, say when to stop, and test; a person is in one of them at most."""

    train: Array
    watch: Array
    test: Array


def train_by_triplets(
    pictures: Array,
    labels: Array,
    settings: TripletSettings,
    folder: Path,
    progress: Callable[[int, int, dict[str, float]], None] | None = None,
    board: Path | None = None,
) -> EncoderReport:
    """Train, or go on training; writes `encoder.keras` and `encoder.json` into `folder`.

    Args:
        pictures: (N, 128, 128, 3) uint8 RGB, of one view.
        labels: (N,) names.
        folder: also holds the checkpoint; one of other faces or settings in it is not taken up.
        progress: called after each epoch with (done, of at most, its figures).
        board: a folder for TensorBoard.

    Raises:
        CannotFit: too few people with two faces.
    """
    sets = split_people(labels, settings)
    y = np.unique(labels, return_inverse=True)[1]
    folder.mkdir(parents=True, exist_ok=True)
    model = _new_model(settings)
    start = verify_people(Encoder(model), pictures, y, sets, settings.seed)
    done = _loop(model, pictures, y, sets, settings, folder, progress or _silent, board)
    assign(model.variables, done.best)
    encoder = Encoder(model)
    after = verify_people(encoder, pictures, y, sets, settings.seed)
    counts = (len(np.unique(y[sets.train])), len(np.unique(y[sets.watch])), len(np.unique(y[sets.test])))
    report = EncoderReport(start, after, done.best_epoch, done.curves, counts)
    save_encoder(encoder, folder)
    told = {"settings": asdict(settings), **asdict(report), "digest": encoder_digest(folder)}
    write_bytes(folder / ENCODER_REPORT, json.dumps(told, indent=1).encode())
    return report


def split_people(labels: Array, settings: TripletSettings) -> Sets:
    """Row numbers that train, watch and test; people with one face are left out.

    Raises:
        CannotFit: fewer than `LEAST_PEOPLE` with two faces.
    """
    names, counts = np.unique(labels, return_counts=True)
    able = names[counts > 1]
    if len(able) < LEAST_PEOPLE:
        raise CannotFit(f"triplets need {LEAST_PEOPLE} people with two photos or more; there are {len(able)}")
    able = np.random.default_rng(settings.seed).permutation(able)
    held = min(max(2, round(settings.held_share * len(able))), (len(able) - 2) // 2)
    groups = able[:held], able[held : 2 * held], able[2 * held :]
    watch, test, train = (np.flatnonzero(np.isin(labels, group)) for group in groups)
    return Sets(train, watch, test)


def verify_people(encoder: Encoder, pictures: Array, y: Array, sets: Sets, seed: int) -> PairAccuracy:
    """The tested people's pairs, judged at the watched people's best threshold."""
    threshold = _accuracy_of(encoder, pictures[sets.watch], draw_pairs(y[sets.watch], seed)).threshold
    return _accuracy_of(encoder, pictures[sets.test], draw_pairs(y[sets.test], seed), threshold)


def _accuracy_of(encoder: Encoder, pictures: Array, pairs: FacePairs, threshold: float | None = None) -> PairAccuracy:
    return pair_accuracy(pair_distances(encoder(pictures), pairs), pairs.same, threshold)


def _loop(
    model: Any,
    pictures: Array,
    y: Array,
    sets: Sets,
    settings: TripletSettings,
    folder: Path,
    progress: Callable[[int, int, dict[str, float]], None],
    board: Path | None,
) -> Progress:
    """Epochs from the checkpoint on, until patience or the epochs end."""
    state = [*model.variables, *model.optimizer.variables]
    named = _fingerprint(pictures, y, settings)
    done = read_checkpoint(folder / CHECKPOINT, named, state) or Progress.start()
    pairs = draw_pairs(y[sets.watch], settings.seed)
    while done.epoch < settings.epochs and done.epoch - done.best_epoch < settings.patience:
        loss = _epoch(model, pictures, y, sets.train, settings, done.epoch)
        accuracy = _accuracy_of(Encoder(model), pictures[sets.watch], pairs).accuracy
        done = done.after({"loss": loss, "val_accuracy": accuracy}, [each.numpy() for each in model.variables])
        write_checkpoint(folder / CHECKPOINT, named, state, done)
        figures = {name: curve[-1] for name, curve in done.curves.items()}
        if board is not None:
            _draw(board, done.epoch, figures)
        progress(done.epoch, settings.epochs, figures)
    return done


def _epoch(model: Any, pictures: Array, y: Array, rows: Array, settings: TripletSettings, epoch: int) -> float:
    """One epoch; its batches depend on the seed and the epoch's number alone."""
    rng = np.random.default_rng([settings.seed, epoch])
    model.optimizer.learning_rate = settings.rate * (1 + np.cos(np.pi * epoch / settings.epochs)) / 2
    model.reset_metrics()
    loss = 0.0
    for _ in range(settings.passes):
        for batch in person_batches(y[rows], settings.people, settings.faces, rng):
            loss = float(model.train_on_batch(pictures[rows[batch]], y[rows[batch], None]))
    return loss


def _new_model(settings: TripletSettings) -> Any:
    keras = load_keras()
    keras.utils.clear_session()  # layers are numbered by process, and their names are in the file
    keras.utils.set_random_seed(settings.seed)
    model = architectures.encoding_convnet(settings.view)
    loss = loss_of(settings.mining, settings.margin)
    model.compile(optimizer=keras.optimizers.Adam(settings.rate), loss=loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def _fingerprint(pictures: Array, y: Array, settings: TripletSettings) -> str:
    said = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode())
    said.update(np.ascontiguousarray(pictures).tobytes())
    said.update(np.ascontiguousarray(y, np.int64).tobytes())
    return said.hexdigest()


def _draw(board: Path, epoch: int, figures: dict[str, float]) -> None:
    """TensorBoard's file format, one file an epoch, so that a kill costs at most the epoch that it interrupts.

    Written as records, since `tf.summary` needs the tensorboard package, which only looking at them does.
    """
    import tensorflow as tf

    v1 = tf.compat.v1
    board.mkdir(parents=True, exist_ok=True)
    values = [v1.Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
    now = time.time()
    with tf.io.TFRecordWriter(str(board / f"events.out.tfevents.{epoch:06}.lineup")) as file:
        file.write(v1.Event(wall_time=now, file_version="brain.Event:2").SerializeToString())
        file.write(v1.Event(wall_time=now, step=epoch, summary=v1.Summary(value=values)).SerializeToString())


def _silent(done: int, most: int, figures: dict[str, float]) -> None:
    """Nobody asked."""

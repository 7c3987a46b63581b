"""Train an own encoder: a convnet whose embeddings are learned with a triplet loss.

People are divided into three disjoint sets: `train` for triplets, `validation` for early stopping and the verification
threshold, `test` for the accuracy before and after training. A training that was killed continues after its last
finished epoch and ends with the same bits.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from storage.plans import ENCODER_REPORT, TripletSettings
from storage.write_whole import write_bytes
from workers.compare.pair_protocol import PairAccuracy, pair_accuracy
from workers.learning.arrays import Array
from workers.learning.encoder.checkpoint import Progress, read_checkpoint, write_checkpoint
from workers.learning.encoder.face_pairs import FacePairs, draw_pairs, pair_distances
from workers.learning.encoder.picture_encoder import Encoder, encoder_digest, save_encoder
from workers.learning.encoder.triplet_mining import loss_of, person_batches
from workers.learning.fold import CannotFit
from workers.learning.networks import architectures
from workers.learning.networks.keras_runtime import assign, load_keras
from workers.learning.pictures import Pictures, picture_blocks

CHECKPOINT = "checkpoint.npz"
LEAST_PEOPLE = 6
"""Two in each of three sets."""


@dataclass(frozen=True)
class EncoderReport:
    """The result of a training; its accuracies are of people who are not in the training set.

    Attributes:
        before, after: accuracy on pairs of the test people, at the best threshold of the validation people.
        best_epoch: counted from 1; its weights are the encoder's.
        curves: by epoch: "loss" of the triplets, "val_accuracy" of pairs of the validation people.
        people: number of people in the train, validation and test sets.
    """

    before: PairAccuracy
    after: PairAccuracy
    best_epoch: int
    curves: dict[str, list[float]]
    people: tuple[int, int, int]


@dataclass(frozen=True)
class Sets:
    """Row numbers of the faces in each set; no person is in two of them."""

    train: Array
    validation: Array
    test: Array


def train_by_triplets(
    pictures: Array | Pictures,
    labels: Array,
    settings: TripletSettings,
    folder: Path,
    progress: Callable[[int, int, dict[str, float]], None] | None = None,
    board: Path | None = None,
) -> EncoderReport:
    """Train an encoder, or continue its training; writes `encoder.npz` and `encoder.json` into `folder`.

    Args:
        pictures: (N, 128, 128, 3) uint8 RGB, of one view; they need not be decoded.
        labels: (N,) names.
        folder: also holds the checkpoint; a checkpoint of other faces or settings is ignored.
        progress: called after each epoch with (finished epochs, most epochs, loss and val_accuracy).
        board: a folder for TensorBoard.

    Raises:
        CannotFit: fewer than LEAST_PEOPLE people with two faces or more.
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
    counts = (len(np.unique(y[sets.train])), len(np.unique(y[sets.validation])), len(np.unique(y[sets.test])))
    report = EncoderReport(start, after, done.best_epoch, done.curves, counts)
    save_encoder(encoder, folder)
    described = {"settings": asdict(settings), **asdict(report), "digest": encoder_digest(folder)}
    write_bytes(folder / ENCODER_REPORT, json.dumps(described, indent=1).encode())
    return report


def read_report_curves(folder: Path) -> dict[str, list[float]]:
    """The curves in the `encoder.json` of a folder, for progress reports; empty where it cannot be read."""
    try:
        curves: dict[str, list[float]] = json.loads((folder / ENCODER_REPORT).read_text(encoding="utf-8"))["curves"]
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    return curves


def split_people(labels: Array, settings: TripletSettings) -> Sets:
    """Divide people at random into training, validation and test sets; people with one face are left out.

    Raises:
        CannotFit: fewer than LEAST_PEOPLE people with two faces or more.
    """
    names, counts = np.unique(labels, return_counts=True)
    able = names[counts > 1]
    if len(able) < LEAST_PEOPLE:
        raise CannotFit(f"triplets need {LEAST_PEOPLE} people with two photos or more; there are {len(able)}")
    able = np.random.default_rng(settings.seed).permutation(able)
    held = min(max(2, round(settings.held_share * len(able))), (len(able) - 2) // 2)
    groups = able[:held], able[held : 2 * held], able[2 * held :]
    validation, test, train = (np.flatnonzero(np.isin(labels, group)) for group in groups)
    return Sets(train, validation, test)


def verify_people(encoder: Encoder, pictures: Array | Pictures, y: Array, sets: Sets, seed: int) -> PairAccuracy:
    """Accuracy on pairs of the test people, at the best threshold of the validation people."""
    threshold = _accuracy_of(encoder, pictures[sets.validation], draw_pairs(y[sets.validation], seed)).threshold
    return _accuracy_of(encoder, pictures[sets.test], draw_pairs(y[sets.test], seed), threshold)


def _accuracy_of(
    encoder: Encoder, pictures: Array | Pictures, pairs: FacePairs, threshold: float | None = None
) -> PairAccuracy:
    return pair_accuracy(pair_distances(encoder(pictures), pairs), pairs.same, threshold)


def _loop(
    model: Any,
    pictures: Array | Pictures,
    y: Array,
    sets: Sets,
    settings: TripletSettings,
    folder: Path,
    progress: Callable[[int, int, dict[str, float]], None],
    board: Path | None,
) -> Progress:
    """Train from the checkpoint on, until early stopping or the last epoch."""
    state = [*model.variables, *model.optimizer.variables]
    fingerprint = _fingerprint(pictures, y, settings)
    done = read_checkpoint(folder / CHECKPOINT, fingerprint, state) or Progress.start()
    pairs = draw_pairs(y[sets.validation], settings.seed)
    while done.epoch < settings.epochs and done.epoch - done.best_epoch < settings.patience:
        loss = _epoch(model, pictures, y, sets.train, settings, done.epoch)
        accuracy = _accuracy_of(Encoder(model), pictures[sets.validation], pairs).accuracy
        done = done.after({"loss": loss, "val_accuracy": accuracy}, [each.numpy() for each in model.variables])
        write_checkpoint(folder / CHECKPOINT, fingerprint, state, done)
        figures = {name: curve[-1] for name, curve in done.curves.items()}
        if board is not None:
            _write_tensorboard(board, done.epoch, figures)
        progress(done.epoch, settings.epochs, figures)
    return done


def _epoch(
    model: Any, pictures: Array | Pictures, y: Array, rows: Array, settings: TripletSettings, epoch: int
) -> float:
    """Train one epoch; its batches depend on the seed and the number of the epoch alone."""
    rng = np.random.default_rng([settings.seed, epoch])
    model.optimizer.learning_rate = settings.rate * (1 + np.cos(np.pi * epoch / settings.epochs)) / 2
    model.reset_metrics()
    loss = 0.0
    for _ in range(settings.passes):
        for batch in person_batches(y[rows], settings.people, settings.faces, rng):
            loss = float(model.train_on_batch(np.asarray(pictures[rows[batch]]), y[rows[batch], None]))
    return loss


def _new_model(settings: TripletSettings) -> Any:
    keras = load_keras()
    keras.utils.clear_session()  # frees the models of earlier trainings
    keras.utils.set_random_seed(settings.seed)
    model = architectures.encoding_convnet(settings.view)
    loss = loss_of(settings.mining, settings.margin)
    model.compile(optimizer=keras.optimizers.Adam(settings.rate), loss=loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def _fingerprint(pictures: Array | Pictures, y: Array, settings: TripletSettings) -> str:
    digest = hashlib.sha256(json.dumps(asdict(settings), sort_keys=True).encode())
    for block in picture_blocks(pictures):
        digest.update(np.ascontiguousarray(block).tobytes())
    digest.update(np.ascontiguousarray(y, np.int64).tobytes())
    return digest.hexdigest()


def _write_tensorboard(board: Path, epoch: int, figures: dict[str, float]) -> None:
    """Write an epoch in the file format of TensorBoard, one file an epoch, so that a kill loses one epoch at most.

    Records are written directly, because `tf.summary` needs the tensorboard package.
    """
    import tensorflow as tf

    v1 = tf.compat.v1
    values = [v1.Summary.Value(tag=name, simple_value=value) for name, value in figures.items()]
    now = time.time()
    with tempfile.TemporaryDirectory(prefix="lineup-") as folder:
        written = Path(folder, f"events.out.tfevents.{epoch:06}.lineup")
        with tf.io.TFRecordWriter(str(written)) as file:
            file.write(v1.Event(wall_time=now, file_version="brain.Event:2").SerializeToString())
            file.write(v1.Event(wall_time=now, step=epoch, summary=v1.Summary(value=values)).SerializeToString())
        write_bytes(board / written.name, written.read_bytes())


def _silent(done: int, most: int, figures: dict[str, float]) -> None:
    """The default of `progress`."""

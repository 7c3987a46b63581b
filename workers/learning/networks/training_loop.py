"""Training loops that are compiled once a process and used for every split.

Tracing and optimising a network's training step takes seconds, as long as a few epochs on a small folder. All
splits of a run train the same network, so the compiled one is kept and given fresh weights each time.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workers.learning.arrays import Array
from workers.learning.networks.keras_predictor import KerasPredictor
from workers.learning.networks.keras_runtime import assign, load_keras

Build = Callable[[int], Any]
"""Number of people -> a new Keras model that gives logits, its weights drawn from the global seed."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: passes over the training faces; the most of them, where `patience` is given.
        batch: faces a step.
        rate: Adam's learning rate (Kingma & Ba 2015); the first, where `cosine`.
        cosine: let the rate fall to zero along half a cosine (Loshchilov & Hutter 2017).
        smoothing: share of the target spread over all people (Szegedy et al. 2016).
        balanced: weigh faces so that every person counts the same.
        patience: epochs without a smaller loss on held-out faces before training ends; the weights of the
            smallest are kept. 0 trains all epochs.
    """

    epochs: int
    batch: int
    rate: float
    cosine: bool = False
    smoothing: float = 0.0
    balanced: bool = False
    patience: int = 0

    def rate_at(self, epoch: int) -> float:
        """The learning rate of an epoch, counted from 0."""
        return self.rate * (1 + math.cos(math.pi * epoch / self.epochs)) / 2 if self.cosine else self.rate


@dataclass(frozen=True)
class Examples:
    """Faces that train, or that say when to stop: x (N, ...) as the network takes it, y (N,) class numbers."""

    x: Array
    y: Array


@dataclass(frozen=True)
class _Bench:
    network: KerasPredictor
    optimizer_start: Sequence[Array]


def train_network(
    build: Build, recipe: Recipe, examples: Examples, classes: int, seed: int, held: Examples | None = None
) -> tuple[Any, dict[str, list[float]]]:
    """Fit a new network: (Keras model, its learning curves by name).

    Args:
        held: faces that only say when to stop, where the recipe has patience; never test faces.
    """
    keras = load_keras()
    bench = _bench(build, recipe, classes)
    model = bench.network.keras_model
    keras.utils.set_random_seed(seed)
    fresh = build(classes)
    assign(model.variables, fresh.variables)
    assign(model.optimizer.variables, bench.optimizer_start)
    rng = np.random.default_rng(seed)
    targets = np.eye(classes, dtype=np.float32)[examples.y]
    weights = balanced_weights(examples.y) if recipe.balanced else np.ones(len(examples.y), np.float32)
    callbacks = keras.callbacks.CallbackList(callbacks_of(recipe, held is not None), add_history=True, model=model)
    model.stop_training = False
    callbacks.on_train_begin()
    for epoch in range(recipe.epochs):
        callbacks.on_epoch_begin(epoch)
        rows = batches(len(examples.y), recipe.batch, rng)
        figures = _epoch(model, rows, examples.x, targets, weights)
        callbacks.on_epoch_end(epoch, figures | (_watch(bench.network, held) if held else {}))
        if model.stop_training:
            break
    callbacks.on_train_end()
    assign(fresh.variables, model.variables)
    curves = {name: [float(value) for value in values] for name, values in model.history.history.items()}
    curves.pop("learning_rate", None)
    return fresh, curves


def _epoch(model: Any, rows: Array, x: Array, targets: Array, weights: Array) -> dict[str, float]:
    """All training faces once, a row of `rows` a step; loss and accuracy, means over the steps."""
    steps = [model.train_on_batch(x[step], targets[step], weights[step], return_dict=True) for step in rows]
    return {name: float(np.mean([step[name] for step in steps])) for name in steps[0]}


def batches(count: int, size: int, rng: np.random.Generator) -> Array:
    """Row numbers (steps, size) of one epoch in random order; the last step is filled up with the first rows again.

    Steps of one size are compiled once, and none is so small that its batch norm says nothing.
    """
    return np.resize(rng.permutation(count), (math.ceil(count / size), size))


def _watch(network: KerasPredictor, held: Examples) -> dict[str, float]:
    """Log-loss and accuracy on the held-out faces."""
    logits = network.decision(held.x)
    loss = load_keras().losses.SparseCategoricalCrossentropy(from_logits=True)(held.y, logits)
    return {"val_loss": float(loss), "val_accuracy": float((logits.argmax(axis=1) == held.y).mean())}


def callbacks_of(recipe: Recipe, watched: bool) -> list[Any]:
    """Keras's callbacks for the recipe's rate and, where held-out faces are watched, its patience."""
    callbacks = load_keras().callbacks
    # by epochs, not by steps: the compiled loop must not depend on how many faces there are
    chosen = [callbacks.LearningRateScheduler(recipe.rate_at)]
    if watched and recipe.patience:
        chosen.append(callbacks.EarlyStopping("val_loss", patience=recipe.patience, restore_best_weights=True))
    return chosen


def balanced_weights(y: Array) -> Array:
    """(N,) float32 with mean 1: the fewer faces a person has, the more each counts."""
    counts = np.bincount(y)
    return (len(y) / (np.count_nonzero(counts) * counts[y])).astype(np.float32)


@functools.lru_cache(maxsize=4)
def _bench(build: Build, recipe: Recipe, classes: int) -> _Bench:
    keras = load_keras()
    keras.utils.set_random_seed(0)  # its weights are never used, but deterministic kernels refuse to draw without
    model = build(classes)
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.rate),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.smoothing),
        metrics=["accuracy"],
        jit_compile=False,  # not deterministic
    )
    model.optimizer.build(model.trainable_variables)
    return _Bench(KerasPredictor(model), [each.numpy() for each in model.optimizer.variables])

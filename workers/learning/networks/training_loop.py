"""The training loop of the networks, compiled once a process and used for every split.

Compiling a training step takes seconds, as long as a few epochs on a small folder. All splits of a run train the same
network, so the compiled model is kept, and each training starts it with new weights.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workers.learning.arrays import Array
from workers.learning.fold import Tell, tell_nobody
from workers.learning.networks.keras_predictor import KerasPredictor
from workers.learning.networks.keras_runtime import assign, load_keras
from workers.learning.networks.stored_network import NetworkLayout
from workers.learning.pictures import Pictures

Build = Callable[[int], Any]
"""Number of people -> a new Keras model with logits as output and weights drawn from the global seed."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: passes over the training faces; with `patience`, at most so many.
        batch: faces a step.
        rate: learning rate of Adam (Kingma & Ba 2015); with `cosine`, of the first epoch.
        cosine: cosine schedule: the rate falls to zero along half a cosine (Loshchilov & Hutter 2017).
        smoothing: label smoothing: share of the target that is spread over all people (Szegedy et al. 2016).
        balanced: class weights: every person has the same total weight.
        patience: early stopping: training ends after so many epochs without a smaller validation loss, and the
            weights of the smallest loss are kept. 0 trains all epochs.
    """

    epochs: int
    batch: int
    rate: float
    cosine: bool = False
    smoothing: float = 0.0
    balanced: bool = False
    patience: int = 0

    def rate_at(self, epoch: int) -> float:
        """The learning rate of an epoch; epochs count from 0."""
        return self.rate * (1 + math.cos(math.pi * epoch / self.epochs)) / 2 if self.cosine else self.rate


@dataclass(frozen=True)
class Examples:
    """Faces for training or validation: x (N, ...) as the network takes it, decoded or not; y (N,) class numbers."""

    x: Array | Pictures
    y: Array


@dataclass(frozen=True)
class _CompiledModel:
    network: KerasPredictor
    optimizer_start: Sequence[Array]


def train_network(
    build: Build,
    recipe: Recipe,
    examples: Examples,
    classes: int,
    seed: int,
    held: Examples | None = None,
    tell: Tell = tell_nobody,
) -> tuple[Any, dict[str, list[float]]]:
    """Train a new network: (Keras model, learning curves by name).

    Args:
        classes: number of people; `examples.y` holds numbers below it.
        seed: of the weights, the batches, dropout and augmentation.
        held: held-out training faces for validation and early stopping; never test faces.
        tell: called after each epoch.
    """
    keras = load_keras()
    compiled = _compiled_model(build, recipe, classes)
    model = compiled.network.keras_model
    keras.utils.set_random_seed(seed)
    fresh = build(classes)
    assign(model.variables, fresh.variables)
    assign(model.optimizer.variables, compiled.optimizer_start)
    rng = np.random.default_rng(seed)
    weights = balanced_weights(examples.y) if recipe.balanced else np.ones(len(examples.y), np.float32)
    callbacks = keras.callbacks.CallbackList(callbacks_of(recipe, held is not None), add_history=True, model=model)
    model.stop_training = False
    callbacks.on_train_begin()
    for epoch in range(recipe.epochs):
        callbacks.on_epoch_begin(epoch)
        rows = batches(len(examples.y), recipe.batch, rng)
        figures = _epoch(model, rows, examples, weights)
        callbacks.on_epoch_end(epoch, figures | (_validate(compiled.network, held) if held else {}))
        tell(f"epoch {epoch + 1}/{recipe.epochs}")
        if model.stop_training:
            break
    callbacks.on_train_end()
    assign(fresh.variables, model.variables)
    curves = {name: [float(value) for value in values] for name, values in model.history.history.items()}
    curves.pop("learning_rate", None)
    return fresh, curves


def warm_up_training(build: Build, recipe: Recipe, classes: int) -> None:
    """Import Keras, and trace the step and the prediction of `train_network` on one batch of zeros.

    Leaves no trace in a later training, which sets the weights, the optimizer and the seed anew.
    """
    load_keras()
    compiled = _compiled_model(build, recipe, classes)
    model = compiled.network.keras_model
    x = np.zeros((recipe.batch, *model.input_shape[1:]), model.inputs[0].dtype)
    targets = np.eye(classes, dtype=np.float32)[np.arange(recipe.batch) % classes]
    model.train_on_batch(x, targets, np.ones(recipe.batch, np.float32), return_dict=True)
    if recipe.patience:  # it validates
        compiled.network.decision(x[:1])


def _epoch(model: Any, rows: Array, examples: Examples, weights: Array) -> dict[str, float]:
    """One pass over the training faces; each row of `rows` is one step. Loss and accuracy, means over the steps."""
    targets = np.eye(model.output_shape[-1], dtype=np.float32)

    def train(step: Array) -> dict[str, float]:
        x, y = np.asarray(examples.x[step]), targets[examples.y[step]]
        figures: dict[str, float] = model.train_on_batch(x, y, weights[step], return_dict=True)
        return figures

    steps = [train(step) for step in rows]
    return {name: float(np.mean([step[name] for step in steps])) for name in steps[0]}


def batches(count: int, size: int, rng: np.random.Generator) -> Array:
    """Row numbers (steps, size) of one epoch in random order; the first rows come again to fill the last step.

    With one size the step is compiled once, and no batch is too small for batch norm.
    """
    return np.resize(rng.permutation(count), (math.ceil(count / size), size))


def _validate(network: KerasPredictor, held: Examples) -> dict[str, float]:
    """Log-loss and accuracy on the held-out faces."""
    logits = network.decision(held.x)
    loss = load_keras().losses.SparseCategoricalCrossentropy(from_logits=True)(held.y, logits)
    return {"val_loss": float(loss), "val_accuracy": float((logits.argmax(axis=1) == held.y).mean())}


def callbacks_of(recipe: Recipe, validates: bool) -> list[Any]:
    """Keras callbacks for the learning rate and, where there are held-out faces, for early stopping."""
    callbacks = load_keras().callbacks
    # by epochs, not by steps: the compiled model must not depend on the number of faces
    chosen = [callbacks.LearningRateScheduler(recipe.rate_at)]
    if validates and recipe.patience:
        chosen.append(callbacks.EarlyStopping("val_loss", patience=recipe.patience, restore_best_weights=True))
    return chosen


def balanced_weights(y: Array) -> Array:
    """Weight of each face, (N,) float32 with mean 1, inversely proportional to the person's number of faces.

    >>> balanced_weights(np.array([0, 0, 1])).tolist()
    [0.75, 0.75, 1.5]
    """
    counts = np.bincount(y)
    return (len(y) / (np.count_nonzero(counts) * counts[y])).astype(np.float32)


@functools.lru_cache(maxsize=4)
def _compiled_model(build: Build, recipe: Recipe, classes: int) -> _CompiledModel:
    keras = load_keras()
    keras.utils.set_random_seed(0)  # deterministic kernels need a seed, though these weights are never used
    model = build(classes)
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.rate),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.smoothing),
        metrics=["accuracy"],
        jit_compile=False,  # not deterministic
    )
    model.optimizer.build(model.trainable_variables)
    return _CompiledModel(
        KerasPredictor(model, NetworkLayout(build.__name__, {"classes": classes})),
        [each.numpy() for each in model.optimizer.variables],
    )

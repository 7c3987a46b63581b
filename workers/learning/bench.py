"""Training loops that are compiled once a process and used for every split.

Tracing and optimising a network's training step takes seconds, as long as a few epochs on a small folder. All
splits of a run train the same network, so the compiled one is kept and given fresh weights each time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from workers.learning.keras_runtime import load_keras
from workers.learning.predictors import Array

Build = Callable[[int], Any]
"""Number of people -> a new Keras model that gives logits, its weights drawn from the global seed."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Attributes:
        epochs: passes over the training faces; the most of them, where `patience` is given.
        batch: faces a step.
        rate: Adam's learning rate (Kingma & Ba 2015); the first, where `cosine`.
    """

    epochs: int
    batch: int
    rate: float


@dataclass(frozen=True)
class _Bench:
    model: Any
    optimizer_start: Sequence[Array]


def train(build: Build, recipe: Recipe, x: Array, y: Array, classes: int, seed: int) -> tuple[Any, dict[str, Any]]:
    """Fit a new network: (Keras model, its learning curves).

    Args:
        x: (N, ...) as the network takes it.
        y: (N,) class numbers.
    """
    keras = load_keras()
    bench = _bench(build, recipe, classes)
    keras.utils.set_random_seed(seed)
    fresh = build(classes)
    _assign(bench.model.variables, fresh.variables)
    _assign(bench.model.optimizer.variables, bench.optimizer_start)
    learnt = bench.model.fit(x, y, batch_size=recipe.batch, epochs=recipe.epochs, verbose=0)
    _assign(fresh.variables, bench.model.variables)
    return fresh, {name: [float(v) for v in values] for name, values in learnt.history.items()}


@functools.lru_cache(maxsize=4)
def _bench(build: Build, recipe: Recipe, classes: int) -> _Bench:
    keras = load_keras()
    model = build(classes)
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)
    return _Bench(model, [each.numpy() for each in model.optimizer.variables])


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)

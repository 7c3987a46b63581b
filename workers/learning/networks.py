"""Fit the networks of the mission: small convnets on pictures, a dense one on measurements.

None of them sees a face outside its training fold, not even to know when to stop.
"""

from __future__ import annotations

from typing import Any

from workers.learning.bench import Recipe, train
from workers.learning.fold import Fitted, Fold
from workers.learning.keras_runtime import load_keras
from workers.learning.network import Network, load_network

__all__ = ["fit_dense", "fit_small", "load_network"]

SIDE = 128


def fit_small(fold: Fold) -> Fitted:
    """The baseline of the mission: four convolutions, one dense layer, a fixed number of epochs."""
    return _fit(fold, small_convnet)


def fit_dense(fold: Fold) -> Fitted:
    """One hidden layer on the 128 measurements."""
    return _fit(fold, dense_network)


def small_convnet(classes: int) -> Any:
    """(N, 128, 128, 3) uint8 RGB to (N, classes) logits."""
    keras = load_keras()
    layers = keras.layers
    blocks = [[layers.Conv2D(n, 3, activation="relu"), layers.MaxPooling2D()] for n in (16, 32, 64, 64)]
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3), dtype="uint8"),
            layers.Rescaling(1 / 255),
            *(layer for block in blocks for layer in block),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(classes),
        ]
    )


def dense_network(classes: int) -> Any:
    """(N, 128) float32 measurements to (N, classes) logits."""
    keras = load_keras()
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((128,)),
            layers.Rescaling(10.0),  # a measurement is about 0.1 wide, and layers learn best near 1
            layers.Dense(128, activation="relu"),
            layers.Dense(classes),
        ]
    )


def _fit(fold: Fold, build: Any) -> Fitted:
    told = fold.parameters
    recipe = Recipe(int(told["epochs"]), int(told["batch"]), float(told["rate"]))
    model, history = train(build, recipe, fold.x, fold.y, fold.classes, fold.seed)
    return Fitted(Network(model), {"epochs": recipe.epochs}, history)

"""Train a network with Keras's own `fit`; the network is compiled for each training."""

from __future__ import annotations

from typing import Any

import numpy as np

from workers.learning.networks.keras_runtime import load_keras
from workers.learning.networks.training_loop import Build, Examples, Recipe, balanced_weights, callbacks_of


def train_network(
    build: Build, recipe: Recipe, examples: Examples, classes: int, seed: int, held: Examples | None = None
) -> tuple[Any, dict[str, list[float]]]:
    """As `training_loop.train_network`: same network, faces, recipe and number of epochs."""
    keras = load_keras()
    keras.utils.set_random_seed(seed)
    model = build(classes)
    model.compile(
        optimizer=keras.optimizers.Adam(recipe.rate),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=recipe.smoothing),
        metrics=["accuracy"],
    )
    one_hot = np.eye(classes, dtype=np.float32)
    learnt = model.fit(
        examples.x,
        one_hot[examples.y],
        sample_weight=balanced_weights(examples.y) if recipe.balanced else None,
        batch_size=recipe.batch,
        epochs=recipe.epochs,
        validation_data=(held.x, one_hot[held.y]) if held else None,
        callbacks=callbacks_of(recipe, held is not None),
        verbose=0,
    )
    return model, learnt.history

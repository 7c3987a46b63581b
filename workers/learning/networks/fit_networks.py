"""Fit the networks of the mission: convnets on pictures, a dense one on measurements.

None of them sees a face outside its training fold, not even to know when to stop.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from workers.learning.arrays import Array
from workers.learning.fold import Fitted, Fold
from workers.learning.inner_folds import DEFAULT_TEMPERATURE, inner_folds, temperature_of
from workers.learning.networks import architectures
from workers.learning.networks.keras_predictor import KerasPredictor
from workers.learning.networks.training_loop import Build, Examples, Recipe, train_network


def fit_small(fold: Fold) -> Fitted:
    """The mission's baseline convnet, for a fixed number of epochs."""
    return _fit_once(fold, architectures.small_convnet)


def fit_dense(fold: Fold) -> Fitted:
    """The dense network on the 128 measurements, for a fixed number of epochs."""
    return _fit_once(fold, architectures.dense_network)


def fit_regularized(fold: Fold) -> Fitted:
    """Every trick of the course, and the mean of several networks.

    The training faces are cut into `members` parts in which no group straddles. Each member has a seed of its own,
    trains on all parts but one, and that one says when it stops; so every face both trains and watches, and the
    held-out logits give the temperature (Guo et al. 2017). The mean of such networks errs less than any of them
    (Hansen & Salamon 1990). Where people have too few photos to hold any out, members differ by seed alone and
    train all epochs.
    """
    recipe = recipe_of(fold)
    count = int(fold.parameters["members"])
    splits = inner_folds(fold.y, fold.groups, fold.seed, count)
    everyone = np.arange(len(fold.y))
    cuts = splits or [(everyone, everyone[:0])] * count
    members: list[Any] = []
    history: dict[str, list[float]] = {}
    watched: list[tuple[Array, Array]] = []
    for number, (rows, aside) in enumerate(cuts):
        held = Examples(fold.x[aside], fold.y[aside]) if len(aside) else None
        mine = Examples(fold.x[rows], fold.y[rows])
        model, curves = train_network(
            architectures.regularized_convnet, recipe, mine, fold.classes, (fold.seed + number) % 2**31, held
        )
        members.append(model)
        history |= {f"{number + 1} {name}": curve for name, curve in curves.items()}
        if held:
            watched.append((KerasPredictor(model).decision(held.x), held.y))
    temperature, record = _judged(watched)
    record["epochs"] = [len(curve) for name, curve in history.items() if name.endswith(" loss")]
    return Fitted(KerasPredictor(architectures.ensemble(members, temperature)), record, history)


def recipe_of(fold: Fold) -> Recipe:
    """The recipe that a configuration's parameters spell out."""
    known = {each.name for each in fields(Recipe)}
    return Recipe(**{name: value for name, value in fold.parameters.items() if name in known})


def _fit_once(fold: Fold, build: Build) -> Fitted:
    recipe = recipe_of(fold)
    model, history = train_network(build, recipe, Examples(fold.x, fold.y), fold.classes, fold.seed)
    return Fitted(KerasPredictor(model), {"epochs": recipe.epochs}, history)


def _judged(watched: list[tuple[Array, Array]]) -> tuple[float, dict[str, Any]]:
    """Temperature, and how the members did on the faces that they had not trained on."""
    if not watched:
        return DEFAULT_TEMPERATURE, {"note": "too few photos a person for an inner split"}
    temperature, loss, accuracy = temperature_of(
        np.concatenate([logits for logits, _ in watched]), np.concatenate([y for _, y in watched])
    )
    each = [float((logits.argmax(axis=1) == y).mean()) for logits, y in watched]
    return temperature, {
        "temperature": temperature,
        "inner_accuracy": accuracy,
        "inner_log_loss": loss,
        "inner_accuracy_of_members": each,
        "inner_accuracy_spread": float(np.std(each, ddof=1)) if len(each) > 1 else 0.0,
    }

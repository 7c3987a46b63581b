"""Fit the network families: two convnets on pictures and a dense network on embeddings.

Each uses the faces of its training fold alone; early stopping validates on an inner split of that fold.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from storage.schemas import EMBEDDING_SIZE
from workers.learning.arrays import Array
from workers.learning.fold import Fitted, Fold, Tell
from workers.learning.inner_folds import DEFAULT_TEMPERATURE, inner_folds, temperature_of
from workers.learning.networks import architectures
from workers.learning.networks.keras_predictor import KerasPredictor
from workers.learning.networks.stored_network import NetworkLayout
from workers.learning.networks.training_loop import Build, Examples, Recipe, train_network, warm_up_training


def fit_small(fold: Fold) -> Fitted:
    """The baseline convnet, trained for a fixed number of epochs."""
    return _fit_once(fold, architectures.small_convnet, {})


def fit_dense(fold: Fold) -> Fitted:
    """The dense network on embeddings, trained for a fixed number of epochs."""
    size = fold.x.shape[1]
    return _fit_once(fold, _dense(size), {} if size == EMBEDDING_SIZE else {"size": size})


def fit_regularized(fold: Fold) -> Fitted:
    """An ensemble of regularised convnets.

    Each member is trained with augmentation, batch norm, dropout, L2, label smoothing, class weights, a cosine schedule
    and early stopping. The training faces are divided into `members` parts that share no group. Each member has its own
    seed, trains on all parts but one and validates on that one, so every face is validated once; the validation logits
    give the temperature (Guo et al. 2017). The ensemble is the mean of the logits (Hansen & Salamon 1990). Where people
    have too few photos for inner splits, members differ by seed alone and train all epochs.
    """
    recipe = recipe_of(fold.parameters)
    count = int(fold.parameters["members"])
    splits = inner_folds(fold.y, fold.groups, fold.seed, count)
    everyone = np.arange(len(fold.y))
    cuts = splits or [(everyone, everyone[:0])] * count
    layout = NetworkLayout(architectures.regularized_convnet.__name__, {"classes": fold.classes})
    members: list[Any] = []
    history: dict[str, list[float]] = {}
    validated: list[tuple[KerasPredictor, Examples]] = []
    for number, (rows, aside) in enumerate(cuts):
        held = Examples(fold.x[aside], fold.y[aside]) if len(aside) else None
        mine = Examples(fold.x[rows], fold.y[rows])
        seed, tell = (fold.seed + number) % 2**31, _tell_of_member(fold.tell, number + 1, len(cuts))
        model, curves = train_network(architectures.regularized_convnet, recipe, mine, fold.classes, seed, held, tell)
        members.append(model)
        history |= {f"{number + 1} {name}": curve for name, curve in curves.items()}
        if held:
            validated.append((KerasPredictor(model, layout), held))
    temperature, record = _temperature_and_record(validated)
    record["epochs"] = [len(curve) for name, curve in history.items() if name.endswith(" loss")]
    together = replace(layout, members=len(members), temperature=temperature)
    return Fitted(KerasPredictor(architectures.ensemble(members, temperature), together), record, history)


def _tell_of_member(tell: Tell, number: int, members: int) -> Tell:
    return lambda progress: tell(f"network {number}/{members}, {progress}")


def warm_up_small(parameters: Mapping[str, Any], people: int) -> None:
    """Compile what `fit_small` uses."""
    warm_up_training(architectures.small_convnet, recipe_of(parameters), people)


def warm_up_dense(parameters: Mapping[str, Any], people: int) -> None:
    """Compile what `fit_dense` uses; `size` is the length of an embedding."""
    warm_up_training(_dense(parameters.get("size", EMBEDDING_SIZE)), recipe_of(parameters), people)


@functools.cache  # the compiled model is kept by its builder
def _dense(size: int) -> Build:
    build = functools.partial(architectures.dense_network, size=size)
    return functools.update_wrapper(build, architectures.dense_network)


def warm_up_regularized(parameters: Mapping[str, Any], people: int) -> None:
    """Compile what `fit_regularized` uses."""
    warm_up_training(architectures.regularized_convnet, recipe_of(parameters), people)


def recipe_of(parameters: Mapping[str, Any]) -> Recipe:
    """The recipe in the parameters of a configuration."""
    known = {each.name for each in fields(Recipe)}
    return Recipe(**{name: value for name, value in parameters.items() if name in known})


def _fit_once(fold: Fold, build: Build, arguments: Mapping[str, int]) -> Fitted:
    recipe = recipe_of(fold.parameters)
    model, history = train_network(build, recipe, Examples(fold.x, fold.y), fold.classes, fold.seed, tell=fold.tell)
    layout = NetworkLayout(build.__name__, {"classes": fold.classes, **arguments})
    return Fitted(KerasPredictor(model, layout), {"epochs": recipe.epochs}, history)


def _temperature_and_record(validated: list[tuple[KerasPredictor, Examples]]) -> tuple[float, dict[str, Any]]:
    """(temperature, record of the members' accuracy and log-loss) on the faces that they did not train on."""
    if not validated:
        return DEFAULT_TEMPERATURE, {"note": "too few photos a person for an inner split"}
    each: list[float] = []

    def logits_of_members() -> Iterator[Array]:
        for network, held in validated:
            logits = network.decision(held.x)
            each.append(float((logits.argmax(axis=1) == held.y).mean()))
            yield logits

    temperature, loss, accuracy = temperature_of(logits_of_members(), np.concatenate([held.y for _, held in validated]))
    return temperature, {
        "temperature": temperature,
        "inner_accuracy": accuracy,
        "inner_log_loss": loss,
        "inner_accuracy_of_members": each,
        "inner_accuracy_spread": float(np.std(each, ddof=1)) if len(each) > 1 else 0.0,
    }

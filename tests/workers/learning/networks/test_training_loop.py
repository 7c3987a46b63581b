"""The training loop: every face counts as it should, and the held-out ones say when to stop."""

from __future__ import annotations

import numpy as np
import pytest

from workers.learning.arrays import softmax
from workers.learning.networks.architectures import dense_network
from workers.learning.networks.keras_runtime import load_keras
from workers.learning.networks.training_loop import Examples, Recipe, balanced_weights, batches, train_network


def examples(faces: int, seed: int = 0, spread: float = 0.05) -> Examples:
    """Measurements of three people."""
    people = np.random.default_rng(0).normal(0, 0.1, (3, 128))
    y = np.arange(faces) % 3
    noise = np.random.default_rng(seed + 1).normal(0, spread, (faces, 128))
    return Examples((people[y] + noise).astype(np.float32), y)


def test_all_steps_of_an_epoch_have_one_size_and_show_every_face() -> None:
    rng = np.random.default_rng(0)
    for count in (1, 5, 16, 17, 40):
        steps = batches(count, 16, rng)
        assert steps.shape == (-(-count // 16), 16)
        times = np.bincount(steps.ravel(), minlength=count)
        assert times.min() >= 1
        assert times.max() - times.min() <= 1


def test_each_epoch_has_an_order_of_its_own_and_a_seed_repeats_them() -> None:
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    first, second = batches(40, 16, rng), batches(40, 16, rng)
    assert not np.array_equal(first, second)
    assert np.array_equal(first, batches(40, 16, again))


def test_the_curves_are_those_of_the_returned_network() -> None:
    held = examples(30, seed=1)
    model, curves = train_network(dense_network, Recipe(epochs=4, batch=16, rate=1e-3), examples(40), 3, 1, held)
    logits = load_keras().ops.convert_to_numpy(model(held.x))
    loss = -np.log(softmax(logits)[np.arange(30), held.y]).mean()
    assert curves["val_loss"][-1] == pytest.approx(loss, rel=1e-4)
    assert curves["val_accuracy"][-1] == pytest.approx((logits.argmax(axis=1) == held.y).mean())
    assert sorted(curves) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert {len(curve) for curve in curves.values()} == {4}
    assert curves["loss"][-1] < curves["loss"][0]


def test_training_stops_when_held_out_faces_get_worse_and_keeps_the_best_weights() -> None:
    # what it is shown of them is wrong, so that every step away from the start makes them worse
    wrong = examples(30, seed=1)
    wrong = Examples(wrong.x, (wrong.y + 1) % 3)
    recipe = Recipe(epochs=40, batch=16, rate=1e-2, patience=3)
    model, curves = train_network(dense_network, recipe, examples(40), 3, 1, wrong)
    assert len(curves["val_loss"]) == int(np.argmin(curves["val_loss"])) + 1 + recipe.patience < recipe.epochs
    probabilities = softmax(load_keras().ops.convert_to_numpy(model(wrong.x)))
    loss = -np.log(probabilities[np.arange(30), wrong.y]).mean()
    assert min(curves["val_loss"]) == pytest.approx(loss, rel=1e-4)


def test_the_rate_falls_along_half_a_cosine() -> None:
    recipe = Recipe(epochs=10, batch=1, rate=0.4, cosine=True)
    assert recipe.rate_at(0) == pytest.approx(0.4)
    assert recipe.rate_at(5) == pytest.approx(0.2)
    assert 0 < recipe.rate_at(9) < 0.02
    assert Recipe(epochs=10, batch=1, rate=0.4).rate_at(9) == 0.4


def test_rare_people_count_as_much_as_frequent_ones() -> None:
    weights = balanced_weights(np.array([0, 0, 0, 1]))
    assert weights[:3].sum() == pytest.approx(weights[3])
    assert weights.mean() == pytest.approx(1)

"""Networks: the same bits in any process, stored without code, quick for one face."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workers.learning.configurations import CONFIGURATIONS, Configuration
from workers.learning.evaluation import latency
from workers.learning.face_batch import FaceBatch
from workers.learning.fitted_model import fit_model, load_model, save_model, warm_up_of

SMALL = CONFIGURATIONS["cnn-small-crop"].with_parameters(epochs=2)
DENSE = CONFIGURATIONS["dense"]


def pictures(people: int = 3, photos: int = 6) -> tuple[np.ndarray, list[str]]:
    """Noise with a bright patch whose place tells the person."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 100, (people * photos, 128, 128, 3), np.uint8)
    for i in range(len(x)):
        left = 40 * (i // photos)
        x[i, 30:70, left : left + 40] += 120
    return x, [f"p{i // photos}" for i in range(len(x))]


def measurements(people: int = 4, photos: int = 8) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.1, (people, 1, 128)) + rng.normal(0, 0.03, (people, photos, 128))
    return x.reshape(-1, 128).astype(np.float32), [f"p{i // photos}" for i in range(people * photos)]


def batch(x: np.ndarray) -> FaceBatch:
    """Faces in a view; their measurements play no part here where the view is pictures."""
    return FaceBatch(x, x if x.ndim == 2 else np.zeros((len(x), 128), np.float32))


def warm_up_dense(x: np.ndarray, labels: list[str]) -> None:
    warm_up = warm_up_of(DENSE, labels, batch(x))
    assert warm_up is not None
    warm_up()


def digest(configuration: Configuration, x: np.ndarray, labels: list[str], seed: int = 7) -> str:
    model = fit_model(configuration, batch(x), labels, np.arange(len(x)), seed)
    return hashlib.sha256(model.predict_proba(batch(x)).tobytes()).hexdigest()


def digest_elsewhere(call: str) -> str:
    """What `call`, an expression on this module, gives in a fresh interpreter."""
    code = f"from tests.workers.learning.networks.test_fit_networks import *; print({call})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


@pytest.mark.slow
def test_a_fresh_process_learns_the_same_bits_whatever_was_trained_before() -> None:
    x, labels = pictures()
    other = fit_model(SMALL, batch(x[:12]), labels[:12], np.arange(12), 1)
    here = digest(SMALL, x, labels)
    assert here == digest(SMALL, x, labels) == digest_elsewhere("digest(SMALL, *pictures())")
    assert here != digest(SMALL, x, labels, seed=8)
    assert other.labels == ("p0", "p1")


def test_warming_up_leaves_no_trace_in_what_is_learned() -> None:
    x, labels = measurements()
    before = digest(DENSE, x, labels)
    warm_up_dense(x, labels)
    assert digest(DENSE, x, labels) == before
    assert digest_elsewhere("(warm_up_dense(*measurements()), digest(DENSE, *measurements()))[1]") == before


def test_a_dense_network_learns_from_measurements_of_any_length_and_is_read_back(tmp_path: Path) -> None:
    x, labels = measurements()
    wide = np.concatenate([x, x], axis=1)
    warm_up_dense(wide, labels)
    model = fit_model(DENSE, batch(wide), labels, np.arange(len(x)), 7)
    save_model(model, tmp_path)
    stored = load_model(tmp_path)
    assert np.array_equal(stored.predict_proba(batch(wide)), model.predict_proba(batch(wide)))


def test_a_process_that_imported_tensorflow_by_itself_is_refused() -> None:
    code = "import tensorflow; from workers.learning.networks.keras_runtime import load_keras; load_keras()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "TensorFlow was imported elsewhere" in done.stderr


def test_a_dense_network_names_people_and_returns_its_learning_curves() -> None:
    x, labels = measurements()
    model = fit_model(DENSE, batch(x[::2]), labels[::2], np.arange(len(x[::2])), 1)
    others = batch(x[1::2])
    assert model.name(others, model.predict_proba(others)) == labels[1::2]
    assert len(model.history["loss"]) == len(model.history["accuracy"]) == DENSE.parameters["epochs"]
    assert model.history["loss"][-1] < model.history["loss"][0] / 5
    assert np.allclose(model.predict_proba(batch(x)).sum(axis=1), 1, atol=1e-5)


def test_a_stored_network_scores_the_same_bits_and_holds_no_code(tmp_path: Path) -> None:
    x, labels = pictures()
    model = fit_model(SMALL, batch(x), labels, np.arange(len(x)), 1)
    save_model(model, tmp_path)
    again = load_model(tmp_path)
    assert model.predict_proba(batch(x)).tobytes() == again.predict_proba(batch(x)).tobytes()
    assert again.history == model.history
    assert sorted(each.name for each in tmp_path.iterdir()) == ["gallery.npz", "model.json", "network.npz"]


def test_one_face_is_scored_without_filling_a_batch() -> None:
    x, labels = measurements()
    model = fit_model(DENSE, batch(x), labels, np.arange(len(x)), 1)
    # microseconds; Keras's predict takes 30,000, and a tenth of the calls are undisturbed on any machine
    assert np.percentile(latency(model, batch(np.tile(x, (7, 1)))), 10) < 5000


TRICKS = CONFIGURATIONS["cnn-regularized-crop"].with_parameters(epochs=3, members=2, patience=1)


def test_the_regularized_network_is_the_mean_of_its_members_and_the_same_in_any_process(tmp_path: Path) -> None:
    x, labels = pictures()
    told: list[str] = []
    model = fit_model(TRICKS, batch(x), labels, np.arange(len(x)), 7, tell=told.append)
    assert (told[0], told[-1]) == ("network 1/2, epoch 1/3", f"network 2/2, epoch {len(model.history['2 loss'])}/3")
    here = hashlib.sha256(model.predict_proba(batch(x)).tobytes()).hexdigest()
    assert here == digest_elsewhere("digest(TRICKS, *pictures())")
    assert {name for name in model.history if name.startswith("2 ")} == {
        "2 loss", "2 accuracy", "2 val_loss", "2 val_accuracy",
    }  # fmt: skip
    assert len(model.chosen["inner_accuracy_of_members"]) == 2
    save_model(model, tmp_path)
    assert load_model(tmp_path).predict_proba(batch(x)).tobytes() == model.predict_proba(batch(x)).tobytes()


def means() -> list[str]:
    """The logits of one ensemble, built twelve times in this process: the numbers in its layers' names grow."""
    from workers.learning.networks.architectures import dense_network, ensemble
    from workers.learning.networks.keras_predictor import KerasPredictor
    from workers.learning.networks.keras_runtime import load_keras
    from workers.learning.networks.stored_network import NetworkLayout

    x, found, layout = measurements()[0], [], NetworkLayout("dense_network", {"classes": 5}, 4, 1.3)
    for _ in range(12):
        members = []
        for seed in range(4):
            load_keras().utils.set_random_seed(seed)
            members.append(dense_network(5))
        logits = KerasPredictor(ensemble(members, 1.3), layout).decision(x)
        found.append(hashlib.sha256(logits.tobytes()).hexdigest())
    return found


def test_the_mean_of_members_has_the_same_bits_however_many_networks_were_built_before() -> None:
    assert digest_elsewhere("len(set(means()))") == "1"


@pytest.mark.parametrize("recolour", [False, True])
def test_augmentation_changes_training_pictures_and_nothing_in_prediction(recolour: bool) -> None:
    from workers.learning.networks.architectures import augmentation
    from workers.learning.networks.keras_runtime import load_keras

    keras = load_keras()
    keras.utils.set_random_seed(1)
    layers = keras.Sequential([keras.Input((64, 64, 3)), *augmentation(recolour)])
    x = np.random.default_rng(0).random((4, 64, 64, 3), np.float32)
    assert np.array_equal(layers(x, training=False).numpy(), x)
    changed = layers(x, training=True).numpy()
    assert np.abs(changed - x).mean() > 0.05
    assert 0 <= changed.min() <= changed.max() <= 1


def test_people_with_one_photo_each_still_train_the_regularized_network() -> None:
    x, labels = pictures(3, photos=2)
    model = fit_model(TRICKS, batch(x[::2]), labels[::2], np.arange(3), 1)
    assert model.chosen["epochs"] == [3, 3]
    assert "too few" in model.chosen["note"]

"""Classical models: exact, quick, stored without pickle."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workers.learning.classical.solvers import solve_rbf_svm
from workers.learning.configurations import CONFIGURATIONS, UNKNOWN, Configuration
from workers.learning.evaluation import latency
from workers.learning.face_batch import FaceBatch
from workers.learning.fitted_model import fit_model, load_model, save_model
from workers.learning.fold import CannotFit

CLASSICAL = [
    name for name, each in CONFIGURATIONS.items() if each.family not in ("dense", "cnn-small", "cnn-regularized")
]
EMBEDDING = [each for each in CONFIGURATIONS.values() if each.view == "embedding"]


def people(count: int, photos: int = 6) -> tuple[np.ndarray, list[str], np.ndarray]:
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 0.05, (count, 1, 128))
    x = (centres + rng.normal(0, 0.02, (count, photos, 128))).reshape(-1, 128).astype(np.float32)
    return x, [f"p{i // photos:03}" for i in range(count * photos)], np.arange(count * photos)


@pytest.mark.parametrize("configuration", EMBEDDING, ids=lambda each: each.name)
def test_a_stored_model_predicts_the_same_bits(configuration: Configuration, tmp_path: Path) -> None:
    x, labels, groups = people(5)
    faces = FaceBatch.of_embeddings(x)
    model = fit_model(configuration, faces, labels, groups, 1)
    save_model(model, tmp_path)
    again = load_model(tmp_path)
    assert [each.tobytes() for each in model.scores(faces)] == [each.tobytes() for each in again.scores(faces)]
    assert again.name(faces, again.predict_proba(faces)) == labels
    assert again.model_bytes == model.model_bytes > x.nbytes


@pytest.mark.parametrize("name", ["lda", "cnn-small-crop", "majority"])
def test_the_known_score_is_minus_the_distance_to_the_person_that_is_named_whatever_the_view(name: str) -> None:
    configuration = CONFIGURATIONS[name]
    if "epochs" in configuration.parameters:
        configuration = configuration.with_parameters(epochs=1)
    x, labels, groups = people(4)
    pictures = np.random.default_rng(1).integers(0, 255, (len(x), 128, 128, 3), np.uint8)
    faces = FaceBatch({"embedding": x, "crop": pictures, "none": x[:, :0]}[configuration.view], x)
    model = fit_model(configuration, faces, labels, groups, 1)
    probabilities, known = model.scores(faces)
    for face, named, score in zip(x, model.name(faces, probabilities), known, strict=True):
        own = x[np.asarray(labels) == named].astype(np.float64)
        assert -score == pytest.approx(np.sort(np.linalg.norm(own - face, axis=1))[:2].mean(), rel=1e-5)


def test_the_published_threshold_is_on_the_nearest_face_alone() -> None:
    x, labels, groups = people(3)
    faces = FaceBatch.of_embeddings(x)
    model = fit_model(CONFIGURATIONS["threshold-1nn"].with_parameters(threshold=1e-9), faces, labels, groups, 1)
    assert model.name(faces, model.predict_proba(faces)) == labels  # each face is its own nearest
    moved = FaceBatch.of_embeddings(x + np.float32(0.01))
    assert set(model.name(moved, model.predict_proba(moved))) == {UNKNOWN}


def test_the_rbf_kernel_agrees_with_scikit_learn() -> None:
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import SVC

    x, labels, _ = people(20)
    y = np.unique(labels, return_inverse=True)[1]
    gamma = 1 / float(x.var(axis=0).sum())
    theirs = OneVsRestClassifier(SVC(C=10, gamma=gamma)).fit(x.astype(np.float64), y).decision_function(x)
    assert np.allclose(solve_rbf_svm(x, y, 10, 1.0).decision(x), theirs, atol=1e-3)


def test_a_classifier_of_one_person_is_refused() -> None:
    x, _, groups = people(1)
    with pytest.raises(CannotFit, match="one person"):
        fit_model(CONFIGURATIONS["knn-1"], FaceBatch.of_embeddings(x), ["a"] * len(x), groups, 1)


def test_too_few_photos_for_an_inner_split_still_fit() -> None:
    x, labels, groups = people(10, photos=2)
    for configuration in EMBEDDING:
        if configuration.parameters.get("k", 1) > 2:
            continue  # strangers outvote two photos
        faces = FaceBatch.of_embeddings(x)
        model = fit_model(configuration, faces, labels, groups, 1)
        named = model.name(faces, model.predict_proba(faces))
        right = np.mean([a == b for a, b in zip(named, labels, strict=True)])
        assert right > 0.7, configuration.name  # discriminants from 20 faces err even on those


def digests() -> dict[str, str]:
    """sha256 of every classical configuration's scores on the same drawn people."""
    from threadpoolctl import threadpool_limits

    x, labels, groups = people(8)
    pictures = np.random.default_rng(1).integers(0, 255, (len(x), 128, 128, 3), np.uint8)
    views = {"embedding": x, "aligned": pictures, "none": x[:, :0]}
    found = {}
    for name in CLASSICAL:
        faces = FaceBatch(views[CONFIGURATIONS[name].view], x)
        with threadpool_limits(1):
            scores = fit_model(CONFIGURATIONS[name], faces, labels, groups, 3).scores(faces)
        found[name] = hashlib.sha256(b"".join(each.tobytes() for each in scores)).hexdigest()
    return found


def test_a_fresh_process_fits_the_same_bits() -> None:
    code = "from tests.workers.learning.test_fitted_model import digests; print(digests())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(digests())


def test_each_inner_split_computes_its_own_components(monkeypatch: pytest.MonkeyPatch) -> None:
    from workers.learning.classical import solvers as classical

    sizes: list[int] = []
    compute = classical.whitened_components

    def count(grey: np.ndarray, most: int) -> Any:
        sizes.append(len(grey))
        return compute(grey, most)

    monkeypatch.setattr(classical, "whitened_components", count)
    pictures = np.random.default_rng(1).integers(0, 255, (12, 128, 128, 3), np.uint8)
    faces = FaceBatch(pictures, np.zeros((12, 128), np.float32))
    fit_model(CONFIGURATIONS["eigenfaces-svm"], faces, [f"p{i % 2}" for i in range(12)], np.arange(12), 1)
    assert sizes == [8, 8, 8, 12]


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSICAL)
def test_one_face_of_600_people_takes_under_a_millisecond(name: str) -> None:
    from threadpoolctl import threadpool_limits

    configuration = CONFIGURATIONS[name].with_parameters(tune=False)  # the grid changes the numbers, not the speed
    x, labels, groups = people(600, photos=2)
    pictures = np.random.default_rng(1).integers(0, 255, (len(x), 128, 128, 3), np.uint8)
    faces = FaceBatch({"embedding": x, "aligned": pictures, "none": x[:, :0]}[configuration.view], x)
    model = fit_model(configuration, faces, labels, groups, 1)
    with threadpool_limits(1):
        passes = [latency(model, faces[::9]) for _ in range(5)]
    undisturbed = np.min(passes, axis=0)  # a busy machine interrupts any one call
    assert np.percentile(undisturbed, 95) < 1000  # microseconds

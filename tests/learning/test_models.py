"""Classical models: exact, quick, stored without pickle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workers.learning.classical import solve_rbf_svm
from workers.learning.fold import CannotFit
from workers.learning.models import fit, load_model, save_model
from workers.learning.table import CONFIGURATIONS

EMBEDDING = [each for each in CONFIGURATIONS.values() if each.view == "embedding"]


def people(count: int, photos: int = 6) -> tuple[np.ndarray, list[str], np.ndarray]:
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 0.05, (count, 1, 128))
    x = (centres + rng.normal(0, 0.02, (count, photos, 128))).reshape(-1, 128).astype(np.float32)
    return x, [f"p{i // photos:03}" for i in range(count * photos)], np.arange(count * photos)


@pytest.mark.parametrize("configuration", EMBEDDING, ids=lambda each: each.name)
def test_a_stored_model_predicts_the_same_bits(configuration, tmp_path: Path):
    x, labels, groups = people(5)
    model = fit(configuration, x, labels, groups, 1)
    save_model(model, tmp_path)
    again = load_model(tmp_path)
    assert model.predict_proba(x).tobytes() == again.predict_proba(x).tobytes()
    assert model.name(*again.scores(x)) == labels


def test_the_rbf_kernel_agrees_with_scikit_learn():
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import SVC

    x, labels, _ = people(20)
    y = np.unique(labels, return_inverse=True)[1]
    gamma = 1 / float(x.var(axis=0).sum())
    theirs = OneVsRestClassifier(SVC(C=10, gamma=gamma)).fit(x.astype(np.float64), y).decision_function(x)
    assert np.allclose(solve_rbf_svm(x, y, 10, 1.0).decision(x), theirs, atol=1e-3)


def test_one_person_cannot_be_told_apart():
    x, _, groups = people(1)
    with pytest.raises(CannotFit, match="one person"):
        fit(CONFIGURATIONS["knn-1"], x, ["a"] * len(x), groups, 1)

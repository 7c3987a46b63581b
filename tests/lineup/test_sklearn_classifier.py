"""scikit-learn's own checks of a classifier, and what is ours: the threshold, and clear refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from lineup.sklearn_classifier import Classifier
from storage.errors import InputError

FACES = np.array([[0, 0], [0, 0.2], [0, 0.1], [8, 8], [8, 8.2], [8.1, 8]])
PEOPLE = ["ada"] * 3 + ["bruno"] * 3
STRANGER = [[4.0, 4.0]]


@pytest.mark.parametrize("name", ["knn-3", "nearest-centroid", "lda"])
def test_scikit_learns_checks_pass(name: str) -> None:
    check_estimator(Classifier(name), on_skip=None)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["knn-1", "knn-7", "cosine-centroid", "threshold-1nn", "svm-linear", "svm-rbf", "logistic-regression"]
)
def test_scikit_learns_checks_pass_with_all_classical_configurations(name: str) -> None:
    check_estimator(Classifier(name), on_skip=None)


def test_the_majority_passes_all_checks_but_that_it_learns() -> None:
    reason = "it looks at no face, so it cannot be right for most"
    check_estimator(Classifier("majority"), on_skip=None, expected_failed_checks={"check_classifiers_train": reason})


@pytest.mark.parametrize("threshold", [1.0, "auto"])
def test_a_face_that_is_far_from_everybody_is_unknown(threshold: float | str) -> None:
    named = Classifier("knn-1", threshold=threshold).fit(FACES, PEOPLE)
    assert named.predict([*FACES[[0, 3]], *STRANGER]).tolist() == ["ada", "bruno", "unknown"]
    assert named.threshold_ is not None
    assert named.known_score(STRANGER)[0] < -named.threshold_


def test_without_a_threshold_every_face_gets_a_name() -> None:
    named = Classifier("knn-1").fit(FACES, PEOPLE)
    assert named.threshold_ is None
    assert named.predict(STRANGER)[0] in PEOPLE


def test_unknown_stands_beside_labels_that_are_numbers() -> None:
    named = Classifier("knn-1", threshold=1.0, unknown=None).fit(FACES, [1, 1, 1, 2, 2, 2])
    assert named.predict([*FACES[[0, 3]], *STRANGER]).tolist() == [1, 2, None]


def test_one_seed_gives_the_same_probabilities() -> None:
    first, second = (Classifier("svm-linear", random_state=3).fit(FACES, PEOPLE) for _ in range(2))
    assert np.array_equal(first.predict_proba(FACES), second.predict_proba(FACES))


def test_parameters_of_the_configuration_can_be_set() -> None:
    assert Classifier("knn-3", parameters={"k": 1}).fit(FACES, PEOPLE).model_.chosen == {"k": 1}


@pytest.mark.parametrize("name", ["knn-9", "cnn-small-crop", "eigenfaces-svm"])
def test_a_configuration_that_cannot_be_used_is_named_with_the_choices(name: str) -> None:
    with pytest.raises(InputError, match=f"{name}.*Choose from .*knn-1"):
        Classifier(name).fit(FACES, PEOPLE)


@pytest.mark.parametrize(("faces", "people"), [(FACES[:1], PEOPLE[:1]), (FACES[:3], PEOPLE[:3])])
def test_one_person_is_too_few(faces: Any, people: list[str]) -> None:
    with pytest.raises(ValueError, match="classes=1"):
        Classifier().fit(faces, people)

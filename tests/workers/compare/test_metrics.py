"""Figures of merit against sums by hand and against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest

from workers.compare import metrics

PEOPLE = np.asarray(["ann", "bob", "cid", "dan"], object)


@pytest.fixture(params=range(4))
def answers(request: pytest.FixtureRequest) -> tuple[metrics.Words, metrics.Words]:
    rng = np.random.default_rng(request.param)
    truth = PEOPLE[rng.choice(4, 80, p=[0.5, 0.3, 0.15, 0.05])]
    truth[:4] = PEOPLE
    predicted = np.where(rng.random(80) < 0.6, truth, PEOPLE[rng.integers(0, 3, 80)])
    return truth, predicted


def test_balanced_accuracy_is_the_mean_of_the_peoples_recalls(answers: tuple[metrics.Words, metrics.Words]) -> None:
    truth, predicted = answers
    predicted = predicted.copy()
    predicted[::9] = "unknown"
    found = metrics.recalls(truth, truth == predicted).values()
    assert metrics.balanced_accuracy(truth, predicted) == pytest.approx(
        np.mean([hits / faces for hits, faces in found])
    )


def test_macro_f1_is_over_the_people_there_are(answers: tuple[metrics.Words, metrics.Words]) -> None:
    """Counted by hand; the answer `unknown` is a miss and no class of its own."""
    truth, predicted = answers
    predicted = predicted.copy()
    predicted[::9] = "unknown"
    scores = []
    for person in PEOPLE:
        hits = np.sum((truth == person) & (predicted == person))
        scores.append(2 * hits / (np.sum(truth == person) + np.sum(predicted == person)))
    assert metrics.macro_f1(truth, predicted) == pytest.approx(np.mean(scores), abs=1e-12)


def test_log_loss_is_scikit_learns() -> None:
    from sklearn.metrics import log_loss

    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(4), 50)
    truth = rng.integers(0, 4, 50)
    expected = log_loss(truth, probabilities, labels=range(4))
    assert metrics.log_loss(probabilities[np.arange(50), truth]) == pytest.approx(expected)
    assert metrics.log_loss(np.asarray([0.0])) == pytest.approx(-np.log(2.0**-23))


def test_calibration_error_by_hand() -> None:
    """Two of four right at 0.9 (gap 0.4), one of one at 0.3 (gap 0.7): (4 * 0.4 + 0.7) / 5."""
    confidence = np.asarray([0.9, 0.9, 0.9, 0.9, 0.3])
    right = np.asarray([True, True, False, False, True])
    assert metrics.calibration_error(confidence, right) == pytest.approx((4 * 0.4 + 0.7) / 5)


def test_calibration_error_is_guos_sum_over_bins() -> None:
    rng = np.random.default_rng(3)
    confidence = np.concatenate([rng.random(500), [0.0, 1.0, 1 / 3, 2 / 3]])
    right = rng.random(504) < confidence**2
    expected = 0.0
    for i in range(15):
        inside = (confidence > i / 15) & (confidence <= (i + 1) / 15) if i else confidence <= 1 / 15
        if inside.any():
            expected += inside.sum() / 504 * abs(right[inside].mean() - confidence[inside].mean())
    assert metrics.calibration_error(confidence, right) == pytest.approx(expected)


def test_recalls_count_each_person() -> None:
    truth = np.asarray(["ann", "bob", "ann"], object)
    assert metrics.recalls(truth, np.asarray([True, False, False])) == {"ann": (1, 2), "bob": (0, 1)}

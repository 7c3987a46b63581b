"""A configuration's row against scikit-learn's figures on the same rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.workers.compare.conftest import PEOPLE, Study, make_study
from workers.compare.answers import Answers, answers_of
from workers.compare.configuration_row import measured_row, repeat_deviation, scored_row
from workers.compare.host_times import PhotoTime
from workers.compare.intervals import jeffreys


@pytest.fixture(scope="module")
def fair() -> Study:
    return make_study({"fair": 0.6}, seed=2)


@pytest.fixture(scope="module")
def answers(fair: Study) -> Answers:
    return answers_of(fair.scores)


def test_the_row_is_scikit_learns_mean_over_repeats(fair: Study, answers: Answers) -> None:
    from sklearn import metrics

    expected: dict[str, list[float]] = {}
    for repeat in range(2):
        rows = [row for row in fair.score_rows("fair") if row["repeat"] == repeat]
        truth, said = [row["truth"] for row in rows], [row["predicted"] for row in rows]
        chances = np.asarray([[row["top_scores"][row["top_labels"].index(p)] for p in PEOPLE] for row in rows], float)
        chances /= chances.sum(axis=1, keepdims=True)  # they are stored in single precision
        for name, value in {
            "accuracy": metrics.accuracy_score(truth, said),
            "balanced_accuracy": metrics.balanced_accuracy_score(truth, said),
            "macro_f1": metrics.f1_score(truth, said, average="macro"),
            "log_loss": metrics.log_loss(truth, chances, labels=list(PEOPLE)),
        }.items():
            expected.setdefault(name, []).append(float(value))
    row = scored_row(answers, detected=24, undetected=0)
    for name, values in expected.items():
        assert row[name] == pytest.approx(np.mean(values), rel=1e-5), name
    assert row["test_faces"] == 24


def test_the_top_three_are_scikit_learns_among_five() -> None:
    from sklearn.metrics import top_k_accuracy_score

    rng = np.random.default_rng(0)
    chances, truth = rng.dirichlet(np.ones(5), 60), rng.integers(0, 5, 60)
    order = np.argsort(-chances, axis=1)
    study = make_study({"any": 1.0}, folds=4, repeats=3)
    rows = study.score_rows("any")[:60]
    names = np.asarray(["p0", "p1", "p2", "p3", "p4"])
    for row, places, one, true in zip(rows, order, chances, truth, strict=True):
        row |= {"truth": names[true], "top_labels": names[places].tolist(), "top_scores": one[places].tolist()}
    test = answers_of(study.scores.from_pylist(rows, schema=study.scores.schema)).test
    # `answers_of` sorts the rows; a mean does not mind
    assert np.mean(test.top3) == pytest.approx(top_k_accuracy_score(truth, chances, k=3))


def test_accuracy_is_a_count_and_its_interval_takes_each_face_once(fair: Study, answers: Answers) -> None:
    row = scored_row(answers, detected=24, undetected=0)
    right = [each["predicted"] == each["truth"] for each in fair.score_rows("fair")]
    assert (row["hits"], row["answers"]) == (sum(right), 48)
    assert row["accuracy"] == row["hits"] / 48
    assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx(jeffreys(row["hits"] / 2, 24))


def test_every_figure_has_an_interval_around_it(answers: Answers) -> None:
    row = scored_row(answers, detected=24, undetected=3)
    stems = {"end_to_end": "end_to_end_accuracy", "dir": "dir_at_far"}
    names = ("accuracy", "balanced_accuracy", "macro_f1", "top3_accuracy", "log_loss", "far", *stems)
    for name in names:
        assert row[f"{name}_low"] <= row[stems.get(name, name)] <= row[f"{name}_high"], name
    assert 0 <= row["calibration_error_low"] <= row["calibration_error_high"]


def test_photos_without_a_face_count_as_wrong_end_to_end(answers: Answers) -> None:
    row = scored_row(answers, detected=24, undetected=8)
    assert row["end_to_end_accuracy"] == pytest.approx(row["accuracy"] * 24 / 32)
    assert scored_row(answers, 24, 0)["end_to_end_accuracy"] == row["accuracy"]


def test_the_spread_is_that_of_the_repeats(fair: Study, answers: Answers) -> None:
    rows = fair.score_rows("fair")
    by_repeat = [np.mean([row["predicted"] == row["truth"] for row in rows if row["repeat"] == r]) for r in (0, 1)]
    assert repeat_deviation(answers.test) == pytest.approx(np.std(by_repeat, ddof=1))
    test = answers.test
    once = replace(test, split=np.zeros_like(test.split))
    assert repeat_deviation(once) is None


def test_costs_are_medians_over_splits_and_latency_is_over_all_faces(fair: Study) -> None:
    row = measured_row([fit for fit in fair.fits.to_pylist() if fit["repeat"] == 0])
    assert row["fit_first_seconds"] == 6
    assert row["fit_seconds"] == 2.5
    assert row["fit_least_seconds"] == 0.5
    assert row["fit_cpu_seconds"] == 3.5
    assert row["train_accuracy"] == pytest.approx(0.5 + 0.125 * 1.5)
    assert row["latency_least_ms"] == pytest.approx(0.1)
    assert row["latency_p50_ms"] == pytest.approx(0.25)
    assert row["latency_p95_ms"] == pytest.approx(0.4)
    assert row["model_bytes"] == 1000
    assert row["hosts"] == ["here"]


def test_from_photo_to_name_is_the_photos_steps_then_an_own_encoder_then_the_classifier(fair: Study) -> None:
    row = measured_row(fair.fits.to_pylist(), photo=PhotoTime(40.0, ("there",)))
    assert row["photo_to_name_ms"] == pytest.approx(40 + 0.5 + 0.25)
    assert row["photo_hosts"] == ["there"]
    assert measured_row(fair.fits.to_pylist())["photo_to_name_ms"] is None


def test_only_the_times_of_one_host_are_taken(fair: Study) -> None:
    fits = [fit | {"host": "fast" if fit["fold"] == 0 else "slow"} for fit in fair.fits.to_pylist()]
    row = measured_row(fits, "fast")
    assert (row["fit_seconds"], row["hosts"]) == (1, ["fast"])
    assert row["train_accuracy"] == pytest.approx(0.5 + 0.125 * 1.5)  # a result of all splits, not a time
    assert measured_row(fits)["hosts"] == ["fast", "slow"]


def test_what_failed_before_it_was_timed_has_no_costs(fair: Study) -> None:
    blank = dict.fromkeys(fair.fits.schema.names) | {"host": "here"}
    row = measured_row([blank])
    assert row.pop("hosts") == row.pop("photo_hosts") == []
    assert set(row.values()) == {None}

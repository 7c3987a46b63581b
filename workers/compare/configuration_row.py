"""One configuration's row of the comparison, from its answers and what its training cost.

Accuracy is the number of right answers over that of all answers. Other figures are taken over all faces of a repeat
(the folds of a k-fold pooled, as Forman & Scholz, "Apples-to-apples in cross-validation studies", SIGKDD Explorations
12 (2010) 49-57, advise for F1) and then averaged over repeats. Intervals count each distinct face once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from workers.compare import metrics
from workers.compare.answers import Answers, Outcomes
from workers.compare.bootstrap import bootstrap_intervals, end_to_end_interval
from workers.compare.host_times import PhotoTime
from workers.compare.intervals import Interval, jeffreys
from workers.compare.open_set import open_set

Row = dict[str, Any]


def repeat_deviation(test: Outcomes) -> float | None:
    """Standard deviation of the accuracy over repeats, each with its own seed and draw; None for one repeat.

    Bouthillier et al., "Accounting for variance in machine learning benchmarks", MLSys 2021: seeds and splits vary
    the accuracy about as much, so they are varied, and shown, together.
    """
    values = [float(np.mean(test.right[rows])) for rows in test.repeats()]
    return float(np.std(values, ddof=1)) if len(values) > 1 else None


def scored_row(answers: Answers, detected: int, undetected: int) -> Row:
    """The columns of COMPARISON that come from answers.

    Args:
        detected, undetected: distinct photos whose face is named, and photos that are wrong without one; none of
            both leaves the end-to-end accuracy null. The undetected have no split and count in proportion:
            end-to-end accuracy = accuracy * detected / (detected + undetected).
    """
    test = answers.test
    faces, hits = len(set(test.faces)), int(np.sum(test.right))
    accuracy, top3 = hits / len(test.faces), float(np.mean(test.top3))
    found = bootstrap_intervals(test)
    rejection = open_set(test, answers.calibrate, answers.unknown)
    return {
        "test_faces": faces,
        "hits": hits,
        "answers": len(test.faces),
        "accuracy": accuracy,
        **_ends("accuracy", jeffreys(accuracy * faces, faces)),
        "end_to_end_accuracy": accuracy * (detected / (detected + undetected)) if detected else None,
        **_ends("end_to_end", end_to_end_interval(accuracy * faces, faces, detected, undetected)),
        "balanced_accuracy": _mean(
            test, lambda rows: metrics.balanced_accuracy(test.truth[rows], test.predicted[rows])
        ),
        "macro_f1": _mean(test, lambda rows: metrics.macro_f1(test.truth[rows], test.predicted[rows])),
        "top3_accuracy": top3,
        **_ends("top3_accuracy", jeffreys(top3 * faces, faces)),
        "log_loss": _mean(test, lambda rows: metrics.log_loss(test.truth_probability[rows])),
        "calibration_error": _mean(
            test,
            lambda rows: metrics.calibration_error(test.confidence[rows], (test.guess == test.truth)[rows]),
        ),
        **{side: end for name, interval in found.items() for side, end in _ends(name, interval).items()},
        "dir_at_far": rejection.dir.value if rejection else None,
        **_ends("dir", rejection.dir.interval if rejection else None),
        "far": rejection.far.value if rejection else None,
        **_ends("far", rejection.far.interval if rejection else None),
        "open_set_threshold": rejection.threshold if rejection else None,
    }


def measured_row(fits: Sequence[Mapping[str, Any]], host: str | None = None, photo: PhotoTime | None = None) -> Row:
    """The columns of COMPARISON that come from FITS: medians over splits, latency over all timed faces.

    Args:
        host: only times of this host; None for all hosts.
        photo: what comes before the view.
    """
    timed = [fit for fit in fits if host in (None, fit["host"]) and fit["fit_seconds"] is not None]
    times = [each / 1000 for fit in timed for each in fit["predict_microseconds"] or ()]
    encoder = _of(np.median, [fit["encoder_microseconds"] for fit in timed]) or 0.0
    named = float(np.percentile(times, 50)) if times else None
    return {
        "train_accuracy": _of(np.mean, [fit["train_accuracy"] for fit in fits]),
        "fit_first_seconds": _of(max, [fit["fit_first_seconds"] for fit in timed]),
        "fit_seconds": _of(np.median, [fit["fit_seconds"] for fit in timed]),
        "fit_least_seconds": _of(min, [fit["fit_least_seconds"] for fit in timed]),
        "fit_cpu_seconds": _of(np.median, [fit["fit_cpu_seconds"] for fit in timed]),
        "latency_least_ms": min(times) if times else None,
        "latency_p50_ms": named,
        "latency_p95_ms": float(np.percentile(times, 95)) if times else None,
        "photo_to_name_ms": None if named is None or photo is None else photo.milliseconds + encoder / 1000 + named,
        "hosts": sorted({fit["host"] for fit in timed}),
        "photo_hosts": [] if photo is None else list(photo.hosts),
        "model_bytes": _whole(_of(np.median, [fit["model_bytes"] for fit in fits])),
    }


def _ends(name: str, interval: Interval | None) -> Row:
    low, high = interval or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _mean(test: Outcomes, figure: Any) -> float:
    return float(np.mean([figure(rows) for rows in test.repeats()]))


def _of(summary: Any, values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(summary(known)) if known else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)

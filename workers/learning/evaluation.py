"""Fit one configuration on one split and score every face that did not train."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from workers.learning.arrays import Array
from workers.learning.configurations import Configuration
from workers.learning.face_arrays import Faces
from workers.learning.face_batch import FaceBatch
from workers.learning.fit_timing import TimedFit, time_fit
from workers.learning.fitted_model import Model, fit_model, warm_up_of
from workers.learning.fold import CannotFit, Tell, tell_nobody

LATENCY_FACES = 200
"""At most so many faces are timed."""

WARM_CALLS = 5
"""Calls before the first that is timed."""

TOP = 5
"""Labels kept for each face, the most probable first."""

BATCH = 256
"""Faces a call when scoring. Fixed, because the last bits of a score may depend on the size of the batch."""


@dataclass(frozen=True)
class Evaluation:
    """Rows of the SCORES table, and one row of the FITS table (`storage.schemas`)."""

    scores: list[dict[str, Any]]
    fit: dict[str, Any]


def evaluate(
    configuration: Configuration,
    faces: Faces,
    split_rows: Sequence[Mapping[str, Any]],
    seed: int,
    threads: int = 1,
    again: Callable[[], None] = lambda: None,
    tell: Tell = tell_nobody,
) -> Evaluation:
    """Fit on the split's train faces, warm and timed (`fit_timing`); score its test, calibrate and unknown faces.

    A model that cannot be fitted is a FITS row with outcome `failed` and no scores.

    Args:
        faces: all usable faces of the run.
        split_rows: rows of SPLITS, all of one repeat and fold.
        seed: `seeds.seed_of(run_seed, configuration.name, repeat, fold)`.
        threads: for linear algebra; 1 keeps the bits the same on every machine with the same kind of processor.
        again: called before the fit is repeated for its time.
        tell: called with how far a network is, after each epoch.

    Raises:
        ValueError: no rows, or rows of several splits.
        KeyError: a row whose face is not among `faces`.
    """
    if len({(row["repeat"], row["fold"]) for row in split_rows}) != 1:
        raise ValueError("evaluate takes the rows of exactly one split")
    where = faces.rows((row["photo_key"], row["face_index"]) for row in split_rows)
    every = faces.batch(configuration.view)
    trains = np.asarray([row["role"] == "train" for row in split_rows])
    others = np.flatnonzero(~trains)
    labels = [row["label"] for row in split_rows if row["role"] == "train"]
    groups = [row["group"] for row in split_rows if row["role"] == "train"]

    def timed_fit(x: FaceBatch) -> TimedFit[Model]:
        warm_up = warm_up_of(configuration, labels, x)
        return time_fit(lambda: fit_model(configuration, x, labels, groups, seed, threads, tell), warm_up, again)

    try:
        timed = timed_fit(every[where[trains]])  # whose faces are freed: what follows takes a few at a time
    except (CannotFit, np.linalg.LinAlgError) as why:
        return Evaluation([], _fit_row(configuration, split_rows[0], reason=str(why)))
    model = timed.fitted
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads):
        return Evaluation(
            _score_rows(model, every, where[others], [split_rows[n] for n in others.tolist()]),
            _fit_row(
                configuration, split_rows[0], model=model, **timed.columns(),
                train_accuracy=_accuracy(model, every, where[trains], labels),
                predict_microseconds=latency(model, every[where[others if len(others) else trains][:LATENCY_FACES]]),
                encoder_microseconds=faces.encoder_microseconds if configuration.encoder else 0.0,
            ),
        )  # fmt: skip


def latency(model: Model, x: FaceBatch) -> list[float]:
    """Microseconds from the view of one face to its name and known score, one face a call, after WARM_CALLS calls.

    Up to LATENCY_FACES faces are timed.

    Args:
        x: N faces, at least one.
    """
    sample = x[:LATENCY_FACES].decoded()
    for i in range(WARM_CALLS):
        place = i % len(sample)
        _answer(model, sample[place : place + 1])
    times = []
    for i in range(len(sample)):
        one = sample[i : i + 1]
        start = time.perf_counter_ns()
        _answer(model, one)
        times.append((time.perf_counter_ns() - start) / 1000)
    return times


def _answer(model: Model, face: FaceBatch) -> None:
    """What a face costs: its probabilities, its known score, and its name."""
    probabilities, _ = model.scores(face)
    model.name(face, probabilities)


def _batches(rows: Array) -> Iterator[Array]:
    """Row numbers, BATCH at a time."""
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _score_rows(
    model: Model, every: FaceBatch, where: Array, rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Rows of SCORES of the faces in these rows of `every`, whose rows of SPLITS are `rows`."""
    scored: list[dict[str, Any]] = []
    for some in _batches(where):
        scored += _scored(model, every[some].decoded(), rows[len(scored) : len(scored) + len(some)])
    return scored


def _scored(model: Model, x: FaceBatch, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same of the faces x, BATCH at most."""
    probabilities, known = model.scores(x)
    column = {label: i for i, label in enumerate(model.labels)}
    places = [column.get(row["label"]) for row in rows]
    ranking = np.argsort(-probabilities, axis=1, kind="stable")
    strangers = _stranger_scores(model, x, ranking, places)
    scored = []
    for i, (row, who) in enumerate(zip(rows, model.name(x, probabilities), strict=True)):
        top = ranking[i, :TOP]
        place = places[i]
        scored.append(
            {
                "configuration": model.configuration.name,
                **{name: row[name] for name in ("repeat", "fold", "photo_key", "face_index", "role")},
                "truth": row["label"],
                "predicted": who,
                "top_labels": [model.labels[c] for c in top],
                "top_scores": [float(probabilities[i, c]) for c in top],
                "truth_probability": 0.0 if place is None else float(probabilities[i, place]),
                "known_score": float(known[i]),
                "stranger_score": strangers[i] if row["role"] == "test" else None,
            }
        )
    return scored


def _stranger_scores(
    model: Model, x: FaceBatch, ranking: Array, places: Sequence[int | None]
) -> list[float] | list[None]:
    """The known score of each face if its person had never been trained: of the best other person in the ranking.

    A distance to one person does not change when another person leaves the training faces, so nothing is fitted anew.

    Args:
        ranking: (N, classes) numbers of the people, the most probable first.
        places: the number of each face's person; None where the model does not know the person.
    """
    if len(model.labels) < 2:
        return [None] * len(x)
    others = [int(row[1] if row[0] == place else row[0]) for row, place in zip(ranking, places, strict=True)]
    found: list[float] = model.gallery.known_score(x.embedding, others).tolist()
    return found


def _accuracy(model: Model, every: FaceBatch, where: Array, labels: Sequence[str]) -> float:
    batches = (every[some].decoded() for some in _batches(where))
    named = [who for batch in batches for who in model.name(batch, model.predict_proba(batch))]
    return float(np.mean([who == label for who, label in zip(named, labels, strict=True)]))


def _fit_row(
    configuration: Configuration,
    row: Mapping[str, Any],
    reason: str = "",
    model: Model | None = None,
    **measured: Any,
) -> dict[str, Any]:
    return {
        "configuration": configuration.name,
        "repeat": row["repeat"],
        "fold": row["fold"],
        "outcome": "ok" if model else "failed",
        "reason": reason,
        **measured,
        "model_bytes": model.model_bytes if model else None,
        "chosen": json.dumps(model.chosen if model else {}, sort_keys=True),
        "history": json.dumps(model.history if model else {}, sort_keys=True),
        "host": platform.node(),
        "finished": datetime.now(UTC),
    }

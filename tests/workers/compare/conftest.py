"""A study made by hand: people, folds, strangers and configurations that answer at random with a given skill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from storage.schemas import FITS, SCORES, SPLITS
from workers.compare.answers import Answers, answers_of
from workers.compare.comparison import Comparison, compare_configurations

PEOPLE = ("ann", "bob", "cid")
STRANGERS = {"calibrate": ("dot", 12), "unknown": ("eve", 10)}
PHOTOS = 8


@dataclass(frozen=True)
class Study:
    """Tables of `storage.schemas`."""

    scores: pa.Table
    fits: pa.Table
    splits: pa.Table

    def score_rows(self, configuration: str, role: str = "test") -> list[dict[str, Any]]:
        """Rows of one configuration and role."""
        rows: list[dict[str, Any]] = self.scores.to_pylist()
        return [row for row in rows if (row["configuration"], row["role"]) == (configuration, role)]

    def answers(self, configuration: str) -> Answers:
        """The answers of one configuration."""
        return answers_of(self.scores.filter(pc.field("configuration") == configuration))

    def compared(self, photos: tuple[int, int] | None = None) -> Comparison:
        """The comparison of all configurations."""
        return compare_configurations(self.scores, self.fits, self.splits, {"good": "crop"}, photos)


def make_study(skills: Mapping[str, float], folds: int = 4, repeats: int = 2, seed: int = 0) -> Study:
    """Every configuration names a face rightly with the chance that is its skill."""
    rng = np.random.default_rng(seed)
    splits = list(_splits(folds, repeats))
    scores = [
        _score(rng, name, skill, row) for name, skill in skills.items() for row in splits if row["role"] != "train"
    ]
    places = sorted({(row["repeat"], row["fold"]) for row in splits})
    fits = [_fit(name, repeat, fold) for name in skills for repeat, fold in places]
    return Study(
        pa.Table.from_pylist(scores, schema=SCORES),
        pa.Table.from_pylist(fits, schema=FITS),
        pa.Table.from_pylist(splits, schema=SPLITS),
    )


def _splits(folds: int, repeats: int) -> Iterator[dict[str, Any]]:
    for repeat in range(repeats):
        for fold in range(folds):
            place = {"repeat": repeat, "fold": fold, "face_index": 0}
            for person, label in enumerate(PEOPLE):
                for photo in range(PHOTOS):
                    role = "test" if (photo + repeat * (photo // folds)) % folds == fold else "train"
                    number = person * PHOTOS + photo
                    yield {**place, "photo_key": f"{label}{photo}", "label": label, "group": number, "role": role}
            for role, (label, count) in STRANGERS.items():
                for photo in range(count):
                    key = {"photo_key": f"{label}{photo}", "group": 100 + photo + 50 * (role == "unknown")}
                    yield {**place, **key, "label": label, "role": role}


def _score(rng: np.random.Generator, name: str, skill: float, row: Mapping[str, Any]) -> dict[str, Any]:
    chances = rng.dirichlet(np.ones(len(PEOPLE)))
    truth = row["label"]
    if truth in PEOPLE and rng.random() < skill:
        best, place = int(np.argmax(chances)), PEOPLE.index(truth)
        chances[[best, place]] = chances[[place, best]]
    order = np.argsort(-chances, kind="stable")
    return {
        **{key: row[key] for key in ("repeat", "fold", "photo_key", "face_index", "role")},
        "configuration": name,
        "truth": truth,
        "predicted": PEOPLE[order[0]],
        "top_labels": [PEOPLE[i] for i in order],
        "top_scores": chances[order].astype(np.float32).tolist(),
        "truth_probability": float(np.float32(chances[PEOPLE.index(truth)])) if truth in PEOPLE else 0.0,
        "known_score": float(np.float32(rng.normal(2 if truth in PEOPLE else 0))),
        "stranger_score": 0.0 if row["role"] == "test" else None,
    }


def _fit(name: str, repeat: int, fold: int) -> dict[str, Any]:
    return {
        "configuration": name,
        "repeat": repeat,
        "fold": fold,
        "outcome": "ok",
        "reason": "",
        "train_accuracy": 0.5 + 0.125 * fold,
        "fit_first_seconds": 3.0 + fold,
        "fit_seconds": 1.0 + fold,
        "fit_least_seconds": 0.5 + fold,
        "fit_cpu_seconds": 2.0 + fold,
        "encoder_microseconds": 500.0,
        "predict_microseconds": [100.0 * (fold + 1)] * 3,
        "model_bytes": 1000,
        "chosen": "{}",
        "history": "{}",
        "host": "here",
        "finished": datetime(2026, 1, 1, tzinfo=UTC),
    }


@pytest.fixture(scope="session")
def study() -> Study:
    """Four folds, twice: a good, a fair and a blind configuration, and strangers."""
    return make_study({"good": 0.9, "fair": 0.6, "blind": 0.0})

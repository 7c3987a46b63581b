"""The scores of one configuration as arrays, in one order for all configurations: repeat, fold, photo, face."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from workers.compare.metrics import Flags, Floats, Words

Split = tuple[int, int]
"""repeat and fold."""

ORDER = [(name, "ascending") for name in ("repeat", "fold", "photo_key", "face_index")]


@dataclass(frozen=True)
class Outcomes:
    """Answers to N faces of one role, sorted by repeat, fold, photo and face.

    Attributes:
        faces: N of (photo_key, face_index).
        split: (N, 2) int64, repeat and fold.
        truth, predicted: (N,) names, dtype object.
        guess: (N,) the most probable person; differs from `predicted` where that is `unknown`.
        confidence: (N,) float64 in 0..1, probability of `guess`.
        truth_probability: (N,) float64 in 0..1, 0 where the truth was never trained.
        known_score: (N,) float64, minus the distance to the person guessed: higher for a known person.
        stranger_score: (N,) float64, the same were the true person not trained; nan where the role is not `test`.
        top3: (N,) bool, whether the truth is among the three most probable.
    """

    faces: tuple[tuple[str, int], ...]
    split: npt.NDArray[np.int64]
    truth: Words
    predicted: Words
    guess: Words
    confidence: Floats
    truth_probability: Floats
    known_score: Floats
    stranger_score: Floats
    top3: Flags

    @property
    def right(self) -> Flags:
        """(N,) whether the answer is right."""
        return np.asarray(self.predicted == self.truth, bool)

    def splits(self) -> list[Split]:
        """Those that occur, sorted."""
        return sorted({(repeat, fold) for repeat, fold in self.split.tolist()})

    def of_split(self, split: Split) -> npt.NDArray[np.intp]:
        """Rows of one repeat and fold."""
        return np.flatnonzero((self.split == split).all(axis=1))

    def repeats(self) -> Iterator[npt.NDArray[np.intp]]:
        """Rows of each repeat: under a k-fold all faces once, under a hold-out the test faces."""
        for repeat in sorted(set(self.split[:, 0].tolist())):
            yield np.flatnonzero(self.split[:, 0] == repeat)


@dataclass(frozen=True)
class Answers:
    """All that one configuration answered, by role."""

    test: Outcomes
    calibrate: Outcomes
    unknown: Outcomes

    def by_role(self) -> dict[str, Outcomes]:
        """The same as a mapping."""
        return {"test": self.test, "calibrate": self.calibrate, "unknown": self.unknown}


def answers_of(scores: pa.Table) -> Answers:
    """The SCORES of one configuration."""
    return Answers(*(outcomes_of(scores, role) for role in ("test", "calibrate", "unknown")))


def outcomes_of(scores: pa.Table, role: str) -> Outcomes:
    """The rows of one role out of the SCORES of one configuration."""
    rows = scores.filter(pc.equal(pc.cast(scores["role"], pa.string()), role)).sort_by(ORDER)
    tops = [list(map(sys.intern, top)) for top in rows["top_labels"].to_pylist()]
    keys = map(sys.intern, rows["photo_key"].to_pylist())  # all configurations answer the same faces
    truth = _words(rows["truth"])
    return Outcomes(
        faces=tuple(zip(keys, rows["face_index"].to_pylist(), strict=True)),
        split=np.stack([_numbers(rows["repeat"], np.int64), _numbers(rows["fold"], np.int64)], axis=1),
        truth=truth,
        predicted=_words(rows["predicted"]),
        guess=_array([top[0] if top else "" for top in tops]),
        confidence=np.asarray([top[0] if top else 0.0 for top in rows["top_scores"].to_pylist()], np.float64),
        truth_probability=_numbers(rows["truth_probability"], np.float64),
        known_score=_numbers(rows["known_score"], np.float64),
        stranger_score=_numbers(rows["stranger_score"], np.float64),
        top3=np.asarray([name in top[:3] for name, top in zip(truth, tops, strict=True)], bool),
    )


def _words(column: pa.ChunkedArray) -> Words:
    return _array([sys.intern(word) for word in pc.cast(column, pa.string()).to_pylist()])


def _array(words: list[str]) -> Words:
    array = np.empty(len(words), object)
    array[:] = words
    return array


def _numbers(column: pa.ChunkedArray, kind: type[Any]) -> npt.NDArray[Any]:
    return np.asarray(column.to_numpy(), kind)

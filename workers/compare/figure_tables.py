"""The tables behind the figures: people, confusions, reliability and the open-set trade-off.

Counts are of the first repeat, in which each test face is answered once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from workers.compare.answers import Answers, Outcomes
from workers.compare.intervals import wilson
from workers.compare.metrics import BINS, bins_of, recalls
from workers.compare.open_set import open_set_curve

PEOPLE = pa.schema(
    [
        pa.field("configuration", pa.string()),
        pa.field("label", pa.string()),
        pa.field("faces", pa.int32()),
        pa.field("recall", pa.float64()),
        pa.field("low", pa.float64()),  # 95 %, Wilson
        pa.field("high", pa.float64()),
    ]
)
CONFUSION = pa.schema(
    [
        pa.field("configuration", pa.string()),
        pa.field("truth", pa.string()),
        pa.field("predicted", pa.string()),
        pa.field("faces", pa.int32()),
    ]
)
RELIABILITY = pa.schema(
    [
        pa.field("configuration", pa.string()),
        pa.field("bin", pa.int16()),  # 0 .. BINS - 1, equally wide; empty ones have no row
        pa.field("faces", pa.int32()),
        pa.field("confidence", pa.float64()),  # mean of the bin
        pa.field("accuracy", pa.float64()),
    ]
)
OPEN_SET = pa.schema(
    [
        pa.field("configuration", pa.string()),
        pa.field("far", pa.float64()),  # from 1 / strangers: less cannot be claimed
        pa.field("dir", pa.float64()),  # OSCR: the rate of right names
        pa.field("miss", pa.float64()),  # DET: known faces rejected
    ]
)


@dataclass(frozen=True)
class Curves:
    """Tables of the schemas above, configurations by name."""

    people: pa.Table
    confusion: pa.Table
    reliability: pa.Table
    open_set: pa.Table


def curves_of(answers: Mapping[str, Answers]) -> Curves:
    """The tables behind the figures, from `Comparison.answers`."""
    names = sorted(answers)
    return Curves(
        people=_table([row for name in names for row in people_rows(name, answers[name].test)], PEOPLE),
        confusion=_table([row for name in names for row in confusion_rows(name, answers[name].test)], CONFUSION),
        reliability=_table([row for name in names for row in reliability_rows(name, answers[name].test)], RELIABILITY),
        open_set=_table([row for name in names for row in open_set_rows(name, answers[name])], OPEN_SET),
    )


def people_rows(name: str, test: Outcomes) -> list[dict[str, object]]:
    """Recall of each person with its interval."""
    once = next(test.repeats())
    found = recalls(test.truth[once], test.right[once])
    return [
        {"configuration": name, "label": label, "faces": faces, "recall": hits / faces,
         **dict(zip(("low", "high"), wilson(hits, faces), strict=True))}
        for label, (hits, faces) in found.items()
    ]  # fmt: skip


def confusion_rows(name: str, test: Outcomes) -> list[dict[str, object]]:
    """How often each person was taken for each; pairs that did not occur have no row."""
    once = next(test.repeats())
    counts = Counter(zip(test.truth[once].tolist(), test.predicted[once].tolist(), strict=True))
    return [
        {"configuration": name, "truth": truth, "predicted": predicted, "faces": count}
        for (truth, predicted), count in sorted(counts.items())
    ]


def reliability_rows(name: str, test: Outcomes) -> list[dict[str, object]]:
    """Confidence against accuracy by bin: Niculescu-Mizil & Caruana, ICML 2005."""
    once = next(test.repeats())
    confidence, right = test.confidence[once], (test.guess == test.truth)[once]
    place = bins_of(confidence)
    return [
        {"configuration": name, "bin": i, "faces": int(np.sum(place == i)),
         "confidence": float(confidence[place == i].mean()), "accuracy": float(right[place == i].mean())}
        for i in range(BINS)
        if np.any(place == i)
    ]  # fmt: skip


def open_set_rows(name: str, answers: Answers) -> list[dict[str, object]]:
    """The trade-off of `openset.open_set_curve` as rows; none without strangers."""
    curve = open_set_curve(answers.test, answers.unknown)
    if curve is None:
        return []
    points = zip(curve.far.tolist(), curve.dir.tolist(), curve.miss.tolist(), strict=True)
    return [{"configuration": name, "far": far, "dir": rate, "miss": miss} for far, rate, miss in points]


def _table(rows: list[dict[str, object]], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=schema)

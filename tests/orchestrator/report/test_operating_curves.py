"""The operating curve: every threshold, and the chosen one."""

from __future__ import annotations

import pyarrow as pa

from orchestrator.report.operating_curves import operating_curves
from tests.orchestrator.report.conftest import operating_point, table


def scores(count: int = 4) -> pa.Table:
    """Faces whose known scores are -0.1, -0.2, ...; the second half are named wrongly; strangers are 0.25 further."""
    rows = [
        {
            "configuration": "knn-1", "repeat": 0, "fold": 0, "photo_key": f"{n:064}", "face_index": 0, "role": "test",
            "truth": "ada", "predicted": "ada" if n < count / 2 else "bo", "truth_probability": 0.5,
            "top_labels": ["ada" if n < count / 2 else "bo"], "top_scores": [0.9],
            "known_score": -0.1 * (n + 1), "stranger_score": -0.1 * (n + 1) - 0.25,
        }
        for n in range(count)
    ]  # fmt: skip
    return table("scores", rows)


def corners(points: str) -> list[tuple[float, float]]:
    return [(float(x), 100 - float(y)) for x, y in (pair.split(",") for pair in points.split())]


def test_the_curve_rises_from_nobody_to_all_who_are_rightly_named() -> None:
    (square,) = operating_curves(scores(), {"knn-1": operating_point("knn-1")}, ["svm-linear", "knn-1"])
    found = corners(square.lines[0].points)
    assert found[0] == (0, 0)
    assert (0, 50) in found  # a threshold between -0.2 and -0.35 lets no stranger in
    assert found[-1] == (100, 50)
    assert found == sorted(found)


def test_the_mark_is_the_chosen_threshold_and_is_told_in_words() -> None:
    point = operating_point("knn-1", known_named=0.5, strangers_in=0.25)
    (square,) = operating_curves(scores(), {"knn-1": point}, ["knn-1"])
    assert [(dot.x, dot.y) for dot in square.dots] == [(25, 50)]
    assert square.note == "chosen: 50.0 % named, 25.0 % of strangers let in"


def test_a_configuration_without_a_threshold_has_no_curve_and_a_long_curve_is_thinned() -> None:
    without = operating_point("knn-1", known_named=None, strangers_in=None)
    assert operating_curves(scores(), {"knn-1": without}, ["knn-1"]) == []
    (square,) = operating_curves(scores(2000), {"knn-1": operating_point("knn-1")}, ["knn-1"])
    assert len(corners(square.lines[0].points)) <= 201

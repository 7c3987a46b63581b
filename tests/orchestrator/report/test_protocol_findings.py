"""What a protocol finds beside the comparison, as a terminal and the page tell it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from orchestrator.report.protocol_findings import findings_lines, page_findings, shot_curves
from storage.finding_schemas import COMPARISON_TABLES

NAMES = ("k_shot", "subgroups", "draws", "end_to_end")


def findings(**rows: list[dict[str, Any]]) -> dict[str, pa.Table]:
    return {name: pa.Table.from_pylist(rows.get(name, []), COMPARISON_TABLES[name]) for name in NAMES}


def shot(name: str, shots: int, accuracy: float | None, people: int = 40) -> dict[str, Any]:
    row = {"configuration": name, "shots": shots, "people": people, "test_faces": 100, "accuracy": accuracy}
    return row if accuracy is None else {**row, "low": accuracy - 0.05, "high": 1.0, "repeat_deviation": 0.02}


SHOTS = [shot("knn-1", 1, 0.9), shot("knn-1", 8, 0.95, 18), shot("lda", 1, None), shot("lda", 8, 0.99, 18)]


def test_a_run_without_them_has_no_line() -> None:
    assert findings_lines(findings(), "knn-1") == []


def test_a_kshot_is_a_table_with_the_best_at_the_largest_number_first() -> None:
    lines = findings_lines(findings(k_shot=SHOTS), "knn-1")
    assert lines[2].endswith("  8 (18 people)")
    assert lines[3].startswith("lda            failed")
    assert lines[4].startswith("knn-1          90.0 % (85.0 to 100.0 %)")
    assert any("Ranked at 8 training photos a person, which 18 of 40 people have" in line for line in lines)


def test_the_curves_share_one_floor_and_leave_out_what_failed() -> None:
    squares, axes = shot_curves(findings(k_shot=SHOTS)["k_shot"])
    assert [square.title for square in squares] == ["lda", "knn-1"]
    accuracy = squares[1].lines[0]
    assert accuracy.points == "0.00,50.00 100.00,25.00"
    assert shot_curves(findings(k_shot=[shot("knn-1", 1, 0.1)])["k_shot"])[0][0].lines[0].points == "0.00,90.00"
    assert squares[0].lines[0].points == "100.00,5.00"
    assert "80 to 100 %" in axes


def test_subgroups_of_the_best_are_told_with_their_failures() -> None:
    row = {"subgroup": "night", "faces": 4, "accuracy": 0.75, "low": 0.3, "high": 0.95, "photos": 8, "without_face": 4}
    told = findings(subgroups=[{**row, "configuration": "knn-1"}, {**row, "configuration": "lda", "subgroup": "day"}])
    lines = findings_lines(told, "knn-1")
    assert lines[-1].split("  ")[0] == "night"
    assert "4 (50.0 %)" in lines[-1]
    assert not any("day" in line for line in lines)
    assert [name for name, _ in page_findings(told, ["lda", "knn-1"])["subgroups"]] == ["lda", "knn-1"]


def test_the_draws_say_how_often_each_is_the_best() -> None:
    row = {"draws": 20, "accuracy": 0.9, "least": 0.8, "most": 1.0}
    rows = [
        {**row, "configuration": "a", "best": 3, "alone": 1},
        {**row, "configuration": "b", "best": 19, "alone": 17},
    ]
    lines = findings_lines(findings(draws=rows), None)
    assert lines[0].startswith(
        "Of 20 draws of the hold-out, the best, or as good: b in 19 (17 alone), a in 3 (1 alone)."
    )


def test_people_whom_detection_failed_are_named() -> None:
    rows = [
        {"label": "ann", "photos": 96, "with_face": 90, "dropped": False},
        {"label": "cid\n", "photos": 38, "with_face": 3, "dropped": True},
    ]
    (line,) = findings_lines(findings(end_to_end=rows), None)
    assert line == (
        "End to end counts 134 photos of 2 people: 6 gave no usable face, and 38 are of people who drop out because "
        "too few of their photos gave a face: cid\\n (a face in 3 of 38). All of these are wrong answers."
    )
    assert findings_lines(findings(end_to_end=[{**rows[0], "with_face": 96}]), None) == []

"""The comparison in a terminal."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from orchestrator.report.material import ReportMaterial
from orchestrator.report.terminal import (
    comparison_rows,
    comparison_table,
    comparison_text,
    number,
    outcome_counts,
)
from tests.orchestrator.report.conftest import compare, compared, operating_point, operating_points_of

POINTS = operating_points_of(operating_point("svm-linear"))


def test_rows_come_by_rank_and_are_strict_json() -> None:
    rows = comparison_rows(compare(compared("b", 2, float("nan"), 0.1, 0.2), compared("a", 1, 0.9, 0.8, 1.0)))
    assert [row["configuration"] for row in rows] == ["a", "b"]
    assert json.loads(json.dumps(rows, allow_nan=False))[1]["accuracy"] is None


def test_markup_and_control_characters_in_a_name_are_shown_not_obeyed() -> None:
    table = compare(compared("[red]x[/red]\x1b[2J", 1, 0.9, 0.8, 1.0))
    screen = io.StringIO()
    Console(file=screen, width=200).print(comparison_table(table, POINTS))
    assert "[red]x[/red]" in screen.getvalue()
    assert "\x1b[2J" not in screen.getvalue() + comparison_text(table, POINTS)


def test_plain_text_has_a_line_a_configuration(material: ReportMaterial) -> None:
    lines = comparison_text(material.comparison, POINTS).splitlines()
    assert len(lines) == 5
    assert "98.0 %" in lines[1]
    assert "94.0 to 99.5 %" in lines[1]
    assert "failed" in lines[4]


@pytest.mark.parametrize("width", [50, 60, 80, 100, 120, 140, 170, 200])
def test_a_narrow_terminal_shows_fewer_columns_and_no_half_number(material: ReportMaterial, width: int) -> None:
    screen = io.StringIO()
    Console(file=screen, width=width).print(comparison_table(material.comparison, POINTS, width))
    shown = screen.getvalue()
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= width
    assert {"98.0 %", "94.0 to 99.5 %"} <= {cell.strip() for line in shown.splitlines() for cell in line.split("  ")}
    assert ("a wider terminal" in shown) == (width < 170)


def test_accuracy_stands_beside_what_it_is_once_photos_without_a_face_count() -> None:
    row = {**compared("a", 1, 0.9, 0.8, 1.0), "end_to_end_accuracy": 0.765}
    assert "90.0 %" in comparison_text(compare(row), POINTS)
    assert "76.5 %" in comparison_text(compare(row), POINTS)
    assert "end to end" in comparison_text(compare(row), POINTS)


def test_operating_points_stand_beside_the_accuracy(material: ReportMaterial) -> None:
    head, first, second, *_ = comparison_text(material.comparison, POINTS).splitlines()
    assert "turned away  strangers in" in head
    assert "1.0 %        2.0 %" in first
    assert "–            –" in second


def test_equal_counts_show_a_shared_rank_and_the_recommended_one_first() -> None:
    rows = [
        compared("a", 1, 0.9, 0.8, 1.0, recommended=False),
        compared("z", 1, 0.9, 0.8, 1.0),
        compared("c", 3, 0.8, 0.7, 0.9),
    ]
    lines = comparison_text(compare(*rows), POINTS).splitlines()[1:]
    assert [line.split()[:2] for line in lines] == [["1=", "z"], ["1=", "a"], ["3", "c"]]


def test_outcomes_are_counted(material: ReportMaterial) -> None:
    assert outcome_counts(material.faces) == {"ok": 12, "unreadable": 1}


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0, "0"), (0.0123456, "0.0123"), (3.14159, "3.14"), (1234.5, "1234")]
)
def test_numbers_have_three_digits(value: float | None, text: str) -> None:
    assert number(value) == text

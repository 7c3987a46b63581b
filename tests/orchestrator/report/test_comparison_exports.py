"""The comparison for spreadsheets, notes and papers."""

from __future__ import annotations

import csv
import io

from orchestrator.report.comparison_exports import comparison_csv, comparison_latex, comparison_markdown, latex_text
from storage.schemas import COMPARISON
from tests.orchestrator.report.conftest import compare, compared, operating_point, operating_points_of

ROWS = compare(
    compared("svm_linear", 1, 0.98, 0.94, 0.995, practically_equal_to=["knn|3", "lda"]),
    compared("knn|3", 2, 0.97, 0.93, 0.99),
    compared("=cmd()", 3, None, None, None, outcome="failed", reason="<b>"),
)
POINTS = operating_points_of(operating_point("svm_linear"))


def test_a_spreadsheet_gets_every_column_and_calculates_nothing() -> None:
    rows = list(csv.DictReader(io.StringIO(comparison_csv(ROWS).removeprefix("\ufeff"))))
    assert list(rows[0]) == COMPARISON.names
    assert float(rows[0]["accuracy"]) == 0.98
    assert rows[0]["practically_equal_to"] == "knn|3; lda"
    assert rows[2]["configuration"] == "'=cmd()"


def test_a_note_has_the_answer_and_a_table_whose_names_are_no_markup() -> None:
    text = comparison_markdown(ROWS, POINTS)
    assert text.startswith("Use svm\\_linear")
    assert "| 2 | knn\\|3 |" in text
    assert "\\<b\\>" in text


def test_a_paper_gets_a_tabular_with_as_many_cells_as_columns() -> None:
    lines = comparison_latex(ROWS, POINTS).splitlines()
    assert lines[0].startswith(r"\begin{tabular}{rllrr")
    rows = [line for line in lines if line.endswith(r"\\")]
    assert len(rows) == 4
    assert {row.replace(r"\&", "").count("&") for row in rows} == {12}
    assert r"svm\_linear" in rows[1]
    assert latex_text("50 % – {x}") == r"50 \% -- \{x\}"

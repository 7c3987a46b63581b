"""The comparison of a run in the forms that other programs and papers take: CSV, Markdown, LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pyarrow as pa

from orchestrator.dataset.csv_file import csv_bytes
from orchestrator.report.recommended import answer_first
from orchestrator.report.terminal import COLUMNS, comparison_cells, comparison_rows
from orchestrator.text import printable
from storage.schemas import COMPARISON

_IN_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--"}


def comparison_csv(comparison: pa.Table) -> str:
    """Every column of COMPARISON with all its digits, by rank; cells that a spreadsheet would calculate are words."""
    rows = ([_cell(row[name]) for name in COMPARISON.names] for row in comparison_rows(comparison))
    return csv_bytes(COMPARISON.names, rows).decode()


def comparison_markdown(comparison: pa.Table, operating: pa.Table) -> str:
    """The answer, and the table as the terminal shows it.

    Args:
        operating: OPERATING_POINTS.
    """
    sentences = [_markdown(printable(line)) for line in answer_first(comparison, operating)]
    rows = [COLUMNS, ["---"] * len(COLUMNS), *_cells_in(comparison, operating, _markdown)]
    table = [f"| {' | '.join(row)} |" for row in rows]
    return "\n\n".join([*sentences, "\n".join(table)]) + "\n"


def comparison_latex(comparison: pa.Table, operating: pa.Table) -> str:
    """The table as a `tabular` that needs no package; arguments as above."""
    sides = "".join("l" if name in ("configuration", "view") else "r" for name in COLUMNS)
    head = [latex_text(name) for name in COLUMNS]
    lines = [f"{' & '.join(row)} \\\\" for row in (head, *_cells_in(comparison, operating, latex_text))]
    begin, end = rf"\begin{{tabular}}{{{sides}}}", r"\end{tabular}"
    return "\n".join([begin, r"\hline", lines[0], r"\hline", *lines[1:], r"\hline", end]) + "\n"


def latex_text(text: str) -> str:
    r"""Text whose letters LaTeX sets as they are.

    >>> latex_text("a_b 95 % \\x")
    'a\\_b 95 \\% \\textbackslash{}x'
    """
    return re.sub(r"[\\~^–&%$#_{}]", lambda found: _IN_LATEX.get(found[0], "\\" + found[0]), text)


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text)


def _cells_in(comparison: pa.Table, operating: pa.Table, escaped: Callable[[str], str]) -> list[Sequence[str]]:
    return [[escaped(cell) for cell in row] for row in comparison_cells(comparison, operating)]


def _cell(value: object) -> object:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else value

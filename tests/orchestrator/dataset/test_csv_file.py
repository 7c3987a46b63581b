"""CSV files: what is written is read as it was, and no cell is a formula."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from orchestrator.dataset.csv_file import csv_bytes, csv_rows, without_apostrophe
from storage.errors import DatasetError

HOSTILE = (
    *("=HYPERLINK(1)", "+1", "-rf", "@SUM(1)", "\tx", "\r=x", "'=x", "''=x"),
    *("'quoted'", "a,b", 'say "x"', "two\nlines", "jörg", "", "<b>"),
)


def test_every_cell_comes_back_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(csv_bytes(("name", "n"), [(cell, number) for number, cell in enumerate(HOSTILE)]))
    rows = [row for _, row in csv_rows(file, ("name",))]
    assert tuple(without_apostrophe(row["name"]) for row in rows) == HOSTILE
    assert [row["n"] for row in rows] == [str(number) for number in range(len(HOSTILE))]


def test_no_written_cell_is_a_formula() -> None:
    text = csv_bytes(("name",), [(cell,) for cell in HOSTILE]).decode("utf-8-sig")
    cells = [row[0] for row in csv.reader(io.StringIO(text)) if row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_excel_sees_that_the_file_is_utf_8() -> None:
    assert csv_bytes(("name",), [("jörg",)]).startswith(b"\xef\xbb\xbf")


def test_numbers_below_zero_stay_numbers() -> None:
    assert b"\r\n-0.5\r\n" in csv_bytes(("margin",), [(-0.5,)])


def test_a_file_without_a_required_column_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("path,label\na,b\n")
    with pytest.raises(DatasetError, match="must name path and action"):
        list(csv_rows(file, ("path", "action")))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'path\n"open\n'])
def test_what_is_no_csv_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(DatasetError):
        list(csv_rows(file, ("path",)))

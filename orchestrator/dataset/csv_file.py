"""Read and write CSV files that people open in spreadsheets; their content is untrusted.

A cell that a spreadsheet would take for a formula is written with an apostrophe before it; who reads such a file with
`without_apostrophe` gets every cell back as it was.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from orchestrator.text import shown_name
from storage.errors import DatasetError

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_WRITTEN = re.compile(r"'+[=+\-@\t\r]")


def csv_rows(file: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The line number and the fields of each row by column; missing fields are empty, surplus ones are left aside.

    Raises:
        DatasetError: the file cannot be read, is not UTF-8 or CSV, or has no column of a required name.
    """
    name = shown_name(str(file))
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            columns = [(column or "").strip() for column in reader.fieldnames or []]
            if not set(required) <= set(columns):
                raise DatasetError(
                    f"{name} has the columns {', '.join(map(repr, columns)) or 'of an empty file'}",
                    f"Its first line must name {' and '.join(required)}, separated by a comma.",
                )
            reader.fieldnames = columns
            for row in reader:
                yield reader.line_num, {column: row[column] or "" for column in columns}
    except FileNotFoundError as fault:
        raise DatasetError(f"{name} is not there", "Name an existing CSV file.") from fault
    except OSError as fault:
        raise DatasetError(f"{name} cannot be read: {fault.strerror}", "Check its permissions.") from fault
    except UnicodeDecodeError as fault:
        raise DatasetError(f"{name} is not UTF-8", "Save it as UTF-8.") from fault
    except csv.Error as fault:
        raise DatasetError(f"{name} is not a CSV file: {fault}", "Save it as comma-separated values.") from fault


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file as UTF-8 with a byte-order mark, without which Excel misreads names; no cell is a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def without_apostrophe(cell: str) -> str:
    """A cell of `csv_bytes` as it was before it was written.

    >>> without_apostrophe("'=1+1"), without_apostrophe("ann")
    ('=1+1', 'ann')
    """
    return cell[1:] if _WRITTEN.match(cell) else cell


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell

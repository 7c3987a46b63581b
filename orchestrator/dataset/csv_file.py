"""Read and write CSV files that people open in spreadsheets; their content is untrusted.

The first line decides the form: the separator (comma, semicolon, tab or bar) is the one by which it names the columns
that are needed, or the one that a line `sep=;` before it states. A line that does not fit is an error, never a guess.
A cell that a spreadsheet would take for a formula is written with an apostrophe before it; `without_apostrophe`
takes it away again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.dataset.text_file import read_text_file
from orchestrator.text import printable, shown_name
from storage.errors import DatasetError

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}

if TYPE_CHECKING:
    import _csv

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_WRITTEN = re.compile(r"'+[=+\-@\t\r]")
_SEP_LINE = re.compile(r'\ufeff?"?sep=(.)"?[,;\t]*(?:\r\n|\r|\n)', re.IGNORECASE)

_SYNONYMS = {
    "path": ("file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "img", "photo"),
    "label": ("name", "person", "identity", "id", "class", "subject", "who"),
}
"""Names that other tools give to these columns. They are not read as such: `name` may be the name of the file."""


@dataclass(frozen=True)
class _Form:
    """How a file is written: its separator, its columns, whether spaces follow the separator, its first line."""

    separator: str
    columns: tuple[str, ...]
    spaced: bool
    skipped: int


def csv_rows(file: Path, required: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The line number and the fields of each row by column; missing fields are empty, empty rows are left out.

    Raises:
        DatasetError: the file cannot be read, is no text or no CSV, does not name each required column once, or has a
            row of more fields than columns; names the line.
    """
    name = shown_name(str(file))
    for line, fields, columns in _rows(name, read_text_file(file), required):
        surplus = fields[len(columns) :]
        # an empty field too many is harmless where nothing optional could have slipped to the right
        if surplus and (any(map(str.strip, surplus)) or len(columns) > len(required)):
            raise _misfit(name, line, fields, columns)
        filled = [*fields, *[""] * (len(columns) - len(fields))]
        yield line, dict(zip(columns, filled, strict=False))


def csv_rows_of_text(name: str, text: str, required: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """As `csv_rows`, from a text; every row has as many fields as there are columns, and each loses outer spaces."""
    for line, fields, columns in _rows(name, text, required):
        if len(fields) != len(columns):
            raise _misfit(name, line, fields, columns)
        yield line, dict(zip(columns, map(str.strip, fields), strict=True))


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


def _rows(name: str, text: str, required: Sequence[str]) -> Iterator[tuple[int, list[str], tuple[str, ...]]]:
    """Line number, fields and columns of each row below the first that is not empty."""
    stated = _SEP_LINE.match(text)
    body = text[stated.end() :] if stated else text
    lines_before = 1 if stated else 0
    form = _form(name, body, required, stated[1] if stated else None)
    reader = _reader(body, form.separator, form.spaced)
    try:
        for fields in reader:
            if reader.line_num > form.skipped and any(map(str.strip, fields)):
                yield reader.line_num + lines_before, fields, form.columns
    except csv.Error as fault:
        line = reader.line_num + lines_before
        raise DatasetError(
            f"{name}, line {line}: not a CSV file: {fault}", "Close every double quote, or save it as CSV UTF-8 again."
        ) from fault


def _form(name: str, text: str, required: Sequence[str], stated: str | None) -> _Form:
    """The form in which the first line names all required columns; raises DatasetError where none does."""
    for separator in (stated,) if stated else SEPARATORS:
        fields, line = _first_row(text, separator)
        columns = tuple(field.strip().strip("\ufeff").casefold() for field in fields)
        once = [columns.count(column) == 1 for column in required]
        named = [column for column in columns if column]
        if all(once) and len(set(named)) == len(named):
            return _Form(separator, columns, any(field.startswith(" ") for field in fields[1:]), line)
    shown, line = _first_row(text, stated or ",")
    raise _unnamed(name, line + (1 if stated else 0), [field.strip() for field in shown], required)


def _first_row(text: str, separator: str) -> tuple[list[str], int]:
    """The fields of the first row that is not empty, and the line on which it ends."""
    reader = _reader(text, separator)
    try:
        for fields in reader:
            if any(map(str.strip, fields)):
                return fields, reader.line_num
    except csv.Error:
        return [], 0
    return [], 0


def _reader(text: str, separator: str, spaced: bool = False) -> _csv.Reader:
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=spaced)


def _misfit(name: str, line: int, fields: Sequence[str], columns: Sequence[str]) -> DatasetError:
    joined = printable(", ".join(field.strip() for field in fields[-2:] if field.strip()))[:80]
    hint = f'Put a field that holds a separator into double quotes, such as "{joined}".'
    if len(fields) < len(columns):
        hint = "Fill the row, or quote a path that holds a comma."
    return DatasetError(f"{name}, line {line}: {len(fields)} fields, but the first line names {len(columns)}", hint)


def _unnamed(name: str, line: int, columns: Sequence[str], required: Sequence[str]) -> DatasetError:
    if not columns:
        return DatasetError(f"{name} is an empty file", "Write a line for each photo.")
    shown = printable(", ".join(map(repr, columns)))[:200]
    needed = f"{', '.join(required[:-1])} and {required[-1]}" if len(required) > 1 else required[0]
    hint = f"Its first line must name {needed}, once each and no column twice, separated by {_either()}."
    if renamed := " and ".join(_renamings(columns, required)):
        hint = f"Rename {renamed}. {hint}"
    return DatasetError(f"{name}, line {line}, has the columns {shown}", hint)


def _renamings(columns: Sequence[str], required: Sequence[str]) -> Iterator[str]:
    by_name: Mapping[str, str] = {column.casefold(): column for column in columns}
    for wanted in required:
        found = [by_name[other] for other in _SYNONYMS.get(wanted, ()) if other in by_name]
        if wanted not in by_name and len(found) == 1:
            yield f"{found[0]!r} to {wanted}"


def _either() -> str:
    *others, last = SEPARATORS.values()
    return f"{', '.join(others)} or {last}"


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell

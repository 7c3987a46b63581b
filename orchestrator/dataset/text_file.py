"""Read a text file that anybody may have written: its encoding is known for certain, or the file is refused.

UTF-8 with or without a byte-order mark, UTF-16 and UTF-32 with one, and UTF-16 without one where every other byte is
zero. Older encodings cannot be told from each other by their bytes, and a guess would spell names wrongly.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from orchestrator.text import printable, shown_name
from storage.errors import DatasetError

MOST_BYTES = 256_000_000
"""Some three million lines; more would not fit into the memory of a small machine."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # begins like UTF-16's mark, so it is tried before
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)

_OTHERS = {
    b"PK\x03\x04": "an Excel workbook or another zip file",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF file",
    b"\x1f\x8b": "a gzip file",
    b"SQLite": "a database",
}
"""How files begin that are taken for text files by mistake."""


def read_text_file(file: Path) -> str:
    """The whole text.

    Raises:
        DatasetError: the file is missing, no regular file, too large, or no text whose encoding is certain; names the
            line where that is known.
    """
    name = shown_name(str(file))
    try:
        if file.exists() and not file.is_file():
            raise DatasetError(f"{name} cannot be read: it is no regular file", "Name a CSV file.")
        if file.is_file() and file.stat().st_size > MOST_BYTES:
            raise DatasetError(f"{name} has more than {MOST_BYTES // 1_000_000} MB", "Split it.")
        return _decoded(name, file.read_bytes())
    except FileNotFoundError as fault:
        raise DatasetError(f"{name} is not there", "Name an existing CSV file.") from fault
    except OSError as fault:
        raise DatasetError(f"{name} cannot be read: {fault.strerror}", "Check its permissions.") from fault


def _decoded(name: str, data: bytes) -> str:
    for start, kind in _OTHERS.items():
        if data.startswith(start):
            raise DatasetError(f"{name} is {kind}, not a CSV file", "In a spreadsheet, save it as CSV UTF-8.")
    encoding, shown = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise _undecodable(name, data, shown, fault) from fault
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DatasetError(f"{name}, line {line}: a zero byte, so it is no text file", "Save it as CSV UTF-8.")
    return text


def _encoding(data: bytes) -> tuple[str, str]:
    """For Python, and for people."""
    for mark, encoding, shown in _MARKS:
        if data.startswith(mark):
            return encoding, shown
    head = data[:400]
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = head[first::2], head[1 - first :: 2]
        if zeros.count(0) > len(zeros) * 0.8 and not others.count(0):
            return encoding, "UTF-16"
    return "utf-8", "UTF-8"


def _undecodable(name: str, data: bytes, encoding: str, fault: UnicodeDecodeError) -> DatasetError:
    """The error of bytes that are not of the encoding; shows the line as Western European Windows would read it."""
    line = data[: fault.start].count(b"\n") + 1
    words = data.splitlines()[line - 1] if encoding == "UTF-8" and line <= len(data.splitlines()) else b""
    shown = printable(words.decode("cp1252", "replace"))[:80]
    as_read = f" (in Windows-1252 it would be {shown!r})" if words else ""
    return DatasetError(f"{name}, line {line}: is not {encoding}{as_read}", "Save the file as CSV UTF-8.")

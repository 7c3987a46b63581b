"""Search files of a store for a person: the label, and the keys and paths of the photos.

Text is searched in the spellings in which Lineup writes it: plain, JSON, HTML, CSV, escaped. A Parquet file is searched
in its columns of strings. A file that cannot be read counts as one that holds the person.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
import urllib.parse
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestrator.text import printable
from storage.parts import open_table

PIECE = 1 << 22
"""Bytes that are read at a time."""

LEAST_IN_BINARY = 6
"""Bytes of a word that is believed in a file that is no text: shorter ones are there by chance."""

NO_LABELS = frozenset({"outcome", "role", "detector", "configuration", "worker", "host", "encoder"})
"""Columns whose words are ours, and may be a person's name by chance."""

_KEY = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class PersonSearch:
    """Tells which files hold a person.

    Args:
        label: the person's.
        keys: of their photos.
        paths: of their photos, relative to a dataset.

    >>> search = PersonSearch("Kim", [], ["Kim/1.jpg", "7.jpg"])
    >>> [search.in_text(text) for text in (b"Kim", b'"Kim/1.jpg"', b"Kimberly", b"no 7.jpg")]
    [True, True, False, True]
    """

    def __init__(self, label: str, keys: Collection[str], paths: Collection[str]) -> None:
        self._label = label
        self._keys = frozenset(key.encode() for key in keys)
        self._paths = frozenset(paths)

    def in_file(self, path: Path) -> bool:
        """Whether a file, its name included, holds the person; True where it cannot be read."""
        if self.in_text(path.name.encode(errors="surrogateescape")):
            return True
        try:
            if path.is_symlink() or not path.is_file():
                return False
            return self._in_table(path) if path.suffix == ".parquet" else self._in_bytes(path)
        except FileNotFoundError:
            return False
        except (OSError, ValueError):  # Arrow's errors are ValueErrors and OSErrors
            return True

    def in_folder(self, folder: Path) -> list[Path]:
        """The files below a folder that hold the person."""
        return [path for path in sorted(folder.rglob("*")) if self.in_file(path)]

    def in_text(self, text: bytes) -> bool:
        """Whether a text holds the person."""
        found = self._words.search(text)
        if found and (len(found[0]) >= LEAST_IN_BINARY or b"\0" not in text):
            return True
        return not self._keys.isdisjoint(_KEY.findall(text))

    def _in_bytes(self, path: Path) -> bool:
        with path.open("rb") as file:
            before = b""
            while piece := file.read(PIECE):
                if self.in_text(before + piece):
                    return True
                before = piece[-self._longest :]
        return False

    def _in_table(self, path: Path) -> bool:
        with open_table(path) as file:
            if any(map(self.in_text, (file.schema_arrow.metadata or {}).values())):
                return True
            names = [field.name for field in file.schema_arrow if field.name not in NO_LABELS]
            for group in range(file.num_row_groups):
                for name in names:
                    if any(map(self._in_cell, _strings(file.read_row_group(group, [name]).column(0)))):
                        return True
        return False

    def _in_cell(self, cell: str) -> bool:
        if cell in self._paths or self._label in cell.split("/"):
            return True
        return not self._keys.isdisjoint(_KEY.findall(cell.encode(errors="surrogateescape")))

    @cached_property
    def _words(self) -> re.Pattern[bytes]:
        """The label, and those paths that are not below a folder of that name."""
        words = [self._label, *(path for path in self._paths if self._label not in path.split("/"))]
        spelled = {spelling for word in words for spelling in _spellings(word)}
        return re.compile(b"|".join(_whole_word(each) for each in sorted(spelled)))

    @cached_property
    def _longest(self) -> int:
        return max(len(each) for word in (self._label, *self._paths) for each in _spellings(word)) + 65


def _whole_word(text: bytes) -> bytes:
    """A pattern of a text that is not a part of a longer word."""
    letter = rb"[0-9A-Za-z_\x80-\xff]"
    before = rb"(?<!%s)" % letter if re.match(letter, text[:1]) else b""
    after = rb"(?!%s)" % letter if re.match(letter, text[-1:]) else b""
    return before + re.escape(text) + after


def _spellings(word: str) -> Iterator[bytes]:
    import markupsafe

    for form in {word, unicodedata.normalize("NFD", word), printable(word)}:
        plain = form.encode(errors="surrogateescape")
        yield plain
        yield plain.replace(b'"', b'""')  # CSV
        yield form.encode("unicode_escape")
        yield json.dumps(form)[1:-1].encode()
        yield json.dumps(form, ensure_ascii=False)[1:-1].encode(errors="surrogateescape")
        for escaped in (str(markupsafe.escape(form)), html.escape(form, quote=False), repr(form)[1:-1]):
            yield escaped.encode(errors="surrogateescape")
        yield urllib.parse.quote(plain).encode()


def _strings(column: Any) -> Iterator[str]:
    """The distinct strings of a column, also of those in its lists, maps and structures."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for chunk in column.chunks:
        kind = chunk.type
        if pa.types.is_dictionary(kind):
            yield from _strings(pa.chunked_array([chunk.dictionary]))
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            yield from (each for each in pc.unique(chunk).to_pylist() if each is not None)
        elif pa.types.is_map(kind):
            yield from _strings(pa.chunked_array([chunk.keys]))
            yield from _strings(pa.chunked_array([chunk.items]))
        elif pa.types.is_struct(kind):
            for each in chunk.flatten():
                yield from _strings(pa.chunked_array([each]))
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
            yield from _strings(pa.chunked_array([chunk.flatten()]))

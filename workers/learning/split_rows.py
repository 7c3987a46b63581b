"""Rows of splits as columns: a row becomes a dictionary only when it is read.

A hundred thousand dictionaries take 50 MB; the columns take 13 MB. A photo's key is there once, in however many splits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

COLUMNS = ("repeat", "fold", "photo_key", "face_index", "label", "group", "role")

_WORDS = ("photo_key", "label", "role")
_NUMBERS = ("repeat", "fold", "face_index", "group")


class _Codes(NamedTuple):
    """The different words of a column, and the number of each row's word."""

    words: list[str]
    codes: npt.NDArray[np.int32]


class SplitRows(Sequence[Mapping[str, Any]]):
    """Rows of SPLITS (`storage.schemas`) with COLUMNS, in the table's order.

    Args:
        table: COLUMNS of SPLITS.
    """

    def __init__(self, table: pa.Table) -> None:
        self._rows: int = table.num_rows
        self._words = {name: _codes(table[name]) for name in _WORDS}
        self._numbers = {name: table[name].to_numpy() for name in _NUMBERS}

    def taken(self, rows: npt.NDArray[np.intp]) -> SplitRows:
        """The rows of these numbers, in that order."""
        some = object.__new__(SplitRows)
        some._rows = len(rows)
        some._words = {name: _Codes(words, codes[rows]) for name, (words, codes) in self._words.items()}
        some._numbers = {name: values[rows] for name, values in self._numbers.items()}
        return some

    def with_faces(self, face_index: npt.NDArray[np.int16]) -> SplitRows:
        """The same rows with other faces of their photos, (N,)."""
        some = self.taken(np.arange(self._rows))
        some._numbers["face_index"] = face_index
        return some

    def words(self, name: str) -> list[str]:
        """The column `photo_key`, `label` or `role`; equal words are one string."""
        words, codes = self._words[name]
        return [words[code] for code in codes.tolist()]

    def numbers(self, name: str) -> list[int]:
        """The column `repeat`, `fold`, `face_index` or `group`."""
        found: list[int] = self._numbers[name].tolist()
        return found

    def are(self, name: str, *words: str) -> npt.NDArray[np.bool_]:
        """(N,) whether the word of the column is one of these."""
        there, codes = self._words[name]
        wanted = frozenset(words)
        return np.isin(codes, [code for code, word in enumerate(there) if word in wanted])

    def one_a_face(self) -> SplitRows:
        """The first row of each face, sorted by photo and face."""
        keys, codes = self._words["photo_key"]
        place = np.empty(len(keys), np.int64)
        place[np.argsort(np.asarray(keys, object))] = np.arange(len(keys))
        faces = self._numbers["face_index"].astype(np.int64)
        _, first = np.unique(place[codes] * (int(faces.max(initial=0)) + 1) + faces, return_index=True)
        return self.taken(first)

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, row: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, row: slice) -> list[Mapping[str, Any]]: ...
    def __getitem__(self, row: int | slice) -> Mapping[str, Any] | list[Mapping[str, Any]]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(self._rows))]
        found: dict[str, Any] = {name: words[codes[row]] for name, (words, codes) in self._words.items()}
        found.update((name, int(values[row])) for name, values in self._numbers.items())
        return found


def _codes(column: pa.ChunkedArray) -> _Codes:
    one = pa.chunked_array([chunk.cast(pa.string()) for chunk in column.chunks], pa.string()).dictionary_encode()
    one = one.unify_dictionaries().combine_chunks()
    return _Codes(one.dictionary.to_pylist(), one.indices.to_numpy(zero_copy_only=False))

"""The rows of one split as columns: a row becomes a dictionary only when it is read.

A hundred thousand dictionaries take 50 MB; the columns take 13 MB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

COLUMNS = ("repeat", "fold", "photo_key", "face_index", "label", "group", "role")


class SplitRows(Sequence[Mapping[str, Any]]):
    """Rows of SPLITS (`storage.schemas`) with COLUMNS, in the table's order.

    Args:
        table: COLUMNS of SPLITS.
    """

    def __init__(self, table: pa.Table) -> None:
        self._rows: int = table.num_rows
        self._keys: list[str] = table["photo_key"].to_pylist()
        self._numbers = {name: table[name].to_numpy() for name in ("repeat", "fold", "face_index", "group")}
        self._words = {name: _codes(table[name]) for name in ("label", "role")}

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, row: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, row: slice) -> list[Mapping[str, Any]]: ...
    def __getitem__(self, row: int | slice) -> Mapping[str, Any] | list[Mapping[str, Any]]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(self._rows))]
        found: dict[str, Any] = {"photo_key": self._keys[row]}
        found.update((name, int(values[row])) for name, values in self._numbers.items())
        found.update((name, words[codes[row]]) for name, (words, codes) in self._words.items())
        return found


def _codes(column: pa.ChunkedArray) -> tuple[list[str], npt.NDArray[np.int32]]:
    """The different words of a column, and the number of each row's word."""
    one = pa.chunked_array([chunk.cast(pa.string()) for chunk in column.chunks], pa.string()).dictionary_encode()
    one = one.unify_dictionaries().combine_chunks()
    return one.dictionary.to_pylist(), one.indices.to_numpy(zero_copy_only=False)

"""The table of a run's faces: everyone says which columns are needed, and nobody reads all of a million faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from storage.errors import StoreError
from storage.runs import Run
from storage.schemas import RUN_FACES
from storage.tables import RECOVERY, read_table, table_groups, usable_rows


def read_faces(run: Run, columns: Sequence[str], *, usable: bool = False) -> pa.Table:
    """Columns of a run's faces, sorted by photo and face; checksums verified.

    Args:
        columns: of RUN_FACES, in the schema's order; the embedding takes half a kilobyte a face.
        usable: only the faces whose outcome is ok.

    Raises:
        StoreError: as `read_table` does.
    """
    needed = [name for name in RUN_FACES.names if name in columns or (usable and name == "outcome")]
    table = read_table(run.faces, RUN_FACES, needed)
    pa.default_memory_pool().release_unused()  # reading needs more than what was read
    if usable:
        table = usable_rows(table)
    return table.select([name for name in needed if name in columns])


def embedding_array(faces: pa.Table) -> npt.NDArray[np.float32]:
    """The column `embedding` of usable faces as an array, (N, its size) float32; (0, 0) of no face."""
    chunks = [chunk for chunk in faces["embedding"].chunks if len(chunk)]
    if not chunks:
        return np.zeros((0, 0), np.float32)
    if len(chunks) == 1:
        return _measurements(chunks[0])
    first = _measurements(chunks[0])
    found = np.empty((faces.num_rows, first.shape[1]), np.float32)
    start = 0
    for chunk in chunks:
        found[start : start + len(chunk)] = _measurements(chunk)
        start += len(chunk)
    return found


def read_embeddings(path: Path, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """The embeddings of some faces of a RUN_FACES table: (chosen ones, their size) float32; (0, 0) of no face.

    In memory are these and one row group.

    Args:
        chosen: of each row of the table, whether it is wanted; only usable faces have an embedding.

    Raises:
        StoreError: as `read_table` does; or the table has another number of rows than `chosen`.
    """
    found = np.zeros((0, 0), np.float32)
    start = filled = 0
    replaced = StoreError(f"{path} was replaced while it was read", RECOVERY)
    for group in table_groups(path, RUN_FACES, ["embedding"]):
        mine = chosen[start : start + group.num_rows]
        if len(mine) != group.num_rows:
            raise replaced
        start += group.num_rows
        if not mine.any():
            continue
        values = embedding_array(group if mine.all() else group.filter(pa.array(mine)))
        if not filled:
            found = np.empty((int(chosen.sum()), values.shape[1]), np.float32)
        found[filled : filled + len(values)] = values
        filled += len(values)
    if start != len(chosen):
        raise replaced
    return found


class EmbeddingRows:
    """The embeddings of usable faces by their rows, without a copy of them all.

    Args:
        faces: with the column `embedding`.
    """

    def __init__(self, faces: pa.Table) -> None:
        self._chunks = [_measurements(chunk) for chunk in faces["embedding"].chunks if len(chunk)]
        self._starts = np.cumsum([0, *map(len, self._chunks)])

    def __getitem__(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        """(M, D) float32 of M row numbers, at least one."""
        found = np.empty((len(rows), self._chunks[0].shape[1]), np.float32)
        for start, chunk in zip(self._starts.tolist(), self._chunks, strict=False):
            mine = (rows >= start) & (rows < start + len(chunk))
            found[mine] = chunk[rows[mine] - start]
        return found


def _measurements(chunk: pa.Array) -> npt.NDArray[np.float32]:
    """The same of one chunk; a view of it where that is possible."""
    flat: npt.NDArray[np.float32] = chunk.flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    return flat.reshape(len(chunk), -1)

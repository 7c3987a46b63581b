"""Cut work over pairs of faces into blocks of rows, so that memory grows with the faces and not with their pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from workers.learning.arrays import Array

CELLS = 8_000_000
"""Values of a block: 32 MB of float32, and as much again for each intermediate array.

Where all rows fit into one block nothing is cut: linear algebra rounds the last bit by the shape of its matrices, so a
change here is one for LEARNING_VERSION.
"""

_PARTS = 16
"""Of a block."""


def row_blocks(rows: int, cells_per_row: int) -> Iterator[slice]:
    """Slices that together are all rows, each of CELLS values at most, or of one row.

    >>> list(row_blocks(5, 4_000_000))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    size = max(1, CELLS // max(1, cells_per_row))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def row_parts(rows: int, cells_per_row: int) -> Iterator[slice]:
    """Smaller slices, for what computes each row alone: its bits do not depend on them, and its intermediate arrays
    take a sixteenth of a block."""
    return row_blocks(rows, _PARTS * cells_per_row)


def in_parts(x: Array, compute: Callable[[Array], Array]) -> Array:
    """What `compute` gives for the rows of x (N, M), each of which it computes alone."""
    return np.concatenate([compute(x[rows]) for rows in row_parts(*x.shape)]) if len(x) else compute(x)


def in_blocks(x: Array, cells_per_row: int, compute: Callable[[Array], Array]) -> Array:
    """What `compute` gives for the rows of x, (N, ...), computed block by block."""
    blocks = list(row_blocks(len(x), cells_per_row))
    if len(blocks) <= 1:
        return compute(x)
    first = compute(x[blocks[0]])
    found = np.empty((len(x), *first.shape[1:]), first.dtype)
    found[blocks[0]] = first
    del first  # a block is as large as what the next one needs
    for rows in blocks[1:]:
        found[rows] = compute(x[rows])
    return found

"""Batching policy: how many photos each message carries."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

MOST_PHOTOS_PER_TASK = 64
"""A larger message saves nothing (docs/performance.md), and more is done again when it is lost."""

TASKS_PER_PROCESS = 4
"""The photos left are cut so that each process still gets this many messages: large ones cost less, small ones at the
end leave no process idle while another works (guided self-scheduling, Polychronopoulos and Kuck, IEEE Transactions on
Computers, 1987)."""


def photos_per_task(left: int, processes: int) -> int:
    """Photos in the next message, in whole chunks of the engine.

    Args:
        left: photos that are not sent yet.
        processes: worker processes.
    """
    from workers.faces.engine import CHUNK

    share = left // (TASKS_PER_PROCESS * processes)
    return min(MOST_PHOTOS_PER_TASK, max(CHUNK, share - share % CHUNK))


def batch_sizes(left: int, processes: int) -> Iterator[int]:
    """Photos in each message to come, without end; see `photos_per_task`."""
    while True:
        size = photos_per_task(left, processes)
        yield size
        left = max(0, left - size)


def batched(keys: Iterable[str], sizes: Iterator[int]) -> Iterator[tuple[str, ...]]:
    """The keys in batches of these sizes; the last one is shorter where they run out."""
    iterator = iter(keys)
    while batch := tuple(itertools.islice(iterator, next(sizes))):
        yield batch

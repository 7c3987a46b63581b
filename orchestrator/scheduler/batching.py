"""Batching policy: how many photos each message carries."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

LEAST_PHOTOS_PER_TASK = 16
"""All messages but the last are multiples of it. The engine takes twice as many at once."""

MOST_PHOTOS_PER_TASK = 64
"""A larger message saves little (docs/performance.md), and more is done again when it is lost."""

MOST_SMALL_PHOTOS_PER_TASK = 128
"""The same of photos that take some 5 to 12 ms each: there a message's own cost counts, and a lost one is a second."""

SMALL_PIXELS = 1_000_000

TASKS_PER_PROCESS = 2
"""The photos left are cut so that each process still gets this many messages: large ones cost less, small ones at the
end leave no process idle while another works (factoring, Hummel, Schonberg and Flynn, Communications of the ACM, 1992).
"""


def most_photos_per_task(pixels: float) -> int:
    """The largest message.

    Args:
        pixels: of a photo, the mean of the folder.
    """
    return MOST_SMALL_PHOTOS_PER_TASK if pixels <= SMALL_PIXELS else MOST_PHOTOS_PER_TASK


def photos_per_task(left: int, processes: int, most: int = MOST_PHOTOS_PER_TASK) -> int:
    """Photos in the next message, a multiple of `LEAST_PHOTOS_PER_TASK`.

    Args:
        left: photos that are not sent yet.
        processes: worker processes.
        most: of `most_photos_per_task`.
    """
    share = left // (TASKS_PER_PROCESS * processes)
    return min(most, max(LEAST_PHOTOS_PER_TASK, share - share % LEAST_PHOTOS_PER_TASK))


def batch_sizes(left: int, processes: int, most: int = MOST_PHOTOS_PER_TASK) -> Iterator[int]:
    """Photos in each message to come, without end; see `photos_per_task`."""
    while True:
        size = photos_per_task(left, processes, most)
        yield size
        left = max(0, left - size)


def batched(keys: Iterable[str], sizes: Iterator[int]) -> Iterator[tuple[str, ...]]:
    """The keys in batches of these sizes; the last one is shorter where they run out."""
    iterator = iter(keys)
    while batch := tuple(itertools.islice(iterator, next(sizes))):
        yield batch

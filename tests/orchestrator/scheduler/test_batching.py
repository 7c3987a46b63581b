"""How work is cut into messages."""

from __future__ import annotations

import itertools

import pytest

from orchestrator.scheduler.batching import (
    LEAST_PHOTOS_PER_TASK,
    MOST_PHOTOS_PER_TASK,
    MOST_SMALL_PHOTOS_PER_TASK,
    TASKS_PER_PROCESS,
    batch_sizes,
    most_photos_per_task,
    photos_per_task,
)
from workers.faces.engine import CHUNK


def cut(photos: int, processes: int, pixels: float = 1e7) -> list[int]:
    """The messages of a folder, the last one cut off at its end."""
    sizes: list[int] = []
    for size in batch_sizes(photos, processes, most_photos_per_task(pixels)):
        if sum(sizes) >= photos:
            return sizes
        sizes.append(min(size, photos - sum(sizes)))
    raise AssertionError("sizes never end")


@pytest.mark.parametrize(("photos", "processes"), list(itertools.product([1, 20, 208, 1_200, 100_000], [1, 2, 8, 50])))
def test_messages_are_multiples_of_sixteen_that_grow_no_larger_towards_the_end(photos: int, processes: int) -> None:
    sizes = cut(photos, processes)
    assert sum(sizes) == photos
    assert sizes == sorted(sizes, reverse=True)
    assert all(size % LEAST_PHOTOS_PER_TASK == 0 and size <= MOST_PHOTOS_PER_TASK for size in sizes[:-1])


@pytest.mark.parametrize("processes", [1, 2, 8])
def test_no_message_is_more_than_a_processs_share_of_what_is_left(processes: int) -> None:
    left = 1_200
    for size in cut(left, processes):
        assert size <= max(LEAST_PHOTOS_PER_TASK, left / (TASKS_PER_PROCESS * processes))
        left -= size


def test_a_large_folder_is_mostly_cut_into_the_largest_messages() -> None:
    sizes = cut(10_000, 2)
    assert sizes.count(MOST_PHOTOS_PER_TASK) * MOST_PHOTOS_PER_TASK > 0.95 * 10_000
    assert sizes[-1] == LEAST_PHOTOS_PER_TASK
    assert photos_per_task(0, 2) == LEAST_PHOTOS_PER_TASK


def test_whole_messages_are_whole_chunks_of_the_engine_or_halves() -> None:
    assert CHUNK % LEAST_PHOTOS_PER_TASK == 0
    assert MOST_PHOTOS_PER_TASK % CHUNK == MOST_SMALL_PHOTOS_PER_TASK % CHUNK == 0


def test_small_photos_travel_in_larger_messages() -> None:
    assert max(cut(10_000, 2, pixels=250 * 250)) == MOST_SMALL_PHOTOS_PER_TASK
    assert max(cut(10_000, 2, pixels=12e6)) == MOST_PHOTOS_PER_TASK
    assert max(cut(200, 2, pixels=250 * 250)) < MOST_PHOTOS_PER_TASK  # so few are shared out all the same
    assert len(cut(1_200, 2, pixels=250 * 250)) <= 18

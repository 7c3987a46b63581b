"""Give memory that was freed back to the system.

glibc keeps it for later, and photos of many sizes leave holes in it: a worker then holds up to 190 MB that it does not
use, more with every large photo.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

from workers.memory import keep_heap_small

ENOUGH_BYTES = 120_000_000
"""Of photos, after which the freed memory is given back: it takes 1 to 6 ms."""

BESIDE_PIXELS = 1_000_000
"""So many bytes a photo counts besides its pixels: what is kept of each until its message is written leaves holes too.
Without it, messages of 128 photos of 250 x 250 had a worker hold 480 MB instead of 440."""

LARGE_ARRAY = 4_000_000
"""Bytes of an array that has pages of its own: what networks and large photos take leaves no holes then. At a fourth of
it the peak is 50 MB lower, and detection in web photos takes a tenth longer."""


class FreedMemory:
    """Counts the bytes of photos that were freed, and gives them back from time to time.

    Making one sets for the whole process which arrays have pages of their own.
    """

    def __init__(self) -> None:
        keep_heap_small(LARGE_ARRAY)
        self._bytes = 0

    def count(self, pixels: int) -> None:
        """A photo's pixels, so many bytes, are not needed any more, or will not be when `give_back` is called."""
        self._bytes += pixels + BESIDE_PIXELS

    def give_back(self) -> None:
        """Give freed memory back, where it is `ENOUGH_BYTES`."""
        if self._bytes >= ENOUGH_BYTES:
            self._bytes = 0
            trim_memory()()


@functools.cache
def trim_memory() -> Callable[[], object]:
    """glibc's `malloc_trim`; another C library gives nothing back."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except AttributeError:
        return lambda: None
    return functools.partial(trim, 0)

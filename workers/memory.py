"""How much memory this process may have, whatever is free now, and how it gives back what it does not use."""

from __future__ import annotations

import ctypes
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")

MMAP_THRESHOLD = -3
"""M_MMAP_THRESHOLD of glibc's malloc.h."""

LARGE = 8_000_000
"""Bytes of an array that has pages of its own. glibc raises its own limit to 32 MiB as such arrays are freed; then they
lie in the heap among small objects that live longer, and the heap does not shrink any more."""


def memory_limit() -> int | None:
    """Bytes that the machine has, or the limit of the container where that is less; None where neither is known."""
    limits = [each for each in (_of_machine(), _of_container()) if each is not None]
    return min(limits, default=None)


def keep_heap_small(large: int = LARGE) -> None:
    """Give arrays of so many bytes pages of their own from now on, and freed memory back to the system; glibc only."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt") and hasattr(libc, "malloc_trim"):
        libc.mallopt(MMAP_THRESHOLD, large)
        libc.malloc_trim(0)


def _of_machine() -> int | None:
    try:
        lines = MEMINFO.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemTotal:")]
    return int(found[0]) * 1024 if found else None


def _of_container() -> int | None:
    """The limit of the control group (cgroup 2)."""
    try:
        limit = (CGROUP / "memory.max").read_text().strip()
    except OSError:
        return None
    return int(limit) if limit.isdecimal() else None

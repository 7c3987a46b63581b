"""The number of processor cores."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """The processor cores that this process may use; all of the machine's where the system knows no such limit."""
    if hasattr(os, "sched_getaffinity"):  # Linux; macOS has none
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

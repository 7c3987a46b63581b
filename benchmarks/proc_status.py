"""The processes of this machine as /proc shows them, so on Linux only: parents, and peaks of resident memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class ProcStatus(NamedTuple):
    """A process: its id, its parent's id, and its largest resident memory so far in bytes."""

    pid: int
    parent: int
    peak: int


def proc_statuses() -> Iterator[ProcStatus]:
    """Every process that lives now; those without memory of their own (of the kernel, or ended) are left out."""
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            text = path.read_text()
        except OSError:  # it has ended
            continue
        parent, peak = re.search(r"^PPid:\s+(\d+)", text, re.M), re.search(r"^VmHWM:\s+(\d+) kB", text, re.M)
        if parent and peak:
            yield ProcStatus(int(path.parent.name), int(parent[1]), int(peak[1]) * 1024)

"""How much memory this process may have, whatever is free at this moment."""

from __future__ import annotations

from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def memory_limit() -> int | None:
    """Bytes that the machine has, or the limit of the container where that is less; None where neither is known."""
    limits = [each for each in (_of_machine(), _of_container()) if each is not None]
    return min(limits, default=None)


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

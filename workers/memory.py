"""How much memory this process may still take."""

from __future__ import annotations

from pathlib import Path

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int | None:
    """What the machine has left, and the container where it has a limit; None where neither says so."""
    left = [each for each in (_of_machine(), _of_container()) if each is not None]
    return min(left, default=None)


def _of_machine() -> int | None:
    try:
        lines = MEMINFO.read_text().splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _of_container() -> int | None:
    """The limit of the control group less what is in use and cannot be given back (cgroup 2)."""
    try:
        limit, used = ((CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        rows = (line.split() for line in (CGROUP / "memory.stat").read_text().splitlines())
        cached = sum(int(value) for name, value in rows if name in ("inactive_file", "active_file"))
    except (OSError, ValueError):
        return None
    return None if limit == "max" else max(0, int(limit) - int(used) + cached)

"""Peak memory of the processes of an embedded run, by what they do; read from /proc, so on Linux only."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

ROLES = ("orchestrator", "broker", "image worker", "training worker")


class MemoryByRole:
    """Watches a process and all below it.

    Attributes:
        peak: by role, the largest resident memory of one process so far, bytes.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.peak: dict[str, int] = dict.fromkeys(ROLES, 0)

    def look(self) -> None:
        """Take the peaks of the processes that live now; the kernel keeps each process's own."""
        children: defaultdict[int, list[int]] = defaultdict(list)
        for status in Path("/proc").glob("[0-9]*/status"):
            found = _numbers(status)
            if found:
                children[found[0]].append(int(status.parent.name))
        self._walk(self._pid, "orchestrator", children)

    def _walk(self, pid: int, role: str, children: defaultdict[int, list[int]]) -> None:
        role = _role_of(pid) or role
        found = _numbers(Path(f"/proc/{pid}/status"))
        if found:
            self.peak[role] = max(self.peak[role], found[1])
        for child in children[pid]:
            self._walk(child, role, children)


def _role_of(pid: int) -> str:
    """What a process's command says; empty where it is its parent's."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    if "valkey" in command[0] or "redis" in command[0]:
        return "broker"
    if "--queues" in command:
        return {"images": "image worker", "training": "training worker"}.get(command[command.index("--queues") + 1], "")
    return ""


def _numbers(status: Path) -> tuple[int, int] | None:
    """The parent's id and the peak of resident memory in bytes; None of a process that is gone."""
    try:
        text = status.read_text()
    except OSError:
        return None
    parent, peak = re.search(r"^PPid:\s+(\d+)", text, re.M), re.search(r"^VmHWM:\s+(\d+) kB", text, re.M)
    return (int(parent[1]), int(peak[1]) * 1024) if parent and peak else None

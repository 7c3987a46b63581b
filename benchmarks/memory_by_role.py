"""Peak memory of the processes of an embedded run, by what they do."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from benchmarks.proc_status import ProcStatus, proc_statuses

ROLES = ("orchestrator", "broker", "image worker", "training worker")


def memory_by_role(pid: int) -> dict[str, int]:
    """The largest resident memory of one process of each role so far, in bytes: of this process and all below it.

    The kernel keeps the peak of each process that lives; of those that have ended nothing is known.
    """
    children: defaultdict[int, list[ProcStatus]] = defaultdict(list)
    every = {each.pid: each for each in proc_statuses()}
    for each in every.values():
        children[each.parent].append(each)
    peaks = dict.fromkeys(ROLES, 0)

    def walk(process: ProcStatus, role: str) -> None:
        role = _role_of(process.pid) or role
        peaks[role] = max(peaks[role], process.peak)
        for child in children[process.pid]:
            walk(child, role)

    if pid in every:
        walk(every[pid], "orchestrator")
    return peaks


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

"""Diagnose how a store tells living processes from dead ones: which way, why, and whether it works.

A second process holds a claim, this one must see it, and must see it free after that process was killed. Workers of
other hosts are looked at too: one that writes and holds nothing here is behind locks that do not reach this host.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from orchestrator.maintenance.diagnosis import ERROR, Diagnosis, fine
from storage.errors import StoreError
from storage.file_locks import TEMPORARY
from storage.liveness import FILE, LEASES, Liveness, liveness_of, recorded_liveness
from storage.worker_faults import BLOCK, SUFFIX

DEATH_SECONDS = 5.0
"""On one host a death is known at once with locks, and within a second with leases."""

BEAT_SECONDS = 4.0
"""A worker writes into its file every 3 s."""

_HOLD = """
import sys
sys.path.append(sys.argv[1])
from storage.liveness import liveness_of
from storage.object_path import store_path
path = store_path(sys.argv[2])
with liveness_of(path).claim(path, False) as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


def diagnose_liveness(store: Path) -> Iterator[Diagnosis]:
    """Takes a second, with leases some seconds."""
    try:
        chosen, liveness = recorded_liveness(store), liveness_of(store / FILE)
    except StoreError as error:
        yield Diagnosis("alive", ERROR, error.what, error.hint)
        return
    words = f"living processes are known by {chosen.way} ({chosen.why})"
    fault = _fault(store, liveness) or _unseen(store, liveness)
    if fault:
        yield Diagnosis("alive", ERROR, f"{words}, and {fault}", _hint(store, chosen.way))
    else:
        yield fine("alive", words)


def _hint(store: Path, way: str) -> str:
    if way == LEASES:
        return "See whether every host can write into the store's folder `leases`"
    return f"Stop all who work on this store, delete {store / FILE}, and set LINEUP_LIVENESS=leases once"


def _fault(store: Path, liveness: Liveness) -> str:
    """What is wrong with the way between two processes; empty where nothing is."""
    path = store / f".doctor-{uuid.uuid4().hex[:12]}{TEMPORARY}"
    command = [sys.executable, "-I", "-c", _HOLD, str(Path(__file__).parents[2]), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/") as other:  # noqa: S603
        try:
            if not other.stdout or other.stdout.readline() != b"True\n":
                return "another process cannot claim anything"
            if _is_free(liveness, path):
                return "what another process holds looks free"
            other.kill()
            other.wait()
            return "" if _becomes_free(liveness, path) else "what a killed process held stays held"
        except OSError as error:
            return f"it cannot be tried: {error.strerror or error}"
        finally:
            other.kill()
            for left in store.glob(f"{path.stem}*"):
                left.unlink(missing_ok=True)


def _is_free(liveness: Liveness, path: Path) -> bool:
    with liveness.claim(path, patient=True) as free:
        return free


def _becomes_free(liveness: Liveness, path: Path) -> bool:
    end = time.monotonic() + DEATH_SECONDS
    while not _is_free(liveness, path):
        if time.monotonic() > end:
            return False
        threading.Event().wait(0.1)
    return True


def _unseen(store: Path, liveness: Liveness) -> str:
    """Names a worker of another host that writes and holds nothing here; empty where there is none."""
    before = _beats_of_others(store, liveness)
    if not before:
        return ""
    threading.Event().wait(BEAT_SECONDS)
    after = _beats_of_others(store, liveness)
    hosts = sorted({host for (name, host), beat in after.items() if beat > before.get((name, host), beat)})
    return f"workers on {', '.join(hosts)} live and hold nothing here" if hosts else ""


def _beats_of_others(store: Path, liveness: Liveness) -> dict[tuple[str, str], int]:
    """The counts in the files of other hosts' workers that nobody holds, as it looks from here."""
    found = {}
    for path in (store / "workers").glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(path.read_bytes()[:BLOCK])
            if told["host"] != socket.gethostname() and not liveness.is_held(path):
                found[path.name, str(told["host"])] = int(told["beat"])
    return found

"""`lineup doctor` says which way tells the living from the dead, and tries it with a second process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from orchestrator.maintenance import diagnose_liveness as module
from orchestrator.maintenance.diagnose_liveness import diagnose_liveness
from orchestrator.maintenance.diagnosis import ERROR, OK
from storage.liveness import VARIABLE
from storage.open_store import open_store
from storage.worker_faults import WorkerFile


@pytest.mark.parametrize("way", ["locks", "leases:2"])
def test_the_way_and_its_reason_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setenv(VARIABLE, way)
    store = open_store(tmp_path / "store")
    (told,) = diagnose_liveness(store)
    assert told.state == OK
    assert told.what == f"living processes are known by {way.split(':')[0]} (LINEUP_LIVENESS asks for it)"
    assert list(store.glob(".*")) == []


def test_leases_in_an_object_store_are_tried_too(bucket: Path) -> None:
    (told,) = diagnose_liveness(open_store(bucket / "store"))
    assert (told.state, told.what) == (OK, "living processes are known by leases (an object store has no locks)")


def test_locks_that_exclude_nobody_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path / "store")
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    (told,) = diagnose_liveness(store)
    assert told.state == ERROR
    assert "what another process holds looks free" in told.what
    assert "LINEUP_LIVENESS=leases" in told.hint


def test_a_worker_of_another_host_that_writes_and_holds_nothing_here_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(tmp_path / "store")
    with monkeypatch.context() as there:
        there.setattr("socket.gethostname", lambda: "far")
        worker = WorkerFile(store / "workers" / "far.worker", "images@far", ("images",), 1)
    fcntl.flock(worker._held.descriptor, fcntl.LOCK_UN)  # its host's kernel holds the lock, and not this one's
    monkeypatch.setattr(module, "BEAT_SECONDS", 0.0)
    looks = module._beats_of_others

    def beaten(*arguments: object) -> dict[tuple[str, str], int]:
        found = looks(*arguments)  # type: ignore[arg-type]
        worker.beat()
        return found

    monkeypatch.setattr(module, "_beats_of_others", beaten)
    (told,) = diagnose_liveness(store)
    worker.close()
    assert told.state == ERROR
    assert "workers on far live and hold nothing here" in told.what
    assert os.fspath(store / "liveness") in told.hint

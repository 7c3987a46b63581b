"""A file system without locks, and a folder for temporary files with a long path, are told with what to do."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from orchestrator.local.cluster import LocalCluster
from orchestrator.local.private_folder import PrivateFolder
from storage.errors import NoLocks, StoreError
from storage.liveness import LEASES, LOCKS, record_liveness
from storage.open_store import open_store
from storage.run_claim import claim
from storage.runs import Run
from tests.orchestrator.cli.conftest import Lineup


@pytest.fixture
def no_locks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store of a run, which uses locks, moved to NFS without its lock service."""
    assert record_liveness(run.store).way == LOCKS

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize("command", ["run", "submit", "resume", "status"])
def test_a_store_without_locks_is_told_as_that(lineup: Lineup, run: Run, photos: Path, command: str) -> None:
    (run.report / "index.html").unlink()  # unfinished
    done = lineup(command, *([photos] if command in ("run", "submit") else []))
    assert done.code == 1
    (line,) = [each for each in done.err.splitlines() if each.startswith("lineup: ")]
    assert "No locks available" in line
    assert "Use a local disk, or NFS 4 with a lock service" in line
    assert "Free space" not in line


@pytest.mark.usefixtures("no_locks")
def test_a_new_store_without_locks_uses_leases(tmp_path: Path) -> None:
    assert record_liveness(open_store(tmp_path / "new")).way == LEASES


@pytest.mark.usefixtures("no_locks")
def test_nobody_is_said_to_work_on_a_run_whose_lock_cannot_be_asked(run: Run) -> None:
    with pytest.raises(NoLocks, match="cannot lock"), claim(run):
        pytest.fail("claimed")


@pytest.mark.usefixtures("no_locks")
def test_temporary_files_without_locks_are_told_as_that() -> None:
    with pytest.raises(NoLocks, match="Set TMPDIR to a folder on a local disk"):
        PrivateFolder()


def test_a_folder_whose_path_is_too_long_for_a_socket_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    with pytest.raises(StoreError, match=r"too long a path for the private broker's socket\. Set TMPDIR to a shorter"):
        LocalCluster(tmp_path / "store")
    assert list(long.iterdir()) == []

"""A full disk and a store that may not be written: said at once, and nothing half-written stays."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster, outcomes, pids_at, stray_files, tables, wait_for
from tests.faults.machine import Machine
from tests.faults.marking import closed_gate


def test_workers_on_a_full_disk_blame_no_photo_and_go_on_when_there_is_room(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes]
) -> None:
    run = cluster.plan(photos, attempts=1)
    (cluster.marks / "full").touch()
    reconciler = cluster.reconciler(run)
    status = cluster.drive(reconciler, until=lambda: reconciler.step().resent)
    assert (status.stage, status.done) == ("images", 0)
    (cluster.marks / "full").unlink()
    assert cluster.drive(reconciler).state == "finished"
    assert {outcome for outcome, _ in outcomes(run).values()} == {"ok"}
    assert tables(run) == undisturbed
    assert stray_files(cluster.store) == []


@pytest.fixture
def immutable() -> Iterator[Callable[[Path], None]]:
    """Has the kernel refuse every change of what is in a folder, root's too; needs root and a disk that can do so."""
    made: list[Path] = []

    def make(folder: Path) -> None:
        done = subprocess.run(["chattr", "+i", folder], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no folder can be made immutable here: {done.stderr.strip()}")
        made.append(folder)

    yield make
    for folder in made:
        subprocess.run(["chattr", "-i", folder], check=True)  # else nobody could delete it


def test_encodings_that_may_not_be_written_are_nobodys_fault_and_made_when_they_may(
    cluster: Cluster, photos: Path, undisturbed: dict[str, bytes], immutable: Callable[[Path], None]
) -> None:
    run = cluster.plan(photos, attempts=1)
    faces = run.encodings / "faces"
    faces.mkdir(parents=True, mode=0o700)
    immutable(faces)
    reconciler = cluster.reconciler(run)
    status = cluster.drive(reconciler, until=lambda: reconciler.step().resent)
    assert (status.stage, status.done) == ("images", 0)
    subprocess.run(["chattr", "-i", faces], check=True)
    assert cluster.drive(reconciler).state == "finished"
    assert {outcome for outcome, _ in outcomes(run).values()} == {"ok"}
    assert tables(run) == undisturbed
    assert stray_files(cluster.store) == []


def becomes_read_only(command: subprocess.Popen[bytes], folder: Path) -> None:
    """Mount a folder over itself, read-only, as that command and all that it started see it."""
    mount = f"mount --bind '{folder}' '{folder}' && mount -o remount,bind,ro '{folder}'"
    subprocess.run(["nsenter", "-t", str(command.pid), "-m", "sh", "-c", mount], check=True)


@pytest.mark.slow
def test_a_store_that_becomes_read_only_ends_the_command_with_a_reason_and_resume_goes_on(
    tmp_path: Path, photos: Path, gated: str, undisturbed: dict[str, bytes]
) -> None:
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mounts of our own can be made here")
    machine = Machine(tmp_path, through=("unshare", "-m"))
    command = machine.run(photos)
    run = machine.planned()
    with closed_gate(machine.marks):
        wait_for(lambda: pids_at(run, gated), "the photo at the gate")
        becomes_read_only(command, machine.store)
    assert command.wait(120) == 1
    assert "Read-only file system" in machine.said()
    assert "Traceback" not in machine.said()
    assert machine.start("resume", "--quiet").wait(120) == 0
    assert {outcome for outcome, _ in outcomes(run).values()} == {"ok"}
    assert tables(run) == undisturbed
    assert stray_files(machine.store) == []

"""A full disk and a store that may not be written: told within seconds, and no half-written file stays."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.parts import list_parts, read_parts
from storage.read_attempts import read_attempts
from storage.schemas import FITS
from tests.cluster import Cluster, check_no_stray_files, outcomes, pids_at, tables, wait_for
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
    check_no_stray_files(cluster.store)


DISK_BYTES = 40_000_000
"""Of the mounted disk: a run of twenty photos needs a few megabytes."""

FILL_BYTES = 1_000_000


@dataclass
class Disk:
    """A disk of its own at `folder`, which can be filled to the last byte."""

    folder: Path

    def fill(self) -> None:
        with (self.folder / "filler").open("ab", buffering=0) as file:
            for size in (FILL_BYTES, 1):  # what is left after the large pieces, byte by byte
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)):
                        pass
        assert self.free_bytes == 0

    @property
    def free_bytes(self) -> int:
        about = os.statvfs(self.folder)
        return about.f_bavail * about.f_frsize

    def empty(self) -> None:
        (self.folder / "filler").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk at the place of the machine's store; needs root."""
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "none", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


FULL_SECONDS = 12.0
"""How long the disk stays full: longer than it takes until a lost message is sent again."""


@pytest.mark.parametrize("of_what", ["the store", pytest.param("the store and the broker", marks=pytest.mark.slow)])
def test_a_run_on_a_disk_without_one_free_byte_says_so_and_ends_by_itself_when_there_is_room(
    tmp_path: Path, disk: Disk, photos: Path, gated: str, undisturbed: dict[str, bytes], of_what: str
) -> None:
    machine = Machine(tmp_path)
    machine.experiment.write_text('configurations = ["knn-1", "majority"]\nattempts = 1')
    if "broker" in of_what:
        (disk.folder / "tmp").mkdir()
        machine.environment["TMPDIR"] = str(disk.folder / "tmp")
    command = machine.run(photos)
    run = machine.planned()
    with closed_gate(machine.marks):
        wait_for(lambda: pids_at(run, gated), "the photo at the gate")
        disk.fill()
    wait_for(lambda: "Waiting: the disk is full" in machine.said(), "the word that the disk is full", seconds=5)
    with pytest.raises(AssertionError, match="an end of the command"):
        wait_for(lambda: command.poll() is not None, "an end of the command", seconds=FULL_SECONDS)
    assert disk.free_bytes < DISK_BYTES / 10
    assert read_attempts(run.attempts)[0] == set()
    disk.empty()
    assert command.wait(120) == 0
    assert "Going on" in machine.said()
    assert "Traceback" not in machine.said()
    assert {outcome for outcome, _ in outcomes(run).values()} == {"ok"}
    assert tables(run) == undisturbed
    check_no_stray_files(machine.store)


@pytest.mark.slow
def test_a_disk_that_is_full_when_the_trainings_begin_costs_no_attempt_of_any(
    tmp_path: Path, disk: Disk, photos: Path, undisturbed: dict[str, bytes]
) -> None:
    machine = Machine(tmp_path)
    machine.experiment.write_text('configurations = ["knn-1", "majority"]\nattempts = 1')
    command = machine.run(photos)
    run = machine.planned()
    wait_for(run.faces.exists, "the faces")
    disk.fill()
    wait_for(lambda: "Waiting: the disk is full" in machine.said(), "the word that the disk is full", seconds=10)
    disk.empty()
    assert command.wait(120) == 0
    assert tables(run) == undisturbed
    fits = read_parts(list_parts(run.fits), FITS).to_pylist()
    assert {fit["outcome"] for fit in fits} == {"ok"}
    check_no_stray_files(machine.store)


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
        subprocess.run(["chattr", "-i", folder], check=True)  # else the folder could not be deleted


@pytest.mark.slow
def test_encodings_that_may_not_be_written_blame_no_photo_and_are_made_when_they_may(
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
    check_no_stray_files(cluster.store)


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
    check_no_stray_files(machine.store)

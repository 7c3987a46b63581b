"""Faults of the environment are told within 15 s with what to do, and vanish when they are over."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.maintenance.diagnosis import ERROR
from orchestrator.maintenance.diagnostics import diagnose
from tests.cluster import outcomes, wait_for
from tests.faults.commands import Command
from tests.faults.marking import PLUGIN
from tests.faults.namespaces import without_shared_memory
from tests.services import Services, services_in
from workers.queue.environment import Settings
from workers.synthetic.photo_folder import write_folder

PHOTOS = 24


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six people, four photos of each."""
    folder = tmp_path_factory.mktemp("drawn") / "people"
    write_folder(folder, people=6, photos=PHOTOS // 6, seed=4, side=120, processes=1)
    return folder


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A broker, a worker for trainings, and no worker for photos yet."""
    with services_in(tmp_path / "services", PLUGIN, image_workers=0, orchestrators=0) as services:
        yield services


def errors(services: Services) -> str:
    """What `lineup doctor` finds wrong, with hints."""
    found = diagnose(services.store, Settings(broker_url=services.url(services.proxy.port)))
    return "\n".join(f"{one.what} -> {one.hint}" for one in found if one.state == ERROR)


def is_fine(command: Command) -> None:
    """The run ends well, with every photo."""
    command.ends(0)
    found = outcomes(command.run())
    assert len(found) == PHOTOS
    assert set(found.values()) == {("ok", "")}


def test_no_worker_and_workers_that_cannot_load_the_engine_are_told_and_then_the_run_goes_on(
    services: Services, photos: Path
) -> None:
    command = Command(services, "run", photos)
    command.tells("Waiting: no worker reads queue images. Start one: lineup worker images")
    assert "images: no worker is there" in errors(services)
    # nobody can make a folder there, not even root
    bad = services.add_worker("no-cache", "images", environment={"HOME": "/proc/1", "LINEUP_CACHE": ""})
    command.tells("the model cache /proc/1/.cache/lineup cannot be written", seconds=40)
    command.tells("Set LINEUP_CACHE to a folder that can be written", seconds=40)
    assert "the model cache /proc/1/.cache/lineup cannot be written" in errors(services)
    impatient = services.lineup("resume", command.run().run_id, "--no-wait")
    assert impatient.returncode == 1
    assert "no worker of queue images can work" in impatient.stderr
    services.add_worker("good", "images")
    is_fine(command)
    assert "sent 20 times" not in command.said()
    bad.stop()
    assert "cache" not in errors(services)


def test_a_worker_without_shared_memory_says_so(services: Services, photos: Path) -> None:
    services.add_worker("no-shm", "images", through=without_shared_memory())
    command = Command(services, "run", photos)
    command.tells("no semaphore can be made in /dev/shm")
    command.tells("Mount a writable tmpfs at /dev/shm")
    assert "no semaphore can be made" in errors(services)
    services.add_worker("good", "images")
    is_fine(command)


def test_a_broker_that_has_become_a_read_only_replica_is_told_by_the_run_and_by_workers_that_start(
    services: Services, photos: Path
) -> None:
    services.connection().replicaof("127.0.0.1", 1)
    services.add_worker("images", "images")
    command = Command(services, "run", photos)
    command.tells("takes no messages")
    command.tells("It is a read-only replica: name the primary server")
    wait_for(lambda: "read-only replica" in errors(services), "the worker's fault")
    services.connection().replicaof("NO", "ONE")
    is_fine(command)
    assert "Going on" in command.said()
    assert "read-only" not in errors(services)


def allow(services: Services, *rules: str) -> None:
    """Change what the broker's user `lineup` may do."""
    services.connection().execute_command("ACL", "SETUSER", "lineup", *rules)  # type: ignore[no-untyped-call]


def test_a_user_of_the_broker_without_channels_is_told_by_the_run_and_by_workers(
    services: Services, photos: Path
) -> None:
    allow(services, "on", ">secret", "~*", "+@all", "resetchannels")
    url = services.url(services.proxy.port).replace(f":{services.password}@", "lineup:secret@")
    services.environment["LINEUP_BROKER_URL"] = url
    services.add_worker("images", "images")
    command = Command(services, "run", photos)
    command.tells("forbids what Lineup needs")
    command.tells("ACL SETUSER lineup")
    found = diagnose(services.store, Settings(broker_url=url))
    assert any("ACL SETUSER lineup" in one.hint for one in found if one.state == ERROR)
    allow(services, "&*")
    is_fine(command)


@pytest.mark.slow
def test_processes_that_die_while_they_load_the_engine_are_told(
    services: Services, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(DIES_WHILE_LOADING)
    path = os.pathsep.join((str(tmp_path), services.environment["PYTHONPATH"]))
    bad = services.add_worker("dying", "images", environment={"PYTHONPATH": path})
    wait_for(lambda: services.live() == 2, "both workers")
    command = Command(services, "run", photos)
    command.tells("died while it loaded the face engine", seconds=25)
    command.tells("Give the worker more memory", seconds=25)
    bad.stop()
    services.add_worker("good", "images")
    is_fine(command)


DIES_WHILE_LOADING = """
import os, signal
from workers.jobs import encode_photos
encode_photos.load_engine = lambda settings: os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_worker_of_another_version_takes_no_work_from_the_others_and_says_so(
    services: Services, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(ANOTHER_VERSION)
    path = os.pathsep.join((str(tmp_path), services.environment["PYTHONPATH"]))
    services.add_worker("old", "images", environment={"PYTHONPATH": path})
    wait_for(lambda: services.live() == 2, "both workers")
    command = Command(services, "run", photos)
    command.tells("another version of the face engine than this worker's")
    command.tells("Install the orchestrator's version of Lineup there")
    services.add_worker("good", "images")
    is_fine(command)


ANOTHER_VERSION = """
from workers.jobs import encode_photos
encode_photos.engine_fingerprint = lambda settings: "0" * 32
"""


@pytest.mark.slow
def test_a_worker_that_is_suspended_is_told_as_silent(services: Services, photos: Path) -> None:
    worker = services.add_worker("suspended", "images")
    wait_for(lambda: services.live() == 2, "both workers")
    os.killpg(worker.pid, signal.SIGSTOP)
    try:
        command = Command(services, "run", photos)
        command.tells("it lives and writes nothing into the store", seconds=20)
    finally:
        os.killpg(worker.pid, signal.SIGCONT)
    is_fine(command)

"""One worker's trouble is not the photo's: a worker that cannot read the photos costs none, and takes no queue."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.maintenance.check import check_run
from orchestrator.maintenance.diagnosis import ERROR
from orchestrator.maintenance.diagnostics import diagnose
from storage.parts import list_parts
from tests.cluster import outcomes, wait_for
from tests.faults.commands import Command
from tests.faults.marking import PLUGIN
from tests.faults.namespaces import with_other_photos, without_override, without_photos
from tests.services import Services, services_in
from workers.queue.environment import Settings
from workers.synthetic.photo_folder import write_folder

PHOTOS, FEW = 208, 24
NOTHING = "has none of the catalogued photos"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """208 photos of thirteen people."""
    folder = tmp_path_factory.mktemp("drawn") / "people"
    write_folder(folder, people=13, photos=16, seed=4, side=120, processes=2)
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 photos of six people, where the number tells nothing."""
    folder = tmp_path_factory.mktemp("few") / "people"
    write_folder(folder, people=6, photos=FEW // 6, seed=4, side=120, processes=1)
    return folder


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A broker, a worker for trainings, and no worker for photos yet."""
    with services_in(tmp_path / "services", PLUGIN, image_workers=0, orchestrators=0) as services:
        yield services


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes files unreadable for the process that it is loaded into."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler is here")
    made = tmp_path_factory.mktemp("shim") / "bad_files.so"
    source = Path(__file__).with_name("bad_files.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, source, "-ldl"], check=True)
    return made


def are_all_ok(command: Command, count: int = PHOTOS) -> None:
    """Whether each photo of the run was encoded."""
    found = outcomes(command.run())
    assert len(found) == count
    assert set(found.values()) == {("ok", "")}


def test_one_worker_of_three_without_the_photos_costs_no_photo_and_is_named(services: Services, drawn: Path) -> None:
    bad = services.add_worker("bad", "images", through=without_photos(drawn))
    for name in ("first", "second"):
        services.add_worker(name, "images")
    wait_for(lambda: services.live() == 4, "all workers")
    command = Command(services, "run", drawn)
    command.ends(0)
    are_all_ok(command)
    assert f"Fault: images-{bad.pid}@" in command.said()
    assert NOTHING in command.said()
    assert bad.log.read_text().count("encode_photos[") < 6  # two lines a message: it did not go on taking them


def test_each_way_in_which_a_worker_cannot_read_the_photos_is_told_and_costs_none(
    services: Services, few: Path, shim: Path, tmp_path: Path
) -> None:
    photos = Path(shutil.copytree(few, tmp_path / "people"))
    os.chown(photos, 65534, 65534)
    photos.chmod(0o700)
    others = tmp_path / "others"
    for photo in photos.rglob("*.jpg"):
        (others / photo.parent.name).mkdir(parents=True, exist_ok=True)
        (others / photo.parent.name / photo.name).write_bytes(b"another photo of the same name")
    preloaded = {"LD_PRELOAD": str(shim), "LINEUP_TEST_BAD": f"{photos}/"}
    services.add_worker("other", "images", through=with_other_photos(photos, others))
    services.add_worker("forbidden", "images", through=without_override())
    for name, number in (("stale", f"{errno.ESTALE}"), ("io", f"r{errno.EIO}"), ("eperm", f"{errno.EPERM}")):
        services.add_worker(name, "images", environment={**preloaded, "LINEUP_TEST_ERRNO": number})
    wait_for(lambda: services.live() == 6, "all bad workers")
    command = Command(services, "run", photos)
    command.tells("Waiting: no worker of queue images can work", seconds=60)
    for cause in (
        "the file has changed",
        os.strerror(errno.EACCES),
        os.strerror(errno.ESTALE),
        os.strerror(errno.EIO),
        os.strerror(errno.EPERM),
    ):
        command.tells(cause, seconds=60)
    services.add_worker("good", "images")
    command.ends(0)
    are_all_ok(command, FEW)


@pytest.mark.slow
def test_where_no_worker_can_read_the_photos_the_run_waits_says_so_and_goes_on_when_one_can(
    services: Services, few: Path
) -> None:
    bad = services.add_worker("bad", "images", through=without_photos(few))
    wait_for(lambda: services.live() == 2, "both workers")
    command = Command(services, "run", few, "--json")
    command.tells(NOTHING)
    command.tells("Mount the same photos there")
    found = diagnose(services.store, Settings(broker_url=services.url(services.proxy.port)))
    assert any(NOTHING in one.what and "Mount" in one.hint for one in found if one.state == ERROR)
    assert any(NOTHING in fault for fault in check_run(command.run()).faults)
    command.interrupt()
    told = json.loads(command.said()[command.said().index("{") : command.said().rindex("}") + 1])
    assert (told["state"], told["done"]) == ("running", 0)
    assert NOTHING in told["waiting"]
    assert list_parts(command.run().failures) == []
    services.lineup("cancel", command.run().run_id)
    again = Command(services, "run", few)
    again.tells(NOTHING)
    subprocess.run(["nsenter", "--target", str(bad.pid), "--mount", "umount", few], check=True)
    again.ends(0)
    assert "Going on" in again.said()
    are_all_ok(again, FEW)
    assert not any(one.state == ERROR and one.topic == "workers" for one in diagnose(services.store, Settings()))


@pytest.mark.slow
def test_photos_that_vanish_for_everybody_are_waited_for(services: Services, few: Path, tmp_path: Path) -> None:
    photos = Path(shutil.copytree(few, tmp_path / "people"))
    command = Command(services, "run", photos)
    wait_for(lambda: list((services.store / "runs").glob("*/run.json")), "the plan")
    photos.rename(tmp_path / "elsewhere")
    services.add_worker("worker", "images")
    command.tells(NOTHING, seconds=40)
    assert list_parts(command.run().failures) == []
    (tmp_path / "elsewhere").rename(photos)
    command.ends(0)
    are_all_ok(command, FEW)

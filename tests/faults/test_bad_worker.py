"""One worker's trouble is not the photo's: a worker that cannot read the photos costs none and takes no queue."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.runs import Run, list_runs, open_run
from tests.cluster import outcomes, wait_for
from tests.faults.marking import PLUGIN
from tests.faults.namespaces import without_photos
from tests.services import LINEUP, Services, services_in
from workers.synthetic.photo_folder import write_folder

TOLD_SECONDS = 15
PHOTOS = 208


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """208 photos of thirteen people."""
    folder = tmp_path_factory.mktemp("drawn") / "people"
    write_folder(folder, people=13, photos=16, seed=4, side=120, processes=2)
    return folder


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """A broker and no worker yet."""
    with services_in(tmp_path / "services", PLUGIN, image_workers=0, orchestrators=0) as services:
        yield services


class Command:
    """`lineup run` in a process of its own."""

    def __init__(self, services: Services, *arguments: object) -> None:
        self.store = services.store
        experiment = services.store.parent / "experiment.toml"
        experiment.write_text('configurations = ["knn-1", "majority"]')
        self._log = services.store.parent / f"command-{time.monotonic_ns()}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [str(LINEUP), "run", *map(str, arguments), "-e", str(experiment)],
                env={**services.base_environment},
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def run(self) -> Run:
        return open_run(self.store, list_runs(self.store)[0])


def test_one_worker_of_three_without_the_photos_costs_no_photo_and_is_named(services: Services, drawn: Path) -> None:
    bad = services.add_worker("bad", "images", through=without_photos(drawn))
    for name in ("first", "second"):
        services.add_worker(name, "images")
    wait_for(lambda: services.live() == 4, "all workers")
    command = Command(services, drawn)
    assert command.process.wait(200) == 0, command.said()
    found = outcomes(command.run())
    assert len(found) == PHOTOS
    assert set(found.values()) == {("ok", "")}
    assert f"Fault: images-{bad.pid}@" in command.said()
    assert "none of the catalogued photos" in command.said()
    log = bad.log.read_text()
    assert log.count("cannot") + log.count("photos: ") < 20  # it did not take most of the queue

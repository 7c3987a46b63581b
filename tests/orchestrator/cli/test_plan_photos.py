"""Commands that plan a run of photos have its new files read by the workers of a cluster, where there is one."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from orchestrator.local import drive_run as driving
from orchestrator.scheduler import scan_by_workers
from orchestrator.scheduler.status import status_of
from orchestrator.scheduler.worker_watch import workers_now
from storage import scans
from storage.known_files import forget_known_files
from storage.runs import list_runs, open_run
from storage.schemas import CATALOG
from storage.tables import read_table
from tests.cluster import Cluster, wait_for
from tests.orchestrator.conftest import Call
from tests.orchestrator.verification.lfw import pairs_text, write_people
from workers.queue.task_names import IMAGES

PEOPLE, PHOTOS = 6, 4


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """People in the layout of LFW, one photo of whom is none; and pairs.txt, which names all but one, beside them."""
    names = write_people(tmp_path / "people", PEOPLE, PHOTOS, side=64)
    (tmp_path / "people" / names[0] / f"{names[0]}_0001.jpg").write_bytes(b"no photo")
    (tmp_path / "pairs.txt").write_text(pairs_text(names[1:], PHOTOS, 2, 9))
    return tmp_path / "people"


@pytest.fixture
def opened(files_read: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that this process opens for a catalogue; no run is worked on, and messages have three files."""
    monkeypatch.setattr(scans, "BATCH", 3)
    monkeypatch.setattr(scan_by_workers, "LEAST_FILES", 2)
    monkeypatch.setattr(driving, "drive_run", lambda run, *_: status_of(run))
    return files_read


def planned(store: Path, call: Call, url: str, *command: str) -> tuple[str, pa.Table]:
    """The name and the catalogue of the run that a command plans; its files are then not known any more."""
    before = set(list_runs(store))
    done = call(store, *command, broker_url=url)
    found = set(list_runs(store)) - before
    assert found, (done.output, done.exception)
    run = open_run(store, found.pop())
    forget_known_files(store, run.plan.dataset)
    return run.run_id, read_table(run.catalog, CATALOG)


def test_workers_read_the_new_files_of_five_commands_and_the_table_is_the_same(
    lab: Cluster, people: Path, opened: list[str], call: Call, tmp_path: Path
) -> None:
    alone, folder = tmp_path / "alone", str(people)
    wait_for(lambda: workers_now(lab.store, IMAGES).able, "a worker")
    for command in (
        ("submit", folder),
        ("train-encoder", folder),
        ("verify", folder),
        ("verify", folder, "--pairs", str(people.with_name("pairs.txt"))),
        ("cluster", folder, "--into", str(tmp_path / "into")),
    ):
        name, expected = planned(alone, call, "", *command)
        assert len(opened) == expected.num_rows > PEOPLE, command
        opened.clear()
        same, catalog = planned(lab.store, call, lab.stack.broker_url, *command)
        assert opened == [], command
        assert same == name
        assert catalog.equals(expected), command
    assert not (alone / scans.SCANS).exists()
    assert list((lab.store / scans.SCANS).iterdir()) == []

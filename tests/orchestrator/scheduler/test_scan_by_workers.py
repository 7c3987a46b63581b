"""Workers read new files for the catalogue; what they do not read, the client does. The catalogue is the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from orchestrator.dataset.catalog import build_catalog
from orchestrator.scheduler import scan_by_workers as room
from orchestrator.scheduler.broker import Broker
from orchestrator.scheduler.scan_by_workers import ScanByWorkers
from orchestrator.scheduler.worker_watch import Workers, workers_now
from storage import scans
from storage.errors import BrokerError
from storage.scans import SCANS, open_scan
from tests.cluster import Cluster, wait_for
from workers.faces import scan_files
from workers.jobs.job import Refused
from workers.jobs.scan_batch import scan_batch
from workers.queue.messages import parse_scan
from workers.queue.task_names import IMAGES
from workers.synthetic.photo_folder import write_folder


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of three files."""
    monkeypatch.setattr(scans, "BATCH", 3)
    monkeypatch.setattr(room, "LEAST_FILES", 2)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    write_folder(tmp_path / "people", 2, 5, seed=1, side=64)
    (tmp_path / "people" / "broken.jpg").write_bytes(b"beside")
    next((tmp_path / "people").glob("*/*.jpg")).write_bytes(b"no photo")
    return tmp_path / "people"


class FakeBroker:
    """Hands each message to a function at once."""

    def __init__(self, take: Callable[[str, int], None]) -> None:
        self._take = take

    def send(self, _task: str, arguments: tuple[str, int], _queue: str, _task_id: str) -> None:
        self._take(*arguments)


def scanner(store: Path, take: Callable[[str, int], None]) -> ScanByWorkers:
    ticks = iter(range(10_000))
    broker = cast(Broker, FakeBroker(take))
    return ScanByWorkers(store, lambda: broker, clock=lambda: float(next(ticks)), pause=lambda _: None)


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "workers_now", lambda _store, _queue: Workers(able=1))


def test_the_workers_of_a_cluster_read_and_the_client_opens_no_file(
    lab: Cluster, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, _ = build_catalog(people)
    wait_for(lambda: workers_now(lab.store, IMAGES).able, "a worker")
    monkeypatch.delattr(scan_files, "read_file")
    scan = ScanByWorkers(lab.store, lambda: lab.stack.broker)
    catalog, _ = build_catalog(people, elsewhere=scan)
    assert catalog.equals(expected)
    assert list((lab.store / SCANS).iterdir()) == []


@pytest.mark.usefixtures("able")
def test_what_stands_still_or_is_left_out_is_read_here(people: Path, tmp_path: Path) -> None:
    expected, _ = build_catalog(people)
    store = tmp_path / "store"

    def first_only(scan_id: str, batch: int) -> None:
        if batch == 0:
            scan_batch(store, scan_id, batch)

    def without_rows(scan_id: str, batch: int) -> None:
        scan = open_scan(store, scan_id)
        assert scan is not None
        scan.write(batch, [])

    for take in (first_only, without_rows, lambda *_: None):
        catalog, _ = build_catalog(people, elsewhere=scanner(store, take))
        assert catalog.equals(expected)


@pytest.mark.usefixtures("able")
def test_without_a_broker_the_client_reads(people: Path, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise BrokerError("no broker", "")

    catalog, _ = build_catalog(people, elsewhere=scanner(tmp_path / "store", refuse))
    assert catalog.equals(build_catalog(people)[0])


def test_without_workers_nothing_is_sent(people: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    catalog, _ = build_catalog(people, elsewhere=scanner(store, lambda *_: pytest.fail("it was sent")))
    assert catalog.equals(build_catalog(people)[0])
    assert not (store / SCANS).exists()


@pytest.mark.usefixtures("able")
def test_a_message_of_a_scan_that_has_ended_does_nothing(people: Path, tmp_path: Path) -> None:
    store, sent = tmp_path / "store", list[tuple[str, int]]()
    build_catalog(people, elsewhere=scanner(store, lambda scan_id, batch: sent.append((scan_id, batch))))
    for scan_id, batch in sent:
        scan_batch(store, scan_id, batch)
    assert list((store / SCANS).iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [("../../etc", 0), ("a" * 31, 0), ("a" * 32, "0"), ("a" * 32, True), (7, 0), ("a" * 32, None)]
)
def test_what_names_no_batch_is_refused(arguments: tuple[object, object]) -> None:
    with pytest.raises(Refused):
        parse_scan(*arguments)


@pytest.mark.usefixtures("able")
def test_a_batch_that_the_scan_does_not_have_is_refused(people: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"

    def another(scan_id: str, _batch: int) -> None:
        with pytest.raises(Refused, match="has no batch 99"):
            scan_batch(store, scan_id, 99)

    build_catalog(people, elsewhere=scanner(store, another))


def test_a_large_folder_of_one_person_is_refused_before_it_is_read(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestrator.dataset import catalog
    from storage.errors import DatasetError

    for path in sorted(people.iterdir())[1:]:
        path.rename(path.with_name(f".{path.name}"))
    monkeypatch.setattr(catalog, "ROUND", 2)
    monkeypatch.delattr(scan_files, "read_file")
    with pytest.raises(DatasetError, match="photos of 1 people; 2 are needed"):
        build_catalog(people)

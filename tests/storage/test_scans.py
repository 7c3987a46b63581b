"""A scan is there until its client deletes it, or a day after a client was killed; a worker reads its batch alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage import row_groups, scans
from storage.engine_settings import Limits
from storage.object_path import ObjectPath
from storage.scans import SCANS, Row, Scan, new_scan
from tests.s3 import FaultyProxy

LIMITS = Limits()


@pytest.fixture(params=["folder", "object"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path if request.param == "folder" else request.getfixturevalue("bucket")


def a_scan(store: Path) -> Scan:
    return new_scan(store, "/photos", LIMITS, [{"path": "a.jpg", "size": 1, "version": "1"}])


def test_forgotten_scans_are_deleted_a_day_later(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten, half_written, half_deleted = (a_scan(store) for _ in range(3))
    (half_written.folder / "scan.json").unlink()
    for name in ("scan.json", "listing.parquet"):
        (half_deleted.folder / name).unlink()
    (half_deleted.folder / "part").write_bytes(b"")
    a_scan(store)
    assert len(list((store / SCANS).iterdir())) == 4

    monkeypatch.setattr(scans, "FORGOTTEN_SECONDS", -60)
    last = a_scan(store)
    assert list((store / SCANS).iterdir()) == [last.folder]
    assert not (forgotten.folder / "scan.json").exists()


def test_a_scan_that_is_written_to_is_not_forgotten(tmp_path: Path) -> None:
    scan = a_scan(tmp_path)
    for path in scan.folder.iterdir():
        os.utime(path, (1, 1))
    scan.write(0, [])
    a_scan(tmp_path)
    assert scan.part(0).exists()


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """Eight files in batches of three."""
    monkeypatch.setattr(scans, "BATCH", 3)
    return [{"path": f"{number}.jpg", "size": number, "version": "1"} for number in range(8)]


def test_a_batch_is_read_without_those_before_it(
    rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = new_scan(tmp_path, "/photos", Limits(), rows)
    read: list[int] = []
    real = row_groups._group

    def group(file: object, number: int, *rest: object) -> object:
        read.append(number)
        return real(file, number, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(row_groups, "_group", group)
    assert [scan.listed(batch) for batch in range(scan.batches)] == [rows[:3], rows[3:6], rows[6:]]
    assert read == [0, 1, 2]
    assert scan.listed(3) == []


@pytest.mark.parametrize("damage", ["in its pages", "in its footer", "another table"])
def test_a_damaged_listing_has_no_files_and_is_set_aside(rows: list[Row], tmp_path: Path, damage: str) -> None:
    scan = new_scan(tmp_path, "/photos", Limits(), rows)
    listing = scan.folder / "listing.parquet"
    content = bytearray(listing.read_bytes())
    if damage == "another table":
        scan.write(0, [])
        content = bytearray(scan.part(0).read_bytes())
    for place in {"in its pages": range(4, 60), "in its footer": range(len(content) - 60, len(content))}.get(
        damage, ()
    ):
        content[place] ^= 255
    listing.write_bytes(content)
    assert scan.listed(0) == []
    assert len(list(scan.folder.glob("listing.parquet.*.damaged"))) == 1
    assert scan.listed(0) == []


def test_what_is_done_is_asked_with_one_request(rows: list[Row], bucket: ObjectPath, faulty: FaultyProxy) -> None:
    scan = new_scan(bucket, "s3://photos", Limits(), rows)
    assert scan.done() == set()
    scan.write(0, [])
    scan.write(2, [])
    before = len(faulty.requests)
    assert scan.done() == {0, 2}
    assert len(faulty.requests) - before == 1

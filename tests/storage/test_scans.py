"""A scan is there until its client deletes it, or a day after a client was killed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage import scans
from storage.engine_settings import Limits
from storage.scans import SCANS, Scan, new_scan

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

"""A scan: files of a dataset that workers read for the catalogue, while its client waits.

    scans/<scan>/scan.json  listing.parquet  <batch>.parquet

The listing has a row group for each batch. A batch is done when its part is there; files that a worker cannot read are
not in it, and the client reads them. The client deletes the scan; without it a message is out of date.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from storage.engine_settings import Limits
from storage.erase_photos import delete
from storage.errors import StoreError
from storage.object_path import ObjectPath
from storage.parts import list_parts, part_path, read_parts, table_of, write_part, write_tables
from storage.row_groups import row_group
from storage.schemas import KNOWN_FILES
from storage.write_whole import write_bytes

SCANS = "scans"
BATCH = 256
"""Files a message: a second or two of a worker."""

FORGOTTEN_SECONDS = 86_400
"""Older scans are left by clients that were killed."""

SCAN_ID = re.compile(r"[0-9a-f]{32}")

LISTING = pa.schema([KNOWN_FILES.field(name) for name in ("path", "size", "version")])

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Scan:
    """A scan of some files.

    Attributes:
        dataset: absolute path or address of the folder.
        batches: how many there are.
    """

    folder: Path
    dataset: str
    limits: Limits
    batches: int

    @property
    def scan_id(self) -> str:
        return self.folder.name

    def part(self, batch: int) -> Path:
        """Where the facts of a batch are, or will be."""
        return part_path(self.folder, f"{batch:08}")

    def listed(self, batch: int) -> list[Row]:
        """The files of a batch: path, size, version; none where the scan is gone."""
        try:
            group = row_group(self.folder / "listing.parquet", LISTING, LISTING.names, batch)
        except FileNotFoundError:
            return []
        rows: list[Row] = group.to_pylist() if group else []
        return rows

    def write(self, batch: int, rows: Sequence[Row]) -> None:
        """Store the facts of a batch, unless the scan is gone; raises StoreError."""
        if (self.folder / "scan.json").exists():
            write_part(self.part(batch), table_of([dict(row) for row in rows], KNOWN_FILES))

    def done(self) -> set[int]:
        """The batches whose facts are there; one listing, which in an object store is one request."""
        return {int(path.stem) for path in list_parts(self.folder) if path.stem.isdecimal()}

    def read(self, batch: int) -> list[Row]:
        """The facts of a batch that is done."""
        rows: list[Row] = read_parts([self.part(batch)], KNOWN_FILES).to_pylist()
        return rows

    def delete(self) -> None:
        """End the scan; raises StoreError."""
        delete(self.folder / "scan.json")
        delete(self.folder)


def new_scan(store: Path, dataset: str, limits: Limits, files: Sequence[Row]) -> Scan:
    """Write a scan of these files (path, size, version); raises StoreError."""
    _sweep(store)
    folder, batches = store / SCANS / uuid.uuid4().hex, -(-len(files) // BATCH)
    tables = (table_of([dict(row) for row in files[i : i + BATCH]], LISTING) for i in range(0, len(files), BATCH))
    write_tables(folder / "listing.parquet", LISTING, tables)
    about = {"dataset": dataset, "limits": asdict(limits), "batches": batches}
    write_bytes(folder / "scan.json", json.dumps(about).encode())
    return Scan(folder, dataset, limits, batches)


def open_scan(store: Path, scan_id: str) -> Scan | None:
    """A scan that goes on; None where it has ended.

    Raises:
        StoreError: it is damaged.
    """
    folder = store / SCANS / scan_id
    try:
        about = json.loads((folder / "scan.json").read_bytes())
        return Scan(folder, about["dataset"], Limits(**about["limits"]), int(about["batches"]))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{folder / 'scan.json'} cannot be read: {error}") from error


def _sweep(store: Path) -> None:
    """Also scans without scan.json: a client may be killed before it is written, or while it ends one."""
    for folder in _scans(store):
        try:
            old = time.time() - _written(folder) > FORGOTTEN_SECONDS
        except FileNotFoundError:
            continue
        if old:
            delete(folder)


def _scans(store: Path) -> list[Path]:
    try:
        return [folder for folder in (store / SCANS).iterdir() if SCAN_ID.fullmatch(folder.name)]
    except FileNotFoundError:
        return []


def _written(folder: Path) -> float:
    """When a file was last written into a scan, in seconds since 1970; raises FileNotFoundError where it is gone."""
    if isinstance(folder, ObjectPath):
        return max((about.written for _, about in folder.objects()), default=0.0)
    return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))

"""The task scan_files: read a batch of files for the catalogue of a client that waits (storage/scans.py)."""

from __future__ import annotations

import logging
from pathlib import Path

from storage.object_path import store_path
from storage.scans import open_scan
from workers.faces.decode.guarded_reader import guarded_reader
from workers.faces.decode.open_file import read_file_inside
from workers.faces.scan_files import scan_files, was_read
from workers.jobs.job import Refused

logger = logging.getLogger("lineup.scanning")


def scan_batch(store: Path, scan_id: str, batch: int) -> None:
    """Store the facts of the files of a batch, unless they are there or the client waits no more.

    Files that cannot be read here are left to the client, who may read them.

    Raises:
        Refused: the scan has no such batch.
        StoreError: the store cannot be read or written.
    """
    scan = open_scan(store, scan_id)
    if scan is None or scan.part(batch).is_file():
        return
    if not 0 <= batch < scan.batches:
        raise Refused(f"scan {scan_id} has no batch {batch}")
    root = store_path(scan.dataset)
    files = scan.listed(batch)
    paths = [file["path"] for file in files]
    found = scan_files(root, paths, scan.limits, guarded_reader().headers, read_file_inside)
    rows = [{**file, **facts} for file, facts in zip(files, found, strict=True) if was_read(facts)]
    scan.write(batch, rows)
    logger.info("%d files scanned", len(rows))

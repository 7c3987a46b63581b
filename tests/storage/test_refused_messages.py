"""Refused messages are counted exactly, by any number of processes, in a file that does not grow."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from storage.object_path import ObjectPath
from storage.refused_messages import FOLDER, count_refused, refused_messages


def _count(store: Path, times: int) -> None:
    for _ in range(times):
        count_refused(store, "unsigned")


def test_processes_of_a_host_count_together(tmp_path: Path) -> None:
    assert refused_messages(tmp_path) == {}
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_count, args=(tmp_path, 200)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert count_refused(tmp_path, "too long") == 1
    assert refused_messages(tmp_path) == {"unsigned": 600, "too long": 1}
    (file,) = (tmp_path / FOLDER).iterdir()
    assert file.stat().st_size < 100
    assert file.stat().st_mode & 0o777 == 0o600


def test_those_who_count_at_once_in_a_bucket_count_together(bucket: ObjectPath) -> None:
    """All of them ask for the same content, and only one of them may take it for its own."""
    with ThreadPoolExecutor(4) as pool:
        for _ in range(24):
            pool.submit(count_refused, bucket, "unsigned")

    assert refused_messages(bucket) == {"unsigned": 24}


def test_hosts_are_added_up_and_a_damaged_file_counts_nothing(tmp_path: Path) -> None:
    count_refused(tmp_path, "unsigned")
    (tmp_path / FOLDER / "other.json").write_text('{"unsigned": 4, "by its task": 2, "x": "y"}')
    (tmp_path / FOLDER / "third.json").write_text("[1")
    assert refused_messages(tmp_path) == {"unsigned": 5, "by its task": 2}

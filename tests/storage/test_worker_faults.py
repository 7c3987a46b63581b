"""The files of workers: the kernel tells who is alive, and a fault is written in place, also on a full disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.errors import WorkerUnfit
from storage.worker_faults import (
    BLOCK,
    MOST_ENVIRONMENT,
    WorkerFile,
    _block,
    fault_of,
    live_workers,
    read_fault,
    write_fault,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "workers" / "one.worker"


def test_a_worker_is_there_until_it_ends(tmp_path: Path, path: Path) -> None:
    assert live_workers(tmp_path) == []
    worker = WorkerFile(path, "images-1@host", ("images",), 3)
    (state,) = live_workers(tmp_path)
    assert (state.name, state.queues, state.processes, state.pid) == ("images-1@host", ("images",), 3, os.getpid())
    assert state.fault is None
    worker.close()
    assert live_workers(tmp_path) == []


def test_the_file_of_a_worker_that_died_is_deleted(tmp_path: Path, path: Path) -> None:
    child = os.fork()
    if child == 0:
        WorkerFile(path, "images-1@host", ("images",), 1)
        os._exit(0)
    os.waitpid(child, 0)
    assert path.exists()
    assert live_workers(tmp_path) == []
    assert not path.exists()


def test_a_beat_shows_that_it_can_still_write(tmp_path: Path, path: Path) -> None:
    worker = WorkerFile(path, "images-1@host", ("images",), 1)
    (before,) = live_workers(tmp_path)
    worker.beat()
    (after,) = live_workers(tmp_path)
    assert after.beat == before.beat + 1
    worker.close()


def test_a_fault_is_there_until_it_is_over_and_survives_beats(tmp_path: Path, path: Path) -> None:
    worker = WorkerFile(path, "images-1@host", ("images",), 1)
    fault = fault_of(WorkerUnfit("photos", "the mount is empty", "Mount it", "run-1"))
    write_fault(path, fault)
    worker.beat()
    assert read_fault(path) == fault
    assert live_workers(tmp_path)[0].fault == fault
    write_fault(path, None)
    assert read_fault(path) is None
    worker.close()


@pytest.mark.parametrize("character", ["x", "é", "𝄞", "\x1b", '"', "\n"])
def test_a_long_fault_is_cut_so_that_the_file_never_grows(path: Path, character: str) -> None:
    worker = WorkerFile(path, "images-1@host", ("images",), 1)
    write_fault(path, fault_of(WorkerUnfit("photos", character * 5000, character * 5000)))
    fault = read_fault(path)
    assert fault is not None
    assert fault.cause == character * len(fault.cause)
    assert len(fault.cause) > 20
    assert path.stat().st_size == 2 * BLOCK
    worker.close()


@pytest.mark.parametrize("character", ["x", "é", "𝄞", "\x1b"])
def test_a_worker_with_long_names_is_there_all_the_same(tmp_path: Path, path: Path, character: str) -> None:
    worker = WorkerFile(path, character * 2000, ("images",), 1, character * MOST_ENVIRONMENT)
    (state,) = live_workers(tmp_path)
    assert state.name == character * len(state.name)
    assert len(state.name) > 20
    assert state.environment == ""
    assert path.stat().st_size == 2 * BLOCK
    worker.close()


@pytest.mark.parametrize("texts", [{}, {"name": "a"}])
def test_what_cannot_be_cut_is_an_error_and_no_endless_loop(texts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no text that can be cut"):
        _block({**texts, "queues": ["images"] * BLOCK})


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"host": 1}', b" " * 2 * BLOCK, b"\xff" * 2 * BLOCK])
def test_a_damaged_file_is_no_worker_and_no_error(tmp_path: Path, path: Path, content: bytes) -> None:
    worker = WorkerFile(path, "images-1@host", ("images",), 1)
    path.write_bytes(content)
    assert live_workers(tmp_path) == []
    assert read_fault(path) is None
    worker.close()

"""What a process held when its store went away is held by nobody once the store is back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest

from storage import object_leases, object_stores
from storage.attempts import claim_attempt
from storage.errors import StoreUnreachable
from storage.liveness import liveness_of
from storage.object_path import ObjectPath
from storage.open_store import open_store
from storage.read_attempts import read_attempts
from storage.whole_objects import put_whole
from storage.worker_faults import live_workers
from tests.cluster import wait_for
from tests.s3 import FaultyProxy


def test_the_way_of_a_store_is_read_once(bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(bucket)
    first = liveness_of(store / "attempts")

    def asked(path: ObjectPath) -> tuple[bytes, str]:
        raise AssertionError(f"asked for {path}")

    monkeypatch.setattr(ObjectPath, "read_with_tag", asked)
    assert liveness_of(store / "workers") is first


@pytest.mark.parametrize("theirs", [b"", b"another's"])
def test_a_file_whose_answer_was_lost_is_deleted_later_and_anothers_is_not(
    bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch, theirs: bytes
) -> None:
    finished: list[Callable[[], None]] = []
    monkeypatch.setattr(object_leases, "_finish", finished.append)
    path = open_store(bucket) / "claim"

    def unanswered(path: Path, content: bytes) -> bool:
        path.write_bytes(theirs or content)
        raise StoreUnreachable("cut")

    monkeypatch.setattr(object_leases, "create_whole", unanswered)
    with pytest.raises(StoreUnreachable):
        liveness_of(path).hold(path, b"ours")
    (finish,) = finished
    finish()
    assert path.exists() is bool(theirs)


@pytest.mark.parametrize("read", [lambda store: read_attempts(store / "attempts"), live_workers])
def test_attempts_and_workers_are_read_at_the_same_time(
    bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object]
) -> None:
    store = open_store(bucket)
    for number in range(4):
        (store / "attempts" / f"{number}.attempt").write_bytes(b"host 1")
        (store / "workers" / f"{number}.worker").write_bytes(b"{}")
    together, read_bytes = threading.Barrier(4, timeout=10), ObjectPath.read_bytes

    def waiting(path: ObjectPath) -> bytes:
        if path.suffix in (".attempt", ".worker"):
            together.wait()
        return read_bytes(path)

    monkeypatch.setattr(ObjectPath, "read_bytes", waiting)
    read(store)


def test_what_is_announced_is_named_without_another_request(bucket: ObjectPath, faulty: FaultyProxy) -> None:
    folder, names = open_store(bucket) / "attempts", ["a" * 64, "b" * 64, "c" * 64]
    with claim_attempt(folder, "part") as attempt:
        assert attempt is not None
        faulty.requests.clear()
        attempt.announce(names[:2])
        assert attempt.path.read_text().split()[-2:] == names[:2]  # before any of them is begun
        for name in names[:2]:
            attempt.name(name)
        assert [method for method, path in faulty.requests if ".attempt" in unquote(path)] == ["PUT", "GET"]
        attempt.name(names[2])
        assert attempt.path.read_text().split()[-3:] == names


def test_what_comes_next_is_announced_while_the_caller_works(
    bucket: ObjectPath, faulty: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, names = open_store(bucket) / "attempts", ["a" * 64, "b" * 64, "c" * 64, "d" * 64]
    at_work = threading.Event()

    def slow(path: Path, content: bytes) -> None:
        assert names[1].encode() not in content or at_work.wait(60)
        put_whole(path, content)

    monkeypatch.setattr(object_leases, "put_whole", slow)
    with claim_attempt(folder, "part") as attempt:
        assert attempt is not None
        attempt.announce(names[:1], ahead=names[1:3])
        at_work.set()
        attempt.name(names[0])
        attempt.announce(names[1:3], ahead=names[3:])
        assert set(names[:3]) <= set(attempt.path.read_text().split())  # before any of them is begun
        for name in names[1:3]:
            attempt.name(name)
        attempt.announce(names[3:])
        faulty.requests.clear()
        attempt.name(names[3])
        assert not [path for _, path in faulty.requests if ".attempt" in unquote(path)]
        assert attempt.path.read_text().split()[-4:] == names


@pytest.mark.parametrize(("window", "most"), [(16, 9), (8, 9), (4, 16)])
def test_each_item_is_announced_once_whatever_the_windows(
    window: int, most: int, bucket: ObjectPath, faulty: FaultyProxy
) -> None:
    """Eight items at a time: more are told ahead, as many, or fewer. One request a chunk, two where fewer are told."""
    folder, names = open_store(bucket) / "attempts", [f"{number:064x}" for number in range(64)]
    with claim_attempt(folder, "part") as attempt:
        assert attempt is not None
        for start in range(0, 64, 8):
            attempt.announce(names[start : start + 8], ahead=names[start + 8 : start + 8 + window])
            for name in names[start : start + 8]:
                attempt.name(name)
        words = attempt.path.read_text().split()
        assert [words.count(name) for name in names] == [1] * 64
    puts = [path for method, path in faulty.requests if method == "PUT" and ".attempt" in unquote(path)]
    assert len(puts) <= most  # the claim among them


def test_an_attempt_that_ends_before_its_announcement_is_sent_leaves_nothing(
    bucket: ObjectPath, faulty: FaultyProxy
) -> None:
    folder = open_store(bucket) / "attempts"
    with claim_attempt(folder, "part") as attempt:
        assert attempt is not None
        attempt.announce(["a" * 64])
        faulty.latency = 0.3
        attempt.announce(["a" * 64], ahead=["b" * 64])

    threading.Event().wait(0.7)
    assert read_attempts(folder) == (set(), [])


def test_an_announcement_that_the_store_did_not_take_is_told_before_its_work_begins(
    bucket: ObjectPath, faulty: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_stores, "RETRY_SECONDS", 0)
    folder = open_store(bucket) / "attempts"
    with claim_attempt(folder, "part") as attempt:
        assert attempt is not None
        attempt.announce(["a" * 64])
        faulty.closed = True
        attempt.announce(["a" * 64], ahead=["b" * 64])
        with pytest.raises(StoreUnreachable):
            attempt.announce(["b" * 64])
        faulty.closed = False


def test_an_attempt_that_could_not_be_ended_is_ended_later(
    bucket: ObjectPath, faulty: FaultyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_stores, "RETRY_SECONDS", 0)
    monkeypatch.setattr(object_leases, "RETRY_SECONDS", 0.1)
    folder = open_store(bucket) / "runs" / "one" / "attempts"
    claimed = claim_attempt(folder, "part")
    assert claimed.__enter__() is not None
    faulty.closed = True
    with pytest.raises(StoreUnreachable):
        claimed.__exit__(None, None, None)
    faulty.closed = False

    wait_for(lambda: read_attempts(folder) == (set(), []), "the end of the attempt", 20)
    with claim_attempt(folder, "part") as again:
        assert again is not None

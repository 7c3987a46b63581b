"""Small files that several processes write: one wins, and nobody reads half of one. In a folder and in a bucket."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from storage.errors import StoreError, StoreFull
from storage.object_path import ObjectPath
from storage.whole_objects import (
    create_whole,
    delete_folder,
    delete_whole,
    list_whole,
    put_whole,
    read_whole,
    swap_whole,
    update_whole,
)
from tests.s3 import FaultyProxy


@pytest.fixture(params=["folder", "object"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "folder":
        return tmp_path / "leases"
    path: ObjectPath = request.getfixturevalue("bucket")
    return path / "leases"


def at_once(count: int, attempt: Callable[[int], bool]) -> int:
    """How many of so many threads succeeded that tried at the same time."""
    won: list[int] = []
    gate = threading.Barrier(count)

    def one(number: int) -> None:
        gate.wait()
        if attempt(number):
            won.append(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(won)


def test_one_of_several_creates_a_file(place: Path) -> None:
    assert at_once(8, lambda number: create_whole(place / "claim", b"%d" % number)) == 1
    assert not create_whole(place / "claim", b"late")


def test_one_of_several_takes_an_object_over(bucket: ObjectPath) -> None:
    path = bucket / "claim"
    put_whole(path, b"the dead")
    _, tag = read_whole(path)

    assert at_once(8, lambda number: swap_whole(path, b"%d" % number, tag)) == 1
    content, later = read_whole(path)
    assert content in {b"%d" % number for number in range(8)}
    assert not swap_whole(path, b"x", tag)
    assert swap_whole(path, b"x", later)
    delete_whole(path)
    assert not swap_whole(path, b"y", later)


def test_no_change_of_several_is_lost(bucket: ObjectPath) -> None:
    def adds(number: int) -> bool:
        for _ in range(5):
            update_whole(bucket / "lines", lambda before: before + b"%d\n" % number)
        return True

    assert at_once(4, adds) == 4
    assert sorted((bucket / "lines").read_bytes().split()) == sorted([b"%d" % number for number in range(4)] * 5)


def test_files_are_listed_with_tags_that_follow_their_content(place: Path) -> None:
    assert list_whole(place) == []
    put_whole(place / "b", b"1")
    put_whole(place / "a", b"22")
    put_whole(place / "deep" / "c", b"3")
    before = list_whole(place)
    put_whole(place / "b", b"4")
    after = list_whole(place)

    assert [(each.path, each.size) for each in before] == [(place / "a", 2), (place / "b", 1)]
    assert after[0].tag == before[0].tag
    assert after[1].tag != before[1].tag


def test_a_folder_goes_with_all_below_it(place: Path) -> None:
    put_whole(place / "deep" / "c", b"3")
    put_whole(place.parent / "leases-2", b"3")
    delete_folder(place)
    delete_folder(place)

    assert not place.exists()
    assert (place.parent / "leases-2").exists()


@pytest.mark.parametrize("fault", ["lose answer", "cut"])
def test_a_write_whose_answer_is_lost_is_known_to_be_ours(faulty: FaultyProxy, bucket: ObjectPath, fault: str) -> None:
    faulty.method = "PUT"
    faulty.faults.append(fault)  # type: ignore[arg-type]
    assert create_whole(bucket / "claim", b"ours")
    _, tag = read_whole(bucket / "claim")
    faulty.faults.append(fault)  # type: ignore[arg-type]
    assert swap_whole(bucket / "claim", b"ours again", tag)
    assert not create_whole(bucket / "claim", b"another's")
    assert not swap_whole(bucket / "claim", b"another's", tag)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError):
        create_whole(tmp_path / "file" / "x", b"")


@pytest.mark.parametrize("write", [create_whole, put_whole])
def test_a_disk_with_room_for_a_part_of_a_file_gets_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], object]
) -> None:
    written = os.write
    monkeypatch.setattr("os.write", lambda descriptor, data: written(descriptor, data[:3]))
    with pytest.raises(StoreFull):
        write(tmp_path / "store-id", b"0123456789")
    assert list(tmp_path.iterdir()) == []

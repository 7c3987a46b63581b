"""A file is opened without blocking, and never outside its dataset, also where it is exchanged in that moment."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from workers.faces.decode import open_file
from workers.faces.decode.open_file import read_file, read_file_inside
from workers.faces.refusal import Refusal

OUTSIDE = Refusal("unreadable", "the file has become a link that leads out of the dataset")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.jpg").write_bytes(b"secret")
    (tmp_path / "photos" / "ann").mkdir(parents=True)
    (tmp_path / "photos" / "ann" / "a.jpg").write_bytes(b"photo")
    return (tmp_path / "photos").resolve()


def test_no_more_than_so_many_bytes_are_read(dataset: Path) -> None:
    assert read_file(dataset / "ann" / "a.jpg", 3) == b"pho"
    assert read_file_inside(dataset, "ann/a.jpg", 99) == b"photo"


def test_a_file_that_states_no_size_is_read_to_its_end() -> None:
    path = Path("/proc/self/status")
    if not path.is_file():
        pytest.skip("no such file here")
    assert len(read_file(path, 100)) == 100  # type: ignore[arg-type]
    assert b"VmData" in read_file(path, 100_000)  # type: ignore[operator]


def test_a_pipe_a_folder_and_a_device_are_refused_at_once(dataset: Path) -> None:
    os.mkfifo(dataset / "ann" / "pipe.jpg")
    for path in (dataset / "ann" / "pipe.jpg", dataset / "ann", Path(os.devnull)):
        assert read_file(path, 9) == Refusal("unreadable", "not a file")
    assert read_file_inside(dataset, "ann/pipe.jpg", 9) == Refusal("unreadable", "not a file")


def test_a_socket_cannot_be_opened(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(dataset)  # a socket's path may have 108 bytes only
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
        with pytest.raises(OSError):
            read_file(dataset / "socket.jpg", 9)


def test_links_are_followed_inside_the_dataset_only(dataset: Path) -> None:
    (dataset / "ann" / "in.jpg").symlink_to("a.jpg")
    (dataset / "ann" / "out.jpg").symlink_to(dataset.parent / "secret" / "a.jpg")
    assert read_file_inside(dataset, "ann/in.jpg", 9) == b"photo"
    assert read_file_inside(dataset, "ann/out.jpg", 9) == OUTSIDE
    assert read_file_inside(dataset, "../secret/a.jpg", 9) == OUTSIDE


def test_a_link_on_the_way_is_followed_inside_the_dataset_only(dataset: Path) -> None:
    (dataset / "in").symlink_to("ann")
    (dataset / "out").symlink_to(dataset.parent / "secret")
    assert read_file_inside(dataset, "in/a.jpg", 9) == b"photo"
    assert read_file_inside(dataset, "out/a.jpg", 9) == OUTSIDE
    assert read_file_inside(dataset, "ann/../ann/a.jpg", 9) == b"photo"
    assert read_file_inside(dataset, str(dataset.parent / "secret" / "a.jpg"), 9) == OUTSIDE


def test_a_link_in_place_of_the_dataset_is_refused(dataset: Path) -> None:
    dataset.rename(dataset.parent / "gone")
    dataset.symlink_to(dataset.parent / "secret")
    assert read_file_inside(dataset, "a.jpg", 9) == OUTSIDE


@pytest.mark.parametrize(("exchanged", "found"), [("file", OUTSIDE), ("folder", b"photo")])
def test_what_is_exchanged_while_folders_are_opened_leads_nowhere_else(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, exchanged: str, found: object
) -> None:
    really_open, folder = os.open, dataset / "ann"

    def exchange_then_open(path: str | Path, flags: int, **where: int) -> int:
        if path == "a.jpg":
            secret = dataset.parent / "secret"
            if exchanged == "file":
                (folder / "a.jpg").unlink()
                (folder / "a.jpg").symlink_to(secret / "a.jpg")
            else:
                folder.rename(dataset / "gone")
                folder.symlink_to(secret)
        return really_open(path, flags, **where)

    monkeypatch.setattr(os, "open", exchange_then_open)
    assert read_file_inside(dataset, "ann/a.jpg", 9) == found


@pytest.mark.parametrize("exchanged", ["file", "folder"])
def test_a_link_that_comes_between_look_and_opening_is_refused(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, exchanged: str
) -> None:
    monkeypatch.setattr(open_file, "_WALK", 0)  # as where a system cannot open folder by folder
    really_open = os.open

    def exchange_then_open(path: Path, flags: int) -> int:
        secret = dataset.parent / "secret"
        if exchanged == "file":
            path.unlink()
            path.symlink_to(secret / "a.jpg")
        else:
            path.parent.rename(dataset / "gone")
            path.parent.symlink_to(secret)
        return really_open(path, flags)

    monkeypatch.setattr(os, "open", exchange_then_open)
    assert read_file_inside(dataset, "ann/a.jpg", 9) == OUTSIDE


def test_a_missing_file_and_a_link_to_itself_raise(dataset: Path) -> None:
    (dataset / "circle.jpg").symlink_to("circle.jpg")
    for name in ("nowhere.jpg", "circle.jpg"):
        with pytest.raises(OSError):
            read_file_inside(dataset, name, 9)

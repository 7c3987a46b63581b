"""A file that was catalogued before is not read again, unless it changed; the catalogue is the same either way."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from orchestrator.dataset import catalog as room
from orchestrator.dataset import photo_source
from orchestrator.dataset.catalog import Scanned, build_catalog, known_of
from orchestrator.dataset.photo_source import Source
from storage.engine_settings import Limits
from storage.known_files import FOLDER, MOST_PARTS, forget_known_files, known_files
from storage.part_checks import count_rows
from storage.parts import list_parts
from tests.orchestrator.dataset.test_catalog import photo
from workers.faces.scan_files import FileScanner


@pytest.fixture
def people(tmp_path: Path) -> Path:
    root = tmp_path / "people"
    for number, name in enumerate(("ann/0.png", "ann/1.png", "bob/0.png", "bob/1.png")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(photo(number))
    (root / "bob" / "text.jpg").write_bytes(b"not a photo")
    return root


@pytest.fixture
def read(files_read: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read, in any order; each is known at once."""
    monkeypatch.setattr(photo_source, "SETTLED_SECONDS", -1.0)
    return files_read


def test_known_files_are_not_read_and_the_catalogue_is_the_same(people: Path, tmp_path: Path, read: list[str]) -> None:
    store = tmp_path / "store"
    first, _ = build_catalog(people, known=known_of(store, people, Limits()))
    assert len(read) == 5
    seen: list[tuple[int, int]] = []
    again, _ = build_catalog(
        people, known=known_of(store, people, Limits()), on_photo=lambda done, total: seen.append((done, total))
    )
    assert len(read) == 5
    assert seen == [(5, 5)]
    assert again.equals(first)
    assert again.equals(build_catalog(people)[0])


@pytest.mark.usefixtures("read")
def test_what_comes_in_small_batches_is_gathered_into_few_parts(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(root: Path, limits: Limits, files: Sequence[Source]) -> Iterator[list[Scanned]]:
        with FileScanner(root, limits) as scanner:
            for place, facts in enumerate(scanner.scan(file.path for file in files)):
                yield [(place, facts)]

    monkeypatch.setattr(room, "ROUND", 2)
    build_catalog(people, known=known_of(tmp_path / "store", people, Limits()), elsewhere=elsewhere)
    parts = list_parts(next((tmp_path / "store" / FOLDER).glob("*/*")))
    assert sorted(count_rows(part) or 0 for part in parts) == [1, 2, 2]


def test_what_changed_is_read_again(people: Path, tmp_path: Path, read: list[str]) -> None:
    store = tmp_path / "store"
    build_catalog(people, known=known_of(store, people, Limits()))
    read.clear()
    same_size = (people / "ann" / "0.png").read_bytes()
    about = (people / "ann" / "0.png").stat()
    time.sleep(0.02)
    (people / "ann" / "0.png").write_bytes(same_size)
    os.utime(people / "ann" / "0.png", ns=(about.st_atime_ns, about.st_mtime_ns))  # its status still changed
    (people / "bob" / "2.png").write_bytes(photo(9))
    build_catalog(people, known=known_of(store, people, Limits()))
    assert sorted(read) == ["0.png", "2.png"]


def test_other_limits_and_other_folders_know_nothing(people: Path, tmp_path: Path, read: list[str]) -> None:
    store = tmp_path / "store"
    build_catalog(people, known=known_of(store, people, Limits()))
    read.clear()
    limits = Limits(file_bytes=100_000)
    build_catalog(people, limits=limits, known=known_of(store, people, limits))
    assert len(read) == 5
    other = Path(shutil.copytree(people, tmp_path / "other"))
    build_catalog(other, known=known_of(store, other, Limits()))
    assert len(read) == 10


def test_a_file_that_was_changed_just_now_is_read_again(
    people: Path, tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_source, "SETTLED_SECONDS", 1000.0)
    for _ in range(2):
        build_catalog(people, known=known_of(tmp_path / "store", people, Limits()))
    assert len(read) == 10


def test_a_file_that_could_not_be_read_is_tried_again(people: Path, tmp_path: Path, read: list[str]) -> None:
    store = tmp_path / "store"
    link = people / "ann" / "gone.jpg"
    link.symlink_to(people / "nowhere")
    table, _ = build_catalog(people, known=known_of(store, people, Limits()))
    assert "unreadable" in table["outcome"].to_pylist()
    link.unlink()
    shutil.copy(people / "bob" / "0.png", link)
    read.clear()
    build_catalog(people, known=known_of(store, people, Limits()))
    assert read == ["gone.jpg"]


def test_an_interrupted_catalogue_keeps_what_it_read(
    people: Path, tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ROUND", 2)

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt(total)

    with pytest.raises(KeyboardInterrupt):
        build_catalog(people, known=known_of(tmp_path / "store", people, Limits()), on_photo=interrupt)
    read.clear()
    build_catalog(people, known=known_of(tmp_path / "store", people, Limits()))
    assert len(read) == 3


def test_many_small_parts_become_one_without_the_files_that_are_gone(tmp_path: Path) -> None:
    fact = {"photo_key": "k", "bytes": 3, "width": 1, "height": 1, "format": "PNG", "orientation": 1}
    rows = [
        {"path": f"{number}.png", "size": 3, "version": "v", **fact, "outcome": "ok", "reason": ""}
        for number in range(MOST_PARTS + 1)
    ]
    known = known_files(tmp_path, "/photos", {})
    for row in rows:
        known.add([row])
    (folder,) = (tmp_path / FOLDER).glob("*/*")
    assert len(list_parts(folder)) == MOST_PARTS + 1
    known.tidy({(f"{number}.png", 3, "v") for number in range(5)})
    assert len(list_parts(folder)) == 1
    later = known_files(tmp_path, "/photos", {})
    assert later.find("4.png", 3, "v") == {**fact, "outcome": "ok", "reason": ""}
    assert later.find("5.png", 3, "v") is None
    assert later.find("4.png", 3, "w") is None
    forget_known_files(tmp_path, "/photos")
    assert known_files(tmp_path, "/photos", {}).find("4.png", 3, "v") is None

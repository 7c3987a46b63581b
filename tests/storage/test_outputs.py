"""A file is replaced only where Lineup wrote it and nobody has changed it since."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.errors import InputError, StoreError
from storage.new_files import OutputExists
from storage.outputs import OutputLedger, store_outputs


def test_what_lineup_wrote_is_replaced_until_somebody_changes_it(tmp_path: Path) -> None:
    ledger, file = store_outputs(tmp_path / "store"), tmp_path / "out" / "a.jpg"
    ledger.write(file, b"one")
    store_outputs(tmp_path / "store").write(file, b"two")
    assert file.read_bytes() == b"two"
    file.write_bytes(b"mine")
    with pytest.raises(OutputExists, match="Lineup did not write it"):
        ledger.write(file, b"three")
    assert file.read_bytes() == b"mine"
    assert issubclass(OutputExists, InputError)


@pytest.mark.parametrize("kind", ["file", "link", "link to nothing", "folder", "pipe"])
def test_what_is_there_stays(tmp_path: Path, kind: str) -> None:
    file, other = tmp_path / "a.jpg", tmp_path / "other"
    ledger = store_outputs(tmp_path / "store")
    if kind == "link":
        ledger.write(other, b"x")
    make: dict[str, Callable[[], object]] = {
        "file": lambda: file.write_bytes(b"mine"),
        "link": lambda: file.symlink_to(other),
        "link to nothing": lambda: file.symlink_to(tmp_path / "nothing"),
        "folder": file.mkdir,
        "pipe": lambda: os.mkfifo(file),
    }
    make[kind]()
    with pytest.raises(OutputExists):
        ledger.check(file)
    with pytest.raises(OutputExists):
        ledger.write(file, b"new")
    assert not (tmp_path / "nothing").exists()
    assert not other.exists() or other.read_bytes() == b"x"


def test_without_a_ledger_s_file_everything_is_another_s(tmp_path: Path) -> None:
    ledger = OutputLedger(None)
    ledger.write(tmp_path / "a", b"1")
    with pytest.raises(OutputExists):
        ledger.write(tmp_path / "a", b"2")


def test_a_folder_may_be_moved_with_its_ledger(tmp_path: Path) -> None:
    OutputLedger(tmp_path / "one" / "ledger").write(tmp_path / "one" / "ann" / "a", b"1")
    shutil.move(tmp_path / "one", tmp_path / "two")
    moved = OutputLedger(tmp_path / "two" / "ledger")
    assert moved.is_own(tmp_path / "two" / "ann" / "a")
    assert moved.paths() == [tmp_path / "two" / "ann" / "a"]


def test_what_is_recorded_while_others_are_dropped_stays(tmp_path: Path) -> None:
    names = [str(number) for number in range(200)]

    def record(name: str) -> None:
        store_outputs(tmp_path).record(tmp_path / name, "0" * 64, ["ada"])
        if int(name) % 4 == 0:
            store_outputs(tmp_path).drop(lambda each: each.path.name == name)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(record, names))
    kept = {each.path.name for each in store_outputs(tmp_path).outputs()}
    assert kept == {name for name in names if int(name) % 4}


def test_lines_of_many_writers_stay_lines_and_damaged_ones_are_left_aside(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: store_outputs(tmp_path).write(tmp_path / "out" / str(n), b"x"), range(64)))
    with (tmp_path / "outputs").open("ab") as file:
        file.write(b"\xff\n[]\n{}\n" + b"[" * 100_000 + b"\n")
    ledger = store_outputs(tmp_path)
    assert len(ledger.paths()) == 64
    assert all(ledger.is_own(path) for path in ledger.paths())


def test_a_place_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        store_outputs(tmp_path).write(tmp_path / "file" / "a", b"1")
    assert not list(tmp_path.rglob("*.writing"))


def test_a_pipe_in_the_place_of_a_copy_is_not_waited_for(tmp_path: Path) -> None:
    ledger, file = store_outputs(tmp_path / "store"), tmp_path / "a.jpg"
    ledger.write(file, b"1")
    [written] = ledger.outputs()
    assert written.unchanged
    file.unlink()
    os.mkfifo(file)
    assert not written.unchanged


def test_a_line_that_a_full_disk_cut_does_not_hide_the_next(tmp_path: Path) -> None:
    ledger, file = store_outputs(tmp_path / "store"), tmp_path / "a.jpg"
    ledger.write(tmp_path / "b.jpg", b"1")
    with (tmp_path / "store" / "outputs").open("a") as lines:
        lines.write('{"path": "/half')
    ledger.write(file, b"1")
    assert store_outputs(tmp_path / "store").is_own(file)
    assert len(store_outputs(tmp_path / "store").paths()) == 2

"""A folder of files in a bucket is as good as one on this machine: whole, or not there."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from storage.errors import StoreError
from storage.local_copies import DIGESTS, is_complete, local_folder
from storage.new_folders import new_folder
from storage.object_path import ObjectPath


def build(folder: Path) -> None:
    with new_folder(folder) as building:
        (building / "model.json").write_text("{}")
        (building / "arrays.npz").write_bytes(b"numbers")


def test_a_new_folder_is_read_as_files_of_this_machine(bucket: ObjectPath, tmp_path: Path) -> None:
    for folder in (bucket / "model", tmp_path / "model"):
        assert not is_complete(folder, "model.json")
        build(folder)
        assert is_complete(folder, "model.json")
        with local_folder(folder) as local:
            assert sorted(path.name for path in local.iterdir()) == ["arrays.npz", "model.json"]
            assert (local / "arrays.npz").read_bytes() == b"numbers"


def test_a_folder_that_was_not_finished_is_not_there(bucket: ObjectPath) -> None:
    with contextlib.suppress(RuntimeError), new_folder(bucket / "model") as building:
        (building / "model.json").write_text("{}")
        raise RuntimeError("killed")
    assert not (bucket / "model").exists()
    (bucket / "model" / "model.json").write_bytes(b"{}")  # written, and then the process died
    assert not is_complete(bucket / "model", "model.json")


def test_of_two_builders_of_a_folder_the_first_wins(bucket: ObjectPath) -> None:
    for content in (b"first", b"second, which may differ in its last bits"):
        with new_folder(bucket / "model") as building:
            (building / "arrays.npz").write_bytes(content)
    assert (bucket / "model" / "arrays.npz").read_bytes() == b"first"
    with local_folder(bucket / "model") as local:
        assert (local / "arrays.npz").read_bytes() == b"first"


def test_a_file_with_other_bytes_is_refused(bucket: ObjectPath) -> None:
    build(bucket / "model")
    (bucket / "model" / "arrays.npz").write_bytes(b"others")

    with pytest.raises(StoreError, match=r"arrays.npz is damaged"), local_folder(bucket / "model"):
        pass
    (bucket / "model" / DIGESTS).unlink()
    with pytest.raises(FileNotFoundError), local_folder(bucket / "model"):
        pass

"""A path that cannot be looked at is neither a file nor a folder, and no error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.object_path import ObjectPath
from storage.path_kinds import is_file, is_there, leads_to_folder


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name, to in (("link", "file"), ("dot", "."), ("nothing", "gone")):
        (tmp_path / name).symlink_to(to)
    assert [name for name in ("file", "link", "dot", "nothing") if is_file(tmp_path / name)] == ["file", "link"]
    assert [name for name in ("file", "link", "dot", "nothing", "gone") if is_there(tmp_path / name)] == [
        *("file", "link", "dot", "nothing")
    ]
    assert [name for name in ("file", "link", "dot", "nothing") if leads_to_folder(tmp_path / name)] == ["dot"]


@pytest.mark.parametrize("kind", ["pipe", "link to itself", "long name", "null byte", "below a file"])
def test_what_is_neither_is_no_error(tmp_path: Path, kind: str) -> None:
    path = {"long name": tmp_path / ("x" * 300), "null byte": tmp_path / "a\0b"}.get(kind, tmp_path / "a")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to itself":
        path.symlink_to(path)
    elif kind == "below a file":
        path.write_text("")
        path = path / "b"
    assert not is_file(path)
    assert is_there(path) is (kind in ("pipe", "link to itself"))
    assert not leads_to_folder(path)


def test_an_object_is_a_file_and_what_lies_above_it_is_nothing(bucket: ObjectPath) -> None:
    (bucket / "deep" / "a").put(b"")
    for ask in (is_file, is_there):
        assert [ask(bucket / name) for name in ("deep/a", "deep", "gone")] == [True, False, False]
    assert not leads_to_folder(bucket / "deep")

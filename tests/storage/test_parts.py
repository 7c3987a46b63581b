"""A part is there whole or not at all, and its bytes depend on its rows alone."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage.errors import StoreError
from storage.file_locks import TEMPORARY
from storage.object_path import ObjectPath
from storage.part_checks import count_rows, is_whole
from storage.part_schema import is_ours
from storage.parts import (
    DAMAGED,
    list_parts,
    part_name,
    part_path,
    read_metadata,
    read_part,
    read_parts,
    set_aside,
    table_of,
    write_part,
)
from storage.schemas import FACES, FITS, SPLITS
from storage.write_whole import write_bytes


def rows(count: int) -> list[dict[str, object]]:
    return [
        {
            "repeat": 0,
            "fold": 0,
            "photo_key": f"{i:064x}",
            "face_index": 0,
            "label": f"p{i % 3}",
            "group": i,
            "role": "test",
            "chosen": None,
        }
        for i in range(count)
    ]


def written(path: Path, count: int = 5) -> Path:
    write_part(path, table_of(rows(count), SPLITS), {"lineup.run": "abc"})
    return path


def test_equal_rows_are_equal_bytes(tmp_path: Path) -> None:
    assert written(tmp_path / "a.parquet").read_bytes() == written(tmp_path / "b.parquet").read_bytes()


def test_a_part_reads_back_with_its_rows_and_its_metadata(tmp_path: Path) -> None:
    path = written(tmp_path / "deep" / "er" / "a.parquet")
    table = read_part(path, SPLITS)
    assert table is not None
    assert table.to_pylist() == rows(5)
    assert read_metadata(path)["lineup.run"] == "abc"
    assert count_rows(path) == 5
    assert [each.name for each in path.parent.iterdir()] == ["a.parquet"]


def test_a_part_written_before_a_nullable_column_was_added_is_read_with_nulls(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet")
    wider = SPLITS.append(pa.field("scene", pa.string()))
    table = read_part(path, wider)
    assert table is not None
    assert table.schema.names == wider.names
    assert table.to_pylist() == [{**row, "scene": None} for row in rows(5)]
    some = read_part(path, wider, ["label", "scene"])
    assert some is not None
    assert some.column_names == ["label", "scene"]
    assert is_whole(path, wider)
    assert read_part(path, SPLITS.append(pa.field("scene", pa.string(), nullable=False))) is None


def test_the_name_depends_on_every_ingredient_and_on_where_one_ends() -> None:
    names = {part_name("ab", "c"), part_name("a", "bc"), part_name("abc"), part_name("abc", ""), part_name("\udcff")}
    assert len(names) == 5
    assert all(len(name) == 32 and set(name) <= set("0123456789abcdef") for name in names)


def test_a_null_where_a_value_is_required_is_refused() -> None:
    with pytest.raises(ValueError, match="label"):
        table_of([{**rows(1)[0], "label": None}], SPLITS)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    column = pq.read_metadata(path).row_group(0).column(2)
    begins = column.dictionary_page_offset if column.has_dictionary_page else column.data_page_offset
    data = bytearray(path.read_bytes())
    data[begins + column.total_compressed_size - 2] ^= 0x10  # at the end of a page's content
    path.write_bytes(data)


def of_another_schema(path: Path) -> None:
    write_part(path, pa.table({"something": [1, 2]}))


def of_another_version(path: Path) -> None:
    table = table_of(rows(5), SPLITS).replace_schema_metadata({"lineup.schema_version": "0"})
    pq.write_table(table, path)


@pytest.mark.parametrize("damage", [truncated, emptied, flipped, of_another_schema, of_another_version])
def test_a_damaged_part_is_not_done_and_is_kept_aside(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    path = written(tmp_path / "a.parquet", 500)
    assert is_whole(path, SPLITS)
    damage(path)
    assert read_part(path, SPLITS) is None
    assert not is_whole(path, SPLITS)
    assert list_parts(tmp_path) == []
    (kept,) = tmp_path.iterdir()
    assert kept.name.endswith(DAMAGED)


def test_damaged_and_vanished_parts_are_left_out_of_a_reading(tmp_path: Path) -> None:
    good, bad, gone = written(tmp_path / "a.parquet"), written(tmp_path / "b.parquet"), tmp_path / "c.parquet"
    truncated(bad)
    table = read_parts([good, bad, gone], SPLITS)
    assert table.num_rows == 5
    assert list_parts(tmp_path) == [good]
    assert read_parts([], SPLITS).schema.equals(SPLITS)
    assert read_parts([], SPLITS, ["label"]).column_names == ["label"]


def test_a_part_that_is_replaced_while_it_is_read_is_no_damage(
    bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = pa.table({"number": np.random.default_rng(1).random(200_000)})
    path, writers = bucket / "a.parquet", itertools.count()
    write_part(path, numbers)

    def replaced(*schemas: pa.Schema) -> bool:  # the footer has been read, and the pages have not
        write_part(path, numbers, {"lineup.writer": str(next(writers))})
        return is_ours(*schemas)

    monkeypatch.setattr("storage.parts.is_ours", replaced)
    with pytest.raises(StoreError, match=r"a\.parquet was replaced while it was read"):
        read_part(path, numbers.schema)
    with pytest.raises(StoreError, match=r"a\.parquet was replaced while it was read"):
        read_parts([path], numbers.schema)
    assert list_parts(bucket) == list(bucket.iterdir()) == [path]


def test_a_part_set_aside_by_two_at_once_is_no_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet")
    set_aside(path)
    set_aside(path)
    assert len(list(tmp_path.iterdir())) == 1


def test_half_written_and_foreign_files_are_no_parts(tmp_path: Path) -> None:
    path = written(part_path(tmp_path, "a"))
    (tmp_path / f".b.parquet.123{TEMPORARY}").write_bytes(b"x")
    (tmp_path / ".c.parquet").write_bytes(b"x")
    (tmp_path / "notes.txt").write_bytes(b"x")
    assert list_parts(tmp_path) == [path]
    assert list_parts(tmp_path / "nowhere") == []


def in_a_process(code: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


WRITING = """
import os, resource, sys
from pathlib import Path
from storage.errors import StoreError
from storage.parts import table_of, write_part
from storage.write_whole import write_bytes
from storage.schemas import SPLITS
from tests.storage.test_parts import rows
table = table_of(rows(2000), SPLITS)
exec(sys.argv[2])
try:
    write_part(Path(sys.argv[1]), table)
except StoreError as error:
    print(error)
"""


def test_a_full_disk_is_said_in_one_line_and_leaves_nothing_behind(tmp_path: Path) -> None:
    said = in_a_process(WRITING, tmp_path / "a.parquet", "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))")
    assert "a.parquet" in said
    assert "Free space" in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_written_is_said_in_one_line() -> None:
    nobody = "os.geteuid() or os.setuid(65534)"  # root may write everywhere
    folder = Path(tempfile.mkdtemp(prefix="lineup-test-"))
    try:
        folder.chmod(0o555)
        said = in_a_process(WRITING, folder / "a.parquet", nobody)
        assert "Permission denied" in said
        assert list(folder.iterdir()) == []
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_file_in_the_place_of_a_folder_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(StoreError, match="cannot write"):
        write_bytes(tmp_path / "store" / "x", b"x")


def test_required_columns_of_measured_tables_are_required(tmp_path: Path) -> None:
    for schema in (FACES, FITS):
        with pytest.raises(ValueError, match="required"):
            write_part(tmp_path / "x", table_of([{}], schema))


def test_metadata_of_a_damaged_part_is_a_clear_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a.parquet")
    emptied(path)
    with pytest.raises(StoreError, match=r"a\.parquet"):
        read_metadata(path)
    assert count_rows(path) is None
    assert count_rows(tmp_path / "gone") is None

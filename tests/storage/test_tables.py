"""A table of a run is read whole, or the error says which file is wrong and that a resume makes it again."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from storage.errors import StoreError
from storage.parts import DAMAGED, write_part
from storage.tables import read_table

SCHEMA = pa.schema([pa.field("photo_key", pa.string()), pa.field("repeat", pa.int32())])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "splits.parquet"
    write_part(path, pa.Table.from_pydict({"photo_key": ["a", "b"], "repeat": [0, 1]}, schema=SCHEMA))
    return path


def test_an_intact_table_is_read(path: Path) -> None:
    assert read_table(path, SCHEMA).to_pydict() == {"photo_key": ["a", "b"], "repeat": [0, 1]}


def test_only_the_columns_that_are_asked_for_are_read(path: Path) -> None:
    assert read_table(path, SCHEMA, ["repeat"]).column_names == ["repeat"]


def test_a_missing_table_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"faces\.parquet is missing: .*lineup resume"):
        read_table(tmp_path / "faces.parquet", SCHEMA)


def test_a_damaged_table_is_set_aside_and_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StoreError, match=r"splits\.parquet is damaged\. .*lineup resume"):
        read_table(path, SCHEMA)
    assert not path.exists()
    assert [found.suffix for found in path.parent.iterdir()] == [DAMAGED]


def test_a_table_of_another_version_is_refused_and_stays_where_it_is(path: Path) -> None:
    with pytest.raises(StoreError, match=r"splits\.parquet was written by another version of Lineup"):
        read_table(path, pa.schema([pa.field("photo_key", pa.string())]))
    assert path.exists()

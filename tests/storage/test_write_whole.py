"""Parts in an object store: written with one request, read by ranges, equal to those of a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from storage.errors import StoreUnreachable
from storage.object_path import ObjectPath
from storage.part_checks import count_rows, is_whole
from storage.parts import list_parts, part_path, read_metadata, read_part, read_parts, table_of, write_part
from storage.write_whole import write_bytes
from tests.s3 import Fault, FaultyProxy

SCHEMA = pa.schema({"key": pa.string(), "picture": pa.binary()})


def table(rows: int = 3, picture: int = 10) -> pa.Table:
    noise = np.random.default_rng(1)
    return table_of([{"key": f"{i:064x}", "picture": noise.bytes(picture)} for i in range(rows)], SCHEMA)


def test_a_part_has_the_bytes_that_it_has_in_a_folder(bucket: ObjectPath, tmp_path: Path) -> None:
    for folder in (bucket / "parts", tmp_path):
        write_part(part_path(folder, "one"), table(), {"lineup.run": "r"})
    part = part_path(bucket / "parts", "one")

    assert part.read_bytes() == part_path(tmp_path, "one").read_bytes()
    assert list_parts(bucket / "parts") == [part]
    assert list_parts(bucket / "none") == []
    assert read_part(part, SCHEMA) is not None
    assert count_rows(part) == 3
    assert read_metadata(part)["lineup.run"] == "r"
    with pytest.raises(FileNotFoundError):
        read_part(part_path(bucket, "none"), SCHEMA)


def test_a_part_that_is_there_is_not_written_again(faulty: FaultyProxy, bucket: ObjectPath) -> None:
    part = part_path(bucket, "one")
    write_part(part, table())
    first = part.stat()
    write_part(part, table())
    assert part.stat() == first
    assert [method for method, _ in faulty.requests].count("PUT") == 2

    write_part(part, table(rows=4))  # another content, such as another worker's times, replaces it
    assert count_rows(part) == 4


def test_a_damaged_part_is_set_aside(bucket: ObjectPath) -> None:
    part = part_path(bucket, "one")
    write_part(part, table())
    part.write_bytes(part.read_bytes()[:-9])

    assert read_parts([part], SCHEMA).num_rows == 0
    assert not is_whole(part, SCHEMA)
    assert list_parts(bucket) == []
    assert [path.suffix for path in bucket.iterdir()] == [".damaged"]


def test_of_a_large_part_only_the_columns_asked_for_are_fetched(faulty: FaultyProxy, bucket: ObjectPath) -> None:
    part = part_path(bucket, "one")
    write_part(part, table(rows=100, picture=50_000))
    faulty.fetched = 0
    found = read_part(part, SCHEMA, ["key"])

    assert found is not None
    assert found.num_rows == 100
    assert faulty.fetched < 600_000  # of 5,000,000: the beginning, the footer and one column


@pytest.mark.parametrize("fault", ["lose answer", "cut", "slow down"])
def test_a_part_is_there_after_a_fault(faulty: FaultyProxy, bucket: ObjectPath, fault: Fault) -> None:
    part = part_path(bucket, "one")
    faulty.method = "PUT"
    faulty.faults.append(fault)
    write_part(part, table())
    faulty.method = "GET"
    faulty.faults.append("cut" if fault == "lose answer" else fault)

    assert is_whole(part, SCHEMA)


def test_a_store_that_does_not_answer_damages_no_part(
    faulty: FaultyProxy, bucket: ObjectPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = part_path(bucket, "one")
    write_part(part, table(rows=100, picture=50_000))
    monkeypatch.setattr("storage.object_stores.RETRY_SECONDS", 0.1)
    for number in (0, 2):  # at the first request and at later ones, which pyarrow makes
        faulty.faults.extend(["slow down"] * 500)
        faulty.let_through = number
        with pytest.raises(StoreUnreachable):
            is_whole(part, SCHEMA)
    faulty.faults.clear()

    assert list_parts(bucket) == [part]
    assert is_whole(part, SCHEMA)


def test_small_files_are_replaced(bucket: ObjectPath) -> None:
    write_bytes(bucket / "stopped", b"1")
    write_bytes(bucket / "stopped", b"2")

    assert (bucket / "stopped").read_bytes() == b"2"

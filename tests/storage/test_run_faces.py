"""A run's table of faces copies no picture, and nobody reads a whole table of faces."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from storage import parts, run_faces
from storage.errors import StoreError
from storage.part_checks import is_intact
from storage.parts import read_part, table_of, write_tables
from storage.run_faces import EmbeddingRows, embedding_array, read_embeddings
from storage.schemas import FACES, PICTURES, RUN_FACES

ROOT = Path(__file__).parents[2]
READERS = {"read_table", "read_part", "read_parts"}
SOURCES = [
    path for room in ("orchestrator", "workers", "storage", "benchmarks") for path in (ROOT / room).rglob("*.py")
]


def faces_of(numbers: Iterable[int]) -> pa.Table:
    """RUN_FACES with a usable face of each number; half of it is in every place of its embedding."""
    filled = {**dict.fromkeys(RUN_FACES.names), "outcome": "ok", "reason": "", "note": "", "detector": "hog"}
    rows = [{**filled, "photo_key": f"{n}", "face_index": n, "embedding": [n / 2] * 128} for n in numbers]
    return table_of(rows, RUN_FACES)


def whole_reads(source: str) -> list[int]:
    """Lines that read a table of faces without saying which columns."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in READERS
        and any(isinstance(each, ast.Name) and each.id in ("FACES", "RUN_FACES") for each in node.args)
        and len(node.args) + len(node.keywords) < 3
    ]


def test_every_reader_of_faces_says_which_columns() -> None:
    assert whole_reads("read_table(run.faces, RUN_FACES)") == [1]
    assert whole_reads("read_table(run.faces, RUN_FACES, ['photo_key'])") == []
    assert {str(path): lines for path in SOURCES if (lines := whole_reads(path.read_text()))} == {}


def test_a_runs_faces_have_no_pictures() -> None:
    assert not set(PICTURES) & set(RUN_FACES.names)
    assert set(FACES.names) - set(RUN_FACES.names) == set(PICTURES)


@pytest.mark.parametrize("columns", [None, ["photo_key", "embedding"]])
def test_the_faces_of_a_run_of_version_1_are_read_without_their_pictures(
    tmp_path: Path, columns: list[str] | None
) -> None:
    row = {**dict.fromkeys(FACES.names), "photo_key": "a", "face_index": 0, "outcome": "ok", "reason": "", "note": ""}
    row |= {"detector": "hog", "crop": b"jpeg", "aligned": b"jpeg", "embedding": [0.5] * 128}
    path = tmp_path / "faces.parquet"
    write_tables(path, FACES, [table_of([row], FACES)])  # as version 1 wrote it, and as the encodings are still written
    assert pq.read_schema(path).metadata[b"lineup.schema_version"] == b"1"
    table = read_part(path, RUN_FACES, columns)
    assert table is not None
    assert table.column_names == (columns or RUN_FACES.names)
    assert table["embedding"][0].as_py() == [0.5] * 128
    assert is_intact(path, RUN_FACES)


def test_without_pictures_a_table_is_none_of_encodings(tmp_path: Path) -> None:
    row = {**dict.fromkeys(RUN_FACES.names), "photo_key": "a", "face_index": 0, "outcome": "ok", "reason": ""}
    path = tmp_path / "faces.parquet"
    write_tables(path, RUN_FACES, [table_of([row | {"note": "", "detector": "hog"}], RUN_FACES)])
    assert read_part(path, FACES) is None


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, pa.Table]:
    """A table of nine faces in row groups of two, and what is in it."""
    monkeypatch.setattr(parts, "ROWS_PER_GROUP", 2)
    path, table = tmp_path / "faces.parquet", faces_of(range(9))
    write_tables(path, RUN_FACES, [table])
    return path, table


def test_a_large_table_is_read_a_row_group_at_a_time_and_is_the_same(large: tuple[Path, pa.Table]) -> None:
    path, table = large
    assert pq.ParquetFile(path).num_row_groups == 5
    found = read_part(path, RUN_FACES, list(RUN_FACES.names))
    assert found is not None
    assert found.to_pylist() == table.to_pylist()
    measured = embedding_array(found)
    assert measured.dtype == np.float32
    assert measured.tolist() == [[n / 2] * 128 for n in range(9)]
    assert embedding_array(found.slice(0, 0)).shape == (0, 0)


def test_embeddings_are_found_by_row_over_several_chunks() -> None:
    tables = [faces_of(some) for some in (range(3), range(0), range(3, 7))]
    found = EmbeddingRows(pa.concat_tables(tables))[np.asarray([6, 0, 3])]
    assert found.dtype == np.float32
    assert found.tolist() == [[3.0] * 128, [0.0] * 128, [1.5] * 128]


def test_embeddings_of_some_faces_are_read_a_row_group_at_a_time(
    large: tuple[Path, pa.Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, table = large
    most: list[int] = []
    whole = run_faces.embedding_array

    def noting(group: pa.Table) -> npt.NDArray[np.float32]:
        most.append(group.num_rows)
        return whole(group)

    monkeypatch.setattr(run_faces, "embedding_array", noting)
    found = read_embeddings(path, np.ones(9, bool))
    assert found.tolist() == table["embedding"].to_pylist()
    some = np.asarray([False, False, True, False, True, True, False, False, True])
    assert read_embeddings(path, some).tolist() == found[some].tolist()
    assert read_embeddings(path, np.zeros(9, bool)).shape == (0, 0)
    for rows in (4, 8, 10):  # the table has been replaced since its keys were read
        with pytest.raises(StoreError, match="was replaced while it was read"):
            read_embeddings(path, np.ones(rows, bool))
    assert max(most) == 2


def test_embeddings_of_a_damaged_or_missing_table_are_refused_and_it_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "faces.parquet"
    with pytest.raises(StoreError, match="is missing"):
        read_embeddings(path, np.ones(9, bool))
    write_tables(path, RUN_FACES, [faces_of(range(9))])
    data = path.read_bytes()
    path.write_bytes(data[:4] + bytes(len(data) // 2) + data[4 + len(data) // 2 :])
    with pytest.raises(StoreError, match="is damaged"):
        read_embeddings(path, np.ones(9, bool))
    assert not path.exists()

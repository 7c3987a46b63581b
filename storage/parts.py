"""A part: one Parquet file, written once, whose name says what is in it.

*Done* means that a valid part exists. A part appears whole or not at all (in a folder: temporary file, fsync, rename,
fsync of the folder; in an object store: one request); writing it again writes the same bytes under the same name. A
reader that finds a damaged part sets it aside, and the part is made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage.errors import StoreError
from storage.object_path import ObjectPath
from storage.part_schema import VERSION_KEY, completed, is_ours, readable_columns, written_version
from storage.schemas import PICTURES
from storage.whole_objects import read_many
from storage.write_whole import whole_file, write_bytes

logger = logging.getLogger("lineup.storage")

# Arrow's own allocator gives every page back and has it faulted in anew: gathering a run's faces took twice as long.
pa.set_memory_pool(pa.system_memory_pool())

DAMAGE = (OSError, pa.ArrowException, ValueError)
"""What Arrow raises for a damaged file: ValueError where a column's name is not UTF-8."""

SUFFIX = ".parquet"
DAMAGED = ".damaged"

ROWS_PER_GROUP = 20_000
"""Of most tables: some 20 MB in memory, at a kilobyte a row."""

PICTURES_PER_GROUP = 200
"""Faces with their two pictures of some 8 kB each: the group that has one wanted picture is read in a moment."""


def part_name(*ingredients: str) -> str:
    """The idempotency key of a piece of work: 32 hex digits over everything that decides its content.

    >>> part_name("engine-1", "photo-1", "photo-2")
    'feeb2005598f0b7fe346ee9e0ff3907e'
    >>> part_name("ab", "c") == part_name("a", "bc")
    False
    """
    digest = hashlib.sha256()
    for ingredient in ingredients:
        encoded = ingredient.encode("utf-8", "surrogateescape")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()[:32]


def part_path(folder: Path, name: str) -> Path:
    """Where the part of that name is, or will be."""
    return folder / f"{name}{SUFFIX}"


def table_of(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as a table of `schema`; a missing column is null, a null in a required column raises ValueError."""
    table = pa.Table.from_pylist(rows, schema=schema)
    table.validate(full=True)
    for field in schema:
        if not field.nullable and table.column(field.name).null_count:
            raise ValueError(f"column {field.name} is required but has nulls")
    return table


def write_part(path: Path, table: pa.Table, metadata: Mapping[str, str] | None = None) -> None:
    """Write a table so that it is there whole or not at all.

    Raises:
        StoreError: the disk is full, or the folder cannot be written; nothing is left behind.

    >>> import tempfile
    >>> table = table_of([{"name": "ada", "score": 0.5}], pa.schema({"name": pa.string(), "score": pa.float32()}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     part = part_path(Path(folder), part_name("demo"))
    ...     write_part(part, table, {"lineup.run": "demo"})
    ...     read_part(part, table.schema).to_pylist()
    [{'name': 'ada', 'score': 0.5}]
    """
    write_tables(path, table.schema, [table], metadata)


def write_tables(
    path: Path, schema: pa.Schema, tables: Iterable[pa.Table], metadata: Mapping[str, str] | None = None
) -> None:
    """Write tables of one schema behind each other as one part, whole or not at all; one is in memory at a time.

    Raises:
        StoreError: the disk is full, or the folder cannot be written; nothing is left behind.
    """
    described = schema.with_metadata({VERSION_KEY: written_version(schema), **(metadata or {})})
    options = {
        "compression": "zstd",
        "use_dictionary": _words(schema),
        "column_encoding": _encodings(schema),
        "write_page_checksum": True,
        "store_schema": True,
    }
    with whole_file(path) as sink, pq.ParquetWriter(sink, described, **options) as writer:
        rows = PICTURES_PER_GROUP if PICTURES[0] in schema.names else ROWS_PER_GROUP
        for table in tables:
            writer.write_table(table.replace_schema_metadata(described.metadata), row_group_size=rows)


@contextlib.contextmanager
def open_table(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file whose pages are verified when they are read; of an object, only what is read is fetched.

    Raises:
        FileNotFoundError: it is not there.
        StoreUnreachable: the object store does not answer.
        StoreError: the object was replaced while it was read.
        OSError, pa.ArrowException, ValueError: it is damaged (DAMAGE).
    """
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(path.open("rb")) if isinstance(path, ObjectPath) else path
        yield stack.enter_context(pq.ParquetFile(source, page_checksum_verification=True))


def _words(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if pa.types.is_dictionary(field.type)]


def _encodings(schema: pa.Schema) -> dict[str, str]:
    names = {"embedding", "landmarks"} & set(schema.names)
    return {f"{name}.list.element": "BYTE_STREAM_SPLIT" for name in sorted(names)}


def read_part(path: Path, schema: pa.Schema, columns: list[str] | None = None) -> pa.Table | None:
    """Read a part, checksums verified; None where it is truncated, empty, damaged or of another schema.

    Nullable columns that were added at the end of the schema after the part was written are read as nulls.

    Args:
        columns: only these, in the schema's order.

    Raises:
        FileNotFoundError: there is no such part.
        StoreError: an object store does not answer, or the object was replaced while it was read.
    """
    try:
        with open_table(path) as file:
            if not is_ours(file.schema_arrow, schema):
                return None
            there = readable_columns(file.schema_arrow, schema, columns)
            return completed(_read_columns(file, there), schema, columns)
    except FileNotFoundError:
        raise
    except DAMAGE:
        return None


def _read_columns(file: pq.ParquetFile, columns: list[str]) -> pa.Table:
    """Columns of a file; a large one a row group at a time, because Arrow needs several times what it reads."""
    if file.metadata.num_rows <= 2 * ROWS_PER_GROUP:
        return file.read(columns=columns)
    groups = range(file.num_row_groups)
    return pa.concat_tables([file.read_row_group(group, columns=columns, use_threads=False) for group in groups])


def read_metadata(path: Path) -> dict[str, str]:
    """The strings that `write_part` stored beside the rows; raises StoreError where the file is damaged."""
    try:
        with open_table(path) as file:
            stored = file.schema_arrow.metadata or {}
    except DAMAGE as error:
        raise StoreError(f"{path} is damaged: {error}", "Delete it and resume the run") from error
    return {key.decode(): value.decode() for key, value in stored.items() if key.startswith(b"lineup.")}


def list_parts(folder: Path) -> list[Path]:
    """All parts of a folder by name; none where the folder is not there."""
    if not isinstance(folder, ObjectPath) and not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))


def set_aside(path: Path) -> Path:
    """Give a damaged part another name, so that it can still be examined; returns its new path."""
    target = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}{DAMAGED}")
    logger.warning("%s is damaged or of another version; it is set aside and made again", path)
    with contextlib.suppress(FileNotFoundError):  # another orchestrator was quicker
        if isinstance(path, ObjectPath):
            write_bytes(target, path.read_bytes())
            path.unlink()
        else:
            path.replace(target)
    return target


def read_parts(paths: Iterable[Path], schema: pa.Schema, columns: list[str] | None = None) -> pa.Table:
    """Every part as one table; damaged ones are set aside and not in it, vanished ones (compacted) neither."""
    found = read_many(paths, lambda path: _read_or_set_aside(path, schema, columns))
    tables = [table.replace_schema_metadata(None) for table in found if table is not None]
    wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
    return pa.concat_tables(tables).unify_dictionaries() if tables else wanted.empty_table()


def _read_or_set_aside(path: Path, schema: pa.Schema, columns: list[str] | None) -> pa.Table | None:
    """The table; None where it is gone, or was damaged and is set aside."""
    try:
        table = read_part(path, schema, columns)
    except FileNotFoundError:
        return None
    if table is None:
        set_aside(path)
    return table

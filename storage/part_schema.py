"""Which parts this version of Lineup reads: their columns, and the version of the tables that wrote them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from storage.schemas import EFFORTS, EMBEDDINGS, FACES, PICTURES, READABLE_VERSIONS, SCHEMA_VERSION

VERSION_KEY = "lineup.schema_version"
"""Of a part's metadata."""


def written_version(schema: pa.Schema) -> str:
    """The version that a part of this schema is written as.

    The encodings have the columns of version 1 and keep its number: an older Lineup on the same store would set them
    aside as damaged, and encode all photos again.
    """
    return "1" if schema.names in (FACES.names, EFFORTS.names, EMBEDDINGS.names) else str(SCHEMA_VERSION)


def is_ours(found: pa.Schema, wanted: pa.Schema) -> bool:
    """Whether a stored part of schema `found` can be read as `wanted`.

    Nullable columns may be missing at the end; the pictures that runs of version 1 copied are left aside.
    """
    version = (found.metadata or {}).get(VERSION_KEY.encode(), b"").decode(errors="replace")
    fields = [field for field in found if field.name in wanted.names or field.name not in PICTURES]
    added = list(wanted)[len(fields) :]
    if version not in map(str, READABLE_VERSIONS) or not all(field.nullable for field in added):
        return False
    same = [field.name for field in fields] == wanted.names[: len(fields)]
    return same and all(f.type == w.type for f, w in zip(fields, wanted, strict=False))


def readable_columns(found: pa.Schema, wanted: pa.Schema, columns: Sequence[str] | None) -> list[str]:
    """Of the columns that are asked for, or of all that are wanted, those that the part has."""
    return [name for name in (wanted.names if columns is None else columns) if name in found.names]


def completed(table: pa.Table, schema: pa.Schema, columns: Sequence[str] | None) -> pa.Table:
    """The table with nulls in the columns that are asked for and were added after it was written."""
    for name in schema.names if columns is None else columns:
        if name not in table.column_names:
            table = table.append_column(schema.field(name), pa.nulls(table.num_rows, schema.field(name).type))
    return table

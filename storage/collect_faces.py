"""Collect a run's faces from the shared encodings into one table, sorted by photo, whatever its size.

A face has a kilobyte of numbers (its pictures stay in the encodings), so those of a very large archive do not fit into
memory. They are split into buckets by the first digits of their photo's key (a hash, so buckets are of equal size);
each bucket is sorted alone and appended to the table. Most runs have one bucket and need no intermediate file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from storage.encodings import canonical, plain
from storage.new_folders import scratch_folder
from storage.parts import list_parts, read_parts, write_tables
from storage.runs import Run
from storage.schemas import EMBEDDINGS, RUN_FACES

BUCKET_PHOTOS = 50_000
"""Some 55 MB of faces, twice that while they are sorted."""

_DIGITS = 8
"""Of a key, that choose its bucket: 32 bits."""

Parts = Sequence[tuple[Path, Collection[str]]]
"""Each with the photos whose rows in it do not count."""

Rows = Iterator[tuple[int, pa.Table]]
"""Rows of one part and the number of their bucket."""


def write_faces(
    run: Run, photos: Collection[str], bucket_photos: int = BUCKET_PHOTOS, failed: Collection[str] = frozenset()
) -> bool:
    """Write a run's table of faces, sorted by photo and face: the same bytes however the work was cut into parts.

    A photo that is both in the encodings and among the run's failures counts as encoded.

    Args:
        photos: their keys; fast to look into.
        failed: of these, those that count as failures although they are in the encodings.

    Returns:
        False, and nothing is written, where a part was found damaged. That part is set aside, so its photos are no
        longer done.

    Raises:
        StoreError: the disk is full, or the run's folder cannot be written.
    """
    encoded = [(part, failed) for part in list_parts(run.encodings / "faces")]
    failures: Parts = [(part, frozenset()) for part in list_parts(run.failures)]
    return _collect(run, run.faces, RUN_FACES, [*encoded, *failures], photos, bucket_photos)


def write_embeddings(
    run: Run, encoder: str, fingerprint: str, photos: Collection[str], bucket_photos: int = BUCKET_PHOTOS
) -> bool:
    """Write a run's table of an encoder's embeddings, sorted by photo and face; arguments and result as above.

    Args:
        encoder: its name in the experiment.
        fingerprint: names its folder in the encodings.
        photos: those that are in the encodings; photos without a face have no rows.
    """
    parts: Parts = [(part, frozenset()) for part in list_parts(run.embedding_parts(fingerprint))]
    return _collect(run, run.embeddings(encoder), EMBEDDINGS, parts, photos, bucket_photos)


def _collect(
    run: Run, path: Path, schema: pa.Schema, parts: Parts, photos: Collection[str], bucket_photos: int
) -> bool:
    count = max(1, -(-len(photos) // bucket_photos))
    found: set[str] = set()
    rows = _dealt(parts, schema, photos, found, count)
    metadata = {"lineup.run": run.plan.fingerprint}
    if count == 1:
        table = _sorted([table for _, table in rows], schema)
        if len(found) == len(photos):
            write_tables(path, schema, [table], metadata)
    else:
        with scratch_folder(path) as folder:
            _fill(folder, rows, schema, count)
            if len(found) == len(photos):
                buckets = (_sorted(_emptied(folder / str(number)), schema) for number in range(count))
                write_tables(path, schema, buckets, metadata)
    return len(found) == len(photos)


def _dealt(parts: Parts, schema: pa.Schema, photos: Collection[str], found: set[str], count: int) -> Rows:
    """The rows of these photos, each photo's from the first part that has it; `found` collects their keys."""
    for part, left_out in parts:
        table = read_parts([part], schema)
        keys = table.column("photo_key").to_pylist()
        numbers = [
            _bucket(key, count) if key in photos and key not in found and key not in left_out else -1 for key in keys
        ]
        found.update(key for key, number in zip(keys, numbers, strict=True) if number >= 0)
        wanted = set(numbers)
        for number in sorted(wanted - {-1}):
            # most parts are of one run and one bucket: then nothing is copied
            yield number, table if wanted == {number} else table.filter(pa.array([each == number for each in numbers]))


def _bucket(key: str, count: int) -> int:
    return int(key[:_DIGITS], 16) * count >> (4 * _DIGITS)


def _fill(folder: Path, rows: Rows, schema: pa.Schema, count: int) -> None:
    schema = plain(schema.empty_table()).schema
    with ExitStack() as files:
        paths = [str(folder / str(number)) for number in range(count)]
        sinks = [files.enter_context(pa.OSFile(path, "wb")) for path in paths]
        writers = [files.enter_context(pa.ipc.new_stream(sink, schema)) for sink in sinks]
        for number, table in rows:
            writers[number].write_table(plain(table))


def _emptied(path: Path) -> list[pa.Table]:
    """What a bucket holds; its file goes, so that the disk needs room for one copy and not two."""
    with pa.OSFile(str(path), "rb") as source, pa.ipc.open_stream(source) as stream:
        table = stream.read_all()
    path.unlink()
    return [table]


def _sorted(tables: list[pa.Table], schema: pa.Schema) -> pa.Table:
    whole = pa.concat_tables(tables) if tables else schema.empty_table()
    if schema is EMBEDDINGS:
        whole = whole.filter(pc.is_valid(whole["embedding"]))
    return canonical(whole, schema, ("photo_key", "face_index"))

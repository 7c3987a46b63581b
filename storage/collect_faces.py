"""Collect a run's faces from the shared encodings into one table, sorted by photo, whatever its size.

A face has some 18 kB of pictures and numbers, so the faces of a large archive do not fit into memory. They are split
into buckets by the first digits of their photo's key (a hash, so buckets are of equal size); each bucket is sorted
alone and appended to the table. Most runs have one bucket and need no intermediate file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from storage.encodings import canonical, plain
from storage.folders import scratch_folder
from storage.parts import list_parts, read_parts, write_tables
from storage.runs import Run
from storage.schemas import FACES

BUCKET_PHOTOS = 10_000
"""Some 180 MB of faces, twice that while they are sorted."""

_DIGITS = 8
"""Of a key, that choose its bucket: 32 bits."""

Rows = Iterator[tuple[int, pa.Table]]
"""Rows of one part and the number of their bucket."""


def write_faces(run: Run, photos: Collection[str], bucket_photos: int = BUCKET_PHOTOS) -> bool:
    """Write a run's table of faces, sorted by photo and face: the same bytes however the work was cut into parts.

    A photo that is both in the encodings and among the run's failures counts as encoded.

    Args:
        photos: their keys; fast to look into.

    Returns:
        False, and nothing is written, where a part was found damaged. That part is set aside, so its photos are no
        longer done.

    Raises:
        StoreError: the disk is full, or the run's folder cannot be written.
    """
    count = max(1, -(-len(photos) // bucket_photos))
    found: set[str] = set()
    rows = _dealt(run, photos, found, count)
    metadata = {"lineup.run": run.plan.fingerprint}
    if count == 1:
        table = _sorted([table for _, table in rows])
        if len(found) == len(photos):
            write_tables(run.faces, FACES, [table], metadata)
    else:
        with scratch_folder(run.faces) as folder:
            _fill(folder, rows, count)
            if len(found) == len(photos):
                buckets = (_sorted(_emptied(folder / str(number))) for number in range(count))
                write_tables(run.faces, FACES, buckets, metadata)
    return len(found) == len(photos)


def _dealt(run: Run, photos: Collection[str], found: set[str], count: int) -> Rows:
    """The rows of these photos, each photo's from the first part that has it; `found` collects their keys."""
    for part in (*list_parts(run.encodings / "faces"), *list_parts(run.failures)):
        table = read_parts([part], FACES)
        keys = table.column("photo_key").to_pylist()
        numbers = [_bucket(key, count) if key in photos and key not in found else -1 for key in keys]
        found.update(key for key, number in zip(keys, numbers, strict=True) if number >= 0)
        wanted = set(numbers)
        for number in sorted(wanted - {-1}):
            # most parts are of one run and one bucket: then nothing is copied
            yield number, table if wanted == {number} else table.filter(pa.array([each == number for each in numbers]))


def _bucket(key: str, count: int) -> int:
    return int(key[:_DIGITS], 16) * count >> (4 * _DIGITS)


def _fill(folder: Path, rows: Rows, count: int) -> None:
    schema = plain(FACES.empty_table()).schema
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


def _sorted(tables: list[pa.Table]) -> pa.Table:
    whole = pa.concat_tables(tables) if tables else FACES.empty_table()
    return canonical(whole, FACES, ("photo_key", "face_index"))

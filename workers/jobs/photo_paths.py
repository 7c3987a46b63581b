"""Where the photos of a run are: messages name photos by their keys, and the catalogue has the paths.

A process keeps the catalogues of its last runs, sorted by key: some 150 bytes a photo, and no message reads one anew.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from storage.folders import FileVersion, file_version
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table, usable_rows
from workers.jobs.job import Refused
from workers.jobs.photo_ref import PhotoRef

_KEPT_CATALOGUES = 4
_COLUMNS = ["photo_key", "path", "outcome"]


def submitted_photos(catalog: pa.Table) -> dict[str, str]:
    """The photos that workers encode: photo_key to its first path, in the order of paths.

    Args:
        catalog: CATALOG, or its columns photo_key, path and outcome.
    """
    keys, paths = (column.to_pylist() for column in _usable(catalog))
    photos: dict[str, str] = {}
    for key, path in zip(keys, paths, strict=True):
        photos.setdefault(key, path)
    return photos


def find_photos(run: Run, keys: Sequence[str]) -> tuple[PhotoRef, ...]:
    """The photos of a run with these keys, in this order.

    Raises:
        Refused: the run encodes no photo with one of the keys.
        StoreError: the catalogue is missing or damaged.
    """
    return _catalogue(run.catalog, file_version(run.catalog)).photos(run.run_id, keys)


@dataclass(frozen=True)
class _Catalogue:
    """Keys and paths of what `submitted_photos` gives.

    Args:
        keys: sorted, 64 bytes each.
        paths: in the order of the keys.
    """

    keys: np.ndarray[tuple[int], np.dtype[np.bytes_]]
    paths: pa.Array

    def photos(self, run_id: str, keys: Sequence[str]) -> tuple[PhotoRef, ...]:
        wanted = np.asarray([key.encode() for key in keys], dtype="S64")
        rows = np.searchsorted(self.keys, wanted)
        inside = rows < len(self.keys)
        found = inside.copy()
        found[inside] = self.keys[rows[inside]] == wanted[inside]
        if not found.all():
            strange = keys[int(np.argmin(found))]
            raise Refused(f"run {run_id} encodes no photo {strange:.80}")
        return tuple(PhotoRef(key, self.paths[int(row)].as_py()) for key, row in zip(keys, rows, strict=True))


@functools.lru_cache(maxsize=_KEPT_CATALOGUES)
def _catalogue(path: Path, _version: FileVersion) -> _Catalogue:
    keys, paths = _usable(read_table(path, CATALOG, _COLUMNS))
    unsorted = np.asarray(keys, dtype="S64")
    order = np.argsort(unsorted, kind="stable")  # equal keys stay in the order of paths
    return _Catalogue(unsorted[order], paths.take(pa.array(order)))


def _usable(catalog: pa.Table) -> tuple[pa.Array, pa.Array]:
    usable = usable_rows(catalog)
    keys, paths = (usable[name].combine_chunks() for name in ("photo_key", "path"))
    return keys, paths

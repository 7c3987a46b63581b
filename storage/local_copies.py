"""Objects as files of this machine, for libraries that open files; and a folder of files as objects."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from storage.errors import StoreError
from storage.object_path import ObjectPath

DIGESTS = ".sha256.json"
"""Name to sha256 of each file that `put_folder` wrote. It is written last: with it, all are there."""


def put_folder(local: Path, target: ObjectPath) -> None:
    """Write the files of a folder as objects; raises StoreUnreachable."""
    digests = {}
    for path in sorted(local.iterdir()):
        content = path.read_bytes()
        digests[path.name] = hashlib.sha256(content).hexdigest()
        (target / path.name).put(content)
    (target / DIGESTS).put(json.dumps(digests, sort_keys=True).encode())


def is_complete(folder: Path, name: str) -> bool:
    """Whether a folder that comes into being at once is there.

    Args:
        name: of a file in it.
    """
    return (folder / (DIGESTS if isinstance(folder, ObjectPath) else name)).exists()


@contextlib.contextmanager
def local_folder(folder: Path) -> Iterator[Path]:
    """The folder itself; of an object store, a copy of what `put_folder` wrote, deleted when the block ends.

    Raises:
        FileNotFoundError: a file is missing.
        StoreError: a file has other bytes than when it was written.
    """
    if not isinstance(folder, ObjectPath):
        yield folder
        return
    digests: dict[str, str] = json.loads((folder / DIGESTS).read_bytes())
    with tempfile.TemporaryDirectory(prefix="lineup-") as name:
        for file, digest in digests.items():
            content = (folder / file).read_bytes()
            if hashlib.sha256(content).hexdigest() != digest:
                raise StoreError(f"{folder / file} is damaged", f"Delete all below {folder}; it is made again")
            (Path(name) / Path(file).name).write_bytes(content)
        yield Path(name)

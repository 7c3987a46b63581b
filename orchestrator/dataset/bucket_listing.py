"""The folders of a bucket, from one listing of all objects below an address: no request for each person.

An entry has what discovery uses of an os.DirEntry. Objects that only mark a folder, as consoles make them, are none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from storage.errors import DatasetError
from storage.object_path import ObjectPath
from storage.object_reader import ObjectInfo


@dataclass(frozen=True)
class BucketEntry:
    """An object or a folder in a folder of a bucket.

    Attributes:
        info: of an object; None for a folder.
    """

    name: str
    info: ObjectInfo | None

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:  # noqa: ARG002 - as of an os.DirEntry
        return self.info is None

    def is_symlink(self) -> bool:
        return False


class ListedFolder(ObjectPath):
    """A folder in a bucket that knows all that is below it. What is made from it by `/` knows the same."""

    __slots__ = ("tree",)

    tree: dict[str, dict[str, ObjectInfo | None]]

    def _at(self, key: str) -> ListedFolder:
        new: ListedFolder = super()._at(key)
        new.tree = self.tree
        return new

    def entries(self) -> list[BucketEntry]:
        """What is directly in it, sorted by the bytes of the names; raises DatasetError where nothing is."""
        found = self.tree.get(self.key)
        if found is None:
            raise DatasetError(f"{self} is not there", "Name an address with photos below it.")
        return [BucketEntry(name, found[name]) for name in sorted(found, key=str.encode)]

    def find(self, path: str) -> ObjectInfo | None:
        """The object that has this path below the folder."""
        folder, _, name = f"{self.key}/{path}".strip("/").rpartition("/")
        return self.tree.get(folder, {}).get(name)


def listed_folder(root: ObjectPath) -> ListedFolder:
    """List all objects below an address, page by page; raises StoreUnreachable."""
    listed = ListedFolder(str(root))
    listed.tree = _tree(root.key, ((path.key, info) for path, info in root.listing()))
    return listed


def _tree(root: str, objects: Iterable[tuple[str, ObjectInfo]]) -> dict[str, dict[str, ObjectInfo | None]]:
    tree: dict[str, dict[str, ObjectInfo | None]] = {}
    for key, info in objects:
        folder, _, name = key.rpartition("/")
        if key not in tree:  # else it marks a folder
            tree.setdefault(folder, {})[name] = info
        while folder != root:
            above, _, name = folder.rpartition("/")
            tree.setdefault(above, {})[name] = None
            folder = above
    return tree

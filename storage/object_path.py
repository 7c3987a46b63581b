"""A path in an object store: a pathlib.Path for all who read and write a store, over s3://, gs:// and az://.

There are no folders: a folder is there while an object below it is. Nothing is renamed. Requests raise
FileNotFoundError, FileExistsError or StoreUnreachable.
"""

from __future__ import annotations

import fnmatch
import io
import os
import stat
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.object_names import ObjectName
from storage.object_reader import ObjectInfo, ObjectReader, object_info, quoted
from storage.object_stores import is_address, open_object_store, plain_errors

if TYPE_CHECKING:
    from obstore.store import ObjectStore

WHOLE_BYTES = 256 << 10
"""A smaller object is read with one request; of a larger one, only the ranges that are asked for."""

EMPTY_RANGE = "416"
"""The status where a range is asked of an empty object."""

GOOGLE = "gs:"

PAGE = 1000
"""Objects in one answer to a listing."""


class ObjectPath(ObjectName):
    """The address of an object, or of all objects below it.

    >>> ObjectPath("s3://bucket/runs") / "a" / "run.json"
    ObjectPath('s3://bucket/runs/a/run.json')
    """

    __slots__ = ()

    @property
    def store(self) -> ObjectStore:
        """The obstore of its bucket."""
        return open_object_store(self.bucket)

    def info(self) -> ObjectInfo:
        """Raises FileNotFoundError where no object has this key."""
        import obstore

        with plain_errors(str(self)):
            return object_info(obstore.head(self.store, self.key))

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:  # noqa: ARG002
        """As of a file whose inode is another one with another content; raises FileNotFoundError."""
        found = self.info()
        number, seconds = zlib.crc32(found.tag.encode()), found.written
        plain = (stat.S_IFREG | 0o600, number, 0, 1, 0, 0, found.size, *(3 * [int(seconds)]))
        return os.stat_result(plain, {"st_mtime": seconds, "st_mtime_ns": int(seconds * 1e9)})

    def exists(self) -> bool:
        """Whether an object has this key, or some lie below it."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        try:
            self.info()
        except FileNotFoundError:
            return False
        return True

    def is_dir(self) -> bool:
        return any(True for _ in self._below(1))

    def iterdir(self) -> Generator[ObjectPath, None, None]:
        """The objects and the folders directly below, by name."""
        objects, folders = self._directly_below()
        keys = [each["path"] for each in objects]
        yield from (self._at(key) for key in sorted({*keys, *folders}))

    def objects(self) -> list[tuple[ObjectPath, ObjectInfo]]:
        """The objects directly below, by name; what lies deeper is not asked for."""
        found = [(self._at(each["path"]), object_info(each)) for each in self._directly_below()[0]]
        return sorted(found, key=lambda each: each[0].key)

    def _directly_below(self) -> tuple[list[Any], list[str]]:
        """What the store tells of the objects, and the keys of the folders; all pages of them."""
        import obstore

        with plain_errors(str(self)):
            found = obstore.list_with_delimiter(self.store, self.key or None)
        objects = [each for each in found["objects"] if each["path"] != self.key]  # which marks the folder
        return objects, list(found["common_prefixes"])

    def listing(self) -> Iterator[tuple[ObjectPath, ObjectInfo]]:
        """All objects below, however deep, page by page and by key."""
        return ((self._at(each["path"]), object_info(each)) for each in self._below(PAGE) if each["path"] != self.key)

    def _below(self, page: int) -> Iterator[Any]:
        import obstore

        pages = iter(obstore.list(self.store, self.key or None, chunk_size=page))
        while True:
            with plain_errors(str(self)):
                some = next(pages, None)
            if some is None:
                return
            yield from some

    def glob(self, pattern: str) -> Generator[ObjectPath, None, None]:
        """As Path.glob, with `*` and `?` in any part of the pattern, without `**`."""
        first, _, rest = pattern.partition("/")
        literal = not any(mark in first for mark in "*?[")
        if literal:
            found = [self / first]
        else:
            found = [each for each in self.iterdir() if fnmatch.fnmatchcase(each.name, first)]
        for each in found:
            if rest:
                yield from each.glob(rest)
            elif not literal or each.exists():
                yield each

    def rglob(self, pattern: str) -> Generator[ObjectPath, None, None]:
        """The objects below, however deep, whose name fits."""
        yield from (path for path, _ in self.listing() if fnmatch.fnmatchcase(path.name, pattern))

    def read_bytes(self) -> bytes:
        return self.read_with_tag()[0]

    def read_with_tag(self) -> tuple[bytes, str]:
        """Content and tag of the same moment, for `put`; raises FileNotFoundError."""
        import obstore

        with plain_errors(str(self)):
            got = obstore.get(self.store, self.key)
            return bytes(got.bytes()), self._tag(got.meta)

    def _tag(self, told: Any) -> str:
        """What names this content in a condition: Google compares generations, the others ETags."""
        return str(told["version"]) if self.bucket.startswith(GOOGLE) else quoted(str(told["e_tag"]))

    def read_text(self, encoding: str | None = None, errors: str | None = None) -> str:
        return self.read_bytes().decode(encoding or "utf-8", errors or "strict")

    def write_bytes(self, data: Any) -> int:
        """Write the object with one request, whatever is there."""
        self.put(bytes(data))
        return len(data)

    def open(self, mode: str = "r", *_: Any, **__: Any) -> Any:
        """For reading only: "rb" by ranges, or "r" as UTF-8. Raises FileNotFoundError."""
        if mode == "r":
            return io.StringIO(self.read_text())
        if mode != "rb":
            raise ValueError("an object is written whole: `put`")
        data, info = self._beginning(WHOLE_BYTES)
        if info.size <= len(data):
            return io.BytesIO(data)
        return io.BufferedReader(ObjectReader(self.store, self.key, str(self), info), WHOLE_BYTES)

    def _beginning(self, most_bytes: int) -> tuple[bytes, ObjectInfo]:
        import obstore

        wanted: Any = {"range": (0, most_bytes)}
        with plain_errors(str(self)):
            try:
                got = obstore.get(self.store, self.key, options=wanted)
            except obstore.exceptions.GenericError as error:
                if EMPTY_RANGE not in str(error):
                    raise
                got = obstore.get(self.store, self.key)
            return bytes(got.bytes()), object_info(got.meta)

    def read_beginning(self, most_bytes: int) -> bytes:
        """Its first bytes, with one request that fetches no more; raises FileNotFoundError."""
        return self._beginning(most_bytes)[0]

    def put(self, content: bytes, tag: str | None = None) -> str:
        """Write the object with one request; returns its tag, as `read_with_tag` does.

        Args:
            tag: "" where the object must not be there yet; the tag that it must have; None for whatever is there.

        Raises:
            FileExistsError: the object is there, or has another tag.
            StoreUnreachable: the store does not answer; the object may have been written or not.
        """
        import obstore

        kind = "version" if self.bucket.startswith(GOOGLE) else "e_tag"
        mode: Any = "overwrite" if tag is None else {kind: tag} if tag else "create"
        with plain_errors(str(self)):
            try:
                return self._tag(obstore.put(self.store, self.key, content, mode=mode, use_multipart=False))
            except FileNotFoundError as error:
                if tag:  # it had to be there
                    raise FileExistsError(17, "The object is gone", str(self)) from error
                raise

    def unlink(self, missing_ok: bool = False) -> None:
        """Delete the object. A store does not say whether it was there, so that costs a request where it matters."""
        import obstore

        if not missing_ok:
            self.info()
        with plain_errors(str(self)):
            try:
                obstore.delete(self.store, self.key)
            except FileNotFoundError:
                if not missing_ok:
                    raise


def store_path(address: str | os.PathLike[str]) -> Path:
    """A folder, or s3://…, gs://…, az://… as an ObjectPath; raises InputError where it is an address of none of them.

    >>> store_path("s3://bucket/store") / "runs"
    ObjectPath('s3://bucket/store/runs')
    """
    if isinstance(address, str) and is_address(address):
        return ObjectPath(address)
    return address if isinstance(address, ObjectPath) else Path(address)

"""Read an object by ranges, as a file that can be sought; and what a store tells of an object."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from storage.errors import StoreError
from storage.object_stores import plain_errors

if TYPE_CHECKING:
    from obstore.store import ObjectStore


@dataclass(frozen=True)
class ObjectInfo:
    """What a store tells of an object.

    Attributes:
        size: bytes.
        written: seconds since 1970, by the store's clock.
        tag: its ETag in quotes, which changes with the content.
    """

    size: int
    written: float
    tag: str


def object_info(told: Any) -> ObjectInfo:
    """From what obstore tells of an object."""
    return ObjectInfo(told["size"], told["last_modified"].timestamp(), quoted(str(told["e_tag"])))


def quoted(tag: str) -> str:
    """An ETag as headers have it: Azure's listings leave the quotes out."""
    return tag if tag.endswith('"') else f'"{tag}"'


class ObjectReader(io.RawIOBase):
    """An object of known size, read by ranges; raises StoreError where it was replaced meanwhile: it is not damaged."""

    def __init__(self, store: ObjectStore, key: str, address: str, info: ObjectInfo) -> None:
        self._store, self._key, self._address, self._at = store, key, address, 0
        self._size, self._tag = info.size, info.tag

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        import obstore

        end = min(self._size, self._at + len(buffer))
        if end <= self._at:
            return 0
        wanted: Any = {"range": (self._at, end), "if_match": self._tag}
        try:
            with plain_errors(self._address):
                data = obstore.get(self._store, self._key, options=wanted).bytes()
        except FileExistsError:
            raise StoreError(f"{self._address} was replaced while it was read", "Try again") from None
        buffer[: len(data)] = memoryview(data)
        self._at += len(data)
        return len(data)

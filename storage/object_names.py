"""The name of an object as a pathlib.Path: s3://bucket/key, gs://… and az://… with the operations that touch no store.

Whatever is not defined here or in storage/object_path.py fails: the operating system gets no name from it, so nothing
lands in a folder named `s3:`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import PosixPath, PurePosixPath
from typing import NoReturn, Self

from storage.object_stores import split_address


class ObjectName(PosixPath):
    """An address without access to its store.

    Args:
        address: s3://bucket/prefix, gs://… or az://…; raises InputError where it is none.

    >>> ObjectName("s3://bucket/runs") / "a" / "run.json"
    ObjectName('s3://bucket/runs/a/run.json')
    """

    __slots__ = ("bucket", "key")

    bucket: str
    key: str

    def __new__(cls, address: str) -> Self:
        return cls._of(*split_address(address))

    def __init__(self, address: str) -> None:
        """Nothing of a path of the operating system is set, so that what needs it fails."""

    @classmethod
    def _of(cls, bucket: str, key: str) -> Self:
        new: Self = object.__new__(cls)
        new.bucket, new.key = bucket, key
        return new

    def _at(self, key: str) -> Self:
        return self._of(self.bucket, key)

    def __fspath__(self) -> NoReturn:
        raise TypeError(f"{self} is no file of this machine")

    def __str__(self) -> str:
        return f"{self.bucket}/{self.key}" if self.key else self.bucket

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (str(self),)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectName) and str(self) == str(other)

    def __lt__(self, other: object) -> bool:
        return str(self) < str(other)

    def __gt__(self, other: object) -> bool:
        return str(self) > str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __truediv__(self, name: str | os.PathLike[str]) -> Self:
        return self._at(f"{self.key}/{name}".strip("/"))

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.bucket, *filter(None, self.key.split("/")))

    @property
    def name(self) -> str:
        return self.key.rpartition("/")[2]

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> Self:
        return self._at(self.key.rpartition("/")[0])

    @property
    def parents(self) -> Sequence[Self]:
        found, here = [], self
        while here.key:
            here = here.parent
            found.append(here)
        return found

    def with_name(self, name: str) -> Self:
        return self.parent / name

    def with_suffix(self, suffix: str) -> Self:
        return self.parent / f"{self.stem}{suffix}"

    def as_posix(self) -> str:
        return str(self)

    def relative_to(self, *other: str | os.PathLike[str]) -> PurePosixPath:  # type: ignore[override]
        """Raises ValueError where it is not below the other."""
        if not self.is_relative_to(*other) or not isinstance(other[0], ObjectName):
            raise ValueError(f"{self} is not below {other[0]}")
        return PurePosixPath(self.key[len(other[0].key) :].lstrip("/"))

    def is_relative_to(self, *other: str | os.PathLike[str]) -> bool:
        above = other[0]
        return isinstance(above, ObjectName) and (self == above or str(self).startswith(f"{above}/"))

    def match(self, path_pattern: str) -> bool:
        return PurePosixPath(self.key).match(path_pattern)

    def is_absolute(self) -> bool:
        return True

    def expanduser(self) -> Self:
        return self

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Does nothing: there are no folders."""

    def resolve(self, strict: bool = False) -> Self:  # noqa: ARG002
        return self

    def absolute(self) -> Self:
        return self

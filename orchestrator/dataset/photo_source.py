"""A photo as its folder lists it: its path and label, whether it may be opened, what tells it from another."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.dataset.bucket_listing import BucketEntry, ListedFolder
from storage.object_path import ObjectPath

SETTLED_SECONDS = 2.0
"""Since its last change: the clocks of file systems tick every 10 ms, those of old ones every second or two."""


@dataclass(frozen=True)
class Source:
    """A photo on disk.

    Attributes:
        path: relative to the dataset's root, '/' between parts; escaped where the name is not UTF-8.
        label: the person, in normal form C.
        refusal: why the file is not to be opened; empty where it may be.
        group, subgroup: as the CSV says; empty where it does not.
        size: bytes, as the folder lists it.
        version: tells the file from another in its place; empty where it must be read.
        settled: whether it was not changed just now: a change within the clock's tick would go unnoticed.
    """

    path: str
    label: str
    refusal: str = ""
    group: str = ""
    subgroup: str = ""
    size: int = 0
    version: str = ""
    settled: bool = False


def with_listing(root: Path, source: Source, entry: os.DirEntry[str] | BucketEntry | None = None) -> Source:
    """The photo with what its folder says of it; `root` has no links in it.

    Args:
        entry: of a folder that was reached without a link; None to look the path up.
    """
    if isinstance(root, ListedFolder):
        info = entry.info if isinstance(entry, BucketEntry) else root.find(source.path)
        return replace(source, size=info.size, version=info.tag, settled=True) if info else source
    if entry is None or entry.is_symlink():
        refusal = _refusal_of(root, root / source.path)
        if refusal:
            return replace(source, refusal=refusal)
    try:
        about = entry.stat() if isinstance(entry, os.DirEntry) else (root / source.path).stat()
    except OSError as fault:
        return replace(source, refusal=f"cannot be read: {fault.strerror}")
    if not stat.S_ISREG(about.st_mode):
        return replace(source, refusal=f"a {_kind(about.st_mode)}, not a file")
    changed = max(about.st_mtime, about.st_ctime)
    return replace(
        source,
        size=about.st_size,
        version=f"{about.st_mtime_ns} {about.st_ctime_ns}",
        settled=time.time() - changed > SETTLED_SECONDS,
    )


def _refusal_of(root: Path, path: Path) -> str:
    """Why this file must not be opened; empty if it may. `root` has no links in it, and a bucket has none at all."""
    if isinstance(path, ObjectPath):
        return ""
    try:
        if not path.resolve(strict=True).is_relative_to(root):
            return "a link that leaves the folder"
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "a link to nothing" if path.is_symlink() else "no longer there"
    except RuntimeError:
        return "a link that leads back to itself"
    except OSError as fault:
        return f"cannot be read: {fault.strerror}"
    return "" if stat.S_ISREG(mode) else f"a {_kind(mode)}, not a file"


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFDIR: "folder"}
    return kinds.get(stat.S_IFMT(mode), "device")

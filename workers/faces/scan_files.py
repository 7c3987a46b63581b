"""Scan files for the catalogue: the key of each file's bytes, what its header says, and whether it can be used.

A file is read once. One that is not read (a pipe, no permission, too many bytes) has the key UNREAD + sha256 of its
path.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from storage.engine_settings import Limits
from storage.known_files import FACTS
from workers.cores import usable_cores
from workers.faces.decode.open_file import read_file
from workers.faces.decode.read_image import Header, size_refusal
from workers.faces.decode.reader_pool import ReaderPool
from workers.faces.refusal import Refusal

THREADS = min(16, 4 * usable_cores())
"""Reading waits for the disk and hashing releases the interpreter lock, so more threads than cores help."""

UNREAD = "unread-"
"""Prefix of the key of a file that was not read; the rest is a hash of its path, not of its content."""

Facts = dict[str, Any]
"""FACTS of storage/known_files.py."""

ReadHeaders = Callable[[Sequence[bytes]], list[Header | Refusal]]

ReadFile = Callable[[Path, str, int], bytes | Refusal]
"""Gives so many bytes at most of the file at a path below a folder, as `read_file_inside` does."""

GROUP = 32
"""Files whose headers are read by one request: a request takes as long as a header."""

GROUP_BYTES = 4_000_000
"""A group that has so many bytes is full, whatever the number of its files."""


class FileScanner:
    """Scans files with several threads and reading processes; use it as a context manager."""

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root, self._limits = root, limits
        # entered last, left first: where this thread is interrupted, no other waits for a photo any more
        self._threads, self._readers = ThreadPoolExecutor(THREADS), ReaderPool(usable_cores())

    def __enter__(self) -> FileScanner:
        self._threads.__enter__()
        self._readers.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._readers.__exit__(*error)
        self._threads.__exit__(*error)

    def scan(self, paths: Iterable[str]) -> Iterator[Facts]:
        """The facts of these files, in this order."""
        groups = self._threads.map(self._scan_group, _in_groups(paths))
        return itertools.chain.from_iterable(groups)

    def _scan_group(self, paths: Sequence[str]) -> list[Facts]:
        return scan_files(self._root, paths, self._limits, self._readers.headers)


def scan_files(
    root: Path, paths: Sequence[str], limits: Limits, read_headers: ReadHeaders, read: ReadFile | None = None
) -> list[Facts]:
    """The facts of files, in their order. Never raises on a bad file.

    Args:
        paths: relative to `root`, which has no links in it.
        read: reads a file; by default, links are followed wherever they lead.
    """
    facts: list[Facts] = []
    opened: list[tuple[Facts, bytes]] = []
    for path in paths:
        data = _read_or_refuse(root, path, limits, read)
        if isinstance(data, Refusal):
            facts.append(not_read(path, data))
            continue
        key = {"photo_key": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        facts.append({**dict.fromkeys(FACTS), **key})
        opened.append((facts[-1], data))
        if sum(len(each) for _, each in opened) >= GROUP_BYTES:
            _add_headers(opened, limits, read_headers)
            opened = []
    _add_headers(opened, limits, read_headers)
    return facts


def _add_headers(opened: Sequence[tuple[Facts, bytes]], limits: Limits, read_headers: ReadHeaders) -> None:
    heads = read_headers([data for _, data in opened]) if opened else []
    for (facts, _), head in zip(opened, heads, strict=True):
        refused = head if isinstance(head, Refusal) else size_refusal(head, limits)
        if isinstance(head, Header):
            facts.update(width=head.width, height=head.height, format=head.format, orientation=head.orientation)
        outcome, reason = (refused.outcome, refused.reason) if refused else ("ok", "")
        facts.update(outcome=outcome, reason=reason)


def _in_groups(paths: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(paths)
    while group := list(itertools.islice(rest, GROUP)):
        yield group


def _read_or_refuse(root: Path, path: str, limits: Limits, read: ReadFile | None) -> bytes | Refusal:
    try:
        return _read_bytes(root, path, limits, read)
    except OSError as fault:
        return Refusal("unreadable", f"cannot be read: {fault.strerror or fault}")


def not_read(path: str, refusal: Refusal) -> Facts:
    """The facts of a file that was not read."""
    unread = hashlib.sha256(path.encode()).hexdigest()
    return _refused({**dict.fromkeys(FACTS), "photo_key": f"{UNREAD}{unread}", "bytes": 0}, refusal)


def was_read(facts: Facts) -> bool:
    """Whether the facts are those of a file's bytes."""
    return not str(facts["photo_key"]).startswith(UNREAD)


def _refused(facts: Facts, refusal: Refusal) -> Facts:
    return {**facts, "outcome": refusal.outcome, "reason": refusal.reason}


def _read_bytes(root: Path, path: str, limits: Limits, read: ReadFile | None) -> bytes | Refusal:
    """All bytes of a regular file, if they are not too many."""
    most = limits.file_bytes + 1
    data = read(root, path, most) if read else read_file(root / path, most)
    if not isinstance(data, Refusal) and len(data) > limits.file_bytes:
        size = (root / path).stat().st_size
        return Refusal("too_large", f"{size / 1e6:.0f} MB; the limit is {limits.file_bytes / 1e6:.0f}")
    return data

"""Mark photos for `tests/faults/marks/sitecustomize.py`, and the gate at which marked ones wait."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

PLUGIN = Path(__file__).parent / "marks"


def mark(photo: Path, deed: str) -> str:
    """Have a photo misbehave in a process that has loaded the plugin; returns the photo's new key."""
    return comment(photo, f"lineup-test:{deed}")


def comment(photo: Path, text: str) -> str:
    """Write a comment into a JPEG, which makes it another photo of the same pixels; returns its new key."""
    data, words = photo.read_bytes(), text.encode()
    data = data[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + data[2:]
    photo.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def marked_copy(photos: Path, out: Path, deeds: dict[str, str]) -> dict[str, str]:
    """Copy a folder and mark some of it: {deed: relative path}; returns {deed: photo key}."""
    shutil.copytree(photos, out)
    return {deed: mark(out / path, deed) for deed, path in deeds.items()}


@contextlib.contextmanager
def closed_gate(marks: Path, name: str = "gate") -> Iterator[None]:
    """Photos marked `gate` wait while this lasts; at the gate `refit-gate`, a refit."""
    with (marks / name).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

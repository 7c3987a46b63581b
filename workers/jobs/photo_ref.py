"""A photo as messages and jobs name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PhotoRef:
    """A photo to encode.

    Args:
        key: sha256 of its bytes, hex.
        path: relative to the dataset, '/' between parts.
    """

    key: str
    path: str

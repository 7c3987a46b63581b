"""Read TOML that others wrote: bounded in bytes, nesting and whole numbers.

Afterwards whole numbers have 64 bits, and nothing is deeper than MOST_DEPTH. A key's own range is pydantic's work.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MOST_BYTES = 65_536
MOST_DEPTH = 16
MOST_DOTS = 200
"""In a line; the parser's time grows with the square of the parts of a key."""

LARGEST = 2**63 - 1


def toml_text(path: Path) -> str:
    """The text of a TOML file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no file, too long, or not UTF-8.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ValueError("it is not a file")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES} bytes")
    return data.decode()


def parse_toml(text: str) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        ValueError: it is no TOML, or goes beyond a limit; names the key.

    >>> parse_toml("[a]\\nb = 9223372036854775808")
    Traceback (most recent call last):
    ValueError: a.b is larger than 9223372036854775807
    """
    if len(text) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES} bytes")
    for number, line in enumerate(text.splitlines(), 1):
        if line.count(".") > MOST_DOTS:
            raise ValueError(f"line {number} has more than {MOST_DOTS} dots")
    try:
        content = tomllib.loads(text)
    except RecursionError:
        raise ValueError(f"it is nested deeper than {MOST_DEPTH} levels") from None
    for key, value, depth in _values(content):
        _check(key, value, depth)
    return content


def _values(content: dict[str, Any]) -> Iterator[tuple[str, Any, int]]:
    """Every key and value with its depth, without recursion."""
    left: list[tuple[str, Any, int]] = [("", content, 0)]
    while left:
        key, value, depth = left.pop()
        yield key, value, depth
        if depth > MOST_DEPTH:
            continue
        if isinstance(value, dict):
            left += [(f"{key}.{name}" if key else name, each, depth + 1) for name, each in value.items()]
        elif isinstance(value, list):
            left += [(key, each, depth + 1) for each in value]


def _check(key: str, value: Any, depth: int) -> None:
    if depth > MOST_DEPTH:
        raise ValueError(f"{key:.60} is nested deeper than {MOST_DEPTH} levels")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise ValueError(f"{key:.60} is larger than {LARGEST}")

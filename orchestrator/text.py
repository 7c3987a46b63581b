"""Text for people, one copy for all rooms: counts, lists, figures, printable names, aligned columns."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from storage.object_stores import is_address
from storage.printable import printable as printable


def counted(count: int, one: str, many: str = "") -> str:
    """`1 photo`, `2 photos`; `many` where an s does not make the plural.

    >>> counted(1, "photo"), counted(3, "person", "people")
    ('1 photo', '3 people')
    """
    return f"{count} {one if count == 1 else many or one + 's'}"


def examples(names: Sequence[str], most: int = 5) -> str:
    """The first names, and how many more there are.

    >>> examples(["ann", "bob", "eve"], most=2)
    'ann, bob and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def training_figures(losses: Sequence[float], accuracies: Sequence[float]) -> str:
    """The last epoch of an encoder's training in words; empty before the first.

    >>> training_figures([0.5, 0.25], [0.9, 0.8])
    'loss 0.250, validation pairs 80.0% correct (best 90.0%)'
    """
    if not accuracies:
        return ""
    return f"loss {losses[-1]:.3f}, validation pairs {accuracies[-1]:.1%} correct (best {max(accuracies):.1%})"


def shown_name(name: str) -> str:
    """A name on disk as one printable line of valid UTF-8: bytes that are none as \\xNN, controls escaped."""
    return printable(os.fsencode(name).decode("utf-8", "backslashreplace"))


def aligned_columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of equally many cells as lines whose columns begin at the same place.

    >>> aligned_columns([("name", "faces"), ("ann", "2")])
    ['name  faces', 'ann   2']
    """
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def browser_address(path: Path) -> str:
    """What a terminal makes a link of: file://… of a local file; the address of an object store as it is.

    >>> browser_address(Path("/data/store/runs.html"))
    'file:///data/store/runs.html'
    """
    return str(path) if is_address(str(path)) else path.resolve().as_uri()

"""How many photos of a store have which outcome, read part by part as the parts appear."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from storage.parts import list_parts, read_part
from storage.schemas import FACES


class OutcomeCounts:
    """Counts the photos in the encodings of all engines, and the failures of all runs."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._seen: dict[Path, Counter[str]] = {}

    def look(self) -> dict[str, int]:
        """Outcome to number of photos. While parts are merged, a photo may be counted twice for a moment."""
        folders = [*self._store.glob("encodings/*/faces"), *self._store.glob("runs/*/failures")]
        parts = [part for folder in folders for part in list_parts(folder)]
        self._seen = {part: self._seen.get(part) or _outcomes(part) for part in parts}
        return dict(sum(self._seen.values(), Counter()))


def _outcomes(part: Path) -> Counter[str]:
    try:
        table = read_part(part, FACES, ["photo_key", "outcome"])
    except FileNotFoundError:
        table = None
    if table is None:  # damaged, or gone: the orchestrator sees to it
        return Counter()
    keys, outcomes = (table.column(name).to_pylist() for name in ("photo_key", "outcome"))
    return Counter(dict(zip(keys, outcomes, strict=True)).values())

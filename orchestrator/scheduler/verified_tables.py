"""Which tables of a run are stored and intact; each is verified once, since that reads all of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from storage.part_checks import is_whole
from storage.runs import Run


class VerifiedTables:
    """Remembers which tables were found intact."""

    def __init__(self) -> None:
        self._intact: set[Path] = set()

    def has(self, path: Path, schema: pa.Schema) -> bool:
        """Whether the table is stored and intact; a damaged one is set aside, so that it is made again."""
        if path.is_file() and (path in self._intact or is_whole(path, schema)):
            self._intact.add(path)
            return True
        self._intact.discard(path)
        return False

    def has_all(self, run: Run, tables: Mapping[str, pa.Schema]) -> bool:
        """Whether all tables of these names, which are written together, are stored and intact; each is verified."""
        found = [self.has(run.table(name), schema) for name, schema in tables.items()]
        return all(found)

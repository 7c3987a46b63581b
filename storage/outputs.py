"""Files that Lineup writes outside its store: it replaces only what it wrote itself and nobody has changed since.

A ledger has a line for each such file: JSON with its path, the sha256 of its bytes and the people whose names are in
it. That of a store is `<store>/outputs` (`store_outputs`).
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import cannot_write
from storage.ledger_file import EVERY, append_line, open_ledger, parsed_rows
from storage.new_files import file_hash, is_regular_file, output_exists, place_new, write_new
from storage.object_path import ObjectPath
from storage.whole_objects import update_whole


@dataclass(frozen=True)
class Output:
    """A file that was written outside the store; it may be gone or changed since.

    Attributes:
        people: whose names are in it; None where that was not recorded.
    """

    path: Path
    sha256: str
    people: tuple[str, ...] | None

    @property
    def unchanged(self) -> bool:
        """Whether the file is as Lineup wrote it."""
        try:
            return is_regular_file(self.path) and file_hash(self.path) == self.sha256
        except OSError:
            return False


class OutputLedger:
    """The files that Lineup wrote, by path. Several processes may add to one at the same time.

    Args:
        file: of the ledger; it need not be there yet. None for one that records nothing, so that all is foreign.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def is_own(self, path: Path) -> bool:
        """Whether this file is as Lineup wrote it, now or earlier."""
        if path.name not in self._file_names:
            return False  # of a large folder of photos, each is asked
        try:
            row = self._rows.get(self._name(path)) if is_regular_file(path) else None
            return row is not None and file_hash(path) in row[EVERY]
        except OSError:
            return False

    def check(self, path: Path) -> bool:
        """Whether an own file is there; raises OutputExists where it is another's, which must not be replaced."""
        own = self.is_own(path)
        if not own and os.path.lexists(path):
            raise output_exists(path)
        return own

    def write(self, path: Path, content: bytes, people: Sequence[str] | None = None) -> None:
        """Record a file, so that a death in between leaves none that is unknown, and write it.

        Args:
            people: whose names are in it; None where that is not known.

        Raises:
            OutputExists: something is there that must not be replaced.
            StoreError: it cannot be written.
        """
        from storage.write_whole import write_bytes  # its Parquet library is not needed to record

        own = self.check(path)
        self.record(path, hashlib.sha256(content).hexdigest(), people)
        if own:
            write_bytes(path.absolute(), content)
        else:
            write_new(path.absolute(), content)

    def place(self, finished: Path, path: Path, people: Sequence[str] | None = None) -> None:
        """Put a finished file into its place, recorded before like that of `write`.

        Args:
            finished: on the same file system where it has several; it may be gone afterwards.
            people: whose names are in it; None where that is not known.

        Raises:
            OutputExists: something is there that must not be replaced.
            StoreError: it cannot be written.
        """
        own = self.check(path)
        try:
            self.record(path, file_hash(finished), people)
            if own:
                finished.replace(path)
            else:
                place_new(finished, path)
        except OSError as error:
            raise cannot_write(path, error) from error

    def record(self, path: Path, sha256: str = "", people: Sequence[str] | None = None) -> None:
        """Note that Lineup wrote this file; its hash is computed where it is not given. Raises StoreError."""
        if self._file is None:
            return
        try:
            row: dict[str, Any] = {"path": self._name(path), "sha256": sha256 or file_hash(path)}
            if people is not None:
                row["people"] = sorted(set(people))
            append_line(self._file, f"\n{json.dumps(row)}\n".encode())  # a full disk may have cut the last line
        except OSError as error:
            raise cannot_write(self._file, error) from error
        self._read_anew()

    def paths(self) -> list[Path]:
        """Every path that was ever recorded, sorted; what is there now may be gone or another's."""
        return [each.path for each in self.outputs()]

    def outputs(self) -> list[Output]:
        """The newest record of every path, sorted by path."""
        found = []
        for name, row in self._rows.items():
            people = row.get("people")
            shown = tuple(map(str, people)) if isinstance(people, list) else None
            found.append(Output(self._home / name, row["sha256"], shown))
        return sorted(found, key=lambda each: each.path)

    def drop(self, chosen: Callable[[Output], bool]) -> None:
        """Write the ledger anew without the chosen records; raises StoreError."""
        from storage.write_whole import write_bytes

        if self._file is None or not self._file.exists():
            return
        try:
            if isinstance(self._file, ObjectPath):
                update_whole(self._file, lambda before: self._kept(before, chosen))
            else:
                with open_ledger(self._file):  # what others recorded meanwhile stays
                    before = self._file.read_bytes()
                    after = self._kept(before, chosen)
                    if after != before:
                        write_bytes(self._file, after)
        except OSError as error:
            raise cannot_write(self._file, error) from error
        self._read_anew()

    def _kept(self, content: bytes, chosen: Callable[[Output], bool]) -> bytes:
        """A ledger's content without the chosen records; the same where none is chosen."""
        self._read_anew()
        self.__dict__["_rows"] = parsed_rows(content)
        gone = {self._name(each.path) for each in self.outputs() if chosen(each)}
        kept = [row for name, row in self._rows.items() if name not in gone]
        lines = [json.dumps({**row, EVERY: sorted(row[EVERY])}) + "\n" for row in kept]
        return "".join(lines).encode() if gone else content

    def _read_anew(self) -> None:
        for name in ("_rows", "_file_names"):
            self.__dict__.pop(name, None)

    @functools.cached_property
    def _rows(self) -> dict[str, dict[str, Any]]:
        """The newest line by name, with the hashes of all its lines; lines that are none are left aside."""
        try:
            return {} if self._file is None else parsed_rows(self._file.read_bytes())
        except OSError:
            return {}

    def _name(self, path: Path) -> str:
        """Relative to the ledger's folder below it, so that the folder may be moved; absolute elsewhere."""
        whole, home = path.parent.resolve() / path.name, self._home.resolve()
        return str(whole.relative_to(home) if whole.is_relative_to(home) else whole)

    @property
    def _home(self) -> Path:
        return Path("/") if self._file is None or isinstance(self._file, ObjectPath) else self._file.parent

    @functools.cached_property
    def _file_names(self) -> frozenset[str]:
        return frozenset(Path(name).name for name in self._rows)


def store_outputs(store: Path) -> OutputLedger:
    """The ledger of what was written with a store: annotated copies, curves."""
    return OutputLedger(store / "outputs")

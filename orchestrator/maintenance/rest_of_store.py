"""Erase a person from what is outside runs and encodings: leftovers, logs, the ledger of copies.

Afterwards `files_left` names the files that still hold the person: those of runs of another version, and files that
are not Lineup's.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.maintenance.search_store import PersonSearch
from storage.erase_photos import delete
from storage.errors import LineupError, StoreError
from storage.file_locks import BUILDING, TEMPORARY
from storage.known_files import FOLDER as KNOWN_FILES
from storage.outputs import Output, store_outputs
from storage.parts import DAMAGED, SUFFIX
from storage.runs import list_runs, open_run
from storage.scans import SCANS
from workers.queue.log_folder import log_folder

LEFTOVERS = (TEMPORARY, BUILDING, DAMAGED)
"""Endings of what writers leave behind when they are killed."""


@dataclass(frozen=True)
class Rest:
    """What is to be erased.

    Args:
        folders: of runs without a plan, in which the person is: an interrupted planning, or a deletion by hand.
        copies: files outside the store that may show the person or the name.
    """

    folders: tuple[Path, ...]
    copies: tuple[Output, ...]


def find_rest(store: Path, label: str, search: PersonSearch) -> Rest:
    """What `erase_rest` will delete, and the copies that it will list."""
    planned = set(list_runs(store))
    unplanned = [path for path in sorted((store / "runs").glob("*")) if path.name not in planned]
    folders = (path for path in unplanned if search.in_file(path) or (path.is_dir() and search.in_folder(path)))
    return Rest(tuple(folders), tuple(each for each in store_outputs(store).outputs() if _shows(each, label, search)))


def erase_rest(store: Path, rest: Rest, search: PersonSearch, copies: bool) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """Delete folders and leftovers, empty logs, forget the copies.

    Args:
        copies: also delete the copies that are as Lineup wrote them.

    Returns:
        The names of the logs that were emptied, and the copies that were deleted.

    Raises:
        StoreError: something cannot be written or deleted.
    """
    for folder in rest.folders:
        delete(folder)
    for path in sorted(store.rglob("*")):
        if path.name.endswith(LEFTOVERS) and (search.in_file(path) or (path.is_dir() and search.in_folder(path))):
            delete(path)
    for path in sorted(path for name in (KNOWN_FILES, SCANS) for path in (store / name).rglob(f"*{SUFFIX}")):
        if search.in_file(path):
            delete(path)  # only a cache
    logs = tuple(_emptied(log_folder(store), search))
    gone = []
    for each in rest.copies:
        if copies and each.unchanged:
            delete(each.path)
            gone.append(each.path)
    concerned = {each.path for each in rest.copies}
    store_outputs(store).drop(lambda each: each.path in concerned)
    return logs, tuple(gone)


def files_left(store: Path, search: PersonSearch) -> Iterator[Path]:
    """The files of the store that still hold the person."""
    runs = store / "runs"
    readable = set(_readable(store))
    for path in sorted(store.rglob("*")):
        run = path.relative_to(runs).parts[0] if path.is_relative_to(runs) and path != runs else ""
        if run in readable:
            # text of a run without their photos holds the same word at most: the name of another person, a folder
            inspected = path.suffix == SUFFIX
        else:
            inspected = not (path.is_relative_to(store / "encodings") and path.suffix == SUFFIX)
        if inspected and search.in_file(path):
            yield path


def _readable(store: Path) -> Iterator[str]:
    for name in list_runs(store):
        with contextlib.suppress(LineupError):
            yield open_run(store, name).run_id


def _shows(copy: Output, label: str, search: PersonSearch) -> bool:
    """Whether the name is in a copy, or may be."""
    shown = copy.people is None or label in copy.people
    return shown or search.in_text(str(copy.path).encode(errors="surrogateescape"))


def _emptied(logs: Path, search: PersonSearch) -> Iterator[str]:
    """Empty each log that holds the person; a process that writes to it goes on at its end."""
    for path in sorted(path for path in logs.rglob("*") if path.is_file()):
        if not search.in_file(path):
            continue
        try:
            with path.open("r+b") as log:
                log.truncate(0)
        except OSError as error:
            raise StoreError(f"cannot empty {path}: {error.strerror}", "Fix permissions, then repeat it") from error
        yield str(path.relative_to(logs))

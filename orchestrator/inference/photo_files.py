"""The photos that a user names: files as they are, and of folders all that may be photos, with their sub-folders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.dataset.folder_layout import list_folder
from orchestrator.dataset.left_out import OWN_FILE, OWN_FOLDER, is_own_folder, omission_of
from storage.errors import InputError
from storage.outputs import OutputLedger
from storage.path_kinds import leads_to_folder


@dataclass(frozen=True)
class PhotoFiles:
    """Photos in the order in which they were named; those of a folder sorted by path.

    Attributes:
        left_out: entries of the folders that are not looked at, by kind.
    """

    paths: tuple[Path, ...]
    left_out: Counter[str]


def photo_files(names: Sequence[Path], outputs: OutputLedger) -> PhotoFiles:
    """The photos of these files and folders. No file is opened.

    Args:
        outputs: the ledger of what Lineup wrote; annotated copies in folders are left out.

    Raises:
        InputError: a folder has no photo.
        DatasetError: a folder cannot be listed.
    """
    left_out: Counter[str] = Counter()
    paths: dict[Path, None] = {}
    for name in names:
        if not name.is_dir():
            paths[name] = None
            continue
        found = sorted(_below(name, left_out, outputs))
        if not found:
            raise InputError(f"{name} has no photo", "Name photos, or a folder of photos")
        paths.update(dict.fromkeys(found))
    return PhotoFiles(tuple(paths), left_out)


def _below(folder: Path, left_out: Counter[str], outputs: OutputLedger) -> Iterator[Path]:
    entries = list_folder(folder)
    if is_own_folder(entry.name for entry in entries):
        left_out[OWN_FOLDER] += 1
        return
    for entry in entries:
        path = folder / entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if omission := omission_of(entry.name, is_folder):
            left_out[omission] += 1
        elif is_folder:
            yield from _below(path, left_out, outputs)
        elif entry.is_symlink() and leads_to_folder(path):
            left_out["link to a folder"] += 1
        elif outputs.is_own(path):
            left_out[OWN_FILE] += 1
        else:
            yield path

"""How the folders of a data set lie: one a person, parts of a set that was split already, or one level deeper."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.dataset.bucket_listing import BucketEntry, ListedFolder
from orchestrator.dataset.left_out import omission_of
from orchestrator.text import examples, shown_name
from storage.errors import DatasetError

_PART = re.compile(r"(train|training|test|testing|val|valid|validation)([ _-]?(set|data|images|photos|faces))?")
"""What the parts of a data set that was split already are called."""


def list_folder(folder: Path) -> Sequence[os.DirEntry[str] | BucketEntry]:
    """The entries of a folder, sorted by the bytes of their names; raises DatasetError where it cannot be listed."""
    if isinstance(folder, ListedFolder):
        return folder.entries()
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: os.fsencode(entry.name))
    except FileNotFoundError as fault:
        raise DatasetError(f"{shown_name(str(folder))} is not there", "Name an existing folder.") from fault
    except NotADirectoryError as fault:
        raise DatasetError(f"{shown_name(str(folder))} is not a folder", "Name a folder of photos.") from fault
    except OSError as fault:
        raise DatasetError(
            f"{shown_name(str(folder))} cannot be listed: {fault.strerror}", "Check its permissions, or remove it."
        ) from fault


def is_parted(root: Path, folders: Sequence[Path]) -> bool:
    """Whether these folders are parts of one set; raises DatasetError where they are, but cannot be used so."""
    parts = [folder for folder in folders if _PART.fullmatch(folder.name.casefold())]
    if not any(folder.name.casefold().startswith("t") for folder in parts):
        return False  # Val may be a person
    others = [folder for folder in folders if folder not in parts and any(_walked(folder))]
    names = " and ".join(shown_name(folder.name) for folder in parts)
    nested = all(any(entry.is_dir(follow_symlinks=False) for entry in list_folder(folder)) for folder in parts)
    if others and (len(parts) < 2 or not nested):
        return False
    if others:
        raise DatasetError(
            f"{shown_name(str(root))} holds {names}, which look like parts of a data set, beside "
            f"{examples([shown_name(folder.name) for folder in others])}",
            f"Name one part, such as {shown_name(str(parts[0]))}, or name people with --labels photos.csv.",
        )
    if not nested or any(photo.parent == folder for folder in parts for photo in _walked(folder)):
        raise DatasetError(
            f"{names} in {shown_name(str(root))} look like parts of a data set, and hold photos without a person",
            "Make one folder a person in each, or name people with --labels photos.csv.",
        )
    return True


def parts_note(parts: Sequence[Path]) -> str:
    """Say how the parts of a set are used."""
    names = " and ".join(shown_name(folder.name) for folder in parts)
    return (
        f"{names} {'is a part' if len(parts) == 1 else 'are parts'} of a data set: the folders inside are the people, "
        f"and test photos are drawn anew from all. For one part alone: lineup run {shown_name(str(parts[0]))}"
    )


def _walked(folder: Path) -> Iterator[Path]:
    """Every file below that may be a photo."""
    for entry in list_folder(folder):
        is_folder = entry.is_dir(follow_symlinks=False)
        if not omission_of(entry.name, is_folder):
            yield from _walked(folder / entry.name) if is_folder else [folder / entry.name]


def depth_note(root: Path, folders: Sequence[Path], photos: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Say who is taken for a person where nobody's photos lie directly in the person's folder.

    Args:
        folders: of the people.
        photos: path and label of each.
    """
    depth = len(folders[0].relative_to(root).parts) + 1
    if photos and all(path.count("/") >= depth for path, _ in photos):
        path, label = photos[0]
        yield (
            f"All photos lie in folders below those of the people, such as {path}, which counts for {label}. "
            f"If the inner folders are the people: lineup run {shown_name(str(folders[0]))}"
        )

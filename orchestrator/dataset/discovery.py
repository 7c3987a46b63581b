"""Find photos and their labels in folders, one a person. Nothing is opened here.

An error in a label, which could merge two people or split one, is a DatasetError; an error in one photo is a row with
a reason. This holds for labels files too (labels_file.py):

- Labels are put in Unicode's normal form C. Two spellings with one normal form are an error, since they look the same.
  Labels that differ only in case stay two people and are reported.
- The label `unknown` is refused: Lineup answers it for a face that it does not know.
- Links to files inside the folder are followed, links that leave it become rows, links to folders are skipped.
- Pipes, devices and names that are not UTF-8 become rows and are never opened.
- left_out.py says what is skipped and counted.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.dataset.bucket_listing import listed_folder
from orchestrator.dataset.folder_layout import depth_note, is_parted, list_folder, parts_note
from orchestrator.dataset.left_out import OWN_FILE, OWN_FOLDER, is_own_folder, omission_of
from orchestrator.dataset.photo_source import Source, with_listing
from orchestrator.text import shown_name
from storage.errors import DatasetError
from storage.object_path import ObjectPath
from storage.outputs import OutputLedger
from storage.path_kinds import leads_to_folder
from workers.learning.configurations import UNKNOWN


@dataclass
class Sources:
    """All photos of a dataset.

    Attributes:
        photos: sorted by path.
        skipped: what was skipped, by kind.
        empty: labels of folders without a photo.
        notes: sentences about how the folder or the labels file was read.
    """

    photos: list[Source] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    empty: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def from_folder(root: Path, outputs: OutputLedger | None = None) -> Sources:
    """One sub-folder a person; folders below it belong to the same person.

    Where the only folders are parts of one set (train, test, ...), the folders in those are the people.

    Args:
        outputs: the ledger of what Lineup wrote; annotated copies are left out.

    Raises:
        DatasetError: no such folder, no sub-folder, a folder that cannot be listed, a store of Lineup, parts of a set
            beside people, or labels that collide.
    """
    root = listed_folder(root) if isinstance(root, ObjectPath) else root.resolve()
    found = Sources()
    folders = _folders_in(root, found)
    if is_parted(root, folders):
        found.notes.append(parts_note(folders))
        folders = [person for part in folders for person in _folders_in(part, found)]
    people: dict[str, str] = {}
    for folder in folders:
        label = person_label(folder.name, str(root), people)
        before = len(found.photos)
        found.photos.extend(_photos_below(root, folder, label, found.skipped, outputs or OutputLedger(None)))
        if len(found.photos) == before and label not in found.empty:
            found.empty.append(label)
    if not people:
        raise DatasetError(
            f"{shown_name(str(root))} has no sub-folders",
            "Make one folder a person, or name people with --labels photos.csv.",
        )
    labels = {source.label for source in found.photos}
    found.empty = [label for label in found.empty if label not in labels]
    found.photos.sort(key=lambda source: source.path)
    found.notes.extend(depth_note(root, folders, [(source.path, source.label) for source in found.photos]))
    return found


def from_heap(root: Path, outputs: OutputLedger) -> Sources:
    """All photos of a folder and its sub-folders, of people who are not known yet: every label is empty.

    Raises:
        DatasetError: no such folder, a folder that cannot be listed, a store of Lineup, or no photo in it.
    """
    root = listed_folder(root) if isinstance(root, ObjectPath) else root.resolve()
    if is_own_folder(entry.name for entry in list_folder(root)):
        raise DatasetError(f"{shown_name(str(root))} is a store of Lineup", "Name a folder of photos.")
    found = Sources()
    found.photos.extend(_photos_below(root, root, "", found.skipped, outputs))
    if not found.photos:
        raise DatasetError(f"{shown_name(str(root))} has no photo", "Name a folder of photos.")
    found.photos.sort(key=lambda source: source.path)
    return found


def _folders_in(root: Path, found: Sources) -> list[Path]:
    """The folders that may be people; what else lies there is counted."""
    entries = list_folder(root)
    if is_own_folder(entry.name for entry in entries):
        raise DatasetError(f"{shown_name(str(root))} is a store of Lineup", "Name a folder of photos.")
    folders = []
    for entry in entries:
        is_folder = entry.is_dir(follow_symlinks=False)
        if omission := omission_of(entry.name, is_folder):
            beside = omission if is_folder or omission == "hidden" else "beside the people's folders"
            found.skipped[beside] += 1
        elif is_folder and is_own_folder(inside.name for inside in list_folder(root / entry.name)):
            found.skipped[OWN_FOLDER] += 1
        elif is_folder:
            folders.append(root / entry.name)
        else:
            found.skipped[
                "link to a folder" if leads_to_folder(root / entry.name) else "beside the people's folders"
            ] += 1
    return folders


def _photos_below(
    root: Path, folder: Path, label: str, skipped: Counter[str], outputs: OutputLedger
) -> Iterator[Source]:
    entries = list_folder(folder)
    if is_own_folder(entry.name for entry in entries):
        skipped[OWN_FOLDER] += 1
        return
    inside = str(root) if str(root).endswith("/") else f"{root}/"  # cutting text is ten times as fast as relative_to
    for entry in entries:
        path, is_folder = folder / entry.name, entry.is_dir(follow_symlinks=False)
        if omission := omission_of(entry.name, is_folder):
            skipped[omission] += 1
        elif is_folder:
            yield from _photos_below(root, path, label, skipped, outputs)
        elif entry.is_symlink() and leads_to_folder(path):
            skipped["link to a folder"] += 1
        elif outputs.is_own(path):
            skipped[OWN_FILE] += 1
        else:
            relative = str(path).removeprefix(inside)
            if not _is_utf8(relative):
                yield Source(shown_name(relative), label, "the file's name is not UTF-8; rename it")
            else:
                yield with_listing(root, Source(relative, label), entry)


def person_label(name: str, where: str, people: dict[str, str]) -> str:
    """The label in normal form C.

    Args:
        where: for errors.
        people: each label with its first spelling; a new one is added.

    Raises:
        DatasetError: the name is not UTF-8, is `unknown`, or looks the same as another.
    """
    if not _is_utf8(name):
        raise DatasetError(f"{shown_name(where)}: the name {shown_name(name)!r} is not UTF-8", "Rename it.")
    label = unicodedata.normalize("NFC", name)
    if label == UNKNOWN:
        raise DatasetError(
            f"{shown_name(where)}: a person is called {UNKNOWN!r}",
            "Lineup answers that for a face that it does not know: choose another name.",
        )
    if people.setdefault(label, name) != name:
        raise DatasetError(
            f"{shown_name(where)}: two names look the same: {people[label]!a} and {name!a}",
            "They differ only in how Unicode composes the letters: use one of them.",
        )
    return label


def _is_utf8(name: str) -> bool:
    return not any("\udc80" <= letter <= "\udcff" for letter in name)

"""Sort photos into folders of links, one for each person who is in them. The photos themselves stay where they are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from orchestrator.inference.photos import PhotoAnswer
from storage.errors import InputError, cannot_write
from storage.outputs import OutputLedger

LONGEST_NAME = 80
"""Characters of a folder's name; file systems take 255 bytes."""

LINKS = "links"
"""Stands in the ledger for the sha256 of a folder, which has none."""


class SortedLinks:
    """Makes the links; a photo with two people is in two folders, one without a face in none.

    Args:
        folder: made if missing.
        outside: folders of photos that it must not lie in, or the links would be photos of the next run.
        outputs: the ledger in which the folders are recorded, by person.
        named: whether the names are people's; else the ledger notes that anybody may be in a folder.

    Raises:
        InputError: the folder cannot be used.
    """

    def __init__(self, folder: Path, outside: list[Path], outputs: OutputLedger, named: bool = True) -> None:
        inside = next((each for each in outside if folder.resolve().is_relative_to(each.resolve())), None)
        if inside is not None:
            raise InputError(f"{folder} lies in {inside}, whose photos are to be sorted", "Name a folder outside")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            raise InputError(f"{folder} cannot be used for links: {fault.strerror}", "Name a folder") from fault
        self._folder = folder
        self._outputs, self._named = outputs, named
        self._folders: dict[str, Path] = {}

    def add(self, answer: PhotoAnswer) -> None:
        """Link a photo under each name in it; errors as of `link`."""
        self.link(answer.path, {face.named.name for face in answer.faces})

    def link(self, photo: Path, names: Iterable[str]) -> None:
        """Link a photo under each of these names.

        Raises:
            InputError: the folder of a name is a link.
            StoreError: a link cannot be made.
        """
        for name in sorted(set(names)):
            folder = self._folder_of(name)
            try:
                _link(folder, photo.absolute())
            except OSError as fault:
                raise cannot_write(folder, fault) from fault

    def _folder_of(self, name: str) -> Path:
        if name not in self._folders:
            folder = self._folder / _file_name(name)
            taken = {path.name for path in self._folders.values()}
            number = 1
            while folder.name in taken:
                number += 1
                folder = self._folder / f"{_file_name(name)}-{number}"
            try:
                folder.mkdir(exist_ok=True)
            except OSError as fault:
                raise cannot_write(folder, fault) from fault
            if folder.is_symlink():
                raise InputError(f"{folder} is a link, which may lead anywhere", "Remove it, or name another folder")
            self._outputs.record(folder, LINKS, [name] if self._named else None)
            self._folders[name] = folder
        return self._folders[name]


def _link(folder: Path, photo: Path) -> None:
    """A link of the photo's name; another number is tried where something else has the name."""
    number = 1
    link = folder / photo.name
    while True:
        try:
            link.symlink_to(photo)
            return
        except FileExistsError:
            if link.is_symlink() and os.readlink(link) == str(photo):  # noqa: PTH115 - as it is written, not resolved
                return
            number += 1
            link = folder / f"{photo.stem}-{number}{photo.suffix}"


def _file_name(name: str) -> str:
    """A person's name as the name of a folder: without separators, control characters and a dot in front.

    >>> _file_name("ada"), _file_name("a/../b"), _file_name("..")
    ('ada', 'a_.._b', '_.')
    """
    shown = "".join(letter if letter.isprintable() and letter not in "/\\" else "_" for letter in name)
    shown = f"_{shown[1:]}" if shown.startswith(".") else shown
    return shown[:LONGEST_NAME] or "_"

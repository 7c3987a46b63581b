"""Find photos and their labels: a folder per person, or a CSV of paths and labels.

Nothing is opened here except the CSV. An error in a label, which could merge two people or split one, is a
DatasetError; an error in one photo is a row with a reason. For both kinds:

- Labels are put in Unicode's normal form C. Two spellings with one normal form are an error, since they look the same.
  Labels that differ only in case stay two people and are reported.
- The label `unknown` is refused: Lineup answers it for a face that it does not know.
- Links to files inside the folder are followed, links that leave it become rows, links to folders are skipped.
- Pipes, devices and names that are not UTF-8 become rows and are never opened.
- Hidden files and files that are no photos by their ending (`NOT_PHOTOS`) are skipped and counted.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from orchestrator.dataset.csv_file import csv_rows
from orchestrator.text import examples, shown_name
from storage.errors import DatasetError
from workers.learning.configurations import UNKNOWN

NOT_PHOTOS = frozenset({
    ".aae", ".csv", ".db", ".doc", ".docx", ".gz", ".html", ".ini", ".json", ".lnk",
    ".lock", ".log", ".md", ".mov", ".mp4", ".npy", ".parquet", ".pdf", ".py", ".tar",
    ".toml", ".tsv", ".txt", ".url", ".xml", ".xmp", ".yaml", ".yml", ".zip",
})  # fmt: skip
"""Endings of other files that often lie beside photos. All else is opened, and its content decides."""


@dataclass(frozen=True)
class Source:
    """A photo on disk.

    Attributes:
        path: relative to the dataset's root, '/' between parts; escaped where the name is not UTF-8.
        label: the person, in normal form C.
        refusal: why the file is not to be opened; empty where it may be.
        group, subgroup: as the CSV says; empty where it does not.
    """

    path: str
    label: str
    refusal: str = ""
    group: str = ""
    subgroup: str = ""


@dataclass
class Sources:
    """All photos of a dataset, sorted by path; what was skipped, by kind; and labels of folders without a photo."""

    photos: list[Source] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    empty: list[str] = field(default_factory=list)


def from_folder(root: Path) -> Sources:
    """One sub-folder a person; folders below it belong to the same person.

    Raises:
        DatasetError: no such folder, no sub-folder, a folder that cannot be listed, or labels that collide.
    """
    root = root.resolve()
    found = Sources()
    people: dict[str, str] = {}
    for entry in _listed(root):
        if entry.name.startswith("."):
            found.skipped["hidden"] += 1
        elif not entry.is_dir(follow_symlinks=False):
            found.skipped["link to a folder" if _leads_to_folder(entry) else "beside the people's folders"] += 1
        else:
            label = _label(entry.name, str(root), people)
            before = len(found.photos)
            found.photos.extend(_photos_below(root, Path(entry.path), label, found.skipped))
            if len(found.photos) == before:
                found.empty.append(label)
    if not people:
        raise DatasetError(
            f"{shown_name(str(root))} has no sub-folders",
            "Make one folder a person, or name people with --labels photos.csv.",
        )
    found.photos.sort(key=lambda source: source.path)
    return found


def from_csv(root: Path, labels: Path) -> Sources:
    """A CSV with the columns path and label, paths relative to `root`.

    The columns group and subgroup are optional, and a field of them may be empty; other columns are ignored.

    Raises:
        DatasetError: CSV not readable, wrong columns, an empty path or label, a file that is missing or outside
            `root`, a path with two labels, groups or subgroups, or labels that collide.
    """
    root = root.resolve()
    chosen: dict[str, Source] = {}
    people: dict[str, str] = {}
    missing = []
    found = Sources()
    for line, path, label, group, subgroup in _csv_rows(labels):
        where = f"{shown_name(str(labels))}, line {line}"
        tidy = path_inside(root, path, where)
        named = Source(tidy, _label(label, where, people), "", _normal(group), _normal(subgroup))
        if tidy in chosen:
            _check_repeated(where, chosen[tidy], named)
            found.skipped["repeated line"] += 1
            continue
        chosen[tidy] = named
        if os.path.lexists(root / tidy):
            found.photos.append(replace(named, refusal=refusal_of(root, root / tidy)))
        else:
            missing.append(tidy)
    if missing:
        raise DatasetError(
            f"{shown_name(str(labels))} names {len(missing)} files that are not in {shown_name(str(root))}: "
            f"{examples([repr(name) for name in missing])}",
            "Correct the paths, or the folder.",
        )
    found.photos.sort(key=lambda source: source.path)
    return found


def path_inside(root: Path, path: str, where: str) -> str:
    """The path with '/' between its parts; raises DatasetError, which begins with `where`, if it leaves `root`."""
    tidy = str(PurePosixPath(path.replace("\\", "/") if os.name == "nt" else path))
    if "\0" in path or PurePosixPath(tidy).is_absolute() or ".." in PurePosixPath(tidy).parts:
        raise DatasetError(f"{where}: {path!r} is outside {shown_name(str(root))}", "Write paths relative to it.")
    return tidy


def _check_repeated(where: str, first: Source, again: Source) -> None:
    """Raise DatasetError where a path stands in two lines that differ."""
    for column in ("label", "group", "subgroup"):
        one, other = getattr(first, column), getattr(again, column)
        if one != other:
            raise DatasetError(f"{where}: {first.path!r} has two {column}s", f"Keep {one!r} or {other!r}.")


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _csv_rows(labels: Path) -> Iterator[tuple[int, str, str, str, str]]:
    """Line number, path, label, group and subgroup; the last two may be empty."""
    for line, row in csv_rows(labels, ("path", "label")):
        label, group, subgroup = (row.get(column, "").strip() for column in ("label", "group", "subgroup"))
        if not row["path"] or not label:
            raise DatasetError(f"{shown_name(str(labels))}, line {line}: path or label is empty", "Fill both.")
        yield line, row["path"], label, group, subgroup


def _photos_below(root: Path, folder: Path, label: str, skipped: Counter[str]) -> Iterator[Source]:
    for entry in _listed(folder):
        if entry.name.startswith("."):
            skipped["hidden"] += 1
        elif entry.is_dir(follow_symlinks=False):
            yield from _photos_below(root, Path(entry.path), label, skipped)
        elif _leads_to_folder(entry):
            skipped["link to a folder"] += 1
        elif Path(entry.name).suffix.lower() in NOT_PHOTOS or entry.name == "Thumbs.db":
            skipped["not a photo"] += 1
        else:
            path = Path(entry.path)
            relative = path.relative_to(root).as_posix()
            if not _is_utf8(relative):
                yield Source(shown_name(relative), label, "the file's name is not UTF-8; rename it")
            else:
                yield Source(relative, label, refusal_of(root, path))


def refusal_of(root: Path, path: Path) -> str:
    """Why this file must not be opened; empty if it may. `root` has no links in it."""
    try:
        if not path.resolve(strict=True).is_relative_to(root):
            return "a link that leaves the folder"
        mode = path.stat().st_mode
    except FileNotFoundError:
        return "a link to nothing" if path.is_symlink() else "no longer there"
    except RuntimeError:
        return "a link that leads back to itself"
    except OSError as fault:
        return f"cannot be read: {fault.strerror}"
    return "" if stat.S_ISREG(mode) else f"a {_kind(mode)}, not a file"


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket", stat.S_IFDIR: "folder"}
    return kinds.get(stat.S_IFMT(mode), "device")


def _label(name: str, where: str, people: dict[str, str]) -> str:
    """The label in normal form C; `people` maps each label to its first spelling."""
    if not _is_utf8(name):
        raise DatasetError(f"{shown_name(where)}: the name {shown_name(name)!r} is not UTF-8", "Rename it.")
    label = _normal(name)
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


def _listed(folder: Path) -> list[os.DirEntry[str]]:
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


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link to itself, or into a folder that may not be read: `refusal_of` says why


def _is_utf8(name: str) -> bool:
    return not any("\udc80" <= letter <= "\udcff" for letter in name)

"""Find photos and their labels in a CSV with the columns path and label, and perhaps group and subgroup.

Paths are relative to the folder of photos. A backslash may part them, they may begin with `./`, and an absolute path
into the folder is taken. Whatever names no photo in the folder is a DatasetError with its line.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from orchestrator.dataset.bucket_listing import ListedFolder, listed_folder
from orchestrator.dataset.csv_file import csv_rows, without_apostrophe
from orchestrator.dataset.discovery import Sources, person_label
from orchestrator.dataset.photo_source import Source, with_listing
from orchestrator.text import examples, shown_name
from storage.errors import DatasetError
from storage.object_path import ObjectPath

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_WINDOWS_ROOT = re.compile(r"[a-z]:[\\/]|\\\\", re.IGNORECASE)


def from_csv(root: Path, labels: Path) -> Sources:
    """The photos that a labels file names.

    The columns group and subgroup are optional, and a field of them may be empty; other columns are ignored.

    Raises:
        DatasetError: CSV not readable, wrong columns, an empty path or label, a file that is missing or outside
            `root`, a path with two labels, groups or subgroups, or labels that collide.
    """
    root = listed_folder(root) if isinstance(root, ObjectPath) else root.resolve()
    chosen: dict[str, Source] = {}
    people: dict[str, str] = {}
    missing: dict[str, str] = {}
    found = Sources()
    for line, path, label, group, subgroup in _label_rows(labels):
        where = f"{shown_name(str(labels))}, line {line}"
        tidy = _path_on_disk(root, path, where)
        named = Source(tidy, person_label(label, where, people), "", _normal(group), _normal(subgroup))
        if tidy in chosen:
            _check_repeated(where, chosen[tidy], named)
            found.skipped["repeated line"] += 1
            continue
        chosen[tidy] = named
        if _exists(root, tidy):
            found.photos.append(with_listing(root, named))
        else:
            missing[tidy] = where
    if missing:
        raise _not_there(root, missing)
    found.photos.sort(key=lambda source: source.path)
    return found


def path_inside(root: Path, path: str, where: str) -> str:
    """The path with '/' between its parts; raises DatasetError, which begins with `where`, if it leaves `root`.

    A path with backslashes only is one that Windows wrote.
    """
    if _ADDRESS.match(path):
        raise DatasetError(
            f"{where}: {path[:200]!r} is an address on a network", "Download the photos, and name the files."
        )
    if _WINDOWS_ROOT.match(path):
        raise DatasetError(f"{where}: {path!r} is a whole path of Windows", "Write paths relative to the folder.")
    tidy = str(PurePosixPath(path.replace("\\", "/") if "/" not in path else path))
    if "\0" in path or PurePosixPath(tidy).is_absolute() or ".." in PurePosixPath(tidy).parts:
        raise DatasetError(f"{where}: {path!r} is outside {shown_name(str(root))}", "Write paths relative to it.")
    return tidy


def _path_on_disk(root: Path, path: str, where: str) -> str:
    """As `path_inside`, with a file's own backslashes or outer spaces left where a file has that very name."""
    if isinstance(root, ObjectPath) and path.startswith(f"{root}/"):
        path = path[len(str(root)) + 1 :]
    whole = PurePosixPath(path)
    if whole.is_absolute() and whole.is_relative_to(root) and ".." not in whole.parts:
        return str(whole.relative_to(root))
    if ("\\" in path or path != path.strip()) and "\0" not in path and not whole.is_absolute():
        literal = str(whole)
        if ".." not in whole.parts and _exists(root, literal):
            return literal
    inside = path_inside(root, path.strip(), where)
    plain = without_apostrophe(inside)  # as `csv_bytes` writes what a spreadsheet would take for a formula
    return plain if plain != inside and not _exists(root, inside) and _exists(root, plain) else inside


def _exists(root: Path, path: str) -> bool:
    try:
        return root.find(path) is not None if isinstance(root, ListedFolder) else os.path.lexists(root / path)
    except ValueError:  # a name that cannot be one
        return False


def _not_there(root: Path, missing: dict[str, str]) -> DatasetError:
    first, where = next(iter(missing.items()))
    others = [repr(name) for name in missing][1:]
    more = f", nor {'is' if len(others) == 1 else 'are'} {examples(others)}" if others else ""
    hint = "Correct the paths, or the folder."
    if first.startswith(f"{root.name}/") and _exists(root.parent, first):
        hint = f"Paths are relative to that folder: leave out {root.name + '/'!r}, or name {root.parent}."
    return DatasetError(f"{where}: {first!r} is not in {shown_name(str(root))}{more}", hint)


def _check_repeated(where: str, first: Source, again: Source) -> None:
    """Raise DatasetError where a path stands in two lines that differ."""
    for column in ("label", "group", "subgroup"):
        one, other = getattr(first, column), getattr(again, column)
        if one != other:
            raise DatasetError(f"{where}: {first.path!r} has two {column}s", f"Keep {one!r} or {other!r}.")


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _label_rows(labels: Path) -> Iterator[tuple[int, str, str, str, str]]:
    """Line number, path, label, group and subgroup; the last two may be empty."""
    for line, row in csv_rows(labels, ("path", "label")):
        label, group, subgroup = (row.get(column, "").strip() for column in ("label", "group", "subgroup"))
        if not row["path"].strip() or not label:
            empty = "label" if row["path"].strip() else "path"
            raise DatasetError(
                f"{shown_name(str(labels))}, line {line}: path or label is empty",
                f"Fill the {empty}, or remove the line.",
            )
        yield line, row["path"], label, group, subgroup

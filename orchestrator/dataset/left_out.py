"""What lies in a folder of photos and is no person and no photo: kinds that are left out and counted.

The folders of file servers, operating systems and photo programs hold smaller copies of the photos beside them. They,
and a store of Lineup, are never taken for a person.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

from storage.store_id import FILE as STORE_MARK

NOT_PHOTOS = frozenset({
    ".aae", ".csv", ".db", ".doc", ".docx", ".gz", ".html", ".ini", ".json", ".lnk",
    ".lock", ".log", ".md", ".mov", ".mp4", ".npy", ".parquet", ".pdf", ".py", ".tar",
    ".toml", ".tsv", ".txt", ".url", ".xml", ".xmp", ".yaml", ".yml", ".zip",
})  # fmt: skip
"""Endings of other files that often lie beside photos. All else is opened, and its content decides."""

SYSTEM_FOLDERS = frozenset({
    "@eadir", "@recently-snapshot", "@recycle", "@tmp", "#recycle", "#snapshot",  # Synology, QNAP
    "$recycle.bin", "recycler", "system volume information", "found.000",  # Windows
    "__macosx", "lost+found", "network trash folder", "temporary items",  # macOS, Linux
    "thumbnails", "_thumbnails", "picasaoriginals", "_gsdata_", "__pycache__",
})  # fmt: skip
"""Folders of file servers, systems and photo programs, in lower case. Hidden ones are left out by their dot."""

OWN_FOLDER = "store of Lineup"
OWN_FILE = "copy that Lineup annotated"

_STORE_BEFORE_MARKS = frozenset({"encodings", "runs"})
"""The folders of a store that an earlier version made, without a mark."""


def omission_of(name: str, is_folder: bool) -> str:
    """The kind, for the count, under which an entry of this name is left out; empty where it is to be looked at."""
    if name.startswith("."):
        return "hidden"
    if is_folder:
        return name if name.casefold() in SYSTEM_FOLDERS else ""
    return "not a photo" if PurePath(name).suffix.lower() in NOT_PHOTOS else ""


def is_own_folder(names: Iterable[str]) -> bool:
    """Whether a folder with entries of these names is a store."""
    inside = set(names)
    return STORE_MARK in inside or inside >= _STORE_BEFORE_MARKS

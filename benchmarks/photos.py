"""The photos of the benchmarks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.processes import ROOT
from workers.synthetic import write_folder

SUFFIXES = {".jpg", ".jpeg", ".png"}

WEB_DEFAULT = ROOT.parent / "shared" / "data" / "jurassic-park"
"""Outside the project."""


def small_photos() -> list[Path]:
    """300 drawn photos of 250 x 250: 30 people, ten of each; drawn once."""
    return drawn("bench-250", people=30, photos=10, side=250)


def web_photos(folder: Path | None) -> tuple[list[Path], str]:
    """The photos of a folder, by default `WEB_DEFAULT`, or drawn ones of 1000 x 1000; and a description."""
    folder = folder or (WEB_DEFAULT if WEB_DEFAULT.is_dir() else None)
    if folder is None:
        return drawn("bench-1000", people=20, photos=4, side=1000), "drawn photos of 1000 x 1000 (no web photos here)"
    found = pictures(folder.rglob("*"))
    if not found:
        raise SystemExit(f"{folder}: no photos in it")
    return found, f"photos of {folder.name}/"


def drawn(name: str, people: int, photos: int, side: int) -> list[Path]:
    """Drawn photos in build/; an incomplete folder is drawn again."""
    folder = ROOT / "build" / name
    if len(pictures(folder.rglob("*"))) != people * photos:
        write_folder(folder, people, photos, seed=1, side=side)
    return pictures(folder.rglob("*"))


def pictures(paths: Iterable[Path]) -> list[Path]:
    """The paths with the suffix of a photo, sorted."""
    return sorted(path for path in paths if path.suffix.lower() in SUFFIXES)

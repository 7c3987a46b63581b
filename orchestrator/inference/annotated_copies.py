"""Where annotated copies are written: under the photos' names in a folder, or to one named file.

What Lineup did not write is never replaced: in a folder another number is added to the name, and a named file that is
there is an error before the work begins.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from storage.errors import InputError
from storage.outputs import OutputLedger

JPEG_ENDINGS = (".jpg", ".jpeg")
_PICTURE_ENDINGS = (*JPEG_ENDINGS, ".png", ".gif", ".webp", ".tif", ".tiff", ".bmp", ".heic", ".avif", ".mp4")


def check_out(out: Path, files: Sequence[Path], outputs: OutputLedger, is_a_video: bool = False) -> None:
    """Check before the work where the result is to go.

    Raises:
        InputError: it is a file that must not be replaced, an input, or the name of a file where a folder is needed.
    """
    if is_a_video or _is_file_name(out, files):
        if any(out.resolve() == path.resolve() for path in files):
            raise InputError(f"{out} is the {'video' if is_a_video else 'photo'} itself", "Name another file")
        if not out.is_dir():  # of a folder in its place the writer tells
            outputs.check(out)
    elif out.suffix.lower() in _PICTURE_ENDINGS and not out.is_dir():
        what = "copies are JPEG files" if len(files) == 1 else "several photos need a folder"
        raise InputError(f"{out} is the name of a file, and {what}", "Name a folder, such as --out named")


def _is_file_name(out: Path, files: Sequence[Path]) -> bool:
    return len(files) == 1 and out.suffix.lower() in JPEG_ENDINGS and not out.is_dir()


class AnnotatedCopies:
    """Writes annotated copies of photos.

    Args:
        out: a folder, or for one photo the name of a JPEG file.
        inputs: all photos; none is replaced.
        outputs: the ledger of what Lineup wrote; without one, no file is replaced at all.

    Raises:
        InputError: `out` cannot be used.
    """

    def __init__(self, out: Path, inputs: Sequence[Path], outputs: OutputLedger | None = None) -> None:
        self._outputs = outputs or OutputLedger(None)
        check_out(out, inputs, self._outputs)
        self._file = out if _is_file_name(out, inputs) else None
        self._folder = out.parent if self._file else out
        self._taken = {path.resolve() for path in inputs}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as fault:
            what = f"{self._folder} cannot be used for copies: {fault.strerror}"
            raise InputError(what, "Name a folder") from fault

    def write(self, photo: Path, jpeg: bytes, people: Sequence[str]) -> Path:
        """Write a copy and return its path; raises StoreError.

        Args:
            people: whose names are drawn in it.
        """
        path = self._file or self._free(photo.stem)
        self._taken.add(path.resolve())
        self._outputs.write(path, jpeg, people)
        return path

    def _free(self, stem: str) -> Path:
        path, number = self._folder / f"{stem}.jpg", 1
        while path.resolve() in self._taken or (os.path.lexists(path) and not self._outputs.is_own(path)):
            number += 1
            path = self._folder / f"{stem}-{number}.jpg"
        return path

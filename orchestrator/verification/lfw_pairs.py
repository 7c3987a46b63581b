"""Read pairs.txt, the list of pairs of Labeled Faces in the Wild, as its authors publish it.

    10      300                          ten folds of 300 pairs of one person and then 300 of two; the number of
    Abel_Pacheco    1       4            folds is missing where there is one
    Abdel_Madi_Shabneh      1       Dean_Barker     1

The photo of a line is NAME/NAME_0001.jpg below the folder of photos, as in `sklearn.datasets.fetch_lfw_pairs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestrator.verification.photo_pair import PhotoPair
from storage.errors import DatasetError


def read_lfw_pairs(path: Path, text: str) -> list[PhotoPair]:
    """All pairs, in the file's order.

    Args:
        path: for messages.
        text: of the file.

    Raises:
        DatasetError: it is of another length than its first line says, or has a line that is no pair; the message
            names the line.
    """
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    folds, size = _header(path, lines)
    body = lines[1:]
    if len(body) != 2 * folds * size:
        raise DatasetError(
            f"{path}: {len(body)} pairs, but its first line speaks of {folds} x 2 x {size}",
            "Download the file again.",
        )
    return [
        _pair(path, number, line, same=(place // size) % 2 == 0, fold=place // (2 * size))
        for place, (number, line) in enumerate(body)
    ]


def _header(path: Path, lines: Sequence[tuple[int, str]]) -> tuple[int, int]:
    numbers = lines[0][1].split() if lines else []
    if len(numbers) not in (1, 2) or not all(_is_count(number) for number in numbers):
        raise DatasetError(
            f"{path}: the first line must be folds and pairs, such as 10 and 300",
            "See LFW's README; a CSV begins with first,second,same.",
        )
    folds, size = (1, int(numbers[0])) if len(numbers) == 1 else (int(numbers[0]), int(numbers[1]))
    return folds, size


def _pair(path: Path, number: int, line: str, same: bool, fold: int) -> PhotoPair:
    # Names may hold spaces where tabs part the fields.
    fields = [field.strip() for field in line.split("\t")] if "\t" in line else line.split()
    if same and len(fields) == 3:
        fields = [fields[0], fields[1], fields[0], fields[2]]
    if len(fields) != 4 or not (_is_count(fields[1]) and _is_count(fields[3])) or same != (fields[0] == fields[2]):
        kind = "NAME N N" if same else "NAME N OTHER N"
        raise DatasetError(f"{path}, line {number}: {line!r} is no pair of the form {kind}", "Fix the line.")
    photos = _photo(path, number, *fields[:2]), _photo(path, number, *fields[2:])
    return PhotoPair(*photos, same, fold)


def _photo(path: Path, line: int, name: str, number: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise DatasetError(f"{path}, line {line}: {name!r} cannot be a person's folder", "Fix the line.")
    return f"{name}/{name}_{int(number):04d}.jpg"


def _is_count(text: str) -> bool:
    # Longer numbers are no counts, and Python refuses to read very long ones.
    return text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0

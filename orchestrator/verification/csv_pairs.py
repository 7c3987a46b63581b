"""Read pairs of photos from a CSV with the columns first, second, same and perhaps fold.

    first,second,same,fold
    ann/1.jpg,ann/2.jpg,1,0               paths relative to the folder of photos; same: 1 or 0, yes or no, true or false
    ann/1.jpg,bob/7.jpg,0,0

The file may be anybody's: what is no pair is an error that names the line. Other columns are ignored.
"""

from __future__ import annotations

from pathlib import Path

from orchestrator.dataset.csv_file import csv_rows_of_text
from orchestrator.dataset.labels_file import path_inside
from orchestrator.text import shown_name
from orchestrator.verification.photo_pair import PhotoPair
from storage.errors import DatasetError

SAME = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}
COLUMNS = ("first", "second", "same")


def read_csv_pairs(path: Path, text: str) -> list[PhotoPair]:
    """All pairs, in the file's order.

    Args:
        path: for messages.
        text: of the file.

    Raises:
        DatasetError: no CSV, wrong columns, no pair, a field that is empty or has another meaning, a path that leaves
            the folder, a photo paired with itself, a pair that stands twice, or folds in some lines only.
    """
    lines: dict[frozenset[str], int] = {}
    pairs: list[PhotoPair] = []
    name = shown_name(str(path))
    for line, row in csv_rows_of_text(name, text, COLUMNS):
        where = f"{name}, line {line}"
        pair = _pair_of(where, row)
        before = lines.setdefault(frozenset((pair.first, pair.second)), line)
        if before != line:
            raise DatasetError(f"{where}: the pair stands in line {before} already", "Keep one of them.")
        if pairs and (pair.fold is None) != (pairs[0].fold is None):
            raise DatasetError(f"{where}: some pairs have a fold and others have none", "Give all or none a fold.")
        pairs.append(pair)
    if not pairs:
        raise DatasetError(f"{name} holds no pair", "Write a line for each: first,second,same.")
    return pairs


def _pair_of(where: str, row: dict[str, str]) -> PhotoPair:
    paths = []
    for column in ("first", "second"):
        if not row[column]:
            raise DatasetError(f"{where}: {column} is empty", "Write the path of a photo.")
        paths.append(path_inside(Path("FOLDER"), row[column], where))
    if paths[0] == paths[1]:
        raise DatasetError(f"{where}: {paths[0]!r} is paired with itself", "Remove the line.")
    if row["same"].lower() not in SAME:
        raise DatasetError(f"{where}: same is {row['same'][:40]!r}", f"Write one of {', '.join(SAME)}.")
    fold = row.get("fold", "")
    if fold and not (fold.isascii() and fold.isdigit() and len(fold) <= 9):
        raise DatasetError(f"{where}: fold is {fold[:40]!r}", "Write a whole number, such as 0.")
    return PhotoPair(paths[0], paths[1], SAME[row["same"].lower()], int(fold) if fold else None)

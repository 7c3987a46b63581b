"""Read a file of pairs in whichever of the two forms it is: LFW's pairs.txt, or a CSV."""

from __future__ import annotations

from pathlib import Path

from orchestrator.verification.csv_pairs import read_csv_pairs
from orchestrator.verification.lfw_pairs import read_lfw_pairs
from orchestrator.verification.photo_pair import PhotoPair
from storage.errors import DatasetError

MOST_BYTES = 256_000_000
"""Some three million pairs; more would not fit into the memory of a small machine."""

HINT = "Name LFW's pairs.txt, or a CSV with the columns first, second and same."


def read_pairs_file(path: Path) -> list[PhotoPair]:
    """All pairs, in the file's order. The first line tells the form: a comma stands in a CSV's only.

    Raises:
        DatasetError: the file is missing, not text, too large, or has a line that is no pair; the message names the
            line.
    """
    text = _text(path)
    head = next((line for line in text.splitlines() if line.strip()), "")
    return read_csv_pairs(path, text) if "," in head else read_lfw_pairs(path, text)


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_dir() and not path.is_file():
            raise DatasetError(f"{path} cannot be read: it is no regular file", HINT)
        if path.is_file() and path.stat().st_size > MOST_BYTES:
            raise DatasetError(f"{path} has more than {MOST_BYTES // 1_000_000} MB", "Split it.")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        raise DatasetError(f"{path} is not UTF-8 text", HINT) from fault
    except OSError as fault:
        raise DatasetError(f"{path} cannot be read: {fault.strerror}", HINT) from fault

"""Read a file of pairs in whichever of the two forms it is: LFW's pairs.txt, or a CSV."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator.dataset.text_file import read_text_file
from orchestrator.text import shown_name
from orchestrator.verification.csv_pairs import read_csv_pairs
from orchestrator.verification.lfw_pairs import read_lfw_pairs
from orchestrator.verification.photo_pair import PhotoPair
from storage.errors import DatasetError

HINT = "Name LFW's pairs.txt, or a CSV with the columns first, second and same."

_COUNTS = re.compile(r"\s*\d+(\s+\d+)?\s*")


def read_pairs_file(path: Path) -> list[PhotoPair]:
    """All pairs, in the file's order. The first line tells the form: it names columns, or holds one or two numbers.

    Raises:
        DatasetError: the file is missing, not text, too large, or has a line that is no pair; the message names the
            line.
    """
    if not path.exists():
        raise DatasetError(f"{shown_name(str(path))} cannot be read: it is not there", HINT)
    text = read_text_file(path)
    head = next((line for line in text.splitlines() if line.strip()), "")
    is_csv = any(separator in head for separator in (",", ";")) or "second" in head.casefold()
    return read_csv_pairs(path, text) if is_csv and not _COUNTS.fullmatch(head) else read_lfw_pairs(path, text)

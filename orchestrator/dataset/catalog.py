"""The catalogue: one row per photo on disk, with its label and the key of its content.

Each file is read once: its bytes give the key (sha256), its header the size and format.

- Equal bytes have one key and one duplicate group; they count once in the splits.
- Equal bytes under two labels keep the outcome ok and get a reason. The splits leave them out; the summary lists them.
- A file that is not read (link, pipe, no permission, too many bytes) has the key `UNREAD` + sha256 of its path.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestrator.dataset.corrections import apply_corrections
from orchestrator.dataset.discovery import Source, from_folder
from orchestrator.dataset.labels_file import from_csv
from orchestrator.dataset.summary import DatasetSummary, summarize
from storage.engine_settings import Limits
from storage.errors import DatasetError
from storage.outputs import OutputLedger
from storage.schemas import CATALOG, EXCLUDED
from workers.cores import usable_cores
from workers.faces.decode.open_file import read_file
from workers.faces.decode.read_image import Header, size_refusal
from workers.faces.decode.reader_pool import ReaderPool
from workers.faces.refusal import Refusal

THREADS = min(16, 4 * usable_cores())
"""Reading waits for the disk and hashing releases the interpreter lock, so more threads than cores help."""

ROUND = 2048
"""Files given to the threads at once, so that a million photos are not a million results in memory."""

UNREAD = "unread-"
"""Prefix of the key of a file that was not read; the rest is a hash of its path, not of its content."""

_SAME_BYTES = "the same bytes are also labelled "

Row = dict[str, Any]

ReadHeader = Callable[[bytes], Header | Refusal]


def build_catalog(
    root: Path,
    labels: Path | None = None,
    *,
    limits: Limits | None = None,
    min_photos_per_person: int = 4,
    least_people: int = 2,
    corrections: Sequence[Path] = (),
    on_photo: Callable[[int, int], None] | None = None,
    outputs: OutputLedger | None = None,
) -> tuple[pa.Table, DatasetSummary]:
    """Catalogue a folder (one sub-folder a person) or the photos that a CSV names.

    Args:
        labels: CSV with the columns path and label, and perhaps group and subgroup; None for sub-folders.
        limits: sizes beyond which a photo is refused unread or undecoded; None for the defaults.
        min_photos_per_person: people with fewer distinct photos are reported.
        corrections: CSV files of labels to be corrected, one after another; see `orchestrator.dataset.corrections`.
        on_photo: called in this thread with (done, total) after each photo.
        outputs: the ledger of the store, which tells annotated copies from photos.

    Returns:
        A table of `storage.schemas.CATALOG`, sorted by path, and its summary for the user.

    Raises:
        DatasetError: the folder or a CSV is not usable, or names fewer than `least_people` people with a photo.
    """
    root = root.resolve()
    sources = from_folder(root, outputs) if labels is None else from_csv(root, labels)
    rows = describe_photos(root, sources.photos, limits or Limits(), on_photo)
    corrected = tuple(apply_corrections(rows, file) for file in corrections)
    if corrected:
        number_duplicates(rows)
    people = {row["label"] for row in rows if row["outcome"] == "ok"}
    if len(people) < least_people:
        raise DatasetError(
            f"{root} has readable photos of {len(people)} people; {least_people} are needed",
            " ".join((*sources.notes, _hint(rows))),
        )
    table = pa.Table.from_pylist(rows, schema=CATALOG)
    return table, summarize(rows, sources, min_photos_per_person, corrected)


def describe_photo(root: Path, source: Source, limits: Limits, read_header: ReadHeader) -> Row:
    """The catalogue row of one photo, but for its duplicate group. Never raises on a bad file."""
    row: Row = dict.fromkeys(CATALOG.names)
    unread = hashlib.sha256(source.path.encode()).hexdigest()
    row.update(photo_key=f"{UNREAD}{unread}", path=source.path, label=source.label, bytes=0, outcome="ok", reason="")
    row.update(group=source.group or None, subgroup=source.subgroup or None)
    if source.refusal:
        return _refused(row, Refusal("unreadable", source.refusal))
    try:
        data = _read_bytes(root / source.path, limits)
    except OSError as fault:
        return _refused(row, Refusal("unreadable", f"cannot be read: {fault.strerror or fault}"))
    if isinstance(data, Refusal):
        return _refused(row, data)
    row.update(photo_key=hashlib.sha256(data).hexdigest(), bytes=len(data))
    head = read_header(data)
    if isinstance(head, Refusal):
        return _refused(row, head)
    row.update(width=head.width, height=head.height, format=head.format, orientation=head.orientation)
    refused = size_refusal(head, limits)
    return _refused(row, refused) if refused else row


def describe_photos(
    root: Path, sources: Sequence[Source], limits: Limits, on_photo: Callable[[int, int], None] | None = None
) -> list[Row]:
    """The catalogue rows of these photos, in their order."""
    rows: list[Row] = []
    # entered last, left first: where this thread is interrupted, no other waits for a photo any more
    with ThreadPoolExecutor(THREADS) as threads, ReaderPool(usable_cores()) as readers:
        for start in range(0, len(sources), ROUND):
            part = sources[start : start + ROUND]
            for row in threads.map(lambda source: describe_photo(root, source, limits, readers.header), part):
                rows.append(row)
                if on_photo:
                    on_photo(len(rows), len(sources))
    number_duplicates(rows)
    return rows


def _read_bytes(path: Path, limits: Limits) -> bytes | Refusal:
    """All bytes of a regular file, if they are not too many."""
    data = read_file(path, limits.file_bytes + 1)
    if not isinstance(data, Refusal) and len(data) > limits.file_bytes:
        size = path.stat().st_size
        return Refusal("too_large", f"{size / 1e6:.0f} MB; the limit is {limits.file_bytes / 1e6:.0f}")
    return data


def _refused(row: Row, refusal: Refusal) -> Row:
    row.update(outcome=refusal.outcome, reason=refusal.reason)
    return row


def number_duplicates(rows: Sequence[Row]) -> None:
    """Give equal keys one number, counted by first path, and a reason where they have several labels."""
    numbers: dict[str, int] = {}
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        row["duplicate_group"] = numbers.setdefault(row["photo_key"], len(numbers))
        if row["outcome"] != EXCLUDED:
            labels[row["photo_key"]].add(row["label"])
    for row in rows:
        others = sorted(labels[row["photo_key"]] - {row["label"]})
        if row["outcome"] != "ok":
            continue
        if others:
            row["reason"] = f"{_SAME_BYTES}{', '.join(others)}; takes no part"
        elif row["reason"].startswith(_SAME_BYTES):  # the other label was corrected or erased
            row["reason"] = ""


def _hint(rows: Sequence[Row]) -> str:
    bad = next((row for row in rows if row["outcome"] != "ok"), None)
    if bad is None:
        return "Add people."
    return f"Add people, or fix the files: {bad['path']!r} is {bad['outcome']}: {bad['reason']}."

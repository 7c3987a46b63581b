"""The catalogue: one row per photo on disk, with its label and the key of its content.

Each file is read once: its bytes give the key (sha256), its header the size and format. A file that is known by its
path, size and version (storage/known_files.py) is not read again.

- Equal bytes have one key and one duplicate group; they count once in the splits.
- Equal bytes under two labels keep the outcome ok and get a reason. The splits leave them out; the summary lists them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestrator.dataset.corrections import apply_corrections
from orchestrator.dataset.discovery import Source, from_folder
from orchestrator.dataset.labels_file import from_csv
from orchestrator.dataset.summary import DatasetSummary, summarize
from storage.engine_settings import Limits
from storage.errors import DatasetError
from storage.known_files import KnownFiles, known_files
from storage.outputs import OutputLedger
from storage.schemas import CATALOG, EXCLUDED
from workers.faces.engine_fingerprint import ENGINE_VERSION
from workers.faces.refusal import Refusal
from workers.faces.scan_files import Facts, FileScanner, not_read, was_read

ROUND = 2048
"""Files given to the threads at once, so that a million photos are not a million results in memory."""

_SAME_BYTES = "the same bytes are also labelled "

Row = dict[str, Any]


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
    known: KnownFiles | None = None,
) -> tuple[pa.Table, DatasetSummary]:
    """Catalogue a folder (one sub-folder a person) or the photos that a CSV names.

    Args:
        labels: CSV with the columns path and label, and perhaps group and subgroup; None for sub-folders.
        limits: sizes beyond which a photo is refused unread or undecoded; None for the defaults.
        min_photos_per_person: people with fewer distinct photos are reported.
        corrections: CSV files of labels to be corrected, one after another; see `orchestrator.dataset.corrections`.
        on_photo: called in this thread with (done, total) after each photo.
        outputs: the ledger of the store, which tells annotated copies from photos.
        known: files that are not read again; those that are read are added.

    Returns:
        A table of `storage.schemas.CATALOG`, sorted by path, and its summary for the user.

    Raises:
        DatasetError: the folder or a CSV is not usable, or names fewer than `least_people` people with a photo.
    """
    root = root.resolve()
    sources = from_folder(root, outputs) if labels is None else from_csv(root, labels)
    rows = describe_photos(root, sources.photos, limits or Limits(), on_photo, known)
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


def known_of(store: Path, dataset: Path, limits: Limits) -> KnownFiles:
    """The files of a folder that were catalogued before, under the same limits and by the same reader."""
    reader = {"limits": asdict(limits), "reader": ENGINE_VERSION}
    return known_files(store, str(dataset.resolve()), reader)


def describe_photos(
    root: Path,
    sources: Sequence[Source],
    limits: Limits,
    on_photo: Callable[[int, int], None] | None = None,
    known: KnownFiles | None = None,
) -> list[Row]:
    """The catalogue rows of these photos, in their order; `known` as in `build_catalog`."""
    facts = [_facts_without_reading(source, known) for source in sources]
    unread = [place for place, each in enumerate(facts) if each is None]
    done = len(sources) - len(unread)
    if on_photo and done:
        on_photo(done, len(sources))
    if unread:
        with FileScanner(root, limits) as scanner:
            for start in range(0, len(unread), ROUND):
                places = unread[start : start + ROUND]
                found = scanner.scan(sources[place].path for place in places)
                for place, each in zip(places, found, strict=True):
                    facts[place] = each
                    done += 1
                    if on_photo:
                        on_photo(done, len(sources))
                if known:
                    known.add(_kept((sources[place], facts[place]) for place in places))
    if known:
        known.tidy({(source.path, source.size, source.version) for source in sources})
    rows = [_row(source, each) for source, each in zip(sources, facts, strict=True)]
    number_duplicates(rows)
    return rows


def _facts_without_reading(source: Source, known: KnownFiles | None) -> Facts | None:
    if source.refusal:
        return not_read(source.path, Refusal("unreadable", source.refusal))
    return known.find(source.path, source.size, source.version) if known and source.version else None


def _kept(scanned: Iterable[tuple[Source, Facts | None]]) -> list[Row]:
    """Rows of files that need not be read again: their bytes were read, and nobody changed them just now."""
    return [
        {"path": source.path, "size": source.size, "version": source.version, **facts}
        for source, facts in scanned
        if facts is not None and source.settled and was_read(facts)
    ]


def _row(source: Source, facts: Facts | None) -> Row:
    """The catalogue row of a photo, but for its duplicate group."""
    named = {"path": source.path, "label": source.label}
    named_groups = {"group": source.group or None, "subgroup": source.subgroup or None}
    return {**dict.fromkeys(CATALOG.names), **(facts or {}), **named, **named_groups}


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

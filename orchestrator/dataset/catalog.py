"""The catalogue: one row per photo on disk, with its label and the key of its content.

Each file is read once: its bytes give the key (sha256), its header the size and format. A file that is known by its
path, size and version (storage/known_files.py) is not read again.

- Equal bytes have one key and one duplicate group; they count once in the splits.
- Equal bytes under two labels keep the outcome ok and get a reason. The splits leave them out; the summary lists them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from orchestrator.dataset.corrections import apply_corrections
from orchestrator.dataset.discovery import Sources, from_folder
from orchestrator.dataset.labels_file import from_csv
from orchestrator.dataset.photo_source import Source
from orchestrator.dataset.summary import DatasetSummary, summarize
from storage.engine_settings import Limits
from storage.errors import DatasetError
from storage.known_files import KnownFiles, known_files
from storage.outputs import OutputLedger, store_outputs
from storage.schemas import CATALOG, EXCLUDED
from workers.faces.engine_fingerprint import ENGINE_VERSION
from workers.faces.refusal import Refusal
from workers.faces.scan_files import Facts, FileScanner, not_read, was_read

ROUND = 2048
"""Files given to the threads at once, so that a million photos are not a million results in memory; and of which
one part of known files is made."""

_SAME_BYTES = "the same bytes are also labelled "

Row = dict[str, Any]

Scanned = tuple[int, Facts]
"""The place of a file among those that were asked for, and its facts."""

OnPhoto = Callable[[int, int], None]
"""Called with (done, total) after each photo, in the thread that makes the catalogue."""

ScanElsewhere = Callable[[Path, Limits, Sequence[Source]], Iterator[list[Scanned]]]
"""Takes the dataset's folder, the limits and the files; gives facts, some at a time, in no order."""


def build_catalog(
    root: Path,
    labels: Path | None = None,
    *,
    limits: Limits | None = None,
    min_photos_per_person: int = 4,
    least_people: int = 2,
    corrections: Sequence[Path] = (),
    on_photo: OnPhoto | None = None,
    outputs: OutputLedger | None = None,
    known: KnownFiles | None = None,
    elsewhere: ScanElsewhere | None = None,
) -> tuple[pa.Table, DatasetSummary]:
    """Catalogue a folder (one sub-folder a person) or the photos that a CSV names.

    Args:
        labels: CSV with the columns path and label, and perhaps group and subgroup; None for sub-folders.
        limits: sizes beyond which a photo is refused unread or undecoded; None for the defaults.
        min_photos_per_person: people with fewer distinct photos are reported.
        corrections: CSV files of labels to be corrected, one after another; see `orchestrator.dataset.corrections`.
        outputs: the ledger of the store, which tells annotated copies from photos.
        known: files that are not read again; those that are read are added.
        elsewhere: reads files on other machines; those that it leaves out are read here.

    Returns:
        A table of `storage.schemas.CATALOG`, sorted by path, and its summary for the user.

    Raises:
        DatasetError: the folder or a CSV is not usable, or names fewer than `least_people` people with a photo.
    """
    root = root.resolve()
    sources = from_folder(root, outputs) if labels is None else from_csv(root, labels)
    if len(sources.photos) > ROUND and not corrections:
        _check_people({source.label for source in sources.photos}, least_people, root, sources)  # before all are read
    rows = describe_photos(root, sources.photos, limits or Limits(), on_photo, known, elsewhere)
    corrected = tuple(apply_corrections(rows, file) for file in corrections)
    if corrected:
        number_duplicates(rows)
    _check_people({row["label"] for row in rows if row["outcome"] == "ok"}, least_people, root, sources, rows)
    table = pa.Table.from_pylist(rows, schema=CATALOG)
    return table, summarize(rows, sources, min_photos_per_person, corrected)


def store_catalog(
    store: Path,
    root: Path,
    labels: Path | None,
    limits: Limits,
    on_photo: OnPhoto | None,
    elsewhere: ScanElsewhere | None,
    *,
    min_photos_per_person: int,
    least_people: int = 2,
    corrections: Sequence[Path] = (),
) -> tuple[pa.Table, DatasetSummary]:
    """`build_catalog` with what a store knows: files that were read before, and what Lineup wrote itself.

    Raises:
        DatasetError: of `build_catalog`.
        StoreError: the store is not usable.
    """
    return build_catalog(
        root,
        labels,
        limits=limits,
        min_photos_per_person=min_photos_per_person,
        least_people=least_people,
        corrections=corrections,
        on_photo=on_photo,
        outputs=store_outputs(store),
        known=known_of(store, root, limits),
        elsewhere=elsewhere,
    )


def known_of(store: Path, dataset: Path, limits: Limits) -> KnownFiles:
    """The files of a folder that were catalogued before, under the same limits and by the same reader."""
    reader = {"limits": asdict(limits), "reader": ENGINE_VERSION}
    return known_files(store, str(dataset.resolve()), reader)


def describe_photos(
    root: Path,
    sources: Sequence[Source],
    limits: Limits,
    on_photo: OnPhoto | None = None,
    known: KnownFiles | None = None,
    elsewhere: ScanElsewhere | None = None,
) -> list[Row]:
    """The catalogue rows of these photos, in their order; `known` and `elsewhere` as in `build_catalog`."""
    facts = [_facts_without_reading(source, known) for source in sources]
    unread = [place for place, each in enumerate(facts) if each is None]
    done = len(sources) - len(unread)
    if on_photo and done:
        on_photo(done, len(sources))
    new: list[tuple[Source, Facts]] = []
    for found in _scanned(root, sources, unread, limits, elsewhere):
        for place, each in found:
            facts[place] = each
            done += 1
            if on_photo:
                on_photo(done, len(sources))
        new += [(sources[place], each) for place, each in found] if known else []
        if known and len(new) >= ROUND:
            known.add(_kept(new))
            new = []
    if known:
        known.add(_kept(new))
        known.tidy({(source.path, source.size, source.version) for source in sources})
    rows: list[Row] = []
    for place, source in enumerate(sources):
        rows.append(_row(source, facts[place]))
        facts[place] = None  # it is in the row: two dictionaries a photo take a kilobyte more
    number_duplicates(rows)
    return rows


def _facts_without_reading(source: Source, known: KnownFiles | None) -> Facts | None:
    if source.refusal:
        return not_read(source.path, Refusal("unreadable", source.refusal))
    return known.find(source.path, source.size, source.version) if known and source.version else None


def _scanned(
    root: Path, sources: Sequence[Source], unread: Sequence[int], limits: Limits, elsewhere: ScanElsewhere | None
) -> Iterator[list[Scanned]]:
    """The facts of the files at these places, some at a time: first what is read elsewhere, then the rest."""
    left = dict.fromkeys(unread)
    for found in elsewhere(root, limits, [sources[place] for place in unread]) if elsewhere else ():
        placed = [(unread[number], facts) for number, facts in found]
        for place, _ in placed:
            left.pop(place, None)
        yield placed
    rest = list(left)
    if rest:
        with FileScanner(root, limits) as scanner:
            for start in range(0, len(rest), ROUND):
                places = rest[start : start + ROUND]
                yield [
                    (place, facts)
                    for place, facts in zip(places, scanner.scan(sources[place].path for place in places), strict=True)
                ]


def _kept(scanned: Iterable[tuple[Source, Facts]]) -> list[Row]:
    """Rows of files that need not be read again: their bytes were read, and nobody changed them just now."""
    return [
        {"path": source.path, "size": source.size, "version": source.version, **facts}
        for source, facts in scanned
        if source.settled and was_read(facts)
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


def _check_people(people: set[str], least: int, root: Path, sources: Sources, rows: Sequence[Row] = ()) -> None:
    if len(people) < least:
        raise DatasetError(
            f"{root} has readable photos of {len(people)} people; {least} are needed",
            " ".join((*sources.notes, _hint(rows))),
        )


def _hint(rows: Sequence[Row]) -> str:
    bad = next((row for row in rows if row["outcome"] != "ok"), None)
    if bad is None:
        return "Add people."
    return f"Add people, or fix the files: {bad['path']!r} is {bad['outcome']}: {bad['reason']}."

"""End to end: which photos count, and which of them are wrong before any configuration is asked.

Every distinct photo counts of everybody who has enough of them in the catalogue. A photo without a usable face is a
wrong answer, and so is every photo of a person who drops out because too few of their photos gave a face.
"""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa

from storage.finding_schemas import END_TO_END
from storage.schemas import EXCLUDED
from storage.tables import usable_rows


def photos_of_people(catalog: pa.Table) -> dict[str, set[str]]:
    """By person, the keys of their distinct photos, readable or not; a picture with several people's names is nobody's.

    Args:
        catalog: `storage.schemas.CATALOG`.
    """
    named: defaultdict[str, set[str]] = defaultdict(set)
    columns = (catalog[name].to_pylist() for name in ("photo_key", "label", "outcome"))
    for key, label, outcome in zip(*columns, strict=True):
        if outcome != EXCLUDED:
            named[key].add(label)
    photos: defaultdict[str, set[str]] = defaultdict(set)
    for key, labels in named.items():
        if len(labels) == 1:
            photos[labels.pop()].add(key)
    return dict(sorted(photos.items()))


def photos_with_a_face(faces: pa.Table) -> set[str]:
    """Keys of the photos that gave a usable face."""
    return set(usable_rows(faces)["photo_key"].to_pylist())


def counted_photos(catalog: pa.Table, faces: pa.Table, splits: pa.Table, least: int) -> pa.Table:
    """The people whose photos count, as `storage.finding_schemas.END_TO_END`; strangers do not.

    Args:
        catalog, faces, splits: tables of `storage.schemas`.
        least: distinct photos with a face without which a person takes no part.
    """
    seen = photos_with_a_face(faces)
    roles: defaultdict[str, set[str]] = defaultdict(set)
    for label, role in set(zip(splits["label"].to_pylist(), splits["role"].to_pylist(), strict=True)):
        roles[label].add(role)
    rows = []
    for label, photos in photos_of_people(catalog).items():
        dropped = label not in roles and len(photos) >= least > len(photos & seen)
        if dropped or roles[label] & {"train", "test"}:
            found = {"label": label, "photos": len(photos), "with_face": len(photos & seen), "dropped": dropped}
            rows.append(found)
    return pa.Table.from_pylist(rows, schema=END_TO_END)


def right_and_wrong(counted: pa.Table) -> tuple[int, int]:
    """Photos whose face is named, and photos that are wrong answers without that; both of all people together.

    Args:
        counted: `storage.finding_schemas.END_TO_END`.
    """
    rows = counted.to_pylist()
    named = sum(row["with_face"] for row in rows if not row["dropped"])
    return named, sum(row["photos"] for row in rows) - named

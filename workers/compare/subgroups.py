"""Results and detection failures by the subgroup that the labels file gives to each photo."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.finding_schemas import SUBGROUPS
from workers.compare.answers import outcomes_of
from workers.compare.end_to_end import photos_of_people, photos_with_a_face
from workers.compare.intervals import jeffreys


def subgroup_table(scores: pa.Table, catalog: pa.Table, faces: pa.Table, configurations: Sequence[str]) -> pa.Table:
    """`storage.finding_schemas.SUBGROUPS`; empty where the labels file names no subgroup.

    A face that several repeats tested counts once, by the share of its right answers.

    Args:
        scores, catalog, faces: tables of `storage.schemas`.
        configurations: those that were scored.
    """
    photos = _photos_by_subgroup(catalog)
    if not photos:
        return SUBGROUPS.empty_table()
    place = {key: name for name, keys in photos.items() for key in keys}
    seen = photos_with_a_face(faces)
    rows = []
    for name in sorted(configurations):
        test = outcomes_of(scores.filter(pc.equal(pc.cast(scores["configuration"], pa.string()), name)), "test")
        answers: defaultdict[str, defaultdict[tuple[str, int], list[bool]]] = defaultdict(lambda: defaultdict(list))
        for face, right in zip(test.faces, test.right.tolist(), strict=True):
            answers[place.get(face[0], "")][face].append(right)
        for subgroup, keys in photos.items():
            shares = [float(np.mean(each)) for each in answers[subgroup].values()]
            low, high = jeffreys(sum(shares), len(shares))
            rows.append(
                {"configuration": name, "subgroup": subgroup, "faces": len(shares),
                 "accuracy": float(np.mean(shares)) if shares else None, "low": low, "high": high,
                 "photos": len(keys), "without_face": len(keys - seen)}
            )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=SUBGROUPS)


def _photos_by_subgroup(catalog: pa.Table) -> dict[str, set[str]]:
    """Distinct photos of each subgroup by the photo's first path; those without one under the empty name."""
    columns = (catalog[name].to_pylist() for name in ("photo_key", "subgroup"))
    told: dict[str, str] = {}
    for key, subgroup in zip(*columns, strict=True):
        if subgroup is not None:
            told.setdefault(key, subgroup)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for keys in photos_of_people(catalog).values() if told else ():
        for key in keys:
            found[told.get(key, "")].add(key)
    return dict(sorted(found.items()))

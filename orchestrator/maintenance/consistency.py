"""Consistency of the tables of a run: what must hold in and between them. Each fault is a sentence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from itertools import combinations
from typing import Any

import pyarrow as pa

from orchestrator.text import examples
from storage.schemas import EXCLUDED, OUTCOMES, ROLES
from workers.compare.recommendation import shared_ranks

NAMED = 3
"""Examples in one sentence; the rest are counted."""

Row = Mapping[str, Any]
Training = tuple[str, int, int]
Rows = Mapping[str, Sequence[Row]]


def catalog_faults(catalog: pa.Table) -> Iterator[str]:
    """Each path has one row; equal bytes have one duplicate group."""
    repeated = [path for path, count in Counter(catalog["path"].to_pylist()).items() if count > 1]
    if repeated:
        yield f"the catalogue has several rows of {examples(repeated, NAMED)}"
    pairs = set(zip(catalog["photo_key"].to_pylist(), catalog["duplicate_group"].to_pylist(), strict=True))
    if len(pairs) != len({key for key, _ in pairs}) or len(pairs) != len({group for _, group in pairs}):
        yield "the catalogue's duplicate groups are not those of equal bytes"


def photo_faults(submitted: Mapping[str, str], faces: pa.Table) -> Iterator[str]:
    """Each submitted photo has exactly one outcome: one failure row, or the faces 0, 1, ... of a success.

    Args:
        submitted: photo_key to path.
        faces: photo_key, face_index and outcome.
    """
    found: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    columns = (faces[name].to_pylist() for name in ("photo_key", "face_index", "outcome"))
    for key, index, outcome in zip(*columns, strict=True):
        found[key].append((index, outcome))
    lost = [path for key, path in submitted.items() if key not in found]
    if lost:
        yield f"no outcome for {examples(lost, NAMED)}"
    strange = sorted(found.keys() - submitted.keys())
    if strange:
        yield f"faces of photos that the catalogue does not submit: {examples(strange, NAMED)}"
    wrong = [submitted.get(key, key) for key, rows in found.items() if not _is_one_outcome(rows)]
    if wrong:
        yield f"more or less than one outcome for {examples(wrong, NAMED)}"


def picture_faults(faces: pa.Table, encoded: Set[str]) -> Iterator[str]:
    """The pictures of each usable face are in the encodings.

    Args:
        faces: photo_key and outcome.
        encoded: keys of the photos that are in the encodings.
    """
    columns = zip(faces["photo_key"].to_pylist(), faces["outcome"].to_pylist(), strict=True)
    lost = {key for key, outcome in columns if outcome == "ok" and key not in encoded}
    if lost:
        yield (
            f"the pictures of {len(lost)} photos are not in the encodings any more; delete the run's faces.parquet, "
            "then `lineup resume` encodes them again"
        )


def _is_one_outcome(rows: Sequence[tuple[int, str]]) -> bool:
    indices, outcomes = sorted(index for index, _ in rows), {outcome for _, outcome in rows}
    if indices != list(range(len(rows))) or len(outcomes) != 1 or not outcomes <= set(OUTCOMES):
        return False
    return outcomes == {"ok"} or len(rows) == 1


def split_faults(splits: pa.Table, catalog: pa.Table, faces: pa.Table) -> Iterator[str]:
    """A face has one role per split and the outcome ok; no group trains and does more; labels are the catalogue's.

    Args:
        faces: photo_key, face_index and outcome.
    """
    rows: list[Row] = splits.to_pylist()
    columns = (faces[name].to_pylist() for name in ("photo_key", "face_index", "outcome"))
    usable = {(key, index) for key, index, outcome in zip(*columns, strict=True) if outcome == "ok"}
    named = zip(*(catalog[name].to_pylist() for name in ("photo_key", "label", "outcome")), strict=True)
    labels = {key: label for key, label, outcome in named if outcome != EXCLUDED}
    roles = Counter((row["repeat"], row["fold"], *_face(row)) for row in rows)
    if any(count > 1 for count in roles.values()):
        yield f"{sum(count > 1 for count in roles.values())} faces have several roles in one split"
    strange = sorted({row["photo_key"] for row in rows if _face(row) not in usable})
    if strange:
        yield f"the splits name faces that do not exist, of {examples(strange, NAMED)}"
    renamed = sorted({row["photo_key"] for row in rows if labels.get(row["photo_key"]) != row["label"]})
    if renamed:
        yield f"labels of the splits are not the catalogue's, of {examples(renamed, NAMED)}"
    sides: defaultdict[tuple[int, int, int], set[str]] = defaultdict(set)
    for row in rows:
        sides[row["repeat"], row["fold"], row["group"]].add(row["role"])
    # people of one scene may be known and strangers, but what trains does nothing else
    if any(("train" in each and len(each) > 1) or not each <= set(ROLES) for each in sides.values()):
        yield f"{sum('train' in each and len(each) > 1 for each in sides.values())} groups of photos have several roles"


def score_faults(
    trainings: Mapping[str, Training], splits: pa.Table, fits: Rows, scores: Rows, *, complete: bool
) -> Iterator[str]:
    """Each training has one fit, and one score for each face that it did not train on.

    Args:
        trainings: name of the part to (configuration, repeat, fold).
        fits, scores: the rows of each part by its name.
        complete: whether all trainings must be there.
    """
    expected: defaultdict[tuple[int, int], Counter[tuple[str, int, str]]] = defaultdict(Counter)
    for row in splits.to_pylist():
        if row["role"] != "train":
            expected[row["repeat"], row["fold"]][*_face(row), row["role"]] += 1
    for part, (name, repeat, fold) in trainings.items():
        where = f"{name}, repeat {repeat}, fold {fold}"
        if part not in fits or part not in scores:
            if complete:
                yield f"{where}: its fit or its scores are missing or damaged"
            continue
        fit = fits[part]
        if any(_training(row) != (name, repeat, fold) for row in (*fit, *scores[part])) or len(fit) != 1:
            yield f"{where}: its part holds something else"
        elif fit[0]["outcome"] != "ok":
            if scores[part]:
                yield f"{where}: failed, and has scores"
        elif Counter((*_face(row), row["role"]) for row in scores[part]) != expected[repeat, fold]:
            faces = expected[repeat, fold].total()
            yield f"{where}: {len(scores[part])} scores for {faces} faces, or not the same ones"
    strange = sorted((fits.keys() | scores.keys()) - trainings.keys())
    if strange:
        yield f"fits or scores of no training of this run: {examples(strange, NAMED)}"


def comparison_faults(comparison: pa.Table, configurations: Collection[str]) -> Iterator[str]:
    """Each configuration has one row, the ranks are those of the hits, and one configuration is recommended at most."""
    if sorted(comparison["configuration"].to_pylist()) != sorted(configurations):
        yield "the comparison's rows are not the experiment's configurations"
    rows = comparison.to_pylist()
    if [row["rank"] for row in rows] != shared_ranks(rows):
        yield "the comparison's ranks are not those of the test faces named rightly"
    if sum(row["recommended"] for row in rows) > 1:
        yield "the comparison recommends several configurations"


def finding_faults(comparison: pa.Table, findings: Mapping[str, pa.Table]) -> Iterator[str]:
    """The tables beside the comparison name the configurations that were scored, and each two of them once.

    Args:
        findings: tables of `storage.finding_schemas.COMPARISON_TABLES` by name, as far as they can be read.
    """
    rows = zip(comparison["configuration"].to_pylist(), comparison["outcome"].to_pylist(), strict=True)
    scored = [name for name, outcome in rows if outcome == "ok"]
    for name in ("people", "reliability", "selection"):
        if name in findings and set(findings[name]["configuration"].to_pylist()) != set(scored):
            yield f"{name}.parquet does not hold the configurations of the comparison"
    if "pairs" in findings:
        pairs = zip(findings["pairs"]["first"].to_pylist(), findings["pairs"]["second"].to_pylist(), strict=True)
        if sorted(map(sorted, pairs)) != sorted(map(sorted, combinations(scored, 2))):
            yield "pairs.parquet does not hold each two configurations of the comparison once"


def suspect_faults(suspects: pa.Table, catalog: pa.Table) -> Iterator[str]:
    """Suspected label errors are ranked 1, 2, ..., and name photos of the catalogue by its labels."""
    if suspects["rank"].to_pylist() != list(range(1, suspects.num_rows + 1)):
        yield "suspects.parquet is not ranked 1, 2, ..."
    names = ("photo_key", "path", "label")
    known = set(zip(*(catalog[name].to_pylist() for name in names), strict=True))
    strange = [row[1] for row in zip(*(suspects[name].to_pylist() for name in names), strict=True) if row not in known]
    if strange:
        yield f"suspects.parquet names photos otherwise than the catalogue: {examples(strange, NAMED)}"


def _face(row: Row) -> tuple[str, int]:
    return row["photo_key"], row["face_index"]


def _training(row: Row) -> Training:
    return row["configuration"], row["repeat"], row["fold"]

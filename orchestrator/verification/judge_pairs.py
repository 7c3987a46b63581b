"""Pairs of photos become the figures of the LFW protocol; encodings come from the same stage and cache as any run's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestrator.dataset.catalog import OnPhoto, ScanElsewhere, describe_photos, known_of
from orchestrator.dataset.photo_source import Source, with_listing
from orchestrator.scheduler.planning import plan_faces
from orchestrator.verification.draw_folds import drawn_folds
from orchestrator.verification.photo_pair import PhotoPair, missing_photos, people_of
from orchestrator.verification.usable_faces import counted_outcomes, usable_faces
from storage.engine_settings import EngineSettings
from storage.errors import DatasetError
from storage.experiments import Experiment
from storage.runs import Run
from storage.schemas import CATALOG
from storage.tables import read_table
from workers.compare.metrics import Floats
from workers.compare.pair_estimates import PairEstimates, pair_estimates
from workers.compare.pair_protocol import Verification, lfw_protocol

NOT_THERE = "not in the folder"
"""Why a pair is skipped whose photo is missing; the other reasons are outcomes."""


@dataclass(frozen=True)
class Verified:
    """The protocol's result and everything that decides it.

    Attributes:
        run_id: the run that encoded the photos.
        settings: of the face engine.
        encoder: whose embeddings are compared; empty for the engine's own.
        estimates: the figures with their 95 % intervals.
        unit: what the intervals redraw: "people", or "photos" where the paths do not tell who the people are.
        skipped: pairs that could not be judged, by the outcome of the first photo without a usable face.
        photos: distinct photos by outcome, with those that are NOT_THERE.
        pairs: of the file.
        folds, folds_from: their number; the same and where they are from, in words.
    """

    run_id: str
    settings: EngineSettings
    verification: Verification
    estimates: PairEstimates
    unit: str
    skipped: Mapping[str, int]
    photos: Mapping[str, int]
    pairs: int
    folds: int
    folds_from: str
    encoder: str = ""


def plan_pairs(
    store: Path,
    folder: Path,
    pairs: Sequence[PhotoPair],
    experiment: Experiment,
    on_photo: OnPhoto | None = None,
    elsewhere: ScanElsewhere | None = None,
) -> Run:
    """Plan a run that encodes the photos that the pairs name, each once.

    Args:
        elsewhere: reads new files on other machines.

    Raises:
        DatasetError: there is no such folder, or none of the photos is in it.
        StoreError: the store is not usable.
    """
    root, limits = folder.resolve(), experiment.faces.limits
    absent = set(missing_photos(root, pairs))
    named = sorted({path for pair in pairs for path in (pair.first, pair.second)} - absent)
    if not named:
        example = f", such as {min(absent)}" if absent else ""
        raise DatasetError(
            f"{folder} holds none of the photos that the pairs name{example}",
            "Name the folder to which the pairs' paths are relative",
        )
    sources = [with_listing(root, Source(path, path.split("/")[0])) for path in named]
    rows = describe_photos(root, sources, limits, on_photo, known_of(store, root, limits), elsewhere)
    return plan_faces(store, root, pa.Table.from_pylist(rows, schema=CATALOG), experiment)


def judge_pairs(run: Run, pairs: Sequence[PhotoPair], encoder: str = "") -> Verified:
    """Run the protocol on the faces of a finished run.

    Pairs without folds get ten, drawn by the experiment's seed.

    Args:
        encoder: whose embeddings are compared; empty for the engine's own.

    Raises:
        DatasetError: the pairs that can be judged do not suffice.
        StoreError: a table is missing or damaged.
    """
    distance, reasons, outcomes = _distances(run, pairs, encoder)
    same = np.array([pair.same for pair in pairs], bool)
    people = people_of(pairs)
    fold, drawn = _folds(pairs, people, run.plan.experiment.seed)
    try:
        verification = lfw_protocol(distance, same, fold)
    except ValueError as fault:
        skipped = f"{len(reasons)} of {len(pairs)} pairs cannot be judged: " if reasons else ""
        raise DatasetError(f"{skipped}{fault}", "Use more pairs, with folds, and the photos that they name") from fault
    judged = ~np.isnan(distance)
    named = people or [(pair.first, pair.second) for pair in pairs]
    _, number = np.unique(np.array(named, object).ravel().astype(str), return_inverse=True)
    first, second = number.reshape(-1, 2)[judged].T
    return Verified(
        run_id=run.run_id,
        settings=run.plan.engine,
        verification=verification,
        estimates=pair_estimates(distance[judged], same[judged], first, second, verification),
        unit="people" if people else "photos",
        skipped=dict(Counter(reasons).most_common()),
        photos=counted_outcomes(outcomes),
        pairs=len(pairs),
        folds=len(np.unique(fold)),
        folds_from=drawn,
        encoder=encoder,
    )


def _folds(
    pairs: Sequence[PhotoPair], people: Sequence[tuple[str, str]] | None, seed: int
) -> tuple[npt.NDArray[np.intp], str]:
    """The folds, and where they are from."""
    given = [pair.fold for pair in pairs if pair.fold is not None]
    if len(given) == len(pairs):
        return np.array(given, np.intp), f"{len(set(given))}, of the file"
    return drawn_folds(pairs, people, seed)


def _distances(run: Run, pairs: Sequence[PhotoPair], encoder: str) -> tuple[Floats, list[str], dict[str, str]]:
    """Of each pair, NaN where it cannot be judged; why those cannot; and the outcome of each photo, by path."""
    found = usable_faces(run, encoder)
    catalog = read_table(run.catalog, CATALOG, ["photo_key", "path"])
    keys = dict(zip(*(catalog[name].to_pylist() for name in ("path", "photo_key")), strict=True))
    row = {path: found.row[key] for path, key in keys.items() if key in found.row}
    outcomes = {path: found.outcomes[key] for path, key in keys.items()}
    distance, reasons = np.full(len(pairs), np.nan), []
    for i, pair in enumerate(pairs):
        first, second = row.get(pair.first), row.get(pair.second)
        if first is None or second is None:
            reasons.append(outcomes.get(pair.first if first is None else pair.second, NOT_THERE))
        else:
            distance[i] = np.linalg.norm(found.embeddings[first] - found.embeddings[second])
    absent = {path for pair in pairs for path in (pair.first, pair.second)} - outcomes.keys()
    return distance, reasons, outcomes | dict.fromkeys(sorted(absent), NOT_THERE)

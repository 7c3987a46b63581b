"""The fingerprint of a run: over all that decides its tables, or its encoder. Runs of one fingerprint are one run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

import pyarrow as pa

from storage.plans import Plan, TripletSettings
from storage.schemas import EXCLUDED


def planned_fingerprint(plan: Plan, catalog: pa.Table) -> str:
    """The fingerprint that a plan has with this catalogue."""
    experiment = plan.experiment.fingerprint()
    return run_fingerprint(experiment, plan.engine_fingerprint, catalog, plan.learning_version, plan.triplets)


def run_fingerprint(
    experiment: str, engine: str, catalog: pa.Table, learning: int, triplets: TripletSettings | None = None
) -> str:
    """Over all that decides a run's tables, or its encoder.

    Args:
        experiment, engine: their fingerprints.
        catalog: who is labelled what.
        learning: the version of the code that learns.
        triplets: of the plan.
    """
    digest = hashlib.sha256(f"{experiment} {engine}".encode())
    if learning > 1:  # the first version's runs keep the fingerprints that they have
        digest.update(f" {learning}".encode())
    if triplets:
        digest.update(json.dumps(asdict(triplets), sort_keys=True).encode())
    names = ("photo_key", "path", "label", "group", "subgroup")
    columns = (catalog.column(name).to_pylist() for name in (*names, "outcome"))
    for *row, outcome in zip(*columns, strict=True):
        told = tuple(
            row if any(row[3:]) else row[:3]
        )  # without groups the fingerprint is the one that it has always been
        digest.update(repr(told).encode("utf-8", "surrogateescape"))
        if outcome == EXCLUDED:
            digest.update(EXCLUDED.encode())
    return digest.hexdigest()[:32]

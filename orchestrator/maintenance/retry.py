"""Try failures of a run again.

Failures of the run itself (a photo that hung, one that killed its process, a file that had vanished) may succeed
another time. Outcomes that a photo's bytes and the engine's settings decide (no face, several faces, a damaged file)
would be the same again, so they are only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from storage.encodings import Done
from storage.erase_photos import delete, drop_derived
from storage.errors import InputError, RunConflict
from storage.finding_schemas import COMPARISON_TABLES
from storage.parts import list_parts, part_path, read_part, read_parts, set_aside
from storage.read_attempts import forget_deaths, read_attempts
from storage.run_claim import claim
from storage.runs import Run
from storage.schemas import CATALOG, FACES, FITS, OUTCOMES
from storage.tables import read_table
from workers.jobs.photo_paths import submitted_photos

FAILED_TRAINING = "failed"
"""Outcome of a training whose process died too often, or that could not be fitted."""

CHOICES = (*(outcome for outcome in OUTCOMES if outcome != "ok"), FAILED_TRAINING)

USUAL = ("timed_out", "poisoned")


@dataclass(frozen=True)
class Retried:
    """Result of a retry.

    Args:
        photos: failures that `lineup resume` tries again, by outcome.
        trainings: failed trainings that `lineup resume` does again.
        final: photos whose outcome no retry can change, by outcome.
        refused: photos of these outcomes that were refused when the folder was catalogued.
        removed: tables and folders that were derived from what is tried again.
    """

    run_id: str
    photos: Mapping[str, int]
    trainings: int
    final: Mapping[str, int]
    refused: int
    removed: tuple[str, ...]


def retry_failures(run: Run, outcomes: Collection[str] = USUAL) -> Retried:
    """Delete a run's failures of these outcomes and what was derived from them; `lineup resume` does them again.

    Raises:
        InputError: an outcome that no photo or training can have.
        RunConflict: an orchestrator is working on the run.
        StoreError: something cannot be deleted.
    """
    for outcome in outcomes:
        if outcome not in CHOICES:
            raise InputError(f"{outcome!r} is not an outcome of a failure", f"The choices are {', '.join(CHOICES)}")
    with claim(run, patient=True) as ours:
        if not ours:
            raise RunConflict(f"run {run.run_id} is being worked on", f"Wait, or first: lineup cancel {run.run_id}")
        return _retry(run, set(outcomes))


def _retry(run: Run, outcomes: set[str]) -> Retried:
    failures = _failures(run, outcomes)
    trainings = _failed_trainings(run) if FAILED_TRAINING in outcomes else []
    catalog = read_table(run.catalog, CATALOG)
    final = _final(run, submitted_photos(catalog), outcomes)
    removed: tuple[str, ...] = ()
    # derived tables go first: after an interruption the failures are still there and can be chosen again
    if failures:
        removed = drop_derived(run)
    elif trainings:
        removed = _drop_trainings(run, trainings)
    forget_deaths(read_attempts(run.attempts)[1])  # earlier deaths do not count any more
    for path in failures:
        delete(path)
    photos = Counter(failures.values())
    refused = sum(outcome in outcomes for outcome in catalog["outcome"].to_pylist())
    return Retried(run.run_id, dict(photos.most_common()), len(trainings), final, refused, removed)


def _failures(run: Run, outcomes: set[str]) -> dict[Path, str]:
    """The run's own failures of these outcomes: the part to the outcome."""
    found = {}
    for path in list_parts(run.failures):
        table = read_part(path, FACES, ["outcome"])
        if table is None:
            set_aside(path)  # its photo then has no outcome, and a resume does it again
            continue
        outcome = table["outcome"][0].as_py()  # a part is one photo's
        if outcome in outcomes:
            found[path] = outcome
    return found


def _failed_trainings(run: Run) -> list[str]:
    """The parts of trainings that failed."""
    tables = ((path.stem, read_part(path, FITS, ["outcome"])) for path in list_parts(run.fits))
    return [name for name, table in tables if table is not None and "ok" not in table["outcome"].to_pylist()]


def _drop_trainings(run: Run, parts: Collection[str]) -> tuple[str, ...]:
    derived = (run.report, run.model, *(run.table(name) for name in reversed(COMPARISON_TABLES)))
    gone = tuple(path for path in derived if path.exists())
    for path in (*gone, *(part_path(folder, part) for folder in (run.fits, run.scores) for part in parts)):
        delete(path)
    return tuple(path.name for path in gone)


def _final(run: Run, photos: Mapping[str, str], outcomes: set[str]) -> dict[str, int]:
    """Photos of these outcomes that their bytes and the engine's settings decide, by outcome."""
    mine = Done(run.failures).look()
    encoded = read_parts(list_parts(run.encodings / "faces"), FACES, ["photo_key", "outcome"])
    rows = set(zip(encoded["photo_key"].to_pylist(), encoded["outcome"].to_pylist(), strict=True))
    counts = Counter(outcome for key, outcome in rows if key in photos and key not in mine and outcome in outcomes)
    return dict(counts.most_common())

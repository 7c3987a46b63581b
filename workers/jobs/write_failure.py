"""Write a photo's failure into the run: one part with one row."""

from __future__ import annotations

import logging

from storage.parts import part_path, table_of, write_part
from storage.runs import Run
from storage.schemas import FACES
from workers.faces.records import PhotoResult, face_rows
from workers.jobs.part_names import failure_part

logger = logging.getLogger("lineup.encoding")


def write_failure(run: Run, photo_key: str, outcome: str, reason: str, attempt: int) -> None:
    """Give a photo its outcome in this run, and in no other; raises StoreError."""
    rows = face_rows(PhotoResult(photo_key, [], outcome, reason, run.plan.engine.detector))
    path = part_path(run.failures, failure_part(run.plan.fingerprint, photo_key))
    write_part(path, table_of(rows, FACES), {"lineup.run": run.plan.fingerprint})
    logger.warning("%s: %s", outcome, reason, extra={"run": run.run_id, "photo": photo_key, "attempt": attempt})

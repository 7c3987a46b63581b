"""The task compare_run: aggregate every score of a run into its comparison."""

from __future__ import annotations

from storage.attempts import Attempt
from storage.parts import list_parts, read_parts
from storage.runs import Run
from storage.schemas import CATALOG, FACES, FITS, SCORES, SPLITS
from storage.tables import read_table
from workers.jobs.job import run_job
from workers.jobs.part_names import comparison_part
from workers.jobs.time_limits import COMPARISON_SECONDS


def compare(run: Run) -> None:
    """Write the comparison of a run, unless it is there.

    Raises:
        StoreError: a table is missing or damaged, or the disk is full.
    """

    def work(_attempt: Attempt, _number: int) -> None:
        from workers.compare.comparison import compare_run, undetected_photos, write_comparison

        scores = read_parts(list_parts(run.scores), SCORES)
        fits = read_parts(list_parts(run.fits), FITS)
        undetected = undetected_photos(read_table(run.catalog, CATALOG), read_table(run.faces, FACES))
        write_comparison(run, compare_run(scores, fits, read_table(run.splits, SPLITS), undetected))

    part = comparison_part(run.plan.fingerprint)
    run_job(run, part, COMPARISON_SECONDS, work, is_done=run.comparison.exists)

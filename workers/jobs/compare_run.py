"""The task compare_run: aggregate every score of a run into its comparison."""

from __future__ import annotations

from storage.attempts import Attempt
from storage.finding_schemas import COMPARISON_TABLES
from storage.parts import list_parts, read_parts
from storage.runs import Run
from storage.schemas import CATALOG, EFFORTS, FACES, FITS, SCORES, SPLITS
from storage.tables import read_table, write_run_tables
from workers.jobs.job import run_job
from workers.jobs.part_names import comparison_part
from workers.jobs.time_limits import COMPARISON_SECONDS
from workers.learning.configurations import view_of_configuration


def compare(run: Run) -> None:
    """Write the tables of the comparison of a run (COMPARISON_TABLES), unless they are there.

    Raises:
        StoreError: a table is missing or damaged, or the disk is full.
    """

    def work(_attempt: Attempt, _number: int) -> None:
        from workers.compare.comparison import compare_configurations, undetected_photos

        scores = read_parts(list_parts(run.scores), SCORES)
        fits = read_parts(list_parts(run.fits), FITS)
        undetected = undetected_photos(read_table(run.catalog, CATALOG), read_table(run.faces, FACES))
        views = {name: view_of_configuration(name) for name in run.plan.experiment.configurations}
        efforts = read_parts(list_parts(run.encodings / "efforts"), EFFORTS)
        compared = compare_configurations(scores, fits, read_table(run.splits, SPLITS), views, undetected, efforts)
        write_run_tables(run, compared.tables())

    def is_done() -> bool:
        return all(run.table(name).exists() for name in COMPARISON_TABLES)

    part = comparison_part(run.plan.fingerprint)
    run_job(run, part, COMPARISON_SECONDS, work, is_done=is_done)

"""Delete what dead processes left behind, and what a closed stage does not need any more."""

from __future__ import annotations

from storage.encodings import compact
from storage.handed_back import forget_notes
from storage.read_attempts import forget_deaths, read_attempts
from storage.runs import Run
from storage.temporary_files import sweep
from workers.jobs.part_names import refit_part


def sweep_run(run: Run) -> None:
    """Delete the half-written files of dead writers in a run and in its encodings."""
    sweep(run.encodings)
    sweep(run.folder)


def close_images(run: Run) -> None:
    """Compact the encodings and forget the deaths and notes: every photo has its outcome."""
    compact(run.encodings)
    sweep(run.encodings)
    forget_deaths(read_attempts(run.attempts)[1])
    forget_notes(run)


def tidy(run: Run) -> None:
    """Delete what dead processes left, but the trace of a refit that was given up: it would be tried again."""
    sweep_run(run)  # again: an orchestrator may have died just after it closed the images
    refit = refit_part(run.plan.fingerprint)
    forget_deaths([death for death in read_attempts(run.attempts)[1] if death.part != refit])
